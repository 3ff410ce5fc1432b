"""playing.py - what jira_history.py and pg_history.py have in common: histories played, and told of.

A history has `seed`, `play()`, `close()`, a `story` (lines) and `counts`; `play()` raises Violation for a broken promise.
"""

import collections
import concurrent.futures
import time
import traceback

TOLD = 3        # of so many broken histories the end is told


class Violation(Exception):
    """A promise that was not kept."""


def play(one):
    """Plays history `one`: (seed, what went wrong or None, its story, its counts)."""
    try:
        one.play()
        return one.seed, None, one.story, one.counts
    except Violation as broken:
        return one.seed, f"broken: {broken}", one.story, one.counts
    except Exception:   # pylint: disable=broad-except  # a bug of the history itself, told with its seed
        return one.seed, traceback.format_exc(), one.story, one.counts
    finally:
        one.close()


def tell(orders, options, program):
    """Prints what has gone wrong in the histories of `orders`, futures of lists of what play() returns, as they end;
    with `options.verbose` each one's story.  `program` plays one again.  Returns (counts of all, broken, played)."""
    counts, broken, played = collections.Counter(), 0, 0
    for order in concurrent.futures.as_completed(orders):
        for seed, problem, story, some in order.result():
            counts.update(some)
            played += 1
            broken += problem is not None
            if options.verbose or (problem and broken <= TOLD):
                print(f"--- history {seed}", *(story if options.verbose else story[-8:]), sep="\n")
            if problem:
                print(f"history {seed}: {problem}\n    again: tests/support/{program} --seed {seed} --histories 1 -v", flush=True)
    return counts, broken, played


def verdict(options, broken, played, never, start):
    """Prints what never happened, of the names `never`, and the last line; the exit status.  `start`: time.monotonic()."""
    for name in never:
        print(f"never happened: {name}")
    print(f"{played} histories from seed {options.seed} on in {time.monotonic() - start:.0f} s, {broken} broken")
    return 1 if broken or never or played != options.histories else 0
