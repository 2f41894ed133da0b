"""--cold, and what of the stores the page cache holds when measuring begins."""

import os
import re
import unittest

from bench import ENVIRONMENT, OK, SMOKE, BenchTest, trials
from kept_store_test import CELL

ENGINES = ["lmdb", "mutex", "rocksdb", "sqlite"]
DROP_CACHES = "/proc/sys/vm/drop_caches"


def is_on_a_ram_disk(result):
    return result["kvs_bench"]["host"].get("file_system") in ("tmpfs", "ramfs")


def share(trial):
    return trial["page_cache"]["resident_bytes"] / trial["page_cache"]["file_bytes"]


class PageCacheTest(BenchTest):

    def measure(self, *more):
        done, result = self.run_to_result("--workload", "ycsb-b", "--threads", "1", *SMOKE, *more)
        return done, result, {trial["cell"]["engine"]: trial for trial in trials(result)}

    def test_warm_unless_asked(self):
        done, _, of = self.measure("--engine", ",".join(["null", *ENGINES]))
        for engine in ENGINES:
            self.assertNotIn("cold", of[engine])
            self.assertLessEqual(share(of[engine]), 1)
        self.assertNotIn("page_cache", of["null"])
        self.assertIn("page cache: when measuring began, it held ", done.out)

    def test_cold_is_measured_and_never_only_said(self):
        done, result, of = self.measure("--engine", ",".join(["null", *ENGINES]), "--cold")
        self.assertIn("cold start: when the window began, the page cache held ", done.out)
        for engine in ENGINES:
            with self.subTest(engine=engine):
                trial = of[engine]
                self.assertEqual((trial["status"], trial["cold"]), ("ok", "evict"))
                self.assertEqual((trial["warmup_s"], trial["loaded_records"]), (0, 300))
                self.assertGreater(trial["page_cache"]["file_bytes"], 0)
                says_no = any(note.startswith("not cold: ") for note in trial["notes"])
                self.assertEqual(says_no, share(trial) > 0.01, trial["notes"])
        self.assertNotIn("cold", of["null"])
        # RocksDB maps nothing, so what it read when it opened is gone again.
        if not is_on_a_ram_disk(result):
            self.assertLessEqual(share(of["rocksdb"]), 0.01)

    def test_cold_on_a_kept_store(self):
        engine = CELL.index("mutex")
        cell = [*CELL[:engine], "rocksdb", *CELL[engine + 1:]]
        done = self.run_bench(*cell, "--load-only", "--dir", self.data)
        self.assertEqual(done.code, OK, str(done))
        store = re.search(r"^kept: (\S+)", done.out, re.MULTILINE).group(1)
        done = self.run_bench(*cell, "--operations", "300", "--cold", "--trials", "2",
                              "--use-existing", store, "--out", self.scratch / "run.json")
        self.assertEqual(done.code, OK, str(done))
        result = self.read_result(self.scratch / "run.json")
        self.assertEqual(len(trials(result)), 2)
        for trial in trials(result):
            self.assertEqual((trial["status"], trial["cold"]), ("ok", "evict"))
            self.assertEqual(trial["read_back"], 300)
            if not is_on_a_ram_disk(result):
                self.assertEqual(share(trial), 0)

    @unittest.skipIf(os.access(DROP_CACHES, os.W_OK), "it would slow the whole machine down")
    def test_what_is_not_permitted_is_refused_before_anything_runs(self):
        done = self.run_bench("--engine", "mutex", "--cold=drop", "--dir", self.data)
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertIn(f"--cold=drop: {DROP_CACHES}: ", done.err)


if __name__ == "__main__":
    unittest.main()
