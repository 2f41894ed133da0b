#!/usr/bin/env python3
"""Writes ycsb_reference.inc: what YCSB's formulae give for fixed uniform draws.

An implementation of its own, after the formulae of YCSB's core (site.ycsb.generator, site.ycsb.Utils
and CoreWorkload.buildKeyName), with Python's math library, to compare ours with. Run it from this
folder; it overwrites ycsb_reference.inc and says nothing.
"""

import math
import random
import textwrap

MASK = (1 << 64) - 1
THETA = 0.99


def fnvhash64(value):
    hash_value = 0xCBF29CE484222325
    for _ in range(8):
        octet = value & 0xFF
        value >>= 8
        hash_value = ((hash_value ^ octet) * 1099511628211) & MASK
    return MASK + 1 - hash_value if hash_value >> 63 else hash_value


class ZipfianGenerator:
    """nextLong(itemcount) of ZipfianGenerator, fed with the draw `u`."""

    def __init__(self, items, zetan=None):
        self.items = items
        self.count_for_zeta = items
        self.alpha = 1.0 / (1.0 - THETA)
        self.zeta2theta = self.zeta(0, 2, 0.0)
        self.zetan = self.zeta(0, items, 0.0) if zetan is None else zetan
        self.set_eta()

    @staticmethod
    def zeta(start, end, initial):
        total = initial
        for i in range(start, end):
            total += 1 / math.pow(i + 1, THETA)
        return total

    def set_eta(self):
        self.eta = (1 - math.pow(2.0 / self.items, 1 - THETA)) / (1 - self.zeta2theta / self.zetan)

    def next_long(self, item_count, u):
        if item_count > self.count_for_zeta:
            self.zetan = self.zeta(self.count_for_zeta, item_count, self.zetan)
            self.count_for_zeta = item_count
            self.set_eta()
        uz = u * self.zetan
        if uz < 1.0:
            return 0
        if uz < 1.0 + math.pow(0.5, THETA):
            return 1
        return int(item_count * math.pow(self.eta * u - self.eta + 1, self.alpha))


def build_key_name(number, zero_padding, ordered):
    shown = str(number if ordered else fnvhash64(number))
    return "user" + "0" * (zero_padding - len(shown)) + shown


def table(name, element_type, rows):
    print(f"constexpr {element_type} {name}[] = {{", file=out)
    text = ", ".join(str(row) for row in rows)
    print(textwrap.fill(text, 100, initial_indent="    ", subsequent_indent="    "), file=out)
    print("};", file=out)


def main():
    generator = random.Random(20)
    draws = [generator.random() for _ in range(200)] + [0.0, 0.5, 1 - 2.0**-53, 2.0**-53]

    scrambled = ZipfianGenerator(10000000001, 26.46902820178302)
    zipfian = ZipfianGenerator(1000)
    latest = ZipfianGenerator(999)  # SkewedLatestGenerator over counters that end at 999
    gamma = -math.log(1.0 - 95.0 / 100.0) / (1000 * 0.8571428571)
    weights = [0.5, 0.3, 0.15, 0.05]
    print("// Written by ycsb_reference.py. Do not edit.", file=out)
    table("kDraws", "double", [u.hex() for u in draws])
    table("kZipfianRanks", "uint64_t", [zipfian.next_long(1000, u) for u in draws])
    table("kHugeRanks", "uint64_t", [scrambled.next_long(10000000001, u) for u in draws])
    table("kScrambledKeys", "uint64_t",
          [fnvhash64(scrambled.next_long(10000000001, u)) % 100001 for u in draws])
    # The counter grows by one every fourth draw.
    table("kLatestKeys", "uint64_t",
          [999 + i // 4 - latest.next_long(999 + i // 4, u) for i, u in enumerate(draws)])
    table("kExponential", "uint64_t",
          [0 if u == 0 else int(-math.log(u) / gamma) for u in draws])
    choices = []
    for u in draws:
        value = u
        for index, weight in enumerate(weights):
            share = weight / sum(weights)
            if value < share:
                choices.append(index)
                break
            value -= share
        else:
            choices.append(len(weights) - 1)
    table("kDiscrete", "uint64_t", choices)
    numbers = [0, 1, 9, 10, 999, 12345, 2**31 - 1, 2**32, 10**10, 2**40 - 1, 2**40, 2**62]
    numbers += [generator.getrandbits(1 + generator.randrange(62)) for _ in range(100)]
    table("kNumbers", "uint64_t", [f"{n}u" for n in numbers])
    table("kHashes", "uint64_t", [f"{fnvhash64(n)}u" for n in numbers])
    for name, padding, ordered in (("kHashedKeys", 1, False), ("kOrderedKeys", 1, True),
                                   ("kPaddedKeys", 12, True), ("kHashedPaddedKeys", 24, False)):
        table(name, "std::string_view",
              [f'"{build_key_name(n, padding, ordered)}"' for n in numbers])


if __name__ == "__main__":
    with open("ycsb_reference.inc", "w", encoding="ascii") as out:
        main()
