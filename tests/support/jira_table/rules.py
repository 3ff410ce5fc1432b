"""What should become of Jira, in words of our own: SPEC 8's table, the states it is applied to, and what its actions do.

Nothing here knows jira-sync.
"""

import collections
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "jira"))
import control  # the stand-in's folder

IP = "192.0.2.1"
PREFIX = f"IP {IP} blacklisted by "
ZONES = ["a.test", "b.test", "c.test"]
OURS = ["dnsbl-monitor", f"dnsbl-ip-{IP}"]
MARK, RECOVERED, ALARM = "dnsbl-cleared", "dnsbl-recovered", "MAJOR_MALFUNCTION"
CLOSED_DAYS = 7     # JIRA_IGNORE_CLOSED_DAYS

# ---- what should be --------------------------------------------------------
#
# `facts` are the words by which TABLE knows it; `next` is what the run after it finds.

Desired = collections.namedtuple("Desired", "facts listed unknown transition outcome next")


def desired(facts, listed="", unknown="", transition="none", outcome=None, next=None):
    outcome = outcome or ("unchanged" if transition in ("none", "held") else "updated")
    return Desired(frozenset(facts.split()), listed.split(), unknown.split(), transition, outcome, next)


DESIRED = {
    "listed": desired("LISTED new", "a.test b.test", transition="listed", next="still listed"),
    "still listed": desired("LISTED", "a.test b.test"),
    "listed, other zones": desired("LISTED", "a.test", transition="changed", next="still listed, other zones"),
    "still listed, other zones": desired("LISTED", "a.test"),
    "cleared": desired("CLEAN cleared", transition="cleared", next="clean"),
    "clean": desired("CLEAN"),
    "clean, in doubt": desired("CLEAN", unknown="b.test"),
    "held": desired("held", "a.test b.test", transition="held"),
    "conflict": desired("conflict", "a.test b.test", transition="listed", outcome="conflict", next="still listed"),
    "listed, database failed": desired("LISTED new failed", "a.test b.test", transition="listed", outcome="failed", next="listed"),
    "cleared, database failed": desired("CLEAN cleared failed", transition="cleared", outcome="failed", next="cleared"),
    "malfunction": desired("trouble", unknown="a.test b.test"),
    "malfunction over": desired("over"),
    "surge held": desired("trouble surge", "b.test", transition="held"),
}
ONLY_LATER = ("still listed, other zones",)          # only as what a later run finds
ALARMS = ("malfunction", "malfunction over", "surge held")


def record_of(name):
    want = DESIRED[name]
    def result(zone):
        status = "LISTED" if zone in want.listed else "UNKNOWN" if zone in want.unknown else "NOT_LISTED"
        return {"zone": zone, "status": status, "answers": ["127.0.0.2"] if status == "LISTED" else [], "reason": None,
                "error": "timeout" if status == "UNKNOWN" else None, "duration_ms": 2.5}
    update = {
        "listed": {"priority": 0, "old_priority": 100, "blocking_lists": ",".join(want.listed),
                   "last_event": "new block from list(s) a.test"},
        "changed": {"blocking_lists": ",".join(want.listed), "last_event": "blocking list change: a.test"},
        "cleared": {"priority": 100, "old_priority": None, "blocking_lists": "", "last_event": "block removed"},
    }.get(want.transition)
    return {
        "type": "ip", "id": 1, "ip": IP, "ip_text": IP, "priority": 100, "old_priority": None, "blocking_lists": "",
        "last_event": None, "results": [result(zone) for zone in ZONES], "probed_at": "2026-01-31T12:00:00.000Z",
        "decision": "LISTED" if want.listed else "CLEAN", "transition": want.transition, "score": len(want.listed),
        "listed_zones": want.listed, "unknown_zones": want.unknown, "carried_zones": [], "watch_zones": [], "added_zones": [],
        "removed_zones": [], "update": update, "db_changes": want.outcome == "updated", "db_outcome": want.outcome,
    }


def stream_of(name, run_id):
    run = {"type": "run", "run_id": run_id, "started_at": control.iso(time.time()), "dry_run": False, "shard": "0/1"}
    end = {"type": "end", "run_id": run_id, "ips": 1, "skipped": 0}
    if "surge" in DESIRED[name].facts:
        end["surge"] = [{"zone": "b.test", "newly_listed": 40, "total": 100, "limit_percent": 5}]
    return "".join(json.dumps(line) + "\n" for line in (run, record_of(name), end))


# ---- what there is in Jira -------------------------------------------------
#
# Tickets as `control.seed` takes them; `lag`: made by a run just now, so that search does not find it yet; `closing`: closed
# by a person just now, which search does not see yet.

LONG_AGO, LATELY = {"created": "-30d", "resolved": "-8d", "status": "Done"}, {"created": "-30d", "resolved": "-6d", "status": "Done"}


def ticket(zones="a.test, b.test", labels=OURS, **more):
    return {"summary": PREFIX + zones, "labels": list(labels), "created": "-1d", **more}


STATES = {
    "none ever": [],
    "open, same": [ticket()],
    "open, same, no labels": [ticket("a.test,b.test", [])],
    "open, other zones": [ticket("b.test, c.test")],
    "open, marked": [ticket(labels=[*OURS, MARK])],
    "two open": [ticket(created="-2d"), ticket()],
    "closed lately": [ticket(**LATELY)],
    "closed lately, no labels": [ticket("a.test,b.test", [], **LATELY)],
    "closed long ago": [ticket(**LONG_AGO)],
    "closed, marked": [ticket(labels=[*OURS, MARK], **LATELY)],
    "open, not found yet": [ticket(lag=True)],
    "closed, seen open": [ticket(closing=True)],
    "open, renamed": [ticket(summary="Mail to a customer bounces")],
    "mentioned by others": [
        ticket(labels=[], summary=f"re: {PREFIX}a.test, b.test"), ticket(labels=[], summary=f"IP {IP} was blacklisted by a.test"),
        ticket(labels=["dnsbl-monitor"], summary="IP 192.0.2.100 blacklisted by a.test, b.test"),
        ticket(labels=["customer"], summary=f"Blacklisted by a.test: IP {IP} blacklisted by", **LATELY)],
}


def alarm(name, zones=None, labels=(), **more):
    """The ticket of a malfunction or a surge, of today."""
    surge = name == "surge held"
    zones = zones or ("b.test" if surge else "a.test, b.test")
    return {"summary": f"DNSBL surge held: {zones}" if surge else "DNS Infrastructure Failure Detected - 67% zones unreachable",
            "description": f"MAJOR MALFUNCTION\n\n{'Surging' if surge else 'Failed'} zones: {zones}\n", "issuetype": "Incident",
            "labels": [ALARM, "dnsbl-monitor", *labels], **more}


def alarm_states(name):
    return {
        "none ever": [],
        "open, same": [alarm(name)],
        "open, other zones": [alarm(name, "b.test, c.test")],
        "open, marked": [alarm(name, labels=[RECOVERED])],
        "two open": [alarm(name, created="-25h"), alarm(name)],      # yesterday's and today's
        "closed lately": [alarm(name, resolved="-0s", status="Done")],
        "closed long ago": [alarm(name, **LONG_AGO)],
        "closed, marked": [alarm(name, labels=[RECOVERED], resolved="-0s", status="Done")],
        "open, not found yet": [alarm(name, lag=True)],
        "closed, seen open": [alarm(name, closing=True)],
        "mentioned by others": [{**alarm(name, summary="re: " + alarm(name)["summary"]), "labels": []}],
    }


def state_of(name, state):
    """The tickets of a state, or None: there is no such thing."""
    return alarm_states(name).get(state) if name in ALARMS else STATES[state]


# Others' tickets, there in every cell.
OTHERS = [ticket(labels=["dnsbl-monitor", f"dnsbl-ip-192.0.2.1{n}"], summary=f"IP 192.0.2.1{n} blacklisted by a.test, b.test")
          for n in range(4)] + [
    ticket(labels=["dnsbl-monitor", "dnsbl-ip-192.0.2.14"], summary="IP 192.0.2.14 blacklisted by a.test", **LATELY),
    ticket(labels=[], summary="Printer on fire")]


def seed(store, tickets):
    for each in tickets:
        order = {**each, "created": each.get("created", "-0s")}
        lag, closing = order.pop("lag", False), order.pop("closing", False)
        if not lag:
            issue = control.seed(store, order)
            if closing:
                store.settings.update(people_lag=20)
                control.edit(store, issue, {"status": "Done"})
                store.settings.update(people_lag=0)
            continue
        store.settings.update(index_lag=4, index_lag_searches=2)
        store.create(order["summary"], order.get("issuetype", "Task"), store.user, labels=order["labels"],
                     description=order.get("description"))
        store.settings.update(index_lag=0, index_lag_searches=0)


# ---- what should happen ----------------------------------------------------
#
# The first row whose words all hold.  Words of what should be are in DESIRED, those of the tickets come from `words_of`.

TABLE = [
    ("held", "nothing"),
    ("conflict", "nothing"),
    ("LISTED none-open new", "create"),
    ("LISTED none-open closed-lately", "nothing"),
    ("LISTED none-open", "search and create"),
    ("LISTED marked", "listed again"),
    ("LISTED other-zones", "change"),
    ("LISTED no-labels", "adopt"),
    ("LISTED", "nothing"),
    ("CLEAN open marked", "nothing"),
    ("CLEAN open doubt", "nothing"),
    ("CLEAN open", "clear"),
    ("CLEAN cleared closed-unmarked", "mark"),
    ("CLEAN", "nothing"),
    ("trouble none-open closed-today closed-same", "nothing"),
    ("trouble none-open", "report"),
    ("trouble marked", "report again"),
    ("trouble other-zones", "report again"),
    ("trouble", "nothing"),
    ("over open", "recover"),
    ("over closed-today", "say over"),
    ("over", "nothing"),
]

# What an action does: request (none: the ticket was there), jira_action, comments, what the comment says, labels added and
# taken off, whether the summary is written.
Effect = collections.namedtuple("Effect", "method action comments says add remove summary")
EFFECTS = {
    "nothing": None,
    "found": Effect("", "created_issue", 0, "", [], [], False),
    "create": Effect("POST", "created_issue", 0, "", OURS, [], True),
    "search and create": Effect("POST", "created_issue", 0, "", OURS, [], True),
    "listed again": Effect("PUT", "updated_issue", 1, "listed again", OURS, [MARK], True),
    "change": Effect("PUT", "updated_issue", 1, "now: ", OURS, [], True),
    "adopt": Effect("PUT", "updated_issue", 0, "", OURS, [], False),
    "clear": Effect("PUT", "updated_issue", 1, "no longer listed", [*OURS, MARK], [], False),
    "mark": Effect("PUT", "updated_issue", 0, "", [*OURS, MARK], [], False),
    "report": Effect("POST", "created_issue", 0, "", [ALARM, "dnsbl-monitor"], [], True),
    "report again": Effect("PUT", "updated_issue", 1, "", [ALARM], [RECOVERED], True),
    "say over": Effect("PUT", "updated_issue", 0, "", [ALARM, RECOVERED], [], False),
    "recover": Effect("PUT", "updated_issue", 1, "recovered", [ALARM, RECOVERED], [], False),
}

# What is to be done: an action, the tickets it is done to (none: a new one), the summary that results.
Plan = collections.namedtuple("Plan", "action keys summary")


def is_ours(name, issue):
    if not issue["key"].startswith("OPS-"):
        return False        # a person has moved it
    if name in ALARMS:
        return ALARM in issue["labels"]
    by_label = [label for label in issue["labels"] if label.startswith("dnsbl-ip-")]
    return f"dnsbl-ip-{IP}" in by_label if by_label else issue["summary"].startswith(PREFIX)


def named(issue):
    line = issue["summary"][len(PREFIX):] if issue["summary"].startswith(PREFIX) else (
        re.findall(r"^(?:Failed|Surging) zones: (.*)$", issue["description"] or "", re.M) or [""])[0]
    return {zone.strip() for zone in line.split(",") if zone.strip()}


def zones_wanted(name):
    return set(DESIRED[name].unknown if name == "malfunction" else DESIRED[name].listed)


def in_doubt(zones, unknown):
    """Whether a zone that a ticket names did not answer, or any, if its summary does not tell which zones it is about."""
    told = zones and not any(zone.startswith("+") for zone in zones)
    return bool(zones & unknown or (unknown and not told))


def age_days(text):
    return (time.time() - control.moment(None, text)) / 86400


def words_of(name, issue, closed):
    """What TABLE calls the newest open ticket and the one closed last; either may be None."""
    words = set()
    if issue is None:
        words.add("none-open")
    else:
        words.add("open")
        words |= {"marked"} if {MARK, RECOVERED} & set(issue["labels"]) else set()
        words |= {"other-zones"} if named(issue) != zones_wanted(name) else set()
        words |= {"doubt"} if in_doubt(named(issue), set(DESIRED[name].unknown)) else set()
        words |= set() if set(OURS) <= set(issue["labels"]) else {"no-labels"}
    if closed is not None and not {MARK, RECOVERED} & set(closed["labels"]):
        words.add("closed-unmarked")
        words |= {"closed-lately"} if age_days(closed["resolved"]) < CLOSED_DAYS else set()
        words |= {"closed-same"} if named(closed) == zones_wanted(name) else set()
        words |= {"closed-today"} if closed["created"][:10] == control.iso(time.time())[:10] else set()
    return words


def newest(issues):
    return max(issues, key=lambda issue: int(issue["id"]), default=None)


def closed_last(issues):
    """To the second, as Jira's times are compared."""
    return max(issues, key=lambda issue: (issue["resolved"][:19], int(issue["id"])), default=None)


def plan_of(name, issues):
    """What TABLE says is to be done, given the issues that search finds."""
    ours = [issue for issue in issues if is_ours(name, issue)]
    opened = newest([issue for issue in ours if issue["open"]])
    closed = closed_last([issue for issue in ours if not issue["open"]])
    if name == "malfunction over":
        keys = [i["key"] for i in ours if i["open"] and RECOVERED not in i["labels"]]
        if keys or opened or "closed-today" not in words_of(name, None, closed):
            return Plan("recover" if keys else "nothing", keys, None)
        return Plan("say over", [closed["key"]], None)
    facts = DESIRED[name].facts | words_of(name, opened, closed)
    action = next(action for words, action in TABLE if set(words.split()) <= facts)
    effect = EFFECTS[action]
    if effect is None:
        return Plan(action, [], None)
    target = closed if action == "mark" else opened if effect.method == "PUT" else None
    return Plan(action, [target["key"]] if target else [], summary_of(name) if effect.summary else None)


def reads_of(name, found):
    """What is read before anything is done, given the issues that search finds: look, a search by label; read, one ticket."""
    facts, plan = DESIRED[name].facts, plan_of(name, found)
    is_open = any(is_ours(name, issue) and issue["open"] for issue in found)
    if not is_open:
        return {"look"} if facts & {"LISTED", "cleared", "trouble"} else set()
    effect = EFFECTS[plan.action]       # a comment is not written twice, and what an alarm says stands in its description
    return {"read"} if "trouble" in facts or (effect and effect.comments) else set()


def plans_of(name, issues, found):
    """The plans that are right, when search finds `found` of the `issues` at first; the rest turns up within seconds.

    A listed address is searched for again, and so is an alarm; for others what turns up may be acted on.  And when the answer to
    a create for a new listing is lost, what is found then cannot be told from what that create made.
    """
    plan, whole = plan_of(name, found), plan_of(name, issues)
    if plan == whole:
        return [plan]
    if plan.action in ("search and create", "report"):
        return [whole]
    found_instead = [whole._replace(action="found")] if plan.action == "create" and whole.action == "nothing" else []
    return [plan, whole, *found_instead]


def summary_of(name):
    zones = ", ".join(sorted(zones_wanted(name)))
    return alarm(name, zones)["summary"] if name in ALARMS else PREFIX + zones


