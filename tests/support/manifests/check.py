#!/usr/bin/python3
"""check.py TYPES FOLDER: checks the manifests in FOLDER (kubernetes/) and prints what is wrong; exit 1 if anything is.

TYPES is the npm package kubernetes-types, unpacked: see ../kubernetes-types.

check.py environment FOLDER SECRETS: prints the container's environment, each NAME=value ended by a NUL. The Secret's
files are made in the folder SECRETS as the template has them, and the variables name those.
"""

import os
import sys

import pod
import schedule
import settings
from kustomize import Complaint
from manifests import Manifests, variables_of
from schema import Types

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def complaints(types, folder):
    """All that is wrong with the manifests; when the schema does not hold, only that."""
    try:
        manifests = Manifests(folder, PROJECT)
    except Complaint as complaint:
        return [str(complaint)]
    documents = [("secret.yaml", manifests.secret), *(("monitoring", item) for item in manifests.monitoring.values())]
    documents += [(variant, item) for variant, objects in manifests.variants().items() for item in objects.values()]
    wrong = [f"{where}: {complaint}" for where, document in documents for complaint in types.complaints(document)]
    return wrong or [complaint for module in (schedule, pod, settings) for complaint in module.complaints(manifests)]


def write_environment(folder, secrets):
    manifests = Manifests(folder, PROJECT)
    for name, value in manifests.secret["stringData"].items():
        with open(os.path.join(secrets, name), "w", encoding="utf-8") as file:
            file.write(value)
    for name, value in variables_of(manifests.base).items():
        place = os.path.join(secrets, os.path.basename(value)) if name.endswith("_FILE") else value
        sys.stdout.write(f"{name}={place}\0")


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "environment":
        write_environment(*arguments[1:])
        return 0
    if len(arguments) != 2:
        sys.exit(__doc__)
    wrong = complaints(Types(arguments[0]), arguments[1])
    for complaint in wrong:
        print(complaint)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
