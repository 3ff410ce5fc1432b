"""Faults of the DNS servers and of Jira.  See deeds.py."""

import threading

import addresses
from deed import Deed, unread

# ---- DNS ---------------------------------------------------------------------

class Dns(Deed):
    """dns FAULT [ZONE...]: a fault of servers.bash's fault_zone, or `dead` (the server is killed), `hangs` (it stands
    still), `flapping` (it stands still for a quarter of a second again and again, and few are asked at a time), or
    `garbage ACTION` (dns_garbage.py). Where somebody has to tell dnsdist, that is a process more, and too slow for a stage
    that stands still in the middle of its lookups."""
    SILENT = ("dead", "hangs", "flapping", "drop", "loss:40", "delay:3000", "random:40", "otherid")     # after these it waits

    def prepare(self):
        self.how, *zones = self.argument.split()
        self.zones = zones or addresses.ZONES
        self.over = threading.Event()
        self.thread = None
        if set(self.argument.split()) & set(self.SILENT):
            self.settings.update(self.HASTE)
        if self.how == "flapping":
            self.settings["DNS_CONCURRENCY"] = "2"
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
            call("server_signal dnsdist STOP")
            self.thread = threading.Thread(target=self.flap)
            self.thread.start()
        elif self.how == "garbage":
            for zone in self.zones:
                call(f"garble {zone} {self.action}")
        else:
            for zone in self.zones:
                call(f"fault_zone {zone} {self.how}")

    def flap(self):
        count, stopped, port = 0, True, self.worker.resolvers.partition("@")[2]
        while not self.over.wait(0.25 if stopped else 0.005):
            count += stopped and unread("udp", port) > 0
            self.worker.call(f"server_signal dnsdist {'CONT' if stopped else 'STOP'}")
            stopped = not stopped
        self.worker.call("server_signal dnsdist CONT")
        self.proof = f"questions waited for it {count} times" if count > 1 else None

    def fired(self, job):
        """A server that is gone proves nothing if nobody asked it."""
        if self.how in ("dead", "hangs"):
            with open(job.out, encoding="utf-8") as file:
                return self.proof if '"type":"unknown_lookup' in file.read() else None
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


# ---- Jira --------------------------------------------------------------------

RULE = "fault"      # the name of the stand-in's rule
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
        elif self.row.when == "-":
            self.act(None)

    def act(self, pid):
        match, action, times = JIRA[self.argument]
        self.worker.jira.fault(RULE, match, action, times)

    def fired(self, _):
        return self.said("Failed to connect") if self.argument == "dead" else self.proof

    def undo(self):
        if self.argument != "dead":
            fired = self.worker.jira.fired().get(RULE, 0)
            self.proof = f"{fired} requests" if fired else None
            self.worker.jira.site.faults.clear()
