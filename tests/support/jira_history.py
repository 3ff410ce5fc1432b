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
import collections
import concurrent.futures
import os
import sys
import tempfile
import textwrap
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "history"))
import alarms   # noqa: E402
import clock    # noqa: E402
import troubles   # noqa: E402
import history  # noqa: E402

COLUMNS, UNBROKEN = 104, "\N{NO-BREAK SPACE}"
TOLD = 3        # of so many broken histories the end is told
ENOUGH = 20     # so many histories with consecutive seeds meet everything
EVENTS = ["event appears", "event changes", "event clears", "event stays", "event doubt", "event doubt_of_all", "event held",
          "event conflict", "event failed", "event again_at_once", "event same_records", "event outage", "event surge",
          *(f"person {kind}" for kind in ("closes", "reopens", "deletes", "edits_summary", "takes_labels", "duplicates",
                                          "comments", "week", "earlier_monitor", "closes_alarm")),
          *(f"alarm {sort} {state} {fault}" for sort, fault in troubles.ALARMS for state in alarms.STATES), "end alarm",
          "flavour cloud", "flavour datacenter", "fault expires cloud", "fault expires datacenter", "index withheld", "setting edit_lag", "setting page_cap",
          *(f"done {state}" for state in troubles.STATES), *(f"fault {trouble}" for trouble in troubles.TROUBLES),
          *(f"kill {trouble}" for trouble in ("kill_any", "kill_time", "term_time")), "end open", "end respected"]


def play(seed, program, library, folder, speed):
    """Plays one history: (seed, what went wrong or None, its story, its counts)."""
    one = history.History(seed, program, library, folder, speed)
    try:
        one.play()
        return seed, None, one.story, one.counts
    except history.Violation as broken:
        return seed, f"broken: {broken}", one.story, one.counts
    except Exception:   # pylint: disable=broad-except  # a bug of the history itself, told with its seed
        return seed, traceback.format_exc(), one.story, one.counts
    finally:
        one.jira.close()


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
    counts, broken, played = collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ProcessPoolExecutor(options.at_once, max_tasks_per_child=None) as workers:
        library = clock.build(folder)
        orders = [workers.submit(play, seed, program, library, folder, options.speed)
                  for seed in range(options.seed, options.seed + options.histories)]
        for order in concurrent.futures.as_completed(orders):
            seed, problem, story, some = order.result()
            counts.update(some)
            played += 1
            broken += problem is not None
            if options.verbose or (problem and broken <= TOLD):
                print(f"--- history {seed}", *(story if options.verbose else story[-8:]), sep="\n")
            if problem:
                print(f"history {seed}: {problem}\n    again: tests/support/jira_history.py --seed {seed} --histories 1 -v", flush=True)
    show(counts)
    never = missing(counts) if options.histories >= ENOUGH else []
    for name in never:
        print(f"never happened: {name}")
    print(f"{played} histories from seed {options.seed} on in {time.monotonic() - start:.0f} s, {broken} broken")
    return 1 if broken or never or played != options.histories else 0


if __name__ == "__main__":
    sys.exit(main())
