"""What must be so after every run, whatever went wrong in it, and how far a run has come.

Each function raises Violation, or returns a word of the table.
"""

import collections

import addresses
import alarms       # of tests/support/history
import oracle
import world        # of tests/support/pg_history
from addresses import BY_ID, BY_IP, COLUMNS, DUE_ROWS, RESULT
from playing import Violation

MONITOR = "dnsbl_monitor"


def zones_in(row):
    return set(filter(None, (row["blockingLists"] or "").split(",")))


def check_versions(versions):
    """Each change of the monitor's was due from the row as it was, whole, made once, and says nothing untrue."""
    counts = collections.Counter()
    for who, old, new in versions:
        if who != MONITOR:
            continue
        address = BY_ID.get(old["id"])
        if address is None or new is None:
            raise Violation(f"a row that is none of ours was changed: {old} -> {new}")
        counts[address.ip] += 1
        if {name: new[name] for name in COLUMNS} != world.due(old, new["blockingLists"] or ""):
            raise Violation(f"not what was due, or by half: {old} -> {new}")
        if zones_in(new) - zones_in(old) - address.truth:
            raise Violation(f"a false listing: {new}")
        if (zones_in(old) - zones_in(new)) & address.truth:
            raise Violation(f"a false clearing: {old} -> {new}")
    twice = [ip for ip, count in counts.items() if count > 1]
    if twice:
        raise Violation(f"rows were changed twice by a run: {twice}")


def check_tickets(before, after):
    """Never two open ones for an address, nothing untrue in one, none closed, none of other people's touched."""
    old = {ticket["key"]: ticket for ticket in before}
    open_ones = collections.Counter(addresses.owner_of(ticket) for ticket in after if ticket["open"])
    twice = [ip for ip, count in open_ones.items() if ip and count > 1]
    if twice:
        raise Violation(f"several open tickets for {twice}")
    if set(old) - {ticket["key"] for ticket in after}:
        raise Violation("a ticket is gone")
    for ticket in after:
        ip, known = addresses.owner_of(ticket), old.get(ticket["key"])
        if known and ticket["open"] != known["open"]:
            raise Violation(f"{ticket['key']} was closed or opened")
        if ip:
            _check_ticket(ticket, BY_IP[ip], known)
        elif known and not alarms.sort_of(ticket) and addresses.whole(ticket) != addresses.whole(known):
            raise Violation(f"a ticket of other people's was touched: {ticket['key']}")
    _check_alarms(after)


def _check_ticket(ticket, address, known):
    named = oracle.named_zones(ticket, address.ip)
    if named - address.truth - address.had or (not known and not named & address.truth):
        raise Violation(f"a ticket says what is not so: {ticket['summary']}")
    if oracle.MARK in ticket["labels"] and named & address.truth:
        raise Violation(f"the ticket of {address.ip} is marked as cleared, and {named & address.truth} lists it")


def _check_alarms(tickets):
    sorts = collections.Counter(alarms.sort_of(ticket) for ticket in tickets if ticket["open"])
    twice = [sort for sort, count in sorts.items() if sort and count > 1]
    if twice:
        raise Violation(f"several tickets of one malfunction: {twice}")


def how_far_rows(rows, versions):
    """all, none or some"""
    if not any(who == MONITOR for who, _, _ in versions):
        return "none"
    done = all(zones_in(rows[id_]) == BY_ID[id_].truth for id_ in DUE_ROWS)
    return "all" if done else "some"


def how_far_tickets(before, after, reference):
    view = addresses.gist
    now = addresses.by_address(after, view)
    if now == addresses.by_address(reference, view):
        return "all"
    return "none" if addresses.by_address(after, addresses.whole) == addresses.by_address(before, addresses.whole) else "some"


def check_result(rows, tickets, reference, how, edited):
    """The database and Jira are as without any fault, `how` exactly see the table. `edited`: see worker.py."""
    for id_, expected in RESULT.items():
        wanted = {**expected, **(edited if id_ == addresses.EDITED and edited else {})}
        seen = {name: rows[id_][name] for name in COLUMNS}
        if how == "detour":
            wanted["lastEvent"] = seen["lastEvent"]
        if (seen["blockingLists"] or "") == (wanted["blockingLists"] or ""):
            wanted["blockingLists"] = seen["blockingLists"]     # NULL and '' are the same
        if seen != wanted:
            raise Violation(f"the row of {BY_ID[id_].ip} is {seen}, not {wanted}")
    for row in rows.values():
        if row["id"] not in BY_ID and (row["priority"], row["blockingLists"]) != (100, None):
            raise Violation(f"a row that is no address was touched: {row}")
    view = addresses.VIEWS[how]
    now, wanted = addresses.by_address(tickets, view), addresses.by_address(reference, view)
    if how == "detour":
        now[None], told_of = _without_alarms(tickets, view)
        if any(alarms.RECOVERED not in ticket["labels"] for ticket in told_of if ticket["open"]):
            raise Violation("a malfunction is over, and its ticket does not say so")
    for ip in now.keys() | wanted.keys():
        if now.get(ip) != wanted.get(ip):
            raise Violation(f"the tickets of {ip or 'others'} are {now.get(ip)}, not {wanted.get(ip)}")


def _without_alarms(tickets, view):
    others = [ticket for ticket in tickets if addresses.owner_of(ticket) is None]
    told_of = [ticket for ticket in others if alarms.sort_of(ticket)]
    return sorted(view(ticket) for ticket in others if ticket not in told_of), told_of
