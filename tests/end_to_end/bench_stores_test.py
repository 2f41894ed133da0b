"""scripts/bench-stores measures, judges and keeps its result files. Its figures are not looked at."""

import re
import subprocess
import sys
import unittest

from bench import BUILD, ROOT, BenchTest

PROGRAM = BUILD / "kvs-bench-probe"


class BenchStoresTest(BenchTest):

    def bench_stores(self, *arguments):
        return subprocess.run([sys.executable, "-B", ROOT / "scripts" / "bench-stores", "--program",
                               PROGRAM, "--dir", self.data, *map(str, arguments)],
                              capture_output=True, text=True, timeout=300, check=False)

    def test_ratios_are_judged_and_results_kept(self):
        out = self.scratch / "stores"
        done = self.bench_stores("--smoke", "--out", out, "--only",
                                 "get-10m,multi-get,start-up,compaction")
        # Which goals such short windows reach is chance; that the status says so is not.
        all_reached = "MISSED" not in done.stdout and "NOT MEASURED" not in done.stdout
        self.assertEqual(done.returncode, 0 if all_reached else 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, re.compile(
            r"^get, 10 M keys, against probe +[0-9.]+ \[[0-9.]+-[0-9.]+\]  >= 0.85  (OK|MISSED)$",
            re.MULTILINE))
        self.assertIn("multi-get of 16, keys, against its own get", done.stdout)
        self.assertIn("get p99.9 while compaction runs", done.stdout)
        for name in ("get-10m", "multi-get", "start-up-hints", "start-up-log", "compaction"):
            self.assertTrue(self.read_result(out / f"{name}.json")["kvs_bench"]["complete"])
        self.assert_no_stores()

    def test_mistakes_are_refused(self):
        done = self.bench_stores("--only", "gte")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown comparison 'gte'", done.stderr)
        done = self.bench_stores("--smoke")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--smoke needs --out", done.stderr)


if __name__ == "__main__":
    unittest.main()
