"""Credentials, permissions, faults, and the tests' own interface."""

import errno
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from client import OPEN, TOKEN, USER, StandInTest, new

WRONG = "Basic bm9ib2R5Om5vdGhpbmc="
READS = ("/project/OPS", "/project/OPS/statuses", "/issue/createmeta/OPS/issuetypes",
         "/mypermissions?projectKey=OPS&permissions=BROWSE_PROJECTS")


class Cloud(StandInTest):
    def test_what_is_there(self):
        for path in ("/serverInfo", "/myself", *READS):
            reply = self.api("GET", path, status=200)
            self.assertEqual(reply.headers["X-Seraph-LoginReason"], "OK")
        self.assertEqual(self.api("GET", "/serverInfo").json()["deploymentType"], "Cloud")
        self.assertIn("issueTypes", self.api("GET", READS[2]).json())
        self.refused("GET", "/mypermissions?projectKey=OPS", None)
        self.refused("GET", "/mypermissions?projectKey=OPS&permissions=EVERYTHING", None)
        self.refused("GET", "/project/NONE", None, status=404)

    def anonymous_view(self, reason):
        reply = self.api("POST", "/search/jql", {"jql": OPEN}, 200)
        self.assertEqual(reply.json(), {"issues": [], "isLast": True})
        replies = [reply, self.api("GET", "/issue/OPS-1", status=404), self.api("POST", "/issue", new(), 400),
                   self.api("PUT", "/issue/OPS-1", {"fields": {"summary": "x"}}, 404), self.api("GET", "/serverInfo", status=200),
                   *[self.api("GET", path, status=404) for path in READS]]
        myself = self.api("GET", "/myself", status=401)
        self.assertTrue(myself.headers["Content-Type"].startswith("text/html"))
        self.assertEqual({r.headers["X-Seraph-LoginReason"] for r in [*replies, myself]}, {reason})
        self.assertEqual(self.control("GET", "state")["issues"][0]["summary"], "a summary")

    def test_wrong_credentials_look_like_an_empty_site(self):
        self.seed()
        for wrong in (WRONG, "Basic !", "Bearer " + TOKEN, "Digest x"):
            with self.subTest(wrong=wrong):
                self.authorization = wrong
                self.anonymous_view("AUTHENTICATED_FAILED")

    def test_nobody_says_that_the_token_has_expired(self):
        self.seed()
        self.control("POST", "settings", {"token_valid": False, "login_reason": False})
        self.anonymous_view(None)

    def test_no_credentials(self):
        self.seed()
        self.authorization = None
        self.anonymous_view(None)

    def test_an_expired_token(self):
        self.seed()
        self.control("POST", "settings", {"token_valid": False})
        self.anonymous_view("AUTHENTICATED_FAILED")

    def test_no_right_to_browse(self):
        self.seed()
        self.control("POST", "settings", {"permissions": []})
        self.api("GET", "/myself", status=200)
        self.assertEqual(self.search(OPEN)["issues"], [])
        self.refused("GET", "/issue/OPS-1", None, status=404)


class DataCenter(StandInTest):
    flavour, options = "datacenter", ("--prefix", "/jira")

    def test_what_is_there(self):
        for given in (self.authorization, "Bearer " + TOKEN):
            self.authorization = given
            for path in ("/serverInfo", "/myself", *READS):
                self.api("GET", path, status=200)
        self.assertEqual(self.api("GET", "/serverInfo").json()["deploymentType"], "Server")
        self.assertIn("values", self.api("GET", READS[2]).json())
        self.assertEqual(self.request("GET", "/../rest/api/2/serverInfo").status, 404)

    def test_wrong_credentials_are_401_everywhere(self):
        self.authorization = "Bearer wrong"
        for path in ("/serverInfo", "/myself", "/issue/OPS-1", *READS):
            self.assertEqual(self.api("GET", path, status=401).headers["X-Seraph-LoginReason"], "AUTHENTICATED_FAILED")
        self.api("POST", "/search", {"jql": OPEN}, 401)
        self.api("POST", "/issue", new(), 401)

    def test_basic_can_be_off(self):
        self.control("POST", "settings", {"basic_auth": False})
        self.api("GET", "/myself", status=401)

    def test_wrong_logins_end_in_a_captcha(self):
        right, self.authorization = self.authorization, WRONG
        for _ in range(3):
            self.api("GET", "/myself", status=401)
        self.authorization = right
        reply = self.api("GET", "/myself", status=403)
        self.assertIn("CAPTCHA_CHALLENGE", reply.headers["X-Authentication-Denied-Reason"])


class Gateway(StandInTest):
    options = ("--prefix", "/ex/jira/1234")

    def test_bearer_and_links(self):
        self.authorization = "Bearer " + TOKEN
        key = self.create()
        root = self.api("GET", "/serverInfo", status=200).json()["baseUrl"]
        self.assertNotIn("/ex/jira", root)
        self.assertEqual(self.request("GET", f"/browse/{key}").status, 404)
        self.url = self.url._replace(path="")
        self.assertEqual(self.request("GET", f"/browse/{key}").status, 200)


class Faults(StandInTest):
    def test_status_with_headers(self):
        self.fault({"status": 429, "headers": {"Retry-After": 7}, "body": {"message": "slow down"}}, path="/myself$", times=2)
        for status in (429, 429, 200):
            reply = self.api("GET", "/myself", status=status)
            self.assertEqual(reply.headers["Retry-After"], "7" if status == 429 else None)
        self.assertEqual(self.fired(), 2)

    def test_html(self):
        self.fault({"status": 503, "html": "Down"})
        self.assertIn(b"<html>", self.api("GET", "/myself", status=503).raw)

    def test_only_the_nth(self):
        self.fault({"status": 500}, times="always", nth=[2, 4])
        self.assertEqual([self.api("GET", "/myself").status for _ in range(5)], [200, 500, 200, 500, 200])

    def test_probability_is_repeatable(self):
        runs = []
        for name in ("one", "two"):
            self.control("DELETE", "faults")
            self.fault({"status": 500}, times="always", name=name, probability=0.5, seed=3)
            runs.append([self.api("GET", "/myself").status for _ in range(20)])
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(set(runs[0]), {200, 500})

    def test_lost_answers(self):
        for action, done in (({"lose_answer": True}, 1), ({"reset": True}, 0), ({"reset": True, "work": True}, 1),
                             ({"truncate": 5}, 1)):
            with self.subTest(action=action):
                self.control("POST", "reset")
                self.fault(action, method="POST", body="a summary")
                with self.assertRaises((ConnectionError, http.client.IncompleteRead)) as caught:
                    self.create()
                # http.client's RemoteDisconnected, an orderly end, has no errno
                self.assertEqual(getattr(caught.exception, "errno", None), errno.ECONNRESET if "reset" in action else None)
                self.assertEqual(len(self.control("GET", "state")["issues"]), done)
                self.assertEqual(self.fired(), 1)
                self.create()

    def test_a_gateway_that_gave_up(self):
        self.fault({"status": 504, "work": True})
        self.api("POST", "/issue", new(), 504)
        self.assertEqual(len(self.control("GET", "state")["issues"]), 1)

    def test_one_after_another(self):
        self.fault({"status": 500}, name="second", after="first", method="GET")
        self.api("GET", "/myself", status=200)
        self.fault({"status": 502}, name="first", method="POST")
        self.api("GET", "/myself", status=200)
        self.api("POST", "/issue", new(), 502)
        self.api("GET", "/myself", status=500)
        self.assertEqual((self.fired("first"), self.fired("second")), (1, 1))

    def test_wrong_json(self):
        self.fault({"wrong_json": ["what?"]})
        self.assertEqual(self.api("POST", "/issue", new(), 201).json(), ["what?"])

    def test_slow_and_endless(self):
        self.fault({"delay": 30}, method="POST", name="late")
        with self.assertRaises(TimeoutError):
            self.api("POST", "/issue", new(), timeout=0.3)
        self.assertEqual(self.control("GET", "state")["issues"], [])
        self.fault({"delay_answer": 30}, method="POST")
        with self.assertRaises(TimeoutError):
            self.api("POST", "/issue", new(), timeout=0.3)
        self.assertEqual(len(self.control("GET", "state")["issues"]), 1)
        self.fault({"slow_body": 10}, name="slow")
        with self.assertRaises(TimeoutError):
            self.api("GET", "/myself", timeout=0.3)
        self.fault({"endless_body": True}, name="endless")
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=5)
        connection.request("GET", "/rest/api/2/myself")
        self.assertEqual(len(connection.getresponse().read(1 << 20)), 1 << 20)
        connection.close()

    def test_a_person_was_quicker(self):
        key = self.create(labels=["x"])
        self.fault({"person": {"status": "Done", "comment": "mine"}}, method="PUT")
        self.api("PUT", f"/issue/{key}", {"fields": {"summary": "new"}}, 204)
        issue = self.control("GET", "state")["issues"][0]
        self.assertEqual((issue["open"], issue["summary"], issue["comments"][0]["author"]), (False, "new", "a.person"))
        self.control("DELETE", "faults")
        self.fault({"person": {"delete": True}}, method="PUT")
        self.api("PUT", f"/issue/{key}", {"fields": {"summary": "newer"}}, 404)

    def test_a_moved_issue_keeps_its_old_key(self):
        key = self.create(labels=["x"])
        self.fault({"person": {"move": "ARC-7"}}, method="PUT")
        self.api("PUT", f"/issue/{key}", {"fields": {"summary": "new"}}, 204)
        for name in (key, "ARC-7"):
            shown = self.api("GET", f"/issue/{name}?fields=summary,project", status=200).json()
            self.assertEqual((shown["key"], shown["fields"]["summary"], shown["fields"]["project"]["key"]), ("ARC-7", "new", "ARC"))
        self.assertEqual(self.keys(OPEN), [], "it is in the project no more")

    def test_wrong_orders(self):
        for rule in ({}, {"action": {}}, {"action": {"statsu": 500}}, {"match": {"pth": "x"}, "action": {"status": 500}},
                     {"action": {"status": 500, "reset": True}}, {"match": {"path": "("}, "action": {"status": 500}}):
            self.control("POST", "faults", rule, 400)


class Control(StandInTest):
    def test_no_credentials_please(self):
        self.assertEqual(self.request("GET", "/_stand-in/state", headers={"Authorization": self.authorization}).status, 400)

    def test_wrong_orders(self):
        for path, body in (("issue", {"summry": "x"}), ("issue", {"summary": "x", "lables": []}),
                           ("issue", {"summary": "x", "status": "Gone"}), ("issue/OPS-9", {}),
                           ("issue", {"summary": "x", "created": "yesterday"}), ("settings", {"page_kap": 1}),
                           ("settings", {"page_cap": "1"}), ("settings", {"permissions": ["FLY"]})):
            with self.subTest(path=path, body=body):
                self.control("POST", path, body, 400)

    def test_counters(self):
        key = self.create()
        self.search(OPEN)
        self.api("PUT", f"/issue/{key}", {"fields": {"summary": "new"}}, 204)
        self.refused("PUT", f"/issue/{key}", {})
        counted = self.control("GET", "counters")
        self.assertEqual(counted["requests"], {"POST /rest/api/2/issue": 1, "POST /rest/api/2/search/jql": 1,
                                               "PUT /rest/api/2/issue/{key}": 2})
        self.assertEqual((counted["write_requests"], counted["writes"]["edit"]), (3, 1))
        self.assertEqual(self.control("DELETE", "counters")["requests"], {})

    def test_reset(self):
        self.create()
        self.fault({"status": 500}, times="always")
        self.control("POST", "settings", {"token_valid": False})
        self.assertEqual(self.control("POST", "reset")["issues"], [])
        self.assertEqual(self.create(), "OPS-1")

    def test_reset_forgets_what_is_under_way(self):
        self.fault({"delay": 0.5}, method="POST")
        with self.assertRaises(TimeoutError):
            self.api("POST", "/issue", new(), timeout=0.2)
        self.control("POST", "reset")
        time.sleep(0.6)
        self.assertEqual(self.control("GET", "state")["issues"], [])


class Process(unittest.TestCase):
    def test_port_file_journal_and_end(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "server.py")
        with tempfile.TemporaryDirectory() as folder:
            url, journal, token = (os.path.join(folder, n) for n in ("url", "journal", "token"))
            with open(token, "w", encoding="ascii") as file:
                file.write(TOKEN + "\n")
            with subprocess.Popen([sys.executable, program, "--port-file", url, "--journal", journal, "--user", USER,
                                   "--token-file", token, "--statuses", "Offen:new,Erledigt:done"]) as process:
                try:
                    wait_for(lambda: os.path.exists(url))
                    with open(url, encoding="ascii") as file:
                        address = file.read().strip()
                    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
                    for path in ("/rest/api/2/myself", "/rest/api/2/issue/OPS-1?fields=summary"):     # one connection
                        connection.request("GET", path, headers={"Authorization": "Basic bW9uaXRvckBleGFtcGxlLmNvbTpzM2NyZXQ="})
                        connection.getresponse().read()
                    connection.request("GET", "/_stand-in/counters")
                    self.assertEqual(json.loads(connection.getresponse().read())["connections"], 1)
                    connection.close()
                finally:
                    process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(30), 0)
            with open(journal, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
            self.assertEqual([(e["method"], e["path"], e["status"], e["auth"]) for e in lines],
                             [("GET", "/rest/api/2/myself", 200, "Basic"), ("GET", "/rest/api/2/issue/OPS-1", 404, "Basic")])
            self.assertNotIn("bW9uaXRvckBl", json.dumps(lines))


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError("waited in vain")
        time.sleep(0.02)
    return found
