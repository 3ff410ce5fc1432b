"""One run of jira-sync against a stand-in in this process, and how what came of it differs from a plan."""

import copy
import json
import os
import re
import subprocess
import threading
import time

import rules
import control      # rules has made the stand-in's folder known
import server
import store as stores

ADDRESS = ("--user", "monitor@example.com", "--token", "s3cret", "--project", "OPS")
AGAIN_SECONDS = 14      # 2, 4 and 8 s, for which a ticket is sought again
RUN_SECONDS = 240
SEARCH = re.compile(r"/search(/jql)?$")
DID_NOTHING = (201, 204, 400, 401, 403, 404, 413, 429)      # after these there is nothing to look for before the next try


class Site:
    """A stand-in, all of this worker's."""

    def __init__(self, flavour):
        self.flavour, self.server = flavour, server.start(server.parse(["--flavour", flavour, *ADDRESS]))
        self.store, self.faults = self.server.site.store, self.server.site.faults
        self.server.site.journal, self.journal = self, []
        threading.Thread(target=self.server.serve_forever, args=(0.5,), daemon=True).start()
        self.idle_threads = 0       # how many there are without any request: the worker knows

    def come_to_rest(self):
        """Waits until no request is under way any more, and lets the index catch up with what there is."""
        while threading.active_count() > self.idle_threads:
            time.sleep(0.005)
        with self.store.lock:
            self.store.versions = {id_: [(0, 0, copy.deepcopy(issue))] for id_, issue in self.store.issues.items()}

    def write(self, line):
        """What the stand-in puts down in its journal."""
        self.journal.append(json.loads(line))

    def control(self, method, path, order=None):
        status, answer = control.handle(self.store, self.faults, method, path, order or {})
        if status >= 400:
            raise ValueError(answer["error"])
        return answer

    def environment(self):
        return {"PATH": os.environ["PATH"], "JIRA_SERVER": self.server.site.base_url, "JIRA_API_TOKEN": "s3cret",
                **({"JIRA_USER": "monitor@example.com"} if self.flavour == "cloud" else {}), "JIRA_PROJECT": "OPS",
                "JIRA_ISSUE_TYPE": "Task", "JIRA_DNS_FAILURE_ISSUE_TYPE": "Incident",
                "JIRA_IGNORE_CLOSED_DAYS": str(rules.CLOSED_DAYS)}


def new_store(flavour):
    """The memory of a stand-in that nobody can reach."""
    return stores.Store(flavour, "OPS", ["Task", "Bug", "Incident"], ["To Do", "In Progress", "Done"], "monitor@example.com")


def issues_of(store):
    return [control.shown(store, issue) for issue in store.issues.values()]


def found_of(store):
    """What the next search would find."""
    with store.lock:
        store.searches += 1
        found = [control.shown(store, issue) for issue in store.indexed()]
        store.searches -= 1
    return found


def seconds_of(request):
    return control.moment(None, request["time"])


running = []        # of this process: whoever ends it must end these


def through(program, text, environment):
    """What the program makes of the text: status, standard output, standard error."""
    with subprocess.Popen([program], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as child:
        running.append(child)
        try:
            out, err = child.communicate(text, RUN_SECONDS)
        finally:
            child.kill()
            running.remove(child)
    return child.returncode, out, err


class Run:
    """One run, and all that can be seen of it."""

    def __init__(self, program, site, name, run_id):
        self.name, self.run_id = name, run_id
        site.journal.clear()
        site.control("DELETE", "counters")
        self.before, self.found = issues_of(site.store), found_of(site.store)
        self.status, out, err = through(program, rules.stream_of(name, run_id), site.environment())
        self.out, self.err = [[json.loads(line) for line in text.splitlines()] for text in (out, err)]
        self.after, self.counters = issues_of(site.store), site.control("GET", "counters")
        # By when the work was done: an answer that is held back is put down late.
        self.requests = sorted(site.journal, key=lambda entry: entry["time"])
        self.searches = [r for r in self.requests if SEARCH.search(r["path"])]
        self.writes = [r for r in self.requests if r["method"] != "GET" and r not in self.searches]
        self.spoilt = next((r for r in self.requests if r["fault"] == "fault"), None)

    def actions(self):
        """What it says it did: for the address, or for the tickets of an alarm."""
        if self.name in rules.ALARMS:
            alarms = self.out[-1].get("jira_malfunctions", []) if self.out else []
            return sorted(alarm["jira_action"] for alarm in alarms) or ["no_action"]
        return self.address_actions()

    def address_actions(self):
        return [record["jira_action"] for record in self.out if record.get("type") == "ip"]

    def said(self, kind):
        return any(line.get("error_type") == kind for line in self.err)


def issue_of(issues, key):
    return next((issue for issue in issues if issue["key"] == key), None)


def differences(run, plan, statuses=(0,), actions=None, skipped=(), person=None, more=0):
    """What is not as the plan says, in words.

    skipped     those of the plan's tickets that are not done, None for a new one
    actions     what it says it did, if that is not what the plan says
    person      {key: what a person did to that ticket meanwhile}
    more        edits beside those of the plan
    """
    effect, person = rules.EFFECTS[plan.action], person or {}
    keys = [key for key in plan.keys if key not in skipped]
    new = 1 if effect and effect.method == "POST" and None not in skipped else 0
    actions = actions or ([effect.action] * max(1, len(plan.keys)) if effect else ["no_action"])
    problems = []
    if run.status not in statuses:
        problems.append(f"status {run.status}, not {' or '.join(map(str, statuses))}")
    if run.actions() != sorted(actions):
        problems.append(f"jira_action {run.actions()}, not {actions}")
    done = run.counters["writes"]
    if (done["create"], done["edit"], done["transition"]) != (new, len(keys) + more, 0):
        problems.append(f"{done['create']} creates and {done['edit']} edits, not {new} and {len(keys) + more}")
    for key in (issue["key"] for issue in run.before):
        problems += differences_of_ticket(run, key, effect if key in keys else None, plan, person.get(key))
    known = {issue["id"] for issue in run.before}
    made = [issue for issue in run.after if issue["id"] not in known]
    for issue in made if new else []:
        problems += differences_of_new(run, issue, effect, plan)
    if len(made) != new:
        problems.append(f"{len(made)} new tickets, not {new}")
    if new and plan.action == "search and create" and not person:
        problems += too_soon(run.searches[0], run.writes[0])
    return problems + repetitions(run)


def differences_of_ticket(run, key, effect, plan, person):
    """How a ticket that was there differs from what the effect, and a person, make of it."""
    before, after = issue_of(run.before, key), issue_of(run.after, (person or {}).get("key", key))
    if after is None:
        return [] if person and person.get("delete") else [f"{key} is gone"]
    if effect is None and person is None:
        return [f"{key} was touched: {name}" for name in before if before[name] != after[name]]
    person = person or {}
    added, removed = (effect.add, effect.remove) if effect else ((), ())
    wanted = {
        "labels": sorted({*before["labels"], *added, *person.get("labels", [])} - set(removed)),
        "comments": len(before["comments"]) + (effect.comments if effect else 0) + person.get("comments", 0),
        "summary": plan.summary if effect and plan.summary else before["summary"],
        "open": person.get("open", before["open"]),
    }
    is_now = {name: after[name] for name in wanted} | {"comments": len(after["comments"])}
    problems = [f"{key} {name}: {is_now[name]!r}, not {wanted[name]!r}" for name in wanted if is_now[name] != wanted[name]]
    if effect and effect.comments:
        texts = [comment["body"] for comment in after["comments"] if comment["author"] != control.PERSON]
        problems += unsaid(run, f"{key}'s comment", texts[-1] if texts else "", [effect.says])
    return problems


def differences_of_new(run, issue, effect, plan):
    alarm = run.name in rules.ALARMS
    wanted = {"summary": plan.summary, "labels": sorted(effect.add), "open": True, "comments": [],
              "issuetype": "Incident" if alarm else "Task"}
    says = ["MAJOR MALFUNCTION"] if alarm else [
        "already queued", *(f"{zone}: 127.0.0.2" for zone in rules.DESIRED[run.name].listed)]
    return [f"new ticket's {name}: {issue[name]!r}, not {wanted[name]!r}" for name in wanted
            if issue[name] != wanted[name]] + unsaid(run, "description", issue["description"] or "", says)


def unsaid(run, what, text, says):
    text = re.sub(" +", " ", text)
    failed = ["did not take the change"] if "failed" in rules.DESIRED[run.name].facts else []
    return [f"{what} does not say {words!r}" for words in [*says, run.run_id, *failed] if words not in text]


def too_soon(first, second):
    seconds = seconds_of(second) - seconds_of(first)
    return [] if seconds > AGAIN_SECONDS - 0.1 else [f"{second['method']} {second['path']} after {seconds:.1f} s of searching"]


def repetitions(run):
    """A create that may have been done is searched for (2, 4, 8 s) before it is done again; an edit is looked at."""
    problems, uncertain = [], {}        # path of a write that may have been done -> that write, and looks since
    for request in run.requests:
        path = request["path"]
        if request in run.writes:
            if path in uncertain:
                problems += _repeated(request, *uncertain.pop(path))
            if request["status"] not in DID_NOTHING:
                uncertain[path] = (request, [])
        elif request["status"] == 200 and request["done"] == 200:
            for write, looks in uncertain.values():
                if request in run.searches or path == write["path"]:
                    looks.append(request)
    return problems


def _repeated(request, before, looks):
    if not looks:
        return [f"{request['method']} {request['path']} again, and nobody looked"]
    put_off = before["status"] == 503 and before["done"] is None       # perhaps with a Retry-After
    return too_soon(before, request) if request["method"] == "POST" and not put_off else []
