"""Holds bodies to the JSON Schemas in schemas/ and says what is wrong as Jira says it.

Structure and limits stand in the schemas; what depends on the site's
settings (screens, own fields) is decided here.  Lengths are counted as Jira,
being Java, counts them: in UTF-16 units.
"""

import json
import os
import re

import schema

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schemas")

LIMITS = {"summary": 255, "description": 32767, "comment": 32767, "labels": 255}
NOT_ON_SCREEN = "Field '{0}' cannot be set. It is not on the appropriate screen, or unknown."

# What Jira says, by field and by the schema keyword that failed.
MESSAGES = {
    ("summary", "maxLength"): "Summary can't exceed 255 characters.",
    ("summary", "minLength"): "You must specify a summary of the issue.",
    ("summary", "required"): "You must specify a summary of the issue.",
    ("summary", "pattern"): "You must specify a summary of the issue.",
    ("summary", "not"): "The summary is invalid because it contains newline characters.",
    ("description", "maxLength"): "The entered text is too long. It exceeds the allowed limit of 32,767 characters.",
    ("comment", "maxLength"): "The entered text is too long. It exceeds the allowed limit of 32,767 characters.",
    ("comment", "minLength"): "Comment body can not be empty!",
    ("comment", "pattern"): "Comment body can not be empty!",
    ("comment", "required"): "Comment body can not be empty!",
    ("labels", "not"): "The label '{0}' contains spaces which is invalid.",
    ("labels", "maxLength"): "The label '{0}' exceeds the maximum length for a single label of 255 characters.",
    ("project", "required"): "project is required",
    ("issuetype", "required"): "issue type is required",
}
TYPE_MESSAGES = {"array": "data was not an array", "object": "data was not an object",
                 "string": "Operation value must be a string"}


class Refused(Exception):
    """An answer other than success, in the shape Jira gives its errors."""

    def __init__(self, status, *messages, errors=None, headers=None, html=None):
        super().__init__(f"{status} {messages} {errors}")
        self.status = status
        self.body = {"errorMessages": list(messages), "errors": errors or {}}
        self.headers = headers or {}
        self.html = html


REQUESTS, ANSWERS = (schema.Schemas(os.path.join(_FOLDER, name)) for name in ("requests.json", "answers.json"))
CREATE_FIELDS = set(REQUESTS.definitions["create"]["properties"]["fields"]["properties"])
EDIT_FIELDS = set(REQUESTS.definitions["edit"]["properties"]["fields"]["properties"])
UPDATE_FIELDS = set(REQUESTS.definitions["edit"]["properties"]["update"]["properties"])


def answer(name, body):
    """An answer of our own that does not fit its schema is a bug of the stand-in."""
    for problem in ANSWERS.problems(name, body):
        raise AssertionError(f"stand-in: answer {name}: {problem}")


def _no_repeats(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("duplicate key")
    return dict(pairs)


def _no_constant(name):
    raise ValueError(name)


def json_body(content_type, raw):
    """The JSON object in a request's body.  Media type, UTF-8 and JSON are all demanded."""
    if re.fullmatch(r"application/json(\s*;\s*charset=utf-8)?", content_type.strip().lower()) is None:
        raise Refused(415, html="Unsupported Media Type")
    try:
        body = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_repeats, parse_constant=_no_constant)
        json.dumps(body, ensure_ascii=False).encode("utf-8")    # refuses lone surrogates
    except (ValueError, RecursionError):
        raise Refused(400, "There was an error parsing JSON. Check that your request body is valid.") from None
    if not isinstance(body, dict):
        raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return body


def _field_of(problem):
    """The field a problem is about; None if it is the body's own."""
    if len(problem.path) >= 2 and problem.path[0] in ("fields", "update"):
        return problem.path[1]
    return None


def _message(field, problem):
    shown = problem.value if isinstance(problem.value, str) else ""
    if problem.keyword == "type":
        return TYPE_MESSAGES[problem.wanted]
    text = MESSAGES.get((field, problem.keyword)) or str(problem)
    return text.replace("{0}", shown[:40])


def schema_errors(name, body):
    """(errors by field, messages about the body itself)"""
    errors, messages = {}, []
    problems = sorted(REQUESTS.problems(name, body), key=lambda p: p.keyword != "type")
    for problem in problems:    # a wrong type first: what else is said of such a value is beside the point
        field = _field_of(problem)
        if field is not None:
            errors.setdefault(field, _message(field, problem))
        elif problem.keyword == "required" and problem.path == ["fields"]:
            for missing in (n for n in problem.wanted if n not in problem.value):
                errors[missing] = MESSAGES[(missing, "required")]
        else:
            messages.append("Invalid request payload. Refer to the REST API documentation and try again.")
    return errors, sorted(set(messages))


def text_error(field, text):
    """What the schemas cannot say of a text: its length in UTF-16, characters XML forbids."""
    if len(text.encode("utf-16-le")) // 2 > LIMITS[field]:
        return MESSAGES[(field, "maxLength")].replace("{0}", text[:40])
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text):
        return "The text contains characters that are not allowed."
    return None


def _texts(body):
    """(field, text) of every text in the body of a create or an edit that fits its schema."""
    for field, value in body.get("fields", {}).items():
        for text in value if isinstance(value, list) else [value]:
            if field in LIMITS and isinstance(text, str):
                yield field, text
    for field, operations in body.get("update", {}).items():
        for operation in operations:
            for value in operation.values():
                value = value["body"] if field == "comment" else value
                for text in value if isinstance(value, list) else [value]:
                    yield field, text


def issue_body(name, body, custom_fields, off_screen):
    """Checks the body of a create or an edit against schema, screen and the site's own fields."""
    errors, messages = schema_errors(name, body)
    known = (CREATE_FIELDS if name == "create" else EDIT_FIELDS) | set(custom_fields)
    fields, update = body.get("fields", {}), body.get("update", {})
    for field in fields if isinstance(fields, dict) else []:
        if field not in known or field in off_screen:
            errors[field] = NOT_ON_SCREEN.format(field)
    for field in update if isinstance(update, dict) else []:
        if field not in UPDATE_FIELDS or field in off_screen:
            errors[field] = NOT_ON_SCREEN.format(field)
        elif isinstance(fields, dict) and field in fields:
            errors[field] = f"Field '{field}' cannot appear in both 'fields' and 'update'"
    if not errors and not messages:
        if name == "create":
            for field, about in custom_fields.items():
                if about.get("required") and fields.get(field) in (None, "", [], {}) and "default" not in about:
                    errors[field] = f"{about.get('name', field)} is required."
        for field, text in _texts(body):
            problem = text_error(field, text)
            if problem:
                errors[field] = problem
    if errors or messages:
        raise Refused(400, *messages, errors=errors)


def plain_body(name, body):
    """Checks a body that has no fields of an issue: comment, transition, search."""
    errors, messages = schema_errors(name, body)
    if messages and name == "comment":
        text = body.get("body")
        too_long = isinstance(text, str) and len(text) > LIMITS["comment"]
        raise Refused(400, errors={"comment": MESSAGES[("comment", "maxLength" if too_long else "required")]})
    if errors or messages:
        raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    if name == "comment":
        problem = text_error("comment", body["body"])
        if problem:
            raise Refused(400, errors={"comment": problem})
