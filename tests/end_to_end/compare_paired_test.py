"""kvs-bench compare on arms that are measured: blocks, stages, the A/A arm, exit codes. All but the last
class on arms whose trials come from a script, so that no time decides."""

import json
import shutil
import signal
import time
import unittest

from bench import (BUILD, ENGINE_FAILED, ENVIRONMENT, INTERRUPTED, OK, USAGE, BenchTest,
                   in_release_only, trials)

REGRESSION, INCONCLUSIVE = 1, 3
SCRIPTED = BUILD / "kvs-bench-scripted"
BASELINE, CANDIDATE, COPY = "arm-0", "arm-1", "arm-2"
# Blocks that decide about all figures of a scripted trial, in either of two stages.
BLOCKS = 7
ENOUGH = ["--blocks", str(BLOCKS)]
AGAIN = ["--stages", "2"]
ONE_CELL = ["--engine", "mutex", "--workload", "ycsb-c", "--threads", "1"]


class PairedTest(BenchTest):

    def setUp(self):
        super().setUp()
        self.out = self.scratch / "out"
        self.log = self.scratch / "log"

    def start_compare(self, *arguments, script=None, programs=(SCRIPTED, SCRIPTED)):
        script = {"log": str(self.log), **(script or {})}
        shutil.rmtree(self.out, ignore_errors=True)
        arms = ["--baseline", programs[0], "--candidate", programs[1]] if programs else []
        return self.start("compare", *arms, *arguments, "--dir", self.data, "--out", self.out,
                          environment={"KVS_ARM_SCRIPT": json.dumps(script)})

    def start_compare_again(self):
        return self.start("compare", "--baseline", SCRIPTED, "--candidate", SCRIPTED, *ONE_CELL,
                          "--dir", self.data, "--out", self.out)

    def compare(self, *arguments, code, **more):
        done = self.finish(self.start_compare(*arguments, **more))
        self.assertEqual(done.code, code, str(done))
        self.assert_no_stores()
        return done

    def logged(self):
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def arm_file(self, name):
        return self.read_result(self.out / f"{name}.json")["kvs_bench"]


class BlocksTest(PairedTest):

    @in_release_only
    def test_every_cell_in_each_block_with_the_same_operations_in_all_arms(self):
        engines = ["mutex", "lockfree"]
        self.compare("--engine", ",".join(engines), "--workload", "ycsb-a,ycsb-c", "--threads",
                     "1", *ENOUGH, "--seed", "7", code=OK)
        cells, orders = {}, set()
        for begin in range(0, len(self.logged()), 6):
            six = self.logged()[begin:begin + 6]
            arms = [trial["arm"] for trial in six]
            self.assertEqual(arms, arms[::-1])
            self.assertEqual(sorted(arms), sorted(2 * [BASELINE, CANDIDATE, COPY]))
            orders.add(tuple(arms))
            asked = {json.dumps([word for word in trial["arguments"]
                                 if word.split("=")[0] not in ("--out", "--dir")])
                     for trial in six}
            self.assertEqual(len(asked), 1)
            words = six[0]["arguments"]
            cell = tuple(w for w in words if w.startswith(("--engine=", "--workload=")))
            cells.setdefault(six[0]["seed"], []).append(cell)
        self.assertEqual(sorted(cells), list(range(7, 7 + BLOCKS)))
        self.assertTrue(all(len(of_block) == len(set(of_block)) == 2 * len(engines)
                            for of_block in cells.values()))
        self.assertGreater(len({tuple(of_block) for of_block in cells.values()}), 1)
        self.assertGreater(len(orders), 1)
        places = {word for trial in self.logged() for word in trial["arguments"]
                  if word.startswith(("--out=", "--dir="))}
        self.assertEqual(len(places), 2, "paths of one length, as they shift the stack")

    @in_release_only
    def test_two_comparisons_with_one_seed_do_not_run_in_step(self):
        orders = set()
        for _ in range(2):
            self.log.unlink(missing_ok=True)
            self.compare(*ONE_CELL, *ENOUGH, code=OK)
            orders.add(tuple(trial["arm"] for trial in self.logged()))
        self.assertEqual(len(orders), 2)

    def test_options_reach_the_arms_as_they_were_written(self):
        self.compare(*ONE_CELL, "--blocks", "1", "--records", "2k", "-p",
                     "requestdistribution=uniform", "--memory-budget", "64MiB", "--duration", "3s",
                     "--cold", "--sampling-period", "8", code=INCONCLUSIVE)
        words = self.logged()[0]["arguments"]
        for word in ("--records=2k", "--property=requestdistribution=uniform",
                     "--memory-budget=64MiB", "--duration=3s", "--cold", "--sampling-period=8",
                     "--engine=mutex", "--workload=ycsb-c", "--threads=1", "--pool=dedicated",
                     "--durability=process", "--trials=1", "--no-floor", "--quiet", "--seed=1"):
            self.assertIn(word, words)
        self.assertFalse([word for word in words if word.startswith("--warmup")])

    def test_short_windows_by_default_and_counted_ones_where_the_workload_counts(self):
        self.compare("--engine", "mutex", "--workload", "ycsb-c,fillrandom", "--threads", "1",
                     "--blocks", "1", code=INCONCLUSIVE)
        for trial in self.logged():
            words = trial["arguments"]
            self.assertEqual("--duration=100ms" in words, "--workload=ycsb-c" in words)
            self.assertIn("--warmup=50ms", words)

    @in_release_only
    def test_the_arms_files_are_results_that_can_be_read(self):
        self.compare(*ONE_CELL, *ENOUGH, code=OK)
        for name in ("baseline", "candidate", "copy"):
            ours = self.arm_file(name)
            self.assertTrue(ours["complete"])
            self.assertEqual(ours["planned_trials"], 2 * BLOCKS)
            blocks = [(trial["repetition"], trial["seed"]) for trial in ours["trials"]]
            self.assertEqual(blocks, [(block, block + 1) for block in range(BLOCKS) for _ in "ab"])
        done = self.run_bench("compare", self.out / "baseline.json", self.out / "candidate.json",
                              "--allow-environment-mismatch")
        # By the rules for files, which do not know of blocks, and see their drift as noise.
        self.assertEqual(done.code, INCONCLUSIVE, str(done))
        self.assertIn("14+14", done.out)
        done = self.run_bench("--resume", self.out / "baseline.json")
        self.assertEqual((done.code, done.err.split(": ")[-1]), (OK, "complete, nothing to do\n"))
        done = self.finish(self.start_compare_again())
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn("is there already; name another directory", done.err)

    @in_release_only
    def test_two_engines_of_one_program(self):
        done = self.compare("--baseline-engine", "lockfree", "--candidate-engine",
                            "lockfree:ordered=true", "--workload", "ycsb-c", "--threads", "1",
                            *ENOUGH, code=OK)
        self.assertIn("engine:lockfree|lockfree:ordered=true/", done.out)
        self.assertIn("lockfree:ordered=true of ", done.out)
        engines = {(trial["arm"], word) for trial in self.logged() for word in trial["arguments"]
                   if word.startswith("--engine=")}
        self.assertEqual(engines, {(BASELINE, "--engine=lockfree"), (COPY, "--engine=lockfree"),
                                   (CANDIDATE, "--engine=lockfree:ordered=true")})

    @in_release_only
    def test_undecided_cells_are_measured_again_and_judged_on_fresh_blocks_alone(self):
        script = {"arms": {CANDIDATE: {"factor": 0.9, "noisy_before": 1 + BLOCKS}}}
        done = self.compare(*ONE_CELL, *ENOUGH, *AGAIN, script=script, code=REGRESSION)
        self.assertRegex(done.out, r"REGRESSED     throughput .* -10\.\d% .* 14  stage 2")
        self.assertEqual([trial["seed"] for trial in self.logged()],
                         [1 + i // 6 for i in range(2 * BLOCKS * 6)])


@in_release_only
class VerdictsTest(PairedTest):

    def test_a_loss_of_ten_percent_is_a_regression(self):
        done = self.compare(*ONE_CELL, *ENOUGH, script={"arms": {CANDIDATE: {"factor": 0.9}}},
                            code=REGRESSION)
        self.assertTrue(done.out.startswith("REGRESSED: "), str(done))
        self.assertRegex(done.out, r"  REGRESSED     throughput .* -10\.\d% ")
        self.assertIn("the arms differ in host.build: 'arm-0', then 'arm-1'", done.out)
        self.assertNotIn("unpaired", done.out)
        self.assertEqual(len(self.logged()), BLOCKS * 6, "what is decided is not measured again")

    def test_markdown(self):
        done = self.compare(*ONE_CELL, *ENOUGH, "--format", "markdown", code=OK)
        self.assertTrue(done.out.startswith("<!-- kvs-bench compare -->\n### kvs-bench: OK\n"))

    def test_only_undecided_cells_are(self):
        script = {"arms": {CANDIDATE: {"noisy_before": 1 + BLOCKS, "noisy_in": "ycsb-a"}}}
        self.compare("--engine", "mutex", "--workload", "ycsb-a,ycsb-c", "--threads", "1", *ENOUGH,
                     *AGAIN, script=script, code=OK)
        again = [trial for trial in self.logged() if trial["seed"] > BLOCKS]
        self.assertEqual(len(again), BLOCKS * 6)
        self.assertTrue(all("--workload=ycsb-a" in trial["arguments"] for trial in again))

    def test_what_stays_undecided_is_inconclusive(self):
        script = {"arms": {CANDIDATE: {"noisy_before": 99}}}
        done = self.compare(*ONE_CELL, *ENOUGH, *AGAIN, script=script, code=INCONCLUSIVE)
        self.assertRegex(done.out, r"  INCONCLUSIVE  throughput .* 14\n +stage 2; would notice ")

    def test_a_baseline_that_differs_from_its_copy_makes_all_untrusted(self):
        script = {"arms": {COPY: {"factor": 0.9}, CANDIDATE: {"factor": 0.5}}}
        done = self.compare(*ONE_CELL, *ENOUGH, script=script, code=INCONCLUSIVE)
        self.assertTrue(done.out.startswith("UNTRUSTED: "), str(done))
        self.assertIn("the baseline differs from its own copy by -1", done.out)

    def test_without_a_copy_the_output_says_so(self):
        done = self.compare(*ONE_CELL, *ENOUGH, "--no-copy", code=OK)
        self.assertIn("nothing vouches for these verdicts", done.out)
        self.assertEqual({trial["arm"] for trial in self.logged()}, {BASELINE, CANDIDATE})
        self.assertFalse((self.out / "copy.json").exists())


class FailuresTest(PairedTest):

    @in_release_only
    def test_a_candidate_that_fails(self):
        for end in ("failed", "wrong-answer", "dies"):
            with self.subTest(end=end):
                self.log.unlink(missing_ok=True)
                script = {"arms": {CANDIDATE: {"ends": {"3": end}}}}
                done = self.compare(*ONE_CELL, *ENOUGH, script=script, code=ENGINE_FAILED)
                self.assertTrue(done.out.startswith("FAILED: "), str(done))
                self.assertIn("scripted so" if end != "dies" else "famous last words", done.out)
                self.assertEqual(self.logged()[-1]["arm"], CANDIDATE, "not measured further")
                last = self.arm_file("candidate")["trials"][-1]
                self.assertIn(last["status"], ("failed", "wrong-answer"))
                self.assertEqual((last["repetition"], last["seed"]), (2, 3))

    @in_release_only
    def test_a_trial_that_the_machine_gave_no_processor(self):
        script = {"arms": {CANDIDATE: {"ends": {"3": "idle"}}}}
        done = self.compare(*ONE_CELL, "--blocks", "20", script=script, code=OK)
        self.assertIn("left out 1 of 20 blocks, in which a trial completed no operation",
                      " ".join(done.out.split()))
        self.assertEqual(len(self.arm_file("candidate")["trials"]), 40)

    def test_a_baseline_that_fails_leaves_nothing_to_compare_with(self):
        script = {"arms": {BASELINE: {"ends": {"1": "failed"}}}}
        done = self.compare(*ONE_CELL, *ENOUGH, script=script, code=INCONCLUSIVE)
        self.assertIn("baseline: ", done.out)

    @in_release_only
    def test_what_an_arm_cannot_do_is_named(self):
        script = {"arms": {CANDIDATE: {"ends": {"1/ycsb-a": "unsupported"}}}}
        done = self.compare("--engine", "mutex", "--workload", "ycsb-a,ycsb-c", "--threads", "1",
                            *ENOUGH, script=script, code=OK)
        self.assertRegex(done.out, r"warning    not compared: ycsb-a/.*candidate: unsupported: it is")
        script = {"arms": {CANDIDATE: {"ends": {"1": "unsupported"}}}}
        done = self.compare(*ONE_CELL, *ENOUGH, script=script, code=USAGE)
        self.assertIn("nothing can be compared", done.err)

    def test_a_machine_that_refuses(self):
        script = {"arms": {CANDIDATE: {"ends": {"2": "environment"}}}}
        done = self.compare(*ONE_CELL, *ENOUGH, script=script, code=ENVIRONMENT)
        self.assertIn("the disk is full", done.err)
        self.assertEqual(len(self.arm_file("baseline")["trials"]), 2, "the blocks before are kept")

    def test_workloads_that_differ(self):
        script = {"workload": {CANDIDATE: {"fieldlength": "7"}}}
        done = self.compare(*ONE_CELL, *ENOUGH, script=script, code=USAGE)
        self.assertIn("workload ycsb-c: fieldlength: '(not there)', then '7'", done.err)

    def test_results_of_another_version(self):
        script = {"arms": {CANDIDATE: {"ends": {"1": "newer"}}}}
        done = self.compare(*ONE_CELL, *ENOUGH, script=script, code=USAGE)
        self.assertIn("the candidate's result cannot be read by this version", done.err)
        self.assertIn("run `compare` of the newer one", done.err)

    def shell_program(self, name, text):
        path = self.scratch / name
        path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def test_programs_that_cannot_be_arms(self):
        old = self.shell_program("old", """
            case "$*" in *--version*) echo kvs-bench 0.0.1; exit 0;; esac
            echo "kvs-bench: unknown option '--no-floor'" >&2; exit 2
            """)
        refusing = self.shell_program("refusing", """
            case "$*" in *--version*) echo kvs-bench 0.0.1; exit 0;; esac
            echo "kvs-bench: --engine: unknown setting" >&2; exit 2
            """)
        other = self.shell_program("other", "echo something else")
        needs = self.shell_program("needs", """
            test -e "$(dirname "$0")/companion" || { echo no companion; exit 127; }
            echo kvs-bench 0.0.1
            """)
        (self.scratch / "companion").touch()
        for candidate, says in ((old, "too old to be an arm: it does not know --no-floor"),
                                (refusing, "--engine: unknown setting"),
                                (other, "is no kvs-bench: asked for its --version: something else"),
                                (needs, "runs where it lies, but not as a copy"),
                                (self.scratch / "missing", "No such file or directory"),
                                (self.scratch, "is no program")):
            with self.subTest(candidate=candidate.name):
                done = self.compare(*ONE_CELL, *ENOUGH, programs=(SCRIPTED, candidate), code=USAGE)
                self.assertIn(says, done.err)
                self.assertEqual(done.out, "")

    def wait_for_log(self, count):
        deadline = time.monotonic() + 300
        while not self.log.exists() or len(self.log.read_text().splitlines()) < count:
            self.assertLess(time.monotonic(), deadline, "never happened")
            time.sleep(0.02)

    def test_ctrl_c_judges_what_was_measured(self):
        script = {"arms": {arm: {"ends": {"13": "waits"}} for arm in (BASELINE, CANDIDATE, COPY)}}
        script["arms"][CANDIDATE]["factor"] = 0.9
        process = self.start_compare(*ONE_CELL, "--blocks", "20", script=script)
        self.wait_for_log(12 * 6 + 1)
        process.send_signal(signal.SIGINT)
        done = self.finish(process, timeout=60)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assertIn("interrupted in stage 1", done.out)
        self.assertRegex(done.out, r"  REGRESSED     throughput .* -10\.\d% .* 24\n")
        self.assert_no_stores()
        ours = self.arm_file("baseline")
        self.assertFalse(ours["complete"])
        self.assertEqual((len(ours["trials"]), ours["planned_trials"]), (24, 40))
        done = self.run_bench("--resume", self.out / "baseline.json")
        self.assertEqual(done.code, USAGE, str(done))

    def test_a_directory_that_another_comparison_writes_to(self):
        # Before its first block ends, so before there are files.
        script = {"arms": {arm: {"ends": {"1": "waits"}} for arm in (BASELINE, CANDIDATE, COPY)}}
        process = self.start_compare(*ONE_CELL, "--blocks", "20", script=script)
        self.wait_for_log(1)
        done = self.finish(self.start_compare_again())
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertIn("is locked, as by another comparison that writes its results there", done.err)
        process.send_signal(signal.SIGINT)
        done = self.finish(process, timeout=60)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assertIn("interrupted in stage 1", done.out)
        self.assertEqual(self.arm_file("baseline")["trials"], [])

    def test_a_file_that_came_before_the_first_block_ended_is_left_as_it_is(self):
        script = {"arms": {arm: {"ends": {"1": "waits"}} for arm in (BASELINE, CANDIDATE, COPY)}}
        process = self.start_compare(*ONE_CELL, "--blocks", "20", script=script)
        self.wait_for_log(1)
        (self.out / "candidate.json").write_text("of another run")
        process.send_signal(signal.SIGINT)
        done = self.finish(process, timeout=60)
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertIn("candidate.json: was not there when the comparison began", done.err)
        self.assertEqual((self.out / "candidate.json").read_text(), "of another run")
        self.assertFalse((self.out / "baseline.json").exists(), "an empty file is in the way")
        self.assert_no_stores()


class UsageTest(PairedTest):

    def test_what_has_to_be_said(self):
        for arguments, says in (
                (["--engine", "mutex"], "two programs (--baseline, --candidate)"),
                (["--baseline", SCRIPTED, "--engine", "mutex"], "belong together"),
                (["--baseline-engine", "mutex"], "belong together"),
                (["--baseline", SCRIPTED, "--candidate", SCRIPTED], "with --engine"),
                (["--baseline-engine", "mutex,rwlock", "--candidate-engine", "mutex"],
                 "--baseline-engine: 'mutex,rwlock' are 2 engines; name one"),
                (["--baseline-engine", "mutex", "--candidate-engine", "mutex", "--engine", "null"],
                 "--engine: leave it out"),
                (["--baseline-engine", "mutex", "--candidate-engine", "mutx"], "did you mean"),
                (["--baseline-engine", "mutex", "--candidate-engine", "rwlock", "--blocks", "0"],
                 "--blocks"),
                (["--baseline-engine", "mutex", "--candidate-engine", "rwlock", "--stages", "11"],
                 "--stages"),
                (["--baseline-engine", "mutex", "--candidate-engine", "rwlock",
                  "--allow-environment-mismatch"], "belongs to two result files")):
            with self.subTest(arguments=arguments):
                done = self.compare(*arguments, programs=None, code=USAGE)
                self.assertIn(says, done.err)
                self.assertIn("kvs-bench compare --help", done.err)
        done = self.run_bench("compare", "a.json", "b.json", "--blocks", "12")
        self.assertEqual(done.code, USAGE)
        self.assertIn("measured before; leave out --blocks", done.err)


class OwnProgramTest(PairedTest):

    @in_release_only
    def test_two_engines_are_really_measured(self):
        done = self.finish(self.start_compare(
            "--baseline-engine", "mutex", "--candidate-engine", "rwlock", "--workload", "ycsb-a",
            "--threads", "1,2", "--records", "300", "--operations", "300", "--blocks", "2",
            "--no-copy", programs=None))
        # Two blocks tell nothing, whatever they show.
        self.assertEqual(done.code, INCONCLUSIVE, str(done))
        self.assertNotIn("REGRESSED  ", done.out)
        self.assert_no_stores()
        for name, engine in (("baseline", "mutex"), ("candidate", "rwlock")):
            result = self.read_result(self.out / f"{name}.json")
            self.assertEqual(len(trials(result, engine=engine, status="ok")), 8)
            self.assertEqual(len(result["kvs_bench"]["trials"]), 8, "no floors")

    def test_what_an_engine_cannot_do_is_told_from_a_wrong_command_line(self):
        done = self.finish(self.start_compare(
            "--baseline-engine", "mutex", "--candidate-engine", "single", "--workload", "ycsb-c",
            "--threads", "2", "--records", "300", "--operations", "300", "--blocks", "1",
            "--no-copy", programs=None))
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn("candidate: unsupported: 2 threads, it serves at most 1", done.err)


if __name__ == "__main__":
    unittest.main()
