"""What the sources and the documents promise about each other holds."""

import json
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["KVS_BUILD_DIR"])
BUILD_TYPE = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(),
                       re.MULTILINE).group(1)

# ARCHITECTURE.md: which of our folders each folder may include.
MAY_INCLUDE = {
    "workloads": {"workloads"},
    "engines": {"engines"},
    "results": {"results"},
    "harness": {"workloads", "engines", "results", "harness"},
}
OURS = set(MAY_INCLUDE) | {"tests"}

# The folders of harness/ from the ground up: each may include those before it. Of the files beside
# them, which read the command line and stand above all, each may include only these.
HARNESS_FLOORS = ("options", "system", "driver", "trial", "find_max", "output", "doctor", "run",
                  "verify", "compare", "selftest")
BESIDE_THE_FLOORS = {"exit_code.h"}
# A comparison runs this program with the options that it was given itself.
EXCEPTIONS = {("compare", "raw_options.h")}


def sources(folder):
    files = [p for p in (ROOT / folder).rglob("*") if p.suffix in (".h", ".cc")]
    assert files, f"no sources in {folder}/"
    return files


def wrong_includes(text, folder):
    """The quoted includes in `text` that a file in `folder` must not have."""
    included = re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', text, re.MULTILINE)
    return [
        name for name in included
        if name.startswith(".") or
        (name.split("/")[0] in OURS and name.split("/")[0] not in MAY_INCLUDE[folder])
    ]


def upward_includes(text, floor):
    """What a file on `floor` includes of harness/ and must not: folders, or files beside them."""
    below = HARNESS_FLOORS[:HARNESS_FLOORS.index(floor) + 1]
    included = re.findall(r'^\s*#\s*include\s+"harness/([^/"]+)', text, re.MULTILINE)
    return [name for name in included if name not in below and name not in BESIDE_THE_FLOORS and
            (floor, name) not in EXCEPTIONS]


class IncludeDirection(unittest.TestCase):
    def test_folders_include_only_what_they_may(self):
        for folder in MAY_INCLUDE:
            for path in sources(folder):
                wrong = wrong_includes(path.read_text(encoding="utf-8"), folder)
                self.assertEqual(wrong, [], f"in {path.relative_to(ROOT)}")

    def test_no_floor_of_the_harness_includes_a_higher_one(self):
        for path in sources("harness"):
            floor = path.relative_to(ROOT / "harness").parts[0]
            if floor in HARNESS_FLOORS:
                wrong = upward_includes(path.read_text(encoding="utf-8"), floor)
                self.assertEqual(wrong, [], f"in {path.relative_to(ROOT)}")

    def test_every_folder_of_the_harness_has_its_floor(self):
        folders = {p.name for p in (ROOT / "harness").iterdir() if p.is_dir()}
        programs = {"microbench", "raw_loops"}
        self.assertEqual(folders, set(HARNESS_FLOORS) | programs)

    def test_the_check_itself_finds_an_upward_include(self):
        self.assertEqual(upward_includes('#include "harness/run/plan.h"\n', "driver"), ["run"])
        self.assertEqual(upward_includes('#include "harness/command_line.h"\n', "driver"),
                         ["command_line.h"])
        self.assertEqual(upward_includes('#include "harness/driver/driver.h"\n'
                                         '#include "harness/exit_code.h"\n', "run"), [])

    def test_the_check_itself_finds_a_wrong_include(self):
        self.assertEqual(wrong_includes('#include "harness/system/clock.h"\n', "engines"),
                         ["harness/system/clock.h"])
        self.assertEqual(wrong_includes('  # include "../engines/engine.h"\n', "results"),
                         ["../engines/engine.h"])
        self.assertEqual(wrong_includes('#include "engines/engine.h"\n#include <map>\n', "engines"),
                         [])


class Mutants(unittest.TestCase):
    def test_each_still_fits_the_source(self):
        listed = subprocess.run([str(ROOT / "scripts" / "check-mutants"), "--list"], check=False,
                                capture_output=True, text=True)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertGreater(len(listed.stdout.splitlines()), 40)


def optimisations(commands, folders):
    """By object file, the last -O of the commands that compile something of one of `folders`."""
    levels = {re.search(r" -o (\S+)", command)[1]: re.findall(r" (-O\S+)", command)[-1]
              for command in commands}
    return {output: level for output, level in levels.items() if output.split("/")[0] in folders}


@unittest.skipUnless(BUILD_TYPE == "Release", "only what is measured must be optimised")
class Optimisation(unittest.TestCase):
    def test_what_is_measured_and_what_measures_are_compiled_alike(self):
        entries = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
        levels = optimisations([entry["command"] for entry in entries], MAY_INCLUDE)
        self.assertGreater(len(levels), 20)
        self.assertEqual({o: level for o, level in levels.items() if level != "-O2"}, {})

    def test_the_check_itself_sees_the_last_level(self):
        commands = ["c++ -O2 -DNDEBUG -O0 -o harness/x.o -c x.cc", "c++ -O0 -o tests/y.o -c y.cc"]
        self.assertEqual(optimisations(commands, {"harness"}), {"harness/x.o": "-O0"})


class Documents(unittest.TestCase):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

    def test_every_top_level_folder_is_on_the_map(self):
        made_by_runs = {"build", "kvs-bench-results", "kvs-bench-data", "__pycache__"}
        folders = [path.name for path in ROOT.iterdir()
                   if path.is_dir() and not path.name.startswith(".")
                   and path.name not in made_by_runs]
        self.assertIn("harness", folders)
        self.assertEqual([f for f in folders if f"| `{f}/` |" not in self.architecture], [])

    def test_every_engine_is_in_the_readme(self):
        lines = (ROOT / "engines" / "CMakeLists.txt").read_text(encoding="utf-8")
        engines = re.findall(r"^kvs_add_engine\((\w+)", lines, re.MULTILINE)
        self.assertIn("null", engines)
        self.assertEqual([e for e in engines if f"| `{e}` |" not in self.readme], [])

    def test_every_shipped_workload_is_in_the_readme(self):
        specs = [path.stem for path in (ROOT / "workloads" / "specs").glob("*.properties")]
        self.assertIn("ycsb-a", specs)
        self.assertEqual([s for s in specs if f"`{s}`" not in self.readme], [])

    def test_every_exit_code_is_in_the_readme(self):
        header = (ROOT / "harness" / "exit_code.h").read_text(encoding="utf-8")
        codes = re.findall(r"^\s*k\w+ = (\d+),", header, re.MULTILINE)
        self.assertIn("130", codes)
        table = re.search(r"\| exit code \|.*?\n\n", self.readme, re.DOTALL).group()
        self.assertEqual(re.findall(r"^\| (\d+) \|", table, re.MULTILINE), codes)

    def test_files_that_documents_name_exist(self):
        documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
        links = [(document, target) for document in documents
                 for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)",
                                          document.read_text(encoding="utf-8"))
                 if "://" not in target]
        self.assertIn("engines/engine.h", [target for _, target in links])
        for document, target in links:
            self.assertTrue((document.parent / target).exists(),
                            f"{document.name} links to {target}")


class Packages(unittest.TestCase):
    def test_every_package_has_a_reason(self):
        listed = subprocess.run([ROOT / "scripts" / "setup", "--for", "develop", "--list"],
                                check=True, capture_output=True, text=True).stdout
        for line in listed.splitlines():
            self.assertRegex(line, r"^[a-z0-9.+-]+ +\S.{5,}$")
        needed = re.findall(r"^kvs_add_engine\([^)]*PACKAGE\s+([\w.+-]+)",
                            (ROOT / "engines" / "CMakeLists.txt").read_text(encoding="utf-8"),
                            re.MULTILINE)
        packages = [line.split()[0] for line in listed.splitlines()]
        self.assertEqual([p for p in needed if p not in packages], [])


if __name__ == "__main__":
    unittest.main()
