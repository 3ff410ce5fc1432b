"""A PostgreSQL, with pgbouncer before it if wanted, which servers.bash starts and stops, and a superuser's view of it."""

import os
import subprocess
import threading
import time

import psycopg2
import psycopg2.extras

SUPPORT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATIENCE = 60   # seconds for what takes few
DONE = "\x04"   # ends the answer to a command


class Database:
    def __init__(self, folder, bounced=True):
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        self.lock = threading.Lock()
        self.log = open(os.path.join(folder, "shell.log"), "w", encoding="utf-8")
        # The servers end with this shell, however this process ends: see _guard there.
        self.shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.call(f'source "{SUPPORT}/servers.bash"')
        self.call(f'postgres_start "{folder}" autovacuum=off')
        self.call('sql <"$SUPPORT/audit.sql"')
        self.port, self.password, self.sockets = self.call('printf "%s\\n" "$DB_PORT" "$DB_PASSWORD" "$POSTGRES_SOCKETS"')
        if bounced:
            self.call(f'pgbouncer_start "{folder}"')
            self.bouncer_port, = self.call('echo "$DB_PORT"')
        self.connection = None

    def call(self, command):
        """Runs bash: the lines of its output."""
        with self.lock:
            self.shell.stdin.write(f"{{ {command}\n}} </dev/null; printf '{DONE}%d\\n' $?\n")
            self.shell.stdin.flush()
            lines = []
            for line in self.shell.stdout:
                if line.startswith(DONE):
                    if int(line[1:]) != 0:
                        raise AssertionError(f"{command}: status {line[1:].strip()}; see {self.log.name}")
                    return lines
                lines.append(line.rstrip("\n"))
            raise AssertionError(f"{command}: the shell is gone; see {self.log.name}")

    def restart(self, how):
        self.call(f"postgres_restart {how}")

    def close(self):
        self.call("servers_stop")
        self.shell.stdin.close()
        self.shell.wait(PATIENCE)
        self.log.close()

    # As the superuser

    def connect(self):
        connection = psycopg2.connect(host=self.sockets, port=self.port, user="postgres", dbname="postal",
                                      application_name="operator")
        connection.autocommit = True
        return connection

    def query(self, statement, values=()):
        """Rows; again on a new connection where a restart took the last one away."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.connection = self.connection or self.connect()
                with self.connection.cursor() as cursor:
                    cursor.execute(statement, values or None)
                    return cursor.fetchall() if cursor.description else []
            except psycopg2.Error as error:
                # 57P: the server stops or starts; without a code the connection broke.
                if (error.pgcode and not error.pgcode.startswith("57P")) or time.monotonic() > end:
                    raise
                self.connection = None
                time.sleep(0.02)

    def insert(self, rows):
        with self.connect() as connection, connection.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor, 'INSERT INTO postal.ip_addresses (ip, priority, "oldPriority", "blockingLists", "lastEvent") VALUES %s', rows)
        connection.close()

    def wait_until_idle(self):
        """Until nothing that the monitor began is still under way: a backend outlives a client that was killed."""
        end = time.monotonic() + PATIENCE
        while self.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'dnsbl_monitor' AND state <> 'idle'"):
            if time.monotonic() > end:
                raise AssertionError("a backend does not end")
            time.sleep(0.01)
