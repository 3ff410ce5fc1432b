"""One history: runs of the whole pipeline over a pool, between which the world changes and in which things break.

After each run every version that a row ever had is looked at: each change of the monitor's is one that was due, made once,
from the row as it was at that moment; what pg-apply says of a record is what happened.  An undisturbed run then reaches
the right state, and another one changes nothing.
"""

import collections
import ipaddress
import os
import random
import signal
import subprocess
import sys
import threading
import time

import psycopg2

import jira_inside
import job as jobs
import troubles
import world as worlds

from clock import Clock
from playing import Violation

SUPPORT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

SPEED = 8           # of the clock of programs that wait 2, 4 and 8 s
WAITING = ("pg-ips", "pg-apply", "jira-sync")
SIZES = (400, 900, 1400)
PIPE = 250          # addresses that may be on their way between a program and its tap
COMMIT_SECONDS = 0.3
AT_COMMIT = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pg-apply%' AND state = 'active' AND query = 'COMMIT'"
AT_LOCK = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pg-apply%' AND wait_event_type = 'Lock'"
TRIES = 5           # a trouble that came too late is tried again


class Operator(threading.Thread):
    """Somebody who changes priorities all the time, of rows listed and clean."""

    def __init__(self, database, luck, ids):
        super().__init__(daemon=True)
        self.database, self.luck, self.ids, self.edits, self.over = database, luck, ids, 0, threading.Event()
        self.start()

    def run(self):
        connection = None
        while not self.over.wait(0.002):
            try:
                connection = connection or self.database.connect()
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '50ms'; UPDATE postal.ip_addresses SET priority = %s WHERE id = %s",
                                   (self.luck.randint(1, 100), self.luck.choice(self.ids)))
                    self.edits += cursor.rowcount
            except psycopg2.errors.LockNotAvailable:    # pylint: disable=no-member
                pass
            except psycopg2.Error:
                connection = None   # the server went away
        if connection:
            connection.close()

    def stop(self):
        self.over.set()
        self.join()
        return self.edits


class Lock:
    """Somebody whose open transaction holds a row."""

    def __init__(self, database, row):
        self.connection = database.connect()
        self.connection.autocommit = False
        self.row = row
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM postal.ip_addresses WHERE id = %s FOR UPDATE", (row,))

    def release(self, priority=None):
        """With an edit of the row's priority, where one is given."""
        try:
            if priority is not None:
                with self.connection.cursor() as cursor:
                    cursor.execute("UPDATE postal.ip_addresses SET priority = %s WHERE id = %s", (priority, self.row))
            self.connection.commit()
            self.connection.close()
        except psycopg2.Error:
            pass    # a restart has released it


class History:
    def __init__(self, seed, programs, library, folder, database):
        self.luck, self.seed, self.programs, self.library, self.database = random.Random(seed), seed, programs, library, database
        self.folder = os.path.join(folder, str(seed))
        os.makedirs(self.folder)
        self.jira = jira_inside.Site("cloud", Clock(1))
        self.world = worlds.World(self.luck, self.luck.choice(SIZES))
        self.bounced = seed % 4 == 3    # through pgbouncer
        self.counts, self.story, self.runs, self.was_doubled = collections.Counter(), [], 0, False

    def close(self):
        self.jira.close()

    def say(self, text):
        self.story.append(text)

    # The whole

    def play(self):
        self.database.query("TRUNCATE postal.ip_addresses RESTART IDENTITY")
        self.database.query("UPDATE slow_commit SET seconds = 0")
        self.database.insert(self.world.first_rows())
        self.say(f"{len(self.world.truth)} addresses{', through pgbouncer' if self.bounced else ''}")
        self.quiet()
        for trouble in troubles.dealt(self.seed):
            self.troubled(trouble)
            self.quiet(changing=self.luck.random() < 0.5)
        self.quiet(changing=False)
        self.check_unchanged()
        self.check_tickets()

    def change_world(self):
        return self.world.change({row["ip"] for row in self.rows() if row["ip"] in self.world.truth}, self.luck.randint(8, 30))

    def rows(self):
        return [row[0] for row in self.database.query("SELECT to_jsonb(t) FROM postal.ip_addresses t ORDER BY id")]

    # Runs

    def new_job(self, hurried=("jira-sync",)):
        """`hurried`: the programs whose clocks run fast; one that nothing disturbs should have no need to."""
        self.runs += 1
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LC_ALL") if name in os.environ}
        environment.update(
            DB_HOST="127.0.0.1", DB_PORT=self.database.bouncer_port if self.bounced else self.database.port, DB_NAME="postal",
            DB_USER="dnsbl_monitor", DB_PASSWORD=self.database.password, DNSBL_ZONES=",".join(worlds.ZONES),
            DNS_CONFIG=os.path.join(self.folder, "unbound.conf"), DNS_RESOLVERS="127.0.0.1@1", DNS_CONCURRENCY="100",
            JIRA_SERVER=self.jira.url, JIRA_USER=jira_inside.USER, JIRA_API_TOKEN=jira_inside.TOKEN, JIRA_PROJECT="OPS",
            JIRA_ISSUE_TYPE="Task", JIRA_DNS_FAILURE_ISSUE_TYPE="Incident")
        job = jobs.Job(self.programs, os.path.join(self.folder, f"run{self.runs}"), environment)
        now = time.time_ns()
        job.own = {stage: {"LD_PRELOAD": self.library, "FAST_CLOCK": f"{SPEED} {now} {now}"} for stage in hurried}
        return job

    def begin(self):
        """What a run starts from: the number of the last version there is."""
        with open(os.path.join(self.folder, "unbound.conf"), "w", encoding="utf-8") as file:
            file.write(self.world.unbound_conf())
        self.jira.begin_run()
        return self.database.query("SELECT coalesce(max(n), 0) FROM audit")[0][0]

    def quiet(self, changing=True):
        """A run in which nothing breaks: all that is due is done."""
        if changing:
            self.change_world()
        mark, job = self.begin(), self.new_job()
        job.start()
        self.finish([job], mark)
        if any(job.statuses.values()):
            raise Violation(f"an undisturbed run ends with {job.statuses}: " + "\n".join(job.errors()[:5]))
        self.check_reached("an undisturbed run")

    def finish(self, all_jobs, mark, lawful=()):
        """Waits for the end of all, and looks at what they did; `lawful`: the outcomes that may be, beside the usual."""
        for job in all_jobs:
            job.statuses = job.wait()
        self.jira.drain()
        self.database.wait_until_idle()
        versions = [dict(zip(("who", "application", "old", "new"), row)) for row in self.database.query(
            "SELECT who, application, old, new FROM audit WHERE n > %s ORDER BY n", (mark,))]
        self.say(f"run {self.runs}: {[job.statuses for job in all_jobs]}, {sum(v['who'] == 'dnsbl_monitor' for v in versions)} changes")
        self.check_versions(versions)
        self.check_rows()
        for job in all_jobs:
            self.check_told(job, versions, lawful)

    # Trouble

    def troubled(self, trouble):
        for _ in range(TRIES):
            changed = self.change_world()
            if self.disturb(trouble, changed):
                self.counts[" ".join(trouble)] += 1
                return
            self.say(f"  {' '.join(trouble)} came too late")
        raise AssertionError(f"{' '.join(trouble)} never came in time")

    def disturb(self, trouble, changed):
        """A run with that trouble in it. False: it did not come about."""
        kind, whom, when = trouble
        self.say("to come: " + " ".join(trouble))
        mark = self.begin()
        all_jobs = [self.new_job(WAITING) for _ in range(2 if kind == "two" else 1)]
        due = [row for row in self.rows() if row["ip"] in changed]
        lock = Lock(self.database, self.luck.choice(due)["id"]) if when == "lock" else None
        self.database.query("UPDATE slow_commit SET seconds = %s", (COMMIT_SECONDS / len(due) if when == "commit" else 0,))
        fired = []
        operator = Operator(self.database, random.Random(self.luck.random()), [row["id"] for row in due]) \
            if kind == "hand" or self.luck.random() < 0.6 else None
        proxy = self.start_proxy(all_jobs[0], whom) if kind == "answer" else None

        def act():
            fired.append(self.act(trouble, all_jobs[0], due))

        if when in ("read", "passed"):
            all_jobs[0].events[when] = (self.luck.randint(1, len(self.world.truth) - PIPE), act)
        for job in all_jobs:
            job.start()
        if kind == "answer" or (kind, whom) == ("two", "together"):
            pass
        elif when == "start":
            time.sleep(self.luck.random() * 0.015)
            act()
        elif when in ("lock", "commit") and self.await_moment(AT_LOCK if lock else AT_COMMIT, all_jobs):
            act()
        if lock:
            time.sleep(self.luck.choice((0, 0.05, 0.3)))
            lock.release(self.luck.randint(1, 100) if kind == "hand" else None)
        for job in all_jobs:
            job.statuses = job.wait()
        if proxy:
            fired = [self.stop_proxy(proxy)]
        elif (kind, whom) == ("two", "together"):
            fired = [all(job.run_id() for job in all_jobs)]
            self.was_doubled = True
        if operator:
            self.counts["operator edits"] += operator.stop()
        self.finish(all_jobs, mark, lawful=("failed",) if kind in ("restart", "backend", "answer", "term") or whom == "locks" else ())
        if not fired or not all(fired) or not self.died(trouble, all_jobs[0]):
            return False
        self.check_trouble(trouble, all_jobs)
        return True

    def act(self, trouble, job, due):
        kind, whom, _ = trouble
        if kind == "two":
            self.was_doubled = True
            return job.send("pg-apply", signal.SIGKILL)
        if kind in ("kill", "term"):
            return job.send(whom, signal.SIGKILL if kind == "kill" else signal.SIGTERM)
        if kind == "restart":
            self.database.restart(whom)
            return True
        if kind == "backend":
            return bool(self.database.query(
                "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE %s AND pg_terminate_backend(pid)", (whom + "%",)))
        return whom == "locks" or self.by_hand(whom, self.luck.choice(due))

    @staticmethod
    def died(trouble, job):
        """Did a signal end its program? It may have come when that had ended by itself."""
        kind, whom, _ = trouble
        if kind == "term":
            return job.statuses[whom] == 128 + signal.SIGTERM
        return kind != "kill" or job.statuses[whom] == -signal.SIGKILL

    def by_hand(self, what, row):
        """Somebody works on the table while the run is on its way with what it has read."""
        self.say(f"  somebody {what} {row['ip']}")
        if what == "inserts":
            self.database.insert([(self.world.new_address(self.world.some_zones()), 60, None, None, None)])
            return True
        statement = {
            "clears": """UPDATE postal.ip_addresses SET priority = coalesce("oldPriority", priority), "oldPriority" = NULL,
                "blockingLists" = '', "lastEvent" = 'cleared by hand' WHERE id = %s RETURNING id""",
            "moves": "UPDATE postal.ip_addresses SET ip = '" + self.world.new_address() + "' WHERE id = %s RETURNING id",
            "deletes": "DELETE FROM postal.ip_addresses WHERE id = %s RETURNING id"}[what]
        return bool(self.database.query(statement, (row["id"],)))

    def await_moment(self, statement, all_jobs):
        while any(job.runs() for job in all_jobs):
            if self.database.query(statement):
                return True
            time.sleep(0.003)
        return False

    def start_proxy(self, job, fate):
        """Before pg-apply alone: it loses the answer to the first COMMIT, or the COMMIT."""
        place = os.path.join(self.folder, f"proxy{self.runs}")
        proxy = subprocess.Popen([sys.executable, "-B", os.path.join(SUPPORT, "pg_proxy.py"), self.database.port, place, fate])
        while not os.path.exists(place):
            time.sleep(0.01)
        with open(place, encoding="ascii") as file:
            job.own["pg-apply"]["DB_PORT"] = file.read().strip()
        return proxy, place

    @staticmethod
    def stop_proxy(started):
        proxy, place = started
        proxy.kill()
        proxy.wait()
        return os.path.exists(place + ".cut")

    # Promises

    def check_trouble(self, trouble, all_jobs):
        """What a trouble must not keep from being done."""
        kind, whom, _ = trouble
        job = all_jobs[0]
        status = job.statuses["pg-apply"]
        if kind == "kill" and whom in troubles.BEHIND:
            if status not in (0, 74):
                raise Violation(f"pg-apply ended with {status} when {whom} was killed")
            self.check_reached(f"a run whose {whom} was killed")
        if kind in ("answer", "two"):
            self.check_reached("a run whose COMMIT was not answered" if kind == "answer" else "the other run")
        if kind in ("restart", "backend"):
            if status not in (0, 69):
                raise Violation(f"pg-apply ended with {status} after a {kind}")
            self.counts["healed" if status == 0 else "not healed"] += 1

    def check_versions(self, versions):
        """Each change of ours was due, from the row as it was, and made once; rows that are no addresses stay."""
        ours, theirs = collections.Counter(), collections.Counter()
        for version in versions:
            before, after = version["old"], version["new"]
            if version["who"] != "dnsbl_monitor":
                key = (after or before)["id"]
                theirs[key] += 1
                self.counts["operator versions"] += 1
                continue
            ours[before["id"]] += 1
            expected = worlds.due(before, self.world.lists(before["ip"]))
            if expected is None or after != {**before, **expected}:
                raise Violation(f"{version['application']} made of {before} {after}; due was {expected}")
        for row, count in ours.items():
            if count > 1 + theirs[row]:
                raise Violation(f"the row {row} was changed {count} times in a run")
        self.counts["changes"] += sum(ours.values())

    def check_rows(self):
        for row in self.rows():
            lists = (row["blockingLists"] or "").split(",") if row["blockingLists"] else []
            if lists != sorted(set(lists)) or (row["oldPriority"] is None) != (not lists):
                raise Violation(f"a row that no run may leave: {row}")

    def check_reached(self, what):
        for row in self.rows():
            lists = self.world.lists(row["ip"]) if row["ip"] in self.world.truth else ""
            if (row["blockingLists"] or "") != lists:
                raise Violation(f"{what} left {row}, where '{lists}' is true")

    def check_told(self, job, versions, lawful):
        """What was passed on says what happened to the row, no more and no less."""
        run_id = job.run_id()
        mine, others = {}, set()
        for version in versions:
            row = (version["old"] or version["new"])["id"]
            if run_id and version["application"] == f"pg-apply/{run_id[:8]}":
                mine[row] = version
            else:
                others.add(row)
        for record in job.passed():
            outcome, row = record["db_outcome"], record["id"]
            told = f"{record['ip']} (id {row}) was passed on as {outcome}"
            if outcome == "updated" and (row not in mine or mine[row]["new"]["blockingLists"] != record["update"]["blocking_lists"]):
                raise Violation(f"{told}, and the row says {mine.get(row)}")
            if outcome in ("unchanged", "conflict") and row in mine:
                raise Violation(f"{told}, and was changed: {mine[row]}")
            if outcome == "unchanged" and record["update"] is not None:
                raise Violation(f"{told}, with an update")
            if outcome == "conflict" and row not in others:
                raise Violation(f"{told}, and nobody else touched it")
            if outcome == "failed" and "failed" not in lawful:
                raise Violation(f"{told} in a run in which nothing can fail: " + "\n".join(job.errors()[:5]))
            self.counts[f"told {outcome}"] += 1

    def check_unchanged(self):
        """A run over what a run has done writes nothing: no row version, no request that writes."""
        before = self.database.query("SELECT id, xmin::text FROM postal.ip_addresses ORDER BY id")
        self.quiet(changing=False)
        if self.database.query("SELECT id, xmin::text FROM postal.ip_addresses ORDER BY id") != before:
            raise Violation("a second run has written rows")
        if self.jira.store.counters["write_requests"]:
            raise Violation("a second run has written tickets")
        self.counts["second runs"] += 1

    def check_tickets(self):
        """One open ticket for each listed address of the pool; of one that has left it nobody speaks any more."""
        lists = {row["ip"]: row["blockingLists"] for row in self.rows()}
        listed = sorted(ip for ip, some in lists.items() if some)
        open_ones = [t for t in self.jira.tickets() if t["open"] and "dnsbl-cleared" not in t["labels"]]
        named = sorted(ip for ip in (str(ipaddress.ip_address(t["summary"].split()[1])) for t in open_ones) if ip in lists)
        if named != listed and not (self.was_doubled and sorted(set(named)) == listed):
            raise Violation(f"open tickets without listing: {sorted(set(named) - set(listed))}, listings without ticket: "
                            f"{sorted(set(listed) - set(named))}, {len(named)} tickets for {len(listed)} listings")
