"""The manifests as the checks look at them, rendered and as text, and what of the project they have to agree with."""

import json
import os
import re

import kustomize

SECRET = "secret.yaml"
CONFIGMAP = os.path.join("base", "configmap.yaml")
COMMENTED = re.compile(r"^ *# ([A-Z][A-Z0-9_]*): (.*)$", re.MULTILINE)
PATTERN = re.compile(r"\$\{(\w+)\}")


class Manifests:
    """`base`, `sharded` and `monitoring` are rendered objects by kind; `secret` is the template."""

    def __init__(self, folder, project):
        self.base = by_kind(kustomize.render(folder))
        self.sharded = by_kind(kustomize.render(os.path.join(folder, "sharded")))
        self.monitoring = by_kind(kustomize.render(os.path.join(folder, "monitoring")))
        self.secret = by_kind(kustomize.load(os.path.join(folder, SECRET)))["Secret"]
        self.unrendered = by_kind(kustomize.load(os.path.join(folder, "base", "cronjob.yaml")))["CronJob"]
        self.data = self.base["ConfigMap"]["data"]
        self.config_text = read(folder, CONFIGMAP)
        # What stands there as a comment, as text; a quoted value is meant without its quotes.
        self.commented = {name: unquoted(value) for name, value in COMMENTED.findall(self.config_text)}
        self.commented_secrets = {name for name, _ in COMMENTED.findall(read(folder, SECRET))}
        self.readme = read(project, "README.md")
        self.variables = json.loads(read(project, "common/config.schema.json"))["properties"]
        # Of libpq and libcurl, as far as our manuals name them.
        manuals = read(project, "tools/pg-ips.1") + read(project, "tools/jira-sync.1")
        self.others = {name for line in re.findall(r"^\.It Ev (.*)", manuals, re.MULTILINE) for name in line.split()}
        self.version = re.search(r"^VERSION := (\S+)$", read(project, "Makefile"), re.MULTILINE)[1]

    def variants(self):
        return {"base": self.base, "sharded": self.sharded}


def by_kind(documents):
    kinds = {}
    for document in documents:
        if document.get("kind") in kinds:
            raise kustomize.Complaint(f"there are two of kind {document.get('kind')}")
        kinds[document.get("kind")] = document
    return kinds


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def unquoted(text):
    return text[1:-1] if text[:1] in ("'", '"') and text[-1:] == text[:1] else text


def job_of(objects):
    return objects["CronJob"]["spec"]["jobTemplate"]["spec"]


def pod_of(objects):
    return job_of(objects)["template"]["spec"]


def container_of(objects):
    [container] = pod_of(objects)["containers"]
    return container


def environment_of(objects):
    """The variables that the container gets itself, without those from the ConfigMap."""
    return {variable["name"]: variable.get("value") for variable in container_of(objects).get("env", [])}


def variables_of(objects):
    """All that the container gets: where both name one, its own wins over the ConfigMap's."""
    return {**objects["ConfigMap"]["data"], **environment_of(objects)}


def at(value, path):
    """The value at a path such as `spec.containers.0.name`, or None."""
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value
