#!/usr/bin/python3
"""soak.py: the real job again and again, over a world that changes, held against a model of the rules after every run.

    tests/support/soak.py --seed 17 --runs 41 -v    # plays the first 41 runs of a soak again, and tells of them

PostgreSQL, rbldnsd, dnsdist and the stand-in for Jira stay up; between two runs of pipelines/dnsbl-monitor listings come
and go, lists fall ill and get well, people work on rows, tickets and the configuration (soak/events.py).  Some runs find
the database or Jira down, are killed, or have people at the rows they have just read (soak/runs.py).  After each one all
rows, all tickets, each line of the log and its totals are as soak/model.py and history/oracle.py say, nothing was written
without need, and no process, file, session or connection is left.  What the stages take stays the same (soak/sampler.py).

What is killed is killed by the clock, so that a run played again may end a little differently.
Prints what happened how often, and every violation.  Status 1: there was one.  --plant proves that it can fail.
BUILD is where make put the programs.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, name) for name in ("soak", "history", "pg_history")]
import clock
import database
import plants
import runs

ENOUGH = 100    # in so many runs everything happens


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=ENOUGH)
    parser.add_argument("--keep", metavar="DIR", help="leaves the last run's files and the servers' logs in there")
    parser.add_argument("--report", metavar="FILE", help="JSON")
    parser.add_argument("--plant", action="store_true",
                        help="plants a discrepancy after each run (soak/plants.py): status 3 if all are told of")
    parser.add_argument("--first", action="store_true", help="ends at the first violation, as is enough for a mutant")
    parser.add_argument("-v", "--verbose", action="store_true", help="tells of each run")
    return parser.parse_args()


def show(soak):
    names = sorted(soak.counts)
    width = max(map(len, names))
    cells = [f"{name:{width}} {soak.counts[name]:6}" for name in names]
    for at in range(0, len(cells), 3):
        print("  ".join(cells[at:at + 3]))
    for stage, report in soak.trend.report().items():
        print(f"{stage:14}" + ", ".join(f"{name} {some['first']:.6g} -> {some['last']:.6g}"
                                        for name, some in sorted(report.items())))


def report(soak, options, seconds):
    counts = soak.counts
    return {"runs": soak.number, "seed": options.seed, "listings": counts["listings"], "clearings": counts["clearings"],
            "list_changes": counts["list changes"], "tickets": sum(counts[f"ticket {action}"] for action in ("create", "recreate")),
            "ticket_edits": sum(count for name, count in counts.items() if name.startswith("ticket ")
                                and name not in ("ticket create", "ticket recreate", "ticket none")),
            "addresses": counts["addresses checked"], "unknown_lookups": counts["unknown lookups"], "held": counts["held"],
            "conflicts": counts["conflicts"], "killed": counts["killed"],
            "jira_down": counts["run jira_down"] + counts["run jira_dies"],
            "database_down": counts["run database_down"], "violations": len(soak.violations), "seconds": round(seconds),
            "trend": soak.trend.report(), "counts": dict(sorted(counts.items()))}


def main():
    options, start = parse(), time.monotonic()
    programs = os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "../../build")))
    if not os.access(os.path.join(programs, "bin", "pg-apply"), os.X_OK):
        sys.exit(f"soak: {programs}/bin/pg-apply is not there; make builds it")
    planted = list(enumerate(plants.ALL, 1)) if options.plant else ()
    with contextlib.ExitStack() as stack:
        folder = options.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="dnsbl-soak."))
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)     # the servers run as another user
        servers = stack.enter_context(contextlib.closing(database.Database(os.path.join(folder, "servers"), bounced=False)))
        soak = stack.enter_context(contextlib.closing(
            runs.Soak(options.seed, programs, clock.build(folder), folder, servers, planted, options.verbose)))
        soak.play(len(planted) or options.runs, options.first)
    show(soak)
    if options.report:
        os.makedirs(os.path.dirname(os.path.abspath(options.report)), exist_ok=True)
        with open(options.report, "w", encoding="utf-8") as file:
            json.dump(report(soak, options, time.monotonic() - start), file, indent=2)
            file.write("\n")
    untold = plants.untold(planted, soak.violations)
    for _, name in planted:
        print(f"planted {name}: {'NOT TOLD' if name in untold else 'told'}")
    print(f"{soak.number} runs from seed {options.seed} in {time.monotonic() - start:.0f} s, {len(soak.violations)} violations")
    failed = len({number for number, _, _ in soak.violations})
    print(f"{soak.number - failed} passed, {failed} failed")
    if planted:
        return 3 if not untold else 1   # 3: as it must be
    return 1 if soak.violations else 0


if __name__ == "__main__":
    sys.exit(main())
