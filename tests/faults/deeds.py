"""What goes wrong: the words of the table's column `fault`, each with how it is brought about and how one sees that it was.

A Deed is made for a row, in a worker (worker.py).  Before the job starts prepare() is called, at the row's moment act(),
with the process id of the stage that stands still there, and when the job has ended undo().  fired() tells what proves that
it happened; None: it did not, and the row fails.
"""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import addresses
import rows
import stages

RULE = "fault"      # the name of the stand-in's rule
MARKS_FD = 900      # from there on the descriptors are not the program's, see preload.h


class Deed:
    needs = ()      # the libraries that the stage has, beside moment.so if there is a moment

    def __init__(self, row, worker):
        self.row, self.worker = row, worker
        word, _, self.argument = row.fault.partition(" ")
        self.word, self.pid, self.proof = word, None, None
        self.settings = {}      # of the job
        self.own = ""           # NAME=VALUE, of the stage alone
        self.command = ""       # in place of the stage, see become.c
        self.out = self.err = None
        self.options = self.prefix = ()

    def prepare(self):
        pass

    def act(self, pid):
        self.pid = pid

    def undo(self):
        pass

    def fired(self, _):
        return self.proof

    def marked(self, word):
        return f"the process itself: {word}" if self.worker.mark.says(word) else None


# ---- signals -----------------------------------------------------------------

class Kill(Deed):
    """SIGKILL, SIGTERM, SIGINT: of the stage, or of the job while a stage stands still."""

    def act(self, pid):
        number = signal.Signals[self.word]
        target = self.worker.job.process.pid if self.row.stage == rows.JOB else pid
        if self.row.stage == rows.JOB:
            os.kill(pid, signal.SIGCONT)    # or, when the job is gone, the kernel would end the stopped group: setpgid(2)
        os.kill(target, number)
        self.proof = f"{self.word} sent to {target}, which stood at '{self.row.when}'"

    def fired(self, job):
        """A signal that comes to a process that has ended proves nothing."""
        number = signal.Signals[self.word]
        if self.row.stage == rows.JOB:
            return self.proof if job.status in (-number, 128 + number) else None
        return self.proof if job.stages().get(self.row.stage) == 128 + number else None


class Stop(Deed):
    """SIGSTOP SECONDS: it stands still so long, and meanwhile a person changes a priority."""

    def act(self, pid):
        target = self.worker.job.process.pid if self.row.stage == rows.JOB else pid
        if target != pid:
            os.kill(target, signal.SIGSTOP)
            os.kill(pid, signal.SIGCONT)
        self.worker.edit_by_hand()
        time.sleep(float(self.argument))
        self.proof = f"it stood still for {self.argument} s" if stages.state_of(target) == "T" else None
        os.kill(target, signal.SIGCONT)


# ---- output and limits -------------------------------------------------------

class FullOutput(Deed):
    """ENOSPC: the device is full from the first byte on (/dev/full), or the Nth write finds it full."""
    needs = ("limits",)

    def prepare(self):
        if self.argument == "stderr":
            self.err = "/dev/full"
            if self.row.stage != rows.JOB:
                self.err, self.command = None, 'program "$@" 2>/dev/full'
        elif self.row.stage == rows.JOB:
            self.out = "/dev/full"
        elif self.row.when == "-":
            self.command = 'program "$@" >/dev/full'
        else:
            self.settings["FAULT_ERRNO"] = str(errno.ENOSPC)

    def fired(self, _):
        if self.argument == "stderr":
            return "its messages are not there" if os.path.getsize(self.worker.job.err) == 0 or self.row.stage != rows.JOB else None
        if self.row.stage == rows.JOB:
            return "its output is /dev/full"
        return self.marked("ENOSPC") or self.marked("failed")


class Capture(Deed):
    """EFBIG: the files of --capture may have so many bytes and no more."""

    def prepare(self):
        self.options = ("--capture", os.path.join(self.worker.folder, "captured"))
        self.prefix, self.out = ("prlimit", f"--fsize={self.argument}"), "/dev/null"

    def fired(self, _):
        sizes = [os.path.getsize(entry) for entry in os.scandir(self.options[1])]
        return f"files of {sizes} bytes" if int(self.argument) in sizes else None


class NoReader(Deed):
    """EPIPE LINES: who reads its output goes away behind so many lines."""

    def prepare(self):
        reader = f"head -n {self.argument}" if self.argument != "0" else "true"
        self.command = f'program "$@" | {reader}; exit "${{PIPESTATUS[0]}}"'

    needs = ("limits",)

    def fired(self, job):
        return self.marked("EPIPE") or ("SIGPIPE ended it" if job.stages().get(self.row.stage) == 141 else None)


class Limit(Deed):
    """EMFILE, ENOMEM: at the moment it has all the descriptors, or memory, that it may ever have; N more are allowed."""
    needs = ("limits",)
    KINDS = {"EMFILE": resource.RLIMIT_NOFILE, "ENOMEM": resource.RLIMIT_AS}

    def act(self, pid):
        more = int(self.argument or 0)
        if self.word == "EMFILE":
            most = max(fd for fd in map(int, os.listdir(f"/proc/{pid}/fd")) if fd < MARKS_FD) + 1 + more
        else:
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                most = int(file.read().split()[0]) * resource.getpagesize() + more
        resource.prlimit(pid, self.KINDS[self.word], (most, most))

    def fired(self, _):
        return self.marked(self.word)


class NoMemory(Deed):
    """malloc N [on]: the Nth allocation fails, or that and all behind it."""
    needs = ("no_memory",)

    def prepare(self):
        number, _, on = self.argument.partition(" ")
        self.settings["FAULT_ALLOCATION"] = number
        if on:
            self.settings["FAULT_FOR_EVER"] = "1"

    def fired(self, _):
        return self.marked("failed")


class Short(Deed):
    """short N: reads and writes of 1 to N bytes. What it writes must be what it writes otherwise, byte for byte."""
    needs = ("short_io",)

    def prepare(self):
        self.settings["FAULT_SHORT"] = self.argument
        self.options = ("--capture", os.path.join(self.worker.folder, "captured"))

    def fired(self, job):
        stage = self.row.stage
        self.worker.check_equal_output(stage, os.path.join(self.options[1], stage + ".ndjson") if stage != rows.STAGES[-1] else job.out)
        return self.marked("short")


class WallClock(Deed):
    """clock SECONDS: the clock that people set is put on, or back, so far."""
    needs = ("wall_clock",)

    def prepare(self):
        self.settings.update(FAULT_CLOCK=self.argument, FAULT_CLOCK_SET=os.path.join(self.worker.folder, "clock"))
        self.undo()
        if self.row.when == "-":
            self.act(None)

    def act(self, pid):
        with open(self.settings["FAULT_CLOCK_SET"], "w", encoding="ascii"):
            pass

    def undo(self):
        if os.path.exists(self.settings["FAULT_CLOCK_SET"]):
            os.unlink(self.settings["FAULT_CLOCK_SET"])

    def fired(self, _):
        return self.marked("stepped")


# ---- DNS ---------------------------------------------------------------------

class Dns(Deed):
    """dns FAULT [ZONE...]: a fault of servers.bash's fault_zone, or `dead` (the server is killed), `hangs` (it stands
    still), `flapping` (it stands still every other quarter of a second), or `garbage ACTION` (dns_garbage.py). Where somebody
    has to tell dnsdist, that is a process more, and too slow for a stage that stands still in the middle of its lookups."""
    SILENT = ("dead", "hangs", "flapping", "drop", "loss:40", "delay:3000", "random:40", "otherid")     # after these it waits

    def prepare(self):
        self.how, *zones = self.argument.split()
        self.zones = zones or addresses.ZONES
        self.over = threading.Event()
        self.thread = None
        if set(self.argument.split()) & set(self.SILENT):
            self.settings["DNS_TIMEOUT"] = "1"
        if self.how == "garbage":
            self.action, *zones = zones
            self.zones = zones or addresses.ZONES
            self.settings["DNS_RESOLVERS"] = f"127.0.0.1@{self.worker.garbage_port}"
            self.worker.call("garbage_forget")
        if self.row.when == "-":
            self.act(None)

    def act(self, pid):
        call = self.worker.call
        if self.how == "dead":
            call("dnsdist_stop")
            self.proof = "dnsdist has ended"
        elif self.how == "hangs":
            call("server_signal dnsdist STOP")
            self.proof = "dnsdist stands still"
        elif self.how == "flapping":
            self.thread = threading.Thread(target=self.flap)
            self.thread.start()
        elif self.how == "garbage":
            for zone in self.zones:
                call(f"garble {zone} {self.action}")
        else:
            for zone in self.zones:
                call(f"fault_zone {zone} {self.how}")

    def flap(self):
        count = 0
        while not self.over.wait(0.25):
            self.worker.call(f"server_signal dnsdist {('STOP', 'CONT')[count % 2]}")
            count += 1
        self.worker.call("server_signal dnsdist CONT")
        self.proof = f"stopped {(count + 1) // 2} times" if count > 1 else None

    def fired(self, _):
        return self.proof

    def undo(self):
        call = self.worker.call
        self.over.set()
        if self.thread:
            self.thread.join()
        elif self.how == "dead":
            call('dnsdist_start "$SERVERS"')
        elif self.how == "hangs":
            call("server_signal dnsdist CONT")
        elif self.how == "garbage":
            count = int(call(f"garbage_queries ' {self.action}$'")[0])
            self.proof = f"{count} questions were answered so" if count else None
            call("garble_nothing")
        else:
            self.proof = self.worker.hits_of_faults()
            for zone in self.zones:
                call(f"fault_zone {zone} none")


# ---- the database ------------------------------------------------------------

class Database(Deed):
    """db HOW: see the functions below, named alike."""

    def prepare(self):
        self.how, *self.more = self.argument.split()
        self.over, self.thread = threading.Event(), None
        before = getattr(self, f"prepare_{self.how}", None)
        if before:
            before()
        elif self.row.when == "-":
            self.act(None)

    def act(self, pid):
        getattr(self, f"act_{self.how}")()

    def undo(self):
        self.over.set()
        if self.thread:
            self.thread.join()
        after = getattr(self, f"undo_{self.how}", None)
        if after:
            after()

    def backends(self, what="pid"):
        return self.worker.database.query(
            f"SELECT {what} FROM pg_stat_activity WHERE usename = 'dnsbl_monitor' AND application_name LIKE %s", (self.row.stage + "%",))

    # dead: the server is shut down at once, and comes back when the job has ended

    def act_dead(self):
        self.worker.call("postgres_stop immediate")
        self.proof = "PostgreSQL has ended"

    def undo_dead(self):
        self.worker.call('postgres_start "$SERVERS"')

    # restarts: the same, and back at once

    def act_restarts(self):
        self.worker.database.restart("immediate")
        self.proof = "PostgreSQL was started anew"

    # cut: the server ends the stage's connection once

    def act_cut(self):
        count = len(self.backends("pg_terminate_backend(pid)"))
        self.proof = f"{count} connections ended" if count else None

    # flapping: it ends the stage's connections again and again

    def prepare_flapping(self):
        self.count = 0
        if self.row.when == "-":
            self.act_flapping()

    def act_flapping(self):
        self.count += len(self.backends("pg_terminate_backend(pid)"))
        self.thread = threading.Thread(target=self.flap)
        self.thread.start()

    def flap(self):
        end = time.monotonic() + float(self.more[0])
        while time.monotonic() < end and not self.over.wait(0.01):
            self.count += len(self.backends("pg_terminate_backend(pid)"))

    def undo_flapping(self):
        self.proof = f"{self.count} connections ended" if self.count else None

    # hangs: the server's process for the stage stands still for some seconds

    def prepare_hangs(self):
        if self.row.when == "-":
            self.hang([int(self.worker.call("server_pid postgres")[0])])

    def act_hangs(self):
        self.hang([pid for pid, in self.backends()])

    def hang(self, pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.proof = f"{len(pids)} processes stood still" if pids else None
        self.thread = threading.Thread(target=self.wake, args=(pids,))
        self.thread.start()

    def wake(self, pids):
        self.over.wait(float(self.more[0]))
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    # locked: somebody holds the table for some seconds

    def prepare_locked(self):
        if self.row.when == "-":
            self.act_locked()

    def act_locked(self):
        connection = self.worker.database.connect()
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE postal.ip_addresses IN ACCESS EXCLUSIVE MODE")
        self.thread = threading.Thread(target=self.unlock, args=(connection,))
        self.thread.start()

    def unlock(self, connection):
        end = time.monotonic() + stages.MINUTE
        while time.monotonic() < end and not self.proof and not self.over.wait(0.02):
            if self.backends("1 WHERE false UNION SELECT count(*)") and self.worker.database.query(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'dnsbl_monitor'"):
                self.proof = "it waited for the lock"
        self.over.wait(float(self.more[0]))
        connection.commit()
        connection.close()

    # answer: pg_proxy.py before the stage loses the answer to its COMMIT, or the COMMIT

    def prepare_answer(self):
        self.place = os.path.join(self.worker.folder, "proxy")
        self.proxy = subprocess.Popen([sys.executable, "-B", os.path.join(stages.ROOT, "tests/support/pg_proxy.py"),
                                       self.worker.database.port, self.place, self.more[0]])
        while not os.path.exists(self.place):
            time.sleep(0.01)
        with open(self.place, encoding="ascii") as file:
            self.own = "DB_PORT=" + file.read().strip()

    def undo_answer(self):
        self.proxy.kill()
        self.proxy.wait()
        if os.path.exists(self.place + ".cut"):
            self.proof = f"the COMMIT was {self.more[0]}"
        for end in "", ".cut", ".trips":
            if os.path.exists(self.place + end):
                os.unlink(self.place + end)

    # readonly: the server became one that may only be read, as the wrong half of a failover

    def act_readonly(self):
        self.worker.database.query("ALTER ROLE dnsbl_monitor SET default_transaction_read_only = on")
        self.backends("pg_terminate_backend(pid)")
        self.proof = "its role may only read"

    def undo_readonly(self):
        self.worker.database.query("ALTER ROLE dnsbl_monitor RESET default_transaction_read_only")

    # swallows: it says that all is well and changes nothing

    def act_swallows(self):
        self.worker.database.query("""CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM nextval('public.swallowed'); RETURN NULL; END $$; CREATE SEQUENCE public.swallowed;
            GRANT ALL ON SEQUENCE public.swallowed TO PUBLIC;
            CREATE TRIGGER swallow BEFORE UPDATE ON postal.ip_addresses FOR EACH ROW EXECUTE FUNCTION public.swallow()""")

    def undo_swallows(self):
        (called,), = self.worker.database.query("SELECT is_called FROM public.swallowed")
        self.proof = "changes were swallowed" if called else None
        self.worker.database.query("DROP FUNCTION public.swallow CASCADE; DROP SEQUENCE public.swallowed")

    # refuses: one row cannot be changed, whatever is tried

    def act_refuses(self):
        self.worker.database.query(f"""ALTER TABLE postal.ip_addresses
            ADD CONSTRAINT refused CHECK (id <> {self.more[0]} OR "lastEvent" IS NULL) NOT VALID""")
        self.proof = "the row is under a constraint"

    def undo_refuses(self):
        self.worker.database.query("ALTER TABLE postal.ip_addresses DROP CONSTRAINT refused")


# ---- Jira --------------------------------------------------------------------

SEARCH = {"method": "POST", "path": "/search"}
CREATE = {"method": "POST", "path": "/issue$"}
EDIT = {"method": "PUT", "path": "/issue/"}
LOGIN = {"status": 200, "html": "<title>Please log in</title>"}
EVERY = "always"

JIRA = {    # name: (which requests, what becomes of them, how often)
    "slow": ({}, {"delay_answer": 0.3}, EVERY),
    "503": ({}, {"status": 503, "html": "Service Unavailable"}, EVERY),
    "resets": ({}, {"reset": True}, EVERY),
    "flapping": ({"nth": list(range(2, 400, 6))}, {"status": 502, "html": "Bad Gateway"}, EVERY),
    "flapping-much": ({"nth": list(range(2, 400, 2))}, {"status": 502, "html": "Bad Gateway"}, EVERY),
    "page": ({}, LOGIN, EVERY),
    "endless": ({}, {"endless_body": True}, 1),
    "401": ({}, {"status": 401, "html": "no"}, EVERY),
    "create-lost": (CREATE, {"lose_answer": True}, 1),
    "create-504-done": (CREATE, {"status": 504, "html": "Gateway Timeout", "work": True}, 1),
    "create-lies": (CREATE, {"wrong_json": {"key": None}}, 1),
    "create-cut": (CREATE, {"truncate": 7}, 1),
    "create-400": (CREATE, {"status": 400, "body": {"errorMessages": ["no"]}}, 1),
    "edit-lost": (EDIT, {"lose_answer": True}, 1),
    "edit-lies": (EDIT, {"status": 204}, 1),
    "edit-409": (EDIT, {"status": 409, "body": {"errorMessages": ["no"]}}, 1),
    "429": ({}, {"status": 429, "headers": {"Retry-After": 2}, "body": {}}, 2),
    "search-empty": (SEARCH, {"wrong_json": {"issues": [], "isLast": True}}, 1),
    "search-cut": (SEARCH, {"truncate": 30}, 1),
    "search-503": (SEARCH, {"status": 503, "html": "Service Unavailable"}, EVERY),
}


class Jira(Deed):
    """jira HOW: a rule of the stand-in's (JIRA above), or `dead`, nobody listens there."""

    def prepare(self):
        if self.argument == "dead":
            self.settings["JIRA_SERVER"] = f"http://127.0.0.1:{self.worker.closed_port()}"
            self.proof = "nobody listens on that port"
        elif self.row.when == "-":
            self.act(None)

    def act(self, pid):
        match, action, times = JIRA[self.argument]
        self.worker.jira.fault(RULE, match, action, times)

    def undo(self):
        if self.argument != "dead":
            fired = self.worker.jira.fired().get(RULE, 0)
            self.proof = f"{fired} requests" if fired else None
            self.worker.jira.site.faults.clear()


KINDS = {"SIGKILL": Kill, "SIGTERM": Kill, "SIGINT": Kill, "SIGSTOP": Stop, "ENOSPC": FullOutput, "EFBIG": Capture, "EPIPE": NoReader,
         "EMFILE": Limit, "ENOMEM": Limit, "malloc": NoMemory, "short": Short, "clock": WallClock, "dns": Dns, "db": Database,
         "jira": Jira}


def of(row, worker):
    return KINDS[row.fault.partition(" ")[0]](row, worker)
