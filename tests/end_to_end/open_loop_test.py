"""--rate: operations that start on time, whether the engine keeps up or not."""

import csv
import unittest

from bench import USAGE, BenchTest, in_release_only, trials

SMALL = ["--workload", "ycsb-a", "--records", "300", "--warmup", "0s", "--trials", "1"]


class OpenLoopTest(BenchTest):

    def test_response_times_stand_beside_service_times(self):
        table = self.scratch / "trials.csv"
        done, result = self.run_to_result(
            "--engine", "mutex", "--threads", "1", *SMALL, "--rate", "2k", "--operations", "600",
            "--csv", table)
        (trial,) = trials(result)
        self.assertEqual(trial["rate_per_s"], 2000)
        self.assertEqual(trial["arrivals"], "poisson")
        self.assertEqual(trial["operations"], 600)
        self.assertEqual(trial["backlog_operations"], 0)
        self.assertEqual(trial["sampling_period"], 1)
        service = {latency["what"]: latency for latency in trial["latencies"]}
        response = {latency["what"]: latency for latency in trial["response_times"]}
        self.assertEqual(sorted(response), ["all", "read", "update"])
        self.assertEqual((service["all"]["samples"], response["all"]["samples"]), (600, 600))
        for what in response:
            self.assertGreaterEqual(response[what]["mean_ns"], service[what]["mean_ns"])
        self.assertIn("open loop at 2.00k/s, Poisson arrivals: response time from the intended "
                      "start\n", done.out)
        self.assertIn(" read response ", done.out)
        self.assertIn(" ops/s, response p99 ", done.err)
        names = [row["name"] for row in result["benchmarks"]]
        self.assertTrue(any(name.endswith("/response:p99") for name in names), names)
        with open(table, encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["engine"] == "mutex"]
        self.assertEqual(rows[0]["response_max_ns"], str(response["all"]["max_ns"]))
        (cell,) = [c for c in result["kvs_bench"]["cells"] if not c["is_floor"]]
        self.assertNotIn("harness_share", cell)
        self.assertEqual(cell["backlog_s"], 0)

    @in_release_only
    def test_a_rate_that_is_too_high_is_reported(self):
        done, result = self.run_to_result(
            "--engine", "sqlite", "--threads", "1,2", *SMALL, "--rate", "50M", "--arrivals",
            "constant", "--duration", "200ms")
        for trial in trials(result):
            intended = 50e6 * trial["window_s"]
            self.assertAlmostEqual(trial["operations"] + trial["backlog_operations"], intended,
                                   delta=2)
            self.assertTrue(any("did not keep up with 50.0M/s" in note for note in trial["notes"]))
        self.assertEqual(len(trials(result)), 2)
        self.assertIn("did not keep up with 50.0M/s: operations waited", done.out)

    def test_every_pool_has_an_open_loop(self):
        pools = ["naive", "shared-queue", "work-stealing"]
        done, result = self.run_to_result(
            "--engine", "mutex", "--threads", "2", *SMALL, "--pool", ",".join(pools), "--rate",
            "2k", "--operations", "200")
        for pool in pools:
            (trial,) = trials(result, pool=pool)
            self.assertEqual((trial["status"], trial["operations"]), ("ok", 200))
            self.assertEqual(trial["response_times"][-1]["samples"], 200)
            self.assertEqual(trial["queue_wait"]["samples"], 200)
        self.assertIn(" response time ", done.out)

    def test_without_a_rate_nothing_speaks_of_an_open_loop(self):
        done, result = self.run_to_result("--engine", "mutex", "--threads", "1", *SMALL,
                                          "--operations", "300")
        self.assertNotIn("open loop", done.out)
        (trial,) = trials(result)
        for member in ("rate_per_s", "arrivals", "backlog_operations", "response_times"):
            self.assertNotIn(member, trial)

    def test_what_does_not_go_together_is_refused(self):
        for message, arguments in [
                ("--arrivals", ["--arrivals", "constant"]),
                ("every operation is timed", ["--rate", "1k", "--sampling-period", "4"]),
                ("from 1 to 100M", ["--rate", "0"]),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_bench(*arguments)
                self.assertEqual(done.code, USAGE, str(done))
                self.assertIn(message, done.err)

    def test_help_names_the_options(self):
        text = self.run_bench("--help").out
        self.assertIn("--rate", text)
        self.assertIn("--arrivals", text)


if __name__ == "__main__":
    unittest.main()
