"""The synthetic result files, written once for a test program."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"


class SyntheticResultTest(unittest.TestCase):
    """A test case with the synthetic files in self.directory: a.json, b.json, table.txt, ..."""

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="kvs-results-")
        cls.addClassCleanup(temporary.cleanup)
        cls.directory = pathlib.Path(temporary.name)
        subprocess.run([os.environ["WRITE_SYNTHETIC_RESULT"], cls.directory], check=True)
