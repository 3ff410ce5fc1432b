#!/usr/bin/python3
"""check.py records|counts FILE ADDRESSES ZONES [MODE]: is a run's output right?

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


def check_records(lines, addresses, zones, mode):
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


def main(kind, path, addresses, zones, mode=""):
    with open(path, encoding="utf-8") as lines:
        if kind == "records":
            counts = check_records(lines, int(addresses), int(zones), mode)
        else:
            counts = check_counts(lines, int(addresses), int(zones))
    print(json.dumps(counts)[1:-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
