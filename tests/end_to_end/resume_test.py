"""--resume: a run that was interrupted or killed goes on where it was."""

import json
import re
import shlex
import signal
import subprocess
import time
import unittest

from bench import (BUILD, ENGINE_FAILED, ENVIRONMENT, INTERRUPTED, OK, USAGE, BenchTest,
                   in_release_only, trials, written_so_far)

# Ten trials, floors included.
RUN = ["--engine", "mutex,lockfree", "--workload", "ycsb-a,ycsb-c", "--threads", "1", "--records",
       "300", "--warmup", "0s", "--trials", "2", "--seed", "7"]
PLANNED = 2 * 2 * 2 + 2


def identities(result):
    """What makes a trial that of the plan, in order."""
    return [(json.dumps(t["cell"], sort_keys=True), t["repetition"], t["is_floor"], t["seed"])
            for t in result["kvs_bench"]["trials"]]


class ResumeTest(BenchTest):

    def setUp(self):
        super().setUp()
        self.file = self.scratch / "run.json"

    def start_run(self, *more):
        return self.start(*RUN, "--dir", self.data, "--out", self.file, "--force", *more)

    def wait_for_trials(self, least):
        deadline = time.monotonic() + 120
        while len(self.read_trials()) < least:
            self.assertLess(time.monotonic(), deadline, f"never {least} trials")
            time.sleep(0.02)

    def read_trials(self):
        return written_so_far(self.file)["trials"]

    def interrupt(self, after, sig=signal.SIGINT, *more, window_ms=200):
        """Interrupts a run after some trials and returns (how it ended, its valid file)."""
        while True:
            self.file.unlink(missing_ok=True)  # its trials are not to be taken for the new run's
            process = self.start_run("--duration", f"{window_ms}ms", *more)
            self.wait_for_trials(after)
            process.send_signal(sig)
            done = self.finish(process)
            result = self.read_result(self.file)
            if not result["kvs_bench"]["complete"]:
                return done, result
            # All of it went by before this process had a CPU again.
            window_ms *= 4

    def order_of_an_uninterrupted_run(self):
        whole = self.scratch / "whole.json"
        done = self.run_bench(*RUN, "--duration", "1ms", "--dir", self.data, "--out", whole)
        self.assertEqual(done.code, OK, str(done))
        return identities(self.read_result(whole))

    def edit(self, change):
        result = json.loads(self.file.read_text(encoding="utf-8"))
        change(result["kvs_bench"])
        self.file.write_text(json.dumps(result), encoding="utf-8")

    def check_whole(self, result, kept):
        """`result` has all planned trials once, in the planned order, and the first are `kept`."""
        ours = result["kvs_bench"]
        self.assertTrue(ours["complete"])
        self.assertEqual(len(ours["trials"]), PLANNED)
        self.assertEqual({t["status"] for t in ours["trials"]}, {"ok"})
        self.assertEqual(ours["trials"][:len(kept)], kept, "what was measured stays")
        self.assertEqual(identities(result), self.order_of_an_uninterrupted_run())

    @in_release_only
    def test_ctrl_c_and_the_command_that_is_printed(self):
        table = self.scratch / "a b.csv"
        done, partial = self.interrupt(3, signal.SIGINT, "--csv", table, "--costs")
        self.assertEqual(done.code, INTERRUPTED, str(done))
        kept = [t for t in partial["kvs_bench"]["trials"] if t["status"] == "ok"]
        self.assertGreaterEqual(len(kept), 3)
        (command,) = re.findall(r"^to go on with it: (.*)$", done.err, re.MULTILINE)
        words = shlex.split(command)
        self.assertEqual(words, [str(BUILD / "kvs-bench"), "--resume", str(self.file), "--csv",
                                 str(table), "--costs"])
        # From elsewhere: the file does not depend on where the command is given.
        again = subprocess.run(words, cwd="/", capture_output=True, text=True, timeout=300)
        self.assertEqual(again.returncode, OK, again.stderr)
        result = self.read_result(self.file)
        self.check_whole(result, kept)
        ours = result["kvs_bench"]
        self.assertNotIn("environment", " ".join(ours.get("notes", [])))
        first, second = ours["sessions"]
        self.assertEqual((first["trials"], second["trials"]), (len(kept), PLANNED - len(kept)))
        self.assertEqual(first["command_line"], ours["command_line"])
        self.assertIn("--resume", second["command_line"])
        self.assertEqual(first["started_at"], ours["started_at"])
        self.assertEqual(first["elapsed_s"], partial["kvs_bench"]["elapsed_s"])
        self.assertAlmostEqual(first["elapsed_s"] + second["elapsed_s"], ours["elapsed_s"])
        self.assertEqual(second["machine"]["fingerprint"], ours["machine"]["fingerprint"])
        lines = table.read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(lines), 1 + PLANNED)
        self.assertIn("CPU", again.stdout)  # of --costs
        self.assert_no_stores()
        self.nothing_is_left_to_do()

    def nothing_is_left_to_do(self):
        """A complete run is shown again."""
        before = self.file.read_bytes()
        table = self.scratch / "again.csv"
        done = self.run_bench("--resume", self.file, "--csv", table, "--costs")
        self.assertEqual(done.code, OK, str(done))
        self.assertEqual(done.err, f"{self.file}: complete, nothing to do\n")
        self.assertIn("lockfree", done.out)
        self.assertIn("CPU", done.out)  # of --costs
        self.assertEqual(len(table.read_text(encoding="utf-8").splitlines()), 1 + PLANNED)
        self.assertEqual(self.file.read_bytes(), before)
        self.file.with_suffix(".txt").write_text("dear", encoding="utf-8")
        done = self.run_bench("--resume", self.file, "--csv", self.file.with_suffix(".txt"))
        self.assertEqual(done.code, USAGE, str(done))

    def test_an_interrupted_run_is_not_written_over(self):
        self.interrupt(1)
        before = self.file.read_bytes()
        done = self.run_bench(*RUN, "--dir", self.data, "--out", self.file)
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn(f"--resume {self.file}", done.err)
        self.assertEqual(self.file.read_bytes(), before)

    def test_kill_9_twice(self):
        _, partial = self.interrupt(2, signal.SIGKILL, window_ms=600)
        kept = partial["kvs_bench"]["trials"]
        self.assertEqual({t["status"] for t in kept}, {"ok"})
        process = self.start("--resume", self.file)
        self.wait_for_trials(len(kept) + 2)
        process.kill()
        process.communicate()
        kept = self.read_trials()
        done = self.run_bench("--resume", self.file)
        self.assertEqual(done.code, OK, str(done))
        self.assertIn(f"there already: {len(kept)} of {PLANNED} planned trials", done.err)
        self.assertIn("rm -r", done.err, "the killed session's stores are named")
        result = self.read_result(self.file)
        self.assertEqual(len(result["kvs_bench"]["sessions"]), 3)
        self.assertEqual(sum(s["trials"] for s in result["kvs_bench"]["sessions"]), PLANNED)
        self.check_whole(result, kept)

    def test_a_run_that_goes_on_is_not_resumed(self):
        process = self.start_run("--duration", "10min")
        # Said once the file is locked, which is after it is there.
        while "of warm-up and measuring" not in (line := process.stderr.readline()):
            self.assertTrue(line, "it ended before it began to measure")
        done = self.run_bench("--resume", self.file)
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertIn("a run is writing it right now", done.err)
        done = self.run_bench(*RUN, "--dir", self.data, "--out", self.file, "--force")
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertIn("another run is writing it", done.err)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).code, INTERRUPTED)

    @in_release_only
    def test_failed_trials_stay_failed(self):
        self.program = "kvs-bench-faulty"
        run = ["--engine", "null,crashes,good", "--workload", "ycsb-c", "--threads", "1",
               "--records", "300", "--duration", "1s", "--trials", "3", "--warmup", "0s"]
        process = self.start(*run, "--dir", self.data, "--out", self.file)
        self.wait_for_trials(4)  # a round, and one more
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).code, INTERRUPTED)
        kept = [t for t in self.read_trials() if t["status"] != "interrupted"]
        self.assertIn("failed", {t["status"] for t in kept})
        done = self.run_bench("--resume", self.file)
        self.assertEqual(done.code, ENGINE_FAILED, str(done))
        result = self.read_result(self.file)
        self.assertEqual(result["kvs_bench"]["trials"][:len(kept)], kept)
        self.assertEqual(len(trials(result, engine="crashes")), 3)
        self.assertTrue(result["kvs_bench"]["complete"])

    @in_release_only
    def test_another_environment_is_refused_and_named_or_noted(self):
        self.interrupt(2)
        original = self.file.read_bytes()

        def pretend(ours):
            ours["version"] = "0.0.1"
            ours["machine"]["facts"]["kernel"] = "1.0"

        def pretend_a_library(ours):
            for part in ours["trials"] + ours["cells"]:
                if part["cell"]["engine"] in ("mutex", "lockfree"):
                    part["library"] = "Another 1.0"

        for change, named in ((pretend, ["kvs-bench: 0.0.1, now ", "kernel: 1.0, now "]),
                              (pretend_a_library, ["Another 1.0, now lockfree"])):
            with self.subTest(named=named):
                self.file.write_bytes(original)
                self.edit(change)
                before = self.file.read_bytes()
                done = self.run_bench("--resume", self.file)
                self.assertEqual(done.code, ENVIRONMENT, str(done))
                for name in named + ["--allow-environment-mismatch"]:
                    self.assertIn(name, done.err)
                self.assertEqual(self.file.read_bytes(), before, "nothing is lost")
                self.assert_no_stores()
        done = self.run_bench("--resume", self.file, "--allow-environment-mismatch")
        self.assertEqual(done.code, OK, str(done))
        (note,) = [note for note in self.read_result(self.file)["kvs_bench"]["notes"]
                   if "environment" in note]
        self.assertIn("resumed in another environment", note)
        self.assertIn("Another 1.0, now lockfree", note)
        self.assertIn("resumed in another environment", done.out)

    def test_files_that_cannot_be_resumed_are_refused_exactly(self):
        self.interrupt(2)
        original = self.file.read_bytes()

        def refused(message, change=None):
            if change:
                self.file.write_bytes(original)
                self.edit(change)
            before = self.file.read_bytes()
            done = self.run_bench("--resume", self.file)
            self.assertEqual(done.code, USAGE, str(done))
            self.assertIn(str(self.file), done.err)
            self.assertIn(message, done.err)
            self.assertEqual(self.file.read_bytes(), before)

        refused("does not say what was asked for",
                lambda ours: ours.pop("plan"))
        refused("/benchmarks/0/", lambda ours: ours["trials"][0].update(throughput_per_s=1e9))
        refused("planned_trials", lambda ours: ours["plan"].update(trials=5))
        refused("unknown pool 'pond'", lambda ours: ours["plan"].update(pools=["pond"]))
        refused("not in the plan", lambda ours: ours["plan"].update(threads=[3]))
        refused("has seed 7", lambda ours: ours.update(seed=8))
        self.file.write_bytes(original[:len(original) // 2])
        refused("cut short")
        self.file.unlink()
        done = self.run_bench("--resume", self.file)
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn("No such file", done.err)

    def test_what_the_file_says_cannot_be_said_beside_it(self):
        for message, arguments in [
                ("leave out --engine", ["--resume", "x", "--engine", "mutex"]),
                ("leave out --out", ["--resume", "x", "--out", "y"]),
                ("leave out --trials", ["--trials", "3", "--resume", "x"]),
                ("is the file of --resume", ["--resume", "x", "--csv", "./x"]),
                ("belongs to --resume", ["--allow-environment-mismatch"]),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_bench(*arguments)
                self.assertEqual(done.code, USAGE, str(done))
                self.assertIn(message, done.err)


if __name__ == "__main__":
    unittest.main()
