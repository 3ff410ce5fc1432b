#!/usr/bin/python3
"""mutants.py TOP TABLE [N]: proves that the unit tests of the alerts and the complaints of monitoring.py notice what they are for.

With N, of those that promtool has to notice, which takes a second each, only every Nth. A line of TABLE is a mutant of the project in TOP; the format stands at its top. Exit 1 when one goes unnoticed, or when there
is a complaint in monitoring.py that no mutant calls forth.
"""

import concurrent.futures
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import monitoring

# By its path, for it has the name of this one.
spec = importlib.util.spec_from_file_location("manifest_mutants", os.path.join(monitoring.MANIFESTS, "mutants.py"))
manifests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(manifests)

TESTS = "tests/support/monitoring"
COPIED = ("kubernetes", TESTS, "README.md", *monitoring.MANUALS)
IN_ALERT = re.compile(r"(Dnsbl\w+): ?")


def copy(top, place):
    for name in COPIED:
        source, target = os.path.join(top, name), os.path.join(place, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, target)


def mutate(place, name, old, new):
    """Why the file cannot be changed as the table says, or None."""
    alert = IN_ALERT.match(old)
    if not alert:
        return manifests.mutate(place, name, old, new)
    old, path = old[alert.end():], os.path.join(place, name)
    with open(path, encoding="utf-8") as file:
        parts = file.read().split("      - alert: ")
    for i, part in enumerate(parts):
        if part.startswith(alert[1] + "\n"):
            if part.count(old) != 1:
                return f"{old!r} stands {part.count(old)} times in {alert[1]}"
            parts[i] = part.replace(old, new)
            with open(path, "w", encoding="utf-8") as file:
                file.write("      - alert: ".join(parts))
            return None
    return f"there is no alert {alert[1]}"


def notices(place, expected):
    """What is said of the mutant, as far as it is about what is expected."""
    if not expected.endswith(".yaml"):
        return monitoring.complaints(place)
    run = subprocess.run(["promtool", "test", "rules", os.path.join(place, TESTS, expected)], capture_output=True, text=True,
                         check=False)
    failed = run.returncode == 1 and "FAILED" in run.stdout + run.stderr and "parse" not in run.stdout + run.stderr
    return [f"{expected} fails"] if failed else [run.stdout + run.stderr]


def problem_of(top, names, old, new, expected):
    """Why a mutant is not noticed as it should be, or None."""
    with tempfile.TemporaryDirectory() as place:
        copy(top, place)
        new = new.replace("BLANKS", " " * monitoring.APPLY_LIMIT)
        problems = [problem for name in names.split() if (problem := mutate(place, name, old, new))]
        said = [] if problems else notices(place, expected)
    wanted = f"{expected} fails" if expected.endswith(".yaml") else expected
    if problems:
        return problems
    return None if any(wanted in one for one in said) else f"nothing says {wanted!r}, but: {said or 'nothing'}"


def main(arguments):
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    lines, mutants = manifests.Lines((monitoring,)), list(manifests.mutants_of(arguments[1]))
    every = int(arguments[2]) if len(arguments) > 2 else 1
    slow = [mutant for mutant in mutants if mutant[-1].endswith(".yaml")]
    mutants = [mutant for mutant in mutants if mutant not in slow] + slow[::every]
    threading.settrace(lines.trace)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:  # promtool works, this waits
        problems = list(pool.map(lambda mutant: problem_of(arguments[0], *mutant), mutants))
    bad = [f"{' | '.join(mutant)!r}: {problem}" for mutant, problem in zip(mutants, problems) if problem]
    bad += lines.silent()
    print("\n".join(bad + [f"{len(mutants)} mutants, {len(bad)} problems"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
