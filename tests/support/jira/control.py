"""The tests' own interface to the stand-in, under /_stand-in/.  JSON in, JSON out, no Authorization.

  GET    state          {"issues": [...], "deleted": [keys], "settings": {...}}; times in UTC
  GET    counters       requests by method and path, writes done, faults fired by rule, connections; how many issues searches
                        did not show for the index's lag (withheld), or as they were once (outdated)
  DELETE counters       back to zero (faults keep theirs)
  POST   issue          one issue, or a list, as a person would enter it: summary, and as wanted description,
                        labels, status, issuetype, created, updated, resolved, comments (a list of texts)
  POST   issue/KEY      a person edits: summary, description, labels (all of them), add_labels, remove_labels,
                        status, comment, created, updated, resolved, move (to another key), delete (true)
  DELETE issue/KEY      a person deletes it
  GET    faults         the rules' counters
  POST   faults         one rule or a list: see faults.py
  DELETE faults         no more faults
  GET    settings       see SETTINGS in store.py
  POST   settings       changes those that are named
  POST   reset          as when it was started; a request under way does nothing more

A time is ISO 8601 (2026-11-20T10:00:00Z), seconds since 1970, or relative (-7d, -3h, -20m, -5s).
What a person does is seen by search at once, unless the setting people_lag says otherwise.
"""

import datetime
import re

import search
import store as stores

PERSON = "a.person"
TIMES = ("created", "updated", "resolved")
SEED = {"summary", "description", "labels", "status", "issuetype", "comments", *TIMES}
EDIT = {"summary", "description", "labels", "add_labels", "remove_labels", "status", "comment", "move", "delete", *TIMES}


def iso(seconds):
    if seconds is None:
        return None
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(store, value):
    if value is None or isinstance(value, (int, float)):
        return value
    relative = re.fullmatch(r"-(\d+)([dhms])", value)
    if relative:
        return store.now() - int(relative[1]) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[relative[2]]
    when = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if when.tzinfo is None:
        raise ValueError(f"{value}: a time without a zone")
    return when.timestamp()


def shown(store, issue):
    return {
        **{k: issue[k] for k in ("id", "key", "summary", "description", "labels", "status", "issuetype", "reporter", "extra")},
        "category": store.statuses[issue["status"]], "open": not store.is_done(issue),
        **{k: iso(issue[k]) for k in TIMES},
        "comments": [{**c, "created": iso(c["created"])} for c in issue["comments"]],
    }


def _only(order, known):
    unknown = set(order) - known
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")


def _status(store, name):
    status = store.status_named(name)
    if status is None:
        raise ValueError(f"no such status: {name}")
    return status


def seed(store, order):
    """Enters an issue as a person would."""
    _only(order, SEED)
    times = {k: moment(store, order[k]) for k in TIMES if k in order}
    status = _status(store, order["status"]) if order.get("status") else None
    issue = store.create(order["summary"], order.get("issuetype") or store.issue_types[0], PERSON,
                         description=order.get("description"), labels=order.get("labels"), status=status, **times)
    for text in order.get("comments", []):
        store.comment(issue, text, PERSON, issue["created"])
    if "resolved" in times:
        issue["resolved"] = issue["category_changed"] = times["resolved"]
    if "updated" in times:
        issue["updated"] = times["updated"]
    store.changed(issue, store.settings["people_lag"])
    return issue


def edit(store, issue, order):
    """Changes an issue as a person would."""
    _only(order, EDIT)
    if order.get("delete"):
        store.delete(issue)
        return
    for field in ("summary", "description"):
        if field in order:
            issue[field] = order[field]
    labels = set(order.get("labels", issue["labels"])) | set(order.get("add_labels", []))
    issue["labels"] = sorted(labels - set(order.get("remove_labels", [])))
    issue["updated"] = store.now()
    if "status" in order:
        store.move(issue, _status(store, order["status"]))
    if "comment" in order:
        store.comment(issue, order["comment"], PERSON)
    for field in TIMES:
        if field in order:
            issue[field] = moment(store, order[field])
    if "resolved" in order and issue["resolved"]:
        issue["category_changed"] = issue["resolved"]
    if "move" in order:
        store.rename(issue, order["move"])
    store.changed(issue, store.settings["people_lag"])


def _settings(store, order):
    _only(order, set(store.settings))
    for name, value in order.items():
        kind = type(stores.SETTINGS[name])
        if not isinstance(value, (int, float) if kind is int else kind) or (kind is int and isinstance(value, bool)):
            raise ValueError(f"{name}: not a {kind.__name__}")
    _only(order.get("permissions", []), set(stores.PERMISSIONS))
    _only([order["last_page"]] if "last_page" in order else [], set(search.LAST_PAGES))
    _only(order.get("off_screen", {}), {s + t for s in ("create", "edit") for t in ("", *(" " + n for n in store.issue_types))})
    store.settings.update(order)
    return store.settings


def _state(store):
    return {"issues": [shown(store, i) for i in store.issues.values()], "deleted": store.deleted, "settings": store.settings}


def _issue(store, method, key, order):
    issue = store.find(key)
    if issue is None:
        raise ValueError(f"no such issue: {key}")
    edit(store, issue, {"delete": True} if method == "DELETE" else order)
    return shown(store, issue)


def _counters(store, faults):
    return {**store.counters, "faults": faults.counters()}


def handle(store, faults, method, path, order):
    """(status, answer) of one request; `path` is what follows /_stand-in/."""
    orders = order if isinstance(order, list) else [order]
    with store.lock:
        try:
            if (method, path) == ("GET", "state"):
                return 200, _state(store)
            if (method, path) == ("GET", "counters"):
                return 200, _counters(store, faults)
            if (method, path) == ("DELETE", "counters"):
                store.clear_counters()
                return 200, _counters(store, faults)
            if (method, path) == ("POST", "issue"):
                made = [shown(store, seed(store, o)) for o in orders]
                return 201, made if isinstance(order, list) else made[0]
            if method in ("POST", "DELETE") and path.startswith("issue/"):
                return 200, _issue(store, method, path[len("issue/"):], order)
            if path == "faults" and method in ("GET", "POST", "DELETE"):
                if method == "DELETE":
                    faults.clear()
                for one in orders if method == "POST" else []:
                    faults.add(one)
                return 200, faults.counters()
            if path == "settings" and method in ("GET", "POST"):
                return 200, _settings(store, order if method == "POST" else {})
            if (method, path) == ("POST", "reset"):
                store.clear()
                faults.clear()
                return 200, _state(store)
            return 404, {"error": f"no such control: {method} {path}"}
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as problem:
            return 400, {"error": f"{type(problem).__name__}: {problem}"}
