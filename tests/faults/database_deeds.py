"""Faults of PostgreSQL.  See deeds.py."""

import os
import signal
import subprocess
import sys
import threading
import time

import stages
from deed import Deed, unread


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

    # Where the server's side shows nothing: what the stage says when it meets the fault.
    MET = {"dead": "Connection refused", "readonly": "read-only transaction", "refuses": "violates check constraint"}

    def fired(self, _):
        return self.said(self.MET[self.how]) if self.how in self.MET else self.proof

    def backends(self, what="pid"):
        return self.worker.database.query(
            f"SELECT {what} FROM pg_stat_activity WHERE usename = 'dnsbl_monitor' AND application_name LIKE %s", (self.row.stage + "%",))

    # dead: the server is shut down at once, and comes back when the job has ended

    def act_dead(self):
        self.worker.call("postgres_stop immediate")

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
            self.hang([int(self.worker.call("server_pid postgres")[0])], self.somebody_waits)

    def act_hangs(self):
        self.hang([pid for pid, in self.backends()], lambda: True)

    def somebody_waits(self):
        """For those who take connections: that one has come."""
        end = time.monotonic() + stages.MINUTE
        while not unread("tcp", self.worker.database.port):
            if time.monotonic() > end or self.over.wait(0.01):
                return False
        return True

    def hang(self, pids, met):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.thread = threading.Thread(target=self.wake, args=(pids, met))
        self.thread.start()

    def wake(self, pids, met):
        if pids and met():
            self.over.wait(float(self.more[0]))
            self.proof = f"{len(pids)} processes stood still"
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
            if self.worker.database.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'dnsbl_monitor'"):
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

    def undo_refuses(self):
        self.worker.database.query("ALTER TABLE postal.ip_addresses DROP CONSTRAINT refused")
