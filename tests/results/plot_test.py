"""plot.py from end to end: what it writes, and what it says when it cannot."""

import copy
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from synthetic_result import PYTHON, ROOT, SyntheticResultTest

STEMS = [f"{kind}-{workload}" for workload in ("ycsb-a", "ycsb-c", "ycsb-e")
         for kind in ("throughput", "latency")] + ["ratios"]


def plot(*arguments, python=PYTHON, **environment):
    return subprocess.run([python, "-B", ROOT / "plot.py", *arguments], text=True,
                          capture_output=True, env={**os.environ, **environment}, check=False)


def svg_bytes(directory):
    return {path.name: path.read_bytes() for path in directory.glob("*.svg")}


class PlotTest(SyntheticResultTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.result = json.loads((cls.directory / "a.json").read_text())
        cls.done = plot(cls.directory / "a.json")
        cls.charts = cls.directory / "a-charts"

    def write(self, result):
        path = self.directory / "edited.json"
        path.write_text(result if isinstance(result, str) else json.dumps(result))
        return path

    def one_workload(self, rename=None):
        """A smaller result: ycsb-c alone, under its name or another."""
        result = copy.deepcopy(self.result)
        ours = result["kvs_bench"]
        for part in ("cells", "trials"):
            ours[part] = [o for o in ours[part] if o["cell"]["workload"] == "ycsb-c"]
            for owner in ours[part]:
                owner["cell"]["workload"] = rename or "ycsb-c"
        return result

    def assert_words(self, name, *words):
        # matplotlib leaves each line of text as a comment beside its outlines.
        text = (self.charts / name).read_text(encoding="utf-8")
        missing = [word for word in words if word not in text]
        self.assertEqual(missing, [], name)

    def assert_refused(self, done, *parts):
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for part in ("plot.py: ", *parts):
            self.assertIn(part, done.stderr)

    def test_prints_the_files_it_wrote(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        expected = [str(self.charts / f"{stem}.{suffix}")
                    for stem in STEMS for suffix in ("png", "svg")]
        self.assertEqual(self.done.stdout.splitlines(), expected)
        self.assertEqual(sorted(str(path) for path in self.charts.iterdir()), sorted(expected))

    def test_pictures_are_large_enough_to_read(self):
        for stem in STEMS:
            content = (self.charts / f"{stem}.png").read_bytes()
            self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n")
            width, height = struct.unpack(">II", content[16:24])
            self.assertGreater(width, 1000)
            self.assertGreater(height, 600)
            self.assertGreater(len(content), 20000)
            root = ElementTree.parse(self.charts / f"{stem}.svg").getroot()
            self.assertTrue(root.tag.endswith("svg"))
            self.assertGreater(len(list(root.iter())), 100)

    def test_words_of_the_charts(self):
        for stem in STEMS:
            self.assert_words(f"{stem}.svg", "synthetic-host", "100,000 records, 97.6 MiB",
                              "durability process", "3 trials per cell",
                              "interrupted before its end")
        engines = [f"<!-- {engine} -->" for engine in
                   ("single", "mutex", "rwlock", "lockfree", "rocksdb", "lmdb", "sqlite")]
        self.assert_words("throughput-ycsb-a.svg", *engines, "null (harness alone)",
                          "No figures, unsupported (serves 1 thread at most): "
                          "single at 2 and 4 threads")
        self.assert_words("latency-ycsb-a.svg", *engines, "read, 1 thread", "update, 4 threads",
                          "<!-- 99.99 -->")
        self.assert_words("ratios.svg", *engines, "<!-- unsupported -->", "<!-- failed -->",
                          "<!-- wrong answer -->", "<!-- 0.88 -->")
        self.assertNotIn(b"<!-- null -->", (self.charts / "ratios.svg").read_bytes())

    def test_an_open_loop_shows_response_times_and_says_so(self):
        out = self.directory / "open-loop"
        done = plot(self.directory / "open-loop.json", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        chart = (out / "latency-ycsb-a.svg").read_text(encoding="utf-8")
        for words in ("ycsb-a: response time by percentile",
                      "from the intended start, open loop at 1M/s, Poisson arrivals"):
            self.assertIn(words, chart)
        self.assertNotIn("service time", chart)
        self.assertIn("open loop at 1M/s", (out / "throughput-ycsb-a.svg").read_text("utf-8"))
        self.assert_words("latency-ycsb-a.svg", "latency by percentile",
                          "service time inside the engine")
        self.assertNotIn("open loop", (self.charts / "latency-ycsb-a.svg").read_text("utf-8"))

    def test_what_is_unsupported_counts_no_trials(self):
        result = self.one_workload()
        unsupported = [c for c in result["kvs_bench"]["cells"] if c["status"] == "unsupported"]
        self.assertNotEqual(unsupported, [])
        for cell in unsupported:  # as the runner records them
            cell["trials"] = 1
        out = self.directory / "unsupported"
        self.assertEqual(plot(self.write(result), "--out", out).returncode, 0)
        self.assertIn("; 3 trials per cell;", (out / "ratios.svg").read_text(encoding="utf-8"))

    def test_a_floor_with_fewer_trials_is_said_apart(self):
        result = self.one_workload()
        floors = [c for c in result["kvs_bench"]["cells"] if c["cell"]["engine"] == "null"]
        self.assertNotEqual(floors, [])
        for cell in floors:
            cell.update(is_floor=True, trials=1)
        out = self.directory / "floor"
        self.assertEqual(plot(self.write(result), "--out", out).returncode, 0)
        self.assertIn("; 3 trials per cell (1 of the harness alone);",
                      (out / "throughput-ycsb-c.svg").read_text(encoding="utf-8"))

    def test_svg_is_the_same_every_time(self):
        path = self.write(self.one_workload())
        outs = [self.directory / name for name in ("first", "second")]
        for out in outs:
            self.assertEqual(plot(path, "--out", out).returncode, 0)
        first, second = map(svg_bytes, outs)
        self.assertEqual(sorted(first), ["latency-ycsb-c.svg", "ratios.svg", "throughput-ycsb-c.svg"])
        self.assertTrue(first == second)

    def test_a_chart_per_pool_and_durability(self):
        result = self.one_workload()
        for owner in result["kvs_bench"]["cells"] + result["kvs_bench"]["trials"]:
            if owner["cell"]["threads"] == 2:
                owner["cell"]["durability"] = "sync"
        out = self.directory / "split"
        done = plot(self.write(result), "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(path.name for path in out.glob("*.svg")),
                         [f"{kind}-dedicated-{durability}.svg"
                          for kind in ("latency-ycsb-c", "ratios", "throughput-ycsb-c")
                          for durability in ("process", "sync")])

    def test_a_workload_name_is_no_path(self):
        out = self.directory / "odd"
        done = plot(self.write(self.one_workload("../odd name")), "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((out / "throughput-.._odd_name.png").exists())

    def test_a_run_without_figures(self):
        result = copy.deepcopy(self.result)
        result["kvs_bench"]["cells"] = []
        result["kvs_bench"]["trials"] = []
        done = plot(self.write(result))
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("nothing to draw", done.stderr)

    def test_bad_input(self):
        missing = self.directory / "missing.json"
        self.assert_refused(plot(missing), str(missing), "No such file")
        self.assert_refused(plot(self.directory), "directory")
        text = json.dumps(self.result)
        self.assert_refused(plot(self.write(text[:len(text) // 2])), "edited.json", "not JSON")
        self.assert_refused(plot(self.write("")), "not JSON")
        for other in ("[]", "3", "{}", '{"context": {}, "benchmarks": []}'):
            self.assert_refused(plot(self.write(other)), "not a result file of kvs-bench")

    def test_another_schema_version(self):
        result = copy.deepcopy(self.result)
        result["kvs_bench"]["schema_version"] = 7
        self.assert_refused(plot(self.write(result)), "/kvs_bench/schema_version", "version 1", "7")

    def test_edited_members(self):
        cells = lambda r: r["kvs_bench"]["cells"]
        for parts, edit in {
            ("/kvs_bench:", "'cells'"): lambda r: r["kvs_bench"].pop("cells"),
            ("/kvs_bench/cells/3:", "an object"): lambda r: cells(r).__setitem__(3, 1),
            ("/kvs_bench/cells/2/cell/threads",): lambda r: cells(r)[2]["cell"].update(threads="x"),
            ("/kvs_bench/cells/2/throughput_per_s:", "'median'"):
                lambda r: cells(r)[2]["throughput_per_s"].pop("median"),
            ("/kvs_bench/trials/1/throughput_per_s",):
                lambda r: r["kvs_bench"]["trials"][1].update(throughput_per_s=None),
            ("/kvs_bench/cells/0:", "'rate_per_s'"):
                lambda r: cells(r)[0].update(response_times=[]),
            ("/context:", "'host_name'"): lambda r: r["context"].pop("host_name"),
        }.items():
            result = copy.deepcopy(self.result)
            edit(result)
            self.assert_refused(plot(self.write(result)), *parts)

    def detector(self):
        """What `kvs-bench selftest detector --json` writes, as far as it is drawn."""
        def rate(arm, loss, share, **more):
            tally = {"comparisons": 9, "throughput_found": {
                "count": 1, "share": share, "low": share / 2, "high": (1 + share) / 2}}
            return {"cell": "reads", "arm": arm, "loss": loss, "trials": 40, "disjoint": tally,
                    "method": "compare", "order": "interleaved", "minutes": 2, "drawn": tally,
                    **more}
        return {"kvs_bench_selftest": "detector", "version": "1", "blocks": 3, "runs": 2,
                "draws": 9, "main_minutes": 2, "origin": {"cpu": "a processor"},
                "changes": [{"cell": "reads", "arm": arm, "throughput_change": change}
                            for arm, change in (("same", 0.001), ("by5", -0.06), ("by20", -0.2),
                                                ("tail", -0.01))],
                "rates": [rate("same", 0, 0.0), rate("by5", 0.05, 0.5), rate("by20", 0.2, 1.0),
                          rate("tail", 0, 0.3), rate("by5", 0.05, 0.9, order="sequential")]}

    def test_a_detector_is_drawn(self):
        out = self.directory / "detector"
        done = plot(self.write(self.detector()), "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(),
                         [str(out / "detector.png"), str(out / "detector.svg")])
        chart = (out / "detector.svg").read_text(encoding="utf-8")
        for words in ("How often throughput is called worse", "in 2 minutes a cell",
                      "<!-- reads -->", "kvs-bench compare, sequential", "a processor",
                      "3 recorded blocks"):
            self.assertIn(words, chart)

    def test_a_detector_without_what_is_drawn_is_refused(self):
        for parts, edit in {
            ("at /:", "'rates'"): lambda r: r.pop("rates"),
            ("/rates/1:", "'loss'"): lambda r: r["rates"][1].pop("loss"),
            ("/changes/0:", "'throughput_change'"):
                lambda r: r["changes"][0].pop("throughput_change"),
            ("/rates/2:", "/changes has none"): lambda r: r["changes"].pop(2),
            ("/rates/2/drawn/throughput_found:", "'low'"):
                lambda r: r["rates"][2]["drawn"]["throughput_found"].pop("low"),
        }.items():
            result = self.detector()
            result = copy.deepcopy(result)
            edit(result)
            self.assert_refused(plot(self.write(result)), *parts)

    def test_a_directory_that_cannot_be_made(self):
        occupied = self.directory / "occupied"
        occupied.write_text("")
        self.assert_refused(plot(self.directory / "a.json", "--out", occupied), str(occupied))


class MissingModuleTest(unittest.TestCase):
    def test_says_what_to_install(self):
        # -S leaves out the directory of Debian's packages; the variable says that it has already
        # handed over.
        done = subprocess.run([PYTHON, "-B", "-S", ROOT / "plot.py", "x.json"], text=True,
                              capture_output=True, check=False,
                              env={**os.environ, "KVS_PLOT_SWITCHED_PYTHON": "1"})
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "plot.py: the Python module 'matplotlib' is missing. "
                         "To install it: apt-get install python3-matplotlib (for /usr/bin/python3)\n")

    def test_another_python_without_it_hands_over_to_debians(self):
        with tempfile.TemporaryDirectory(prefix="kvs-python-") as directory:
            # An environment of its own: the same interpreter, none of Debian's packages.
            subprocess.run([PYTHON, "-m", "venv", "--without-pip", directory], check=True)
            other = pathlib.Path(directory) / "bin/python3"
            lacks = subprocess.run([other, "-c", "import matplotlib"], capture_output=True,
                                   check=False)
            self.assertNotEqual(lacks.returncode, 0)
            done = plot("/does/not/exist.json", python=other)
        # It got as far as reading its input.
        self.assertEqual(done.returncode, 2)
        self.assertIn("/does/not/exist.json: No such file", done.stderr)


if __name__ == "__main__":
    unittest.main()
