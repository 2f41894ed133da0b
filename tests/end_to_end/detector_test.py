"""`kvs-bench selftest detector` judges recorded trials, and kvs-bench-slowed records them."""

import itertools
import json
import re
import signal
import subprocess
import unittest

from bench import INTERRUPTED, OK, ROOT, USAGE, BenchTest, in_release_only

REGRESSION, INCONCLUSIVE = 1, 3
POOL = ROOT / "results" / "detector"
PAGE = ROOT / "docs" / "detector.md"
ARMS = {"baseline", "copy", "same", "by3", "by5", "by10", "by20", "tail", "lock"}


class RecordTest(BenchTest):

    program = "kvs-bench-slowed"

    def setUp(self):
        super().setUp()
        self.pool = self.scratch / "pool"
        self.pool.mkdir()

    def arguments(self, *more):
        return ("selftest", "detector", "--record", self.pool, "--smoke", "--dir", self.data, *more)

    def rows(self, name):
        lines = (self.pool / name).read_text(encoding="utf-8").splitlines()
        return [line.split(",") for line in lines if not line.startswith(("#", "cell,"))]

    def assert_whole(self, blocks, runs):
        """Each block has its arms in an order and its reverse; each run one arm after the other."""
        found = [list(block) for _, block in itertools.groupby(self.rows("paired.csv"),
                                                               lambda row: row[1])]
        self.assertEqual(len(found), blocks)
        for block in found:
            arms = [row[3] for row in block]
            self.assertEqual(arms, arms[::-1])
            self.assertEqual(set(arms), ARMS)
        if runs:
            arms = [row[3] for row in self.rows("sequential.csv")]
            self.assertEqual(len(arms), runs * 8)
            self.assertEqual(arms[:2], ["baseline", "baseline"])

    @in_release_only
    def test_an_interrupt_keeps_whole_blocks_and_the_same_command_goes_on(self):
        process = self.start(*self.arguments("--blocks", "50", "--runs", "50"))
        while "1 of 50 sequential runs" not in (line := process.stderr.readline()):
            self.assertTrue(line, "it ended before its first run was recorded")
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.code, INTERRUPTED, str(done))
        self.assert_no_stores()
        before = {name: (self.pool / name).read_text(encoding="utf-8")
                  for name in ("paired.csv", "sequential.csv")}
        blocks = len(self.rows("paired.csv")) // (2 * len(ARMS))
        runs = len(self.rows("sequential.csv")) // 8
        self.assert_whole(blocks, runs)

        wanted = ("--blocks", str(blocks + 1), "--runs", str(runs))
        done = self.run_bench(*self.arguments(*wanted))
        self.assertEqual(done.code, OK, str(done))
        self.assert_whole(blocks + 1, runs)
        after = (self.pool / "paired.csv").read_text(encoding="utf-8")
        self.assertTrue(after.startswith(before["paired.csv"]))
        self.assertEqual((self.pool / "sequential.csv").read_text(encoding="utf-8"),
                         before["sequential.csv"])

        done = self.run_bench("selftest", "detector", "--pool", self.pool)
        self.assertIn(done.code, (REGRESSION, INCONCLUSIVE), str(done))
        self.assertRegex(done.out, "(?m)^mutex-mix: .*aim: at least 90.0%")

        report = json.loads(self.run_bench("selftest", "detector", "--pool", self.pool, "--json").out)
        self.assertEqual((report["blocks"], report["runs"]), (blocks + 1, runs))
        self.assertEqual({rate["arm"] for rate in report["rates"]}, ARMS - {"baseline", "copy"})
        self.assertEqual({aim["limit"] for aim in report["aims"]}, {0.02, 0.9})

        # Nothing is left to do.
        done = self.run_bench(*self.arguments(*wanted))
        self.assertEqual((done.code, done.err), (OK, ""), str(done))

        path = self.pool / "paired.csv"
        path.write_text(after.replace("# seed: 1\n", "# seed: 2\n"), encoding="utf-8")
        done = self.run_bench(*self.arguments(*wanted))
        self.assertEqual(done.code, USAGE, str(done))
        self.assertIn("'seed: 2', now 'seed: 1': record into another directory", done.err)

    @in_release_only
    def test_the_head_names_neither_the_host_nor_a_path(self):
        done = self.run_bench(*self.arguments("--blocks", "1", "--runs", "0", "--quiet"))
        self.assertEqual((done.code, done.out, done.err), (OK, "", ""))
        text = (self.pool / "paired.csv").read_text(encoding="utf-8")
        self.assertNotIn(str(self.scratch), text)
        host = subprocess.run(["hostname"], capture_output=True, text=True, check=False)
        if host.returncode == 0 and len(host.stdout.strip()) > 3:
            self.assertNotIn(host.stdout.strip(), text)
        for name in ("version", "started", "cpu", "kernel", "made by"):
            self.assertRegex(text, f"(?m)^# {name}: .")

    def test_a_directory_that_is_not_there_is_refused_before_anything_is_measured(self):
        done = self.run_bench("selftest", "detector", "--record", self.scratch / "none", "--smoke")
        self.assertNotEqual(done.code, OK)
        self.assertIn("none", done.err)


class DetectorTest(BenchTest):

    def detector(self, *arguments):
        return self.run_bench("selftest", "detector", *arguments)

    def test_what_cannot_be_is_refused(self):
        broken = self.scratch / "broken"
        broken.mkdir()
        (broken / "paired.csv").write_text("cell,block\n", encoding="utf-8")
        for arguments, complaint in (
                ([], "results/detector/paired.csv: there are no recorded trials"),
                (["--pool", broken], "line 1"),
                (["--record", self.scratch], "kvs-bench-slowed"),
                (["--record", self.scratch, "--json"], "--record"),
                (["--blocks", "3"], "--record"),
                (["--markdown", "--json"], "choose one"),
                (["--seed", "x"], "--seed"),
                (["nonsense"], "nonsense")):
            with self.subTest(arguments=arguments):
                done = self.detector(*arguments)
                self.assertEqual((done.code, done.out), (USAGE, ""), str(done))
                self.assertIn(complaint, done.err)

    @unittest.skipUnless(POOL.exists(), "no pool is recorded in this version")
    @in_release_only
    def test_the_page_has_what_the_recorded_trials_give(self):
        done = self.detector("--pool", POOL, "--markdown")
        self.assertIn(done.code, (OK, REGRESSION, INCONCLUSIVE), str(done))
        block = re.search(r"<!-- detector: begin -->\n(.*?)<!-- detector: end -->",
                          PAGE.read_text(encoding="utf-8"), re.DOTALL)
        self.assertEqual(done.out, block[1])


if __name__ == "__main__":
    unittest.main()
