#!/usr/bin/python3
"""decide_cases.py PROGRAM FILE SECTION: runs the cases of a section of FILE.

Each goes through PROGRAM (dnsbl-decide) as a stream of one address; the format
stands at the top of FILE. Exit 1 with the differences when one is not as it
should be, or when there is no such section.
"""
import json
import subprocess
import sys

LISTS = ["listed", "unknown", "carried", "watch", "added", "removed"]
EVENTS = {"listed": "new block from list(s) {}", "changed": "blocking list change: {}", "cleared": "block removed"}


def cases_of(path, section):
    current = None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("== "):
            current = line[3:]
        elif line and not line.startswith("#") and current == section:
            yield [column.strip() for column in line.split("|")]


def environment_of(text):
    words = text.split()
    variables = [word for word in words if word.split("=")[0].isupper() and "_" in word.split("=")[0]]
    zones = ",".join(word for word in words if word not in variables)
    return dict(word.split("=") for word in variables) | {"DNSBL_ZONES": zones}


def number_of(text):
    return None if text == "-" else int(text)


def row_of(text):
    if text == "none":
        return {}
    priority, old_priority, lists = text.split("/")
    return {
        "id": 1, "ip_text": "192.0.2.1", "priority": number_of(priority), "old_priority": number_of(old_priority),
        "blocking_lists": {"-": "", "NULL": None}.get(lists, lists), "last_event": None,
    }


def result_of(text):
    zone, said = text.rsplit("=", 1)
    status = {"no": "NOT_LISTED", "?": "UNKNOWN"}.get(said, "LISTED")
    answers = ["127.0.0." + last for last in said.split(",") if last] if status == "LISTED" else []
    return {
        "zone": zone, "status": status, "answers": answers, "reason": None,
        "error": "timeout" if status == "UNKNOWN" else None, "duration_ms": 1.5,
    }


def update_of(text, transition, shown):
    if text == "-":
        return None
    update = {}
    if text.startswith("lists="):
        lists = text[len("lists="):]
    else:
        priority, old_priority, lists = text.split("/")
        update = {"priority": number_of(priority), "old_priority": number_of(old_priority)}
    return update | {"blocking_lists": lists, "last_event": EVENTS[transition].format(",".join(shown))}


def expected_of(decision, zones, update):
    verdict, transition, score = decision.split()
    named = dict(item.split("=") for item in zones.split())
    lists = {name + "_zones": named[name].split(",") if name in named else [] for name in LISTS}
    return {
        "decision": verdict, "transition": transition, "score": int(score), **lists,
        "update": update_of(update, transition, lists["listed_zones"]),
    }


def decide(program, environment, record):
    stream = json.dumps(record) + "\n"
    ended = subprocess.run([program], input=stream, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        return f"exit {ended.returncode}: {ended.stderr}"
    decided = json.loads(ended.stdout)
    if list(decided)[:len(record)] != list(record):
        return "the record's own members have changed"
    return {key: value for key, value in decided.items() if key not in record}


def main(program, path, section):
    bad = count = 0
    for name, configuration, row, results, decision, zones, update in cases_of(path, section):
        record = {"type": "ip", "ip": "192.0.2.1", **row_of(row)}
        record["results"] = [result_of(word) for word in results.split() if word != "-"]
        expected = expected_of(decision, zones, update)
        found = decide(program, environment_of(configuration), record)
        count += 1
        if found != expected:
            bad += 1
            print(f"{name}:\n  expected {json.dumps(expected)}\n  found    {json.dumps(found)}")
    if count == 0:
        print(f"{path} has no cases in a section \"{section}\"")
    return bad > 0 or count == 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
