"""`kvs-bench selftest overhead` runs real trials and judges them; every result names its clock."""

import json
import re
import signal
import unittest

from bench import ENGINE_FAILED, INTERRUPTED, OK, SMOKE, USAGE, BenchTest, in_release_only, trials

FIGURES = {"floor_ns": 4, "speed_up": 2, "disturbance_share": 4}


class SelftestTest(BenchTest):

    def overhead(self, *arguments):
        return self.run_bench("selftest", "overhead", "--dir", self.data, *arguments)

    def check_clock(self, clock):
        self.assertRegex(clock["source"], "^(tsc$|clock_gettime: .)")
        self.assertGreater(clock["cost_ns"], 0)
        self.assertGreater(clock["resolution_ns"], 0)
        self.assertEqual("deviation_ppm" in clock, clock["source"] == "tsc")

    def test_smoke_measures_everything_and_judges_nothing(self):
        done = self.overhead("--smoke", "--json", "--quiet")
        self.assertEqual(done.code, OK, str(done))
        self.assert_no_stores()
        report = json.loads(done.out)
        self.check_clock(report["clock"])
        self.assertEqual(report["rounds"], 1)
        counts = {name: 0 for name in FIGURES}
        for figure in report["figures"]:
            counts[figure["figure"]] += 1
            self.assertEqual(figure["verdict"], "not judged")
            self.assertEqual(figure["values"], [figure["median"]])
            self.assertNotIn("interval", figure)
            pair = figure.get("reference")
            self.assertEqual(pair is None, figure["figure"] == "floor_ns")
            if figure["figure"] == "disturbance_share":
                self.assertLess(figure["median"], 1)
                self.assertEqual({**figure["measured"], "sampled": False}, pair)
            else:
                self.assertGreater(figure["median"], 0)
        if report["notes"]:  # the machine has one CPU
            self.assertIn("one CPU", report["notes"][0])
            self.assertEqual(counts, {"floor_ns": 2, "speed_up": 0, "disturbance_share": 2})
        else:
            self.assertEqual(counts, FIGURES)
        self.assertTrue(report["machine"]["fingerprint"])

    @in_release_only
    def test_text_has_a_line_for_each_figure(self):
        done = self.overhead("--smoke", "--quiet", "--sampling-period", "8")
        self.assertEqual(done.code, OK, str(done))
        lines = re.findall("(?m)^(floor|speed-up|disturbance): .* not judged$", done.out)
        self.assertIn(len(lines), (4, 10))
        self.assertRegex(done.out, "(?m)^clock: ")
        self.assertIn("1 operation in 8 timed", done.out)

    def test_what_cannot_be_is_refused(self):
        for arguments, complaint in (
                (["selftest"], "write 'selftest overhead'"),
                (["selftest", "nonsense"], "nonsense"),
                (["selftest", "overhead", "--rounds", "5"], "--rounds"),
                (["selftest", "overhead", "--sampling-period", "0"], "--sampling-period"),
                (["selftest", "overhead", "--smoke", "--rounds", "9"], "--smoke"),
                (["selftest", "overhead", "--engine", "lmdb,sqlite"], "takes one engine"),
                (["selftest", "overhead", "--engine", "null"], "name another"),
                (["selftest", "overhead", "--engine", "lockfre"], "lockfree"),
                (["--trials", "3", "selftest", "overhead"], "stands before 'selftest'")):
            with self.subTest(arguments=arguments):
                done = self.run_bench(*arguments)
                self.assertEqual((done.code, done.out), (USAGE, ""), str(done))
                self.assertIn(complaint, done.err)
        self.assertEqual(list(self.scratch.iterdir()), [self.data])

    def test_an_interrupt_ends_it_and_judges_nothing(self):
        process = self.start("selftest", "overhead", "--dir", self.data, "--duration", "1s")
        while "ops/s" not in (line := process.stderr.readline()):  # a trial has finished
            self.assertTrue(line, "it ended before its first trial had")
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assertIn("nothing is judged", done.out)
        self.assert_no_stores()

    def test_every_measured_trial_names_its_clock(self):
        _, result = self.run_to_result("--engine", "null,lockfree", "--workload", "ycsb-c",
                                       "--threads", "1", *SMOKE)
        of_engines = trials(result)
        self.assertEqual(len(of_engines), 2)
        for trial in of_engines:
            self.check_clock(trial["clock"])
            named = [note for note in trial["notes"] if "clock_gettime" in note]
            self.assertEqual(bool(named), trial["clock"]["source"] != "tsc")


class FaultySelftestTest(BenchTest):

    program = "kvs-bench-faulty"

    def test_a_trial_that_fails_ends_it_with_5_and_the_reason(self):
        done = self.run_bench("selftest", "overhead", "--smoke", "--dir", self.data, "--engine",
                              "throws", "--quiet")
        self.assertEqual(done.code, ENGINE_FAILED, str(done))
        self.assertIn("nothing is judged", done.out)
        self.assertRegex(done.out, "engine:throws.*: failed: ")
        self.assert_no_stores()


if __name__ == "__main__":
    unittest.main()
