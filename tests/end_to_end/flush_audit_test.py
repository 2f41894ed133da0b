"""In tier `sync` a write that was acknowledged without a flush of its time makes its trial invalid."""

import csv
import re
import unittest

from bench import ENGINE_FAILED, HAS_SANITIZER, OK, SMOKE, BenchTest, in_release_only, trials

SYNC = ["--durability", "sync", "--sampling-period", "1", *SMOKE]
POOLS = ["dedicated", "naive", "shared-queue", "work-stealing"]


def writes(trial):
    """The writes of a trial that completed in its window and had something to write."""
    done = {c["operation"]: c for c in trial["counts"]}
    return (sum(done[k]["completed"] for k in ("update", "insert", "read-modify-write") if k in done)
            + (done["remove"]["hits"] if "remove" in done else 0))


class FlushAuditTest(BenchTest):

    def storing(self):
        return [engine for engine in self.engine_names() if engine != "null"]

    def check_kept(self, trial, minimum=1):
        self.assertEqual(trial["status"], "ok", trial["reason"])
        self.assertGreaterEqual(trial["audited_writes"], minimum)

    def test_every_engine_keeps_it_with_every_pool(self):
        # Engines and pools do not know each other: each engine with two pools, and each pool with two
        # engines.
        all_threads = (2,) if HAS_SANITIZER else (1, 2)
        self.check_product(
            ["lockfree", "rocksdb", "lmdb", "sqlite"] if HAS_SANITIZER else
            [*self.storing(), "lmdb:writemap=true", "rocksdb:compression=none"],
            POOLS[:2], all_threads)
        if not HAS_SANITIZER:
            self.check_product(["lockfree", "rocksdb"], POOLS[2:], all_threads)

    def check_product(self, engines, pools, all_threads):
        _, result = self.run_to_result("--engine", ",".join(["null", *engines]), "--workload",
                                       "smoke", "--threads", ",".join(map(str, all_threads)), "--pool",
                                       ",".join(pools), *SYNC, timeout=550)
        for engine in engines:
            for threads in all_threads:
                for pool in pools:
                    (trial,) = trials(result, engine=engine, threads=threads, pool=pool)
                    with self.subTest(engine=engine, threads=threads, pool=pool):
                        if trial["status"] == "unsupported":
                            self.assertEqual((engine, threads), ("single", 2))
                            continue
                        self.check_kept(trial)
                        # Not judged: values that are too short, and removes by RocksDB, which does
                        # not tell what they did.
                        if threads == 1 and pool == "dedicated":
                            self.assertLess(trial["audited_writes"], writes(trial))
                            self.assertGreater(trial["audited_writes"], writes(trial) / 2)
        for trial in trials(result, engine="null"):
            self.assertEqual(trial["status"], "ok")
            self.assertNotIn("audited_writes", trial, "it stores nothing")

    def test_many_threads_share_flushes_and_keep_it(self):
        engines = ["lockfree", "rocksdb"]
        _, result = self.run_to_result("--engine", ",".join(engines), "--workload", "ycsb-a",
                                       "--threads", "8", *SYNC, "--operations", "2000")
        for engine in engines:
            (trial,) = trials(result, engine=engine)
            self.check_kept(trial, minimum=500)

    def test_background_writers_are_audited(self):
        _, result = self.run_to_result("--engine", "lockfree", "--workload", "readwhilewriting",
                                       "--threads", "1", *SYNC, "--operations", "300000")
        (trial,) = trials(result)
        self.assertEqual({c["operation"] for c in trial["counts"]}, {"read"})
        self.check_kept(trial)

    @in_release_only
    def test_flushes_per_write_stand_beside_the_throughput(self):
        done, result = self.run_to_result("--engine", "mutex", "--workload", "ycsb-a", "--threads",
                                          "1", *SYNC, "--csv", self.scratch / "run.csv")
        (trial,) = trials(result)
        (cell,) = [c for c in result["kvs_bench"]["cells"] if not c["is_floor"]]
        self.assertEqual(cell["flushes_per_write"], trial["flushes"] / writes(trial))
        self.assertGreaterEqual(cell["flushes_per_write"], 1)
        self.assertRegex(done.out, r"\[min-max\] +syncs  vs best")
        row = re.search(r"^  mutex .*\] +([\d.]+) +1\.00x", done.out, re.MULTILINE)
        self.assertEqual(row[1], f"{cell['flushes_per_write']:.2f}")
        with open(self.scratch / "run.csv", encoding="utf-8", newline="") as file:
            (line,) = [r for r in csv.DictReader(file) if r["engine"] == "mutex"]
        self.assertEqual(int(line["audited_writes"]), trial["audited_writes"])
        self.assertAlmostEqual(float(line["flushes_per_write"]), cell["flushes_per_write"])
        self.assertNotIn("notes", result["kvs_bench"])

    def test_a_trial_in_which_no_write_was_timed_says_so(self):
        _, result = self.run_to_result("--engine", "mutex", "--workload", "ycsb-a", "--threads",
                                       "1", *SYNC, "--sampling-period", "1000000000")
        (trial,) = trials(result)
        self.assertEqual((trial["status"], trial["audited_writes"]), ("ok", 0))
        self.assertTrue(any("no write was audited" in note for note in trial["notes"]))

    @in_release_only
    def test_other_tiers_say_what_is_not_audited_and_what_tests_it(self):
        done, result = self.run_to_result("--engine", "null,mutex,lockfree", "--workload", "ycsb-a",
                                          "--threads", "1", "--durability", "process,none", *SMOKE)
        notes = result["kvs_bench"]["notes"]
        self.assertEqual(len(notes), 2)
        for tier in ("none", "process"):
            (note,) = [n for n in notes if n.startswith(f"tier '{tier}' promises")]
            self.assertTrue(note.endswith("kvs-bench verify crash --engine lockfree,mutex "
                                          f"--durability {tier}"), note)
            self.assertIn(f"note     tier '{tier}' promises", done.out)
        for trial in trials(result):
            self.assertNotIn("audited_writes", trial)
        for cell in result["kvs_bench"]["cells"]:
            self.assertNotIn("flushes_per_write", cell)

    @in_release_only
    def test_a_kept_store_is_not_audited_and_says_so(self):
        where = ["--engine", "sqlite", "--workload", "ycsb-a", "--threads", "1", *SYNC]
        done = self.run_bench(*where, "--load-only", "--dir", self.data)
        self.assertEqual(done.code, OK, str(done))
        store = re.search(r"^kept: (\S+)", done.out, re.MULTILINE)[1]
        for number in range(2):  # the second writes what the first has written
            path = self.scratch / f"{number}.json"
            done = self.run_bench(*where, "--use-existing", store, "--out", path)
            self.assertEqual(done.code, OK, str(done))
            (trial,) = trials(self.read_result(path))
            self.assertNotIn("audited_writes", trial)
            self.assertTrue(any("no write was audited" in note for note in trial["notes"]))

    def test_null_alone_has_nothing_to_say(self):
        _, result = self.run_to_result("--engine", "null", "--workload", "ycsb-a", "--threads", "1",
                                       *SMOKE)
        self.assertNotIn("notes", result["kvs_bench"])


class BoastingEngineTest(BenchTest):

    program = "kvs-bench-faulty"

    @in_release_only
    def test_a_lie_about_sync_costs_the_liar_its_figures_and_nobody_else(self):
        honest = ["mutex", "lockfree", "rocksdb", "lmdb", "sqlite"]
        liars = ["boasts:of=" + engine for engine in honest]
        done, result = self.run_to_result(
            "--engine", ",".join(["null", *liars, *honest]), "--workload", "ycsb-a", "--threads",
            "1,2", *SYNC, "--trials", "2", code=ENGINE_FAILED)
        self.assertTrue(result["kvs_bench"]["complete"])
        for engine in honest:
            self.assertEqual([t["status"] for t in trials(result, engine=engine)], ["ok"] * 4)
        for engine in liars:
            told = trials(result, engine=engine)
            self.assertEqual(len(told), 4)
            for trial in told:
                with self.subTest(engine=engine, threads=trial["cell"]["threads"]):
                    self.assertEqual(trial["status"], "wrong-answer", trial)
                    self.assertEqual(trial["operations"], 0, "no figure survives")
                    reason = re.fullmatch(
                        r"tier 'sync' is not kept: (\d+) of (\d+) audited writes were acknowledged "
                        r"without a flush that began after the data was handed over",
                        trial["reason"])
                    self.assertIsNotNone(reason, trial["reason"])
                    self.assertGreater(int(reason[1]), int(reason[2]) * 0.9)
                    self.assertIn(trial["reason"], done.err)
        self.assertIn("2 of 2 trials gave a wrong answer: tier 'sync' is not kept: ", done.out)

    def test_what_it_really_does_is_no_lie(self):
        self.run_to_result("--engine", "boasts", "--workload", "ycsb-a", "--threads", "1",
                           "--durability", "process", *SMOKE, code=OK)


if __name__ == "__main__":
    unittest.main()
