"""The table: its rows, and the words that may stand in their columns."""

import collections
import os
import re

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "table")
STAGES = ["pg-ips", "dnsbl-probe", "dnsbl-decide", "pg-apply", "jira-sync", "log-summary"]
JOB = "dnsbl-monitor"
COLUMNS = "run stage fault when status message database jira next"
WORDS = {"run": {"check", "full"}, "database": {"all", "none", "some", "any"}, "jira": {"all", "none", "some", "any"},
         "next": {"equal", "alike", "detour", "nothing"}, "stage": {*STAGES, JOB}}
MOMENTS = {"first": "in 0", "middle": "in 20", "end": "in end"}

Row = collections.namedtuple("Row", COLUMNS + " line")


def title(row):
    return " | ".join((row.stage, row.fault, row.when))


def moment_of(row):
    """(the stage that is stopped, the moment as moment.so knows it); None: there is none."""
    if row.when == "-":
        return None
    stage, found, moment = row.when.rpartition(": ")
    return (stage if found else row.stage), MOMENTS.get(moment, moment)


def statuses(row):
    return {int(status) for status in row.status.split(",")}


def read(only=None, full=False):
    """Those of the table that are to run; a `when` or `fault` with A..B/STEP in it is so many rows."""
    with open(TABLE, encoding="utf-8") as file:
        lines = [(number, line.rstrip("\n")) for number, line in enumerate(file, 1)]
    found = []
    for number, line in lines:
        if line.strip() and not line.startswith("#"):
            found += _sweep(_row(line, number))
    wanted = [row for row in found if full or row.run == "check"]
    return [row for row in wanted if not only or re.search(only, title(row))]


def _row(line, number):
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != len(COLUMNS.split()):
        raise ValueError(f"table, line {number}: {len(cells)} columns")
    row = Row(*cells, number)
    for column, words in WORDS.items():
        if getattr(row, column) not in words:
            raise ValueError(f"table, line {number}: {column} is '{getattr(row, column)}', not one of {sorted(words)}")
    statuses(row)
    return row


def _sweep(row):
    found = re.search(r"(\d+)\.\.(\d+)/(\d+)", row.fault)
    if not found:
        return [row]
    first, last, step = map(int, found.groups())
    return [row._replace(fault=row.fault.replace(found[0], str(number))) for number in range(first, last + 1, step)]
