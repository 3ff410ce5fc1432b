"""The addresses, what is true of them, their rows in the database, and the records that jira-sync gets of them."""

import datetime
import uuid

ZONES = ["a.test", "b.test", "c.test", "d.test", "e.test"]
ADDRESSES = ["192.0.2.1", "192.0.2.11", "192.0.2.12", "192.0.2.111", "198.51.100.1", "203.0.113.1", "2001:db8::1", "2001:db8::11"]


class Address:
    def __init__(self, number, ip):
        self.number, self.ip = number, ip
        self.truth = set()      # the zones that list it
        self.unknown = set()    # those that do not answer in the coming run
        self.fate = "updated"   # what the database, or the surge brake, does with a change in the coming run
        self.lists, self.priority, self.old_priority = set(), 100, None     # its row

    def settle(self):
        self.unknown, self.fate = set(), "updated"


def stamp(seconds):
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def new_run(luck, now):
    run_id = str(uuid.UUID(int=luck.getrandbits(128), version=4))
    return {"type": "run", "run_id": run_id, "started_at": stamp(now), "dry_run": False, "shard": "0/1"}


def _result(address, zone):
    status = "UNKNOWN" if zone in address.unknown else "LISTED" if zone in address.truth else "NOT_LISTED"
    return {"zone": zone, "status": status, "answers": ["127.0.0.2"] if status == "LISTED" else [],
            "reason": f"See https://{zone}/?ip={address.ip}" if status == "LISTED" else None,
            "error": "timeout" if status == "UNKNOWN" else None, "duration_ms": 2.5}


def decide(address):
    """(zones that list it, transition), as dnsbl-decide weighs with a threshold of 1."""
    carried = address.unknown & address.lists
    if address.unknown == set(ZONES):
        return set(address.lists), "none"
    zones = (address.truth - address.unknown) | carried
    if zones and not address.lists:
        return zones, "listed"
    if address.lists and not zones:
        return zones, "cleared"
    return zones, "changed" if zones != address.lists else "none"


def _update(address, zones, transition):
    names = ",".join(sorted(zones))
    return {
        "listed": {"priority": 0, "old_priority": address.priority, "blocking_lists": names,
                   "last_event": f"new block from list(s) {names}"},
        "cleared": {"priority": address.old_priority or 50, "old_priority": None, "blocking_lists": "",
                    "last_event": "block removed"},
        "changed": {"blocking_lists": names, "last_event": f"blocking list change: {names}"},
    }.get(transition)


def record_of(address, now):
    """The record of an address as pg-apply passes it on.  Its row is not changed: see commit."""
    zones, transition = decide(address)
    update = _update(address, zones, transition)
    outcome = "unchanged" if transition == "none" else address.fate
    if address.fate == "held":      # only what is to be listed is
        outcome = "unchanged" if transition in ("none", "listed") else "updated"
        transition, update = ("held", None) if transition == "listed" else (transition, update)
    names = sorted(zones)
    return {
        "type": "ip", "id": address.number, "ip": address.ip, "ip_text": address.ip, "priority": address.priority,
        "old_priority": address.old_priority, "blocking_lists": ",".join(sorted(address.lists)), "last_event": None,
        "results": [_result(address, zone) for zone in ZONES], "probed_at": stamp(now),
        "decision": "LISTED" if zones else "CLEAN", "transition": transition, "score": len(names), "listed_zones": names,
        "unknown_zones": sorted(address.unknown), "carried_zones": sorted(address.unknown & address.lists),
        "watch_zones": [], "added_zones": sorted(zones - address.lists), "removed_zones": sorted(address.lists - zones),
        "update": update, "db_changes": outcome == "updated", "db_outcome": outcome,
    }


def commit(address, record):
    """What the row is after this record's change."""
    update = record["update"]
    if update is None:
        return
    address.lists = {name for name in update["blocking_lists"].split(",") if name}
    address.priority = update.get("priority", address.priority)
    if "old_priority" in update:
        address.old_priority = update["old_priority"]


def zone_records():
    return [{"type": "zone", "zone": zone, "health": "ok", "detail": None} for zone in ZONES]
