"""`kvs-bench verify contract`: sound engines pass the contract suite, broken ones are caught."""

import json
import os
import shutil
import signal
import unittest

from bench import (BUILD, ENGINE_FAILED, ENVIRONMENT, HAS_SANITIZER, INTERRUPTED, OK, USAGE,
                   BenchTest, in_release_only)

# The property-based test: fewer cases, and a long one that fails is good enough.
QUICK = {"RC_PARAMS": "max_success=5 noshrink=1"}


class ContractTest(BenchTest):

    def verify(self, *arguments, code=OK, **environment):
        done = self.run_bench("verify", "contract", *arguments, "--dir", self.data, "--out",
                              self.scratch / "evidence.json",
                              environment={**QUICK, **environment})
        self.assertEqual(done.code, code, str(done))
        return done

    def line_of(self, done, target):
        (line,) = [l for l in done.out.splitlines() if l.startswith(f"{target}: ")]
        return line

    def assert_passes(self, done, target):
        self.assertRegex(self.line_of(done, target), ": ok: [0-9]+ tests passed")


class SoundEnginesTest(ContractTest):

    # ctest runs the suite over all of them; here it is started for few.
    def test_one_that_stores_nothing_passes_the_tests_that_are_left(self):
        done = self.verify("--engine", "null", "--quiet")
        self.assert_passes(done, "null, process")
        self.assertIn("StoringEngineTest", self.line_of(done, "null, process"))
        self.assertEqual(done.err, "")
        self.assertFalse((self.scratch / "evidence.json").exists(), "there is nothing to prove")

    @in_release_only
    def test_settings_and_tier_reach_the_stores(self):
        target = "mutex:ordered=true,segment_size=64KiB"
        done = self.verify("--engine", target, "--durability", "none", GTEST_FILTER="NoSuchTest")
        self.assert_passes(done, f"{target}, none")
        excluded = self.line_of(done, f"{target}, none").split("declares: ")[1].split(", ")
        self.assertIn("UnorderedEngineTest", excluded)
        self.assertNotIn("OrderedEngineTest", excluded)


class BrokenEnginesTest(ContractTest):

    program = "kvs-bench-faulty"

    def violations(self, *arguments):
        done = self.verify(*arguments, code=ENGINE_FAILED)
        evidence = json.loads((self.scratch / "evidence.json").read_text(encoding="utf-8"))
        self.assertEqual(evidence["kvs_bench_verify"], "contract")
        for violation in evidence["violations"]:
            self.assertIn("VIOLATION", self.line_of(done, f"{violation['engine']}, process"))
        return done, evidence["violations"]

    def test_broken_promises_are_caught_and_a_sound_engine_passes(self):
        broken = {
            "lies": ("ThreadedEngineTest.OwnKeysAreExactAndHotKeysAreWhole", "remove of own"),
            "forgets": ("StoringEngineTest.DataIsThereAfterCloseAndReopen", "nullopt"),
        }
        if HAS_SANITIZER:
            del broken["forgets"]
        done, violations = self.violations("--engine", ",".join([*broken, "sound"]))
        self.assert_passes(done, "sound, process")
        self.assertEqual([v["engine"] for v in violations], list(broken))
        for violation, (test, words) in zip(violations, broken.values()):
            (failed,) = [f for f in violation["failed"] if f["test"] == f"Contract/{test}"]
            self.assertIn(words, "".join(failed["failures"]))
            shown = violation["failed"][0]
            self.assertIn(f"  {shown['test']}\n    {shown['failures'][0].splitlines()[0]}\n",
                          done.out)
        self.assert_no_stores()

    def test_one_that_dies_is_reported_with_the_test(self):
        done, (violation,) = self.violations("--engine", "crashes")
        self.assertIn("Contract/StoringEngineTest.", violation["what"])
        self.assertIn("SIGSEGV", done.out)
        self.assertIn("about to crash", done.out)
        self.assertIn("[ RUN ", violation["output"])

    @in_release_only
    def test_one_that_hangs_is_reported_with_the_test(self):
        done, (violation,) = self.violations("--engine", "stuck", "--timeout", "8s")
        self.assertIn("Contract/StoringEngineTest.OpensAfter", violation["what"])
        self.assertIn("hung", done.out)
        self.assertTrue(os.listdir(violation["store"]), "the store is kept")


class CommandTest(ContractTest):

    def test_refusals(self):
        for message, arguments in [
                ("did you mean 'contract'?", ["verify", "contrat"]),
                ("did you mean 'rocksdb'?", ["verify", "contract", "--engine", "rockdb"]),
                ("unknown setting 'orderd'",
                 ["verify", "contract", "--engine", "mutex:orderd=true"]),
                ("did you mean 'process'?", ["verify", "contract", "--durability", "proces"]),
                ("did you mean '--engine'?", ["verify", "contract", "--engin", "mutex"]),
                ("unknown option '--cycles'", ["verify", "contract", "--cycles", "3"]),
                ("unexpected argument 'crash'", ["verify", "contract", "crash"]),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_bench(*arguments)
                self.assertEqual(done.code, USAGE, str(done))
                self.assertIn(message, done.err)
                self.assertEqual(done.out, "")

    def test_a_missing_suite_is_named_with_its_target(self):
        self.program = shutil.copy(BUILD / "kvs-bench", self.scratch)
        done = self.verify(code=ENVIRONMENT)
        self.assertIn(f"{self.scratch}/kvs-contract is not there", done.err)
        self.assertIn("--target kvs-contract", done.err)

    def test_a_suite_of_another_build_is_no_violation(self):
        for name in ("kvs-bench-faulty", "kvs-contract"):
            shutil.copy(BUILD / name, self.scratch)
        os.rename(self.scratch / "kvs-contract", self.scratch / "kvs-contract-faulty")
        self.program = self.scratch / "kvs-bench-faulty"
        done = self.verify("--engine", "sound", code=ENVIRONMENT)
        self.assertIn("no engine 'sound'", done.err)
        self.assert_no_stores()

    def test_help(self):
        done = self.run_bench("verify", "contract", "-h")
        self.assertEqual((done.code, done.err), (OK, ""), str(done))
        self.assertIn("Examples:", done.out)

    def test_interrupted(self):
        process = self.start("verify", "contract", "--dir", self.data,
                             environment={"RC_PARAMS": "max_success=200"})
        for line in process.stderr:  # it is well under way
            if line.startswith("single, process: ") and " of " in line:
                break
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assert_passes(done, "null, process")  # the first of all engines
        self.assertRegex(self.line_of(done, "single, process"),
                         ": interrupted, .*: [0-9]+ of [0-9]+ tests")
        self.assertNotIn("mutex", done.out)
        self.assert_no_stores()


if __name__ == "__main__":
    unittest.main()
