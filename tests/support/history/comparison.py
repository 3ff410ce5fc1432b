"""All tickets before a run and after it, held against what was to be done: each change was due, and is whole."""

import json

import alarms
import oracle

from playing import Violation


def compare(steps, alarm_steps, before, after, run_id, failed=(), moved=()):
    """[(Step, ticket)] of what was done.  `steps`: those of the addresses by address, of which those in `failed` have not
    got their change into the database; `moved`: keys of tickets that a person has changed meanwhile."""
    was, done = {ticket["key"]: ticket for ticket in before}, []
    gone = set(was) - {ticket["key"] for ticket in after}
    if gone:
        raise Violation(f"gone: {gone}")
    for ticket in after:
        old = was.get(ticket["key"])
        if ticket["key"] in moved or (old and oracle.same(old, ticket)):
            continue
        is_alarm = alarms.sort_of(ticket)
        open_steps = [step for step in (alarm_steps if is_alarm else steps.values()) if step not in [some for some, _ in done]]
        step = next((step for step in open_steps if _is_about(step, ticket, old is None, is_alarm)), None)
        if step is None:
            raise Violation(f"touched without need: {ticket['key']} {ticket['summary']} {ticket['labels']} "
                            f"{[comment['body'][:60] for comment in ticket['comments']]}; {_others(steps, ticket, before)}")
        if is_alarm:
            problem = alarms.problem(step, old, ticket, run_id)
        elif old:
            problem = oracle.problem_of_edit(step, old, ticket, [run_id])
        else:
            problem = oracle.problem_of_new(step, ticket, [run_id], step.ip in failed)
        if problem:
            raise Violation(f"{step}: wrong {problem}: {json.dumps(ticket)}")
        done.append((step, ticket))
    return done


def _others(steps, ticket, before):
    """Of the same address, as they were before."""
    ip = next((step.ip for step in steps.values() if oracle.belongs(ticket, step.ip)), None)
    return [" ".join(map(str, (other["key"], other["status"], other["resolved"], other["labels"], other["summary"])))
            for other in before if ip and oracle.belongs(other, ip)]


def _is_about(step, ticket, is_new, is_alarm):
    if is_alarm:
        return step.is_about(ticket, is_new)
    if step.action == "none":
        return False
    return step.ticket["key"] == ticket["key"] if step.ticket else is_new and oracle.belongs(ticket, step.ip)
