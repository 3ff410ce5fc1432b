"""What goes wrong in a history: (kind, whom or how, when).

They are dealt out by the number of the history, so that a score of histories with consecutive numbers meets each.
When: at the start; `read`, when some of the addresses have left pg-ips; `passed`, when some have left pg-apply;
`lock`, when pg-apply waits for a row that somebody else has locked; `commit`, when the server is at its COMMIT.
"""

import random

STAGES = ["pg-ips", "dnsbl-probe", "dnsbl-decide", "pg-apply", "jira-sync", "log-summary"]
BEHIND = ["jira-sync", "log-summary"]   # their death must not keep pg-apply from its work

KILLS = [("kill", stage, when) for stage in ("pg-ips", "dnsbl-probe", "dnsbl-decide") for when in ("start", "read")]
KILLS += [("kill", "pg-apply", when) for when in ("start", "passed", "lock", "commit")]
KILLS += [("kill", stage, when) for stage in BEHIND for when in ("start", "passed", "commit")]
TERMS = [("term", "pg-ips", "read"), *(("term", "pg-apply", when) for when in ("passed", "lock", "commit"))]
RESTARTS = [("restart", how, when) for how in ("fast", "immediate") for when in ("read", "lock", "commit")]
BACKENDS = [("backend", "pg-ips", "read"), *(("backend", "pg-apply", when) for when in ("passed", "lock", "commit"))]
COMMITS = [("answer", fate, "commit") for fate in ("lost", "dropped")]
HANDS = [("hand", what, "read") for what in ("clears", "moves", "deletes", "inserts")] + [("hand", "locks", "lock")]
TWO = [("two", "together", "start"), ("two", "one_killed", "commit")]

ALL = KILLS + TERMS + RESTARTS + BACKENDS + COMMITS + HANDS + TWO
EACH = 5


def dealt(number):
    deck = list(ALL)
    random.Random(0).shuffle(deck)
    return [deck[(number * EACH + i) % len(deck)] for i in range(EACH)]
