#!/usr/bin/python3
"""visible.py text|json FILE...: whether a person who reads these files sees what is there and nothing else.

text: no control character but newlines, nothing that turns the direction of writing round or parts lines, no bytes
that are not UTF-8. json: a JSON value a line, and the same of each string in it, newlines included; with `json+`
strings may have lines, as the texts of tickets have. What is wrong goes to standard output; exit 1. An empty file
is wrong: it proves nothing.
"""
import json
import re
import sys
import unicodedata



class Hidden:
    """Controls, format characters (direction, no width), line and paragraph separators; a newline is asked about apart."""

    def finditer(self, text):
        return (at for at in re.finditer("[^\n]", text) if unicodedata.category(at[0]) in ("Cc", "Cf", "Zl", "Zp", "Cs"))

    def search(self, text):
        return next(self.finditer(text), None)


HIDDEN = Hidden()


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)


def problems(form, data):
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        yield str(error)
        return
    if not text:
        yield "empty"
    if form == "text":
        yield from (f"{found[0]!r} in {text[max(0, found.start() - 20):found.end() + 20]!r}" for found in HIDDEN.finditer(text))
        return
    for line in text.splitlines() if form == "json" else [text]:
        for string in strings(json.loads(line)):
            if HIDDEN.search(string) or (form == "json" and "\n" in string):
                yield repr(string[:200])


def main():
    form, *paths = sys.argv[1:]
    found = [f"{path}: {problem}" for path in paths for problem in problems(form, open(path, "rb").read())]
    print("\n".join(found[:20]), end="\n" if found else "")
    return 1 if found or not paths else 0


sys.exit(main())
