#!/usr/bin/env python3
"""Writes order_statistics_reference.inc: what numpy and scipy give for fixed samples.

Run it from this folder; it overwrites order_statistics_reference.inc and says nothing.
"""

import random

import numpy
from scipy import stats


def lower_tail_of_u(m, n, u):
    """P(U <= u), by scipy's exact test of samples of m and n that have this U."""
    wins = []  # over how many of the n does each of the m lie
    for i in range(m):
        wins.append(min(n, u - sum(wins)))
    first = [count - 0.5 + 1e-3 * i for i, count in enumerate(wins)]
    result = stats.mannwhitneyu(first, range(n), alternative="less", method="exact")
    assert result.statistic == u
    return result.pvalue


def interval(ordered, tail, alpha):
    """From the l-th smallest to the l-th largest with the largest l that the tail permits."""
    l = 0
    while 2 * l < len(ordered) and 2 * tail(l) <= alpha:
        l += 1
    return (ordered[l - 1], ordered[-l]) if l else None


def number(value):
    return float(value).hex()


def write_tails(out):
    out.append("// n, k, P(K <= k): scipy.stats.binom.cdf")
    rows = [f"{{{n}, {k}, {number(stats.binom.cdf(k, n, 0.5))}}}"
            for n in (1, 2, 5, 6, 11, 30, 101, 1000) for k in sorted({0, n // 5, n // 3, n // 2})]
    out.append("constexpr BinomialTail kBinomialTails[] = {\n    " + ",\n    ".join(rows) + "};")
    out.append("// m, n, u, P(U <= u): scipy.stats.mannwhitneyu, exact")
    rows = []
    for m, n in ((1, 1), (1, 9), (3, 3), (3, 5), (6, 6), (7, 4), (12, 10), (20, 20), (40, 35)):
        for u in sorted({0, m * n // 8, m * n // 4, m * n // 3, m * n // 2}):
            rows.append(f"{{{m}, {n}, {u}, {number(lower_tail_of_u(m, n, u))}}}")
    out.append("constexpr RankTail kRankTails[] = {\n    " + ",\n    ".join(rows) + "};")


def write_intervals(out, rng):
    def samples(count, shift):
        return [shift + rng.gauss(0, 0.03) for _ in range(count)]

    def table(name, cases):
        rows = []
        for first, second, estimate, found, alpha in cases:
            both = ", ".join("{" + ", ".join(map(number, part)) + "}" for part in (first, second))
            low, high = found or (0, 0)
            rows.append(f"{{{both}, {number(estimate)}, {number(alpha)}, "
                        f"{str(found is not None).lower()}, {number(low)}, {number(high)}}}")
        out.append(f"const IntervalCase {name}[] = {{\n    " + ",\n    ".join(rows) + "};")

    cases = []
    for n, alpha in ((1, 0.5), (5, 0.05), (6, 0.05), (9, 0.01), (12, 0.001), (25, 0.05), (40, 0.2)):
        values = samples(n, 0.01)
        found = interval(sorted(values), lambda k, n=n: stats.binom.cdf(k, n, 0.5), alpha)
        cases.append((values, [], numpy.median(values), found, alpha))
    out.append("// Of a median: numpy.median, and order statistics by scipy.stats.binom")
    table("kMedianCases", cases)

    cases = []
    for m, n, alpha in ((3, 3, 0.05), (3, 3, 0.1), (4, 4, 0.05), (5, 8, 0.01), (12, 10, 0.05),
                        (20, 15, 0.001)):
        first, second = samples(m, 0), samples(n, 0.02)
        differences = sorted(b - a for a in first for b in second)
        found = interval(differences, lambda k, m=m, n=n: lower_tail_of_u(m, n, k), alpha)
        cases.append((first, second, numpy.median(differences), found, alpha))
    out.append("// Of a shift: numpy.median of the differences, and their order statistics by "
               "scipy.stats.mannwhitneyu")
    table("kShiftCases", cases)


def write_p_values(out, rng):
    """Of no change, two-sided, without ties: scipy's sign test and exact U test."""
    rows = []
    for m, n in ((6, 6), (9, 14), (25, 25)):
        first = [rng.gauss(0, 0.03) for _ in range(m)]
        second = [rng.gauss(0.02, 0.03) for _ in range(n)]
        signs = stats.binomtest(sum(v > 0 for v in second), n, 0.5).pvalue
        ranks = stats.mannwhitneyu(first, second, method="exact").pvalue
        both = ", ".join("{" + ", ".join(map(number, part)) + "}" for part in (first, second))
        rows.append(f"{{{both}, {number(signs)}, {number(ranks)}}}")
    out.append("// p values of no change: scipy.stats.binomtest of the signs of the second sample; "
               "scipy.stats.mannwhitneyu")
    out.append("const PValueCase kPValueCases[] = {\n    " + ",\n    ".join(rows) + "};")


def main():
    rng = random.Random(20240521)
    out = ["// Written by order_statistics_reference.py. Do not edit.", "// clang-format off"]
    write_tails(out)
    write_intervals(out, rng)
    write_p_values(out, rng)
    with open("order_statistics_reference.inc", "w", encoding="utf-8") as file:
        file.write("\n".join([*out, "// clang-format on", ""]))


if __name__ == "__main__":
    main()
