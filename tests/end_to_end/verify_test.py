"""`kvs-bench verify`: sound engines pass, and every broken promise is caught, with evidence."""

import json
import os
import re
import signal
import unittest

from bench import (ENGINE_FAILED, ENVIRONMENT, HAS_SANITIZER, INTERRUPTED, OK, USAGE, BenchTest,
                   in_release_only, not_under_tsan)

# Counts, no durations: a slow build takes longer and does the same.
HISTORY = ["verify", "linearizability", "--rounds", "8", "--operations", "150"]
CRASH = ["verify", "crash", "--keys", "24", "--operations", "300"]
ENGINES = ["single", "mutex", "rwlock", "lockfree", "rocksdb", "lmdb", "sqlite"]


def few(cycles):
    return cycles // 3 if HAS_SANITIZER else cycles


class VerifyTest(BenchTest):

    def verify(self, *arguments, code=OK):
        done = self.run_bench(*arguments, "--dir", self.data, "--out", self.scratch / "evidence.json")
        self.assertEqual(done.code, code, str(done))
        return done

    def evidence(self):
        return json.loads((self.scratch / "evidence.json").read_text(encoding="utf-8"))


class EveryEngineTest(VerifyTest):

    def assert_all_pass(self, done, tiers=("process",)):
        lines = done.out.splitlines()
        for engine in set(ENGINES) & set(self.engine_names()):
            for tier in tiers:
                (line,) = [l for l in lines if l.startswith(f"{engine}, {tier}: ")]
                self.assertIn(": ok: ", line)
        self.assertNotIn("null", done.out)
        self.assert_no_stores()
        self.assertFalse((self.scratch / "evidence.json").exists(), "there is nothing to prove")

    def test_histories_are_linearizable(self):
        done = self.verify(*HISTORY)
        self.assert_all_pass(done)
        self.assertIn("single, process: 1 thread", done.err)
        self.assertIn("4800 operations by 4 threads", done.out)
        self.assertIn("1200 operations by 1 thread ", done.out)
        self.assertNotIn(" 0 times closed", done.out)

    @not_under_tsan
    def test_what_was_acknowledged_survives_kills(self):
        self.assert_all_pass(self.verify(*CRASH, "--cycles", few(6)))

    @in_release_only
    def test_what_a_kill_leaves_was_written(self):
        done = self.verify(*CRASH, "--cycles", few(3), "--durability", "none,sync")
        self.assert_all_pass(done, ("none", "sync"))

    @not_under_tsan
    def test_kills_during_recovery_and_compaction_of_small_segments(self):
        self.verify(*CRASH, "--cycles", few(25), "--engine", "lockfree:segment_size=16KiB")


@not_under_tsan
class BrokenEnginesTest(VerifyTest):

    program = "kvs-bench-faulty"

    def violation(self, *arguments):
        done = self.verify(*arguments, code=ENGINE_FAILED)
        self.assertIn("VIOLATION", done.out)
        (violation,) = self.evidence()["violations"]
        return done, violation

    def broken_history(self, engine, *more):
        done, violation = self.violation(*HISTORY, "--engine", engine, *more)
        # The minimal history is drawn, one line per operation, the last word marked.
        bars = [line for line in done.out.splitlines() if re.match("  [> ] thread .*[|]", line)]
        self.assertEqual(len(bars), len(violation["minimal"]))
        self.assertEqual(len([line for line in bars if line.startswith("  > ")]), 1)
        for row in violation["minimal"]:
            if row[3] != "remove":  # which may have answered more than the proof needs
                self.assertIn(row, violation["history"])
        return done, [row[3] for row in violation["minimal"]]

    def test_a_sound_one_passes_all(self):
        self.verify(*HISTORY, "--engine", "sound")
        self.verify(*CRASH, "--engine", "sound", "--cycles", few(10), "--durability", "process,none")
        self.assert_no_stores()

    def test_stale_reads(self):
        _, minimal = self.broken_history("stale")
        # What was read, what replaced it, and the read: a few more where they overlap.
        self.assertLessEqual(len(minimal), 8)
        self.assertTrue(any(word.startswith("get -> ") for word in minimal), minimal)

    def test_lost_updates(self):
        _, minimal = self.broken_history("forgets")
        self.assertTrue(any(word.startswith("set ") for word in minimal), minimal)

    def test_torn_values(self):
        done, minimal = self.broken_history("tears")
        self.assertEqual(minimal, ["get -> a value that nobody wrote"])
        self.assertIn("bytes: ", done.out)

    def test_wrong_answers_of_remove(self):
        _, minimal = self.broken_history("lies")
        self.assertTrue(any("remove" in word for word in minimal), minimal)

    def test_a_write_lost_at_a_close(self):
        self.broken_history("drops", "--rounds", "40")

    def broken_crash(self, engine, *more):
        # Many, as a cycle may end before anything is wrong; the first violation ends them all.
        done, violation = self.violation(*CRASH, "--engine", engine, "--cycles", "1000", *more)
        self.assertIn(violation["store"], done.out)
        self.assertTrue(os.path.isdir(violation["store"]), "the store is kept")
        return done, violation

    def test_acknowledged_writes_lost_at_a_kill(self):
        done, violation = self.broken_crash("late")
        self.assertIn("acknowledged was", done.out)
        key = violation["keys"][0]
        self.assertTrue(any(row[3] == "acknowledged" for row in key["history"]), key)
        self.assertEqual(violation["engine"], "late")

    @in_release_only
    def test_tier_none_may_lose_them(self):
        self.verify(*CRASH, "--engine", "late", "--cycles", "10", "--durability", "none")

    def test_removed_values_that_are_back(self):
        self.broken_crash("undead")

    @in_release_only
    def test_forgotten_and_torn_writes_are_seen_after_a_kill(self):
        self.broken_crash("forgets")

    @in_release_only
    def test_values_that_nobody_wrote_in_any_tier(self):
        done, _ = self.broken_crash("tears", "--durability", "none")
        self.assertIn("nobody wrote", done.out)

    def test_a_store_that_cannot_be_opened_after_a_kill(self):
        done, _ = self.broken_crash("fragile")
        self.assertIn("cannot recover", done.out)

    def test_a_store_that_hangs_after_a_kill(self):
        done, _ = self.broken_crash("stuck", "--timeout", "3s")
        self.assertIn("hung", done.out)

    def test_an_engine_that_dies_is_reported(self):
        for engine, word in [("crashes", "SIGSEGV"), ("exits", "code 42"),
                             ("throws", "the disk is on fire")]:
            with self.subTest(engine=engine):
                done, _ = self.violation(*HISTORY, "--engine", engine)
                self.assertIn(word, done.out)

    def test_an_engine_that_hangs_is_reported(self):
        done, _ = self.violation(*HISTORY, "--engine", "hangs", "--timeout", "3s")
        self.assertIn("hung", done.out)

    def test_others_are_still_verified(self):
        done = self.verify(*HISTORY, "--engine", "tears,sound", code=ENGINE_FAILED)
        self.assertIn("sound, process: ok", done.out)


class CommandTest(VerifyTest):

    @not_under_tsan
    def test_refusals(self):
        for message, arguments in [
                ("write 'verify linearizability', ", ["verify"]),
                ("did you mean 'crash'?", ["verify", "crahs"]),
                ("did you mean '--cycles'?", ["verify", "crash", "--cycle", "3"]),
                ("unknown option '--cycles'", ["verify", "linearizability", "--cycles", "3"]),
                ("did you mean 'rocksdb'?", ["verify", "crash", "--engine", "rockdb"]),
                ("did you mean 'process'?", ["verify", "crash", "--durability", "proces"]),
                ("null, process: unsupported: it stores no data",
                 ["verify", "crash", "--engine", "null"]),
                ("too few for 4 threads", ["verify", "crash", "--keys", "3"]),
                ("from 1 to 16", ["verify", "crash", "--threads", "17"]),
                ("at least 1", ["verify", "linearizability", "--rounds", "0"]),
                ("can be recorded", ["verify", "linearizability", "--operations", "1G"]),
                ("--engine stands before", ["--engine", "mutex", "verify", "crash"]),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_bench(*arguments)
                self.assertEqual(done.code, USAGE, str(done))
                self.assertIn(message, done.err)
                self.assertEqual(done.out, "")
        self.assert_no_stores()

    def test_hidden_command_is_none(self):
        done = self.run_bench("verify-process", "{}")
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn("not a command", done.err)

    def test_evidence_that_could_not_be_written(self):
        done = self.run_bench(*CRASH, "--engine", "mutex", "--dir", self.data, "--out",
                              self.scratch / "missing" / "evidence.json")
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assert_no_stores()

    def test_help(self):
        for command in (["verify"], ["verify", "crash"], ["verify", "linearizability"]):
            done = self.run_bench(*command, "--help")
            self.assertEqual((done.code, done.err), (OK, ""), str(done))
            self.assertIn("Examples:", done.out)

    def interrupt(self, *command):
        process = self.start(*command, "--dir", self.data)
        for line in process.stderr:  # it is well under way
            if " of " in line:
                break
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assertIn("interrupted", done.out)
        self.assert_no_stores()
        return done

    def test_interrupted(self):
        done = self.interrupt("verify", "crash", "--engine", "mutex", "--cycles",
                              60 if HAS_SANITIZER else 300, "--operations", "10")
        self.assertIn("cycles", done.out)

    def test_interrupted_history(self):
        done = self.interrupt("verify", "linearizability", "--engine", "mutex", "--rounds", "500",
                              "--operations", "100")
        self.assertIn("operations by", done.out)

    def test_quiet(self):
        done = self.verify(*HISTORY, "--engine", "mutex", "--quiet")
        self.assertEqual(done.err, "")


if __name__ == "__main__":
    unittest.main()
