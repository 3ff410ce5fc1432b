"""The runs of a soak, one after the other, and what is looked at after each."""

import collections
import random
import signal
import time

import alarms
import comparison
import events
import jira_inside
import lists
import model
import monitor
import oracle
import plants
import promises
import sampler

from clock import Clock
from playing import Violation

SPEED = 8           # of the clock of programs that wait 2, 4 and 8 s
SCHEDULE, DAY, LONG_RUN = 15 * 60, 86400, 20 * 60
DNS_TIMEOUT, LONG_DNS_TIMEOUT, LOOKUPS = 5, 30, 60   # the long one where nobody has to wait for its end
# Dealt again and again, each time in another order.
DECK = 5 * ["quiet"] + 2 * ["killed"] + ["still", "dry", "jira_down", "jira_dies", "database_down", "meddled"]
CALM = ("quiet", "still", "dry")
HEALED = {True: 0.7, False: 0.3}        # by whether a list takes the whole time that a lookup may


class Run:
    """What was so before, and what must be so afterwards."""

    def __init__(self, kind, rows, settings, world, tickets, now):
        self.kind, self.rows, self.tickets, self.now = kind, rows, tickets, now
        self.settings, self.world = settings, world
        self.verdicts, self.surging = model.decide(rows, settings, world)
        self.conflicts = set()
        self.expect()

    def expect(self):
        records = [v.record("conflict" if v.row["id"] in self.conflicts else
                            "updated" if v.transition in model.EFFECTS else "unchanged") for v in self.verdicts]
        self.steps = {r["ip"]: oracle.Step(r["ip"], "none") if v.is_undecided() else oracle.expect(r, self.tickets, self.now)
                      for v, r in zip(self.verdicts, records)}
        self.alarms = alarms.expect(records, self.surging, self.tickets, self.now)
        self.due = promises.due_rows(self.rows, self.verdicts, self.conflicts)

    def touched(self, row, is_conflict):
        """Somebody has changed that row meanwhile: it is what the run finds."""
        self.rows = [row if old["id"] == row["id"] else old for old in self.rows]
        if is_conflict:
            self.conflicts.add(row["id"])
        self.expect()

    def totals(self):
        skipped = sum(row["ip"] is not None and not model.is_address(row["ip"]) for row in self.rows)
        return model.totals(self.verdicts, self.conflicts, skipped, self.settings, self.world)


class Soak:
    def __init__(self, seed, programs, library, folder, database, planted=(), is_verbose=False):
        self.seed, self.database, self.library, self.planted = seed, database, library, dict(planted)
        self.clock = Clock(SPEED)
        self.flavour = ("cloud", "datacenter")[seed % 2]
        self.jira = jira_inside.Site(self.flavour, self.clock)
        self.counts, self.violations, self.trend, self.is_verbose = collections.Counter(), [], sampler.Trend(), is_verbose
        self.world, self.settings = lists.World(), model.Settings(lists.first_zones())
        self.events = events.Events(self.world, self.settings, database, self.jira, self.counts, self.say)
        self.number = 0
        self.usual = collections.defaultdict(float)      # seconds that a stage takes
        self.dns, = database.call(f'rbldnsd_start "$SERVERS" {" ".join(lists.DOMAINS)} >&2 && dnsdist_start "$SERVERS" >&2 && '
                                  'echo "$DNS_RESOLVERS"')
        self.monitor = monitor.Monitor(folder, programs, self.environment())

    def environment(self):
        return {"DB_HOST": "127.0.0.1", "DB_PORT": self.database.port, "DB_NAME": "postal", "DB_USER": "dnsbl_monitor",
                "DB_PASSWORD": self.database.password, "DNS_RESOLVERS": self.dns, "DNS_CONCURRENCY": str(LOOKUPS),
                "JIRA_SERVER": self.jira.url, "JIRA_USER": jira_inside.USER if self.flavour == "cloud" else "",
                "JIRA_API_TOKEN": jira_inside.TOKEN,
                "JIRA_PROJECT": "OPS", "JIRA_ISSUE_TYPE": "Task", "JIRA_DNS_FAILURE_ISSUE_TYPE": "Incident",
                "FAST_CLOCK_FOR": monitor.HURRIED}

    def close(self):
        self.jira.close()

    def say(self, text):
        if self.is_verbose:
            print(text, flush=True)

    def violation(self, expected, found):
        self.violations.append((self.number, str(expected), str(found)))
        print(f"violation: seed {self.seed}, run {self.number}: expected {expected}; found {found}\n"
              f"    again: make soak SEED={self.seed} RUNS={self.number}", flush=True)

    # The whole

    def play(self, count, is_enough=False):
        """So many runs; `is_enough`: until one is not as it should be."""
        for self.number in range(1, count + 1):
            at = (self.number - 1) % len(DECK)
            if at == 0:
                deck = random.Random(f"{self.seed} deck {self.number}").sample(DECK, len(DECK))
            self.one("quiet" if self.number == 1 or self.planted else deck[at])
            if is_enough and self.violations:
                return
        if count >= 3 * len(DECK) or self.planted:
            for problem in self.trend.problems(LOOKUPS):
                self.violation("the same in the first third of the runs and the last", problem)

    def one(self, kind):
        luck = self.events.luck = random.Random(f"{self.seed} {self.number}")
        self.counts[f"run {kind}"] += 1
        self.say(f"run {self.number}: {kind}")
        if self.number == 1:
            self.events.begin()
        if kind != "still":
            self.events.heal(HEALED)
            self.events.end_surges()
            self.events.happen()
        self.world.serve(self.database.call)
        self.wait_for_schedule()
        self.jira.begin_run(index_lag=luck.choice((0, 0, 5, 14)), edit_lag=luck.choice((0, 0, 14)), page_cap=luck.choice((7, 100)))
        run = Run(kind, self.events.rows(), self.settings, self.world, self.jira.tickets(), self.clock.time())
        mark = self.database.query("SELECT coalesce(max(n), 0) FROM audit")[0][0]
        status = getattr(self, "run_" + kind)(run)
        self.jira.drain()
        if self.number in self.planted:
            self.say(f"  planted: {self.planted[self.number]}")
            plants.ALL[self.planted[self.number]][0](self)
        self.look(run, status, mark)

    def wait_for_schedule(self):
        """No run is under way at midnight: "the same day" would be a matter of luck."""
        self.clock.skip(SCHEDULE)
        left = DAY - self.clock.time() % DAY
        if left < LONG_RUN:
            self.clock.skip(left)

    # Runs

    def start(self, options=(), is_dns_stopped=False):
        settings, is_silent = self.settings, "unreachable" in self.world.health.values() and not is_dns_stopped
        self.monitor.start(
            options, DNSBL_ZONES=" ".join(zone.site() for zone in settings.zones), DNSBL_THRESHOLD=str(settings.threshold),
            LISTED_PRIORITY=str(settings.listed_priority), CLEAN_FALLBACK_PRIORITY=str(settings.fallback_priority),
            SURGE_LIMIT_PERCENT=str(settings.surge_percent), SURGE_RELEASE=",".join(settings.surge_release),
            DNS_TIMEOUT=str(DNS_TIMEOUT if is_silent else LONG_DNS_TIMEOUT), **self.clock.environment(self.library))

    def run_quiet(self, _run):
        start = time.monotonic()
        self.start(["--capture", self.monitor.capture] if self.events.luck.random() < 0.3 else [])
        status = self.monitor.wait()
        self.usual.update({stage: use["elapsed"] for stage, use in self.monitor.uses.items() if use})
        self.usual["job"] = time.monotonic() - start
        return status

    run_still = run_quiet

    def run_dry(self, _run):
        self.start(["--dry-run"])
        return self.monitor.wait()

    def run_jira_down(self, _run):
        self.jira.fault("down", {}, {"status": 503, "html": "Down"}, "always")
        self.start()
        return self.monitor.wait()

    def run_jira_dies(self, _run):
        self.jira.fault("down", {"nth": list(range(self.events.luck.randint(4, 12), 1000))}, {"reset": True}, "always")
        self.start()
        return self.monitor.wait()

    def run_database_down(self, _run):
        self.database.call("postgres_stop")
        self.start()
        status = self.monitor.wait()
        self.database.call('postgres_start "$SERVERS"')
        return status

    def run_killed(self, run):
        """At any moment; what was captured tells the id of the run."""
        luck = self.events.luck
        run.victim, number = luck.choice([*sampler.STAGES, "job"]), luck.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
        self.start(["--capture", self.monitor.capture])
        if run.victim != "job":
            self.monitor.sampler.began[run.victim].wait(monitor.PATIENCE)
        end = time.monotonic() + luck.random() * self.usual[run.victim]
        while time.monotonic() < end and self.monitor.process.poll() is None:
            time.sleep(0.002)
        fired = self.monitor.send(run.victim, number)
        status = self.monitor.wait()
        self.counts["killed" if fired and status else "killed too late"] += 1
        self.say(f"  {run.victim} gets {number.name}{'' if fired else ', too late'}")
        return status

    def run_meddled(self, run):
        """A person works on rows that were read, and of which it is not known yet whether they are listed."""
        due = [v.row for v in run.verdicts if v.transition in model.EFFECTS]
        self.database.call("server_signal dnsdist STOP")
        self.start(is_dns_stopped=True)
        read = self.monitor.sampler.ended["pg-ips"].wait(monitor.PATIENCE)
        for row in self.events.luck.sample(due, min(2, len(due))) if read else ():
            is_conflict = self.events.luck.random() < 0.5
            columns = {"blockingLists": "by.hand"} if is_conflict else {"priority": self.events.luck.randint(1, 100)}
            self.events.set("conflict by hand" if is_conflict else "priority meanwhile", row, **columns)
            run.touched({**row, **columns}, is_conflict)
        self.database.call("server_signal dnsdist CONT")
        return self.monitor.wait()

    # Afterwards

    def look(self, run, status, mark):
        self.database.wait_until_idle()
        wanted = {"jira_down": 69, "jira_dies": 69, "database_down": 69}.get(run.kind, 0)
        if run.kind == "jira_dies" and not self.jira.fired():
            wanted = 0      # it had asked all before
        lenient = run.kind == "killed" and status != 0
        if status != wanted and not lenient:
            self.violation(f"exit status {wanted}", f"{status}: {self.monitor.messages()[:5]}")
        elif lenient and status not in (143, 137, -signal.SIGKILL, 74, 65, 69):
            self.violation("the exit status of a job that was killed", f"{status}: {self.monitor.messages()[:5]}")
        found, after = self.events.rows(), self.jira.tickets()
        changes = [row for row in self.database.query(
            "SELECT old, new FROM audit WHERE n > %s AND who = 'dnsbl_monitor' ORDER BY n", (mark,))]
        due = run.due if run.kind not in ("dry", "database_down") else {row["id"]: row for row in run.rows}
        exact_rows = not lenient or run.victim in ("jira-sync", "log-summary")
        self.report(promises.rows(run.rows, due, found, exact_rows))
        self.report(promises.versions(run.rows, due, changes))
        self.look_at_tickets(run, after, lenient)
        if not lenient and run.kind != "database_down":
            self.look_at_log(run)
        self.look_at_leavings()
        self.count(run, status, changes, found)

    def report(self, problems):
        for expected, found in problems:
            self.violation(expected, found)

    def look_at_tickets(self, run, after, lenient):
        idle = run.kind in ("dry", "database_down", "jira_down")
        log_line = self.monitor.log()[1]
        run_id = self.monitor.run_id() if lenient else log_line and log_line["job_run_id"]
        try:
            changes = comparison.compare({} if idle else run.steps, [] if idle else run.alarms, run.tickets, after, run_id)
        except Violation as broken:
            self.violation("tickets as the table of rules has them", broken)
            return
        run.done = [step for step, _ in changes]
        for step in run.done:
            self.counts[f"ticket {step.action}"] += 1
        if idle or lenient or (run.kind == "jira_dies" and self.jira.fired()):
            return
        self.report(promises.undone(run.steps, run.alarms, run.done))
        by_hand = {str(v.ip) for v in run.verdicts if v.row["id"] in run.conflicts}
        steps = {ip: step for ip, step in run.steps.items() if ip not in by_hand}
        self.report(promises.one_ticket(run.verdicts, steps, run.tickets, after, self.clock.time()))
        wanted = len(run.done)
        if self.jira.store.counters["write_requests"] != wanted:
            self.violation(f"{wanted} requests that write", self.jira.store.counters["write_requests"])

    def look_at_log(self, run):
        lines, last = self.monitor.log()
        jira = {"jira_down": "down", "jira_dies": "dies"}.get(run.kind, "works") if self.jira.fired() else "works"
        self.report(promises.log_lines(lines, run.verdicts, run.steps, run.conflicts, run.kind == "dry", jira))
        wanted = run.totals()
        if run.kind == "dry":
            wanted["dry_run"] = True
        elif jira == "works":
            created = [step.action in ("create", "recreate") for step in run.steps.values() if step.action != "none"]
            wanted.update(jira_created=sum(created), jira_updated=len(created) - sum(created))
        self.report(promises.last_line(last, wanted))

    def look_at_leavings(self):
        for what, found in (("process", self.monitor.left), ("file", self.monitor.files_left())):
            if found:
                self.violation(f"no {what} left behind", found)
        sessions = self.sessions()
        end = time.monotonic() + monitor.PATIENCE / 6
        while sessions and time.monotonic() < end:      # a backend ends a moment later than its client
            time.sleep(0.01)
            sessions = self.sessions()
        if sessions:
            self.violation("no session in PostgreSQL", sessions)

    def sessions(self):
        return self.database.query("SELECT pid, application_name, state FROM pg_stat_activity WHERE usename = 'dnsbl_monitor'")

    def count(self, run, status, changes, found):
        if run.kind in ("quiet", "still") and status == 0:
            self.trend.add(self.monitor.uses)
        transitions = collections.Counter(v.transition for v in run.verdicts)
        for old, new in changes:
            had, has = (bool(model.stored_names(row["blockingLists"])) for row in (old, new))
            self.counts["listings" if has > had else "clearings" if had > has else "list changes"] += 1
        self.counts["addresses checked"] += len(run.verdicts)
        self.counts["held"] += transitions["held"]
        self.counts["conflicts"] += len(run.conflicts)
        self.counts["unknown lookups"] += run.totals()["dns_failures"]
        self.counts["quiet with nothing to do"] += run.kind == "still" and not changes
        self.say(f"  status {status}, {len(changes)} rows written of {len(found)}, due {dict(transitions)}, "
                 f"tickets: {'; '.join(map(str, getattr(run, 'done', []))) or 'none'}")
