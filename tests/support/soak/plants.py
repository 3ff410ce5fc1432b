"""Discrepancies, each planted behind the programs' backs after a run: the soak must tell of every one."""

import json
import os
import re

import psycopg2

import oracle


def row(soak):
    """A throttle is lost."""
    soak.database.query("UPDATE postal.ip_addresses SET priority = priority + 1000 WHERE id = "
                        "(SELECT max(id) FROM postal.ip_addresses)")


def row_written_twice(soak):
    """As it is: no value changes."""
    with psycopg2.connect(host="127.0.0.1", port=soak.database.port, dbname="postal", user="dnsbl_monitor",
                          password=soak.database.password) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE postal.ip_addresses SET priority = priority WHERE id = (SELECT max(id) FROM postal.ip_addresses)")
    connection.close()


def ticket(soak):
    """One is there twice."""
    first = next(t for t in soak.jira.tickets() if t["summary"].startswith("IP "))
    soak.jira.enter(summary=first["summary"], labels=first["labels"])


def comment(soak):
    """One without need."""
    soak.jira.edit(next(t for t in soak.jira.tickets() if oracle.OURS in t["labels"])["key"], comment="Again.")


def log(soak):
    """It counts wrongly."""
    path = os.path.join(soak.monitor.folder, "log")
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    lines[-1] = json.dumps({**json.loads(lines[-1]), "newly_listed": 99})
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def file(soak):
    with open(os.path.join(soak.monitor.temporary, "left"), "w", encoding="utf-8"):
        pass


def session(soak):
    soak.forgotten = psycopg2.connect(host="127.0.0.1", port=soak.database.port, dbname="postal", user="dnsbl_monitor",
                                      password=soak.database.password)


def memory(soak):
    """A stage takes more from run to run."""
    soak.trend.values["pg-apply"]["peak_kb"] = [10000 + 200 * step for step in range(9)]


def descriptors(soak):
    """A stage leaves more open from run to run."""
    soak.trend.values["jira-sync"]["descriptors_end"] = [5 + step for step in range(9)]


def time(soak):
    """A stage takes longer from run to run."""
    soak.trend.values["log-summary"]["cpu"] = [0.05 * 2 ** step for step in range(9)]


# Each with what a violation then says, in the order in which they are planted: what is open stays open.
ALL = {
    "row": (row, "row [0-9]+:"), "row_written_twice": (row_written_twice, "row [0-9]+ written"), "comment": (comment, "tickets as"),
    "ticket": (ticket, "tickets as"), "log": (log, "newly_listed of the log"), "file": (file, "no file"),
    "session": (session, "no session"), "memory": (memory, "memory of pg-apply"),
    "descriptors": (descriptors, "descriptors_end of jira-sync"), "time": (time, "processor time of log-summary"),
}


def untold(planted, violations):
    """Those of (number of the run, name) that no violation tells of."""
    return [name for number, name in planted if not any(
        re.search(ALL[name][1], expected + found) for at, expected, found in violations if at >= number)]
