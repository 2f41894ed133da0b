#!/usr/bin/env python3
"""Draws the charts of a kvs-bench result file, or of its detector.

    plot.py RESULT.json [--out DIR]

Per workload, pool and durability: throughput against threads, with the trials as dots and their
median as a line, and latency by percentile on an axis of nines: service time, or in the open loop
(--rate) response time. Over all workloads: a heat map of
each engine's throughput as a share of the best. Each chart is written as PNG and SVG into DIR (by
default RESULT-charts beside the file), and its path is printed.

Of what `kvs-bench selftest detector --json` wrote: how often each method called throughput worse,
by the loss that was there.

Nothing is computed here: every figure drawn is in the file, described by
results/schema/result-v1.schema.json. Exit status: 0, or 2 when the input cannot be used.
"""

import argparse
import importlib.util
import json
import math
import os
import pathlib
import re
import sys
import textwrap
import zlib

DEBIAN_PYTHON = "/usr/bin/python3"
SCHEMA_VERSION = 1


def fail(message):
    """Ends the program with one line that says what is wrong."""
    print(f"plot.py: {message}", file=sys.stderr)
    sys.exit(2)


def find_matplotlib():
    """Continues under Debian's Python, which has Debian's matplotlib, when this one has none."""
    if importlib.util.find_spec("matplotlib"):
        return
    if "KVS_PLOT_SWITCHED_PYTHON" not in os.environ and os.path.exists(DEBIAN_PYTHON):
        os.environ["KVS_PLOT_SWITCHED_PYTHON"] = "1"
        os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])
    fail("the Python module 'matplotlib' is missing. To install it: "
         f"apt-get install python3-matplotlib (for {DEBIAN_PYTHON})")


# --- Reading ---------------------------------------------------------------------------------------


class BadInput(Exception):
    """The file is not a result file that this program can draw."""


def member(json_object, name, kind, where):
    """json_object[name], which must be of `kind`; `where` is the object's JSON pointer."""
    if not isinstance(json_object, dict):
        raise BadInput(f"at {where or '/'}: an object is expected here")
    if name not in json_object:
        raise BadInput(f"at {where or '/'}: the member '{name}' is missing")
    value = json_object[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadInput(f"at {where}/{name}: a value of another type is expected here")
    return value


NUMBER = (int, float)


def check_cell_name(owner, where):
    cell = member(owner, "cell", dict, where)
    for name in ("workload", "engine", "pool", "durability"):
        member(cell, name, str, f"{where}/cell")
    if member(cell, "threads", int, f"{where}/cell") < 1:
        raise BadInput(f"at {where}/cell/threads: at least 1 is expected here")


def check_latency(latency, where):
    member(latency, "what", str, where)
    for j, percentile in enumerate(member(latency, "percentiles", list, where)):
        at = f"{where}/percentiles/{j}"
        member(percentile, "percent", NUMBER, at)
        member(percentile, "median_ns", NUMBER, at)
        member(percentile, "well_sampled", bool, at)


def check_summary(summary, where):
    check_cell_name(summary, where)
    for name, kind in (("status", str), ("reason", str), ("trials", int), ("is_floor", bool)):
        member(summary, name, kind, where)
    if "throughput_per_s" in summary:
        spread = member(summary, "throughput_per_s", dict, where)
        member(spread, "median", NUMBER, f"{where}/throughput_per_s")
    if "ratio_to_best" in summary:
        member(summary, "ratio_to_best", NUMBER, where)
    for j, latency in enumerate(member(summary, "latencies", list, where)):
        check_latency(latency, f"{where}/latencies/{j}")
    if "queue_wait" in summary:
        check_latency(summary["queue_wait"], f"{where}/queue_wait")
    if "response_times" in summary:
        member(summary, "rate_per_s", NUMBER, where)
        member(summary, "arrivals", str, where)
        for j, latency in enumerate(member(summary, "response_times", list, where)):
            check_latency(latency, f"{where}/response_times/{j}")


def read_json(path):
    """What the file holds. Raises BadInput."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(getattr(error, "strerror", None) or str(error)) from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(f"not JSON: {error}") from error


def is_detector(result):
    return isinstance(result, dict) and result.get("kvs_bench_selftest") == "detector"


def check_detector(result):
    """Checks everything that is drawn of it. Raises BadInput."""
    for name in ("blocks", "runs", "draws"):
        member(result, name, int, "")
    member(result, "main_minutes", NUMBER, "")
    member(result, "version", str, "")
    member(result, "origin", dict, "")
    changed = set()
    for i, change in enumerate(member(result, "changes", list, "")):
        where = f"/changes/{i}"
        changed.add((member(change, "cell", str, where), member(change, "arm", str, where)))
        member(change, "throughput_change", NUMBER, where)
    for i, rate in enumerate(member(result, "rates", list, "")):
        where = f"/rates/{i}"
        for name in ("cell", "arm", "order", "method"):
            member(rate, name, str, where)
        member(rate, "loss", NUMBER, where)
        if (rate["cell"], rate["arm"]) not in changed:
            raise BadInput(f"at {where}: /changes has none of this cell and arm")
        for kind in ("drawn", "disjoint"):
            if kind not in rate:
                continue
            tally = member(rate, kind, dict, where)
            share = member(tally, "throughput_found", dict, f"{where}/{kind}")
            for figure in ("share", "low", "high") if "share" in share else ():
                member(share, figure, NUMBER, f"{where}/{kind}/throughput_found")


def check_result(result):
    """Checks everything that is drawn of it. Raises BadInput."""
    if not isinstance(result, dict) or "kvs_bench" not in result:
        raise BadInput("not a result file of kvs-bench: the member 'kvs_bench' is missing")
    ours = member(result, "kvs_bench", dict, "")
    version = member(ours, "schema_version", int, "/kvs_bench")
    if version != SCHEMA_VERSION:
        raise BadInput(f"at /kvs_bench/schema_version: this program reads version "
                       f"{SCHEMA_VERSION}, and the file has {version}")
    member(member(result, "context", dict, ""), "host_name", str, "/context")
    member(ours, "host", dict, "/kvs_bench")
    member(ours, "complete", bool, "/kvs_bench")
    for name in ("version", "started_at"):
        member(ours, name, str, "/kvs_bench")
    for i, trial in enumerate(member(ours, "trials", list, "/kvs_bench")):
        where = f"/kvs_bench/trials/{i}"
        check_cell_name(trial, where)
        member(trial, "is_floor", bool, where)
        member(trial, "throughput_per_s", NUMBER, where)
    for i, summary in enumerate(member(ours, "cells", list, "/kvs_bench")):
        check_summary(summary, f"/kvs_bench/cells/{i}")


# --- What each engine looks like -------------------------------------------------------------------

# Okabe and Ito's colours, which colour-blind people tell apart, without the yellow, which is hard
# to see on white. https://jfly.uni-koeln.de/color/
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7")
GREY = "#808080"

KNOWN_ENGINES = {
    "null": (GREY, "x"),
    "single": (BLACK, "s"),
    "mutex": (ORANGE, "^"),
    "rwlock": (SKY, "v"),
    "lockfree": (VERMILLION, "o"),
    "rocksdb": (BLUE, "D"),
    "lmdb": (GREEN, "P"),
    "sqlite": (PURPLE, "X"),
}
OTHER_COLOURS = (BLUE, GREEN, PURPLE, ORANGE, BLACK, SKY, VERMILLION)
OTHER_MARKERS = ("<", ">", "p", "*", "h", "d", "8")
OTHER_LINES = ((0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def look_of(engine):
    """Colour, marker and line of an engine: the same in every chart of every run.

    An engine with settings keeps its colour, and gets a marker and a line from its full name.
    """
    base = engine.split(":", 1)[0]
    number = zlib.crc32(engine.encode("utf-8"))
    colour, marker = KNOWN_ENGINES.get(base, (
        OTHER_COLOURS[zlib.crc32(base.encode("utf-8")) % len(OTHER_COLOURS)], None))
    if marker and engine == base:
        return colour, marker, "--" if engine == "null" else "-"
    return (colour, OTHER_MARKERS[number % len(OTHER_MARKERS)],
            OTHER_LINES[number // 7 % len(OTHER_LINES)])


def is_floor(engine):
    """Whether it is the engine that stores nothing: drawn as the harness's limit, not ranked."""
    return engine.split(":", 1)[0] == "null"


def engine_order(engines):
    """The known engines in their own order, then the others by name, the floor last."""
    known = [name for name in KNOWN_ENGINES if name != "null"]

    def rank(engine):
        base = engine.split(":", 1)[0]
        return (is_floor(engine), known.index(base) if base in known else len(known), engine)

    return sorted(set(engines), key=rank)


# --- Words and numbers on charts -------------------------------------------------------------------


def human(value, units, step=1000):
    """`value` with up to three digits in the largest of `units` that leaves at least 1."""
    unit = 0
    while value >= step * 0.9995 and unit + 1 < len(units):
        value /= step
        unit += 1
    return f"{value:.3g}{units[unit]}"


def human_count(value, _position=None):
    return human(value, ("", "k", "M", "G"))


def human_ns(value, _position=None):
    return human(value, (" ns", " us", " ms", " s"))


def human_ratio(ratio):
    if ratio >= 0.995:
        return "1.00"
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:#.2g}"


def listing(words):
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def footer_lines(result, summaries, more):
    """What the figures depend on: host, durability, trials."""
    ours = result["kvs_bench"]
    host = ours["host"]
    machine = [result["context"]["host_name"]]
    machine += [str(host[key]) for key in ("cpu", "memory", "kernel", "file_system") if key in host]
    durabilities = sorted({summary["cell"]["durability"] for summary in summaries})
    pools = sorted({summary["cell"]["pool"] for summary in summaries})
    setting = dataset(result, summaries)
    setting += [f"durability {listing(durabilities)}", f"pool {listing(pools)}",
                trials_per_cell(summaries), *more]
    run = f"kvs-bench {ours['version']}, {ours['started_at']}"
    if not ours["complete"]:
        run += ", interrupted before its end"
    return ["; ".join(machine), "; ".join(setting), run]


def trials_per_cell(summaries):
    """How often each cell was measured, and its floor where that is another number."""
    def counts(floors):
        numbers = sorted({s["trials"] for s in summaries
                          if s["is_floor"] == floors and s["status"] != "unsupported"})
        return f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(*numbers)

    measured, floor = counts(False), counts(True)
    measured, floor = measured or floor or "0", floor if measured else ""
    return (f"{measured} trial{'' if measured == '1' else 's'} per cell" +
            (f" ({floor} of the harness alone)" if floor and floor != measured else ""))


def open_loop(summaries):
    """What the load of an open loop was, in words; empty in the closed loop."""
    for summary in summaries:
        if "response_times" in summary:
            arrivals = {"poisson": "Poisson"}.get(summary["arrivals"], summary["arrivals"])
            return f"open loop at {human_count(summary['rate_per_s'])}/s, {arrivals} arrivals"
    return ""


def dataset(result, summaries):
    """How much was loaded, where that is the same in all the cells."""
    workloads = {summary["cell"]["workload"] for summary in summaries}
    loads = {(trial["loaded_records"], trial["dataset_bytes"])
             for trial in result["kvs_bench"]["trials"]
             if trial["cell"]["workload"] in workloads and trial["loaded_records"] > 0}
    if len(loads) != 1:
        return []
    records, size = loads.pop()
    return [f"{records:,} records, {human(size, (' B', ' KiB', ' MiB', ' GiB', ' TiB'), 1024)}"]


def without_figures(summaries):
    """One line per reason for the cells that have nothing to draw, with their engines."""
    all_threads = {summary["cell"]["threads"] for summary in summaries}
    by_reason = {}
    for summary in summaries:
        if "throughput_per_s" not in summary:
            reason = summary["status"] + (f" ({summary['reason']})" if summary["reason"] else "")
            engines = by_reason.setdefault(reason, {})
            engines.setdefault(summary["cell"]["engine"], []).append(summary["cell"]["threads"])
    lines = []
    for reason, engines in by_reason.items():
        places = []
        for engine in engine_order(engines):
            threads = sorted(engines[engine])
            at = f" at {listing(map(str, threads))} thread{'' if threads == [1] else 's'}"
            places.append(engine + ("" if set(threads) == all_threads else at))
        lines.append(f"No figures, {reason}: {'; '.join(places)}")
    return lines


# --- Figures ---------------------------------------------------------------------------------------

INK = "#222222"
FAINT = "#666666"
GRID = "#dddddd"


def set_style(plt):
    plt.rcParams.update({
        "figure.dpi": 110, "savefig.dpi": 160, "svg.hashsalt": "kvs-bench",
        "font.family": "DejaVu Sans", "font.size": 9.5,
        "axes.spines.top": False, "axes.spines.right": False,
        "axes.edgecolor": FAINT, "axes.labelcolor": INK, "text.color": INK,
        "xtick.color": INK, "ytick.color": INK,
        "axes.grid": True, "axes.grid.which": "major", "grid.color": GRID,
        "grid.linewidth": 0.7, "axes.axisbelow": True,
        "axes.titlelocation": "left", "axes.titlesize": 10.5,
    })


class Page:
    """A figure with a title above its axes and a footer below them, at fixed distances."""

    TOP_IN = 0.85
    LINE_IN = 0.15

    def __init__(self, plt, width_in, plot_height_in, title, subtitle, footer,
                 left_in=0.95, right_in=0.3, bottom_in=0.6, top_in=TOP_IN, columns=1, rows=1,
                 **subplot_options):
        wrapped = []
        for line in footer:
            wrapped += textwrap.wrap(line, int((width_in - 0.5) / 0.066)) or [""]
        footer_in = self.LINE_IN * len(wrapped) + 0.15
        height_in = top_in + plot_height_in + bottom_in + footer_in
        self.figure, axes = plt.subplots(rows, columns, figsize=(width_in, height_in),
                                         squeeze=False, **subplot_options)
        self.axes = axes
        self.figure.subplots_adjust(
            left=left_in / width_in, right=1 - right_in / width_in,
            bottom=(bottom_in + footer_in) / height_in, top=1 - top_in / height_in)
        x = 0.25 / width_in
        self.figure.text(x, 1 - 0.2 / height_in, title, fontsize=13, weight="bold", va="top")
        self.figure.text(x, 1 - 0.46 / height_in, subtitle, color=FAINT, va="top")
        self.figure.text(x, 0.15 / height_in, "\n".join(wrapped), fontsize=8, color=FAINT,
                         va="bottom", linespacing=1.35)

    def save(self, plt, directory, stem):
        paths = []
        for suffix, metadata in (("png", {}), ("svg", {"Date": None})):
            path = directory / f"{stem}.{suffix}"
            self.figure.savefig(path, metadata=metadata)
            paths.append(path)
        plt.close(self.figure)
        return paths


def spread_out(positions, least_distance):
    """Moves sorted positions apart to `least_distance`, each as little as the others allow."""
    groups = []
    for position in positions:
        groups.append([position, 1])
        # Neighbours that would overlap move together, around their common middle.
        while len(groups) > 1:
            (low, low_count), (high, high_count) = groups[-2:]
            if high - low >= least_distance * (low_count + high_count) / 2:
                break
            count = low_count + high_count
            groups[-2:] = [[(low * low_count + high * high_count) / count, count]]
    return [middle + (i - (count - 1) / 2) * least_distance
            for middle, count in groups for i in range(count)]


def label_line_ends(axes, ends):
    """Names each line at its right end. `ends`: (threads, throughput, engine).

    Lines that reach the right edge are named beside it, one below the other; a line that ends
    before, because the engine serves no more threads, is named where it ends: left of it when that
    is where lines begin, so that none runs through the name.
    """
    scale = 72 / axes.figure.dpi
    edge_x = axes.transAxes.transform((1, 0))[0] * scale
    first, last = axes.get_xticks()[[0, -1]]
    for threads in {x for x, _, _ in ends}:
        group = sorted((end for end in ends if end[0] == threads), key=lambda end: end[1])
        places = [axes.transData.transform((x, y)) * scale for x, y, _ in group]
        lift = 0 if threads in (first, last) else 10
        beside = (9, "left") if threads != first else (-9, "right")
        heights = spread_out([place[1] + lift for place in places], 12.5)
        for (x, y, engine), place, height in zip(group, places, heights):
            colour = look_of(engine)[0]
            leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "alpha": 0.6,
                      "shrinkA": 0, "shrinkB": 14} if threads == last else None
            axes.annotate(
                "null (harness alone)" if engine == "null" else engine, (x, y),
                xytext=(edge_x - place[0] + 10 if leader else beside[0], height - place[1]),
                textcoords="offset points", va="center", ha="left" if leader else beside[1],
                color=colour, weight="bold", fontsize=9, annotation_clip=False, arrowprops=leader,
                zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5})


def use_value_axis(axes, values, formatter):
    """Linear from 0, or logarithmic when the values are far apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
    low, high = min(values), max(values)
    if low > 0 and high / low > 12:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.6, high * 1.6)
        if high / low < 1000:
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, high * 1.08)
    axes.yaxis.set_major_formatter(FuncFormatter(formatter))


def draw_throughput(plt, result, title, summaries, trials):
    """Throughput against threads: trials as dots, medians as a line. None without figures."""
    from matplotlib.ticker import FixedLocator, NullLocator
    from matplotlib.transforms import ScaledTranslation
    drawn = [s for s in summaries if "throughput_per_s" in s]
    if not drawn:
        return None
    threads = sorted({s["cell"]["threads"] for s in summaries})
    values = [s["throughput_per_s"]["median"] for s in drawn]
    values += [t["throughput_per_s"] for t in trials if t["throughput_per_s"] > 0]
    footer = without_figures(summaries) + footer_lines(
        result, drawn, ["line: median, dots: trials"])
    longest = max(len(s["cell"]["engine"]) for s in drawn)
    load = open_loop(drawn)
    page = Page(plt, 8.2, 4.4, f"{title}: throughput",
                "operations per second, all threads together" + (f"; {load}" if load else ""),
                footer, right_in=max(1.75, 0.4 + 0.085 * longest))
    axes = page.axes[0][0]
    use_value_axis(axes, values, human_count)
    axes.set_xscale("log", base=2)
    # Room for a name left of the first points.
    axes.set_xlim(threads[0] / max(1.15, (threads[-1] / threads[0]) ** 0.12), threads[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(threads))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    axes.set_xlabel("threads")
    axes.set_ylabel("operations per second" + (" (log scale)" if axes.get_yscale() == "log" else ""))
    # Trials stand right of their median's marker, which would cover them.
    beside = ScaledTranslation(9 / 72, 0, page.figure.dpi_scale_trans)
    ends = []
    for engine in engine_order(s["cell"]["engine"] for s in drawn):
        colour, marker, line = look_of(engine)
        points = sorted((s["cell"]["threads"], s["throughput_per_s"]["median"])
                        for s in drawn if s["cell"]["engine"] == engine)
        dots = [(t["cell"]["threads"], t["throughput_per_s"]) for t in trials
                if t["cell"]["engine"] == engine and t["throughput_per_s"] > 0]
        # Markers are outlines, so that one behind another is seen.
        axes.plot(*zip(*points), color=colour, linestyle=line, linewidth=1.6, marker=marker,
                  markersize=7, markerfacecolor="none", markeredgewidth=1.4, zorder=3)
        axes.plot(*zip(*dots), color=colour, linestyle="none", marker=".", markersize=6, alpha=0.8,
                  markeredgewidth=0, zorder=4, transform=axes.transData + beside)
        ends.append((*points[-1], engine))
    label_line_ends(axes, ends)
    return page


def nines(percent):
    """Where a percentile lies on the axis: 90 at 1, 99 at 2, 99.9 at 3."""
    return -math.log10(1 - percent / 100)


def latency_kinds(summaries):
    """(what, title) of the distributions to draw: each kind of operation, and the queue wait."""
    kinds = []
    for summary in summaries:
        for latency in summary["latencies"]:
            if latency["what"] not in kinds:
                kinds.append(latency["what"])
    single = [kind for kind in kinds if kind != "all"]
    shown = [(kind, kind) for kind in single or kinds]
    if any("queue_wait" in summary for summary in summaries):
        shown.append(("queue-wait", "wait in the queue"))
    return shown


def latency_points(summary, what):
    """(nines, ns) of the percentiles with enough samples beyond them."""
    times = summary.get("response_times", summary["latencies"])
    found = [latency for latency in times if latency["what"] == what]
    if what == "queue-wait" and "queue_wait" in summary:
        found = [summary["queue_wait"]]
    if not found:
        return []
    # A logarithmic axis has no 0; a queue that is empty may well give it.
    return [(nines(p["percent"]), max(p["median_ns"], 1)) for p in found[0]["percentiles"]
            if p["percent"] < 100 and p["well_sampled"]]


def draw_latency(plt, result, title, summaries):
    """Latency by percentile, a panel per kind of operation and thread count. None without any.

    Response times where the result has them, from an open loop; otherwise service times.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter
    drawn = [s for s in summaries if "throughput_per_s" in s]
    kinds = latency_kinds(drawn)
    threads = sorted({s["cell"]["threads"] for s in drawn})
    every_point = [point for s in drawn for what, _ in kinds for point in latency_points(s, what)]
    if not every_point:
        return None
    engines = engine_order(s["cell"]["engine"] for s in drawn)
    footer = without_figures(summaries) + footer_lines(result, drawn, [
        "medians over the trials; a line ends where fewer than 10 samples lie beyond"])
    width_in = max(7.2, 1.2 + 3.3 * len(threads))
    per_row = max(1, int((width_in - 0.5) / max(1.15, 0.5 + 0.085 * max(map(len, engines)))))
    legend_rows = math.ceil(len(engines) / per_row)
    top_in = 1.25 + 0.24 * legend_rows
    load = open_loop(drawn)
    what_is_drawn = (f"{title}: response time by percentile",
                     f"from the intended start, {load}; both axes logarithmic") if load else (
                         f"{title}: latency by percentile",
                         "service time inside the engine; both axes logarithmic")
    page = Page(plt, width_in, 2.9 * len(kinds), *what_is_drawn, footer, top_in=top_in,
                rows=len(kinds), columns=len(threads), sharex=True, sharey="row")
    page.figure.subplots_adjust(wspace=0.1, hspace=0.2)
    low_x, high_x = (f(x for x, _ in every_point) for f in (min, max))
    ticks = [p for p in (50, 90, 99, 99.9, 99.99, 99.999)
             if low_x - 0.01 <= nines(p) <= high_x + 0.01]
    for row, (what, kind_title) in zip(page.axes, kinds):
        for axes, thread_count in zip(row, threads):
            axes.set_title(f"{kind_title}, {thread_count} thread{'s' if thread_count > 1 else ''}")
            axes.set_yscale("log")
            for summary in drawn:
                points = latency_points(summary, what)
                if summary["cell"]["threads"] != thread_count or not points:
                    continue
                colour, marker, line = look_of(summary["cell"]["engine"])
                axes.plot(*zip(*points), color=colour, linestyle=line, linewidth=1.5, marker=marker,
                          markersize=5, markerfacecolor="white", markeredgewidth=1.2)
            axes.xaxis.set_major_locator(FixedLocator([nines(p) for p in ticks]))
            axes.xaxis.set_major_formatter(FuncFormatter(
                lambda value, _: f"{min(ticks, key=lambda p: abs(nines(p) - value)):g}"))
            axes.yaxis.set_major_locator(LogLocator(numticks=12))
            axes.yaxis.set_major_formatter(FuncFormatter(human_ns))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.set_xlim(low_x - 0.15, high_x + 0.15)
            axes.tick_params(labelsize=8.5)
    for axes in page.axes[-1]:
        axes.set_xlabel("percentile")
    handles = [Line2D([], [], color=look_of(e)[0], marker=look_of(e)[1], linestyle=look_of(e)[2],
                      markerfacecolor="white", markeredgewidth=1.2) for e in engines]
    height_in = page.figure.get_size_inches()[1]
    page.figure.legend(handles, engines, loc="upper left", ncol=min(per_row, len(engines)),
                       bbox_to_anchor=(0.17 / width_in, 1 - 0.68 / height_in), frameon=False,
                       columnspacing=1.4, handlelength=2.2)
    return page


def draw_heat_map(plt, result, summaries):
    """Engine x workload: throughput as a share of the best, a panel per thread count."""
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle
    ranked = [s for s in summaries if not is_floor(s["cell"]["engine"])]
    # In an open loop the rate is asked for, and nobody is the fastest.
    if not ranked or any("rate_per_s" in s for s in ranked):
        return None
    engines = engine_order(s["cell"]["engine"] for s in ranked)
    workloads = list(dict.fromkeys(s["cell"]["workload"] for s in ranked))
    threads = sorted({s["cell"]["threads"] for s in ranked})
    by_cell = {(s["cell"]["engine"], s["cell"]["workload"], s["cell"]["threads"]): s for s in ranked}
    column_in = max(0.95, 0.35 + 0.075 * max(map(len, workloads)))
    left_in = 0.45 + 0.085 * max(map(len, engines))
    least_width_in = 6  # of the words
    panel_in = max(column_in * len(workloads),
                   (least_width_in - left_in - 0.3) / len(threads) - 0.25)
    width_in = left_in + (panel_in + 0.25) * len(threads) + 0.3
    more = ["medians over the trials; colours are logarithmic"]
    if any("ratio_to_best" in s and s["status"] != "ok" for s in ranked):
        more.append("*: some trials failed or were cut short")
    page = Page(plt, width_in, 0.42 * len(engines),
                "Throughput as a share of the best",
                "1.00 is the fastest engine of a workload at that number of threads",
                footer_lines(result, ranked, more), left_in=left_in,
                right_in=width_in - left_in - (panel_in + 0.25) * len(threads) + 0.25,
                bottom_in=0.5, top_in=1.15, columns=len(threads), sharey=True)
    page.figure.subplots_adjust(wspace=0.25 / panel_in)
    colours, scale = plt.get_cmap("cividis"), LogNorm(0.01, 1, clip=True)
    for axes, thread_count in zip(page.axes[0], threads):
        axes.set_title(f"{thread_count} thread{'s' if thread_count > 1 else ''}")
        axes.grid(False)
        axes.set_xlim(0, len(workloads))
        axes.set_ylim(len(engines), 0)
        axes.set_xticks([x + 0.5 for x in range(len(workloads))], workloads)
        axes.set_yticks([y + 0.5 for y in range(len(engines))], engines)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for y, engine in enumerate(engines):
            for x, workload in enumerate(workloads):
                summary = by_cell.get((engine, workload, thread_count))
                box = {"xy": (x, y), "width": 1, "height": 1, "edgecolor": "white", "linewidth": 2}
                if summary is not None and "ratio_to_best" in summary:
                    ratio = summary["ratio_to_best"]
                    axes.add_patch(Rectangle(facecolor=colours(scale(ratio)), **box))
                    text, ink = human_ratio(ratio), "black" if scale(ratio) > 0.55 else "white"
                    if summary["status"] != "ok":
                        text += "*"
                    axes.text(x + 0.5, y + 0.5, text, color=ink, ha="center", va="center",
                              weight="bold" if ratio == 1 else "normal")
                    continue
                text = "not run" if summary is None else summary["status"].replace("-", " ")
                is_bad = text not in ("not run", "unsupported")
                axes.add_patch(Rectangle(facecolor="#f2f2f2", hatch="" if is_bad else "////",
                                         **{**box, "edgecolor": "#ffffff"}))
                axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=7.5,
                          color=VERMILLION if is_bad else FAINT,
                          weight="bold" if is_bad else "normal")
    return page


# --- The detector ----------------------------------------------------------------------------------

# By method and order: name, colour, marker and line.
DETECTOR_LOOKS = {
    ("compare", "interleaved"): ("kvs-bench compare, interleaved", VERMILLION, "o", "-"),
    ("u-test", "interleaved"): ("compare.py's U test, interleaved", BLUE, "s", "-"),
    ("mean-10%", "interleaved"): ("means differ by 10%, interleaved", GREEN, "^", "-"),
    ("single-10%", "interleaved"): ("one run each differs by 10%", ORANGE, "v", "-"),
    ("compare", "sequential"): ("kvs-bench compare, sequential", VERMILLION, "o", ":"),
    ("u-test", "sequential"): ("compare.py's U test, sequential", BLUE, "s", ":"),
}


def detector_points(result, cell, method, order):
    """(loss in percent, share of comparisons that call throughput worse, low, high), ascending."""
    lost = {change["arm"]: -100 * change["throughput_change"] for change in result["changes"]
            if change["cell"] == cell}
    points = []
    for rate in result["rates"]:
        if (rate["cell"], rate["method"], rate["order"]) != (cell, method, order) or not (
                rate["loss"] > 0 or rate["arm"] == "same"):
            continue
        if order == "interleaved" and rate.get("minutes") != result["main_minutes"]:
            continue
        share = rate["drawn" if order == "interleaved" else "disjoint"]["throughput_found"]
        if "share" in share:
            points.append((lost[rate["arm"]], share["share"], share["low"], share["high"]))
    return sorted(points)


def draw_detector(plt, result):
    """How often throughput was called worse, by the loss that was there; a panel per cell."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import PercentFormatter
    cells = list(dict.fromkeys(rate["cell"] for rate in result["rates"]))
    if not cells:
        return None
    origin = result["origin"]
    footer = ["; ".join(str(origin[name]) for name in ("cpu", "kernel", "started")
                        if name in origin),
              f"{result['blocks']} recorded blocks, {result['draws']} comparisons drawn for each "
              f"point; {result['runs']} sequential runs; bars: 95% intervals; "
              f"kvs-bench {result['version']}"]
    page = Page(plt, 0.6 + 3.4 * len(cells), 3.2, "How often throughput is called worse",
                f"by the loss that was there, in {result['main_minutes']:g} minutes a cell; where "
                "nothing was injected it is a false alarm", footer, columns=len(cells), sharey=True,
                top_in=1.7)
    page.figure.subplots_adjust(wspace=0.08)
    for axes, cell in zip(page.axes[0], cells):
        axes.set_title(cell)
        for (method, order), (_, colour, marker, line) in DETECTOR_LOOKS.items():
            points = detector_points(result, cell, method, order)
            if not points:
                continue
            x, share, low, high = zip(*points)
            bars = [[s - l for s, l in zip(share, low)], [h - s for s, h in zip(share, high)]]
            axes.errorbar(x, share, yerr=bars, color=colour, linestyle=line, linewidth=1.5,
                          elinewidth=0.8, marker=marker, markersize=5,
                          markerfacecolor="white" if line == ":" else colour)
        axes.set_xlabel("loss of throughput, over all blocks (%)")
        axes.set_xticks([0, 5, 10, 15, 20, 25])
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    page.axes[0][0].set_ylabel("share of comparisons")
    handles = [Line2D([], [], color=colour, marker=marker, linestyle=line,
                      markerfacecolor="white" if line == ":" else colour)
               for _, colour, marker, line in DETECTOR_LOOKS.values()]
    width_in, height_in = page.figure.get_size_inches()
    page.figure.legend(handles, [name for name, *_ in DETECTOR_LOOKS.values()], loc="upper left",
                       ncol=max(1, int(width_in / 3.2)), frameon=False, handlelength=2.6,
                       bbox_to_anchor=(0.17 / width_in, 1 - 0.68 / height_in))
    return page


# --- All of them -----------------------------------------------------------------------------------


def draw_all(plt, result, directory):
    """Writes every chart of the result and returns their paths."""
    if is_detector(result):
        page = draw_detector(plt, result)
        return page.save(plt, directory, "detector") if page else []
    summaries = result["kvs_bench"]["cells"]
    trials = result["kvs_bench"]["trials"]
    place = lambda owner: (owner["cell"]["pool"], owner["cell"]["durability"])
    ordinary = [s for s in summaries if not s["is_floor"]]
    places = list(dict.fromkeys(map(place, ordinary)))
    paths = []

    def save(page, *names):
        if page is not None:
            stem = re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(names))
            paths.extend(page.save(plt, directory, stem))

    for where in places:
        names = where if len(places) > 1 else ()
        # A floor is measured with one durability only, and stands beside all of them.
        beside = lambda owner: place(owner) == where or (
            owner["is_floor"] and owner["cell"]["pool"] == where[0])
        for workload in dict.fromkeys(s["cell"]["workload"] for s in ordinary):
            chosen = [s for s in summaries if beside(s) and s["cell"]["workload"] == workload]
            dots = [t for t in trials if beside(t) and t["cell"]["workload"] == workload]
            title = ", ".join((workload, *names))
            save(draw_throughput(plt, result, title, chosen, dots), "throughput", workload, *names)
            save(draw_latency(plt, result, title, chosen), "latency", workload, *names)
        here = [s for s in ordinary if place(s) == where]
        save(draw_heat_map(plt, result, here), "ratios", *names)
    return paths


def main():
    parser = argparse.ArgumentParser(
        prog="plot.py", description="Draws the charts of a kvs-bench result file as PNG and SVG.")
    parser.add_argument("result", type=pathlib.Path, metavar="RESULT.json")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR",
                        help="where the charts go (default: RESULT-charts beside the file)")
    arguments = parser.parse_args()
    find_matplotlib()
    try:
        result = read_json(arguments.result)
        (check_detector if is_detector(result) else check_result)(result)
    except BadInput as problem:
        fail(f"{arguments.result}: {problem}")
    directory = arguments.out or arguments.result.with_name(f"{arguments.result.stem}-charts")

    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    set_style(plt)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        paths = draw_all(plt, result, directory)
    except OSError as error:
        fail(f"{error.filename or directory}: {error.strerror or error}")
    if not paths:
        print(f"plot.py: {arguments.result}: no cell of this run has figures: nothing to draw",
              file=sys.stderr)
    for path in paths:
        print(path)


if __name__ == "__main__":
    main()
