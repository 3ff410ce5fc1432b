"""The stand-in for Jira, inside this process: on a fast clock, and with somebody who looks on at every request.

What the looker-on does at a request: kills the program, lets credentials expire, changes tickets between two pages.
"""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "jira"))
import control
import server
import store as stores

USER, TOKEN = "monitor@example.org", "t0ken-that-nobody-may-see"
TOO_LONG = 30   # real seconds for what takes none


class Site:
    def __init__(self, flavour, clock):
        stores.time = server.time = clock       # both ask it for time() and sleep() alone
        self.flavour = flavour
        prefix = "/jira" if flavour == "datacenter" else ""
        self.server = server.start(server.parse(
            ["--flavour", flavour, "--user", USER, "--token", TOKEN, "--project", "OPS", "--prefix", prefix,
             "--issue-types", "Task,Incident"]))
        self.site, self.store = self.server.site, self.server.site.store
        self.url = self.site.base_url
        self.journal, self.under_way, self.most_under_way, self.connections = [], 0, 0, 0
        self.calm = threading.Condition()
        self.before, self.after, self.arrival = None, None, None
        self._look_on()
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _look_on(self):
        count, pick, record = self.site.count, self.site.faults.pick, self.site.record

        def counted(method, template):
            with self.calm:
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
            if self.arrival:
                self.arrival(method, template)
            count(method, template)

        def picked(method, target, body):
            rule = pick(method, target, body)
            if self.before:
                self.before(rule.name if rule else "", method, target, body)
            return rule

        def recorded(entry):
            self.journal.append(entry)
            if self.after:
                self.after(entry["fault"] or "")
            with self.calm:
                self.under_way -= 1
                self.calm.notify_all()
            record(entry)

        self.site.count, self.site.faults.pick, self.site.record = counted, picked, recorded
        self._look_on_connections()

    def _look_on_connections(self):
        begin, serve = self.server.process_request, self.server.process_request_thread

        def begun(*arguments):
            with self.calm:
                self.connections += 1
            begin(*arguments)

        def served(*arguments):
            serve(*arguments)
            with self.calm:
                self.connections -= 1
                self.calm.notify_all()

        self.server.process_request, self.server.process_request_thread = begun, served

    # Between runs

    def begin_run(self, **settings):
        """Faults, onlookers and settings as for a run in which nothing happens, but for the settings given."""
        self.site.faults.clear()
        self.before = self.after = self.arrival = None
        self.journal.clear()
        self.most_under_way = 0
        self.store.failed_logins = 0
        self.store.settings.update({"index_lag": 0, "edit_lag": 0, "page_cap": 100, "token_valid": True, **settings})
        self.store.clear_counters()

    def drain(self):
        """Waits until all that the program ever sent has been read and done; it has ended, and so do its connections."""
        end = time.monotonic() + TOO_LONG
        with socket.create_connection(self.server.server_address, TOO_LONG) as probe:
            # Connections are taken in the order they came: when this one is served, all before it were taken.
            probe.sendall(b"GET /_stand-in/settings HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while probe.recv(4096):
                pass
        with self.calm:
            while self.connections > 0:
                if not self.calm.wait(end - time.monotonic()):
                    raise AssertionError("a request does not end")

    def fault(self, name, match, action, times=1):
        self.site.faults.add({"name": name, "match": match, "action": action, "times": times})

    def fired(self):
        return {name: counts["fired"] for name, counts in self.site.faults.counters().items() if counts["fired"]}

    def tickets(self):
        with self.store.lock:
            return [{**control.shown(self.store, issue), "labels": sorted(issue["labels"]),
                     "comments": [dict(c) for c in issue["comments"]]} for issue in self.store.issues.values()]

    # People

    def enter(self, **order):
        with self.store.lock:
            return control.seed(self.store, order)["key"]

    def edit(self, key, **order):
        with self.store.lock:
            control.edit(self.store, self.store.find(key), order)
