"""Google Benchmark's compare.py (Debian: libbenchmark-tools) reads result files unchanged."""

import json
import re
import subprocess
import sys
import unittest

from bench import SMOKE, BenchTest

COMPARE = "/usr/share/benchmark/compare.py"


class GoogleCompareTest(BenchTest):

    def compare(self, baseline, contender):
        done = subprocess.run(
            [sys.executable, "-B", COMPARE, "--no-color", "benchmarks", baseline, contender],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def line(self, lines, name):
        """The figures of the one line that compare.py prints for `name`."""
        found = [line for line in lines if re.match(re.escape(name) + r"\s", line)]
        self.assertEqual(len(found), 1, "\n".join(lines))
        return found[0][len(name):].split()

    def test_compare_reads_results(self):
        _, result = self.run_to_result("--engine", "null,mutex", "--workload", "ycsb-c",
                                       "--threads", "1", "--sampling-period", "4", *SMOKE)
        baseline = self.scratch / "run.json"
        # A contender that takes exactly twice as long.
        for row in result["benchmarks"]:
            row["real_time"] *= 2
            row["cpu_time"] *= 2
        contender = self.scratch / "contender.json"
        contender.write_text(json.dumps(result), encoding="utf-8")

        lines = self.compare(baseline, contender)
        self.assertTrue(lines[0].startswith("Comparing "), lines[0])
        self.assertRegex(lines[1], r"^Benchmark\s+Time\s+CPU\s+Time Old\s+Time New\s+CPU Old")
        for engine in ("null", "mutex"):
            name = f"ycsb-c/engine:{engine}/threads:1/pool:dedicated/durability:process"
            figures = self.line(lines, name)
            self.assertEqual(figures[0], "+1.0000")
            self.assertEqual(len(figures), 6)
            for percentile in ("p50", "p99"):
                self.assertEqual(self.line(lines, f"{name}/latency:{percentile}")[0], "+1.0000")

        for line in self.compare(baseline, baseline)[3:]:
            if line.startswith("ycsb-c/"):
                self.assertRegex(line, r"\s\+0\.0000\s")


if __name__ == "__main__":
    unittest.main()
