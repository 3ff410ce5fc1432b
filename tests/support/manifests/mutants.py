#!/usr/bin/python3
"""mutants.py TYPES FOLDER TABLE: proves that each complaint of check.py is made for what it is about.

A line of TABLE is a mutant of the manifests in FOLDER; the format stands at its top. Exit 1 when one is not complained of as
the table says, or when there is a complaint in the checks' source that no mutant calls forth.
"""

import ast
import os
import shutil
import sys
import tempfile

import check
import kustomize
import pod
import schedule
import schema
import settings

MODULES = (kustomize, pod, schedule, schema, settings)


def mutants_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield [cell.strip().replace(r"\n", "\n").replace(r"\s", " ") for cell in line.split(" | ", 3)]


def mutate(folder, name, old, new):
    path = os.path.join(folder, name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if old and text.count(old) != 1:
        return f"{old!r} stands {text.count(old)} times in {name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new) if old else text + new)
    return None


def problem_of(types, folder, names, old, new, expected):
    """Why a mutant is not complained of as it should be, or None."""
    with tempfile.TemporaryDirectory() as place:
        copy = os.path.join(place, "kubernetes")
        shutil.copytree(folder, copy)
        problems = [mutate(copy, name, old, new) for name in names.split()]
        complaints = [] if any(problems) else check.complaints(types, copy)
    if any(problems):
        return problems
    if any(expected in complaint for complaint in complaints):
        return None
    return f"no complaint says {expected!r}, but: {complaints or 'nothing'}"


class Lines:
    """Which lines of some modules have been executed."""

    def __init__(self, modules):
        self.paths = {module.__file__ for module in modules}
        self.executed = set()

    def trace(self, frame, event, _):
        path = frame.f_code.co_filename
        if path not in self.paths:
            return None
        if event == "line":
            self.executed.add((path, frame.f_lineno))
        return self.trace

    def silent(self):
        """The complaints in the source that were not made: those yielded or raised as a text of their own."""
        for path in sorted(self.paths):
            with open(path, encoding="utf-8") as file:
                nodes = ast.walk(ast.parse(file.read()))
            for node in nodes:
                is_complaint = isinstance(node, ast.Raise) or isinstance(node, ast.Yield) and is_text(node.value)
                if is_complaint and not any((path, line) in self.executed for line in range(node.lineno, node.end_lineno + 1)):
                    yield f"{os.path.basename(path)}:{node.lineno}: no mutant calls this forth: {ast.unparse(node)}"


def is_text(node):
    if isinstance(node, ast.BinOp):
        return is_text(node.left)
    return isinstance(node, ast.JoinedStr) or isinstance(node, ast.Constant) and isinstance(node.value, str)


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    types, lines, bad = schema.Types(arguments[0]), Lines(MODULES), []
    sys.settrace(lines.trace)
    number = 0
    for number, mutant in enumerate(mutants_of(arguments[2]), 1):
        problem = problem_of(types, arguments[1], *mutant)
        if problem:
            bad.append(f"mutant {number}, {' | '.join(mutant)!r}: {problem}")
    sys.settrace(None)
    bad += lines.silent()
    print("\n".join(bad + [f"{number} mutants, {len(bad)} problems"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
