#!/usr/bin/python3
"""pg_history.py: histories of the whole pipeline over a real database, made by chance.

    tests/support/pg_history.py --seed 17 --histories 1 -v     # plays one again, and tells of it

A history is a dozen runs over a pool of some hundred addresses.  Listings come and go, an operator edits the table,
programs are killed, the server is restarted, connections break, two jobs run at once (pg_history/troubles.py).  After each
run every version of every row is compared with what was due (pg_history/history.py).

Prints what happened how often.  Status 1: a promise was broken, or something that should have happened never did.
BUILD is where make put the programs (default: build).
"""

import argparse
import concurrent.futures
import contextlib
import os
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "pg_history"), os.path.join(HERE, "history")]
import clock
import history
import database
import playing
import troubles

ENOUGH = 20     # so many histories with consecutive seeds meet everything
WORKERS = 4     # each with servers of its own
EVENTS = [*(" ".join(trouble) for trouble in troubles.ALL), "changes", "operator edits", "operator versions", "second runs",
          "healed", *(f"told {outcome}" for outcome in ("updated", "unchanged", "conflict"))]


def play_some(seeds, programs, library, folder):
    """Those of one worker, one after the other on the same servers."""
    its_database = database.Database(os.path.join(folder, f"servers{seeds[0]}"))
    try:
        return [playing.play(history.History(seed, programs, library, folder, its_database)) for seed in seeds]
    finally:
        its_database.close()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1, help="of the first history; the others follow")
    parser.add_argument("--histories", type=int, default=ENOUGH)
    parser.add_argument("--keep", metavar="DIR", help="leaves configurations, error outputs and servers' logs in there")
    parser.add_argument("-v", "--verbose", action="store_true", help="tells each history")
    return parser.parse_args()


def show(counts):
    width = max(map(len, counts), default=0)
    cells = [f"{name:{width}} {counts[name]:6}" for name in sorted(counts)]
    for at in range(0, len(cells), 3):
        print("  ".join(cells[at:at + 3]))


def main():
    options, start = parse(), time.monotonic()
    programs = os.path.join(os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "../../build"))), "bin")
    if not os.access(os.path.join(programs, "pg-apply"), os.X_OK):
        sys.exit(f"pg_history: {programs}/pg-apply is not there; make builds it")
    seeds = list(range(options.seed, options.seed + options.histories))
    with contextlib.ExitStack() as stack:
        folder = options.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="dnsbl-history."))
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)     # the servers run as another user
        workers = stack.enter_context(concurrent.futures.ProcessPoolExecutor(WORKERS))
        library = clock.build(folder)
        orders = [workers.submit(play_some, some, programs, library, folder)
                  for some in (seeds[at::WORKERS] for at in range(WORKERS)) if some]
        counts, broken, played = playing.tell(orders, options, "pg_history.py")
    show(counts)
    never = [name for name in EVENTS if counts[name] == 0] if options.histories >= ENOUGH else []
    return playing.verdict(options, broken, played, never, start)


if __name__ == "__main__":
    sys.exit(main())
