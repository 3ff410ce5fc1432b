"""One history: runs of jira-sync over a few addresses, between which the world changes and in which Jira misbehaves.

After each run every ticket is compared with what the oracle says of it.  What a run was to do is done, or, where it was
disturbed, not begun: never half, never twice, and nobody else's ticket is touched.
"""

import collections
import json
import os
import random
import signal
import subprocess
import threading

import alarms
import comparison
import jira_inside
import oracle
import people
import pool
import troubles

from clock import Clock
from playing import Violation

SCHEDULE, DAY, WEEK = 15 * 60, 86400, 8 * 86400
LONG_RUN = 20 * 60      # longer than any run lasts, and the one at once behind it
MINUTE = 60     # real seconds: longer than any run takes


class Once:
    """Does something some real seconds after it is first started."""

    def __init__(self, seconds, what, *arguments):
        self.timer = threading.Timer(seconds, what, arguments)
        self.started = False

    def start(self, *_):
        if not self.started:
            self.started = True
            self.timer.start()

    def cancel(self):
        self.timer.cancel()
        if self.started:
            self.timer.join()


class Run:
    """One run: its records and the zones whose surge was held, the tickets before and after it, and how the program ended."""

    def __init__(self, head, records, fed, surge):
        self.head, self.records, self.fed, self.surge = head, records, fed, surge
        self.id = head["run_id"]
        self.whole = fed == len(records)
        self.before, self.after, self.steps, self.alarms = [], [], {}, []
        self.status, self.out, self.err, self.fired, self.journal = None, "", "", {}, []
        self.moved = []     # tickets that a person changes while it runs

    def text(self):
        lines = [self.head, *pool.zone_records(), *self.records[:self.fed]]
        if self.whole:
            end = {"type": "end", "run_id": self.id, "ips": self.fed, "skipped": 0}
            held = [{"zone": zone, "newly_listed": 40, "total": 100, "limit_percent": 5} for zone in self.surge]
            lines.append({**end, "surge": held} if held else end)
        return "".join(json.dumps(line) + "\n" for line in lines)


class History:
    def __init__(self, seed, program, library, folder, speed):
        self.luck = random.Random(seed)
        self.seed, self.program, self.library, self.folder = seed, program, library, folder
        self.flavour = ("cloud", "datacenter")[seed % 2]
        self.clock = Clock(speed)
        self.jira = jira_inside.Site(self.flavour, self.clock)
        count = self.luck.randint(3, 8)
        self.addresses = [pool.Address(n + 1, ip) for n, ip in enumerate(self.luck.sample(pool.ADDRESSES, count))]
        self.concurrency = self.luck.choice((1, 2, 4))
        self.counts, self.story = collections.Counter(), []
        self.promised, self.process = 0, None
        self.surge = []             # the zones that are held in the coming run
        self.reopened = set()       # tickets that a person has opened again
        self.told = collections.Counter()       # ticket -> how many comments of ours were due, and done

    # Telling

    def say(self, text):
        self.story.append(text)

    def count(self, *what):
        self.counts[" ".join(what)] += 1

    # The whole

    def play(self):
        self.count("flavour", self.flavour)
        cells, others = troubles.dealt(self.seed)
        parts = [(self.aimed, cell) for cell in cells] + [(self.troubled, trouble) for trouble in others]
        parts.append((self.alarmed, troubles.dealt_alarm(self.seed)))
        self.luck.shuffle(parts)
        self.people_before_us()
        self.quiet()
        for play, what in parts:
            play(what)
        self.end()

    def end(self):
        self.say("the end")
        for _ in range(2):
            self.calm_down()
            self.quiet(changing=False)
        self.check_end()
        self.quiet(changing=False, writes=0)

    # The world

    def people_before_us(self):
        """Tickets that are there before the first run: others', and an earlier monitor's."""
        jira, ip = self.jira, self.addresses[0].ip
        for summary, labels in ((f"Re: IP {ip} blacklisted by a.test", []), (f"IP {ip} was blacklisted by a.test", ["mail"]),
                                (f"IP {ip}0 blacklisted by a.test", []), (f"Is IP {ip} blacklisted by a.test?", []),
                                (f"About {ip}: blacklisted by a.test", ["dnsbl-monitor"]),
                                ("IP 192.0.2.250 blacklisted by a.test", ["dnsbl-monitor", "dnsbl-ip-192.0.2.250"]),
                                (f"IP {ip} blacklisted by b.test", ["dnsbl-ip-192.0.2.251"])):
            jira.enter(summary=summary, labels=labels)
        self.others = [t["key"] for t in jira.tickets()]
        for address in self.addresses:
            if self.luck.random() < 0.5:
                address.truth = self.some_zones()
            if self.luck.random() < 0.4:    # a database that an earlier monitor has written
                address.lists, address.priority, address.old_priority = self.some_zones(), 0, 100
            if self.luck.random() < 0.4:
                zones = sorted(address.lists or self.some_zones()) + self.luck.choice(([], ["gone.test"]))
                jira.enter(summary=f"IP {address.ip} blacklisted by {','.join(zones)}",
                           status=self.luck.choice(("To Do", "In Progress", "Done")), created="-30d")
                self.count("person", "earlier_monitor")

    def some_zones(self, but=()):
        zones = set(but)
        while zones == set(but):
            zones = set(self.luck.sample(pool.ZONES, self.luck.randint(1, 3)))
        return zones

    def change_world(self, spared=()):
        """What happens to the addresses, and what people do, before a run."""
        luck = self.luck
        for address in self.addresses:
            address.settle()
            if address in spared:
                continue
            dice = luck.random()
            if dice < 0.35:
                before = set(address.truth)
                address.truth = self.some_zones(before) if not before or luck.random() < 0.5 else set()
                self.count("event", "appears" if not before else "changes" if address.truth else "clears")
            elif dice < 0.4:
                self.count("event", "stays")
            if luck.random() < 0.12:
                address.fate = luck.choice(("held", "conflict", "failed"))
        self.doubt(spared)
        self.surge = sorted(luck.sample(pool.ZONES, luck.randint(1, 2))) if luck.random() < 0.05 else []
        if self.surge:
            self.count("event", "surge")
        for _ in range(luck.choice((0, 1, 1, 2))):
            self.person_acts(spared)

    def calm_down(self):
        """All zones answer, none is held, and the database takes what it gets."""
        self.surge = []
        for address in self.addresses:
            address.settle()

    def doubt(self, spared):
        """At most half of all lookups; or nearly all: a malfunction."""
        luck = self.luck
        if luck.random() < 0.05:
            for address in self.addresses:
                address.unknown = address.unknown if address in spared else set(pool.ZONES)
            self.count("event", "outage")
            return
        room = len(self.addresses) * len(pool.ZONES) // 2
        sick = {zone for zone in pool.ZONES if luck.random() < 0.08}
        for address in self.addresses:
            unknown = sick | {zone for zone in pool.ZONES if luck.random() < 0.1}
            if luck.random() < 0.06:
                unknown = set(pool.ZONES)
            if address not in spared and len(unknown) <= room:
                address.unknown = unknown
                room -= len(unknown)
            if address.unknown:
                self.count("event", "doubt_of_all" if len(address.unknown) == len(pool.ZONES) else "doubt")

    def person_acts(self, spared=()):
        ips = [a.ip for a in self.addresses if a not in spared]
        tickets = [t for t in self.jira.tickets() if t["key"] not in self.others and any(oracle.belongs(t, ip) for ip in ips)]
        if self.luck.random() < 0.1:
            self.close_alarm()
            return
        kind = self.luck.choice(("closes", *people.KINDS, "week"))
        if kind == "week":
            if self.luck.random() < 0.3:
                self.clock.skip(WEEK)
                self.count("person", kind)
            return
        tickets = [t for t in tickets if t["open"] != (kind == "reopens")]
        if tickets:
            ticket = self.luck.choice(tickets)
            ip = next(ip for ip in ips if oracle.belongs(ticket, ip))
            self.person(kind, ticket, ip)

    def close(self):
        self.jira.close()

    def close_alarm(self):
        key = next((t["key"] for t in self.jira.tickets() if t["open"] and alarms.sort_of(t)), None)
        if key:
            self.count("person", "closes_alarm")
            self.say(f"  a person closes {key}")
            self.jira.edit(key, status="Done")

    def person(self, kind, ticket, ip):
        kind = people.kind_for(kind, ticket)
        self.count("person", kind)
        self.say(f"  a person {kind} {ticket['key']} ({ticket['summary']})")
        if kind == "reopens":
            self.reopened.add(ticket["key"])
        people.act(self.jira, self.luck, kind, ticket, ip, pool.ZONES)

    # Runs

    def prepare(self, fed=None):
        head = pool.new_run(self.luck, self.clock.time())
        records = [pool.record_of(a, self.clock.time()) for a in self.addresses]
        for record in records:
            if record["transition"] == "held" or record["db_outcome"] in ("conflict", "failed"):
                self.count("event", "held" if record["transition"] == "held" else record["db_outcome"])
        return Run(head, records, len(records) if fed is None else fed, self.surge)

    def commit(self, run):
        """The database has what was passed on, whatever becomes of the tickets; of the rest it may have it."""
        for number, (address, record) in enumerate(zip(self.addresses, run.records)):
            mine = record["db_outcome"] == "updated" and (number < run.fed or self.luck.random() < 0.5)
            if mine or (record["db_outcome"] == "conflict" and self.luck.random() < 0.5):   # another did the same
                pool.commit(address, record)

    def start(self, run):
        """What must be known before the program runs."""
        run.before = self.jira.tickets()
        run.steps = {r["ip"]: oracle.expect(r, run.before, self.clock.time()) for r in run.records[:run.fed]}
        if run.whole:
            run.alarms = alarms.expect(run.records, run.surge, run.before, self.clock.time())
        for step in run.steps.values():
            self.count("action", step.action)
        due = [*(s for s in run.steps.values() if s.action != "none"), *run.alarms]
        self.say(f"run {run.id}: {'; '.join(map(str, due)) or 'nothing to do'}")

    def run(self, run, kill_after=None):
        """Runs the program; `kill_after` is (signal, seconds after its first request)."""
        base = os.path.join(self.folder, f"{self.seed}")
        with open(base + ".in", "w", encoding="utf-8") as file:
            file.write(run.text())
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("JIRA_") and not name.lower().endswith("_proxy") and name != "DRY_RUN"}
        environment.update(
            self.clock.environment(self.library), JIRA_SERVER=self.jira.url, JIRA_API_TOKEN=jira_inside.TOKEN,
            JIRA_USER=jira_inside.USER if self.flavour == "cloud" else "", JIRA_PROJECT="OPS", JIRA_ISSUE_TYPE="Task",
            JIRA_DNS_FAILURE_ISSUE_TYPE="Incident", JIRA_CONCURRENCY=str(self.concurrency))
        with open(base + ".in", "rb") as given, open(base + ".out", "wb") as out, open(base + ".err", "wb") as err:
            timer = Once(kill_after[1] / self.clock.speed, self.send, kill_after[0]) if kill_after else None
            if timer:
                self.jira.arrival = timer.start
            self.process = subprocess.Popen([self.program, "--require-run"], stdin=given, stdout=out, stderr=err, env=environment)
            try:
                run.status = self.process.wait(MINUTE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Violation("the program does not end") from None
            finally:
                if timer:
                    timer.cancel()
        self.jira.drain()
        run.after, run.fired, run.journal = self.jira.tickets(), self.jira.fired(), list(self.jira.journal)
        for name in ("withheld", "outdated"):
            self.counts[f"index {name}"] += self.jira.store.counters[name]
        for name in ("out", "err"):
            with open(f"{base}.{name}", encoding="utf-8") as file:
                setattr(run, name, file.read())
        self.say(f"  status {run.status}, fired {run.fired}, requests: " + " ".join(
            f"{e['method']}{e['path'].split('/api/2')[-1]}={e['done'] or '-'}/{e['status'] or '-'}"
            + (f"({e['fault']})" if e["fault"] else "") for e in run.journal if e["method"] != "GET" or e["fault"]))

    def send(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def wait_for_schedule(self):
        """No run is under way at midnight: "the same day" would be a matter of luck."""
        self.clock.skip(SCHEDULE)
        left = DAY - self.clock.time() % DAY
        if left < LONG_RUN:
            self.clock.skip(left)

    def quiet(self, changing=True, writes=None, soon=False, spared=()):
        """A run in which nothing happens: all that is due is done, with no more requests than it takes."""
        if not soon:
            self.wait_for_schedule()
        if changing:
            self.change_world(spared)
        self.jira.begin_run(**self.mild(soon))
        run = self.prepare()
        self.start(run)
        self.run(run)
        self.commit(run)
        self.check(run, exact=True)
        asked = self.jira.store.counters["write_requests"]
        due = sum(s.action != "none" for s in run.steps.values()) + len(run.alarms)
        if asked != due:
            raise Violation(f"{asked} requests that write, where {due} were due")
        if writes is not None and asked != writes:
            raise Violation(f"{asked} requests that write in a run with nothing to do")
        if self.jira.most_under_way > self.concurrency:
            raise Violation(f"{self.jira.most_under_way} requests at a time, where {self.concurrency} are allowed")

    def mild(self, soon=False, edit_lag=True):
        """Settings that must not make a difference."""
        luck = self.luck
        lag = luck.choice((0, 0, 3, 9, 14))
        edits = luck.choice((0, 0, 5, 14)) if edit_lag and not soon else 0
        pages = luck.choice((1, 2, 5, 100, 100))
        for name, value, calm in (("index_lag", lag, 0), ("edit_lag", edits, 0), ("page_cap", pages, 100)):
            if value != calm:
                self.count("setting", name)
        return {"index_lag": lag, "edit_lag": edits, "page_cap": pages, "last_page": luck.choice(("true", "null", "neither"))}

    # A fault for one write

    def aimed(self, cell):
        state, fault = cell
        address = self.luck.choice(self.addresses)
        self.say(f"to come: {fault} at {state} of {address.ip}")
        getattr(self, "make_" + state)(address)
        self.wait_for_schedule()
        self.change_world(spared=[address])
        soon = fault in troubles.KILLS and self.luck.random() < 0.6
        self.jira.begin_run(**self.mild(edit_lag=not soon))
        if fault == "late":     # found only if it is found in time
            self.jira.store.settings["index_lag"] = self.luck.choice((0, 4))
        run = self.prepare()
        self.start(run)
        step = run.steps[address.ip]
        if step.action != state:
            raise AssertionError(f"no {state} is due for {address.ip}, but {step.action}")
        match = ({"method": "POST", "path": "/issue$", "body": f'"{oracle.label_of(address.ip)}"'} if state in oracle.CREATES
                 else {"method": "PUT", "path": f"/issue/{step.ticket['key']}$"})
        self.arm(fault, match)
        self.run(run)
        self.commit(run)
        if run.fired.get(fault, 0) == 0:
            raise AssertionError(f"{fault} at {state} of {address.ip} did not fire")
        self.count("cell", state, fault)
        if fault in troubles.PEOPLE:
            self.check_beside_person(run, step, fault)
        else:
            self.check(run, exact=fault not in troubles.KILLS, killed=troubles.KILLS.get(fault, (None,))[0], hit=step, fault=fault)
        self.follow(run, soon, [address])

    def arm(self, fault, match):
        if fault in troubles.KILLS:
            number, when, action = troubles.KILLS[fault]
            self.jira.fault(fault, match, action)
            if when == "before":
                self.jira.before = lambda name, *_: name == fault and self.send(number)
            else:
                self.jira.after = lambda name: name == fault and self.send(number)
        elif fault in troubles.PEOPLE:
            self.jira.fault(fault, match, {"person": troubles.PEOPLE[fault]})
        else:
            self.jira.fault(fault, match, {**troubles.AIMED, **troubles.AIMED_AT_CREATES}[fault](self.luck))

    def follow(self, run, soon, spared):
        """After a run that was killed: the same records again, or a new run at once, or at its time."""
        if run.status in (-signal.SIGKILL, 143) and self.luck.random() < 0.3:
            self.again(run)
        elif soon and not self.lags_behind(run):
            self.count("event", "again_at_once")
            self.quiet(changing=False, soon=True)
        else:
            self.quiet(spared=spared)

    @staticmethod
    def lags_behind(run):
        """Where the database failed, a listing is new again at once, and its ticket is searched for but once."""
        return any(r["db_outcome"] == "failed" and r["transition"] == "listed" for r in run.records)

    def again(self, run):
        """The very same records, at the next schedule."""
        self.count("event", "same_records")
        self.wait_for_schedule()
        self.jira.begin_run(**self.mild())
        same = Run({**run.head, "started_at": pool.stamp(self.clock.time())}, run.records, len(run.records), run.surge)
        self.start(same)
        self.run(same)
        self.commit(same)
        self.check(same, exact=True)

    # A fault for each write to the ticket of a malfunction or a surge

    def alarmed(self, order):
        sort, fault = order
        self.say(f"to come: {fault} at the tickets of a {sort} alarm")
        self.clock.skip(DAY - self.clock.time() % DAY + 3600)      # a new day, and long enough for all of it
        zones = set()
        for state in alarms.STATES:
            if state in ("create", "change"):
                zones = self.most_zones(zones)
            self.calm_down()
            if state != "recover" and sort == "dns":
                for address in self.addresses:
                    address.unknown = set(zones)
            elif state != "recover":
                self.surge = sorted(zones)
            self.alarm(sort, state, fault)
        self.calm_down()

    def most_zones(self, but):
        zones = but
        while zones == but:
            zones = set(self.luck.sample(pool.ZONES, self.luck.randint(len(pool.ZONES) // 2 + 1, len(pool.ZONES))))
        return zones

    def alarm(self, sort, state, fault):
        self.wait_for_schedule()
        self.jira.begin_run(**self.mild())
        run = self.prepare()
        self.start(run)
        steps = [s for s in run.alarms if (s.sort, s.action) == (sort, state)]
        if not steps:
            raise AssertionError(f"no {state} is due for a {sort} alarm")
        step = max(steps, key=lambda s: int(s.ticket["id"]) if s.ticket else 0)
        match = ({"method": "POST", "path": "/issue$", "body": alarms.SUMMARIES[sort]} if state == "create"
                 else {"method": "PUT", "path": f"/issue/{step.ticket['key']}$"})
        self.arm(fault, match)
        self.run(run)
        self.commit(run)
        if run.fired.get(fault, 0) == 0:
            raise AssertionError(f"{fault} at {state} of a {sort} alarm did not fire")
        self.count("alarm", sort, state, fault)
        self.check(run, exact=fault not in troubles.KILLS, killed=troubles.KILLS.get(fault, (None,))[0], fault=fault)
        if fault == "kill_unanswered" and not step.done:
            raise AssertionError(f"{fault}: the work was not done")
        if fault in troubles.KILLS:
            self.quiet(changing=False)

    # What it takes for a write to be due

    def tickets_of(self, address):
        return [t for t in self.jira.tickets() if oracle.belongs(t, address.ip)]

    def close_all(self, address, **order):
        for ticket in self.tickets_of(address):
            if ticket["open"]:
                self.jira.edit(ticket["key"], **(order or {"status": "Done"}))

    def make_open(self, address):
        """Listed, with one ticket, and that is open."""
        if not address.truth:
            address.truth = self.some_zones()
        self.quiet(spared=[address])
        if not oracle.open_ticket(self.jira.tickets(), address.ip):      # a person's closing is respected: not so here
            for ticket in self.tickets_of(address):
                self.jira.edit(ticket["key"], delete=True)
            self.quiet(spared=[address])
        keep = oracle.open_ticket(self.jira.tickets(), address.ip)
        for ticket in self.tickets_of(address):
            if ticket["key"] != keep["key"]:
                self.jira.edit(ticket["key"], delete=True)

    def make_create(self, address):
        if address.lists:
            address.truth = set()
            self.quiet(spared=[address])
        self.close_all(address)
        address.truth = self.some_zones()

    def make_recreate(self, address):
        self.make_open(address)
        for ticket in self.tickets_of(address):
            self.jira.edit(ticket["key"], delete=True)

    def make_change(self, address):
        self.make_open(address)
        address.truth = self.some_zones(address.truth)

    def make_again(self, address):
        self.make_open(address)
        zones, address.truth = address.truth, set()
        self.quiet(spared=[address])
        address.truth = self.luck.choice((zones, self.some_zones()))

    def make_adopt(self, address):
        self.make_open(address)
        ticket = oracle.open_ticket(self.jira.tickets(), address.ip)
        self.jira.edit(ticket["key"], remove_labels=self.luck.choice(([oracle.OURS], ticket["labels"])))

    def make_clear(self, address):
        self.make_open(address)
        address.truth = set()

    def make_mark(self, address):
        self.make_open(address)
        self.close_all(address)
        address.truth = set()

    # Trouble for all

    def troubled(self, trouble):
        self.say(f"to come: {trouble}")
        if trouble in ("refused", "storm", "storm_killed", "expires", "expires_elsewhere", "pages_shift", "kill_any"):
            self.make_change(self.addresses[0])     # so that there is something to be done
        self.wait_for_schedule()
        self.change_world(spared=self.addresses[:1])
        soon = trouble.startswith("kill") and self.luck.random() < 0.6
        settings = self.mild(edit_lag=not soon)
        if trouble == "pages_shift":
            settings["page_cap"] = 2
        self.jira.begin_run(**settings)
        run = self.prepare(self.luck.randrange(len(self.addresses)) if trouble == "cut_off" else None)
        self.start(run)
        fired, expected, kill_after = [], {0}, None
        if trouble in troubles.OVERCOME:
            self.jira.fault(trouble, {**troubles.OVERCOME[trouble][0], "nth": self.luck.choice((1, 1, 2))
                                      if trouble.startswith("preflight") else 1}, troubles.OVERCOME[trouble][1])
        elif trouble in ("kill_time", "term_time"):
            number = signal.SIGKILL if trouble == "kill_time" else signal.SIGTERM
            kill_after = number, self.luck.choice((0.2, 0.5, 1, 2, 3))
            self.jira.fault(trouble, {}, {"delay": 0.2}, "always")  # so that there is time to be killed in
            expected = {0, -number if number == signal.SIGKILL else 143}
        elif trouble == "cut_off":
            self.count("fault", trouble)
            expected = {65}
        else:
            expected = getattr(self, "trouble_" + trouble)(run, fired)
        self.run(run, kill_after)
        self.commit(run)
        fired += list(run.fired)
        if not fired and trouble != "cut_off":
            raise AssertionError(f"{trouble} did not fire")
        for name in sorted(set(fired)):
            if name != trouble:
                self.count("storm", name)
        if fired:
            self.count("fault", trouble)
        if run.status not in expected:
            raise Violation(f"status {run.status} after {trouble}, where {sorted(expected)} were to be expected")
        if run.status in (-signal.SIGKILL, 143):
            self.count("kill", trouble)
        self.check(run, exact=trouble in troubles.OVERCOME or trouble == "cut_off",
                   killed=signal.SIGKILL if run.status < 0 else signal.SIGTERM if run.status == 143 else None)
        self.follow(run, soon, self.addresses[:1])

    def trouble_storm(self, _run, _fired):
        """Any request may fail in any way, but that Jira does not say of itself that something is missing."""
        ways = {**troubles.AIMED, "lose": lambda luck: {"lose_answer": True}}
        for name in self.luck.sample(sorted(ways), 4):
            if name != "slow" and not name.startswith("json"):
                self.jira.fault(f"storm_{name}", {"probability": 0.25, "seed": self.luck.random()}, ways[name](self.luck), 3)
        self.jira.fault("storm", {"method": "PUT"}, {"lose_answer": True})
        return {0, 1, 69}

    def trouble_storm_killed(self, run, fired):
        self.trouble_storm(run, fired)
        self.trouble_kill_any(run, fired)
        return {0, 1, 69, -signal.SIGKILL}

    def trouble_kill_any(self, _run, fired):
        """Killed at any request, before it is done or behind it."""
        number, left, before = signal.SIGKILL, [self.luck.randint(1, 9)], self.luck.random() < 0.5

        def at_request(*_):
            left[0] -= 1
            if left[0] == 0:
                self.send(number)
                fired.append("kill_at_request")

        if before:
            self.jira.before = at_request
        else:
            self.jira.after = at_request
        self.jira.fault("kill_any", {}, {"delay_answer": 0.05}, "always")
        return {0, -number}

    def trouble_down(self, _run, _fired):
        self.jira.fault("down", {"nth": list(range(self.luck.randint(1, 6), 1000))}, {"status": 503, "html": "Down"}, "always")
        return {69}

    def trouble_nonsense(self, _run, _fired):
        """What is JSON, but no answer to a search."""
        self.jira.fault("nonsense", troubles.SEARCH, {"wrong_json": self.luck.choice(([], {}, {"issues": None}))})
        return {1, 69}

    def trouble_refused(self, run, _fired):
        """Jira refuses one address's write: that one fails alone."""
        step = run.steps[self.addresses[0].ip]
        self.jira.fault("refused", {"method": "PUT", "path": f"/issue/{step.ticket['key']}$"},
                        {"status": 400, "body": {"errorMessages": [], "errors": {"summary": "no"}}})
        return {1}

    def trouble_expired(self, _run, fired):
        self.jira.store.settings["token_valid"] = False
        fired.append("expired")
        return {77}

    def trouble_expires(self, run, fired):
        """The credentials do not count for some requests of the run: Cloud then shows an empty site, and no error."""
        self.count("fault", f"expires {self.flavour}")
        return self.expire_at("/search", run, fired)

    def trouble_expires_elsewhere(self, run, fired):
        return self.expire_at(self.luck.choice(("/createmeta", "/statuses", "/issue/{key}")), run, fired)

    def expire_at(self, first, _run, fired):
        """From the first request on whose path has that in it."""
        left = self.luck.choice((1, 2, 3, 100))

        def arrives(_method, template):
            nonlocal left
            if left > 0 and (fired or first in (template or "")):
                left -= 1
                fired.append("credentials")
                self.jira.store.settings["token_valid"] = False
            else:
                self.jira.store.settings["token_valid"] = True

        self.jira.arrival = arrives
        return {77}

    def trouble_pages_shift(self, run, fired):
        """While the open tickets are read, a person closes one that was read already: the others move up."""
        def at_request(_name, _method, target, body):
            later = '"nextPageToken"' in body or ('"startAt"' in body and '"startAt":0' not in body)
            if "/search" in target and later and not fired:
                self.jira.edit(self.others[0], status="Done")
                run.moved.append(self.others[0])
                fired.append("pages_shift")

        self.jira.edit(self.others[0], status="To Do")
        self.jira.before = at_request
        return {0}

    # What became of it

    def check(self, run, exact, killed=None, hit=None, fault=None):
        if jira_inside.TOKEN in run.out + run.err:
            raise Violation("the token is in the output")
        done = self.check_tickets(run)
        if killed != signal.SIGKILL:
            self.check_records(run, done)
        expected = 0 if run.whole else 65
        if exact and run.status != expected:
            raise Violation(f"status {run.status}, where {expected} was to be expected")
        if fault and killed and run.status != (143 if killed == signal.SIGTERM else -killed):
            raise Violation(f"status {run.status} after signal {int(killed)}")
        if run.status in (0, 65):
            for ip, step in run.steps.items():
                if step.action != "none" and ip not in done:
                    raise Violation(f"not done: {step}")
            for step in run.alarms:
                if not step.done:
                    raise Violation(f"not done: {step}")
        must = hit and fault in ("kill_unanswered", "term_answered", "term_unanswered")
        if must and hit.ip not in done:
            raise AssertionError(f"{fault}: the work was not done")
        self.check_creates(run)

    def check_tickets(self, run):
        """The addresses whose step was done.  All else is as it was."""
        failed = {r["ip"] for r in run.records if r["db_outcome"] == "failed"}
        changes = comparison.compare(run.steps, run.alarms, run.before, run.after, run.id, failed, run.moved)
        for step, ticket in changes:
            self.told[ticket["key"]] += step.comments
            if step in run.alarms:
                step.done = True
            else:
                self.count("done", step.action)
        return {step.ip for step, _ in changes if step not in run.alarms}

    @staticmethod
    def check_records(run, done):
        """Every record is passed on, and says what was done."""
        lines = [json.loads(line) for line in run.out.splitlines()]
        told = {r["ip"]: r for r in lines if r["type"] == "ip"}
        stopped = run.status == 143
        if len(told) != sum(r["type"] == "ip" for r in lines) or (not stopped and set(told) != set(run.steps)):
            raise Violation(f"records of {sorted(told)} left, of {sorted(run.steps)} came")
        if run.whole and not stopped and (lines[-1]["type"] != "end" or lines[0]["type"] != "run"):
            raise Violation("the stream is not whole")
        if run.whole and run.status == 0:
            said = sorted(alarm["jira_action"] for alarm in lines[-1].get("jira_malfunctions", []))
            wanted = sorted("created_issue" if step.action == "create" else "updated_issue" for step in run.alarms)
            if said != wanted:
                raise Violation(f"the end says {said} of the alarms, not {wanted}")
        for ip, record in told.items():
            action, step = record["jira_action"], run.steps[ip]
            wanted = {"none": "no_action", "create": "created_issue", "recreate": "created_issue"}.get(step.action, "updated_issue")
            if action != "failed" and (action != wanted or (step.action != "none" and ip not in done)):
                raise Violation(f"{step}: the record says {action}, and {'it' if ip in done else 'nothing'} was done")
            if action == "failed" and run.status in (0, 65):
                raise Violation(f"{step}: failed, yet the status is {run.status}")
            key = step.ticket["key"] if step.ticket else None
            if action not in ("failed", "created_issue") and step.action != "none" and record["jira_issue"] != key:
                raise Violation(f"{step}: the record names {record['jira_issue']}")

    @staticmethod
    def check_creates(run):
        """Between two creates for one address, or of one sort of alarm, there is a search for it."""
        pending = set()
        for entry in run.journal:
            body = entry["body"] if isinstance(entry["body"], dict) else {}
            if "fields" in body and entry["method"] == "POST" and entry["path"].endswith("/issue"):
                labels = body["fields"]["labels"]
                label = next((label for label in labels if label.startswith(oracle.PREFIX)), alarms.LABEL)
                what = label, alarms.sort_of(body["fields"])
                if what in pending:
                    raise Violation(f"two creates for {label} without a search between")
                if entry["done"] == 201 or entry["status"] not in (429, 400):
                    pending.add(what)
            elif "/search" in entry["path"] and entry["status"] == 200:
                pending -= {(label, sort) for label, sort in pending if f'"{label}"' in body.get("jql", "")}

    def check_beside_person(self, run, step, fault):
        """A person closed or deleted the ticket just before the edit."""
        key, record = step.ticket["key"], next(r for r in run.records if r["ip"] == step.ip)
        if fault == "person_deletes":
            run.before = [t for t in run.before if t["key"] != key]
            run.steps[step.ip] = oracle.expect(record, run.before, self.clock.time())
        else:
            after = next(t for t in run.after if t["key"] == key)
            if after["open"]:
                raise AssertionError("the ticket was not closed")
            for name in ("status", "resolved"):
                step.ticket[name] = after[name]
        self.check(run, exact=True)

    def check_end(self):
        """Without looking at steps: one open ticket for each listed address, and marks where it is over."""
        tickets, now = self.jira.tickets(), self.clock.time()
        of_people = {t["key"] for t in tickets if t["reporter"] != jira_inside.USER}
        for address in self.addresses:
            mine = [t for t in tickets if oracle.belongs(t, address.ip)]
            open_ones = [t for t in mine if t["open"]]
            ticket = oracle.newest(open_ones)
            made = [t["key"] for t in open_ones if t["key"] not in of_people | self.reopened]
            if len(made) > 1:
                raise Violation(f"{address.ip} has several open tickets: {made}")
            if address.lists != address.truth:
                raise AssertionError(f"the row of {address.ip} is behind")
            if not address.truth:
                if ticket and oracle.MARK not in ticket["labels"]:
                    raise Violation(f"{ticket['key']} of {address.ip} is not marked")
                continue
            if ticket is None:
                closed = oracle.closed_ticket(tickets, address.ip)
                if not closed or oracle.MARK in closed["labels"] or not oracle.closed_lately(closed, now):
                    raise Violation(f"{address.ip} has no ticket")
                self.count("end", "respected")
                continue
            self.count("end", "open")
            if oracle.MARK in ticket["labels"] or oracle.named_zones(ticket, address.ip) != address.truth or not {
                    oracle.OURS, oracle.label_of(address.ip)} <= set(ticket["labels"]):
                raise Violation(f"{ticket['key']} of {address.ip} is not as it should be: {ticket['summary']} {ticket['labels']}")
        self.check_end_of_alarms(tickets)
        for ticket in tickets:
            told = [c["body"].rsplit("Run ", 1)[-1] for c in ticket["comments"] if c["author"] == jira_inside.USER]
            if len(told) != len(set(told)):
                raise Violation(f"{ticket['key']} was told something twice by one run")
            if len(told) != self.told[ticket["key"]]:
                raise Violation(f"{ticket['key']} has {len(told)} comments of ours, where {self.told[ticket['key']]} were due")
            if ticket["key"] in self.others and (told or ticket["key"] not in of_people):
                raise Violation(f"{ticket['key']} is not ours")

    def check_end_of_alarms(self, tickets):
        """All is well: no more than one ticket a day and sort, and each that is open says that it is over."""
        seen = set()
        for ticket in tickets:
            sort = alarms.sort_of(ticket)
            if sort and ticket["open"]:
                if (sort, ticket["created"][:10]) in seen:
                    raise Violation(f"two tickets of a {sort} alarm on a day: {ticket['key']}")
                seen.add((sort, ticket["created"][:10]))
                if alarms.RECOVERED not in ticket["labels"]:
                    raise Violation(f"{ticket['key']} does not say that it is over")
                self.count("end", "alarm")
