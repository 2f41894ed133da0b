"""Imported by the other scripts: the interval of a median."""

import math


def interval_of_median(values):
    """The order statistics that hold the median with at least 95%, or all if there are too few.

    David and Nagaraja, Order Statistics, 3rd edition, section 7.1.
    """
    ordered = sorted(values)
    cut = 0
    while 40 * sum(math.comb(len(ordered), i) for i in range(cut + 1)) <= 2 ** len(ordered):
        cut += 1
    cut = max(cut - 1, 0)
    return ordered[cut], ordered[-1 - cut]
