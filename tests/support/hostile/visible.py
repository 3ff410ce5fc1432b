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


# What shows nothing though its category is another: Unicode's Default_Ignorable_Code_Point, and the empty braille pattern.
BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")


def hidden(text):
    """Where there is a control, format character (direction, no width), line or paragraph separator, or what shows nothing;
    newlines apart."""
    return [at for at, character in enumerate(text) if character != "\n" and
            (unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs") or BLANK.match(character))]


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
        yield from (f"{text[at]!r} in {text[max(0, at - 20):at + 20]!r}" for at in hidden(text))
        return
    for line in text.splitlines() if form == "json" else [text]:
        for string in strings(json.loads(line)):
            if hidden(string) or (form == "json" and "\n" in string):
                yield repr(string[:200])


def main():
    form, *paths = sys.argv[1:]
    found = [f"{path}: {problem}" for path in paths for problem in problems(form, open(path, "rb").read())]
    print("\n".join(found[:20]), end="\n" if found else "")
    return 1 if found or not paths else 0


sys.exit(main())
