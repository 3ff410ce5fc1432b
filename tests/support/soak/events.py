"""What happens between two runs: to listings and lists, to rows and tickets by people's hands, and to the configuration."""

import lists
import model
import oracle
import people

FIRST_ADDRESSES, LEAST, MOST, FIRST_LISTINGS = 55, 45, 70, 12
POOL = lists.addresses(4 * MOST)
JUNK = ["mx7.example.org", "192.0.2", None]     # no addresses: nobody may touch their rows
SPARED = ("g.test",)                            # an outage of the allowlist, of which there is but one, is rarer
MANY = 22                                       # so many new listings at once are a surge


class Events:
    """`luck` is set anew for each run, so that what one run draws changes nothing in the next."""

    def __init__(self, world, settings, database, jira, counts, say):
        self.world, self.settings, self.database, self.jira = world, settings, database, jira
        self.counts, self.say, self.luck = counts, say, None
        self.unused = list(POOL)

    def tell(self, kind, what=""):
        self.counts[kind] += 1
        self.say(f"  {kind} {what}".rstrip())

    def rows(self):
        return [row[0] for row in self.database.query("SELECT to_jsonb(t) FROM postal.ip_addresses t ORDER BY id")]

    def some_rows(self, count, only=lambda row: True):
        rows = [row for row in self.rows() if model.is_address(row["ip"]) and only(row)]
        return self.luck.sample(rows, min(count, len(rows)))

    def begin(self):
        self.database.query("TRUNCATE postal.ip_addresses RESTART IDENTITY")
        self.database.insert([(text, 100, None, None, None) for text in JUNK])
        for _ in range(FIRST_ADDRESSES):
            self.add_address()
        for _ in range(FIRST_LISTINGS):
            self.appear(self.domain(), self.known_address())
        self.database.query("TRUNCATE audit")

    def happen(self):
        """All that comes before one run."""
        for what, chance in ((self.change_listings, 0.85), (self.change_words, 0.2), (self.change_health, 0.3), (self.surge, 0.05),
                             (self.edit_rows, 0.4), (self.edit_tickets, 0.6), (self.reconfigure, 0.15), (self.close_cleared, 0.5)):
            if self.luck.random() < chance:
                what()

    # Lists

    def domain(self):
        return self.luck.choice(lists.DOMAINS)

    def change_listings(self):
        for _ in range(self.luck.randint(1, 7)):
            domain = self.domain()
            listed = sorted(self.world.listings[domain], key=str)
            if listed and self.luck.random() < 0.5:
                ip = self.luck.choice(listed)
                self.world.unlist(domain, ip)
                self.tell("listing goes", f"{domain} {ip}")
            else:
                self.appear(domain, self.known_address())

    def known_address(self):
        row = self.some_rows(1)[0]
        return model.canonical(row["ip"])

    def appear(self, domain, ip):
        if ip.version == 6:     # of which rbldnsd's trie keeps one entry
            self.world.unlist(domain, ip)
        for _ in range(1 if ip.version == 6 else self.luck.choice((1, 1, 2))):
            self.world.list(domain, ip, self.luck.choice(lists.CODES))
        self.tell("listing comes", f"{domain} {ip} {sorted(self.world.codes(domain, ip))}")

    def change_words(self):
        """The reason that a list gives; nobody is to care."""
        domain = self.domain()
        for answers in self.world.listings[domain].values():
            for code in answers:
                answers[code] = f"Reported {self.luck.randint(2, 99)} times, see https://{domain}/help"
        self.tell("reasons change", domain)

    def change_health(self):
        sick = [domain for domain in lists.DOMAINS if self.world.health[domain] != "ok"]
        if sick and self.luck.random() < 0.6:
            domain = self.luck.choice(sick)
            self.world.health[domain] = "ok"
            self.tell("list returns", domain)
            return
        if self.luck.random() < 0.08:
            for domain in lists.DOMAINS:
                self.world.health[domain] = "servfail"
            self.tell("all lists die")
            return
        domain, health = self.domain(), self.luck.choice(lists.SICK)
        if domain not in SPARED or self.luck.random() < 0.5:
            self.world.health[domain] = health
            self.tell(f"list is {health}", domain)

    def heal(self, chance):
        """Else ever more lists would be out."""
        for domain, health in self.world.health.items():
            if health != "ok" and self.luck.random() < chance[health == "unreachable"]:
                self.world.health[domain] = "ok"

    def surge(self):
        domain = self.luck.choice(("a.test", "b.test", "d.test"))
        for row in self.some_rows(MANY, lambda row: not row["blockingLists"]):
            self.world.listings[domain][model.canonical(row["ip"])] = {2: f"All of you are in {domain}"}
        self.tell("surge", domain)

    def end_surges(self):
        for domain, listings in self.world.listings.items():
            for ip in [ip for ip, answers in listings.items() if any(words.startswith("All of you") for words in answers.values())]:
                if self.luck.random() < 0.5:
                    self.world.unlist(domain, ip)

    # Rows

    def add_address(self):
        ip = self.unused.pop(self.luck.randrange(len(self.unused)))
        text = self.luck.choice((str(ip), str(ip), str(ip).upper(), f"::ffff:{ip}" if ip.version == 4 else ip.exploded))
        self.database.insert([(text, self.luck.randint(1, 100), None, self.luck.choice((None, "")), None)])
        return text

    def edit_rows(self):
        for _ in range(self.luck.randint(1, 3)):
            getattr(self, "row_" + self.luck.choice(
                ("added", "removed", "priority", "lists_nulled", "lists_reordered", "old_priority_lost", "lists_strange")))()

    def row_added(self):
        if len(self.rows()) < MOST:
            self.tell("row added", self.add_address())

    def row_removed(self):
        if len(self.rows()) > LEAST:
            for row in self.some_rows(1):
                self.database.query("DELETE FROM postal.ip_addresses WHERE id = %s", (row["id"],))
                self.tell("row removed", row["ip"])

    def set(self, kind, row, **columns):
        for name, value in columns.items():
            self.database.query(f'UPDATE postal.ip_addresses SET "{name}" = %s WHERE id = %s', (value, row["id"]))
        self.tell(kind, f"{row['ip']} {columns}")

    def row_priority(self):
        for row in self.some_rows(2):
            self.set("priority by hand", row, priority=self.luck.randint(1, 100))

    def row_lists_nulled(self):
        for row in self.some_rows(1, lambda row: row["blockingLists"]):
            self.set("lists nulled", row, blockingLists=None)

    def row_lists_reordered(self):
        for row in self.some_rows(1, lambda row: "," in (row["blockingLists"] or "")):
            self.set("lists reordered", row, blockingLists=" , ".join(reversed(row["blockingLists"].split(","))))

    def row_old_priority_lost(self):
        for row in self.some_rows(1, lambda row: row["oldPriority"] is not None):
            self.set("old priority lost", row, oldPriority=None)

    def row_lists_strange(self):
        """A name that no zone has."""
        for row in self.some_rows(1):
            self.set("strange list", row, blockingLists=",".join(filter(None, (row["blockingLists"], "gone.test"))))

    # Tickets

    def tickets(self, ip=None):
        """Of one address, or of all in the pool with their address."""
        ips = {str(model.canonical(row["ip"])) for row in self.rows() if model.is_address(row["ip"])} if ip is None else {str(ip)}
        labels = {oracle.label_of(text): text for text in ips}
        found = []
        for ticket in self.jira.tickets():
            owner = next((labels[label] for label in ticket["labels"] if label in labels), None)
            owner = owner or next((text for text in ips if oracle.belongs(ticket, text)), None)
            if owner:
                found.append((owner, ticket))
        return found

    def edit_tickets(self):
        for _ in range(self.luck.choice((1, 1, 2, 3))):
            kind = self.luck.choice((*people.KINDS, "ages"))
            some = [(ip, ticket) for ip, ticket in self.tickets() if ticket["open"] != (kind in ("reopens", "ages"))]
            if not some:
                continue
            ip, ticket = self.luck.choice(some)
            if kind == "ages":      # its closing was more than a week ago
                self.jira.edit(ticket["key"], created="-20d", updated="-9d", resolved="-9d")
            else:
                kind = people.kind_for(kind, ticket)
                people.act(self.jira, self.luck, kind, ticket, ip, [zone.name for zone in self.settings.zones])
            self.tell(f"person {kind}", f"{ticket['key']} {ticket['summary']}")

    def close_cleared(self):
        """As people do with what is over; Jira would fill up with it else."""
        for ticket in self.jira.tickets():
            if ticket["open"] and {oracle.MARK, "dnsbl-recovered"} & set(ticket["labels"]) and self.luck.random() < 0.7:
                self.jira.edit(ticket["key"], status="Done")
                self.counts["person closes a cleared one"] += 1

    # The configuration

    def reconfigure(self):
        getattr(self, "setting_" + self.luck.choice(("label", "label", "weight", "threshold", "brake", "zone", "priorities")))()

    def setting_label(self):
        zone = self.luck.choice([zone for zone in self.settings.zones if zone.domain != "c.test"])
        zone.label = None if zone.label else self.luck.choice(("renamed-", "X.")) + zone.domain[0]
        zone.name = zone.label or zone.domain
        self.tell("label changed", zone.site())

    def setting_weight(self):
        zone = self.luck.choice([zone for zone in self.settings.zones if zone.weight > 0])
        zone.weight = 3 - zone.weight
        self.tell("weight changed", zone.site())

    def setting_threshold(self):
        self.settings.threshold = 3 - self.settings.threshold
        self.tell("threshold changed", str(self.settings.threshold))

    def setting_brake(self):
        """On, off, or on with a surge let through."""
        settings = self.settings
        settings.surge_percent = self.luck.choice((0, 15, 15))
        settings.surge_release = self.luck.choice(([], [], [self.luck.choice(settings.zones).name]))
        self.tell("brake changed", f"{settings.surge_percent} {settings.surge_release}")

    def setting_zone(self):
        """One is taken out, or all are back."""
        if len(self.settings.zones) < len(lists.first_zones()):
            self.settings.zones[:] = lists.first_zones()
        else:
            self.settings.zones.remove(self.luck.choice(self.settings.zones[:4]))
        self.tell("zones changed", " ".join(zone.site() for zone in self.settings.zones))

    def setting_priorities(self):
        self.settings.listed_priority = self.luck.choice((0, 0, 3))
        self.settings.fallback_priority = self.luck.choice((50, 20))
        self.tell("priorities changed")
