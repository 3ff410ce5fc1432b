#!/usr/bin/python3
"""valgrind_logs.py [--report FILE] [--expect NAME=N]... FOLDER...: what memcheck found in processes whose logs are in there.

A log is NAME.PID, written with --leak-check=full --track-fds=yes.  It must be whole, which that of a killed process is
not, and have no error, no block that is lost, and no descriptor open at the end but those of KEPT and those that the
process was given: memcheck's own exit status does not tell of descriptors before version 3.21.

Status 1: something was found, or not just N processes of a program have logs.  FILE gets the numbers as JSON.
"""

import argparse
import collections
import itertools
import json
import os
import re
import sys

LOST = re.compile(r"(definitely|indirectly|possibly) lost: ([0-9,]+) bytes")
ERRORS = re.compile(r"ERROR SUMMARY: ([0-9,]+) errors from ([0-9,]+) contexts \(suppressed: ([0-9,]+) from")
OPEN = re.compile(r"Open (file descriptor [0-9]+:.*|.*socket [0-9]+:.*)")
INHERITED = "<inherited from parent>"
KEPT = {"signals_install": 2}   # common/signals.c: the pipe that a signal writes to, while the process lives


def number(text):
    return int(text.replace(",", ""))


def read(path):
    """The lines without the prefix `==PID==`; of what else the program wrote there is nothing."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return [re.sub(r"^[=-]{2}[0-9]+[=-]{2} ?", "", line.rstrip("\n")) for line in file]


def look(path):
    """(problems, {errors, suppressed, lost_bytes, descriptors}) of one process."""
    lines = read(path)
    found, problems, kept = collections.Counter(), [], collections.Counter()
    for at, line in enumerate(lines):
        lost, errors, left = LOST.search(line), ERRORS.search(line), OPEN.match(line)
        if lost:
            found["lost_bytes"] += number(lost[2])
        elif errors:
            found["errors"] += number(errors[1])
            found["suppressed"] += number(errors[3])
            found["ended"] += 1
        elif left and INHERITED not in lines[at + 1]:
            callers = re.findall(r" (?:by|at) 0x[0-9A-F]+: (\w+)", "\n".join(itertools.takewhile(str.strip, lines[at + 1:])))
            holder = next((name for name in callers if name in KEPT), None)
            kept[holder] += 1
            if holder is None or kept[holder] > KEPT[holder]:
                found["descriptors"] += 1
                problems.append(f"left open at the end: {left[1]}")
    if not found["ended"]:
        problems.append("no summary: it was killed, or is not valgrind's")
    if found["errors"] or found["lost_bytes"]:
        problems.append(f"{found['errors']} errors, {found['lost_bytes']} bytes lost")
    return problems, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--report", metavar="FILE")
    parser.add_argument("--expect", action="append", default=[], metavar="NAME=N")
    options = parser.parse_args()
    runs, total, status = collections.Counter(), collections.Counter(), 0
    for path in (os.path.join(folder, name) for folder in options.folders for name in sorted(os.listdir(folder))):
        problems, found = look(path)
        runs[os.path.basename(path).rpartition(".")[0]] += 1
        total.update(found)
        if problems:
            status = 1
            print(f"{os.path.basename(path)}: {'; '.join(problems)}", *read(path)[:200], sep="\n    ")
    for name, _, count in (expected.partition("=") for expected in options.expect):
        if runs[name] != int(count):
            status = 1
            print(f"{runs[name]} processes of {name} have logs, not {count}")
    if options.report:
        os.makedirs(os.path.dirname(os.path.abspath(options.report)), exist_ok=True)
        with open(options.report, "w", encoding="utf-8") as file:
            json.dump({"processes": sum(runs.values()), "programs": dict(sorted(runs.items())), "errors": total["errors"],
                       "lost_bytes": total["lost_bytes"], "descriptors_left": total["descriptors"],
                       "suppressed": total["suppressed"]}, file, indent=2)
            file.write("\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
