#!/usr/bin/python3
"""decided.py COUNT EVERY: a stream as dnsbl-decide writes it, of ten zones.

The address of row n, from 1 on, is 10.0.0.0 + n; every EVERYth of them is newly listed
by the first zone.
"""

import json
import sys
import uuid
from datetime import datetime, timezone

ZONES = [f"z{number}.bench.test" for number in range(10)]


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def result(zone, listed):
    return {"zone": zone, "status": "LISTED" if listed else "NOT_LISTED", "answers": ["127.0.0.2"] if listed else [],
            "reason": f"Listed in {zone}" if listed else None, "error": None, "duration_ms": 1.234}


def record(number, listed):
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    zones = ZONES[:1] if listed else []
    update = {"priority": 0, "old_priority": 100, "blocking_lists": ZONES[0], "last_event": f"new block from list(s) {ZONES[0]}"}
    return {"type": "ip", "id": number, "ip": address, "ip_text": address, "priority": 100, "old_priority": None,
            "blocking_lists": None, "last_event": None, "results": [result(zone, zone in zones) for zone in ZONES],
            "probed_at": now(), "decision": "LISTED" if listed else "CLEAN", "transition": "listed" if listed else "none",
            "score": len(zones), "listed_zones": zones, "unknown_zones": [], "carried_zones": [], "watch_zones": [],
            "added_zones": zones, "removed_zones": [], "update": update if listed else None}


def main(count, every):
    run_id = str(uuid.uuid4())
    records = [{"type": "run", "run_id": run_id, "started_at": now(), "dry_run": False, "shard": "0/1"}]
    records += (record(number, number % every == 0) for number in range(1, count + 1))
    records.append({"type": "end", "run_id": run_id, "ips": count, "skipped": 0})
    for each in records:
        print(json.dumps(each, separators=(",", ":")))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
