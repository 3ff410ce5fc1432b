"""What has to become of an address's tickets: the table of rules, written down a second time, without looking at the program.

A ticket is what the stand-in shows of it: {"key", "id", "summary", "labels", "status", "open", "comments", ...}.
"""

import datetime
import re

MARK = "dnsbl-cleared"
OURS = "dnsbl-monitor"
PREFIX = "dnsbl-ip-"
CLOSED_DAYS = 7

# What is done, and whether there is a comment.
ACTIONS = {"none": False, "create": False, "recreate": False, "change": True, "again": True, "adopt": False,
           "clear": True, "mark": False}
CREATES = ("create", "recreate")


def label_of(ip):
    return PREFIX + ip.lower().replace(":", "-")


def belongs(ticket, ip):
    """By its exact label; without any such label by an exact beginning of its summary."""
    if any(label.startswith(PREFIX) for label in ticket["labels"]):
        return label_of(ip) in ticket["labels"]
    return ticket["summary"].startswith(f"IP {ip} blacklisted by ")


def named_zones(ticket, ip):
    """The zones that its summary names."""
    start = f"IP {ip} blacklisted by "
    if not ticket["summary"].startswith(start):
        return set()
    return {name.strip() for name in ticket["summary"][len(start):].split(",") if name.strip()}


def summary_of(ip, zones):
    return f"IP {ip} blacklisted by {', '.join(sorted(zones))}"


def newest(tickets):
    return max(tickets, key=lambda t: int(t["id"]), default=None)


def open_ticket(tickets, ip):
    return newest([t for t in tickets if t["open"] and belongs(t, ip)])


def closed_at(ticket):
    """In whole seconds since the epoch."""
    return int(datetime.datetime.fromisoformat(ticket["resolved"].replace("Z", "+00:00")).timestamp())


def closed_last(tickets):
    """Of which a person thought last; None: none is closed."""
    return max((t for t in tickets if not t["open"]), key=lambda t: (closed_at(t), int(t["id"])), default=None)


def closed_ticket(tickets, ip):
    return closed_last([t for t in tickets if belongs(t, ip)])


def closed_lately(ticket, now):
    return now - closed_at(ticket) < CLOSED_DAYS * 86400


class Step:
    """What is to be done for one address: `action` on `ticket` (None: a new one), which then is as `summary` and `labels` say."""

    def __init__(self, ip, action, ticket=None, zones=(), labels=()):
        self.ip, self.action, self.ticket = ip, action, ticket
        self.zones = set(zones)
        self.named = named_zones(ticket, ip) if ticket else set()
        self.comments = ACTIONS[action]
        self.labels = set(labels)
        self.still = set()      # zones that list it, though it is listed no more: not heavily enough
        self.summary = summary_of(ip, zones) if action in (*CREATES, "change", "again") else ticket and ticket["summary"]

    def __str__(self):
        return f"{self.ip}: {self.action} {self.ticket['key'] if self.ticket else ''}".rstrip()


def expect(record, tickets, now):
    """The Step for an address's record, given all tickets as they are.  Its `left_out` are zones that others were asked for."""
    ip = record["ip"]
    if record["transition"] == "held" or record["db_outcome"] == "conflict":
        return Step(ip, "none")
    ticket = open_ticket(tickets, ip)
    unknown = {r["zone"] for r in record["results"] if r["status"] == "UNKNOWN"}
    if record["decision"] == "LISTED":
        if ticket is None:
            return _expect_new(record, tickets, now)
        return _expect_listed(record, ticket, unknown | set(record.get("left_out", ())))
    if ticket is None:
        closed = closed_ticket(tickets, ip)
        if record["transition"] == "cleared" and closed and MARK not in closed["labels"]:
            return Step(ip, "mark", closed, labels={*closed["labels"], OURS, label_of(ip), MARK})
        return Step(ip, "none")
    named = named_zones(ticket, ip)
    if MARK in ticket["labels"] or named & set(record.get("left_out", ())) or _in_doubt(named, unknown, len(record["results"])):
        return Step(ip, "none", ticket)
    step = Step(ip, "clear", ticket, labels={*ticket["labels"], OURS, label_of(ip), MARK})
    watched = set(record["watch_zones"])
    step.still = set(record["listed_zones"]) | (watched & named if _tells(named) else watched)
    return step


def _tells(named):
    return bool(named) and not any(name.startswith("+") for name in named)


def _in_doubt(named, unknown, zones):
    """Whether some zone that a ticket is about may list its address still.  It may be any, if the summary does not tell."""
    return bool(named & unknown) or (bool(unknown) and not _tells(named)) or len(unknown) == zones


def _expect_new(record, tickets, now):
    ip, ours = record["ip"], {OURS, label_of(record["ip"])}
    if record["transition"] == "listed":
        return Step(ip, "create", zones=record["listed_zones"], labels=ours)
    closed = closed_ticket(tickets, ip)
    if closed and MARK not in closed["labels"] and closed_lately(closed, now):
        return Step(ip, "none")     # a person's closing is respected
    return Step(ip, "recreate", zones=record["listed_zones"], labels=ours)


def _expect_listed(record, ticket, unknown):
    ip = record["ip"]
    labels = {*ticket["labels"], OURS, label_of(ip)}
    if MARK in ticket["labels"]:
        return Step(ip, "again", ticket, record["listed_zones"], labels - {MARK})
    # A zone that the ticket names and that did not answer is in doubt: it stays.
    zones = set(record["listed_zones"]) | (named_zones(ticket, ip) & unknown)
    if zones != named_zones(ticket, ip):
        return Step(ip, "change", ticket, zones, labels)
    if labels != set(ticket["labels"]):
        return Step(ip, "adopt", ticket, zones, labels)
    return Step(ip, "none", ticket)


# What became of it

SHOWN = ("summary", "description", "labels", "status", "issuetype", "comments", "resolved", "reporter", "extra")


def same(one, other):
    return all(one[name] == other[name] for name in SHOWN)


def problem_of_new(step, ticket, run_ids, failed):
    """What is wrong with a ticket made for a Step; None: nothing."""
    text = ticket["description"] or ""
    wrong = {
        "summary": ticket["summary"] != step.summary, "labels": set(ticket["labels"]) != step.labels,
        "status": not ticket["open"], "comments": ticket["comments"] != [], "type": ticket["issuetype"] != "Task",
        "run id": not any(f"Run {run}." in text for run in run_ids), "queued mail": "already queued" not in text,
        "failed throttle": failed != ("did not take the change" in text),
        "zones": not all(f"{zone}:" in text for zone in step.zones),
    }
    return ", ".join(name for name, is_wrong in wrong.items() if is_wrong) or None


def problem_of_edit(step, before, after, run_ids):
    """What is wrong with a ticket that was changed for a Step; None: nothing."""
    count = len(before["comments"])
    wrong = {
        "summary": after["summary"] != step.summary, "labels": set(after["labels"]) != step.labels,
        "number of comments": len(after["comments"]) != count + step.comments,
        "earlier comments": after["comments"][:count] != before["comments"],
        **{name: after[name] != before[name] for name in ("description", "status", "resolved", "issuetype", "reporter")},
    }
    if step.comments and len(after["comments"]) == count + 1:
        wrong["comment"] = not _comment_says(step, after["comments"][-1]["body"], run_ids)
    return ", ".join(name for name, is_wrong in wrong.items() if is_wrong) or None


def _line(text, name):
    found = re.search(rf"^{name}: *(.*)$", text, re.MULTILINE)
    names = found[1] if found else ""
    return set() if names in ("", "none") else {n.strip() for n in names.split(",")}


def _comment_says(step, text, run_ids):
    if not any(f"Run {run}." in text for run in run_ids):
        return False
    if step.action == "clear" and step.still:
        return f"{{{{{step.ip}}}}} is listed too little now" in text and all(f"{zone}: " in text for zone in step.still)
    if step.action == "clear":
        return f"{{{{{step.ip}}}}} is no longer listed." in text
    if step.action == "again":
        return f"{{{{{step.ip}}}}} is listed again." in text and _line(text, "now") == step.zones
    return (f"The lists of {{{{{step.ip}}}}} have changed." in text and _line(text, "now") == step.zones
            and _line(text, "added") == step.zones - step.named and _line(text, "removed") == step.named - step.zones)
