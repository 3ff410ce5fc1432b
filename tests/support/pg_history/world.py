"""The addresses, and what is true of them: which zones list each, as dnsbl-probe finds it in an unbound.conf."""

import ipaddress

ZONES = ["a.test", "b.test", "c.test"]
LISTED_PRIORITY, FALLBACK_PRIORITY = 0, 50
JUNK = ["mx7.example.org", "192.0.2", None]     # no addresses: nobody may touch their rows


class World:
    def __init__(self, luck, count):
        self.luck, self.fresh, self.truth = luck, 0, {}
        for _ in range(count):
            self.new_address()

    def new_address(self, zones=()):
        """An address that no row had before."""
        self.fresh += 1
        number = self.fresh
        ip = f"2001:db8::{number:x}" if number % 11 == 0 else f"10.0.{number >> 8}.{number & 255}"
        self.truth[ip] = frozenset(zones)
        return ip

    def some_zones(self, but=frozenset()):
        zones = but
        while zones == but:
            zones = frozenset(self.luck.sample(ZONES, self.luck.randint(1, len(ZONES))))
        return zones

    def change(self, addresses, count):
        """Listings come, change and go: the addresses that it befell."""
        chosen = self.luck.sample(sorted(addresses), min(count, len(addresses)))
        for ip in chosen:
            zones = self.truth[ip]
            if zones and self.luck.random() < 0.6:
                self.truth[ip] = frozenset()
            else:
                self.truth[ip] = self.some_zones(zones)
        return chosen

    def lists(self, ip):
        """What blockingLists should be."""
        return ",".join(sorted(self.truth.get(ip, ())))

    def first_rows(self):
        """(ip, priority, oldPriority, blockingLists, lastEvent), as an earlier run may have left them."""
        rows = []
        for ip in self.truth:
            priority = self.luck.randint(1, 100)
            if self.luck.random() < 0.04:
                self.truth[ip] = self.some_zones()
                rows.append((ip, LISTED_PRIORITY, priority, self.lists(ip), f"new block from list(s) {self.lists(ip)}"))
            else:
                rows.append((ip, priority, None, self.luck.choice((None, "")), None))
        rows += [(text, 100, None, None, None) for text in JUNK]
        self.luck.shuffle(rows)
        return rows

    def unbound_conf(self):
        lines = ["server:"]
        for zone in ZONES:
            lines.append(f'  local-zone: "{zone}." static')
            listed = [ip for ip, zones in self.truth.items() if zone in zones] + ["127.0.0.2", "::ffff:7f00:2"]
            for ip in listed:
                name = ipaddress.ip_address(ip).reverse_pointer.rsplit(".", 2)[0]
                lines.append(f'  local-data: "{name}.{zone}. A 127.0.0.2"')
        return "\n".join(lines) + "\n"


def due(before, lists):
    """What a row must become: the four columns, from the row as it was at that moment; None: nothing."""
    had = before["blockingLists"] or ""
    if had == lists:
        return None
    if not had:
        old = before["oldPriority"] if before["oldPriority"] is not None else before["priority"]
        return {"priority": LISTED_PRIORITY, "oldPriority": old, "blockingLists": lists, "lastEvent": f"new block from list(s) {lists}"}
    if not lists:
        restored = before["oldPriority"] if before["oldPriority"] is not None else FALLBACK_PRIORITY
        return {"priority": restored, "oldPriority": None, "blockingLists": "", "lastEvent": "block removed"}
    return {"priority": before["priority"], "oldPriority": before["oldPriority"], "blockingLists": lists,
            "lastEvent": f"blocking list change: {lists}"}
