"""What goes wrong in a history: faults aimed at one write, and trouble of the whole run.

A cell is (state, fault): the write that is due for an address, and what becomes of it.  Cells and troubles are dealt out
by the number of the history, so that a score of histories with consecutive numbers meets every one of them.
"""

import random
import signal

STATES = ["create", "recreate", "change", "again", "adopt", "clear", "mark"]

# The answer is lost, late or no good: the run must put all right by itself.
AIMED = {
    "lost": lambda luck: {"lose_answer": True},
    "reset": lambda luck: {"reset": True},
    "gateway_before": lambda luck: {"status": luck.choice((502, 503, 504)), "html": "Bad Gateway"},
    "gateway_after": lambda luck: {"status": luck.choice((502, 503, 504)), "html": "Gateway Timeout", "work": True},
    "busy": lambda luck: {"status": 429, "headers": {"Retry-After": luck.randint(1, 5)}, "body": {"message": "slow down"}},
    "unavailable": lambda luck: {"status": 503, "headers": {"Retry-After": luck.randint(1, 5)}, "body": {"message": "later"}},
    "page_before": lambda luck: {"status": 200, "html": "Please log in", "work": False},
    "page_after": lambda luck: {"status": 200, "html": "Please log in", "work": True},
    "json_before": lambda luck: {"status": luck.choice((200, 201, 202)), "body": {"login": "please"}, "work": False},
    "json_after": lambda luck: {"status": luck.choice((200, 202)), "body": {"login": "please"}, "work": True},
    "slow": lambda luck: {"delay_answer": 31},
}
AIMED_AT_CREATES = {
    "cut": lambda luck: {"truncate": luck.randint(1, 20)},
    "late": lambda luck: {"delay": 32},     # done when the client has given it up
}
# The program is killed: (signal, when, what else becomes of the request).
KILLS = {
    "kill_unsent": (signal.SIGKILL, "before", {"reset": True}),
    "kill_unanswered": (signal.SIGKILL, "after", {"lose_answer": True}),
    "term_answered": (signal.SIGTERM, "before", {"delay_answer": 0.5}),
    "term_unanswered": (signal.SIGTERM, "before", {"delay_answer": 8}),
}
PEOPLE = {"person_closes": {"status": "Done"}, "person_deletes": {"delete": True}}

SEARCH = {"method": "POST", "path": "/search"}
# Trouble that the run must overcome by itself ...
OVERCOME = {
    "search_lost": (SEARCH, {"lose_answer": True}),
    "search_reset": (SEARCH, {"reset": True}),
    "search_down": (SEARCH, {"status": 503, "html": "Service Unavailable"}),
    "search_busy": (SEARCH, {"status": 429, "headers": {"Retry-After": 2}, "body": {}}),
    "search_page": (SEARCH, {"status": 200, "html": "Please log in"}),
    "search_cut": (SEARCH, {"truncate": 30}),
    "search_slow": (SEARCH, {"delay_answer": 31}),
    "preflight_down": ({"method": "GET"}, {"status": 503, "html": "Service Unavailable"}),
    "preflight_reset": ({"method": "GET"}, {"reset": True}),
    "preflight_page": ({"method": "GET"}, {"status": 200, "html": "Please log in"}),
}
# ... and trouble after which much may be left for the next run.
TROUBLES = ["storm", "storm_killed", "down", "nonsense", "refused", "expired", "expires_elsewhere", "kill_any", "kill_time",
            "term_time", "cut_off", "pages_shift", *OVERCOME]


def cells():
    """Every (state, fault) there is, in an order that is always the same."""
    some = [(state, fault) for state in STATES for fault in (*AIMED, *KILLS)]
    some += [(state, fault) for state in ("create", "recreate") for fault in AIMED_AT_CREATES]
    some += [(state, fault) for state in ("change", "again", "adopt", "clear", "mark") for fault in PEOPLE
             if (state, fault) != ("mark", "person_closes")]
    random.Random(0).shuffle(some)
    return some


CELLS_EACH, TROUBLES_EACH = 7, 3
# What goes wrong at each write to the ticket of an alarm, by the alarm's sort.
ALARMS = [(sort, fault) for fault in ("lost", "reset", "gateway_after", "json_after", "kill_unsent", "kill_unanswered")
          for sort in ("dns", "surge")]


def dealt_alarm(number):
    return ALARMS[number % len(ALARMS)]


def dealt(number):
    """The cells and troubles of a history."""
    deck = cells()
    return ([deck[(number * CELLS_EACH + i) % len(deck)] for i in range(CELLS_EACH)],
            [TROUBLES[(number * TROUBLES_EACH + i) % len(TROUBLES)] for i in range(TROUBLES_EACH)]
            + ["expires"] * (number % 5 == 0))      # on both kinds of Jira, which differ in this
