#!/usr/bin/python3
"""container.py: the CronJob's pod as arguments for `docker run` or `podman run`.

    container.py [--overlay sharded] [--index N] [--memory LIMIT] [--user UID] [--set NAME=VALUE]... SECRETS

Limits, security context, environment and mounts are those of kubernetes/, rendered; nothing of them is repeated here.
SECRETS is the directory that stands for the Secret.  --memory and --user replace what the manifest says, --set replaces or
adds a variable, --index is the pod's index in an Indexed Job.

Prints the arguments, each followed by a NUL, without the image and its own arguments.  A field of the pod that this
program does not know is an error: what was not carried over was not tested.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "manifests"))
import kustomize
import manifests
from pod import quantity


def only(value, *known):
    """`value`, an object, if it has no fields but these."""
    unknown = set(value) - set(known)
    if unknown:
        raise kustomize.Complaint(f"container.py does not know how a container gets {sorted(unknown)}")
    return value


def need(condition, what):
    if not condition:
        raise kustomize.Complaint(f"container.py knows no way to run a pod without {what}")


def security(pod, container, user):
    context = only(pod["securityContext"], "runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "seccompProfile")
    its_own = only(container["securityContext"], "allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities")
    need(context["seccompProfile"] == {"type": "RuntimeDefault"}, "seccompProfile RuntimeDefault")     # what engines do unasked
    yield from ("--user", f"{context['runAsUser'] if user is None else user}:{context['runAsGroup']}")
    yield from ("--group-add", str(context["fsGroup"]))
    if not its_own["allowPrivilegeEscalation"]:
        yield from ("--security-opt", "no-new-privileges")
    if its_own["readOnlyRootFilesystem"]:
        yield "--read-only"
    for capability in only(its_own["capabilities"], "drop")["drop"]:
        yield from ("--cap-drop", capability)


def limits(container, memory_limit):
    resources = only(container["resources"], "requests", "limits")
    bounds = only(resources["limits"], "cpu", "memory")
    at_most = int(quantity(memory_limit or bounds["memory"]))
    # Without --memory-swap a container may have as much swap again; a pod has none.
    yield from ("--memory", str(at_most), "--memory-swap", str(at_most), "--cpus", str(quantity(bounds["cpu"])))


def environment(objects, container, options):
    for source in container["envFrom"]:
        need(source == {"configMapRef": {"name": objects["ConfigMap"]["metadata"]["name"]}}, "its ConfigMap")
    for variable in container["env"]:
        only(variable, "name", "value")
    variables = manifests.variables_of(objects)
    if options.index is not None:
        need(manifests.job_of(objects)["completionMode"] == "Indexed", "completionMode Indexed")
        variables["JOB_COMPLETION_INDEX"] = str(options.index)
    variables.update(pair.split("=", 1) for pair in options.set)
    for name, value in variables.items():
        yield from ("--env", f"{name}={value}")


def mounts(pod, container, secrets):
    volumes = {volume["name"]: only(volume, "name", "secret") for volume in pod["volumes"]}
    for mount in container["volumeMounts"]:
        only(mount, "name", "mountPath", "readOnly")
        need(mount["name"] in volumes and mount["readOnly"], "read-only secrets")
        yield from ("--volume", f"{os.path.abspath(secrets)}:{mount['mountPath']}:ro")


def arguments(objects, options):
    pod, container = manifests.pod_of(objects), manifests.container_of(objects)
    only(pod, "restartPolicy", "terminationGracePeriodSeconds", "automountServiceAccountToken", "enableServiceLinks",
         "securityContext", "containers", "volumes")
    only(container, "name", "image", "envFrom", "env", "resources", "securityContext", "volumeMounts")
    yield from ("--stop-timeout", str(pod["terminationGracePeriodSeconds"]))
    yield from security(pod, container, options.user)
    yield from limits(container, options.memory)
    yield from mounts(pod, container, options.secrets)
    yield from environment(objects, container, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--overlay", default="", choices=["", "sharded"])
    parser.add_argument("--index", type=int)
    parser.add_argument("--memory")
    parser.add_argument("--user", type=int)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("secrets")
    options = parser.parse_args()
    objects = manifests.by_kind(kustomize.render(os.path.join(PROJECT, "kubernetes", options.overlay)))
    for argument in arguments(objects, options):
        sys.stdout.write(argument + "\0")


if __name__ == "__main__":
    try:
        main()
    except (kustomize.Complaint, KeyError) as complaint:
        sys.exit(f"container.py: {complaint}")
