#!/usr/bin/python3
"""cells.py PROGRAM [--pairs|--full] [--flavour F] [--only TEXT]: what jira-sync does, cell by cell.

A cell is what should be (DESIRED), what there is in Jira (STATES), both in rules.py, and what goes wrong (FAULTS), on Jira
Cloud or Data Center.  For each a stand-in is set to that state, and PROGRAM (jira-sync) runs with the fault, without it, and, if
that wrote something, once more, when nothing is left to write.  What each run should do is what rules.TABLE says of what the
stand-in holds before it.

Cells that cannot be are left out by rule (`possible`).  Of the rest --full takes all; --pairs so many that each pair of
two dimensions occurs; otherwise each desired state is met in each state of Jira, and each fault once.  The waits are real,
so many cells run at a time.  A fault that did not fire is a failure.
Prints the matrix of the faults that fired, and the cells that are not as they should be with what was seen there.
Status 0: there are none; 1: there are.
"""

import argparse
import collections
import concurrent.futures
import functools
import itertools
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True      # no __pycache__ in the source tree

import rules
import runs
import control      # rules has made the stand-in's folder known
import store as stores
from rules import DESIRED, EFFECTS, STATES

PROGRESS_CELLS = 500    # so often it says on stderr how far it is
ANSWER_SECONDS = 30     # how long jira-sync waits for an answer
RETRY_AFTER = 3
RUN_ID = "6f1c7a3e-9a53-4c58-8a4e-00000000000{}"

# ---- what goes wrong -------------------------------------------------------
#
# on      search: the one for what is open; look: the first by label; read: the first of a ticket by itself; seek: the first
#         search behind a create whose answer was lost; write: the first create or edit; all of them if Jira is down
#         pages: none; `action` is how the stand-in is set
# then    what should come of it, see EXPECT
# only    create or edit, or a kind of Jira: the other has no such fault

Fault = collections.namedtuple("Fault", "on then action only", defaults=({}, ""))


def answer(status, **headers):
    return {"status": status, "headers": headers, "body": {"errorMessages": ["no"], "errors": {}}}


def gateway(status, work=False):
    return {"status": status, "html": "Trouble", "work": work}


LATER = {"Retry-After": RETRY_AFTER}
SLOW = {"delay_answer": ANSWER_SECONDS + 1}
STRANGER = {"status": 200, "headers": {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}, "body": {"issues": [], "isLast": True}}

# What becomes of a request that reads.
READS = {
    "lost": ("as planned", {"lose_answer": True}),
    "reset": ("as planned", {"reset": True}),
    **{f"{n}": ("as planned", gateway(n)) for n in (500, 502, 503, 504)},
    "timeout": ("as planned", SLOW),
    "drip": ("as planned", {"slow_body": 1}),
    "cut": ("as planned", {"truncate": 7}),
    "429 later": ("put off", answer(429, **LATER)),
    "503 later": ("put off", answer(503, **LATER)),
    "down": ("down", gateway(503)),
    "HTML": ("planned or blind", gateway(200)),
    "other JSON": ("planned or blind", {"wrong_json": {"nothing": 1}}),
    "400": ("planned or blind", answer(400)),       # what is asked may then be less
    "404": ("planned or blind", answer(404)),       # a ticket may have gone: it is searched for
    **{f"{n}": ("blind", answer(n)) for n in (409, 413)},
    **{f"{n}": ("denied", gateway(n)) for n in (401, 403)},
    "as stranger": ("denied", STRANGER),
}
FEW = ("lost", "503", "timeout", "cut", "429 later", "down", "HTML", "other JSON", "400", "404", "401", "as stranger")
PLACES = {"search": READS, "look": FEW, "read": FEW, "seek": FEW}

FAULTS = {
    "none": Fault("", "as planned"),
    "pages": Fault("pages", "as planned", {"page_cap": 2}),
    **{f"pages, last {how}": Fault("pages", "as planned", {"page_cap": 2, "last_page": how}, "cloud") for how in ("null", "neither")},
    "pages, total capped": Fault("pages", "as planned", {"page_cap": 2, "total_cap": 2}, "datacenter"),
    "lost": Fault("write", "settled", {"lose_answer": True}),
    "reset": Fault("write", "settled", {"reset": True}),
    **{f"{n}": Fault("write", "settled", gateway(n)) for n in (500, 502, 503, 504)},
    **{f"{n} done": Fault("write", "settled", gateway(n, True)) for n in (500, 502, 503, 504)},
    "timeout": Fault("write", "settled", SLOW),
    "drip": Fault("write", "settled", {"slow_body": 1}, "create"),      # an edit's answer has no body
    "cut": Fault("write", "settled", {"truncate": 7}, "create"),
    "other JSON": Fault("write", "settled", {"wrong_json": {"nothing": 1}}, "create"),
    "200": Fault("write", "settled", {"status": 200, "body": {"nothing": 1}}),
    "200 done": Fault("write", "settled", {"status": 200, "body": {"nothing": 1}, "work": True}),
    "HTML": Fault("write", "settled", gateway(200, True)),
    "429 later": Fault("write", "put off", answer(429, **LATER)),
    "503 later": Fault("write", "put off", answer(503, **LATER)),
    "down": Fault("write", "down", gateway(503)),
    "400": Fault("write", "refused", answer(400)),
    "413": Fault("write", "refused", answer(413)),
    "422": Fault("write", "refused", answer(422)),
    "401": Fault("write", "denied", gateway(401)),
    "403": Fault("write", "denied", gateway(403)),
    "409": Fault("write", "settled or refused", answer(409), "edit"),
    "409 closed": Fault("write", "anew", {**answer(409), "person": {"status": "Done"}}, "edit"),
    "404 deleted": Fault("write", "anew", {"person": {"delete": True}}, "edit"),
    "edited": Fault("write", "beside", {"person": {"add_labels": ["vip"], "comment": "I am on it"}}, "edit"),
    "closed": Fault("write", "beside", {"person": {"status": "Done"}}, "edit"),
    "moved": Fault("write", "beside", {"person": {"move": "ARC-1"}}, "edit"),
    **{f"{place} {name}": Fault(place, *READS[name]) for place, names in PLACES.items() for name in names},
}

# What a person's change leaves, for runs.differences.
LEFT_BY_PERSON = {"edited": {"labels": ["vip"], "comments": 1}, "closed": {"open": False}, "409 closed": {"open": False},
                  "404 deleted": {"delete": True}, "moved": {"key": "ARC-1"}}

Cell = collections.namedtuple("Cell", "flavour desired state fault")


def possible(cell):
    """Whether there is such a cell."""
    tickets = rules.state_of(cell.desired, cell.state)
    if cell.desired in rules.ONLY_LATER or tickets is None:
        return False
    fault, action = FAULTS[cell.fault], action_of(*cell[:3])
    if fault.on == "write" and EFFECTS[action] is not None:
        closing = "status" in fault.action.get("person", {})
        return fault.only in ("", kind_of(action)) and not (closing and action == "mark")      # it is closed already
    if fault.on in ("look", "read"):
        return fault.on in rules.reads_of(cell.desired, found_in(*cell[:3])) and not (
            cell.fault == "look 400" and cell.state == "closed lately, no labels")      # then it is not found, see the manual
    return fault.on in ("", "search") or (fault.on == "pages" and fault.only in ("", cell.flavour)) or (
        fault.on == "seek" and EFFECTS[action] is not None and kind_of(action) == "create")


def kind_of(action):
    return "create" if EFFECTS[action].method == "POST" else "edit"


@functools.lru_cache(maxsize=None)
def store_in(flavour, desired, state):
    """What the stand-in holds in a cell."""
    store = runs.new_store(flavour)
    rules.seed(store, rules.OTHERS + rules.state_of(desired, state))
    return store


def found_in(flavour, desired, state):
    return runs.found_of(store_in(flavour, desired, state))


@functools.lru_cache(maxsize=None)
def action_of(flavour, desired, state):
    """What TABLE says is to be done in a cell: by what search finds, or by what is there, if that is read first."""
    found = found_in(flavour, desired, state)
    plans = rules.plans_of(desired, runs.issues_of(store_in(flavour, desired, state)), found)
    return plans[1 if len(plans) > 1 and "read" in rules.reads_of(desired, found) else 0].action


# ---- which cells -----------------------------------------------------------

def all_cells(flavours):
    return [cell for cell in itertools.starmap(Cell, itertools.product(flavours, DESIRED, STATES, FAULTS)) if possible(cell)]


def pairs_of(cell):
    return set(itertools.combinations(enumerate(cell), 2))


def table_of(cell):
    return {(cell.desired, cell.state), cell.fault, cell.flavour}


def thinned(cells, pairs_of):
    """Few of the cells, yet all that pairs_of() says of any of them."""
    wanted = collections.Counter(pair for cell in cells for pair in pairs_of(cell))
    left, taken = set(wanted), []
    # Rare pairs first: a cell that has one must be taken anyway.
    order = sorted(cells, key=lambda cell: sorted(wanted[pair] for pair in pairs_of(cell)))
    for least in (6, 5, 4, 3, 2, 1):
        for cell in order:
            new = pairs_of(cell) & left
            if len(new) >= least:
                taken.append(cell)
                left -= new
    return taken


def cost(cell):
    """About how many seconds a cell waits: the long ones begin, so that none is alone at the end."""
    fault, action = FAULTS[cell.fault], action_of(cell.flavour, cell.desired, cell.state)
    seconds = ANSWER_SECONDS if fault.action == SLOW or "slow_body" in fault.action else 0
    seconds += runs.AGAIN_SECONDS * (action == "search and create") + 60 * (fault.then == "down")
    sought = fault.on == "seek" or (fault.then == "settled" and EFFECTS[action].method == "POST")
    return seconds + (runs.AGAIN_SECONDS if sought else 2 * bool(fault.on))


# ---- what should come of a fault -------------------------------------------
#
# Each takes the cell, the run with the fault and a plan, and returns what is wrong.

def as_planned(_, run, plan):
    return runs.differences(run, plan)


def put_off(_, run, plan):
    """It comes again, and not before Retry-After says."""
    if plan.action in ("nothing", "found"):     # no need to, when a search has shown what is there
        return runs.differences(run, plan)
    again = next((r for r in run.requests if r["time"] > run.spoilt["time"] and r["path"] == run.spoilt["path"]), None)
    if again is None:
        return ["it was not tried again"]
    pause = runs.seconds_of(again) - runs.seconds_of(run.spoilt)
    return runs.differences(run, plan) + ([f"tried again after {pause:.1f} s"] if pause < RETRY_AFTER - 0.05 else [])


def refused(_, run, plan):
    """That ticket fails, alone, and is not tried again."""
    others = [EFFECTS[plan.action].action] * (len(plan.keys) - 1)
    problems = runs.differences(run, plan, (1,), ["failed", *others], [spoilt_key(run, plan)])
    return problems + ([] if len(run.writes) <= max(1, len(plan.keys)) else [f"{len(run.writes)} requests that write"])


def settled_or_refused(cell, run, plan):
    return refused(cell, run, plan) and as_planned(cell, run, plan)


NOTHING = rules.Plan("nothing", [], None)


def blind(cell, run, plan, statuses=(1, 69)):
    """Who does not know what is open writes nothing, and says that it failed."""
    if FAULTS[cell.fault].on != "search":
        return unseen(cell, run, plan, statuses)
    problems = runs.differences(run, NOTHING, statuses, run.actions())
    idle = DESIRED[cell.desired].facts & {"held", "conflict", "surge"}     # nothing was to be done for that address
    failed = run.address_actions() == ["failed"] or idle
    return problems + ([] if failed else [f"jira_action {run.address_actions()}, not failed"])


def unseen(cell, run, plan, statuses):
    """What one ticket is about could not be seen: it is left alone, and fails alone; what was created is there."""
    if FAULTS[cell.fault].on == "seek":
        return runs.differences(run, plan, statuses, ["failed"])
    if not plan.keys or FAULTS[cell.fault].on == "look":
        return runs.differences(run, NOTHING, statuses, ["failed"])
    others = [EFFECTS[plan.action].action] * (len(plan.keys) - 1)
    return runs.differences(run, plan, statuses, ["failed", *others], [spoilt_key(run, plan)])


def planned_or_blind(cell, run, plan):
    return blind(cell, run, plan) and as_planned(cell, run, plan)


def denied(cell, run, plan):
    """Jira does not want us: nothing more is asked, nothing but what was on its way already."""
    behind = len([r for r in run.requests if r["time"] > run.spoilt["time"]])
    # Two tickets of malfunctions are written at a time.
    abreast = max(0, len(plan.keys) - 1) if FAULTS[cell.fault].on in ("write", "read") else 0
    problems = [f"{behind} requests after it was refused"] if behind > abreast else []
    if FAULTS[cell.fault].on in ("search", "seek"):
        return problems + blind(cell, run, plan, (77,))
    if abreast:
        return problems + ([] if run.status == 77 and "failed" in run.actions() else [f"status {run.status}, {run.actions()}"])
    return problems + runs.differences(run, NOTHING, (77,), ["failed"])


def down(cell, run, plan):
    """What does not come back is given up after 2, 4 and 8 seconds or more, and within the budget of 60."""
    if FAULTS[cell.fault].on == "write" and plan.action in ("nothing", "found"):     # a search has shown what is there
        return runs.differences(run, plan)
    seconds = runs.seconds_of(run.requests[-1]) - runs.seconds_of(run.spoilt)
    problems = [] if runs.AGAIN_SECONDS - 0.1 < seconds < 75 else [f"given up after {seconds:.1f} s"]
    if FAULTS[cell.fault].on in ("search", "seek"):
        return problems + blind(cell, run, plan, (69,))
    return problems + runs.differences(run, NOTHING, (69,), ["failed"] * max(1, len(plan.keys)))


def beside(cell, run, plan):
    """What a person does meanwhile stands beside what we do."""
    return runs.differences(run, plan, person={spoilt_key(run, plan): LEFT_BY_PERSON[cell.fault]})


def anew(cell, run, plan):
    """A person has closed or deleted the ticket: what is to be done is what TABLE says of what is left."""
    key, person = spoilt_key(run, plan), LEFT_BY_PERSON[cell.fault]
    others = [issue for issue in run.before if issue["key"] != key]
    closed = {**runs.issue_of(run.before, key), "open": False, "status": "Done", "resolved": control.iso(time.time())}
    gone = [] if person.get("delete") else [closed]
    if cell.desired == "malfunction over":
        then = plan._replace(keys=[other for other in plan.keys if other != key])
        plain = runs.differences(run, then, person={key: person}, actions=run.actions())
        if person.get("delete"):
            return plain
        # Of today's the run may see that it was closed, and say on it that all is well: one edit more, no comment.
        marked = {**person, "labels": [*person.get("labels", []), rules.RECOVERED]}
        return closest([plain, runs.differences(run, then, person={key: marked}, actions=run.actions(), more=1)])
    plans = [rules.plan_of(cell.desired, others + gone)]
    if cell.state == "two open":        # to look at the other one may wait for the next run, but for a create
        then = rules.plan_of(cell.desired, gone)
        plans += [] if "create" in then.action else [then]
    return closest([runs.differences(run, then, person={key: person}) for then in plans])


def spoilt_key(run, plan):
    """The ticket that the fault hit; None: a new one."""
    return run.spoilt["path"].rpartition("/")[2] if plan.keys else None


EXPECT = {
    "as planned": as_planned, "settled": as_planned, "put off": put_off, "refused": refused, "denied": denied,
    "blind": blind, "down": down, "settled or refused": settled_or_refused, "planned or blind": planned_or_blind, "beside": beside, "anew": anew,
}

# ---- a cell ----------------------------------------------------------------

CREATE = {"method": "POST", "path": "/issue$"}
LOOK = {"method": "POST", "path": "/search", "body": r'^(?!.* ~ \\"blacklisted\\")'}      # not the one for what is open


def write_in(cell):
    """The request that writes in a cell."""
    effect = EFFECTS[action_of(*cell[:3])]
    return CREATE if effect and effect.method == "POST" else {"method": "PUT", "path": "/issue/"}


def set_up(site, cell):
    """Sets the stand-in to the cell's state and orders its fault."""
    site.control("POST", "reset")
    rules.seed(site.store, rules.OTHERS + rules.state_of(cell.desired, cell.state))
    fault = FAULTS[cell.fault]
    if fault.on == "pages":
        site.control("POST", "settings", fault.action)
    elif fault.on:
        if fault.on == "seek":
            site.control("POST", "faults", {"name": "lost", "match": CREATE, "action": {"lose_answer": True}})
        match = {"search": {"method": "POST", "path": "/search"}, "look": LOOK, "read": {"method": "GET", "path": r"/issue/OPS-\d+\?"},
                 "seek": {**LOOK, "after": "lost"}, "write": write_in(cell)}[fault.on]
        times = "always" if fault.then == "down" else 1
        site.control("POST", "faults", {"name": "fault", "match": match, "times": times, "action": fault.action})
    if fault.then == "settled" or fault.on == "seek":     # a created ticket is not found by the first search
        site.control("POST", "settings", {"index_lag_searches": 1})


def fired_in(site, cell, run):
    """How often the cell's fault fired."""
    if FAULTS[cell.fault].on == "pages":
        return sum("nextPageToken" in r["body"] or r["body"].get("startAt", 0) > 0 for r in run.searches)
    return site.control("GET", "faults")["fault"]["fired"] if FAULTS[cell.fault].on else 0


def closest(problems):
    """Of what is wrong with each of several plans, all allowed: nothing, or what is wrong with the first."""
    return [] if [] in problems else problems[0]


def problems_of_first(cell, run, fired):
    if FAULTS[cell.fault].on and not fired:
        return ["the fault did not fire"]
    then = FAULTS[cell.fault].then
    plans = rules.plans_of(cell.desired, run.before, run.found)
    if FAULTS[cell.fault].on in ("search", "write") and then not in ("as planned", "settled", "put off", "down"):
        plans = [plan for plan in plans if plan.action == action_of(*cell[:3])]
    problems = closest([EXPECT[then](cell, run, plan) for plan in plans])
    twice = cell.state == "two open" and cell.desired not in rules.ALARMS and run.status == 0
    if twice and not DESIRED[cell.desired].facts & {"held", "conflict"} and not run.said("jira_two_tickets"):
        problems.append("no warning of two tickets")
    return problems


def run_cell(program, site, cell):
    """What is wrong, how often the fault fired, and the three runs."""
    day = time.gmtime().tm_yday
    set_up(site, cell)
    done = [runs.Run(program, site, cell.desired, RUN_ID.format(1))]
    fired = fired_in(site, cell, done[0])
    site.control("DELETE", "faults")
    site.control("POST", "settings", {name: stores.SETTINGS[name] for name in ("index_lag_searches", "page_cap", "total_cap", "last_page")})
    site.come_to_rest()
    problems = [f"first run: {problem}" for problem in problems_of_first(cell, done[0], fired)]
    name = cell.desired
    for which in ("second", "third"):
        name = DESIRED[name].next or name
        run = runs.Run(program, site, name, RUN_ID.format(len(done) + 1))
        site.come_to_rest()
        plans = rules.plans_of(name, run.before, run.found)
        problems += [f"{which} run: {problem}" for problem in closest([runs.differences(run, plan) for plan in plans])]
        done.append(run)
        if not run.writes and name == (DESIRED[name].next or name):
            break       # the third run would be this one again
    if done[-1].writes:
        problems.append(f"third run: {len(done[-1].writes)} requests that write")
    if day != time.gmtime().tm_yday:
        return run_cell(program, site, cell)        # "today" was another day in between
    return problems, fired, done


# ---- all of them -----------------------------------------------------------

Result = collections.namedtuple("Result", "cell problems fired seconds story")
sites = {}      # of this worker, by flavour


def end_worker(*_):
    for program in runs.running:
        program.kill()
    os._exit(143)


def worker_start(flavours):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end_worker)
    sites.update((flavour, runs.Site(flavour)) for flavour in flavours)
    for site in sites.values():
        site.idle_threads = threading.active_count()


def worker_run(program, cell):
    start = time.monotonic()
    try:
        problems, fired, done = run_cell(program, sites[cell.flavour], cell)
    except Exception:   # pylint: disable=broad-except  # a cell that cannot be judged has failed
        return Result(cell, [traceback.format_exc()], 0, 0, [])
    return Result(cell, problems, fired, time.monotonic() - start, story_of(done) if problems else [])


def story_of(done):
    """The requests of the runs, but for those that each begins with, and what was said."""
    lines = []
    for number, run in enumerate(done, 1):
        lines += [f"{number}: {r['time'][14:23]} {r['method']} {r['path'].split('/2/')[-1]} done {r['done']} sent {r['status']}"
                  f" {r['fault'] or ''}" for r in run.requests if "search" in r["path"] or re.search(r"issue(/OPS-\d+)?$", r["path"])]
        lines += [f"{number}: {line['level']} {line['error_type']}: {line['error_message']}" for line in run.err]
    return lines


def matrix_of(results):
    """State by fault: in how many cells the fault fired; a dot where there is no such cell."""
    cells = collections.Counter((r.cell.fault, r.cell.state) for r in results)
    fired = collections.Counter((r.cell.fault, r.cell.state) for r in results if r.fired or r.cell.fault == "none")
    lines = [" " * 20 + "".join(f"{number:5}" for number in range(1, len(STATES) + 1))]
    for fault in (fault for fault in FAULTS if any(cells[fault, state] for state in STATES)):
        lines.append(f"{fault:20}" + "".join(f"{fired[fault, state] if cells[fault, state] else '.':>5}" for state in STATES))
    return lines + [f"{number:5} {state}" for number, state in enumerate(STATES, 1)]


def never_fired(results):
    """The pairs of a state and a fault that cells are for, and in none of which the fault fired."""
    fired = {(r.cell.state, r.cell.fault) for r in results if r.fired or r.cell.fault == "none"}
    return sorted({(r.cell.state, r.cell.fault) for r in results} - fired)


def chosen(options):
    cells = all_cells([options.flavour] if options.flavour else ["cloud", "datacenter"])
    if options.only:
        return [cell for cell in cells if re.search(options.only, " / ".join(cell))]
    return cells if options.full else thinned(cells, pairs_of if options.pairs else table_of)


def end_workers():
    workers = multiprocessing.active_children()
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(5)
        worker.kill()


def end_all(*_):
    end_workers()
    os._exit(143)


def run_all(options, cells):
    """The Results.  Whatever ends this ends the workers."""
    flavours = sorted({cell.flavour for cell in cells})
    results = []
    with concurrent.futures.ProcessPoolExecutor(min(options.workers, len(cells)), multiprocessing.get_context("fork"),
                                                worker_start, (flavours,)) as pool:
        try:
            for done in concurrent.futures.as_completed([pool.submit(worker_run, options.program, cell) for cell in cells]):
                results.append(done.result())
                if results[-1].problems:
                    print(" / ".join(results[-1].cell), *(f"    {line}" for line in results[-1].problems + results[-1].story),
                          sep="\n", flush=True)
                if len(results) % PROGRESS_CELLS == 0:
                    print(f"{len(results)} of {len(cells)} cells, {sum(bool(r.problems) for r in results)} failed", file=sys.stderr, flush=True)
        except BaseException:
            end_workers()
            raise
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--flavour", choices=("cloud", "datacenter"))
    parser.add_argument("--only", help="regular expression on FLAVOUR / DESIRED / STATE / FAULT")
    parser.add_argument("--workers", type=int, default=64)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, end_all)
    start = time.monotonic()
    cells = sorted(chosen(options), key=cost, reverse=True)
    results = run_all(options, cells) if cells else []
    failed, silent = [r for r in results if r.problems], never_fired(results)
    if results:
        print(*matrix_of(results), *(f"never fired: {fault} with {state}" for state, fault in silent), sep="\n")
    print(f"{len(results)} cells, {len(failed)} failed, {time.monotonic() - start:.0f} s")
    sys.exit(1 if failed or silent or not results else 0)


if __name__ == "__main__":
    main()
