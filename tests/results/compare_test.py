"""Google Benchmark's own compare.py (Debian's libbenchmark-tools) reads result files unchanged."""

import re
import subprocess
import unittest

from synthetic_result import PYTHON, SyntheticResultTest

COMPARE = "/usr/share/benchmark/compare.py"


class CompareTest(SyntheticResultTest):
    def compare(self, *arguments):
        done = subprocess.run([PYTHON, "-B", COMPARE, "--no-color", *arguments], cwd=self.directory,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split() for line in done.stdout.splitlines()]

    def rows(self, lines, name):
        return [line[1:] for line in lines if line and line[0] == name]

    def test_benchmarks_of_a_faster_run(self):
        lines = self.compare("benchmarks", "a.json", "b.json")
        self.assertEqual(lines[0], ["Comparing", "a.json", "to", "b.json"])
        # b is 1.25 times as fast, so each of the three trials takes 20% less wall time, and as
        # much CPU time.
        name = "ycsb-c/engine:lmdb/threads:1/pool:dedicated/durability:process"
        rows = self.rows(lines, name)
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertEqual(row[:2], ["-0.2000", "+0.0000"])
        self.assertEqual([row[2:4] for row in rows],
                         [["1083", "866"], ["1034", "827"], ["1034", "827"]])
        # compare.py's own U test, which finds a difference as clear as three trials allow.
        (test,) = self.rows(lines, name + "_pvalue")
        self.assertEqual(test[0], "0.1000")
        self.assertEqual(test[2:8], ["U", "Test,", "Repetitions:", "3", "vs", "3."])

    def test_latency_percentiles_are_rows_of_their_own(self):
        lines = self.compare("benchmarks", "a.json", "b.json")
        name = "ycsb-c/engine:lmdb/threads:1/pool:dedicated/durability:process/latency:p99"
        rows = self.rows(lines, name)
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertEqual(row[:2], ["+0.0000", "+0.0000"])
            self.assertRegex(row[2], r"^\d{4}$")

    def test_a_failed_trial_is_there_and_an_unsupported_cell_is_not(self):
        lines = self.compare("benchmarks", "a.json", "b.json")
        failed = self.rows(lines, "ycsb-a/engine:sqlite/threads:4/pool:dedicated/durability:process")
        self.assertEqual(failed, [["+0.0000", "+0.0000", "0", "0", "0", "0"]] * 3)
        names = {line[0] for line in lines if line}
        self.assertFalse([name for name in names if re.match("ycsb-a/engine:single/threads:2", name)])

    def test_filters_compare_two_engines_of_one_file(self):
        mutex, lockfree = (f"engine:{e}/threads:1/.*process$" for e in ("mutex", "lockfree"))
        lines = self.compare("filters", "a.json", mutex, lockfree)
        rows = [line[-6:] for line in lines
                if line and line[0] == f"ycsb-c/[{mutex}" and not line[2].endswith("_pvalue")]
        self.assertEqual([row[2:4] for row in rows],
                         [["192", "147"], ["194", "152"], ["202", "156"]])
        self.assertEqual([row[0] for row in rows], ["-0.2327", "-0.2141", "-0.2289"])


if __name__ == "__main__":
    unittest.main()
