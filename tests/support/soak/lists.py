"""The lists as the world has them: how each one is, and whom it lists with which answers and which words."""

import ipaddress

from model import BLOCKED, Zone

# Each domain, as DNSBL_ZONES has it at first: without and with a filter, two zones on one domain, one that is only
# watched, and one that excuses.
def first_zones():
    return [Zone("a.test"), Zone("b.test", "B", {2, 3, 4}), Zone("c.test", "C2", {2}), Zone("c.test", "C3", {3}, 2),
            Zone("d.test", None, None, 2), Zone("w.test", "watched", None, 0), Zone("g.test", "good", None, -2)]


DOMAINS = ["a.test", "b.test", "c.test", "d.test", "w.test", "g.test"]
CODES = [2, 2, 2, 3, 4, 9, 1, BLOCKED]
SICK = ["unreachable", "servfail", "wildcard", "silent", "blocked", "hijacked", "ipv4_only"]
# What dnsdist does with questions for a list in that health; of the others the data is so.
FAULTS = {"unreachable": "drop", "servfail": "servfail", "blocked": "spoof:127.255.255.254", "hijacked": "spoof:203.0.113.9"}
TESTS = (("127.0.0.2", "127.0.0.1"), ("::ffff:7f00:2", "::ffff:7f00:1"))   # RFC 5782: listed, and not
# Below this is the test entry for IPv6, which rbldnsd finds in the data for IPv4 too.
MAPPED = ipaddress.ip_address("::ffff:127.0.0.2").reverse_pointer.removesuffix(".ip6.arpa")


class World:
    def __init__(self):
        self.health = dict.fromkeys(DOMAINS, "ok")
        self.listings = {domain: {} for domain in DOMAINS}      # by address: {last octet: words}
        self.served, self.faults = {}, {}                       # what the servers have been told

    def codes(self, domain, ip):
        return set(self.listings[domain].get(ip, ()))

    def list(self, domain, ip, code, words=None):
        self.listings[domain].setdefault(ip, {})[code] = words or f"Listed in {domain}, see https://{domain}/?ip={ip}"

    def unlist(self, domain, ip):
        self.listings[domain].pop(ip, None)

    def zone_data(self, domain):
        """As zone_write in servers.bash takes it; rbldnsd(8) has the form."""
        health, lines = self.health[domain], []
        if health == "silent":
            return ""
        for listed, not_listed in TESTS:
            lines.append(f"{listed} :127.0.0.2:Test entry of {domain}")
            if health == "wildcard":
                lines.append(f"{not_listed} :127.0.0.2:All are listed in {domain}")
        for ip, answers in self.listings[domain].items():
            for code, words in answers.items():
                lines.append(f"{ip} :{'127.255.255.254' if code == BLOCKED else f'127.0.0.{code}'}:{words}")
        return "".join(line + "\n" for line in lines)

    def serve(self, shell):
        """Tells the servers what has changed; `shell` runs bash with servers.bash."""
        commands = []
        for domain in DOMAINS:
            data, health = self.zone_data(domain), self.health[domain]
            if self.served.get(domain) != data:
                commands.append(f"zone_write --no-test-entries {domain} <<'END' &&\n{data}END")
                self.served[domain] = data
            for name, fault in ((domain, FAULTS.get(health, "none")),
                                (f"{MAPPED}.{domain}", "nxdomain" if health == "ipv4_only" else "none")):
                if self.faults.get(name, "none") != fault:
                    commands.append(f"fault_zone {name} {fault} &&")
                    self.faults[name] = fault
        if commands:
            shell("\n".join(commands) + "\nrbldnsd_reload")


def addresses(count):
    """So many different ones, of both families."""
    return [ipaddress.ip_address(f"2001:db8::{n:x}" if n % 9 == 0 else f"192.0.{2 + n // 250}.{n % 250 + 1}")
            for n in range(1, count + 1)]
