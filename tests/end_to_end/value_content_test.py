"""What values hold: read back from a store with tools that are not ours."""

import pathlib
import re
import sqlite3
import unittest
import zlib

from bench import OK, USAGE, BenchTest

RECORDS = 400


class ValueContentTest(BenchTest):

    def load(self, *more):
        """The values in SQLite's file, as Python's own sqlite3 finds them."""
        done = self.run_bench("--engine", "sqlite", "--workload", "ycsb-c", "--threads", "1",
                              "--records", RECORDS, "--load-only", "--dir", self.data, *more)
        self.assertEqual(done.code, OK, str(done))
        store = re.search(r"^kept: (\S+)", done.out, re.MULTILINE).group(1)
        values = []
        for path in pathlib.Path(store).iterdir():
            if path.read_bytes().startswith(b"SQLite format 3"):
                with sqlite3.connect(path) as database:
                    values += [value for (value,) in database.execute("SELECT value FROM kv")]
                database.close()
        self.assertEqual(len(values), RECORDS, store)
        return store, values

    @staticmethod
    def ratio(values):
        return sum(len(zlib.compress(v, 9)) for v in values) / sum(map(len, values))

    def test_values_do_not_compress_and_differ(self):
        _, values = self.load("--value-size", "1000")
        self.assertGreater(self.ratio(values), 0.99)
        self.assertGreater(len(zlib.compress(b"".join(values), 9)), 0.99 * RECORDS * 1000)
        self.assertEqual(len(set(values)), RECORDS)
        for offset in range(0, 1000, 50):
            self.assertEqual(len({value[offset:offset + 16] for value in values}), RECORDS)

    def test_values_compress_to_the_ratio_alone_and_together(self):
        for ratio in (0.2, 0.5, 0.8):
            with self.subTest(ratio=ratio):
                _, values = self.load("--value-size", "4000", "--compression-ratio", ratio)
                # The tables of zlib take some 60 bytes of a value that stands alone.
                self.assertAlmostEqual(self.ratio(values), ratio, delta=0.02)
                together = len(zlib.compress(b"".join(values), 9)) / (RECORDS * 4000)
                self.assertAlmostEqual(together, ratio, delta=0.015)
                self.assertEqual(len(set(values)), RECORDS)
                self.assertEqual(len({value[-16:] for value in values}), RECORDS)

    def test_small_values_compress_to_the_ratio_together(self):
        _, values = self.load("--value-size", "100", "--compression-ratio", "0.5")
        together = len(zlib.compress(b"".join(values), 9)) / (RECORDS * 100)
        self.assertAlmostEqual(together, 0.5, delta=0.03)

    def test_sizes_follow_the_histogram_of_the_file(self):
        (self.scratch / "sizes.txt").write_text("BlockSize\t50\n0\t0\n1\t1\n2\t0\n3\t3\n")
        _, values = self.load("-p", "valuesizedistribution=histogram", "-p",
                              "valuesizehistogram=sizes.txt")
        sizes = [len(value) for value in values]
        self.assertEqual(set(sizes), {100, 200})
        self.assertAlmostEqual(sizes.count(200) / RECORDS, 0.75, delta=0.1)  # 4.6 deviations

    def test_a_kept_store_keeps_its_ratio(self):
        store, _ = self.load("--compression-ratio", "0.5")
        cell = ["--engine", "sqlite", "--workload", "ycsb-c", "--threads", "1", "--records",
                RECORDS, "--operations", "500", "--warmup", "0s", "--trials", "1", "--verify",
                "full", "--use-existing", store]
        done = self.run_bench(*cell)
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn("compress to 0.5 of their size, not 1", done.err)
        done = self.run_bench(*cell, "--compression-ratio", "0.5")
        self.assertEqual(done.code, OK, str(done))


if __name__ == "__main__":
    unittest.main()
