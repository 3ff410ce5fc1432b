"""What has to become of the tickets of malfunctions and surges, written down a second time like oracle.py's table."""

import collections
import datetime
import re

import oracle
from oracle import OURS, newest

LABEL, RECOVERED = "MAJOR_MALFUNCTION", "dnsbl-recovered"
SUMMARIES = {"dns": "DNS Infrastructure Failure Detected - ", "surge": "DNSBL surge held: "}
LINES = {"dns": "Failed zones: ", "surge": "Surging zones: "}
STATES = ["create", "change", "recover", "again"]


def sort_of(ticket):
    """dns or surge; None: it is no such ticket."""
    sorts = [sort for sort, start in SUMMARIES.items() if ticket["summary"].startswith(start)]
    return sorts[0] if sorts and LABEL in ticket["labels"] else None


def day_of(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d")


def zones_in(sort, text):
    """The zones on the line that names them."""
    found = re.search(rf"^{LINES[sort]}(.*)$", text or "", re.MULTILINE)
    return {name.strip() for name in found[1].split(",")} if found else set()


class Step:
    """What is to be done about one ticket (None: a new one)."""

    def __init__(self, sort, action, ticket=None, zones=(), summary=None):
        self.sort, self.action, self.ticket, self.zones = sort, action, ticket, set(zones)
        self.summary = summary or ticket["summary"]
        self.comments, self.done = action not in ("create", "mark"), False

    def __str__(self):
        return f"{self.sort}: {self.action} {self.ticket['key'] if self.ticket else ''}".rstrip()

    def is_about(self, ticket, is_new):
        return self.ticket["key"] == ticket["key"] if self.ticket else is_new and sort_of(ticket) == self.sort


def expect(records, surge, tickets, now):
    """The Steps of a whole stream in which the zones `surge` were held."""
    results = [result for record in records for result in record["results"]]
    asked = collections.Counter(result["zone"] for result in results)
    unknown = collections.Counter(result["zone"] for result in results if result["status"] == "UNKNOWN")
    failed = {zone for zone in asked if unknown[zone] * 2 > asked[zone]}
    count = sum(unknown.values())
    if count * 2 > len(results):
        steps = _failing("dns", failed, f"{-(-count * 100 // len(results))}% zones unreachable", tickets, now)
    else:
        steps = _over("dns", tickets, failed, now)
    if surge:
        return steps + _failing("surge", surge, ", ".join(sorted(surge)), tickets, now)
    return steps + _over("surge", tickets, failed, now)


def _failing(sort, zones, words, tickets, now):
    """Today's ticket says so."""
    today = [t for t in tickets if sort_of(t) == sort and t["created"][:10] == day_of(now)]
    ticket, closed = newest([t for t in today if t["open"]]), closed_last(today)
    summary = SUMMARIES[sort] + words
    if ticket is None:
        seen = closed and zones_in(sort, closed["description"]) == set(zones)   # a person has, and it lasts
        return [] if seen else [Step(sort, "create", None, zones, summary)]
    if RECOVERED in ticket["labels"]:
        return [Step(sort, "again", ticket, zones, summary)]
    return [] if zones_in(sort, ticket["description"]) == set(zones) else [Step(sort, "change", ticket, zones, summary)]


def closed_last(tickets):
    """Of those that people closed and no run has marked."""
    return oracle.closed_last([t for t in tickets if RECOVERED not in t["labels"]])


def _over(sort, tickets, failed, now):
    """Every open ticket says so, of a day one a run, when the zones on it answer; or the one that a person closed today."""
    days = collections.defaultdict(list)
    for ticket in tickets:
        if sort_of(ticket) == sort:
            days[ticket["created"][:10]].append(ticket)
    steps = []
    for day, some in days.items():
        opened = [t for t in some if t["open"]]
        unmarked = [t for t in opened if RECOVERED not in t["labels"]]
        if unmarked:
            steps.append(Step(sort, "recover", newest(unmarked)))
        elif not opened and day == day_of(now) and closed_last(some):
            steps.append(Step(sort, "mark", closed_last(some)))
    return [s for s in steps if not failed & zones_in(sort, s.ticket["description"])]


def problem(step, before, after, run_id):
    """What is wrong with the ticket made or changed for a Step; None: nothing."""
    labels = {OURS, LABEL} if before is None else set(before["labels"]) - {RECOVERED} | (
        {RECOVERED} if step.action in ("recover", "mark") else set())
    comments = before["comments"] if before else []
    told = after["comments"][len(comments):]
    text, described = after["description"] or "", step.action not in ("recover", "mark")
    wrong = {
        "summary": after["summary"] != step.summary, "labels": set(after["labels"]) != labels, "status": after["open"] == (step.action == "mark"),
        "type": after["issuetype"] != "Incident", "earlier comments": after["comments"][:len(comments)] != comments,
        "number of comments": len(told) != step.comments,
        "description": (zones_in(step.sort, text) != step.zones or "MAJOR MALFUNCTION" not in text or f"run {run_id}." not in text
                        if described else text != before["description"]),
        "comment": any(f"run {run_id}." not in c["body"] for c in told) or any(
            "*recovered*" not in c["body"] if step.action == "recover" else zones_in(step.sort, c["body"]) != step.zones for c in told),
    }
    return ", ".join(name for name, is_wrong in wrong.items() if is_wrong) or None
