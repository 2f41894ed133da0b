"""What cannot be run is refused before anything is measured, with the reason and the exit code."""

import os
import pathlib
import signal
import unittest

from bench import ENVIRONMENT, INTERRUPTED, OK, SMOKE, USAGE, BenchTest

ONE_CELL = ["--engine", "mutex", "--workload", "ycsb-c", "--threads", "1", *SMOKE]


class RefusalsTest(BenchTest):

    def assert_refused(self, code, message, *arguments, **more):
        done = self.run_bench(*arguments, **more)
        self.assertEqual(done.code, code, str(done))
        self.assertIn(message, done.err, str(done))
        self.assertEqual(done.out, "", str(done))
        self.assert_no_stores()

    def test_usage_errors(self):
        for message, arguments in [
                ("did you mean 'rocksdb'?", ["--engine", "rockdb"]),
                ("did you mean '--engine'?", ["--engin", "null"]),
                ("unknown setting", ["--engine", "mutex:colour=red"]),
                ("did you mean 'ycsb-a'?", ["--workload", "ycsb-aa"]),
                ("unexpected argument 'engines'\n", ["list", "engines"]),
                ("kvs-bench verify --help", ["verify", "contract", "--engine", "nul"]),
                ("kvs-bench doctor --help", ["doctor", "who"]),
                ("recordcount", ["-p", "recordcont=3"]),
                ("--duration", ["--duration", "fast"]),
                ("not a command", ["trial-process"]),
        ]:
            with self.subTest(arguments=arguments):
                self.assert_refused(USAGE, message, *arguments)

    def test_nothing_that_could_run(self):
        self.assert_refused(USAGE, "nothing can run", "--engine", "single", "--threads", "2",
                            "--workload", "ycsb-a", *SMOKE, "--dir", self.data)

    def test_what_an_engine_could_do_with_a_setting(self):
        self.assert_refused(USAGE, "--engine mutex:ordered=true", "--engine", "mutex",
                            "--threads", "1", "--workload", "ycsb-e", *SMOKE, "--dir", self.data)

    def test_words_for_people_go_to_standard_output_when_asked_for(self):
        for argument, expected in [("--help", "Examples:"), ("--version", "kvs-bench "),
                                   ("list", "lockfree")]:
            done = self.run_bench(argument)
            self.assertEqual((done.code, done.err), (OK, ""), str(done))
            self.assertIn(expected, done.out)

    def test_list_names_settings_workloads_and_pools(self):
        done = self.run_bench("list")
        for word in ("ordered scans", "at most 1 thread", "ycsb-e", "readwhilewriting",
                     "work-stealing", "hotspot", "sync"):
            self.assertIn(word, done.out)

    def test_result_file_that_cannot_be_written(self):
        missing = self.scratch / "missing" / "run.json"
        self.assert_refused(ENVIRONMENT, str(missing), *ONE_CELL, "--dir", self.data, "--out",
                            missing)
        self.assert_refused(ENVIRONMENT, "not a regular file", *ONE_CELL, "--dir", self.data,
                            "--out", self.scratch)
        # Not even root can write there.
        self.assert_refused(ENVIRONMENT, "/proc/run.json", *ONE_CELL, "--dir", self.data, "--out",
                            "/proc/run.json")
        self.assert_refused(ENVIRONMENT, "/proc/run.csv", *ONE_CELL, "--dir", self.data, "--csv",
                            "/proc/run.csv")

    def test_an_older_result_survives_a_refused_run(self):
        out = self.scratch / "run.json"
        out.write_text("older", encoding="utf-8")
        self.assert_refused(ENVIRONMENT, "may need", *ONE_CELL, "--dir", self.data, "--out", out,
                            "--force", "--records", "1T", "--value-size", "1MiB")
        self.assertEqual(out.read_text(encoding="utf-8"), "older")
        self.assert_refused(USAGE, "--force", *ONE_CELL, "--dir", self.data, "--out", out)
        self.assert_refused(USAGE, "--csv: ", *ONE_CELL, "--dir", self.data, "--csv", out)
        self.assertEqual(out.read_text(encoding="utf-8"), "older")
        done = self.run_bench(*ONE_CELL, "--dir", self.data, "--out", out, "--force")
        self.assertEqual(done.code, OK, str(done))
        self.assertTrue(self.read_result(out)["kvs_bench"]["complete"])

    def test_a_timeout_that_no_trial_can_keep(self):
        self.assert_refused(USAGE, "--timeout: 1 s would end every trial", "--engine", "mutex",
                            "--threads", "1", "--timeout", "1s", "--dir", self.data)

    def test_too_little_disk(self):
        self.assert_refused(ENVIRONMENT, "may need", "--engine", "mutex", "--threads", "1",
                            "--records", "1T", "--value-size", "1MiB", "--dir", self.data)

    def test_data_directory_that_cannot_be_made(self):
        file = self.scratch / "file"
        file.write_text("text", encoding="utf-8")
        for directory in (file, self.scratch / "a" / "b"):
            with self.subTest(directory=directory):
                self.assert_refused(ENVIRONMENT, str(directory), *ONE_CELL, "--dir", directory)
        self.assert_refused(ENVIRONMENT, "is no directory", *ONE_CELL, "--dir", file)
        self.assert_refused(ENVIRONMENT, f"{self.scratch / 'a'} does not exist", *ONE_CELL, "--dir",
                            self.scratch / "a" / "b")
        # Not even root can write there.
        self.assert_refused(ENVIRONMENT, "/proc", *ONE_CELL, "--dir", "/proc/data")
        self.assertEqual(file.read_text(encoding="utf-8"), "text")

    def test_a_ram_disk_is_taken_only_when_named(self):
        shm = pathlib.Path("/dev/shm")
        self.assertTrue(os.path.ismount(shm), "the system has no RAM disk to test with")
        directory = shm / f"kvs-bench-test-{os.getpid()}"
        directory.mkdir()
        self.addCleanup(directory.rmdir)
        out = self.scratch / "run.json"
        done = self.finish(self.start(*ONE_CELL, "--out", out, under=directory))
        self.assertEqual(done.code, ENVIRONMENT, str(done))
        self.assertIn("RAM disk", done.err)
        done = self.run_bench(*ONE_CELL, "--out", out, "--dir", directory)
        self.assertEqual(done.code, OK, str(done))
        self.assertIn("RAM disk", done.err)
        self.assertIn("RAM disk", done.out)
        findings = self.read_result(out)["kvs_bench"]["machine"]["findings"]
        (place,) = [f for f in findings if f["name"] == "file_system"]
        self.assertEqual(place["status"], "fail", place)
        self.assertIn("RAM disk", place["seen"])

    def test_defaults_lie_in_the_working_directory(self):
        done = self.run_bench(*ONE_CELL)
        self.assertEqual(done.code, OK, str(done))
        (result,) = (self.scratch / "kvs-bench-results").iterdir()
        self.read_result(result)
        self.assertIn(result.name, done.err)
        self.assertFalse((self.scratch / "kvs-bench-data").exists())


class OutputTest(BenchTest):

    def test_results_on_stdout_and_plain_messages_on_stderr(self):
        done, _ = self.run_to_result(*ONE_CELL)
        self.assertIn("mutex", done.out)
        self.assertNotIn("[1/", done.out)
        lines = [line for line in done.err.splitlines() if line.startswith("[")]
        self.assertEqual(len(lines), 2, "one line per trial, the floor's among them")
        self.assertNotIn("\033", done.out + done.err)

    def test_quiet(self):
        done, _ = self.run_to_result(*ONE_CELL, "--quiet")
        self.assertEqual([line for line in done.err.splitlines() if "warning" not in line], [])
        self.assertIn("mutex", done.out)

    def test_a_long_run_says_at_first_how_long_it_measures(self):
        for said, more in {
            "2:0[0-9] min of warm-up and measuring; on top: loading":
                ("--warmup", "0s", "--duration", "60"),
            "1:0[0-9] min of warm-up and measuring; on top: loading, windows that end with their "
            "operations": ("--warmup", "30s", "--operations", "100M"),
        }.items():
            with self.subTest(said=said):
                process = self.start("--engine", "mutex", "--workload", "ycsb-c", "--threads", "1",
                                     "--records", "300", "--trials", "2", *more, "--dir",
                                     self.data, "--out", self.scratch / "run.json", "--force")
                while "measuring" not in (line := process.stderr.readline()):
                    self.assertTrue(line, "it ended before it said so")
                self.assertRegex(line, f"^3 trials, {said}$")
                process.send_signal(signal.SIGINT)
                self.assertEqual(self.finish(process).code, INTERRUPTED)
                self.assert_no_stores()

    def run_on_terminal(self, **environment):
        """Runs with standard error on a terminal and returns what was written there."""
        ours, theirs = os.openpty()
        process = self.start(*ONE_CELL, "--dir", self.data, "--out", self.scratch / "run.json",
                             stderr=theirs, environment=environment)
        os.close(theirs)
        text = b""
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # EIO: the last writer is gone
                break
            if not chunk:
                break
            text += chunk
        os.close(ours)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, OK)
        return text.decode()

    def test_a_terminal_gets_one_live_line(self):
        text = self.run_on_terminal()
        self.assertIn("\r\033[K[1/2] ycsb-c", text)
        self.assertIn("measure", text)
        self.assertEqual(len([line for line in text.split("\n") if "[1/2]" in line]), 1)

    def test_no_color(self):
        text = self.run_on_terminal(NO_COLOR="1")
        self.assertNotIn("\033[3", text)


if __name__ == "__main__":
    unittest.main()
