"""scripts/compare-revisions, on a small repository whose kvs-bench only says what it was told."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CMAKE = """\
cmake_minimum_required(VERSION 3.25)
project(small CXX)
add_executable(kvs-bench main.cc)
"""
MAIN = """\
#include <cstdio>
int main(int argc, char** argv) {{
  std::printf("{name}");
  for (int i = 1; i < argc; ++i) std::printf(" %s", argv[i]);
  std::printf("\\n");
  return {status};
}}
"""


class CompareRevisions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name) / "repository"
        (cls.root / "scripts").mkdir(parents=True)
        for name in ("compare-revisions", "step.sh", "setup"):
            shutil.copy(ROOT / "scripts" / name, cls.root / "scripts" / name)
        (cls.root / "CMakeLists.txt").write_text(CMAKE)
        (cls.root / ".gitignore").write_text("/build/\n")
        cls.git("init", "--quiet", "--initial-branch=main")
        cls.old = cls.commit("old", MAIN.format(name="old", status=0))
        cls.new = cls.commit("new", MAIN.format(name="new", status=3))
        cls.broken = cls.commit("broken", "this is no program\n")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def git(cls, *words):
        return subprocess.run(
            ["git", "-c", "user.name=A Test", "-c", "user.email=test@localhost", *words],
            cwd=cls.root, check=True, capture_output=True, text=True).stdout.strip()

    @classmethod
    def commit(cls, subject, source):
        (cls.root / "main.cc").write_text(source)
        cls.git("add", "--all")
        cls.git("commit", "--quiet", "--message", subject)
        return cls.git("rev-parse", "HEAD")

    def compare(self, *words):
        return subprocess.run([str(self.root / "scripts" / "compare-revisions"), *words],
                              cwd=self.scratch.name, capture_output=True, text=True, check=False,
                              env={**os.environ, "KVS_SKIP_SETUP": "1"})

    def test_the_candidate_conducts_and_its_status_is_the_scripts(self):
        programs = self.root / "build" / "revisions"
        for _ in range(2):  # built, and then there
            done = self.compare(self.old, self.new, "--engine", "a b")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual(
                done.stdout,
                f"new compare --baseline {programs}/{self.old}/kvs-bench "
                f"--candidate {programs}/{self.new}/kvs-bench --workload=ycsb-c --threads=1 "
                "--records=20k --value-size=100 --engine a b\n")
        self.assertNotIn("Build", done.stderr)
        done = self.compare("main~1", "main~2", "--workload=x", "--threads", "2")
        self.assertTrue(done.stdout.endswith("kvs-bench --engine=lockfree,rwlock --workload=x "
                                             "--threads 2\n"), done.stdout)
        self.assertEqual((done.returncode, done.stdout.split()[0]), (0, "old"), done.stderr)
        # What the caller says of the data is neither contradicted nor completed.
        done = self.compare("main~1", "main~2", "-p", "recordcount=300")
        self.assertTrue(done.stdout.endswith("--workload=ycsb-c --threads=1 -p recordcount=300\n"),
                        done.stdout)

    def test_what_cannot_be_built_is_named_and_leaves_nothing(self):
        done = self.compare(self.old, "main")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("this is no program", done.stderr)
        self.assertIn(f"{self.broken[:9]} cannot be built here", done.stderr)
        self.assertEqual(len(self.git("worktree", "list").splitlines()), 1)
        self.assertEqual(list((self.root / "build" / "revisions").glob("tree-*")), [])

    def test_wrong_words_are_refused(self):
        for words, message in (([], "needs two revisions"),
                               (["main"], "needs two revisions"),
                               (["main", "--engine"], "needs two revisions"),
                               (["main", "nowhere"], "'nowhere' is no revision"),
                               (["main", "main:main.cc"], "'main:main.cc' is no revision")):
            done = self.compare(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(message, done.stderr)
        self.assertEqual(self.compare("--help").returncode, 0)

    def test_the_workflow_finds_the_comment_that_compare_marks(self):
        header = (ROOT / "results" / "comparison_markdown.h").read_text(encoding="utf-8")
        marker = header.split('kCommentMarker = "')[1].split('"')[0]
        workflow = (ROOT / ".github" / "workflows" / "performance.yml").read_text(encoding="utf-8")
        self.assertIn(f"const marker = '{marker}';", workflow)
        self.assertIn("startsWith(marker)", workflow)


if __name__ == "__main__":
    unittest.main()
