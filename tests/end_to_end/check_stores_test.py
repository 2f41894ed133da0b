"""scripts/check-stores works; what it looks for is looked for by the suites."""

import os
import pathlib
import subprocess
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check-stores"


def check(*words):
    return subprocess.run([str(SCRIPT), "--build", os.environ["KVS_BUILD_DIR"], *words], capture_output=True, text=True, check=False,
                          timeout=500)


class CheckStores(unittest.TestCase):
    def test_each_part_says_what_it_did(self):
        done = check("--smoke")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual([line.split()[:2] for line in lines],
                         [["ok", "power-loss"], ["ok", "kills"], ["ok", "histories"]])
        self.assertRegex(lines[0], r"2 tests, \d+ crash states, \d+ recoveries")
        self.assertRegex(lines[1], r"5 cycles, \d+ operations acknowledged")
        self.assertRegex(lines[2], r"\d+ operations by 4 threads")

    def test_wrong_words_are_refused(self):
        done = check("kill")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no part 'kill'", done.stderr)


if __name__ == "__main__":
    unittest.main()
