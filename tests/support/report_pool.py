#!/usr/bin/python3
"""report_pool.py ADDRESSES ZONES RUNS: records of a large pool, the same ones each time, with texts of strangers."""
import json
import sys
from datetime import datetime, timedelta

addresses, zones, runs = map(int, sys.argv[1:])
NAMES = ["CSS", "SBL", "XBL", "SPAMCOP", "BARRACUDA", "PSBL", "UCEPROTECT", "MAILSPIKE", "ABUSIX", "DNSWL"]
names = [NAMES[i] if i < len(NAMES) else f"bl{i}.example.net" for i in range(zones)]
sick = zones - 3 if zones > 4 else None


def put(**record):
    print(json.dumps(record, separators=(",", ":")))


def one(number, run):
    ip = f"10.{64 + number // 65536}.{number // 256 % 256}.{number % 256}"
    if number % 97 == 5:
        ip = f"2001:db8:{number % 7:x}::{number:x}"
    results, listed, unknown = [], [], []
    for zone, name in enumerate(names):
        result = dict(zone=name, status="NOT_LISTED", answers=[], reason=None, error=None,
                      duration_ms=round(1.5 * 1.35 ** zone * (1 + (number * 7919 + zone * 104729) % 400 / 400), 2))
        if zone == sick and run == runs - 1 and number % 256 > 160:
            result.update(status="UNKNOWN", error="zone_unreachable", duration_ms=0)
            unknown.append(name)
        elif number % 41 == 3 + zone and (number // 41 + run) % 11 < 4 + (run * 5 + 3) % 7 and zone < 6:
            result.update(status="LISTED", answers=["127.0.0.%d" % (2 + zone)],
                          reason=f"https://www.example.org/query/ip/{ip}?<b>list</b>={name}")
            listed.append(name)
        elif (number * 31 + zone * 17 + run) % 2503 == 0:
            result.update(status="UNKNOWN", error="timeout", duration_ms=5000.4)
            unknown.append(name)
        results.append(result)
    put(type="ip", ip=ip, results=results, probed_at="2026-01-31T12:00:00.000Z", decision="LISTED" if listed else "CLEAN",
        transition="listed" if listed and (number // 41 + run) % 11 == 0 else "none", score=len(listed),
        listed_zones=sorted(listed), unknown_zones=sorted(unknown), carried_zones=[], watch_zones=[],
        added_zones=[], removed_zones=[], update=None, db_changes=False, db_outcome="unchanged", jira_action="no_action",
        jira_issue=f"OPS-{number}" if listed else None)


for run in range(runs):
    identity = f"6f1c7a3e-9a53-4c58-8a4e-{run:012d}"
    began = datetime(2026, 1, 31) + timedelta(minutes=15 * run)
    put(type="run", run_id=identity, started_at=began.strftime("%Y-%m-%dT%H:%M:%S.000Z"), dry_run=False, shard="0/1")
    for zone, name in enumerate(names):
        out = zone == sick and run == runs - 1
        put(type="zone", zone=name, health="unreachable" if out else "ok", detail="127.0.0.2: timeout, 3 times" if out else None)
    for number in range(addresses):
        one(number, run)
    put(type="end", run_id=identity, ips=addresses, skipped=0)
