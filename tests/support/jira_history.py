#!/usr/bin/python3
"""jira_history.py: histories of jira-sync, made by chance, held against the table of rules.

    tests/support/jira_history.py --seed 17 --histories 1 -v     # plays one again, and tells of it

A history is some thirty runs over a few addresses on a stand-in for Jira, whose clock and the program's run --speed times
as fast as ours.  Between the runs listings come and go and people work on the tickets; in the runs Jira misbehaves and the
program is killed (history/troubles.py).  After each run all tickets are as history/oracle.py says.

Prints what happened how often.  Status 1: a promise was broken, or something that should have happened never did.
BUILD is where make put jira-sync (default: build).
"""

import argparse
import concurrent.futures
import os
import sys
import tempfile
import textwrap
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "history"))
import alarms
import clock
import history
import playing
import troubles

COLUMNS, UNBROKEN = 104, "\N{NO-BREAK SPACE}"
ENOUGH = 20     # so many histories with consecutive seeds meet everything
EVENTS = ["event appears", "event changes", "event clears", "event stays", "event doubt", "event doubt_of_all", "event held",
          "event conflict", "event failed", "event again_at_once", "event same_records", "event outage", "event surge",
          *(f"person {kind}" for kind in ("closes", "reopens", "deletes", "edits_summary", "takes_labels", "duplicates",
                                          "comments", "week", "earlier_monitor", "closes_alarm")),
          *(f"alarm {sort} {state} {fault}" for sort, fault in troubles.ALARMS for state in alarms.STATES), "end alarm",
          "flavour cloud", "flavour datacenter", "fault expires cloud", "fault expires datacenter", "index withheld", "setting edit_lag", "setting page_cap",
          *(f"done {state}" for state in troubles.STATES), *(f"fault {trouble}" for trouble in troubles.TROUBLES),
          *(f"kill {trouble}" for trouble in ("kill_any", "kill_time", "term_time")), "end open", "end respected"]


def play(*order):
    return [playing.play(history.History(*order))]


def show(counts):
    """The matrix, and the other counts."""
    kinds = [*troubles.AIMED, *troubles.AIMED_AT_CREATES, *troubles.KILLS, *troubles.PEOPLE]
    print(f"{'':16}" + "".join(f"{state:>10}" for state in troubles.STATES))
    possible = set(troubles.cells())
    for kind in kinds:
        print(f"{kind:16}" + "".join(f"{counts[f'cell {s} {kind}'] if (s, kind) in possible else '-':>10}" for s in troubles.STATES))
    print(f"{'':24}" + "".join(f"{state:>10}" for state in alarms.STATES))
    for sort, fault in troubles.ALARMS:
        print(f"{sort:7}{fault:17}" + "".join(f"{counts[f'alarm {sort} {state} {fault}']:>10}" for state in alarms.STATES))
    for group in ("event", "person", "index", "setting", "fault", "kill", "storm", "action", "done", "end", "flavour"):
        names = sorted(name for name in counts if name.startswith(group + " "))
        shown = [f"{name.split(' ', 1)[1]} {counts[name]}".replace(" ", UNBROKEN) for name in names]
        print(textwrap.fill(f"{group}: " + ", ".join(shown), COLUMNS, subsequent_indent="    ").replace(UNBROKEN, " "))


def missing(counts):
    return [name for name in [*(f"cell {s} {f}" for s, f in troubles.cells()), *EVENTS] if counts[name] == 0]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1, help="of the first history; the others follow")
    parser.add_argument("--histories", type=int, default=ENOUGH)
    parser.add_argument("--speed", type=int, default=15, help="of the clock (default 15)")
    parser.add_argument("--at-once", type=int, default=3 * (os.cpu_count() or 1), help="histories at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="tells each history")
    return parser.parse_args()


def main():
    options, start = parse(), time.monotonic()
    program = os.path.join(os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "../../build"))), "bin/jira-sync")
    if not os.access(program, os.X_OK):
        sys.exit(f"jira_history: {program} is not there; make builds it")
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ProcessPoolExecutor(options.at_once, max_tasks_per_child=None) as workers:
        library = clock.build(folder)
        orders = [workers.submit(play, seed, program, library, folder, options.speed)
                  for seed in range(options.seed, options.seed + options.histories)]
        counts, broken, played = playing.tell(orders, options, "jira_history.py")
    show(counts)
    never = missing(counts) if options.histories >= ENOUGH else []
    return playing.verdict(options, broken, played, never, start)


if __name__ == "__main__":
    sys.exit(main())
