"""What the sources and the documents promise about each other holds."""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# ARCHITECTURE.md: which of our folders each folder may include.
MAY_INCLUDE = {
    "workloads": {"workloads"},
    "engines": {"engines"},
    "results": {"results"},
    "harness": {"workloads", "engines", "results", "harness"},
}
OURS = set(MAY_INCLUDE) | {"tests"}


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


class IncludeDirection(unittest.TestCase):
    def test_folders_include_only_what_they_may(self):
        for folder in MAY_INCLUDE:
            for path in sources(folder):
                wrong = wrong_includes(path.read_text(encoding="utf-8"), folder)
                self.assertEqual(wrong, [], f"in {path.relative_to(ROOT)}")

    def test_the_check_itself_finds_a_wrong_include(self):
        self.assertEqual(wrong_includes('#include "harness/clock.h"\n', "engines"),
                         ["harness/clock.h"])
        self.assertEqual(wrong_includes('  # include "../engines/engine.h"\n', "results"),
                         ["../engines/engine.h"])
        self.assertEqual(wrong_includes('#include "engines/engine.h"\n#include <map>\n', "engines"),
                         [])


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
