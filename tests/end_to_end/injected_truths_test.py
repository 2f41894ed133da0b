"""What is known to be true of an engine is what kvs-bench measures of it.

The engine `delays` is slow in a known way and keeps account of it by its own clock. Whatever else a
busy machine does to a run, it does to both; a figure can only be larger than the account's, by what
happens between the two readings of the clock. So lower bounds are strict, but for what two clocks
may differ by, and upper bounds wide.
"""

import math
import unittest

from bench import BenchTest, trials

MS = 1_000_000
BUCKET = 1 / 128  # of the histogram: its relative width
# Of one clock's time by the other: kvs-bench reads the processor's counter, and the kernel steers the
# steady clock by up to 500 ppm.
SHORTEST = 0.999


class Account:
    """What the engine did, an entry per operation, in the order of their ends."""

    def __init__(self, path):
        lines = path.read_text(encoding="utf-8").splitlines()
        self.calls = sorted(([int(word) for word in line.split()] for line in lines),
                            key=lambda call: call[1])
        self.times_ns = [end - begin for begin, end, _ in self.calls]
        self.delays_ns = [delay for _, _, delay in self.calls if delay > 0]
        self.begin_ns = min(begin for begin, _, _ in self.calls)

    def ends_per_second(self, seconds):
        """Operations that ended in each second since the first began."""
        counts = [0] * seconds
        for _, end_ns, _ in self.calls:
            second = (end_ns - self.begin_ns) // (1000 * MS)
            if second < seconds:
                counts[second] += 1
        return counts


def latency_of(trial, what="all", of="latencies"):
    (found,) = [latency for latency in trial[of] if latency["what"] == what]
    return found


def percentile(latency, percent):
    (found,) = [p["value_ns"] for p in latency["percentiles"] if p["percent"] == percent]
    return found


class InjectedTruthsTest(BenchTest):

    program = "kvs-bench-faulty"

    def measure(self, settings, *arguments, workload="ycsb-c", threads=1):
        """Runs `delays` with the settings and returns (the trial, the account)."""
        path = self.scratch / "account"
        _, result = self.run_to_result(
            "--engine", f"delays:{settings},account={path}", "--workload", workload, "--records",
            "300", "--threads", threads, "--warmup", "0s", "--trials", "1", *arguments)
        (trial,) = trials(result)
        self.assertEqual(trial["status"], "ok", trial["reason"])
        return trial, Account(path)

    def check_distribution(self, latency, times_ns):
        """Every operation was timed, but for one per thread that ended beside the window."""
        missing = len(times_ns) - latency["samples"]
        self.assertIn(missing, (0, 1, 2))
        true = sorted(times_ns)
        for entry in latency["percentiles"]:
            rank = max(1, math.ceil(entry["percent"] / 100 * latency["samples"] - 1e-9))
            with self.subTest(percent=entry["percent"]):
                self.assertGreaterEqual(entry["value_ns"],
                                        SHORTEST * true[max(0, rank - 1 - missing)])
                if entry["percent"] <= 90:
                    most = true[min(len(true) - 1, rank - 1 + missing)]
                    self.assertLessEqual(entry["value_ns"],
                                         (most + MS / 5) * (1 + 2 * BUCKET))
        measured = latency["mean_ns"] * latency["samples"]
        self.assertGreaterEqual(measured, SHORTEST * sum(true[:latency["samples"]]))
        # What lies between the readings of the clock adds up over many operations.
        most_between = 100 * MS if len(times_ns) > 10_000 else 20 * MS
        self.assertLessEqual(measured, sum(true) * 1.1 + most_between)

    def test_a_delay_of_every_operation_is_the_mean_and_every_percentile(self):
        for engine in ("mutex", "lmdb"):
            with self.subTest(engine=engine):
                trial, true = self.measure(f"of={engine},delay_us=2000", "--operations", "200",
                                           "--sampling-period", "1")
                self.assertEqual(len(true.delays_ns), 200)
                self.assertGreaterEqual(min(true.delays_ns), 2 * MS)
                latency = latency_of(trial)
                self.assertGreaterEqual(latency["min_ns"], SHORTEST * 2 * MS)
                self.check_distribution(latency, true.times_ns)
                # One thread: the window is the operations and what lies between them.
                window_ns = trial["window_s"] * 1e9
                self.assertEqual(trial["operations"], 200)
                self.assertGreaterEqual(window_ns, SHORTEST * sum(true.times_ns))
                self.assertLessEqual(window_ns, sum(true.times_ns) * 1.5 + 20 * MS)
                self.assertAlmostEqual(trial["throughput_per_s"], 200 / trial["window_s"])

    def test_a_delay_of_updates_is_none_of_reads(self):
        trial, true = self.measure("only=set,delay_us=2000", "--operations", "200",
                                   "--sampling-period", "1", workload="ycsb-a")
        (updates,) = [c["completed"] for c in trial["counts"] if c["operation"] == "update"]
        self.assertEqual(len(true.delays_ns), updates)
        self.assertGreaterEqual(latency_of(trial, "update")["min_ns"], SHORTEST * 2 * MS)
        self.assertLess(percentile(latency_of(trial, "read"), 50), 2 * MS)

    def test_a_delay_of_1_in_1000_begins_where_it_begins(self):
        # Of 20,001 operations 21 are delayed, which are more than 0.1%, if barely.
        trial, true = self.measure("delay_us=50000,every=1000", "--operations", "20001",
                                   "--sampling-period", "1")
        self.assertEqual(len(true.delays_ns), 21)
        latency = latency_of(trial)
        self.assertGreaterEqual(percentile(latency, 99.9), SHORTEST * 50 * MS)
        self.assertLess(percentile(latency, 99), SHORTEST * 50 * MS)
        (beyond,) = [p["samples_beyond"] for p in latency["percentiles"] if p["percent"] == 99]
        self.assertGreaterEqual(beyond, 21)
        self.check_distribution(latency, true.times_ns)

    def test_sampling_sees_a_periodic_delay_as_often_as_it_is(self):
        # Samples at equal distances, every 10th, would see all of the delays or none.
        trial, true = self.measure("delay_us=1000,every=10", "--operations", "5000",
                                   "--sampling-period", "10")
        self.assertEqual(len(true.delays_ns), 500)
        latency = latency_of(trial)
        self.assertAlmostEqual(latency["samples"], 500, delta=6 * 22)
        # 10%, with a standard deviation of 1.3%; what the machine delays comes on top.
        self.assertGreaterEqual(percentile(latency, 95), SHORTEST * MS)
        self.assertLess(percentile(latency, 50), MS)
        self.assertGreaterEqual(latency["mean_ns"], 0.02 * MS)
        self.assertLessEqual(latency["mean_ns"], 0.2 * sum(true.delays_ns) / 500 + 0.2 * MS)

    def test_a_stall_is_a_dip_in_its_second(self):
        trial, true = self.measure("delay_us=1000,stall_every_ms=1050,stall_us=900000",
                                   "--duration", "3s", "--sampling-period", "1")
        series = trial["operations_per_second"]
        self.assertEqual(len(series), 3)
        self.assertLess(series[1], 0.5 * series[0])
        # Seconds begin when the threads do, and are noted as late as the machine is.
        for measured, told in zip(series, true.ends_per_second(3)):
            self.assertAlmostEqual(measured, told, delta=0.25 * max(series))
        self.assertLessEqual(sum(series), trial["operations"])

    def test_in_the_open_loop_a_stall_is_in_response_times_and_hardly_in_service_times(self):
        trial, true = self.measure("every=0,stall_every_ms=1000,stall_us=200000", "--rate", "1k",
                                   "--arrivals", "constant", "--operations", "3000")
        stalls = len(true.delays_ns)
        self.assertIn(stalls, (2, 3))
        self.assertGreaterEqual(min(true.delays_ns), 200 * MS)
        service = latency_of(trial)
        response = latency_of(trial, of="response_times")
        self.assertEqual((service["samples"], response["samples"]), (3000, 3000))
        self.check_distribution(service, true.times_ns)
        # 200 operations come due in each stall, and half of them wait for 100 ms and more: 6%.
        self.assertGreaterEqual(percentile(response, 95), 95 * MS)
        self.assertLess(percentile(service, 99), 95 * MS)
        self.assertGreaterEqual(percentile(service, 99.99), SHORTEST * 200 * MS)
        # At constant arrivals, those behind a stall wait for half of it on average.
        self.assertGreaterEqual(response["mean_ns"] * 3000, 2 * 199 * 0.1e9)

    def test_a_longer_lock_hold_serialises(self):
        rate, held = {}, {}
        for threads in (1, 2):
            trial, true = self.measure("delay_us=2000,serial=true", "--operations", "300",
                                       "--sampling-period", "1", threads=threads)
            self.check_distribution(latency_of(trial), true.times_ns[:trial["operations"] + 2])
            window_ns = trial["window_s"] * 1e9
            held[threads] = sum(true.delays_ns) / len(true.delays_ns)
            rate[threads] = trial["operations"] / window_ns
            # One at a time, however many threads there are; one may have been begun before.
            self.assertLessEqual(SHORTEST * (trial["operations"] - threads) * 2 * MS, window_ns)
            if threads == 2:
                self.assertGreaterEqual(percentile(latency_of(trial), 50), 3 * MS)
                self.assertLessEqual(percentile(latency_of(trial), 50), 2.5 * held[2] * 2)
                # Little's law: two are always in the store, or on their way back.
                self.assertLessEqual(latency_of(trial)["mean_ns"] * rate[2], 2.01)
                self.assertGreaterEqual(latency_of(trial)["mean_ns"] * rate[2], 1.5)
        self.assertLess(rate[2] * held[2], 1.2 * rate[1] * held[1])

    def test_without_the_lock_two_threads_are_delayed_at_the_same_time(self):
        trial, true = self.measure("delay_us=2000", "--operations", "300", "--sampling-period",
                                   "1", threads=2)
        self.assertGreater(sum(true.delays_ns), 1.2 * trial["window_s"] * 1e9)


if __name__ == "__main__":
    unittest.main()
