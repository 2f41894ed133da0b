"""--costs: what an operation cost the machine, in the result file and as a table."""

import os
import re
import subprocess
import unittest

from bench import OK, SMOKE, BenchTest, trials

# The columns after the engine, and the figures of a cell's costs that each is made of.
COLUMNS = {
    "user": ["user_cpu_ns_per_operation"],
    "system": ["system_cpu_ns_per_operation"],
    "switches": ["voluntary_switches_per_operation", "involuntary_switches_per_operation"],
    "faults": ["minor_faults_per_operation", "major_faults_per_operation"],
    "written": ["device_write_bytes_per_operation"],
    "read": ["device_read_bytes_per_operation"],
    "write amp": ["write_amplification"],
    "space amp": ["space_amplification"],
    "peak RSS": [],
    "instr.": ["instructions_per_operation"],
    "cycles": ["cycles_per_operation"],
}


def cost_rows(text):
    """(workload, threads, engine) -> {column: figure as printed}"""
    rows, workload, threads = {}, None, 0
    for line in text[text.index("cost per operation: "):].splitlines():
        if begin := re.match(r"cost per operation: ([^;]+);", line):
            workload = begin[1]
        elif group := re.fullmatch(r"(\d+) threads?", line):
            threads = int(group[1])
        elif line.startswith("  ") and workload:
            name, *figures = re.split(r"\s{2,}", line.strip())
            if name != "engine" and len(figures) == len(COLUMNS):
                rows[workload, threads, name] = dict(zip(COLUMNS, figures))
        elif not line.strip():
            continue
        else:
            workload = None  # the legend
    return rows


class CostsTest(BenchTest):

    def test_table_says_what_the_result_file_says_and_not_available_otherwise(self):
        done, result = self.run_to_result("--engine", "mutex,lmdb", "--workload",
                                          "ycsb-a,ycsb-c,deleterandom", "--threads", "1", "--costs",
                                          *SMOKE)
        rows = cost_rows(done.out)
        cells = [cell for cell in result["kvs_bench"]["cells"] if cell["trials_measured"]]
        self.assertEqual(len(rows), 9)  # with the floors
        for cell in cells:
            name = tuple(cell["cell"][part] for part in ("workload", "threads", "engine"))
            row = rows[name]
            for column, figures in COLUMNS.items():
                known = all(figure in cell["costs"] for figure in figures)
                with self.subTest(name=name, column=column):
                    self.assertEqual(row[column] == "n/a", not known, row)
            for note in cell["costs"]["notes"]:
                self.assertIn(f"  {note}\n", done.out)
        for engine in ("mutex", "lmdb"):
            # Nothing is written; and how much is left after random removals, nobody counts.
            self.assertEqual(rows["ycsb-c", 1, engine]["write amp"], "n/a")
            self.assertNotEqual(rows["ycsb-c", 1, engine]["space amp"], "n/a")
            self.assertEqual(rows["deleterandom", 1, engine]["space amp"], "n/a")
        self.assertEqual(rows["ycsb-a", 1, "null"]["space amp"], "n/a")

    def test_without_the_option_the_file_has_the_costs_and_the_output_has_not(self):
        done, result = self.run_to_result(
            "--engine", "mutex", "--threads", "1", "--records", "300", "--key-size", "16",
            "--value-size", "100", "--read-percent", "50", "--operations", "300", "--warmup", "0s",
            "--trials", "1")
        self.assertNotIn("cost per operation", done.out)
        (trial,) = trials(result)
        costs = trial["costs"]
        counts = {c["operation"]: c for c in trial["counts"]}
        self.assertEqual(costs["written_bytes"], 116 * counts["update"]["completed"])
        self.assertEqual(costs["found_bytes"], 100 * counts["read"]["hits"])
        self.assertEqual(costs["live_bytes"], trial["dataset_bytes"])
        (cell,) = [c for c in result["kvs_bench"]["cells"] if not c["is_floor"]]
        self.assertAlmostEqual(cell["costs"]["space_amplification"],
                               trial["directory_bytes"] / (300 * 116))

    @unittest.skipUnless(len(os.sched_getaffinity(0)) == os.cpu_count(), "only a part of the machine")
    def test_a_machine_that_others_keep_busy_is_told(self):
        for _ in range(os.cpu_count()):
            # Its limit ends it should this process be killed.
            loop = subprocess.Popen(["sh", "-c", "ulimit -t 60; while :; do :; done"],
                                    start_new_session=True)
            self.processes.append(loop)
        done, result = self.run_to_result("--engine", "mutex", "--workload", "ycsb-c", "--threads",
                                          "1", "--records", "300", "--warmup", "0s", "--duration",
                                          "1s", "--trials", "1", "--no-floor")
        (trial,) = trials(result)
        self.assertGreater(trial["costs"]["other_cpu_share"], 0.1)
        self.assertLess(trial["costs"]["idle_cpu_share"], 0.05)
        self.assertIn("mutex: the machine was busy while it was measured", done.out)

    def test_inserts_are_live(self):
        _, result = self.run_to_result("--engine", "mutex", "--workload", "fillseq,ycsb-d",
                                       "--threads", "1", *SMOKE)
        (fillseq,) = trials(result, workload="fillseq")
        self.assertEqual(fillseq["dataset_bytes"], 0)
        self.assertEqual(fillseq["costs"]["live_bytes"], fillseq["costs"]["written_bytes"])
        (ycsb_d,) = trials(result, workload="ycsb-d")
        self.assertEqual(ycsb_d["costs"]["live_bytes"],
                         ycsb_d["dataset_bytes"] + ycsb_d["costs"]["written_bytes"])

    def test_a_store_of_another_run_has_no_space_amplification(self):
        cell = ["--engine", "mutex", "--workload", "ycsb-c", "--threads", "1"]
        loaded = self.run_bench(*cell, "--records", "300", "--load-only", "--dir", self.data)
        self.assertEqual(loaded.code, OK, str(loaded))
        store = re.search(r"^kept: (\S+)", loaded.out, re.MULTILINE)[1]
        path = self.scratch / "run.json"
        done = self.run_bench(*cell, *SMOKE, "--use-existing", store, "--costs", "--out", path)
        self.assertEqual(done.code, OK, str(done))
        self.assertEqual(cost_rows(done.out)["ycsb-c", 1, "mutex"]["space amp"], "n/a")
        (trial,) = trials(self.read_result(path))
        self.assertNotIn("live_bytes", trial["costs"])

    def test_a_thread_per_request_pays_for_no_counters(self):
        done, result = self.run_to_result("--engine", "mutex", "--workload", "ycsb-c", "--threads",
                                          "1", "--pool", "naive", "--costs", *SMOKE)
        (trial,) = trials(result)
        self.assertNotIn("instructions", trial["costs"])
        self.assertEqual(cost_rows(done.out)["ycsb-c", 1, "mutex"]["instr."], "n/a")
        self.assertIn("left out in pool 'naive'", done.out)

    def test_help_names_the_option(self):
        self.assertIn("--costs", self.run_bench("--help").out)


if __name__ == "__main__":
    unittest.main()
