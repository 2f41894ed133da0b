"""kvs-bench compare on recorded runs: verdicts, outputs, exit codes, and what it refuses."""

import json
import shutil
import unittest

from bench import HAS_SANITIZER, OK, ROOT, USAGE, BenchTest

RECORDED = ROOT / "tests" / "results" / "recorded"
REGRESSION, INCONCLUSIVE = 1, 3


class CompareTest(BenchTest):

    def setUp(self):
        super().setUp()
        for path in RECORDED.glob("*.json"):
            shutil.copy(path, self.scratch)

    def compare(self, *arguments, code):
        done = self.run_bench("compare", *arguments)
        self.assertEqual(done.code, code, str(done))
        return done

    def assert_refused(self, *arguments, says):
        done = self.compare(*arguments, code=USAGE)
        self.assertEqual(done.out, "")
        for words in says:
            self.assertIn(words, done.err)
        self.assertIn("kvs-bench compare --help", done.err)

    def edit(self, name, change):
        path = self.scratch / name
        result = json.loads(path.read_text(encoding="utf-8"))
        change(result)
        path.write_text(json.dumps(result), encoding="utf-8")


class VerdictsTest(CompareTest):

    def test_a_recorded_loss_of_ten_percent_is_a_regression(self):
        done = self.compare("baseline.json", "slower.json", code=REGRESSION)
        self.assertTrue(done.out.startswith("REGRESSED: "), str(done))
        self.assertRegex(done.out, r"  REGRESSED     throughput .* -10\.\d% ")
        self.assertRegex(done.out, r"  REGRESSED     read p50 .* \+\d\d\.\d% ")
        self.assertIn("warning    unpaired: ", done.out)
        done = self.compare("slower.json", "baseline.json", code=OK)
        self.assertTrue(done.out.startswith("IMPROVED: "), str(done))

    def test_the_same_program_measured_twice_is_ok(self):
        done = self.compare("baseline.json", "same.json", code=OK)
        self.assertTrue(done.out.startswith("OK: 0 regressed, 0 inconclusive, 0 improved, "),
                        str(done))
        self.assertIn("warning    unpaired: ", done.out)

    def test_the_threshold_says_what_matters(self):
        self.compare("baseline.json", "slower.json", "--threshold", "20%", code=OK)
        self.compare("baseline.json", "slower.json", "--threshold", "0.5", code=REGRESSION)

    def test_three_trials_are_inconclusive_and_flush_bound_times_advisory(self):
        done = self.compare("sync.json", "sync-again.json", code=OK)
        self.assertRegex(done.out, r"INCONCLUSIVE  throughput .* none ")
        self.assertRegex(done.out, r"OK            flushes .* exact ")
        self.assertIn("advisory; needs >= 4 trials each", done.out)
        done = self.compare("sync.json", "sync-again.json", "--judge-flush-bound",
                            code=INCONCLUSIVE)
        self.assertTrue(done.out.startswith("INCONCLUSIVE: "), str(done))
        self.assertNotIn("advisory", done.out)


class FormatsTest(CompareTest):

    def test_markdown(self):
        done = self.compare("baseline.json", "slower.json", "--format", "markdown",
                            code=REGRESSION)
        lines = done.out.splitlines()
        self.assertEqual(lines[:2], ["<!-- kvs-bench compare -->", "### kvs-bench: REGRESSED"])
        self.assertIn("| REGRESSED | ycsb-c/engine:single/", done.out)

    def test_action_json(self):
        done = self.compare("baseline.json", "slower.json", "--format", "action-json",
                            code=REGRESSION)
        (row,) = json.loads(done.out, parse_constant=self.fail)
        self.assertEqual(row["name"],
                         "ycsb-c/engine:single/threads:1/pool:dedicated/durability:process")
        self.assertEqual(row["unit"], "ns/op")
        self.assertAlmostEqual(row["value"], 11440, delta=20)
        self.assertEqual(set(row), {"name", "unit", "value", "range", "extra"})


class RefusalsTest(CompareTest):

    def test_usage(self):
        self.assert_refused(says=["two result files"])
        self.assert_refused("baseline.json", says=["two result files"])
        self.assert_refused("baseline.json", "same.json", "slower.json",
                            says=["two result files, not 3"])
        for option, value in (("--threshold", "0"), ("--threshold", "2x"), ("--threshold", "nan"),
                              ("--format", "html")):
            self.assert_refused("baseline.json", "same.json", option, value,
                                says=[option, f"'{value}'"])

    def test_files_that_cannot_be_read(self):
        self.assert_refused("baseline.json", "missing.json",
                            says=["missing.json", "No such file or directory"])
        self.assert_refused("baseline.json", ".", says=["is a directory"])
        self.assert_refused("baseline.json", RECORDED / "README.md", says=["README.md", "line 1"])

    def test_a_truncated_file(self):
        path = self.scratch / "slower.json"
        whole = path.read_bytes()
        for size in (0, 1, 1000, len(whole) - 10):
            path.write_bytes(whole[:size])
            self.assert_refused("baseline.json", "slower.json", says=["slower.json", "cut short"])

    def test_a_file_that_was_edited_by_hand(self):
        def faster(result):
            result["kvs_bench"]["trials"][1]["throughput_per_s"] *= 2
        self.edit("slower.json", faster)
        self.assert_refused("baseline.json", "slower.json",
                            says=["slower.json: at /benchmarks/", "edited by hand"])

        def infinite(result):
            result["kvs_bench"]["trials"][1]["throughput_per_s"] = "inf"
        self.edit("same.json", infinite)
        self.assert_refused("baseline.json", "same.json",
                            says=["/kvs_bench/trials/1/throughput_per_s", "a number from 0 on"])

    def test_another_schema_version(self):
        def newer(result):
            result["kvs_bench"]["schema_version"] = 2
        self.edit("slower.json", newer)
        self.assert_refused("baseline.json", "slower.json",
                            says=["/kvs_bench/schema_version", "reads version 1", "has 2"])

    def test_one_run_twice(self):
        shutil.copy(self.scratch / "baseline.json", self.scratch / "copy.json")
        self.assert_refused("baseline.json", "copy.json", says=["hold the same ", "measure again"])

    def test_a_run_and_itself(self):
        with open(self.scratch / "baseline.json", encoding="utf-8") as file:
            whole = json.load(file)
        measured = len(whole["kvs_bench"]["trials"])
        self.assertGreater(measured, 2)
        self.assert_refused("baseline.json", "baseline.json",
                            says=[f"hold the same {measured} trials", "resumed"])

    def test_committed_results_of_earlier_builds_can_be_read(self):
        files = sorted((ROOT / "results" / "stores").glob("*.json"))
        self.assertTrue(files)
        if HAS_SANITIZER:  # large ones, which it reads slowly
            files = files[:1]
        for file in files:
            self.assert_refused(str(file), str(file), says=["hold the same "])

    def test_nothing_in_common(self):
        self.assert_refused("baseline.json", "sync.json",
                            says=["no cell in common", "baseline.json holds ycsb-c/engine:single",
                                  "sync.json holds ycsb-a/engine:single"])

    def test_other_workloads(self):
        def larger(result):
            result["kvs_bench"]["workloads"][0]["properties"]["recordcount"] = "2000"
        self.edit("slower.json", larger)
        says = ["workload ycsb-c: recordcount: '1000', then '2000'"]
        self.assert_refused("baseline.json", "slower.json", says=says)
        self.assert_refused("baseline.json", "slower.json", "--allow-environment-mismatch",
                            says=says)

    def test_other_environments_and_versions(self):
        def elsewhere(result):
            ours = result["kvs_bench"]
            ours["host"]["kernel"] = "Linux 1.0"
            ours["machine"]["fingerprint"] = "0123456789abcdef"
            ours["version"] = "9.9.9"
        self.edit("slower.json", elsewhere)
        says = ["host.kernel: '", "then 'Linux 1.0'", "machine.fingerprint", "then '9.9.9'",
                "--allow-environment-mismatch"]
        self.assert_refused("baseline.json", "slower.json", says=says)
        done = self.compare("baseline.json", "slower.json", "--allow-environment-mismatch",
                            code=REGRESSION)
        self.assertIn("warning    different environments: host.kernel: '", done.out)


class OwnRunsTest(CompareTest):

    def test_two_runs_of_this_build_can_be_compared(self):
        for name in ("a.json", "b.json"):
            done = self.run_bench("--engine", "mutex", "--workload", "ycsb-a", "--threads", "1",
                                  "--records", "300", "--operations", "300", "--warmup", "0s",
                                  "--trials", "2", "--dir", self.data, "--out", name)
            self.assertEqual(done.code, OK, str(done))
        # Two trials tell nothing, whatever they show.
        done = self.compare("a.json", "b.json", code=INCONCLUSIVE)
        self.assertIn("needs >= ", done.out)
        self.assertNotIn("REGRESSED  ", done.out)
        self.assert_no_stores()


if __name__ == "__main__":
    unittest.main()
