#!/usr/bin/python3
"""report.py RUNS JSON yes|no: prints the table of a benchmark, and writes all its numbers.

RUNS has a measurement a line, as the driver beside this file notes them; `yes` says that
it was a full benchmark. Every figure of the table is a median over the runs, every ratio
one of medians. A limit that is missed is said to be, and is no error.
"""

import json
import os
import platform
import sys
from datetime import datetime, timezone
from statistics import median

TIMEOUT = 5  # the driver's DNS_TIMEOUT
WIDTHS = (38, 13, 29, 7, 10, 6)
HEADINGS = ("scenario", "measured", "against", "ratio", "must reach", "")


class Scenario:
    """The measurements of one scenario."""

    def __init__(self, runs, name):
        self.runs = [run for run in runs if run["scenario"] == name]

    def __bool__(self):
        return bool(self.runs)

    def all(self, what, member):
        return [run[member] for run in self.runs if run["what"] == what and member in run]

    def median(self, what, member="seconds"):
        return median(self.all(what, member))

    def lookups(self, what):
        """Of one run."""
        run = next(run for run in self.runs if run["what"] == what)
        return sum(run.get(status, 0) for status in ("listed", "not_listed", "unknown"))

    def rate(self, what):
        return median(self.lookups(what) / seconds for seconds in self.all(what, "seconds"))


def row(scenario, measured, against="", ratio=None, most=None, least=None):
    """`most` and `least` bound the ratio; without either the row is information."""
    must = f"<= {most:g}" if most else f">= {least:g}" if least else "-"
    met = None if most is None and least is None else ratio <= most if most else ratio >= least
    return {"scenario": scenario, "measured": measured, "against": against, "ratio": ratio, "must_reach": must, "met": met}


def number(value):
    return f"{value:,.0f}"


def per_second(value):
    return f"{value:,.0f} /s"


def seconds(value):
    return f"{value:.2f} s"


# ---- the rows of each scenario ---------------------------------------------


def loopback_rows(runs):
    scenario = Scenario(runs, "loopback")
    if not scenario:
        return
    rate, lookups = scenario.rate("probe"), scenario.lookups("probe")
    peers = {"bare": "bare loop", "pool": "thread pool", "adns": "adnshost"}
    limits = {"bare": {"least": 0.8}, "pool": {"least": 15}, "adns": {}}
    dnsperf = scenario.median("dnsperf", "rate")
    yield row(f"{number(lookups / 10)} x 10 zones on loopback", per_second(rate), f"dnsperf {per_second(dnsperf)}",
              rate / dnsperf, least=0.14)
    for peer, title in peers.items():
        why = scenario.all(peer, "not_measured")
        if why:
            yield row("", "", f"{title}: not measured: {why[0]}")
        else:
            yield row("", "", f"{title} {per_second(scenario.rate(peer))}", rate / scenario.rate(peer), **limits[peer])
    cpu, bare = scenario.median("probe", "cpu_seconds"), scenario.median("bare", "cpu_seconds")
    yield row(f"  CPU time of {number(lookups)} lookups", seconds(cpu), f"bare loop {seconds(bare)}", cpu / bare, most=1.4)


def silent_rows(runs):
    for in_flight in (10, 100, 1000):
        scenario = Scenario(runs, f"silent-{in_flight}")
        if not scenario:
            continue
        lookups, answer = scenario.lookups("bare"), scenario.median("answer")
        arithmetic, bare = lookups * answer / in_flight, scenario.median("bare")
        whole, nine = scenario.median("probe"), scenario.median("probe", "last_answer")
        limit = max(1.15 * arithmetic, TIMEOUT + 0.5)
        why = "DNS_TIMEOUT + 0.5 s" if limit == TIMEOUT + 0.5 else f"1.15 x {number(lookups)} answers"
        yield row(f"1 of 10 zones silent, {number(in_flight)} in flight", seconds(whole), f"{why}: {seconds(limit)}",
                  whole / limit, most=1)
        own = f"bare loop {seconds(bare)} [{arithmetic:.2f} s]" if bare > arithmetic \
            else f"{number(lookups)} answers {seconds(arithmetic)} [{bare:.2f} s]"
        yield row("  its nine good zones answered", seconds(nine), own, nine / max(arithmetic, bare), most=1.15)


def halfway_rows(runs):
    scenario = Scenario(runs, "halfway")
    if not scenario:
        return
    lookups, took = scenario.lookups("probe"), scenario.median("probe")
    limit = lookups * scenario.median("answer") / 100 + 2 * TIMEOUT
    kept = lookups / 10 - scenario.median("probe", "unknown")
    yield row("1 of 10 goes silent half-way, 100", seconds(took), f"answers + 2 timeouts {seconds(limit)}", took / limit,
              most=1)
    yield row("  its answers that stayed", number(kept), f"of {number(lookups / 10)}")


def loss_rows(runs):
    scenario = Scenario(runs, "loss")
    if not scenario:
        return
    lookups, took = scenario.lookups("probe"), scenario.median("probe")
    limit = lookups * scenario.median("answer") / 100
    unknown = scenario.all("probe", "unknown")
    asked = lookups * len(unknown)
    yield row("1 packet in 100 lost, 100 in flight", seconds(took), f"{number(lookups)} answers {seconds(limit)}",
              took / limit, most=1.3)
    yield row("  lookups UNKNOWN, all runs", number(sum(unknown)), f"1 in 10,000 of {number(asked)}: {max(asked / 10000, 1):g}",
              sum(unknown) / max(asked / 10000, 1), most=1)


def slow_rows(runs):
    scenario = Scenario(runs, "slow")
    if not scenario:
        return
    with_it, without = scenario.median("zones-10", "last_answer"), scenario.median("zones-9", "last_answer")
    yield row("1 zone 300 ms, nine 10 ms: the nine", seconds(with_it), f"without it {seconds(without)}",
              with_it / without, most=1.5)


def memory_rows(runs):
    scenario = Scenario(runs, "memory")
    if not scenario:
        return
    small, large = sorted({run["what"] for run in scenario.runs}, key=int)
    peak = {size: scenario.median(size, "memory_kib") / 1024 for size in (small, large)}
    each = {size: scenario.median(size) / int(size) * 1e6 for size in (small, large)}
    title = f"{number(int(large))} x 3 zones"
    yield row(f"{title}: peak memory", f"{peak[large]:.1f} MiB", f"{number(int(small))}: {peak[small]:.1f} MiB",
              peak[large] / peak[small], most=1.1)
    yield row("", "", "64 MiB", max(peak.values()) / 64, most=1)
    yield row("  time an address", f"{each[large]:.0f} us", f"{number(int(small))}: {each[small]:.0f} us",
              each[large] / each[small], most=1.1)


def sites_rows(runs):
    scenario = Scenario(runs, "sites")
    if not scenario:
        return
    rate, bare = scenario.rate("probe"), scenario.rate("bare")
    yield row(f"{number(scenario.lookups('probe') / 1000)} x 1,000 zones on loopback", per_second(rate),
              f"bare loop {per_second(bare)}", rate / bare)


def hand_rows(runs):
    scenario = Scenario(runs, "hand")
    if not scenario:
        return
    yield row("one address by hand, 10 zones", f"{scenario.median('probe') * 1000:.0f} ms",
              f"slowest {max(scenario.all('probe', 'seconds')) * 1000:.0f} ms")


def read_rows(runs):
    scenario = Scenario(runs, "read")
    if not scenario:
        return
    rows = scenario.all("many", "rows")[0]
    few = scenario.all("few", "rows")[0]
    took, copy = scenario.median("many"), scenario.median("copy")
    peak = {what: scenario.median(what, "memory_kib") / 1024 for what in ("few", "many")}
    yield row(f"{number(rows)} rows through pg-ips", seconds(took), f"psql \\copy {seconds(copy)}", took / copy, most=8)
    yield row("  peak memory", f"{peak['many']:.1f} MiB", f"{number(few)}: {peak['few']:.1f} MiB",
              peak["many"] / peak["few"], most=1.05)
    yield row("", "", "32 MiB", max(peak.values()) / 32, most=1)


def write_rows(runs):
    scenario = Scenario(runs, "write")
    if not scenario:
        return
    changes = scenario.all("all", "updated")[0]
    some = scenario.all("some", "updated")[0]
    rate = changes / scenario.median("all")
    peak = {what: scenario.median(what, "memory_kib") / 1024 for what in ("some", "all")}
    trips = max(scenario.all("trips", "trips"))
    for protocol, limit in ("extended", 0.5), ("prepared", None):
        peer = scenario.median(f"pgbench-{protocol}", "rate")
        yield row(f"{number(changes)} changes through pg-apply" if limit else "", per_second(rate) if limit else "",
                  f"pgbench {protocol} {per_second(peer)}", rate / peer, least=limit)
    yield row("  round trips", number(trips), f"1 in 100: {number(changes / 100)}", trips / (changes / 100), most=1)
    yield row("  peak memory", f"{peak['all']:.1f} MiB", f"{number(some)}: {peak['some']:.1f} MiB",
              peak["all"] / peak["some"], most=1.1)


def pass_rows(runs):
    scenario = Scenario(runs, "pass")
    if not scenario:
        return
    records = sum(scenario.all("pass", member)[0] for member in ("updated", "unchanged"))
    rate = records / scenario.median("pass")
    yield row(f"{number(records)} records, 1 change in 1,000", per_second(rate), "20,000 records/s", rate / 20000, least=1)


ROWS = (loopback_rows, silent_rows, halfway_rows, loss_rows, slow_rows, memory_rows, sites_rows, hand_rows,
        read_rows, write_rows, pass_rows)

# ---- table and file --------------------------------------------------------


def print_line(cells):
    cut = [cell if len(cell) <= width else cell[:width - 2] + ".." for cell, width in zip(cells, WIDTHS)]
    print(" ".join(cell.rjust(width) if at in (1, 3) else cell.ljust(width)
                   for at, (cell, width) in enumerate(zip(cut, WIDTHS))).rstrip())


def print_table(rows):
    print_line(HEADINGS)
    for each in rows:
        ratio = "" if each["ratio"] is None else f"{each['ratio']:.3f}" if each["ratio"] < 1 else f"{each['ratio']:.2f}"
        met = {None: "", True: "met", False: "MISSED"}[each["met"]]
        print_line((each["scenario"], each["measured"], each["against"], ratio, each["must_reach"], met))



def main(runs_file, json_file, full):
    with open(runs_file, encoding="utf-8") as lines:
        runs = [json.loads(line) for line in lines]
    rows = [each for rows_of in ROWS for each in rows_of(runs)]
    with open(json_file, "w", encoding="utf-8") as out:
        json.dump({
            "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "full": full == "yes",
            "processors": os.cpu_count(),
            "system": platform.platform(),
            "rows": rows,
            "runs": runs,
        }, out, indent=1)
        out.write("\n")
    print_table(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
