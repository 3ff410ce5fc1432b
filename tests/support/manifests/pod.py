"""The CronJob and its pod: what must stand there, what it refers to, what it may use; and the shards' difference."""

import re
from decimal import Decimal

from manifests import at, container_of, environment_of, job_of, pod_of

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # an RFC 1123 label
CRONJOB_NAME = 52  # a Job's name is at most 63, and 11 are added
UNITS = {"m": Decimal("0.001"), "": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}

CRONJOB = {
    "spec.concurrencyPolicy": "Forbid",
    "spec.timeZone": "Etc/UTC",
    "spec.jobTemplate.spec.template.spec.restartPolicy": "Never",  # podFailurePolicy needs it
}
KEPT = ("spec.successfulJobsHistoryLimit", "spec.failedJobsHistoryLimit", "spec.jobTemplate.spec.ttlSecondsAfterFinished")
# https://kubernetes.io/docs/concepts/security/pod-security-standards/, profile "restricted", and more.
POD = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "securityContext.runAsNonRoot": True,
    "securityContext.runAsUser": 1000,
    "securityContext.runAsGroup": 1000,
    "securityContext.fsGroup": 1000,
    "securityContext.seccompProfile.type": "RuntimeDefault",
    "containers.0.securityContext.allowPrivilegeEscalation": False,
    "containers.0.securityContext.readOnlyRootFilesystem": True,
    "containers.0.securityContext.capabilities": {"drop": ["ALL"]},
    "containers.0.securityContext.privileged": None,
    "containers.0.resources.requests": {"cpu": "250m", "memory": "256Mi"},
    "containers.0.resources.limits": {"cpu": "500m", "memory": "512Mi"},
    "hostNetwork": None,
    "hostPID": None,
    "hostIPC": None,
}
VOLUMES = ("configMap", "downwardAPI", "emptyDir", "projected", "secret")  # of those that "restricted" allows
# Exit statuses that another try at once may cure: the server may be back in a minute; somebody stopped the pod.
RETRIED = [69, 143]
EGRESS = {("UDP", 53), ("TCP", 53), ("TCP", 5432), ("TCP", 443)}
# What makes shards of the base, and nothing else.
SHARDED = {
    "spec.jobTemplate.spec.backoffLimit",
    "spec.jobTemplate.spec.backoffLimitPerIndex",
    "spec.jobTemplate.spec.completionMode",
    "spec.jobTemplate.spec.completions",
    "spec.jobTemplate.spec.parallelism",
    "spec.jobTemplate.spec.podFailurePolicy.rules.1.action",
    "spec.jobTemplate.spec.template.spec.containers.dnsbl-monitor.env.SHARD_COUNT.name",
    "spec.jobTemplate.spec.template.spec.containers.dnsbl-monitor.env.SHARD_COUNT.value",
}


def complaints(manifests):
    for variant, objects in manifests.variants().items():
        for check in CHECKS:
            for complaint in check(manifests, objects):
                yield f"{variant}: {complaint}"
    yield from wrong_shards(manifests)
    yield from wrong_image(manifests)


def wrong_fields(_, objects):
    for table, value in ((CRONJOB, objects["CronJob"]), (POD, pod_of(objects))):
        for path, wanted in table.items():
            if at(value, path) != wanted:
                yield f"{path.removeprefix('spec.')}: is {at(value, path)}, not {wanted}"
    for path in KEPT:
        if not at(objects["CronJob"], path):
            yield f"{path.removeprefix('spec.')}: is missing, or leaves nothing to look at"


def wrong_names(_, objects):
    pod = pod_of(objects)
    names = [(kind, item["metadata"]["name"]) for kind, item in objects.items()]
    names += [("container", item["name"]) for item in pod["containers"]]
    names += [("volume", item["name"]) for item in pod["volumes"]]
    for kind, name in names:
        if not NAME.fullmatch(name):
            yield f"{kind} {name}: no name after RFC 1123"
        elif kind == "CronJob" and len(name) > CRONJOB_NAME:
            yield f"{kind} {name}: longer than {CRONJOB_NAME} characters"


def wrong_volumes(_, objects):
    pod, container = pod_of(objects), container_of(objects)
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounts = container["volumeMounts"]
    for name in volumes ^ {mount["name"] for mount in mounts}:
        yield f"volume {name}: " + ("is mounted nowhere" if name in volumes else "is mounted, but there is none")
    for mount in mounts:
        if not mount.get("readOnly"):
            yield f"volumeMount {mount['name']}: can be written to"
    for volume in pod["volumes"]:
        kinds = set(volume) - {"name"}
        if not kinds <= set(VOLUMES):
            yield f"volume {volume['name']}: {kinds.pop()} is not allowed in restricted pods"
        if "secret" in kinds and volume["secret"].get("defaultMode") != 0o440:
            yield f"volume {volume['name']}: defaultMode is not 0440: root's group, fsGroup, reads it and nobody else"


def wrong_references(manifests, objects):
    """That what is named is there, with the keys that are used."""
    secret = manifests.secret["metadata"]["name"]
    config = objects["ConfigMap"]["metadata"]["name"]
    pod, container = pod_of(objects), container_of(objects)
    for source in container["envFrom"]:
        if source != {"configMapRef": {"name": config}}:
            yield f"envFrom: {source} is not the ConfigMap {config}"
    folders = []
    for volume in pod["volumes"]:
        if "secret" in volume and volume["secret"].get("secretName") != secret:
            yield f"volume {volume['name']}: there is no Secret {volume['secret'].get('secretName')}"
        folders += [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == volume["name"]]
    variables = environment_of(objects)
    files = {f"{name}_FILE": f"{folder}/{name}" for folder in folders for name in manifests.secret["stringData"]}
    for name in sorted(set(files) | {name for name in variables if name.endswith("_FILE")}):
        if variables.get(name) != files.get(name):
            yield f"env {name}: is {variables.get(name)}, and the Secret's file is {files.get(name)}"
    for name in set(variables) & set(manifests.data):
        yield f"env {name}: stands in the ConfigMap, too"


def quantity(text):
    number, unit = re.fullmatch(r"([0-9.]+)(\w*)", text).groups()
    return Decimal(number) * UNITS[unit]


def wrong_resources(_, objects):
    resources = container_of(objects)["resources"]
    for name in ("cpu", "memory"):
        request, limit = at(resources, f"requests.{name}"), at(resources, f"limits.{name}")
        if request is None or limit is None:
            yield f"resources: no request or no limit of {name}"
        elif quantity(request) > quantity(limit):
            yield f"resources: the request of {request} {name} is above the limit of {limit}"


def wrong_policy(manifests, objects):
    """The podFailurePolicy: disruptions first, then all statuses that another try does not cure."""
    job = job_of(objects)
    action = "FailIndex" if "backoffLimitPerIndex" in job else "FailJob"
    wanted = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": action, "onExitCodes": {"containerName": "dnsbl-monitor", "operator": "NotIn", "values": RETRIED}},
    ]
    rules = at(job, "podFailurePolicy.rules") or []
    if rules[:1] != wanted[:1]:
        yield "podFailurePolicy: the first rule does not ignore disruptions"
    if rules[1:] != wanted[1:]:
        yield f"podFailurePolicy: the second rule is not {action} on all but {RETRIED}"
    retried = " and ".join(map(str, at(job, "podFailurePolicy.rules.1.onExitCodes.values") or []))
    if f"Of the exit statuses below, {retried} are tried again" not in " ".join(manifests.readme.split()):
        yield f"podFailurePolicy: README.md does not say that {retried} are tried again"
    if not job.get("backoffLimitPerIndex" if action == "FailIndex" else "backoffLimit"):
        yield "backoffLimit: nothing is tried again"


def wrong_network(_, objects):
    policy = objects["NetworkPolicy"]["spec"]
    labels = at(job_of(objects), "template.metadata.labels") or {}
    selected = at(policy, "podSelector.matchLabels")
    if not selected or not set(selected.items()) <= set(labels.items()):
        yield f"NetworkPolicy: {selected} does not select the pods, which are {labels}"
    if policy.get("policyTypes") != ["Ingress", "Egress"] or policy.get("ingress"):
        yield "NetworkPolicy: does not keep everybody out and hold the pods to egress"
    for rule in policy.get("egress", []):
        if not rule.get("ports"):
            yield "NetworkPolicy: an egress rule without ports lets everything out"
    ports = {(port.get("protocol"), port.get("port")) for rule in policy.get("egress", []) for port in rule.get("ports", [])}
    if ports != EGRESS:
        yield f"NetworkPolicy: egress to {sorted(ports ^ EGRESS)} is missing or not needed"


def flat(value, path=""):
    """All scalars by their paths; items of a list go by their name, where they have one."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = [(item["name"] if isinstance(item, dict) and "name" in item else i, item) for i, item in enumerate(value)]
    else:
        return {path: value}
    scalars = {}
    for name, item in items:
        scalars |= flat(item, f"{path}.{name}" if path else str(name))
    return scalars


CHECKS = (wrong_fields, wrong_names, wrong_volumes, wrong_references, wrong_resources, wrong_policy, wrong_network)


def wrong_shards(manifests):
    base, sharded = manifests.base, manifests.sharded
    if {**base, "CronJob": None} != {**sharded, "CronJob": None}:
        yield "sharded: changes more than the CronJob"
    before, after = flat(base["CronJob"]), flat(sharded["CronJob"])
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    for path in sorted(changed ^ SHARDED):
        yield f"sharded: {path}: " + ("differs from the base" if path in changed else "is as in the base")
    job = job_of(sharded)
    count = environment_of(sharded).get("SHARD_COUNT")
    if not count == str(job.get("completions")) == str(job.get("parallelism")):
        yield f"sharded: SHARD_COUNT is {count}, completions {job.get('completions')}, parallelism {job.get('parallelism')}"
    if job.get("completionMode") != "Indexed":
        yield f"sharded: completionMode: is {job.get('completionMode')}, not Indexed"
    if "backoffLimit" in job or "maxFailedIndexes" in job:
        yield "sharded: backoffLimit: one part's failures would end the others"
    if "FailJob" in str(at(job, "podFailurePolicy")):
        yield "sharded: podFailurePolicy: FailJob would let one part's failure end the others"


def wrong_image(manifests):
    plain = at(manifests.unrendered, "spec.jobTemplate.spec.template.spec.containers.0.image")
    if plain != f"dnsbl-monitor:{manifests.version}":
        yield f"image: {plain} is not that of version {manifests.version}"
    for variant, objects in manifests.variants().items():
        image = container_of(objects)["image"]
        if not image.endswith(f"/{plain}"):
            yield f"{variant}: image: {image} has another version"
        if not image.split("/")[0].endswith(".example"):
            yield f"{variant}: image: {image} is a registry that may be somebody's"  # RFC 2606
