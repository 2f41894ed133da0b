"""The summaries in a result file, against numpy and scipy over its trials."""

import json
import unittest

import numpy
import scipy.stats

from synthetic_result import SyntheticResultTest


class SummaryTest(SyntheticResultTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ours = json.loads((cls.directory / "a.json").read_text())["kvs_bench"]
        cls.cells = ours["cells"]
        cls.trials = {}
        for trial in ours["trials"]:
            if trial["status"] in ("ok", "interrupted"):
                cls.trials.setdefault(cls.name(trial), []).append(trial)

    @staticmethod
    def name(owner):
        return tuple(owner["cell"].values())

    def measured_cells(self):
        cells = [cell for cell in self.cells if self.name(cell) in self.trials]
        self.assertGreater(len(cells), 40)
        return [(cell, self.trials[self.name(cell)]) for cell in cells]

    def test_throughput(self):
        for cell, trials in self.measured_cells():
            values = [trial["throughput_per_s"] for trial in trials]
            spread = cell["throughput_per_s"]
            self.assertAlmostEqual(spread["median"], numpy.median(values), delta=1e-6)
            self.assertEqual(spread["median"], scipy.stats.scoreatpercentile(values, 50))
            self.assertEqual((spread["min"], spread["max"]), (min(values), max(values)))
            self.assertAlmostEqual(cell["ns_per_operation"], 1e9 / numpy.median(values))
            cpu_ns = [1e9 * (t["user_cpu_s"] + t["system_cpu_s"]) / t["operations"] for t in trials]
            self.assertAlmostEqual(cell["cpu_ns_per_operation"], numpy.median(cpu_ns))

    def test_percentiles(self):
        for cell, trials in self.measured_cells():
            for latency in cell["latencies"]:
                of_trials = [next(l for l in t["latencies"] if l["what"] == latency["what"])
                             for t in trials]
                self.assertEqual(latency["samples"], sum(l["samples"] for l in of_trials))
                self.assertAlmostEqual(latency["mean_ns"],
                                       numpy.median([l["mean_ns"] for l in of_trials]))
                for i, percentile in enumerate(latency["percentiles"]):
                    values = [l["percentiles"][i]["value_ns"] for l in of_trials]
                    self.assertEqual(percentile["median_ns"], numpy.median(values))

    def test_costs(self):
        seen = set()
        for cell, trials in self.measured_cells():
            for figure, total, whole in (
                    ("minor_faults_per_operation", "minor_faults", "operations"),
                    ("cycles_per_operation", "cycles", "operations"),
                    ("write_amplification", "device_write_bytes", "written_bytes"),
                    ("read_amplification", "device_read_bytes", "found_bytes"),
                    ("space_amplification", "directory_bytes", "live_bytes")):
                of = [{**trial, **trial["costs"]} for trial in trials]
                values = [t[total] / t[whole] for t in of if total in t and t.get(whole)]
                if values:
                    self.assertAlmostEqual(cell["costs"][figure], numpy.median(values))
                    seen.add(figure)
                else:
                    self.assertNotIn(figure, cell["costs"])
        self.assertEqual(len(seen), 5)

    def test_steady_state(self):
        verdicts = set()
        for cell, trials in self.measured_cells():
            changes, rising, falling = [], 0, 0
            for trial in trials:
                lengths = numpy.array([s["length_s"] for s in trial["slices"]])
                rates = [s["operations"] for s in trial["slices"]] / lengths
                middles = numpy.cumsum(lengths) - lengths / 2
                change = (scipy.stats.theilslopes(rates, middles).slope * lengths.sum()
                          / numpy.median(rates))
                p = scipy.stats.kendalltau(middles, rates, method="asymptotic").pvalue
                changes.append(change)
                rising += p < 0.001 and change > 0.1
                falling += p < 0.001 and change < -0.1
            state = cell["steady_state"]
            self.assertEqual((state["trials_tested"], state["trials_rising"],
                              state["trials_falling"]), (len(trials), rising, falling))
            self.assertAlmostEqual(state["change_share"], abs(numpy.median(changes)))
            verdict = ("rising" if 2 * rising > len(trials) else
                       "falling" if 2 * falling > len(trials) else "steady")
            self.assertEqual(state["verdict"], verdict)
            verdicts.add(verdict)
        self.assertEqual(verdicts, {"steady", "rising", "falling"})

    def test_ratios(self):
        groups = {}
        for cell, trials in self.measured_cells():
            workload, engine, *rest = self.name(cell)
            if engine != "null":
                median = numpy.median([trial["throughput_per_s"] for trial in trials])
                groups.setdefault((workload, *rest), {})[engine] = (cell, median)
        for group in groups.values():
            best = max(median for _, median in group.values())
            for cell, median in group.values():
                self.assertAlmostEqual(cell["ratio_to_best"], median / best)

    def test_harness_shares(self):
        def ns_per_operation_and_thread(name):
            median = numpy.median([t["throughput_per_s"] for t in self.trials[name]])
            return 1e9 * name[2] / median
        for cell, _ in self.measured_cells():
            name = self.name(cell)
            if name[1] == "null":
                self.assertNotIn("harness_share", cell)
                continue
            floor = ns_per_operation_and_thread((name[0], "null", *name[2:]))
            share = floor / ns_per_operation_and_thread(name)
            self.assertAlmostEqual(cell["harness_share"], share)
            self.assertEqual(cell["harness_bound"], share > 0.25)


if __name__ == "__main__":
    unittest.main()
