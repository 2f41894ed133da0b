"""--find-max --slo: the highest rate that holds. Nothing here depends on how fast the machine is."""

import signal
import time
import unittest

from bench import (ENGINE_FAILED, INTERRUPTED, OK, USAGE, BenchTest, in_release_only, trials,
                   written_so_far)

# p50 needs few samples: short windows, at any rate that a machine can have.
SEARCH = ["--workload", "ycsb-a", "--threads", "1", "--records", "300", "--warmup", "0s",
          "--duration", "300ms", "--trials", "1", "--find-max"]


class FindMaxTest(BenchTest):

    def check_searches(self, result, engines):
        """What holds of every search, whatever came out of it."""
        rates = result["kvs_bench"]["max_rates"]
        self.assertEqual([search["cell"]["engine"] for search in rates["cells"]], engines)
        for search in rates["cells"]:
            (closed,) = trials(result, engine=search["cell"]["engine"])
            self.assertNotIn("rate_per_s", closed, "the trials are in the closed loop")
            self.assertEqual(search["closed_loop_per_s"], closed["throughput_per_s"])
            for i, probe in enumerate(search["probes"]):
                trial = probe["trial"]
                self.assertEqual((trial["repetition"], trial["cell"]), (i, search["cell"]))
                self.assertLessEqual(trial["rate_per_s"], search["closed_loop_per_s"])
                self.assertGreaterEqual(trial["rate_per_s"], search["lowest_per_s"] * (1 - 1e-9))
                self.assertEqual(probe["held"], not probe["why"])
                self.assertEqual(trial["status"], "ok", trial["reason"])
                self.assertGreater(trial["response_times"][-1]["samples"], 0)
            if search["outcome"] == "found":
                last = search["probes"][-1]
                self.assertEqual(last["purpose"], "confirm")
                self.assertEqual(search["max_rate_per_s"], last["trial"]["rate_per_s"])
                self.assertTrue(last["held"])
                self.assertEqual(search["reason"], "")
            else:
                self.assertEqual(search["outcome"], "not-reached")
                self.assertNotIn("max_rate_per_s", search)
                self.assertTrue(search["reason"])
        return rates

    @in_release_only
    def test_searches_and_says_what_holds(self):
        done, result = self.run_to_result(
            "--engine", "mutex,sqlite", *SEARCH, "--slo", "p50<1h, read:p50<1h", "--arrivals",
            "constant")
        rates = self.check_searches(result, ["mutex", "sqlite"])
        self.assertEqual((rates["slo"], rates["arrivals"]), ("p50<1h,read:p50<1h", "constant"))
        self.assertEqual((rates["resolution"], rates["confirmations"]), (0.03, 1))
        self.assertIn("highest rate that holds p50<1h,read:p50<1h: ycsb-a;", done.out)
        self.assertIn("constant arrivals", done.out)
        self.assertEqual(result["kvs_bench"]["plan"]["slo"], rates["slo"])
        self.assertTrue(any("/s: " in line for line in done.err.splitlines()), done.err)

    def test_what_cannot_be_judged_is_said(self):
        done, result = self.run_to_result("--engine", "sqlite", *SEARCH, "--slo", "p99.999<1ms")
        (search,) = result["kvs_bench"]["max_rates"]["cells"]
        self.assertEqual((search["outcome"], search["probes"]), ("not-judged", []))
        self.assertIn("not judged: ", done.out)
        self.assertIn("--duration", done.out)

    @in_release_only
    def test_an_engine_that_fails_ends_its_search_alone(self):
        self.program = "kvs-bench-faulty"
        done, result = self.run_to_result("--engine", "crashes,good", *SEARCH, "--slo", "p50<1h",
                                          code=ENGINE_FAILED)
        bad, good = result["kvs_bench"]["max_rates"]["cells"]
        self.assertEqual(bad["outcome"], "failed")
        self.assertIn("SIGSEGV", bad["reason"])
        self.assertIn(good["outcome"], ("found", "not-reached"))
        self.assertTrue(result["kvs_bench"]["complete"])

    @in_release_only
    def test_an_interrupted_search_goes_on(self):
        path = self.scratch / "run.json"
        process = self.start("--engine", "null,mutex", *SEARCH, "--slo", "p50<1h", "--dir",
                             self.data, "--out", path)

        def probes():
            searches = written_so_far(path).get("max_rates", {"cells": []})
            return [probe for search in searches["cells"]
                    for probe in search["probes"]]

        deadline = time.monotonic() + 120
        while len(probes()) < 3:
            self.assertLess(time.monotonic(), deadline, "never three probes")
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assertIn("interrupted after ", done.out)
        before = self.read_result(path)
        self.assertFalse(before["kvs_bench"]["complete"])
        done = self.run_bench("--resume", path)
        self.assertEqual(done.code, OK, str(done))
        after = self.read_result(path)
        self.check_searches(after, ["null", "mutex"])
        self.assertTrue(after["kvs_bench"]["complete"])
        for old, new in zip(before["kvs_bench"]["max_rates"]["cells"],
                            after["kvs_bench"]["max_rates"]["cells"]):
            self.assertEqual(new["probes"][:len(old["probes"])], old["probes"])
        self.assert_no_stores()

    def test_what_does_not_go_together_is_refused(self):
        for message, arguments in [
                ("--find-max: needs what has to hold", ["--find-max"]),
                ("give that too", ["--slo", "p99<1ms"]),
                ("leave out --rate", ["--find-max", "--slo", "p99<1ms", "--rate", "1k"]),
                ("--duration", ["--find-max", "--slo", "p99<1ms", "--operations", "1k"]),
                ("no percentile", ["--find-max", "--slo", "p98<1ms"]),
                ("no such operations", ["--find-max", "--slo", "scan:p99<1ms"]),
                ("one pass", ["--find-max", "--slo", "p99<1ms", "--workload", "fillseq"]),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_bench(*arguments)
                self.assertEqual(done.code, USAGE, str(done))
                self.assertIn(message, done.err)


if __name__ == "__main__":
    unittest.main()
