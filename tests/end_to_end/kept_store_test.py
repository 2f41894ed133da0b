"""Stores that are loaded once and measured on later."""

import re
import unittest

from bench import ENVIRONMENT, OK, SMOKE, USAGE, BenchTest, in_release_only, trials

CELL = ["--engine", "mutex", "--workload", "ycsb-b", "--threads", "1", "--records", "300"]
QUICK = ["--duration", "60ms", "--warmup", "0s", "--trials", "2"]


class KeptStoreTest(BenchTest):

    def load(self):
        done = self.run_bench(*CELL, "--load-only", "--dir", self.data)
        self.assertEqual(done.code, OK, str(done))
        self.assertIn("loaded 300 records", done.err)
        self.assertIn("--use-existing", done.err)
        return re.search(r"^kept: (\S+)", done.out, re.MULTILINE).group(1)

    def use(self, store, *more):
        return self.run_bench(*CELL, *QUICK, "--use-existing", store, "--out",
                              self.scratch / "run.json", "--force", *more)

    def test_load_once_measure_often(self):
        store = self.load()
        for _ in range(2):
            done = self.use(store)
            self.assertEqual(done.code, OK, str(done))
            result = self.read_result(self.scratch / "run.json")
            self.assertEqual(len(trials(result)), 2)
            for trial in trials(result):
                self.assertEqual(trial["status"], "ok", trial["reason"])
                self.assertEqual(trial["loaded_records"], 0)
                self.assertEqual(trial["read_back"], 300)
                self.assertTrue(any(store in note for note in trial["notes"]), trial["notes"])
            self.assertRegex(done.out, r"a kept store of [0-9.]+ [KM]iB \(memory ")

    def test_refuses_what_does_not_fit(self):
        store = self.load()
        for message, more in [("holds 300 records, not 400", ["--records", "400"]),
                              ("values of", ["--value-size", "10"])]:
            done = self.use(store, *more)
            self.assertEqual(done.code, USAGE, str(done))
            self.assertIn(message, done.err)
        done = self.run_bench("--engine", "rwlock", *CELL[2:], *QUICK, "--use-existing", store)
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn("was loaded by engine 'mutex'", done.err)

    def test_refuses_what_would_change_the_store_for_the_next_trial(self):
        store = self.load()
        for message, workload in [("inserts records", "ycsb-d"), ("removes records", "deleterandom")]:
            done = self.run_bench("--engine", "mutex", "--threads", "1", "--records", "300",
                                  "--workload", workload, "--use-existing", store)
            self.assertEqual(done.code, USAGE, str(done))
            self.assertIn(message, done.err)

    def test_refuses_directories_that_it_did_not_make(self):
        foreign = self.scratch / "documents"
        foreign.mkdir()
        (foreign / "letter.txt").write_text("dear", encoding="utf-8")
        done = self.use(foreign)
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertIn("not a store that kvs-bench kept", done.err)
        self.assertEqual([file.name for file in foreign.iterdir()], ["letter.txt"])

    @in_release_only
    def test_keep_leaves_the_stores_of_the_last_round(self):
        done = self.run_bench("--engine", "null,mutex,rwlock", "--workload", "ycsb-a", "--threads",
                              "1", *SMOKE, "--trials", "2", "--dir", self.data, "--keep", "--out",
                              self.scratch / "run.json")
        self.assertEqual(done.code, OK, str(done))
        kept = re.findall(r"^kept: (\S+) \((.*)\)$", done.out, re.MULTILINE)
        self.assertEqual(sorted(name.split("/")[1] for _, name in kept),
                         ["engine:mutex", "engine:rwlock"])
        self.assertEqual(len(list(self.data.glob("*/store-*[0-9]"))), 2)
        for path, name in kept:
            engine = name.split("/")[1].split(":")[1]
            done = self.run_bench("--engine", engine, "--workload", "ycsb-c", "--threads", "1",
                                  *SMOKE, "--use-existing", path)
            self.assertEqual(done.code, OK, str(done))
            self.assertNotIn("left by a run", done.err)


if __name__ == "__main__":
    unittest.main()
