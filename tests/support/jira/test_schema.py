"""Our reading of the schemas agrees with python3-jsonschema's, on good bodies and on spoilt ones."""

import copy
import json
import random
import unittest

import jsonschema

import checks

GOOD = {
    "create": {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Bug"}, "summary": "s", "description": "d", "labels": ["a"]}},
    "edit": {"fields": {"summary": "s", "labels": ["x"]}, "update": {"comment": [{"add": {"body": "c"}}], "labels": [{"add": "x"}]}},
    "comment": {"body": "x"}, "transition": {"transition": {"id": "11"}},
    "search-cloud": {"jql": "project = OPS", "fields": ["summary"], "maxResults": 10, "reconcileIssues": [1, 2]},
    "search-datacenter": {"jql": "project = OPS", "startAt": 0, "maxResults": 10, "validateQuery": True},
}
GOOD_ANSWERS = {
    "search-cloud": {"issues": [{"id": "1", "key": "OPS-1", "fields": {"summary": "s", "customfield_10010": 1,
                                                                       "created": "2026-11-20T10:00:00.000+0200"}}],
                     "isLast": False, "nextPageToken": "x"},
    "issuetypes": {"startAt": 0, "maxResults": 50, "total": 1, "isLast": True, "values": [{"id": "1", "name": "Bug", "subtask": False}]},
    "createfields": {"startAt": 0, "maxResults": 50, "total": 1, "fields": [
        {"required": True, "schema": {"type": "string", "system": "summary"}, "name": "Summary", "key": "summary", "fieldId": "summary",
         "hasDefaultValue": False, "operations": ["set"]}]},
    "editmeta": {"fields": {"labels": {"required": False, "schema": {"type": "array", "items": "string", "system": "labels"},
                                       "name": "Labels", "operations": ["add", "set", "remove"]}}},
    "error": {"errorMessages": ["x"], "errors": {"summary": "y"}},
}
OTHERS = [None, 0, 1, -1, 5001, True, False, "", " ", "a b", "a\n", "x" * 256, "x" * 32768, [], {}, ["a b"], [1] * 51, {"name": "x"}]


def spoil(value, luck):
    """A copy with one value somewhere in it replaced, removed or added."""
    value = copy.deepcopy(value)
    node = value
    while True:
        keys = [*node, "extra"] if isinstance(node, dict) else list(range(len(node)))
        key = luck.choice(keys) if keys else None
        inner = node.get(key) if isinstance(node, dict) else node[key] if keys else None
        if isinstance(inner, (dict, list)) and inner and luck.random() < 0.7:
            node = inner
            continue
        if isinstance(node, dict) and luck.random() < 0.3:
            node.pop(key, None)
        elif keys:
            node[key] = copy.deepcopy(luck.choice(OTHERS))
        return value


class Agreement(unittest.TestCase):
    def agree(self, schemas, good):
        verdicts = {True: 0, False: 0}
        luck = random.Random(1)
        for name, body in good.items():
            judge = jsonschema.Draft202012Validator({**schemas.definitions[name], "$defs": schemas.definitions})
            judge.check_schema(judge.schema)
            self.assertEqual([str(p) for p in schemas.problems(name, body)], [])
            for _ in range(300):
                spoilt = spoil(body, luck)
                ours = not schemas.problems(name, spoilt)
                self.assertEqual(ours, judge.is_valid(spoilt), f"{name}: {json.dumps(spoilt)[:300]}")
                verdicts[ours] += 1
        self.assertGreater(min(verdicts.values()), 50, verdicts)

    def test_requests(self):
        self.agree(checks.REQUESTS, GOOD)

    def test_answers(self):
        self.agree(checks.ANSWERS, GOOD_ANSWERS)

    def test_unknown_keywords_are_refused(self):
        with self.assertRaises(ValueError):
            checks.REQUESTS._check({"properties": {"x": {"anyOf": [{"patern": "y"}]}}})    # pylint: disable=protected-access

