"""Shared by the tests of the stand-in: a server of one's own and a client that speaks to it."""

import base64
import http.client
import json
import os
import sys
import threading
import unittest
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server  # it lies beside this file

USER, TOKEN = "monitor@example.com", "s3cret"
OPEN = "project = OPS AND statusCategory != Done"


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.raw = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.raw)


class StandInTest(unittest.TestCase):
    """A test with a server; the class says what kind."""

    flavour, options = "cloud", ()

    def setUp(self):
        self.server = server.start(server.parse(
            ["--flavour", self.flavour, "--user", USER, "--token", TOKEN, "--project", "OPS", *self.options]))
        self.url = urllib.parse.urlsplit(self.server.site.base_url)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.authorization = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def request(self, method, path, body=None, content_type="application/json", headers=None, timeout=5):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=timeout)
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": content_type} if raw is not None and content_type else {}
        try:
            connection.request(method, self.url.path + path, raw, {**given, **(headers or {})})
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def api(self, method, path, body=None, status=None, **more):
        """A request of the REST API with credentials; its status is asserted if given."""
        headers = {"Authorization": self.authorization} if self.authorization else {}
        reply = self.request(method, "/rest/api/2" + path, body, headers=headers, **more)
        if status is not None:
            self.assertEqual(reply.status, status, reply.raw)
        return reply

    def refused(self, method, path, body, field=None, words="", status=400):
        """A request that must be refused in Jira's shape, for that field."""
        error = self.api(method, path, body, status).json()
        self.assertEqual(set(error), {"errorMessages", "errors"})
        texts = [error["errors"].get(field, "")] if field else error["errorMessages"]
        self.assertTrue(texts and all(texts), error)
        self.assertIn(words, " ".join(texts))

    def control(self, method, path, body=None, status=200):
        reply = self.request(method, "/_stand-in/" + path, body)
        self.assertEqual(reply.status, status, reply.raw)
        return reply.json()

    def seed(self, **issue):
        return self.control("POST", "issue", {"summary": "a summary", **issue}, 201)["key"]

    def fault(self, action, times=1, name="f", **match):
        self.control("POST", "faults", {"name": name, "match": match, "times": times, "action": action})

    def fired(self, name="f"):
        return self.control("GET", "counters")["faults"][name]["fired"]

    def create(self, status=201, **fields):
        return self.api("POST", "/issue", new(**fields), status).json()["key"]

    def search(self, jql, **more):
        path = "/search/jql" if self.flavour == "cloud" else "/search"
        return self.api("POST", path, {"jql": jql, "fields": ["summary"], **more}, 200).json()

    def keys(self, jql, **more):
        return [issue["key"] for issue in self.search(jql, **more)["issues"]]


def new(**fields):
    """The body of a create; a field given as None is left out."""
    whole = {"project": {"key": "OPS"}, "issuetype": {"name": "Bug"}, "summary": "a summary", **fields}
    return {"fields": {name: value for name, value in whole.items() if value is not None}}
