#!/usr/bin/python3
"""hardening.py REPORTS PAGE: puts the table of what was survived into PAGE, between its two marks, for `make report`.

REPORTS is the folder (build/report) where each kind of test leaves its numbers: check, sanitize-check, fuzz, soak, valgrind
and mutants. A number that is not there is not made up: which target writes it is said, and PAGE stays as it is; so it does if
anything failed. Below the table stands when those runs ended. Status 0: the table was written; 1: it was not.
"""
import datetime
import json
import os
import sys

BEGIN, END = "<!-- hardening: written by make report -->", "<!-- /hardening -->"


class Missing(Exception):
    pass


def read(folder, name, target):
    try:
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise Missing(f"{folder}/{name}.json is not there; `make {target}` writes it") from None


def unfailing(what, failures):
    """What failed has no place in the table: it is to be mended."""
    if failures:
        raise Missing(f"{what}: {failures:,} failed: mend that first")


def many(number, thing, things=None):
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(numbers):
    return ", ".join(f"{count:,} {what}" for what, count in numbers.items())


def hostile(numbers):
    unfailing("hostile input", numbers["failed"])
    return listed(numbers["inputs"]), "none taken for what it is not, none cost others anything"


def faults(numbers):
    run, table = numbers["run"], numbers["table"]
    unfailing("faults", max(numbers["failed"], run - numbers["fired"], run - numbers["converged"]))
    programs, kinds = ({row[key].split()[0] for row in table} for key in ("stage", "fault"))
    servers = kinds & {"dns", "db", "jira"}
    return (f"{many(run, 'row')}: {many(len(kinds - servers), 'kind')} of fault in {many(len(programs), 'program')}, and those of "
            f"{many(len(servers), 'server')}", "each fired, and after each the next run made up for all")


def fuzz(numbers):
    targets = numbers["targets"]
    unfailing("fuzzing", sum(not target["passed"] for target in targets) + numbers["unit_tests_failed"])
    covered = [target["lines"] for target in targets if "lines" in target]
    return (f"{many(numbers['executions'], 'execution')} of {many(len(targets), 'target')} in {numbers['seconds'] / 60:,.0f} minutes",
            f"no finding left; {min(covered):.0f} to {max(covered):.0f} % of the lines that each is about")


def soak(numbers):
    unfailing("soak", numbers["violations"])
    what = {"listings": numbers["listings"], "clearings": numbers["clearings"], "tickets": numbers["tickets"],
            "runs killed": numbers["killed"], "with Jira down": numbers["jira_down"], "with the database down": numbers["database_down"]}
    return f"{many(numbers['runs'], 'run')}: {listed(what)}", "no difference from the model"


def valgrind(numbers):
    unfailing("memory", sum(numbers[what] for what in ("errors", "lost_bytes", "descriptors_left")))
    return many(numbers["processes"], "process", "processes") + " under memcheck", "no error, no byte lost, no descriptor left open"


def tests(numbers):
    unfailing("tests", numbers["failed"])
    return many(numbers["passed"], "test"), "all passed"


def mutants(numbers):
    unfailing("mutants", numbers["planted"] - numbers["caught"])
    return many(numbers["planted"], "defect") + " planted", "all caught"


ROWS = (
    ("hostile input", hostile, "hostile", "check"),
    ("faults", faults, "faults", "check"),
    ("fuzzing", fuzz, "fuzz", "fuzz"),
    ("soak", soak, "soak", "soak"),
    ("memory", valgrind, "valgrind", "valgrind"),
    ("sanitizers", tests, "sanitized", "sanitize-check"),
    ("mutants", mutants, "mutants", "mutants"),
    ("all tests", tests, "tests", "check"),
)


def table(folder):
    lines, days = ["| | tried | came of it |", "|---|---|---|"], set()
    for name, row, report, target in ROWS:
        lines.append("| {} | {} | {} |".format(name, *row(read(folder, report, target))))
        ended = os.path.getmtime(os.path.join(folder, report + ".json"))
        days.add(datetime.datetime.fromtimestamp(ended, datetime.timezone.utc).date().isoformat())
    return "\n".join(lines) + f"\n\nRuns of {' to '.join(sorted({min(days), max(days)}))}."


def main():
    folder, page = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        before, begin, rest = file.read().partition(BEGIN)
        _, end, after = rest.partition(END)
    try:
        if not (begin and end):
            raise Missing(f"{page} has no line `{BEGIN}` with `{END}` behind it")
        text = f"{before}{BEGIN}\n{table(folder)}\n{END}{after}"
    except Missing as missing:
        print(f"hardening: {missing}", file=sys.stderr)
        return 1
    with open(page + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(page + ".new", page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
