#!/usr/bin/python3
"""monitoring.py TOP: checks the alerts and the dashboard in TOP/kubernetes/monitoring; prints what is wrong, exit 1 if anything is.

What they may ask for is what the manuals of log-summary and dnsbl-monitor name; what alerts refer people to is README.md.

monitoring.py queries TOP: prints each query of the dashboard, a JSON string a line, for all shards of the job.
monitoring.py selectors TOP: prints each `metric{labels}` that the alerts and the dashboard select, without job and instance.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

MANIFESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "manifests")
sys.path.append(MANIFESTS)
import kustomize

FOLDER = "kubernetes/monitoring"
MANUALS = ("tools/log-summary.1", "pipelines/dnsbl-monitor.1")
ALERTS, DASHBOARD = "kubernetes/monitoring/alerts.yaml", "kubernetes/monitoring/dashboard.json"
METRIC = re.compile(r"^\.It Li (dnsbl_\w+(?: , dnsbl_\w+)*)(?: Ns Brq Va (\w+(?: , \w+)*))?$", re.MULTILINE)
# What a scrape adds, and the Pushgateway's groups.
TARGET = {"job", "instance", "shard", "kept"}
HISTOGRAMS = ("_bucket", "_sum", "_count")
VARIABLES = {"$job": "dnsbl-monitor", "$instance": ".*", "$shard": ".*"}
TEXTS = ("summary", "description", "runbook")
SEVERITIES = ("critical", "warning")
WITHOUT_UNIT = ("row", "table")
COLUMNS = 24
APPLY_LIMIT = 262144  # what `kubectl apply` can keep in an annotation, of the ConfigMap as JSON

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[0-9.]+[a-z]*|[A-Za-z_:][\w:]*|[=!]~|[=!<>]=|.)')
OPERATORS = {"and", "or", "unless", "bool", "offset"}
GROUPINGS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
LABEL = re.compile(r"\{\{ *(\w+) *\}\}")
TEMPLATE_LABEL = re.compile(r"\$labels\.(\w+)")
TEMPLATE_QUERY = re.compile(r'printf "([^"]*)"')


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as file:
        return file.read()


def contract(top):
    """The labels of each metric, as the manuals have them."""
    labels = {}
    for manual in MANUALS:
        for names, known in METRIC.findall(read(top, manual).partition("\n.Ss Metrics\n")[2]):
            for name in names.split(" , "):
                labels.setdefault(name, set()).update(known.split(" , ") if known else ())
    return labels


class Query:
    """What a PromQL expression selects: (metric, [(label, operator, value)]), and the labels that it groups by."""

    def __init__(self, text):
        self.text, self.selected, self.grouped = text, [], set()
        self.tokens = TOKEN.findall(text)
        while self.tokens:
            self.take(self.tokens.pop(0))

    def until(self, end):
        taken = []
        while self.tokens and (token := self.tokens.pop(0)) != end:
            taken.append(token)
        return taken

    def next(self):
        return self.tokens[0] if self.tokens else ""

    def take(self, token):
        if token in GROUPINGS:
            if self.next() == "(":
                self.tokens.pop(0)
                self.grouped.update(token for token in self.until(")") if token != ",")
        elif token == "[":
            self.until("]")
        elif re.match(r"[A-Za-z_]", token) and token not in OPERATORS and self.next() not in ("(", *GROUPINGS):
            self.selected.append((token, list(self.matchers())))

    def matchers(self):
        if self.next() != "{":
            return
        self.tokens.pop(0)
        inside = [token for token in self.until("}") if token != ","]
        for i in range(0, len(inside), 3):
            yield inside[i], inside[i + 1], inside[i + 2][1:-1]


def labels_of(known, metric):
    """The labels of a metric or of a part of a histogram; None: there is no such metric."""
    if metric in known:
        return known[metric] | TARGET
    for end in HISTOGRAMS:
        name = metric.removesuffix(end)
        if name != metric and name.endswith("_duration_seconds") and known.get(name) == {"zone"}:
            return known[name] | TARGET | ({"le"} if end == "_bucket" else set())
    return None


def wrong_query(known, where, query, more=()):
    """Complaints of a query, and of labels that are used beside it."""
    labels = set()
    for metric, matchers in query.selected:
        own = labels_of(known, metric)
        if own is None:
            yield f"{where}: no manual describes the metric {metric}"
            continue
        labels |= own
        for label, _, _ in matchers:
            if label not in own:
                yield f"{where}: {metric} has no label {label}"
    if not query.selected:
        yield f"{where}: selects nothing"
    for label in sorted((query.grouped | set(more)) - labels):
        yield f"{where}: no metric there has the label {label}"


def promtool(document):
    """What `promtool check rules` says against rules."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(document, file)
        file.flush()
        run = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    return run.stderr.replace(file.name, "promtool").split("\n\n") if run.returncode else []


# ---- the alerts


def rules_of(alerts):
    return [rule for group in alerts["groups"] for rule in group["rules"]]


def template_queries(rule):
    """The queries in a rule's texts, their verbs as if the values were there."""
    for text in TEXTS:
        for query in TEMPLATE_QUERY.findall(rule["annotations"].get(text, "")):
            yield query.replace("'", '"').replace("%s", "x")


def wrong_alerts(top, known):
    alerts, readme = yaml.safe_load(read(top, ALERTS)), read(top, "README.md")
    for said in promtool(alerts):
        yield f"{ALERTS}: {said.strip()}"
    rules = rules_of(alerts)
    for rule in rules:
        name, texts = rule["alert"], " ".join(rule["annotations"].get(text, "") for text in TEXTS)
        yield from wrong_query(known, name, Query(rule["expr"]), TEMPLATE_LABEL.findall(texts))
        for query in template_queries(rule):
            yield from wrong_query(known, f"{name}, a text", Query(query))
            for said in promtool({"groups": [{"name": "text", "rules": [{"record": "text", "expr": query}]}]}):
                yield f"{name}, a text: {said.strip()}"
        if rule["labels"].get("severity") not in SEVERITIES:
            yield f"{name}: severity is {rule['labels'].get('severity')}, not one of {SEVERITIES}"
        for text in set(TEXTS) - set(rule["annotations"]):
            yield f"{name}: has no {text}"
        for heading in re.findall(r'"([^"]+)"', rule["annotations"].get("runbook", "")):
            if not re.search(rf"^##+ {re.escape(heading)}$", readme, re.MULTILINE):
                yield f"{name}: README.md has no section {heading}"
    rows = re.findall(r"^\| `(Dnsbl\w+)` \|", readme, re.MULTILINE)
    if rows != [rule["alert"] for rule in rules]:
        yield f"README.md: its table has not the alerts in their order, but {rows}"


# ---- the dashboard


def substituted(text):
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


def targets_of(dashboard):
    """(where, target) of each query of a panel."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']}", target


def wrong_dashboard(top, known):
    text = read(top, DASHBOARD)
    dashboard = json.loads(text)
    if text != json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n":
        yield f"{DASHBOARD}: is not formatted as `jq --indent 2 .` does it"
    if 2 * len(json.dumps(text)) > APPLY_LIMIT:
        yield f"{DASHBOARD}: comes near what `kubectl apply` can keep"
    if "rate(" in text.replace("rate() is for", ""):
        yield f"{DASHBOARD}: takes rate() of gauges"
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    if {"$" + name for name in variables} != set(VARIABLES) | {"$datasource"}:
        yield f"{DASHBOARD}: the variables are {sorted(variables)}"
    for name, variable in variables.items():
        for metric, label in re.findall(r"label_values\((.+), (\w+)\)", variable.get("definition", "")):
            yield from wrong_query(known, f"variable {name}", Query(metric), [label])
    rules = []
    for where, target in targets_of(dashboard):
        query = Query(target["expr"])
        yield from wrong_query(known, where, query, LABEL.findall(target.get("legendFormat", "")))
        for metric, matchers in query.selected:
            if {value for _, operator, value in matchers if operator == "=~"} & set(VARIABLES) != set(VARIABLES):
                yield f"{where}: {metric} is not of the job, host and shards that are chosen"
        rules.append({"record": f"query{len(rules)}", "expr": substituted(target["expr"])})
    for said in promtool({"groups": [{"name": "dashboard", "rules": rules}]}):
        yield f"{DASHBOARD}: {said.strip()}"
    yield from wrong_panels(dashboard["panels"])


def wrong_panels(panels):
    taken = {}
    for panel in panels:
        where, place = f"panel {panel['title']}", panel["gridPos"]
        if [other["id"] for other in panels].count(panel["id"]) > 1:
            yield f"{where}: its id {panel['id']} is not its own"
        if place["x"] + place["w"] > COLUMNS:
            yield f"{where}: reaches beyond {COLUMNS} columns"
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        for other, others in taken.items():
            if cells & others:
                yield f"{where}: lies over {other}"
        taken[where] = cells
        if panel["type"] not in WITHOUT_UNIT and not panel["fieldConfig"]["defaults"].get("unit"):
            yield f"{where}: has no unit"
        sources = [item.get("datasource", {}).get("uid") for item in (panel, *panel.get("targets", []))]
        if panel["type"] != "row" and set(sources) != {"${datasource}"}:
            yield f"{where}: asks another datasource than the one chosen"


def wrong_configmap(top):
    """What of the dashboard gets into a cluster."""
    [document] = kustomize.render(os.path.join(top, FOLDER))
    if document["data"] != {os.path.basename(DASHBOARD): read(top, DASHBOARD)}:
        yield f"{FOLDER}: its ConfigMap is not the dashboard, alone"
    if document["metadata"]["labels"] != {"grafana_dashboard": "1"}:
        yield f"{FOLDER}: Grafana's sidecar does not look for {document['metadata']['labels']}"


def complaints(top):
    known = contract(top)
    if len(known) < 10:
        return [f"the manuals describe {len(known)} metrics: this cannot read them any more"]
    return [*wrong_alerts(top, known), *wrong_dashboard(top, known), *wrong_configmap(top)]


# ---- for what is asked of a real Prometheus


def print_queries(top):
    for _, target in targets_of(json.loads(read(top, DASHBOARD))):
        print(json.dumps(substituted(target["expr"])))


def print_selectors(top):
    texts = [rule["expr"] for rule in rules_of(yaml.safe_load(read(top, ALERTS)))]
    texts += [target["expr"] for _, target in targets_of(json.loads(read(top, DASHBOARD)))]
    selectors = set()
    for text in texts:
        for metric, matchers in Query(text).selected:
            inside = ",".join(f'{label}{how}"{value}"' for label, how, value in matchers if label not in TARGET)
            selectors.add(f"{metric}{{{inside}}}")
    print("\n".join(sorted(selectors)))


def main(arguments):
    if len(arguments) == 2 and arguments[0] in ("queries", "selectors"):
        {"queries": print_queries, "selectors": print_selectors}[arguments[0]](arguments[1])
        return 0
    if len(arguments) != 1:
        sys.exit(__doc__)
    wrong = complaints(arguments[0])
    for complaint in wrong:
        print(complaint)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
