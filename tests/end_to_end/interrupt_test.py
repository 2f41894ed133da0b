"""Runs that are interrupted or killed, and runs beside each other."""

import os
import signal
import time
import unittest

from bench import INTERRUPTED, OK, SMOKE, BenchTest, in_release_only, trials, written_so_far

LONG = ["--engine", "null,mutex", "--workload", "ycsb-a", "--threads", "1", "--records", "300",
        "--warmup", "0s", "--trials", "3"]


def processes_of_group(group):
    """The processes of a session that are alive."""
    alive = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[3]) == group and fields[0] != "Z":
            alive.append(int(name))
    return alive


class InterruptTest(BenchTest):

    def start_long(self, *more):
        return self.start(*LONG, "--dir", self.data, "--out", self.scratch / "run.json", *more)

    def wait_until(self, condition, what):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"never happened: {what}")
            time.sleep(0.02)

    def wait_for_result(self):
        self.wait_until(lambda: written_so_far(self.scratch / "run.json")["trials"],
                        "a first finished trial")

    def wait_for_stores(self):
        self.wait_until(lambda: any(self.data.glob("*/store-*")), "a store")

    def test_ctrl_c_leaves_a_valid_partial_result(self):
        process = self.start_long("--duration", "2s")
        self.wait_for_result()
        time.sleep(0.7)  # into the next trial's window, most likely
        process.send_signal(signal.SIGINT)
        done = self.finish(process, timeout=30)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        result = self.read_result(self.scratch / "run.json")
        ours = result["kvs_bench"]
        self.assertFalse(ours["complete"])
        self.assertEqual(ours["planned_trials"], 6)
        self.assertLess(len(ours["trials"]), 6)
        ended = len([trial for trial in ours["trials"] if trial["status"] != "interrupted"])
        self.assertIn(f"Interrupted: {ended} of 6 planned trials came to their end.", done.out)
        self.assertEqual(ours["trials"][0]["status"], "ok")
        self.assertIn("partial", done.err)
        self.assertIn("mutex", done.out + done.err)
        self.assert_no_stores()
        self.assertEqual(processes_of_group(process.pid), [])

    def test_ctrl_c_keeps_what_was_measured(self):
        for seconds in (1.5, 3, 6, 12, 24):
            (self.scratch / "run.json").unlink(missing_ok=True)
            process = self.start_long("--duration", "60s")
            self.wait_for_stores_or_a_second(seconds)
            process.send_signal(signal.SIGTERM)
            done = self.finish(process, timeout=30)
            self.assertEqual(done.code, INTERRUPTED, str(done))
            ended = self.read_result(self.scratch / "run.json")["kvs_bench"]["trials"]
            if ended and "stopped before" not in ended[0]["reason"]:
                break
            # On a slow machine: no window was open yet.
        (trial,) = ended
        self.assertEqual(trial["status"], "interrupted")
        self.assertGreater(trial["operations"], 0)
        self.assertLess(trial["window_s"], 30)
        self.assertIn("stopped while measuring", trial["reason"])
        self.assert_no_stores()

    def wait_for_stores_or_a_second(self, seconds=1.5):
        # `null` makes no store, and may come first.
        self.wait_until(lambda: any(self.data.iterdir()), "the directory of the run")
        time.sleep(seconds)

    def test_second_ctrl_c_kills_a_trial_that_does_not_react(self):
        self.program = "kvs-bench-faulty"
        process = self.start("--engine", "hangs", "--workload", "ycsb-c", "--threads", "1",
                             "--records", "300", "--duration", "60s", "--dir", self.data, "--out",
                             self.scratch / "run.json")
        self.wait_for_stores_or_a_second()
        time.sleep(2.5)  # a floor may come first
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        done = self.finish(process, timeout=30)
        self.assertLess(time.monotonic() - started, 10)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assertFalse(self.read_result(self.scratch / "run.json")["kvs_bench"]["complete"])
        self.assert_no_stores()
        self.assertEqual(processes_of_group(process.pid), [])

    def test_next_run_works_after_kill_9_and_names_what_was_left(self):
        process = self.start_long("--duration", "60s")
        self.wait_until(lambda: any(self.data.iterdir()), "the directory of the run")
        time.sleep(1)
        process.kill()
        process.communicate()
        self.wait_until(lambda: processes_of_group(process.pid) == [], "the trial dies too")
        (left_over,) = self.data.iterdir()
        done = self.run_bench(*LONG, *SMOKE, "--dir", self.data, "--out", self.scratch / "b.json")
        self.assertEqual(done.code, OK, str(done))
        self.assertIn(f"rm -r '{left_over}'", done.err)
        self.assertTrue(left_over.exists(), "it is not ours to remove")
        self.read_result(self.scratch / "b.json")

    @in_release_only
    def test_two_runs_at_the_same_time(self):
        both = [self.start("--engine", "all", "--workload", "ycsb-a", "--threads", "1", *SMOKE,
                           "--dir", self.data, "--out", self.scratch / f"{i}.json")
                for i in range(2)]
        for i, process in enumerate(both):
            done = self.finish(process)
            self.assertEqual(done.code, OK, str(done))
            self.assertNotIn("left by a run", done.err)
            for trial in trials(self.read_result(self.scratch / f"{i}.json")):
                self.assertEqual(trial["status"], "ok", trial["reason"])
        self.assert_no_stores()


if __name__ == "__main__":
    unittest.main()
