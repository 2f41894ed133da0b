#!/usr/bin/env python3
"""Writes u_test_reference.inc: the p values that Google Benchmark's compare.py gives for samples.

Run it from this folder, with Debian's libbenchmark-tools; it overwrites u_test_reference.inc.
"""

import random
import sys

sys.path.insert(0, "/usr/share/benchmark")

from gbench import report  # pylint: disable=wrong-import-position


def number(value):
    return float(value).hex()


def p_value(first, second):
    """As `compare.py -a` prints it for repetitions with these real times."""
    runs = [{"benchmarks": [{"name": "x", "real_time": value, "cpu_time": value, "time_unit": "ns"}
                            for value in values]} for values in (first, second)]
    rows = report.get_difference_report(*runs, utest=True)
    return next(row["utest"]["time_pvalue"] for row in rows if row["name"] == "x")


def main():
    rng = random.Random(20240501)
    cases = []
    for m, n, shift, digits in ((2, 2, 0, 9), (3, 5, 1, 9), (8, 8, 0.4, 9), (8, 20, 0.3, 9),
                                (9, 9, 0.5, 9), (9, 9, 0, 0), (5, 5, 0, 0), (40, 40, 0.2, 9),
                                (40, 40, 0.4, 1), (114, 114, 0.1, 9), (12, 30, -0.5, 1)):
        first = [round(10 + rng.gauss(0, 1), digits) for _ in range(m)]
        second = [round(10 + shift + rng.gauss(0, 1), digits) for _ in range(n)]
        cases.append((first, second, p_value(first, second)))
    cases.append(([1, 1, 1], [1, 1, 1], p_value([1, 1, 1], [1, 1, 1])))
    lines = ["// Written by u_test_reference.py.", "const UTestCase kUTestCases[] = {"]
    for first, second, expected in cases:
        parts = ["{" + ", ".join(map(number, values)) + "}" for values in (first, second)]
        lines.append("    {" + ", ".join([*parts, number(expected)]) + "},")
    lines.append("};")
    with open("u_test_reference.inc", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
