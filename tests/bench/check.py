#!/usr/bin/python3
"""check.py KIND FILE ...: is a run's output right?

check.py records|counts FILE ADDRESSES ZONES [MODE]

FILE is what dnsbl-probe wrote (records), or one object with the numbers `listed`,
`not_listed` and `unknown` (counts), about the first so many addresses and zones of
the benchmark: address n is listed by zone z when n + z is a multiple of 50, which
makes 2 in 100 lookups. Every status must be the one these data demand, every listing
must have its text, and nothing may be UNKNOWN, but by MODE:

    silent   all of the last zone is UNKNOWN
    halfway  some of the last zone is UNKNOWN, and some is not; a text of it may be lost
    lossy    anything may be UNKNOWN, and a text may be lost: it is for the table to say
             how many are too many
    late     nothing is, but the last zone takes 300 ms for an answer

check.py rows FILE COUNT: what pg-ips wrote, of a table whose row n, from 1 on, holds 10.0.0.0 + n.
check.py outcomes FILE COUNT EVERY: what pg-apply wrote of so many records, of which every so many-th
asks for a change; all changes must be made.

Prints the numbers as members of a JSON object; or what is wrong, with status 1.
"""

import json
import re
import sys
from collections import Counter

LISTED_EACH = 50


def number_of(address):
    octets = [int(octet) for octet in address.split(".")]
    return (octets[1] - 16) << 16 | octets[2] << 8 | octets[3]


def status_of(number, zone):
    return "NOT_LISTED" if (number + zone) % LISTED_EACH else "LISTED"


def check_result(result, number, zone, last, mode):
    status, where = result["status"], f"address {number}, zone {zone}"
    is_disturbed = mode == "lossy" or mode == "halfway" and zone == last
    if not re.match(rf"z{zone}\.", result["zone"]):
        sys.exit(f"{where}: the result is of zone {result['zone']}")
    if mode == "silent" and zone == last:
        if status != "UNKNOWN":
            sys.exit(f"{where}: {status}, though the zone is silent")
    elif status == "UNKNOWN":
        if not is_disturbed:
            sys.exit(f"{where}: UNKNOWN, {result['error']}")
    elif status != status_of(number, zone):
        sys.exit(f"{where}: {status}, not {status_of(number, zone)}")
    elif mode == "late" and zone == last and result["duration_ms"] < 290:
        sys.exit(f"{where}: an answer after {result['duration_ms']} ms: the delay did not come about")
    elif status == "LISTED" and not is_disturbed and "Listed in" not in (result["reason"] or ""):
        sys.exit(f"{where}: listed without a text")


def check_records(lines, addresses, zones, mode=""):
    counts, last_zone, number = Counter(listed=0, not_listed=0, unknown=0), Counter(), 0
    for line in lines:
        record = json.loads(line)
        if record["type"] != "ip":
            continue
        if number_of(record["ip"]) != number or len(record["results"]) != zones:
            sys.exit(f"record {number} is of {record['ip']} and has {len(record['results'])} results, not {zones}")
        for zone, result in enumerate(record["results"]):
            check_result(result, number, zone, zones - 1, mode)
            counts[result["status"].lower()] += 1
        last_zone[result["status"]] += 1
        number += 1
    if number != addresses:
        sys.exit(f"{number} records, not {addresses}")
    if mode == "halfway" and len(last_zone.keys() & {"UNKNOWN", "NOT_LISTED"}) < 2:
        sys.exit(f"the zone did not go silent half-way: {dict(last_zone)}")
    return counts


def check_counts(lines, addresses, zones):
    counts = json.loads("".join(lines))
    listed = sum(status_of(n, z) == "LISTED" for n in range(addresses) for z in range(zones))
    expected = {"listed": listed, "not_listed": addresses * zones - listed, "unknown": 0}
    if counts != expected:
        sys.exit(f"it counted {counts}, not {expected}")
    return counts


def row_of(address):
    octets = [int(octet) for octet in address.split(".")]
    return octets[1] << 16 | octets[2] << 8 | octets[3]


def each_address(lines, count):
    """The records of the addresses, which must be all, in order, in a whole stream."""
    number, last = 0, {}
    for line in lines:
        last = json.loads(line)
        if last["type"] == "ip":
            number += 1
            if last["id"] != number or row_of(last["ip"]) != number:
                sys.exit(f"record {number} is of row {last['id']} and {last['ip']}")
            yield last
    if number != count or last.get("type") != "end" or last["ips"] != count:
        sys.exit(f"{number} records, not {count}, and the last line is {last}")


def check_rows(lines, count):
    listed = sum(record["blocking_lists"] is not None for record in each_address(lines, count))
    if listed != count // LISTED_EACH:
        sys.exit(f"{listed} rows with lists, not {count // LISTED_EACH}")
    return {"rows": count}


def check_outcomes(lines, count, every):
    outcomes = Counter(record["db_outcome"] for record in each_address(lines, count))
    expected = Counter(updated=count // every, unchanged=count - count // every)
    if outcomes != expected:
        sys.exit(f"{dict(outcomes)}, not {dict(expected)}")
    return outcomes


KINDS = {"records": check_records, "counts": check_counts, "rows": check_rows, "outcomes": check_outcomes}


def main(kind, path, *arguments):
    with open(path, encoding="utf-8") as lines:
        counts = KINDS[kind](lines, *(int(each) if each.isdigit() else each for each in arguments))
    print(json.dumps(counts)[1:-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
