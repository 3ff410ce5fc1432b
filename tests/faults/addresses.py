"""The world that every row begins in: forty addresses of which every fourth has something to be done, their rows and tickets.

It is the same each time, so a run that nothing disturbs always ends alike: RESULT, and the tickets that a worker notes once.
"""

import collections
import re

import oracle       # of tests/support/history: the names of labels and summaries
import world        # of tests/support/pg_history: what a row must become

ZONES = ["a.test", "b.test", "c.test"]

# had: the zones that its row names; truth: those that list it; ticket: the zones that its ticket names, "closed" if a
# person has closed it, None if there is none.
Address = collections.namedtuple("Address", "id ip had truth ticket priority")

# Something for each thing that a run can have to do, half of them before the twentieth address, half behind it.
DUE = {
    2: ((), ("a.test",), None),                             # to be listed
    5: (("a.test",), (), ("a.test",)),                      # to be cleared
    8: (("a.test",), ("a.test", "b.test"), ("a.test",)),    # to be changed
    11: ((), ("a.test", "b.test", "c.test"), None),
    14: (("b.test",), ("b.test",), ("b.test",)),            # as it should be
    17: (("b.test",), (), "closed"),                        # cleared; a person has closed its ticket
    20: ((), ("c.test",), None),
    23: ((), ("b.test",), None),
    26: (("b.test", "c.test"), (), ("b.test", "c.test")),
    29: (("c.test",), ("b.test",), ("c.test",)),
    32: (("c.test",), ("c.test",), None),                   # its ticket was lost
    35: (("a.test", "c.test"), ("a.test", "c.test"), ("a.test", "c.test")),
    38: ((), ("a.test", "c.test"), None),
    40: (("a.test",), (), ("a.test",)),
}
COUNT = 40
JUNK = ["mx7.example.org", None]    # rows that nobody may touch
EDITED = 23     # the address whose priority a person changes while a program stands still
STRANGER = "Is IP 198.51.100.2 blacklisted by a.test?"     # a person's ticket


def ip_of(number):
    return f"2001:db8::{number:x}" if number % 19 == 0 else f"198.51.100.{number}"


def _address(number):
    had, truth, ticket = DUE.get(number, ((), (), None))
    return Address(number, ip_of(number), frozenset(had), frozenset(truth), ticket, 40 + number)


ALL = [_address(number) for number in range(1, COUNT + 1)]
BY_IP = {address.ip: address for address in ALL}
BY_ID = {address.id: address for address in ALL}


def names(zones):
    return ",".join(sorted(zones))


def first_row(address):
    """(ip, priority, oldPriority, blockingLists, lastEvent)"""
    if address.had:
        return (address.ip, world.LISTED_PRIORITY, address.priority, names(address.had), f"new block from list(s) {names(address.had)}")
    return (address.ip, address.priority, None, None, None)


def first_rows():
    return [first_row(address) for address in ALL] + [(text, 100, None, None, None) for text in JUNK]


COLUMNS = ("priority", "oldPriority", "blockingLists", "lastEvent")


def result_of(address):
    """What its row must be in the end."""
    before = dict(zip(COLUMNS, first_row(address)[1:]))
    return world.due(before, names(address.truth)) or before


RESULT = {address.id: result_of(address) for address in ALL}
DUE_ROWS = {address.id for address in ALL if address.had != address.truth}


def tickets():
    """What people and earlier runs have left, as the stand-in takes it."""
    found = [{"summary": STRANGER}]
    for address in ALL:
        if address.ticket is None:
            continue
        closed = address.ticket == "closed"
        order = {"summary": oracle.summary_of(address.ip, address.had), "labels": [oracle.OURS, oracle.label_of(address.ip)],
                 "created": "-2d"}
        found.append({**order, **({"status": "Done", "resolved": "-1d"} if closed else {})})
    return found


def zone_data(zone):
    return [address.ip for address in ALL if zone in address.truth]


# ---- tickets compared --------------------------------------------------------

SET = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?")


def told(text):
    """A text without what every run says otherwise: its id, and when it was."""
    return SET.sub("…", text or "")


def owner_of(ticket):
    """The address that it is about; None: none of ours."""
    return next((address.ip for address in ALL if oracle.belongs(ticket, address.ip)), None)


def gist(ticket):
    """What must be so, whatever way it came about.  Whether a ticket that a person has closed is marked as cleared tells of the way:
    the run that clears its address marks it, and no other asks for what is closed (SPEC, section 8: CLEAN, none)."""
    labels = set(ticket["labels"]) - (set() if ticket["open"] else {oracle.MARK})
    return (ticket["summary"], tuple(sorted(labels)), ticket["open"])


def gist_of_detour(ticket):
    """Besides, of an address that has cleared list by list the ticket names the last one alone."""
    summary, labels, is_open = gist(ticket)
    return (summary.partition(" by ")[0] if oracle.MARK in labels else summary, labels, is_open)


def alike(ticket):
    """The same, and how often something was said in it."""
    return (*gist(ticket), len(ticket["comments"]))


def whole(ticket):
    """All but the description, which tells of the run that made the ticket, and so of what went wrong before."""
    return (ticket["summary"], tuple(sorted(ticket["labels"])), ticket["open"],
            tuple(told(comment["body"]) for comment in ticket["comments"]))


# How much is compared, by the words of the table's last column.
VIEWS = {"equal": whole, "nothing": whole, "alike": alike, "detour": gist_of_detour}


def by_address(all_tickets, view):
    """{address, or None for all others: what `view` shows of its tickets}"""
    found = collections.defaultdict(list)
    for ticket in all_tickets:
        found[owner_of(ticket)].append(view(ticket))
    return {ip: sorted(views) for ip, views in found.items()}
