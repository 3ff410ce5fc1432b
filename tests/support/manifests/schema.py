"""Checks a manifest against the types of Kubernetes' API: no field that is not there, none missing, each of its type.

The types are the declarations of the npm package kubernetes-types, made from Kubernetes' OpenAPI description, and so
regular that this reads all of them: interfaces of fields, and a few aliases. Anything else in them is an error.
"""

import glob
import os
import posixpath
import re

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
IMPORT = re.compile(r'import \{ ([\w, ]+) \} from "([^"]+)";')
DECLARATION = re.compile(r"export (?:interface (\w+) \{(.*?)\}|type (\w+) = ([^;]+);)")
MAP = re.compile(r"\{ \[name: string\]: ([^;{}]+); \}")
FIELD = re.compile(r'(?:readonly )?"?([\w$-]+)"?(\??): (.+)')
ITEMS = re.compile(r"(?:Array|Map)<(.+)>")
SIMPLE = {"string": str, "number": int, "boolean": bool}


class Types:
    """All declarations of the package: `fields[module, name]` of an interface, `aliases[module, name]` of a type."""

    def __init__(self, folder):
        self.fields, self.aliases, self.places, self.kinds = {}, {}, {}, {}
        for path in sorted(glob.glob(os.path.join(folder, "**", "*.d.ts"), recursive=True)):
            with open(path, encoding="utf-8") as file:
                self.read(os.path.relpath(path, folder).removesuffix(".d.ts"), file.read())
        assert len(self.kinds) > 50, f"{folder}: these are not the types of Kubernetes"

    def read(self, module, text):
        text = MAP.sub(r"Map<\1>", " ".join(COMMENT.sub("", text).split()))
        for names, origin in IMPORT.findall(text):
            for name in names.split(", "):
                self.places[module, name] = posixpath.normpath(posixpath.join(posixpath.dirname(module), origin))
        for name, body, alias, meaning in DECLARATION.findall(text):
            self.places[module, name or alias] = module
            if alias:
                self.aliases[module, alias] = meaning
            else:
                self.add_interface(module, name, body)
        rest = DECLARATION.sub("", IMPORT.sub("", text)).strip()
        assert not rest, f"{module}: cannot read {rest[:100]}"

    def add_interface(self, module, name, body):
        fields = {}
        for line in body.split(";"):
            if line.strip():
                field, optional, type_name = FIELD.fullmatch(line.strip()).groups()
                fields[field] = (optional == "", type_name)
        self.fields[module, name] = fields
        if "apiVersion" in fields and "kind" in fields:
            self.kinds[fields["apiVersion"][1].strip('"'), fields["kind"][1].strip('"')] = (module, name)

    def complaints(self, document):
        """What is wrong with a whole manifest."""
        kind = (document.get("apiVersion"), document.get("kind"))
        if kind not in self.kinds:
            return [f"Kubernetes has no {kind[1]} in {kind[0]}"]
        module, name = self.kinds[kind]
        return list(self.wrong_value(module, name, document, kind[1]))

    def wrong_value(self, module, type_name, value, where):
        """The complaints about a value of that type, as it is called in that module."""
        items = ITEMS.fullmatch(type_name)
        if " | " in type_name:
            wrong = [list(self.wrong_value(module, one, value, where)) for one in type_name.split(" | ")]
            if all(wrong):
                yield f"{where}: is {shown(value)}, not {type_name}"
        elif type_name.startswith('"'):
            return  # apiVersion and kind, by which the type was found
        elif type_name in SIMPLE:
            if type(value) is not SIMPLE[type_name]:  # bool is an int to isinstance()
                yield f"{where}: is {shown(value)}, not a {type_name}"
        elif items:
            yield from self.wrong_items(module, type_name, items[1], value, where)
        else:
            place = self.places[module, type_name]
            if (place, type_name) in self.aliases:
                yield from self.wrong_value(place, self.aliases[place, type_name], value, where)
            else:
                yield from self.wrong_object(place, type_name, value, where)

    def wrong_items(self, module, type_name, item_type, value, where):
        is_list = type_name.startswith("Array")
        if not isinstance(value, list if is_list else dict):
            yield f"{where}: is {shown(value)}, not {'a list' if is_list else 'a map'}"
            return
        for key, item in enumerate(value) if is_list else value.items():
            yield from self.wrong_value(module, item_type, item, f"{where}[{key}]" if is_list else f"{where}.{key}")

    def wrong_object(self, module, name, value, where):
        if not isinstance(value, dict):
            yield f"{where}: is {shown(value)}, not {name}"
            return
        fields = self.fields[module, name]
        for key, item in value.items():
            if key in fields:
                yield from self.wrong_value(module, fields[key][1], item, f"{where}.{key}")
            else:
                yield f"{where}.{key}: {name} has no such field"
        for key, (required, _) in fields.items():
            if required and key not in value:
                yield f"{where}.{key}: is missing"


def shown(value):
    return "empty" if value is None else repr(value)[:60]
