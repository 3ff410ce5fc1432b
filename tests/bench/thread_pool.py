#!/usr/bin/python3
"""thread_pool.py PORT ZONE... <addresses: a thread a zone from a pool of ten.

For each address every zone is asked by a thread of the pool, and all answers are
awaited before the next address: the usual design of a small DNSBL checker.
Nothing is cached, written or weighed. Prints as JSON how many lookups had an
answer, how many had none, and how many came to nothing; and on standard error
the seconds it took, without those that Python took to start.
"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import dns.exception
import dns.resolver


def main(port, *zones):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = int(port)
    resolver.lifetime = 5

    def look_up(name):
        try:
            resolver.resolve(name, "A", search=False)
            return "listed"
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return "not_listed"
        except dns.exception.DNSException:
            return "unknown"

    counts = Counter(listed=0, not_listed=0, unknown=0)
    began = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        for line in sys.stdin:
            reversed_octets = ".".join(reversed(line.strip().split(".")))
            counts.update(pool.map(look_up, [f"{reversed_octets}.{zone}." for zone in zones]))
    print(f"{time.monotonic() - began:.3f}", file=sys.stderr)
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
