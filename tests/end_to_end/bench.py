"""Runs kvs-bench as a user does, in a fresh directory, and reads what it left."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["KVS_BUILD_DIR"])
# In builds with sanitizers, whose processes take long to start, fewer are started: see sanitizer.h.
HAS_SANITIZER = bool(os.environ.get("KVS_SANITIZER"))
# For tests of code that others run as well, or that only wait.
in_release_only = unittest.skipIf(HAS_SANITIZER, "starts many processes; others run the same code")
UNDER_TSAN = "thread" in os.environ.get("KVS_SANITIZER", "")
not_under_tsan = unittest.skipIf(UNDER_TSAN, "its threads are those of other tests")
SCHEMA = ROOT / "results" / "schema" / "result-v1.schema.json"

OK, USAGE, ENVIRONMENT, ENGINE_FAILED, INTERRUPTED = 0, 2, 4, 5, 130

# Few records and operations, and no window that a busy machine could spend elsewhere: what is tested
# is that it works.
SMOKE = ["--records", "300", "--operations", "300", "--warmup", "0s", "--trials", "1"]


class Finished:
    """How a run ended: exit code, standard output and error."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class BenchTest(unittest.TestCase):
    """A test with a scratch directory as working directory, which must be empty of stores at the end."""

    program = "kvs-bench"
    maxDiff = None

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="kvs-bench-test-"))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.data = self.scratch / "data"
        self.data.mkdir()
        self.processes = []
        self.addCleanup(self.kill_all)

    def kill_all(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def start(self, *arguments, environment=None, under=None, stderr=subprocess.PIPE):
        unset = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        environment = {**unset, **(environment or {})}
        process = subprocess.Popen(
            [BUILD / self.program, *map(str, arguments)], cwd=under or self.scratch,
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=stderr, text=True, start_new_session=True)
        self.processes.append(process)
        return process

    def finish(self, process, timeout=300):
        out, err = process.communicate(timeout=timeout)
        return Finished(process.returncode, out, err)

    def run_bench(self, *arguments, timeout=300, **more):
        return self.finish(self.start(*arguments, **more), timeout)

    def run_to_result(self, *arguments, code=OK, **more):
        """Runs with the stores in self.data and returns (how it ended, the checked result)."""
        path = self.scratch / "run.json"
        path.unlink(missing_ok=True)
        done = self.run_bench(*arguments, "--dir", self.data, "--out", path, **more)
        self.assertEqual(done.code, code, str(done))
        self.assert_no_stores()
        return done, self.read_result(path)

    def read_result(self, path):
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        jsonschema.validate(result, json.loads(SCHEMA.read_text(encoding="utf-8")))
        return result

    def assert_no_stores(self):
        self.assertEqual(sorted(self.data.iterdir()), [], "what the run made is not removed")

    def engine_names(self):
        done = self.run_bench("list", "--json")
        self.assertEqual(done.code, OK, str(done))
        return [engine["name"] for engine in json.loads(done.out)["engines"]]


def written_so_far(path):
    """What is kvs-bench's own in the result of a run that goes on. Nothing at first: the file is
    made, so that no other run takes its name, and then written."""
    if not path.exists() or path.stat().st_size == 0:
        return {"trials": []}
    return json.loads(path.read_text(encoding="utf-8"))["kvs_bench"]


def trials(result, **where):
    """The trials of a result, floors aside, whose cell or trial has the given members."""
    def has(trial):
        return all(trial["cell"].get(name, trial.get(name)) == value
                   for name, value in where.items())
    return [t for t in result["kvs_bench"]["trials"] if not t["is_floor"] and has(t)]
