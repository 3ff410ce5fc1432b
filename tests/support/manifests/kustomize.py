"""Renders a kustomization, as far as those of this project go; whatever goes beyond that is refused, never guessed at.

Debian 12 has no kustomize that could: kubectl 1.20 in its kubernetes-client does not know `patches`. Semantics are those
of https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/.
"""

import os

import yaml

# Lists of a strategic merge patch that are merged by their items' names, and lists that are replaced as a whole.
MERGED_BY_NAME = ("containers", "env", "volumes")
REPLACED = ("rules", "values")


class Complaint(Exception):
    """A manifest that cannot be read or rendered."""


class UniqueKeys(yaml.CSafeLoader):
    """YAML as kubectl reads it: a key that stands there twice is an error."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise Complaint(f"line {node.start_mark.line + 1}: the key {twice.pop()} stands there twice")
        return super().construct_mapping(node, deep)


def load(path):
    """The documents of a YAML file."""
    try:
        with open(path, encoding="utf-8") as file:
            return [document for document in yaml.load_all(file, UniqueKeys) if document is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, Complaint) as error:
        raise Complaint(f"{os.path.basename(path)}: {error}") from error


def merge(target, patch, name=""):
    """A strategic merge of two values; null in the patch takes a member away."""
    if isinstance(patch, dict) and isinstance(target, dict):
        merged = dict(target)
        for key, value in patch.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = merge(target.get(key), value, key)
        return merged
    if not isinstance(patch, list) or target is None or name in REPLACED:
        return patch
    if name not in MERGED_BY_NAME:
        raise Complaint(f"patch: how lists called {name} are merged is not known here")
    additions = {item["name"]: item for item in patch}
    merged = [merge(item, additions.pop(item["name"], item)) for item in target]
    return list(additions.values()) + merged


def patched(documents, patch):
    identity = (patch.get("kind"), patch["metadata"]["name"])
    targets = [document for document in documents if (document.get("kind"), document["metadata"]["name"]) == identity]
    if len(targets) != 1:
        raise Complaint(f"patch: {len(targets)} resources are called {identity[0]} {identity[1]}")
    return [merge(document, patch) if document is targets[0] else document for document in documents]


def set_image(documents, image):
    """Gives the containers with an image of that name, whatever its tag, another one."""
    used = False
    for document in documents:
        if document.get("kind") == "CronJob":
            for container in document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]:
                if container["image"].split(":")[0] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
                    used = True
    if not used:
        raise Complaint(f"kustomization.yaml: no container has the image {image['name']}")


def render(folder):
    """The documents that `kubectl apply -k FOLDER` would apply."""
    path = os.path.join(folder, "kustomization.yaml")
    [kustomization] = load(path)
    unknown = set(kustomization) - {"apiVersion", "kind", "resources", "images", "patches", "configMapGenerator"}
    if unknown or kustomization.get("kind") != "Kustomization":
        raise Complaint(f"{path}: not known here: {', '.join(sorted(unknown)) or kustomization.get('kind')}")
    documents = []
    for resource in kustomization.get("resources", []):
        below = os.path.join(folder, resource)
        refuse_foreign(folder, below)
        documents += render(below) if os.path.isdir(below) else load(below)
    for entry in kustomization.get("configMapGenerator", []):
        documents.append(generated(folder, entry))
    for entry in kustomization.get("patches", []):
        if set(entry) != {"path"}:
            raise Complaint(f"{path}: patches other than by path are not known here")
        for patch in load(os.path.join(folder, entry["path"])):
            documents = patched(documents, patch)
    for image in kustomization.get("images", []):
        if set(image) != {"name", "newName", "newTag"}:
            raise Complaint(f"{path}: an image has name, newName and newTag here")
        set_image(documents, image)
    return documents


def generated(folder, entry):
    """The ConfigMap that a configMapGenerator makes of files, if its name is to stay as it stands there."""
    options = entry.get("options", {})
    if set(entry) != {"name", "files", "options"} or set(options) != {"labels", "disableNameSuffixHash"}:
        raise Complaint("kustomization.yaml: a configMapGenerator has name, files, labels and disableNameSuffixHash here")
    if options["disableNameSuffixHash"] is not True:
        raise Complaint(f"kustomization.yaml: {entry['name']} would have another name with each change")
    data = {}
    for name in entry["files"]:
        refuse_foreign(folder, os.path.join(folder, name))
        data[os.path.basename(name)] = text_of(os.path.join(folder, name))
    metadata = {"name": entry["name"], "labels": options["labels"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def text_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise Complaint(f"kustomization.yaml: {error}") from error


def refuse_foreign(folder, resource):
    """kustomize takes no file from outside of the kustomization's folder, and no base that holds that folder."""
    folder, resource = os.path.realpath(folder), os.path.realpath(resource)
    inside = resource.startswith(folder + os.sep)
    if os.path.isdir(resource):
        if folder == resource or folder.startswith(resource + os.sep):
            raise Complaint(f"kustomization.yaml: the base {resource} holds the overlay: kustomize calls that a cycle")
    elif not inside:
        raise Complaint(f"kustomization.yaml: {resource} is outside of its folder: kustomize refuses that")
