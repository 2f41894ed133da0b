"""An engine that fails loses its trial, is reported, and costs no other cell anything."""

import os
import unittest
import unittest.mock

from bench import ENGINE_FAILED, OK, SMOKE, BenchTest, in_release_only, trials

# It holds for the trials of sound engines too.
TIMEOUT_S = 6


class FaultsTest(BenchTest):

    program = "kvs-bench-faulty"

    def run_with(self, engine, *more, workload="ycsb-c", times=2):
        done, result = self.run_to_result(
            "--engine", f"null,{engine},good", "--workload", workload, "--threads", "1", *SMOKE,
            "--trials", str(times), *more, code=ENGINE_FAILED)
        self.assertTrue(result["kvs_bench"]["complete"])
        for other in ("null", "good"):
            self.assertEqual([trial["status"] for trial in trials(result, engine=other)],
                             ["ok"] * times)
        bad = trials(result, engine=engine)
        self.assertEqual(len(bad), times)
        for trial in bad:
            self.assertEqual(trial["operations"], 0, "no figure survives a failure")
            self.assertIn(trial["reason"].splitlines()[0], done.err)
        return bad[0]

    def test_good_alone_is_no_failure(self):
        self.run_to_result("--engine", "null,good", "--workload", "ycsb-c", "--threads", "1",
                           *SMOKE, code=OK)

    def test_crash_is_named_with_the_last_words(self):
        trial = self.run_with("crashes")
        self.assertEqual(trial["status"], "failed")
        self.assertIn("SIGSEGV", trial["reason"])
        self.assertIn("about to crash", trial["reason"])

    def test_a_program_that_gives_itself_up_is_named_with_the_last_words(self):
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
            value = ":".join(filter(None, [os.environ.get(name), "handle_abort=0"]))
            patch = unittest.mock.patch.dict(os.environ, {name: value})
            patch.start()
            self.addCleanup(patch.stop)
        trial = self.run_with("aborts")
        self.assertEqual(trial["status"], "failed")
        self.assertIn("SIGABRT", trial["reason"])
        self.assertIn("assertion failed", trial["reason"])

    def test_a_mapped_file_that_cannot_be_read_is_named_with_the_offset(self):
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"):  # their reports would follow, at length
            value = ":".join(filter(None, [os.environ.get(name), "handle_sigbus=0"]))
            patch = unittest.mock.patch.dict(os.environ, {name: value})
            patch.start()
            self.addCleanup(patch.stop)
        trial = self.run_with("cut")
        self.assertEqual(trial["status"], "failed")
        self.assertIn("SIGBUS", trial["reason"])
        self.assertRegex(trial["reason"],
                         f"/file cut short: offset {2 * os.sysconf('SC_PAGESIZE')}: .* cut short")

    def test_exit_is_named_with_the_last_words(self):
        trial = self.run_with("exits")
        self.assertEqual(trial["status"], "failed")
        self.assertIn("exited with code 42", trial["reason"])
        self.assertIn("the library gives up", trial["reason"])

    def test_kill_by_somebody_else_is_told_apart_from_lack_of_memory(self):
        trial = self.run_with("killed")
        self.assertEqual(trial["status"], "failed")
        self.assertRegex(trial["reason"],
                         r"killed by SIGKILL \(Killed\) in phase '.*', .*for lack of memory "
                         r"\(its peak was [\d.]+ .iB\)")
        self.assertIn("about to be killed", trial["reason"])

    def test_lack_of_memory_is_named(self):
        trial = self.run_with("starves")
        self.assertEqual(trial["status"], "failed")
        self.assertIn("out of memory", trial["reason"])

    def test_failure_is_told_in_the_engines_words(self):
        trial = self.run_with("throws")
        self.assertEqual(trial["status"], "failed")
        self.assertIn("throws", "throws: " + trial["reason"])
        self.assertIn("/the/path: the disk is on fire", trial["reason"])

    @in_release_only
    def test_hang_ends_at_the_timeout(self):
        trial = self.run_with("hangs", "--timeout", f"{TIMEOUT_S}s", times=1)
        self.assertEqual(trial["status"], "failed")
        self.assertIn(f"not done after {TIMEOUT_S} s", trial["reason"])
        self.assertIn("phase", trial["reason"])

    def test_wrong_values_fail_the_run(self):
        trial = self.run_with("swaps")
        self.assertEqual(trial["status"], "wrong-answer")
        self.assertRegex(trial["reason"], "wrong answers while measuring: .* "
                         "expected a value of this key, saw a value of another key of ")

    @in_release_only
    def test_damaged_values_fail_the_run(self):
        trial = self.run_with("damages")
        self.assertEqual(trial["status"], "wrong-answer")
        # Of what is read while measuring, only a sample is checked to the last byte.
        self.assertRegex(trial["reason"], "wrong answers when read back: .* "
                         "expected a value of this key, saw a damaged value of ")

    @in_release_only
    def test_older_values_fail_the_run(self):
        trial = self.run_with("lags", workload="ycsb-a")
        self.assertEqual(trial["status"], "wrong-answer")
        self.assertRegex(trial["reason"], r"wrong answers of the last writes: read-back of .* "
                         r"expected version \d+ of writer 0, which was acknowledged, or a later "
                         r"one of another, saw (the older value that was loaded|an older value, "
                         r"version \d+ of writer 0)")

    @in_release_only
    def test_missing_values_fail_the_run(self):
        trial = self.run_with("loses")
        self.assertEqual(trial["status"], "wrong-answer")

    def test_growth_is_named_and_costs_no_figure(self):
        done, result = self.run_to_result(
            "--engine", "null,leaks,good", "--workload", "ycsb-c", "--threads", "1", *SMOKE,
            "--operations", "1200")
        for trial in trials(result):
            with self.subTest(engine=trial["cell"]["engine"]):
                self.assertEqual((trial["status"], trial["operations"]), ("ok", 1200))
                costs, told = trial["costs"], [n for n in trial["notes"] if "memory grew" in n]
                grown = costs["anonymous_end_bytes"] - costs["anonymous_begin_bytes"]
                if trial["cell"]["engine"] == "leaks":
                    self.assertAlmostEqual(grown, 2**30, delta=2**26)
                    self.assertRegex(told[0], r"memory grew by (1\.0\d GiB|10\d\d MiB) in the "
                                     r"window, \d+ KiB per operation: more than the ")
                    self.assertIn("leaks: memory grew by", done.out)
                else:
                    self.assertLess(grown, 2**28)
                    self.assertEqual(told, [])


if __name__ == "__main__":
    unittest.main()
