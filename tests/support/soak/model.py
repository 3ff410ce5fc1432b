"""What a run must do, from the rules alone and without a look at the programs: what each list says of an address, the
decision, the row, the surges, and the totals of the log.  What becomes of tickets stands in history/oracle.py and alarms.py.

A zone here has one site.  A world is what lists.World holds: for each domain its health and its listings.
"""

import collections
import ipaddress

LISTED, NOT_LISTED, UNKNOWN = "LISTED", "NOT_LISTED", "UNKNOWN"
BLOCKED = 255           # stands for 127.255.255.254 among the last octets of answers
SURGE_AT_LEAST = 10     # so many new listings are no surge yet
USABLE = ("ok", "ipv4_only")
EFFECTS = ("listed", "cleared", "changed")      # transitions that have one on the row


class Zone:
    """One of DNSBL_ZONES; `codes`: the last octets that its filter names, None without one."""

    def __init__(self, domain, label=None, codes=None, weight=1):
        self.domain, self.label, self.codes, self.weight = domain, label, codes, weight
        self.name = label or domain

    def site(self):
        codes = f"=127.0.0.[{';'.join(map(str, sorted(self.codes)))}]" if self.codes else ""
        return f"{self.label + ':' if self.label else ''}{self.domain}{codes}*{self.weight}"

    def is_called(self, stored):
        return stored == self.name or stored.lower() == self.domain


class Settings:
    """The configuration as far as it decides."""

    def __init__(self, zones):
        self.zones, self.threshold = zones, 1
        self.listed_priority, self.fallback_priority = 0, 50
        self.surge_percent, self.surge_release = 0, []


def canonical(text):
    """The address of a row; an IPv4-mapped one is IPv4."""
    ip = ipaddress.ip_address(text.strip())
    return getattr(ip, "ipv4_mapped", None) or ip


def stored_names(text):
    return {name.strip() for name in (text or "").split(",") if name.strip()}


def status(zone, ip, world, stored):
    """What `zone` says of an address; None: it is not asked."""
    health = world.health[zone.domain]
    if health not in USABLE:
        return UNKNOWN
    if health == "ipv4_only" and ip.version == 6:
        return UNKNOWN if any(zone.is_called(name) for name in stored) else None
    codes = world.codes(zone.domain, ip)
    if BLOCKED in codes or (codes == {1} and 1 not in (zone.codes or ())):
        return UNKNOWN
    return LISTED if codes and (zone.codes is None or codes & zone.codes) else NOT_LISTED


class Verdict:
    """What is decided of one row."""

    def __init__(self, row, settings, world):
        self.row, self.settings = row, settings
        self.ip = canonical(row["ip"])
        self.stored = stored_names(row["blockingLists"])
        said = {zone.name: status(zone, self.ip, world, self.stored) for zone in settings.zones}
        self.said = {name: what for name, what in said.items() if what is not None}
        self.decide()

    def zones(self, what, is_meant):
        return [z for z in self.settings.zones if self.said.get(z.name) == what and is_meant(z.weight)]

    def decide(self, ignored=()):
        """`ignored`: zones whose new listings do not count."""
        threshold = self.settings.threshold
        listing = [z for z in self.zones(LISTED, lambda weight: weight > 0) if z.name not in ignored]
        carried = [z for z in self.zones(UNKNOWN, lambda weight: weight > 0) if any(z.is_called(n) for n in self.stored)]
        self.unknown = sorted(name for name, what in self.said.items() if what == UNKNOWN)
        self.watch = sorted(z.name for z in self.zones(LISTED, lambda weight: weight == 0))
        kept = {n for n in self.stored if self.unknown and not any(z.weight > 0 and z.is_called(n) for z in self.settings.zones)}
        self.listed = sorted({z.name for z in listing} | {z.name for z in carried} | kept)
        self.carried = sorted({z.name for z in carried} | kept)
        excused = sum(z.weight for z in self.zones(LISTED, lambda weight: weight < 0))
        maybe = sum(z.weight for z in self.zones(UNKNOWN, lambda weight: weight < 0))
        score = sum(z.weight for z in listing + carried) + threshold * len(kept) + excused
        self.reaches = score >= threshold
        is_listed = self.reaches and bool(self.listed)
        answered = any(z.weight > 0 and self.said.get(z.name) in (LISTED, NOT_LISTED) for z in self.settings.zones)
        in_doubt = self.reaches != (score + maybe >= threshold) and bool(self.listed)
        if not answered or in_doubt or (kept and not is_listed):
            self.is_listed, self.transition = bool(self.stored), "none"     # the row stays as it is
            return
        self.is_listed = is_listed
        self.transition = self.between(is_listed)

    def between(self, is_listed):
        if is_listed != bool(self.stored):
            return "listed" if is_listed else "cleared"
        if not is_listed:
            return "none"
        zones = {z.name: z for z in self.settings.zones}
        def stands(name, stored):
            return name == stored or (name in zones and zones[name].is_called(stored))
        same = (all(any(stands(name, s) for s in self.stored) for name in self.listed)
                and all(any(stands(name, s) for name in self.listed) for s in self.stored))
        return "none" if same else "changed"

    def newly_listed(self):
        """Zones whose listing counts, and that the row does not have."""
        new = self.zones(LISTED, lambda weight: weight > 0) if self.reaches else ()
        return [z.name for z in new if not any(z.is_called(name) for name in self.stored)]

    def hold(self, surging):
        """Decides again without the surging zones."""
        listed = self.listed
        self.decide(ignored=surging)
        if set(listed) & set(surging) and self.transition != "listed":
            self.is_listed, self.transition, self.listed = True, "held", listed

    def is_undecided(self):
        """Too little lists it, and something is unknown that may be an allowlist: what the row says stands, and the ticket."""
        return not self.is_listed and self.transition == "none" and bool(self.listed and self.unknown)

    def record(self, outcome):
        """As the oracle of the tickets wants it."""
        return {"ip": str(self.ip), "decision": LISTED if self.is_listed else "CLEAN", "transition": self.transition,
                "listed_zones": self.listed, "watch_zones": self.watch, "db_outcome": outcome,
                "left_out": [z.name for z in self.settings.zones if z.name not in self.said],
                "results": [{"zone": name, "status": what} for name, what in self.said.items()]}


def is_address(text):
    try:
        return bool(ipaddress.ip_address((text or "").strip()))
    except ValueError:
        return False


def decide(rows, settings, world):
    """(Verdicts of all rows that are addresses, surging zones)."""
    verdicts = [Verdict(row, settings, world) for row in rows if is_address(row["ip"])]
    if not settings.surge_percent:
        return verdicts, []
    newly = collections.Counter(name for v in verdicts for name in v.newly_listed())
    released = {z.name for z in settings.zones if {z.name, z.domain} & set(settings.surge_release)}
    surging = [name for name, count in newly.items() if count > SURGE_AT_LEAST and name not in released
               and count * 100 > settings.surge_percent * len(verdicts)]
    for verdict in verdicts if surging else ():
        if verdict.transition == "listed":
            verdict.hold(surging)
    return verdicts, sorted(surging)


def new_row(row, verdict):
    """What a row becomes, whose priorities may have been changed since it was decided; itself: nothing is due."""
    names, settings = ",".join(verdict.listed), verdict.settings
    old = row["oldPriority"]
    return {**row, **{
        "listed": {"priority": settings.listed_priority, "oldPriority": row["priority"] if old is None else old,
                   "blockingLists": names, "lastEvent": f"new block from list(s) {names}"},
        "cleared": {"priority": settings.fallback_priority if old is None else old, "oldPriority": None,
                    "blockingLists": "", "lastEvent": "block removed"},
        "changed": {"blockingLists": names, "lastEvent": f"blocking list change: {names}"},
    }.get(verdict.transition, {})}


COUNTED = {"listed": "newly_listed", "cleared": "cleaned", "changed": "changed", "none": "unchanged", "held": "held"}


def totals(verdicts, conflicts, skipped, settings, world):
    """The last line of the log, as far as addresses and lookups go; `conflicts`: ids of rows that somebody else changed."""
    counts = dict.fromkeys([*COUNTED.values(), "conflicts", "failed"], 0)
    for verdict in verdicts:
        counts["conflicts" if verdict.row["id"] in conflicts else COUNTED[verdict.transition]] += 1
    results = [what for verdict in verdicts for what in verdict.said.values()]
    return {**counts, "total_ips": len(verdicts), "listed": sum(v.is_listed for v in verdicts), "skipped": skipped,
            "dns_lookups": len(results), "dns_failures": results.count(UNKNOWN), "complete": True, "dry_run": False,
            "unhealthy_zones": sorted(z.name for z in settings.zones if world.health[z.domain] not in USABLE)}
