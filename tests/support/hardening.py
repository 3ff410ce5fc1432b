#!/usr/bin/python3
"""hardening.py REPORTS PAGE: puts the table of what was survived into PAGE, between its two marks, for `make report`.

REPORTS is the folder (build/report) where each kind of test leaves its numbers: check, sanitize-check, fuzz, soak, valgrind
and mutants. A number that is not there is not made up: which target writes it is said, and PAGE stays as it is. Status 0: the
table was written; 1: it was not.
"""
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


def many(number, thing, things=None):
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(numbers):
    return ", ".join(f"{count:,} {what}" for what, count in numbers.items())


def hostile(numbers):
    if numbers["failed"]:
        raise Missing(f"{many(numbers['failed'], 'test')} of hostile input failed: mend that first")
    return listed(numbers["inputs"]), "none taken for what it is not, none cost others anything"


def faults(numbers):
    table = numbers["table"]
    stages, kinds = ({row[key].split()[0] for row in table} for key in ("stage", "fault"))
    return (f"{many(numbers['run'], 'row')}: {len(kinds)} kinds of fault in {len(stages)} stages and servers",
            f"{numbers['fired']:,} fired, after {numbers['converged']:,} the next run made up for all; {numbers['failed']:,} failed")


def fuzz(numbers):
    targets = numbers["targets"]
    covered = [target["lines"] for target in targets if "lines" in target]
    failed = sum(not target["passed"] for target in targets)
    if not covered:
        raise Missing("fuzz.json has no coverage: mend what failed first")
    return (f"{many(numbers['executions'], 'execution')} of {many(len(targets), 'target')} in {numbers['seconds'] / 60:,.0f} minutes",
            f"{min(covered):.0f} to {max(covered):.0f} % of the lines that each is about; {failed:,} failed")


def soak(numbers):
    what = {"listings": numbers["listings"], "clearings": numbers["clearings"], "tickets": numbers["tickets"],
            "runs killed": numbers["killed"], "with Jira down": numbers["jira_down"], "with the database down": numbers["database_down"]}
    return f"{many(numbers['runs'], 'run')}: {listed(what)}", f"{many(numbers['violations'], 'difference')} from the model"


def valgrind(numbers):
    return (many(numbers["processes"], "process", "processes") + " under memcheck",
            f"{many(numbers['errors'], 'error')}, {many(numbers['lost_bytes'], 'byte')} lost, {many(numbers['descriptors_left'], 'descriptor')} left open")


def tests(numbers):
    return many(numbers["passed"] + numbers["failed"], "test"), f"{numbers['failed']:,} failed"


def mutants(numbers):
    return many(numbers["planted"], "defect") + " planted", f"{numbers['caught']:,} caught"


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
    lines = ["| | tried | came of it |", "|---|---|---|"]
    for name, row, report, target in ROWS:
        lines.append("| {} | {} | {} |".format(name, *row(read(folder, report, target))))
    return "\n".join(lines)


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
