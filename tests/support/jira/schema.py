"""JSON Schema (draft 2020-12), as much of it as schemas/*.json use: serving needs nothing but Python.

A keyword that is not known here is an error when the schemas are read, never
ignored.  The tests hold this to python3-jsonschema, verdict by verdict.
"""

import json
import re

ANNOTATIONS = {"$schema", "$defs", "title", "description"}
TYPES = {
    "object": lambda v: isinstance(v, dict), "array": lambda v: isinstance(v, list), "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),     # 1.0 is one too, but who would send that
    "boolean": lambda v: isinstance(v, bool), "null": lambda v: v is None,
}


class Problem:
    """What is wrong: the keyword and its value, the path to the value in question, and that value."""

    def __init__(self, keyword, wanted, path, value):
        self.keyword, self.wanted, self.path, self.value = keyword, wanted, path, value

    def __str__(self):
        return f"{'/'.join(map(str, self.path)) or 'the body'}: {self.keyword} {json.dumps(self.wanted)[:80]}"


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# keyword -> (what kind of value it speaks of, whether the value satisfies it)
SIMPLE = {
    "type": (lambda v: True, lambda v, wanted: TYPES[wanted](v)),
    "enum": (lambda v: True, lambda v, wanted: v in wanted),
    "const": (lambda v: True, lambda v, wanted: type(v) is type(wanted) and v == wanted),
    "required": (TYPES["object"], lambda v, wanted: all(name in v for name in wanted)),
    "minProperties": (TYPES["object"], lambda v, wanted: len(v) >= wanted),
    "maxProperties": (TYPES["object"], lambda v, wanted: len(v) <= wanted),
    "minItems": (TYPES["array"], lambda v, wanted: len(v) >= wanted),
    "maxItems": (TYPES["array"], lambda v, wanted: len(v) <= wanted),
    "minLength": (TYPES["string"], lambda v, wanted: len(v) >= wanted),
    "maxLength": (TYPES["string"], lambda v, wanted: len(v) <= wanted),
    "pattern": (TYPES["string"], lambda v, wanted: re.search(wanted, v) is not None),
    "minimum": (_number, lambda v, wanted: v >= wanted),
    "maximum": (_number, lambda v, wanted: v <= wanted),
}


class Schemas:
    """The definitions of one file, each a schema of its own."""

    def __init__(self, file):
        with open(file, encoding="utf-8") as source:
            self.definitions = json.load(source)["$defs"]
        self.nested = {
            "$ref": self._ref, "properties": self._properties, "patternProperties": self._nothing,
            "additionalProperties": self._additional, "items": self._items, "not": self._not, "anyOf": self._any_of,
            "oneOf": self._one_of, "if": self._if, "then": self._nothing, "else": self._nothing,
        }
        for definition in self.definitions.values():
            self._check(definition)

    def problems(self, name, value):
        """Every Problem of a value with the definition of that name."""
        return self._problems(self.definitions[name], value, [])

    def _check(self, schema):
        unknown = set(schema) - ANNOTATIONS - set(SIMPLE) - set(self.nested)
        if unknown:
            raise ValueError(f"schema: unknown keyword: {', '.join(sorted(unknown))}")
        for keyword, inner in schema.items():
            several = {"properties": dict, "patternProperties": dict, "anyOf": list, "oneOf": list}.get(keyword)
            for part in (inner.values() if several is dict else inner) if several else [inner]:
                if keyword in self.nested and isinstance(part, dict):
                    self._check(part)

    def _problems(self, schema, value, path):
        found = []
        for keyword, wanted in schema.items():
            if keyword in SIMPLE:
                concerns, satisfied = SIMPLE[keyword]
                if concerns(value) and not satisfied(value, wanted):
                    found.append(Problem(keyword, wanted, path, value))
            elif keyword in self.nested:
                found += self.nested[keyword](schema, wanted, value, path)
        return found

    def _fits(self, schema, value):
        return not self._problems(schema, value, [])

    def _nothing(self, _schema, _wanted, _value, _path):
        """Looked at together with the keyword that it belongs to."""
        return []

    def _ref(self, _schema, wanted, value, path):
        return self._problems(self.definitions[wanted.removeprefix("#/$defs/")], value, path)

    def _properties(self, _schema, wanted, value, path):
        found = []
        for name in wanted.keys() & value.keys() if isinstance(value, dict) else ():
            found += self._problems(wanted[name], value[name], [*path, name])
        return found

    def _additional(self, schema, wanted, value, path):
        found, patterns = [], schema.get("patternProperties", {})
        for name in value.keys() - schema.get("properties", {}).keys() if isinstance(value, dict) else ():
            matching = [inner for pattern, inner in patterns.items() if re.search(pattern, name)]
            if matching:
                for inner in matching:
                    found += self._problems(inner, value[name], [*path, name])
            elif wanted is False:
                found.append(Problem("additionalProperties", False, path, value))
            else:
                found += self._problems(wanted, value[name], [*path, name])
        return found

    def _items(self, _schema, wanted, value, path):
        found = []
        for index, item in enumerate(value) if isinstance(value, list) else ():
            found += self._problems(wanted, item, [*path, index])
        return found

    def _not(self, _schema, wanted, value, path):
        return [Problem("not", wanted, path, value)] if self._fits(wanted, value) else []

    def _any_of(self, _schema, wanted, value, path):
        return [] if any(self._fits(s, value) for s in wanted) else [Problem("anyOf", wanted, path, value)]

    def _one_of(self, _schema, wanted, value, path):
        return [] if sum(self._fits(s, value) for s in wanted) == 1 else [Problem("oneOf", wanted, path, value)]

    def _if(self, schema, wanted, value, path):
        return self._problems(schema["then" if self._fits(wanted, value) else "else"], value, path)
