"""One worker: servers of its own, the forty addresses (addresses.py), and the rows that it is given, one after the other."""

import os
import re
import shutil
import signal
import socket
import time

import addresses
import database     # of tests/support/pg_history
import deeds
import jira_inside  # of tests/support/history
import job as direct    # of tests/support/pg_history: the six programs, without dnsbl-monitor
import promises
import rows
import stages
from clock import Clock
from playing import Violation

SUPPORT = os.path.join(stages.ROOT, "tests/support")
CHANGING = re.compile(r'("stage_duration_sec":)(\{[^}]*\})|("(duration_ms|duration_sec|started_at|probed_at|timestamp|lookup_ms|[a-z_]*seconds|[a-z_]*_ms)":)("[^"]*"|[-0-9.e+]+)')
IDS = re.compile(r"OPS-\d+|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


class Worker:
    def __init__(self, number, folder, build, fast_clock):
        self.number, self.folder, self.libraries = number, os.path.join(folder, f"worker{number}"), os.path.join(build, "tests/faults/preload")
        self.database = database.Database(os.path.join(self.folder, "servers"))
        self.programs = os.path.join(build, "bin")
        self.call = self.database.call
        self._start_dns()
        self.jira = jira_inside.Site("cloud", Clock(1))
        self.fast_clock = fast_clock
        self.stand_ins = stages.Programs(os.path.join(self.folder, "build"), build, fast_clock)
        self.mark = stages.Mark(os.path.join(self.folder, "mark"))
        self.job, self.runs, self.edited, self.versions_seen = None, 0, None, 0
        self.reference, self.outputs = [], {}
        self.learn()

    def close(self):
        self.jira.close()
        self.database.close()

    def _start_dns(self):
        servers = os.path.join(self.folder, "servers")
        self.call(f"RBLDNSD_LOG=off rbldnsd_start {servers} {' '.join(addresses.ZONES)}")
        for zone in addresses.ZONES:
            self.call(f"printf '%s\\n' {' '.join(addresses.zone_data(zone))} | zone_write {zone}")
        self.call(f"rbldnsd_reload && dnsdist_start {servers}")
        self.resolvers, = self.call('echo "$DNS_RESOLVERS"')
        self.call(f"garbage_start {servers}")
        self.garbage_port, = self.call('echo "$GARBAGE_PORT"')

    # The world

    def reset(self):
        self.database.query("TRUNCATE postal.ip_addresses RESTART IDENTITY; TRUNCATE audit; UPDATE slow_commit SET seconds = 0")
        self.database.insert(addresses.first_rows())
        self.versions_seen = self._last_version()
        with self.jira.store.lock:
            self.jira.store.clear()
        for order in addresses.tickets():
            self.jira.enter(**order)
        self.edited = None
        for path in self.mark.path, os.path.join(self.folder, "captured"):
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.unlink(path)

    def _last_version(self):
        return self.database.query("SELECT coalesce(max(n), 0) FROM audit")[0][0]

    def rows(self):
        return {row["id"]: row for row, in self.database.query("SELECT to_jsonb(t) FROM postal.ip_addresses t")}

    def new_versions(self):
        """What was written since this was last asked."""
        seen, self.versions_seen = self.versions_seen, self._last_version()
        return self.database.query("SELECT who, old, new FROM audit WHERE n > %s AND n <= %s ORDER BY n", (seen, self.versions_seen))

    def edit_by_hand(self):
        """A person changes the priority of an address that is to be listed, or that a run has just listed."""
        (listed,), = self.database.query("""UPDATE postal.ip_addresses SET priority = 7 WHERE id = %s
            RETURNING coalesce("blockingLists", '') <> ''""", (addresses.EDITED,))
        self.edited = {"priority": 7} if listed else {"oldPriority": 7}

    def closed_port(self):
        with socket.create_server(("127.0.0.1", 0)) as sock:
            return sock.getsockname()[1]

    def hits_of_faults(self):
        """How many questions met one of fault_zone's rules; None: none did."""
        lines = self.call("dnsdist_rule 'showRules()'")
        hits = sum(int(line.split()[3]) for line in lines if " fault " in line)
        return f"{hits} questions met it" if hits else None

    # Runs

    def environment(self):
        found = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LC_ALL") if name in os.environ}
        return {**found, "DB_HOST": "127.0.0.1", "DB_PORT": self.database.port, "DB_NAME": "postal", "DB_USER": "dnsbl_monitor",
                "DB_PASSWORD": self.database.password, "DNSBL_ZONES": ",".join(addresses.ZONES), "DNS_RESOLVERS": self.resolvers,
                "DNS_TIMEOUT": "30",    # that a busy machine is slow is not the fault
                "JIRA_SERVER": self.jira.url, "JIRA_USER": jira_inside.USER, "JIRA_API_TOKEN": jira_inside.TOKEN,
                "JIRA_PROJECT": "OPS", "JIRA_ISSUE_TYPE": "Task", "JIRA_DNS_FAILURE_ISSUE_TYPE": "Incident"}

    def learn(self):
        """What a run without any fault leaves, and what its stages say: what all others are compared with."""
        self.reset()
        captured = os.path.join(self.folder, "captured")
        self.start_job(self.stand_ins.settings(), options=("--capture", captured))
        self.job.wait()
        if self.job.status != 0:
            raise AssertionError(f"a run without a fault ends with {self.job.status}: {self.job.messages()}")
        self.settle()
        self.outputs = {stage: self.normal(os.path.join(captured, stage + ".ndjson")) for stage in rows.STAGES[:-1]}
        self.outputs[rows.STAGES[-1]] = self.normal(self.job.out)
        self.reference = self.jira.tickets()
        promises.check_result(self.rows(), self.reference, self.reference, "equal", None)

    def settle(self):
        self.jira.drain()
        self.database.wait_until_idle()

    def start_job(self, settings, **more):
        self.runs += 1
        self.job = stages.Job(self.folder, {**self.environment(), **settings}, f"{self.number}.{self.runs}.", **more)

    def quiet_run(self):
        """One in which nothing goes wrong: whether it wrote anything."""
        self.runs += 1
        self.jira.begin_run()
        job = direct.Job(self.programs, os.path.join(self.folder, "quiet"), {**self.environment(), **stages.clock_settings()})
        job.own = {stage: {"LD_PRELOAD": self.fast_clock} for stage in stages.WAITING}
        before = self.jira.tickets()
        job.start()
        statuses = job.wait()
        self.settle()
        if any(statuses.values()):
            raise Violation(f"a run without a fault ends with {statuses}: " + " ".join(job.errors()[:3]))
        versions = self.new_versions()
        self.check_always(versions, before)
        return bool(versions) or bool(self.jira.store.counters["write_requests"])

    def check_always(self, versions, before):
        promises.check_versions(versions)
        promises.check_tickets(before, self.jira.tickets())

    # What a stage says

    @staticmethod
    def normal(path):
        """Its lines without times and ids; those about zones, which come when they are known, in order."""
        with open(path, encoding="utf-8") as file:
            lines = [IDS.sub("ID", CHANGING.sub(r"\1\3…", line)) for line in file]
        zones = [line for line in lines if line.startswith('{"type":"zone"')]
        return sorted(zones) + [line for line in lines if line not in zones]

    def check_equal_output(self, stage, path):
        lines, wanted = self.normal(path), self.outputs[stage]
        if stage in rows.STAGES[-2:]:   # who waits for Jira is overtaken
            lines, wanted = sorted(lines), sorted(wanted)
        if lines != wanted:
            pairs = [pair for pair in zip(lines + [""], wanted + [""]) if pair[0] != pair[1]]
            raise Violation(f"{stage} wrote other bytes: {pairs[0]}")

    # A row

    def play(self, row):
        """What came of it: {"fired": what proves the fault, "converged": bool, "problems": [...], ...}."""
        start = time.monotonic()
        self.reset()
        outcome = {"fired": None, "converged": False, "problems": [], "status": None, "messages": []}
        deed = deeds.of(row, self)
        try:
            self.disturbed_run(row, deed, outcome)
            self.next_runs(row, outcome)
        except Violation as broken:
            outcome["problems"].append(str(broken))
        finally:
            if self.job and not self.job.ended():
                self.job.destroy()
        outcome["seconds"] = round(time.monotonic() - start, 2)
        return outcome

    def disturbed_run(self, row, deed, outcome):
        before, problems = self.jira.tickets(), outcome["problems"]
        self.jira.begin_run()
        try:
            left = self.run_with(row, deed)
        finally:
            if self.job and not self.job.ended():
                self.job.destroy()
            deed.undo()
        self.settle()
        outcome["status"] = self.job.status
        messages, foreign = self.job.messages()
        outcome["messages"] = [f"{m['tool']} {m['error_type']}: {m['error_message']}" for m in messages if m["level"] != "INFO"]
        outcome["fired"] = deed.fired(self.job)
        if not outcome["fired"]:
            problems.append("the fault did not fire")
        if left and self.job.status >= 0:
            problems.append(f"the job left {left} processes behind")
        if foreign:
            problems.append(f"on standard error: {foreign[0][:200]!r}")
        self.compare(row, before, outcome)

    def run_with(self, row, deed):
        moment = rows.moment_of(row)
        deed.prepare()
        names = [*(["moment"] if moment else []), *deed.needs]
        settings = self.stand_ins.settings(moment[0] if moment else row.stage, [os.path.join(self.libraries, name + ".so") for name in names],
                                           deed.own, deed.command)
        settings.update({"FAULT_MARK": self.mark.path, **({"FAULT_MOMENT": moment[1]} if moment else {}), **deed.settings})
        self.start_job(settings, options=deed.options, out=deed.out, prefix=deed.prefix)
        if moment and "FAULT_ERRNO" not in settings:
            self.at_moment(deed)
        return self.job.wait()

    def at_moment(self, deed):
        """Waits until the stage stands still, does the deed, and lets it go on."""
        end = time.monotonic() + stages.MINUTE
        while not self.mark.says("stopped"):
            if self.job.ended() or time.monotonic() > end:
                raise Violation("the moment never came: " + "; ".join(m["error_message"] for m in self.job.messages()[0])[-600:])
            time.sleep(0.005)
        pid = self.mark.pid("stopped")
        while stages.state_of(pid) != "T":
            time.sleep(0.002)
        deed.act(pid)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass    # it was killed

    def compare(self, row, before, outcome):
        problems, versions = outcome["problems"], self.new_versions()
        after = self.jira.tickets()
        outcome["database"] = promises.how_far_rows(self.rows(), versions)
        outcome["jira"] = promises.how_far_tickets(before, after, self.reference)
        if outcome["status"] not in rows.statuses(row):
            problems.append(f"status {outcome['status']}, not {row.status}")
        for wanted in filter(None, (part.strip() for part in row.message.split("&"))):
            if not any(said(wanted, message) for message in outcome["messages"]) if wanted != "-" else self.errors():
                problems.append(f"messages: {outcome['messages'][:6]}, not '{wanted}'")
        silent = [stage for stage, status in self.job.stages().items()
                  if 0 < status < 128 and not any(message["tool"] == stage for message in self.errors())]
        if silent or (outcome["status"] > 0 and not self.errors()):
            problems.append(f"a failure without a message of level ERROR: {', '.join(silent) or row.stage}")
        if outcome["status"] == 0 and row.database == "any" and outcome["database"] != "all" and row.next != "detour":
            problems.append("status 0, and not all was done")
        for column in "database", "jira":
            if getattr(row, column) not in ("any", outcome[column]):
                problems.append(f"{column}: {outcome[column]}, not {getattr(row, column)}")
        self.check_always(versions, before)

    def errors(self):
        return [message for message in self.job.messages()[0] if message["level"] == "ERROR"]

    def next_runs(self, row, outcome):
        wrote = self.quiet_run()
        promises.check_result(self.rows(), self.jira.tickets(), self.reference, row.next, self.edited)
        if wrote and row.next == "nothing":
            outcome["problems"].append("the next run still had something to do")
        if wrote and self.quiet_run():
            raise Violation("the run behind the next one writes, though nothing has changed")
        outcome["converged"] = True


def said(wanted, message):
    """`wanted` is `error_type` or `error_type: a part of the message`."""
    kind, _, words = wanted.partition(": ")
    return re.match(r"\S+ " + re.escape(kind) + ": ", message) is not None and words in message
