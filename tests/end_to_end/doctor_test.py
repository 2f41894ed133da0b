"""`kvs-bench doctor` examines the machine, and every result carries what it found."""

import json
import os
import pathlib
import re
import unittest

from bench import ENVIRONMENT, OK, SMOKE, BenchTest

CHECKS = ["build_type", "sanitizers", "cpu_governor", "turbo", "smt", "virtualisation", "steal",
          "cgroup_cpu", "load", "pressure", "clock_source", "transparent_huge_pages",
          "cgroup_memory", "swap", "file_system", "fdatasync", "free_space", "open_files"]
STATUSES = ["ok", "warn", "fail", "unknown"]


class DoctorTest(BenchTest):

    def examine(self, *arguments):
        done = self.run_bench("doctor", "--dir", self.data, *arguments)
        self.assertEqual((done.code, done.err), (OK, ""), str(done))
        self.assert_no_stores()
        return done

    def check_findings(self, findings):
        self.assertEqual([finding["name"] for finding in findings], CHECKS)
        for finding in findings:
            self.assertIn(finding["status"], STATUSES)
            self.assertTrue(finding["seen"], finding)
            self.assertEqual(bool(finding["remedy"]), finding["status"] in ("warn", "fail"),
                             finding)

    def test_a_line_for_each_check_and_its_remedy_below(self):
        *lines, summary = self.examine().out.splitlines()
        found = [re.fullmatch(r"(ok|warn|fail|unknown) +(\w+): (.+)", line) for line in lines
                 if not line.startswith(" ")]
        self.assertEqual([match and match.group(2) for match in found], CHECKS)
        bad = [match for match in found if match.group(1) in ("warn", "fail")]
        self.assertEqual(len(lines) - len(found), len(bad), "a remedy for each bad one, no more")
        self.assertRegex(summary, rf"^{len(CHECKS)} checks: .* fingerprint [0-9a-f]{{16}}$")

    def test_json(self):
        report = json.loads(self.examine("--json").out)
        self.check_findings(report["findings"])
        self.assertRegex(report["fingerprint"], "^[0-9a-f]{16}$")
        self.assertEqual(report["directory"], str(self.data))
        self.assertTrue(report["host"]["cpu"])
        for status in STATUSES:
            self.assertEqual(report["counts"][status],
                             len([f for f in report["findings"] if f["status"] == status]))
        (flush,) = [f for f in report["findings"] if f["name"] == "fdatasync"]
        self.assertIn("median of", flush["seen"])

    def test_strict_ends_with_4_when_anything_is_bad(self):
        done = self.run_bench("doctor", "--dir", self.data, "--strict", "--json")
        counts = json.loads(done.out)["counts"]
        bad = counts["warn"] + counts["fail"]
        self.assertEqual(done.code, ENVIRONMENT if bad else OK, str(done))
        self.assertEqual(done.err, "")

    def test_a_ram_disk_fails(self):
        shm = pathlib.Path("/dev/shm")
        self.assertTrue(os.path.ismount(shm), "the system has no RAM disk to test with")
        done = self.run_bench("doctor", "--dir", shm, "--strict")
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertRegex(done.out, "(?m)^fail +file_system: .*RAM disk")

    def test_a_directory_that_cannot_be_written_is_refused(self):
        file = self.scratch / "file"
        file.write_text("text", encoding="utf-8")
        for directory, message in [(self.scratch / "missing", "is no directory"),
                                   (file, "is no directory"),
                                   ("/proc", "cannot be written")]:  # not even by root
            with self.subTest(directory=directory):
                done = self.run_bench("doctor", "--dir", directory)
                self.assertEqual((done.code, done.out), (ENVIRONMENT, ""), str(done))
                self.assertIn(f"{directory}: {message}", done.err)
                self.assertIn("--dir", done.err)

    def test_without_a_directory_nothing_is_left_in_the_working_one(self):
        done = self.run_bench("doctor")
        self.assertEqual(done.code, OK, str(done))
        self.assertEqual(list(self.scratch.iterdir()), [self.data])

    def test_every_result_carries_the_findings(self):
        done, result = self.run_to_result("--engine", "null", "--workload", "ycsb-c", "--threads",
                                          "1", *SMOKE)
        machine = result["kvs_bench"]["machine"]
        self.check_findings(machine["findings"])
        report = json.loads(self.examine("--json").out)
        self.assertEqual(machine["fingerprint"], report["fingerprint"])
        (flush,) = [f for f in machine["findings"] if f["name"] == "fdatasync"]
        self.assertIn("median of", flush["seen"])
        for finding in machine["findings"]:
            bad = finding["status"] in ("warn", "fail")
            self.assertEqual(bad, f"warning: {finding['name']}: {finding['seen']}" in done.err)
            self.assertEqual(bad, f"machine  {finding['status']}: {finding['name']}: " in done.out)


if __name__ == "__main__":
    unittest.main()
