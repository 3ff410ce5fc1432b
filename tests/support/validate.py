#!/usr/bin/python3
"""validate.py SCHEMA [FILE...]: checks JSON lines against a JSON Schema.

Without FILE, standard input is read. Every line must be one JSON value with
unique keys that is valid, and there must be at least one line: an empty input
proves nothing. Problems go to standard error; exit 1.

validate.py --schema SCHEMA...: checks the schemas themselves.
"""
import json
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def unique(pairs):
    keys = [key for key, _ in pairs]
    for key in set(keys):
        if keys.count(key) > 1:
            raise ValueError(f'the key "{key}" stands there twice')
    return dict(pairs)


def load_schema(path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file, object_pairs_hook=unique)
    Draft202012Validator.check_schema(schema)
    return schema


def problem_of(validator, line):
    """What is wrong with a line, or None."""
    try:
        value = json.loads(line, object_pairs_hook=unique)
    except ValueError as error:
        return str(error)
    error = best_match(validator.iter_errors(value))
    return error and f"{error.json_path}: {error.message}"


def check_lines(validator, name, lines):
    bad = count = 0
    for count, line in enumerate(lines, 1):
        problem = problem_of(validator, line)
        if problem:
            print(f"{name}:{count}: {problem}\n  {line.rstrip()[:2000]}", file=sys.stderr)
            bad += 1
    if count == 0:
        print(f"{name}: no line to check", file=sys.stderr)
    return bad == 0 and count > 0


def main(arguments):
    if not arguments:
        sys.exit(__doc__)
    if arguments[0] == "--schema":
        for path in arguments[1:]:
            load_schema(path)
        return 0
    validator = Draft202012Validator(load_schema(arguments[0]))
    if len(arguments) == 1:
        return not check_lines(validator, "standard input", sys.stdin)
    good = True
    for path in arguments[1:]:
        with open(path, encoding="utf-8") as file:
            good = check_lines(validator, path, file) and good
    return not good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
