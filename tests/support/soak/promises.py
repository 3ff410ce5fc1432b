"""What must be so after a run: each function yields what is not, as (what was expected, what was found)."""

import model
import oracle

TOLD = {"none": "no_action", "create": "created_issue", "recreate": "created_issue"}     # else updated_issue


def shown(row):
    return row and {name: row[name] for name in ("ip", "priority", "oldPriority", "blockingLists", "lastEvent")}


def due_rows(rows, verdicts, conflicts):
    """{id: row} as they must be; `rows` as they were, or as somebody else has made them meanwhile."""
    meant = {verdict.row["id"]: verdict for verdict in verdicts if verdict.row["id"] not in conflicts}
    return {row["id"]: model.new_row(row, meant[row["id"]]) if row["id"] in meant else row for row in rows}


def rows(was, due, found, exact):
    """`exact`: all that is due was done; else it may be, each row by itself."""
    was, found = ({row["id"]: row for row in some} for some in (was, found))
    for key in sorted(due.keys() | found.keys()):
        row = found.get(key)
        if row != due.get(key) and (exact or row != was.get(key)):
            yield f"row {key}: {shown(due.get(key))}", shown(row)


def versions(was, due, changes):
    """Each row that was due was written once, and no other; `changes`: of the monitor's (row before, row behind)."""
    written = [old["id"] for old, _ in changes]
    was = {row["id"]: row for row in was}
    for key in sorted(set(written)):
        if written.count(key) > 1 or due.get(key) == was.get(key):
            yield f"row {key} written {0 if due.get(key) == was.get(key) else 1} times", f"{written.count(key)} times"


def one_ticket(verdicts, steps, before, after, now):
    """A listed address has one open ticket, or none while a person's closing is respected; people alone make it more."""
    for verdict in verdicts:
        ip = str(verdict.ip)
        if not verdict.is_listed or verdict.transition == "held" or ip not in steps:
            continue
        was, found = ([t["key"] for t in tickets if t["open"] and oracle.belongs(t, ip)] for tickets in (before, after))
        if len(found) > max(1, len(was)):
            yield f"one open ticket for {ip}", f"{found}"
        closed = oracle.closed_ticket(after, ip)
        respected = closed and oracle.MARK not in closed["labels"] and oracle.closed_lately(closed, now)
        if not found and not (respected and verdict.transition != "listed"):
            yield f"an open ticket for {ip}, listed by {verdict.listed}", "none"


def undone(steps, alarm_steps, done):
    for step in [*steps.values(), *alarm_steps]:
        if step.action != "none" and step not in done:
            yield str(step), "not done"


def line_of(verdict, step, is_conflict, is_dry):
    """What the log must say of an address."""
    due = verdict.transition in model.EFFECTS and not is_conflict
    told = TOLD.get(step.action, "updated_issue")
    line = {"decision": "LISTED" if verdict.is_listed else "CLEAN", "transition": verdict.transition,
            "listed_zones": verdict.listed, "unknown_zones": verdict.unknown, "carried_zones": verdict.carried,
            "watch_zones": verdict.watch}
    if is_dry:
        return {**line, "would": {"db_changes": due, "jira_action": told}, "db_changes": False, "jira_action": "no_action"}
    return {**line, "db_changes": due, "jira_action": told}


def log_lines(lines, verdicts, steps, conflicts, is_dry=False, jira="works"):
    """`jira`: works; down: all tickets failed; dies: some may have."""
    due = {str(v.ip): line_of(v, steps[str(v.ip)], v.row["id"] in conflicts, is_dry) for v in verdicts}
    for ip in sorted(due.keys() | lines.keys()):
        line = {"transition": "none", "carried_zones": [], "watch_zones": [], **lines.get(ip, {})}
        wanted = due.get(ip, {})
        if jira == "down" or (jira == "dies" and line.get("jira_action") == "failed"):
            wanted["jira_action"] = "failed"
        if not wanted or any(line.get(name) != value for name, value in wanted.items()):
            yield f"line of {ip}: {wanted or 'none'}", f"{ {name: line.get(name) for name in wanted or line} }"


def last_line(line, wanted):
    if line is None:
        yield "a last line of the log", "none"
        return
    for name, value in wanted.items():
        found = line.get(name)
        if (sorted(found) if isinstance(found, list) else found) != value:
            yield f"{name} of the log: {value}", f"{found}"
