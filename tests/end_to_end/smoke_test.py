"""Every engine runs every shipped workload, at a size that takes moments."""

import json
import pathlib
import unittest

from bench import (HAS_SANITIZER, OK, SMOKE, UNDER_TSAN, BenchTest, in_release_only, not_under_tsan,
                   trials)


def sees_its_root_mount():
    """Not in a chroot: the mount is outside."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return any(line.split()[4] == "/" for line in lines)


class SmokeTest(BenchTest):

    def test_every_engine_runs_every_shipped_workload(self):
        listed = json.loads(self.run_bench("list", "--json").out)
        workloads = [workload["name"] for workload in listed["workloads"]]
        for name in ["ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d", "ycsb-e", "ycsb-f", "fillseq",
                     "fillrandom", "overwrite", "readrandom", "readmissing", "readseq",
                     "readwhilewriting", "readrandomwriterandom", "deleterandom", "seekrandom",
                     "updaterandom", "smoke"]:
            self.assertIn(name, workloads)
        if HAS_SANITIZER:
            # Engines and workloads do not know each other: each engine in all kinds of operations,
            # and each workload, whose draws are one thread's, on one engine.
            self.check_product(listed["engines"], ["smoke", "ycsb-e", "multireadrandom"])
            if not UNDER_TSAN:
                self.check_product([e for e in listed["engines"] if e["name"] == "lockfree"],
                                   workloads)
        else:
            self.check_product(listed["engines"], workloads)

    def check_product(self, engines, workloads):
        done, result = self.run_to_result("--engine", ",".join(e["name"] for e in engines),
                                          "--workload", ",".join(workloads), "--threads", "1",
                                          *SMOKE)
        self.assertTrue(result["kvs_bench"]["complete"])
        for engine in engines:
            for workload in workloads:
                with self.subTest(engine=engine["name"], workload=workload):
                    (trial,) = trials(result, engine=engine["name"], workload=workload)
                    self.check_trial(trial, engine, workload)

    def check_trial(self, trial, engine, workload):
        can = engine["capabilities"]
        writers = 1 if workload == "readwhilewriting" else 0
        scans = workload in ("ycsb-e", "seekrandom", "readseq")
        if scans and not can["ordered_scan"]:
            self.assertEqual(trial["status"], "unsupported")
            self.assertIn("no order of keys", trial["reason"])
            return
        if 1 + writers > can.get("max_threads", 2):
            self.assertEqual(trial["status"], "unsupported")
            self.assertIn("serves at most", trial["reason"])
            return
        self.assertEqual(trial["status"], "ok", trial["reason"])
        self.assertGreater(trial["operations"], 0)
        self.assertGreater(trial["throughput_per_s"], 0)
        self.assertEqual(sum(counts["completed"] for counts in trial["counts"]),
                         trial["operations"])
        if can["stores_data"]:
            self.assertGreater(trial["peak_rss_bytes"], 0)
            self.assertGreater(trial["directory_bytes"], 0)
        if workload in ("ycsb-c", "readrandom") and can["stores_data"]:
            (counts,) = trial["counts"]
            self.assertEqual(counts["hits"], trial["operations"])
            self.assertGreater(trial["values_checked"], 0)
            self.assertEqual(trial["loaded_records"], 300)
            self.assertEqual(trial["read_back"], 300)

    @in_release_only
    def test_two_threads_leave_single_out_and_say_so(self):
        done, result = self.run_to_result("--engine", "all", "--workload", "ycsb-a", "--threads",
                                          "1,2", *SMOKE)
        (single,) = trials(result, engine="single", threads=2)
        self.assertEqual(single["status"], "unsupported")
        self.assertIn("2 threads, it serves at most 1", single["reason"])
        for engine in self.engine_names():
            for threads in (1, 2):
                (trial,) = trials(result, engine=engine, threads=threads)
                if trial is not single:
                    self.assertEqual(trial["status"], "ok", trial["reason"])
        self.assertIn("unsupported", done.out)

    def test_every_pool(self):
        _, result = self.run_to_result("--engine", "null,mutex", "--workload", "ycsb-a",
                                       "--threads", "2", "--pool",
                                       "dedicated,naive,shared-queue,work-stealing", *SMOKE)
        for pool in ("dedicated", "naive", "shared-queue", "work-stealing"):
            (trial,) = trials(result, engine="mutex", pool=pool)
            self.assertEqual(trial["status"], "ok", trial["reason"])
            self.assertEqual("queue_wait" in trial, pool != "dedicated", pool)
            self.assertEqual(trial["handles_cloned"] > 2, pool == "naive", pool)

    @in_release_only
    def test_durability_sync_is_counted_and_loaded_without(self):
        _, result = self.run_to_result("--engine", "all", "--workload", "ycsb-a", "--threads", "1",
                                       "--durability", "sync", *SMOKE)
        for trial in trials(result):
            if trial["cell"]["engine"] == "null":
                continue
            with self.subTest(engine=trial["cell"]["engine"]):
                self.assertEqual(trial["status"], "ok", trial["reason"])
                self.assertGreater(trial["flushes"], 0)
                self.assertIn("loaded in tier 'process', then reopened in tier 'sync'",
                              trial["notes"])

    def test_floor_is_measured_beside_engines(self):
        # So few operations as elsewhere take less time than what a window costs once.
        _, result = self.run_to_result("--engine", "mutex", "--workload", "ycsb-c", "--threads",
                                       "1,2", *SMOKE, "--operations", "30k")
        floors = [t for t in result["kvs_bench"]["trials"] if t["is_floor"]]
        self.assertEqual(sorted(t["cell"]["threads"] for t in floors), [1, 2])
        for cell in result["kvs_bench"]["cells"]:
            if not cell["is_floor"]:
                self.assertGreater(cell["harness_share"], 0)

    @not_under_tsan
    def test_custom_workload_and_csv(self):
        done, result = self.run_to_result(
            "--engine", "mutex", "--threads", "1", "--records", "1k", "--key-size", "16",
            "--value-size", "100", "--read-percent", "90", "--operations", "2k", "--warmup", "0s",
            "--trials", "2", "--verify", "full", "--csv", self.scratch / "run.csv")
        for trial in trials(result):
            self.assertEqual(trial["operations"], 2000)
            self.assertEqual(trial["dataset_bytes"], 1000 * 116)
            self.assertGreater(trial["values_checked"], 1000)
            self.assertEqual(trial["values_checked"], trial["values_checked_fully"])
            self.assertEqual(trial["read_back"], 1000)
        rows = (self.scratch / "run.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(rows), 1 + len(result["kvs_bench"]["trials"]))
        self.assertIn("custom", done.out)

    @not_under_tsan
    def test_result_describes_its_host_and_workload(self):
        done, result = self.run_to_result("--engine", "null", "--workload", "ycsb-a", "--threads",
                                          "1", *SMOKE)
        host = dict(result["kvs_bench"]["host"])
        for name in ("name", "cpu", "cpus", "memory", "kernel", "os", "page_size", "compiler",
                     "build_type"):
            self.assertTrue(host.get(name), name)
        for name in ("file_system", "device"):
            self.assertEqual(name in host, sees_its_root_mount(), name)
        (workload,) = result["kvs_bench"]["workloads"]
        self.assertEqual(workload["name"], "ycsb-a")
        self.assertEqual(dict(workload["properties"])["recordcount"], "300")
        self.assertIn("--workload ycsb-a", result["kvs_bench"]["command_line"])
        self.assertEqual(done.code, OK)


if __name__ == "__main__":
    unittest.main()
