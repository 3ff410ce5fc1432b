"""What the stand-in refuses in requests, and what it does with those it takes."""

from client import StandInTest, new


class Create(StandInTest):
    def test_a_plain_issue(self):
        key = self.create(labels=["b", "a"], description="text")
        shown = self.api("GET", f"/issue/{key}", status=200).json()["fields"]
        self.assertEqual((shown["summary"], shown["labels"], shown["description"]), ("a summary", ["a", "b"], "text"))
        self.assertEqual(shown["status"]["statusCategory"]["key"], "new")
        self.assertIsNone(shown["resolutiondate"])

    def test_limits_are_exact(self):
        self.create(summary="s" * 255, description="d" * 32767, labels=["l" * 255])
        self.refused("POST", "/issue", new(summary="s" * 256), "summary", "255")
        self.refused("POST", "/issue", new(description="d" * 32768), "description", "32,767")
        self.refused("POST", "/issue", new(labels=["l" * 256]), "labels")

    def test_lengths_are_utf16(self):
        self.create(summary="\N{SNOWMAN}" * 255)
        self.refused("POST", "/issue", new(summary="\N{PILE OF POO}" * 128), "summary")

    def test_wrong_values(self):
        for field, value, words in (
                ("summary", None, "specify a summary"), ("summary", " ", "specify a summary"), ("summary", "a\nb", "newline"),
                ("summary", "a\n", "newline"), ("summary", 1, "string"), ("summary", {"set": "x"}, "string"),
                ("description", {"type": "doc", "version": 1, "content": []}, "string"), ("description", "a\x07b", "characters"),
                ("labels", ["MAJOR MALFUNCTION"], "contains spaces which is invalid"), ("labels", ["x\n"], "spaces"),
                ("labels", "x", "array"), ("labels", [1], "string"), ("labels", [""], ""),
                ("project", None, "required"), ("project", {"key": "NONE"}, "valid project"), ("issuetype", None, "required"),
                ("issuetype", {"name": "Epic"}, "valid issue type"), ("customfield_10010", "x", "not on the appropriate screen"),
                ("status", {"name": "Done"}, "not on the appropriate screen"), ("lables", ["x"], "or unknown")):
            with self.subTest(field=field, value=value):
                self.refused("POST", "/issue", new(**{field: value}), field, words)
        self.assertEqual(self.control("GET", "state")["issues"], [])

    def test_wrong_bodies(self):
        for raw in (b"{", b"[]", b"", b'{"fields": {}, "fields": {}}', b'{"fields": NaN}', b'{"fields": "\\ud800"}', b'{"a": "\xff"}'):
            with self.subTest(raw=raw):
                self.refused("POST", "/issue", raw)
        self.refused("POST", "/issue", {**new(), "more": 1})
        self.control("POST", "settings", {"custom_fields": {"customfield_10010": {}}})
        self.refused("POST", "/issue", new(customfield_10010=float("nan")), words="parsing JSON")

    def test_media_type_is_demanded(self):
        for given in (None, "text/plain", "application/x-www-form-urlencoded"):
            self.assertEqual(self.api("POST", "/issue", new(), content_type=given).status, 415)
        self.api("POST", "/issue", new(), 201, content_type="application/json; charset=UTF-8")

    def test_screens_and_own_fields(self):
        self.control("POST", "settings", {"off_screen": {"create": ["labels"]},
                                          "custom_fields": {"customfield_10010": {"name": "Team", "required": True}}})
        self.refused("POST", "/issue", new(labels=["x"], customfield_10010="x"), "labels", "not on the appropriate screen")
        self.refused("POST", "/issue", new(), "customfield_10010", "Team is required")
        self.create(customfield_10010="ops")

    def test_screens_of_one_type_and_what_a_screen_sets_by_itself(self):
        self.control("POST", "settings", {"off_screen": {"create Incident": ["labels"]},
                                          "custom_fields": {"customfield_10010": {"name": "Team", "required": True, "default": "Mail"}}})
        self.refused("POST", "/issue", new(issuetype={"name": "Incident"}, labels=["x"]), "labels", "not on the appropriate screen")
        self.create(labels=["x"])
        self.assertEqual(self.control("GET", "state")["issues"][0]["extra"], {"customfield_10010": "Mail"})
        self.control("POST", "settings", {"off_screen": {"create Epic": []}}, 400)

    def test_what_the_create_screen_tells(self):
        self.control("POST", "settings", {"off_screen": {"create Bug": ["labels"]}, "page_cap": 3,
                                          "custom_fields": {"customfield_10010": {"name": "Team", "required": True}}})
        types = self.api("GET", "/issue/createmeta/OPS/issuetypes", status=200).json()["issueTypes"]
        path = "/issue/createmeta/OPS/issuetypes/" + next(t["id"] for t in types if t["name"] == "Bug")
        fields = {}
        while True:
            page = self.api("GET", f"{path}?startAt={len(fields)}&maxResults=200", status=200).json()
            fields.update((f["fieldId"], f) for f in page["fields"])
            if len(fields) >= page["total"]:
                break
        self.assertEqual(set(fields), {"summary", "description", "priority", "components", "reporter", "project", "issuetype", "customfield_10010"})
        self.assertEqual({n for n, f in fields.items() if f["required"] and not f["hasDefaultValue"]},
                         {"summary", "project", "issuetype", "customfield_10010"})
        self.refused("GET", "/issue/createmeta/OPS/issuetypes/1", None, status=404)
        self.refused("GET", "/issue/createmeta/NONE/issuetypes/1", None, status=404)

    def test_paths_and_parameters(self):
        self.assertEqual(self.request("GET", "/rest/api/latest/serverInfo").status, 404)
        self.assertEqual(self.request("GET", "/rest/api/3/serverInfo").status, 404)
        self.assertEqual(self.api("DELETE", "/issue/OPS-1").status, 405)
        self.refused("GET", "/project/OPS?expnad=x", None)
        self.assertEqual(self.request("GET", "/rest/api/2/myself?a=1&a=2").status, 400)


class Edit(StandInTest):
    def setUp(self):
        super().setUp()
        self.key = self.create(labels=["old"])

    def issue(self):
        return self.control("GET", "state")["issues"][0]

    def test_one_edit_carries_everything(self):
        self.api("PUT", f"/issue/{self.key}", {
            "fields": {"summary": "new"},
            "update": {"labels": [{"add": "x"}, {"remove": "old"}], "comment": [{"add": {"body": "said"}}]}}, 204)
        issue = self.issue()
        self.assertEqual((issue["summary"], issue["labels"]), ("new", ["x"]))
        self.assertEqual([c["body"] for c in issue["comments"]], ["said"])
        self.assertGreaterEqual(issue["updated"], issue["created"])
        self.assertEqual(self.control("GET", "counters")["writes"], {"create": 1, "edit": 1, "comment": 1, "transition": 0})

    def test_refused_edits_change_nothing(self):
        before = self.issue()
        said = [{"add": {"body": "said"}}]
        for body, field, words in (
                ({"fields": {"labels": ["x"]}, "update": {"labels": [{"add": "y"}], "comment": said}}, "labels", "both"),
                ({"fields": {"summary": "s" * 256}, "update": {"comment": said}}, "summary", "255"),
                ({"fields": {"summary": "new"}, "update": {"comment": [{"add": {"body": " "}}]}}, "comment", "empty"),
                ({"fields": {"summary": "new"}, "update": {"comment": [{"add": {"body": "c" * 32768}}]}}, "comment", "32,767"),
                ({"fields": {"summary": "new"}, "update": {"comment": [{"add": {"body": {"type": "doc"}}}]}}, "comment", "string"),
                ({"fields": {"summary": "new"}, "update": {"labels": [{"add": "a b"}]}}, "labels", "spaces"),
                ({"fields": {"summary": "new"}, "update": {"labels": [{"add": "a", "remove": "b"}]}}, "labels", ""),
                ({"fields": {"summary": "new", "comment": {"body": "x"}}}, "comment", "screen"),
                ({"fields": {"summary": "new", "project": {"key": "OPS"}}}, "project", "screen"),
                ({"fields": {"summary": "new"}, "update": {"status": [{"set": "Done"}]}}, "status", "screen"),
                ({}, None, "required"), ({"fields": {}}, None, "required"), ({"fields": {"summary": "x"}, "transition": {}}, None, "")):
            with self.subTest(body=body):
                self.refused("PUT", f"/issue/{self.key}", body, field, words)
        self.assertEqual(self.issue(), before)

    def test_screen_permission_and_closed(self):
        labels, said = {"update": {"labels": [{"add": "x"}]}}, {"update": {"comment": [{"add": {"body": "said"}}]}}
        self.control("POST", "settings", {"off_screen": {"edit": ["labels"]}})
        self.refused("PUT", f"/issue/{self.key}", labels, "labels", "not on the appropriate screen")
        self.control("POST", "settings", {"off_screen": {}, "closed_read_only": True})
        self.control("POST", f"issue/{self.key}", {"status": "Done"})
        self.refused("PUT", f"/issue/{self.key}", labels, "labels")
        self.api("PUT", f"/issue/{self.key}", said, 204)
        self.control("POST", "settings", {"permissions": ["BROWSE_PROJECTS", "EDIT_ISSUES"]})
        self.refused("PUT", f"/issue/{self.key}", said, "comment", "permission")
        self.refused("POST", f"/issue/{self.key}/comment", {"body": "x"}, status=403)
        self.control("POST", "settings", {"permissions": ["BROWSE_PROJECTS"]})
        self.refused("PUT", f"/issue/{self.key}", labels, status=403)
        self.refused("POST", "/issue", new(), status=403)

    def test_what_the_edit_screen_tells(self):
        fields = self.api("GET", f"/issue/{self.key}/editmeta", status=200).json()["fields"]
        self.assertEqual(set(fields), {"summary", "description", "labels", "priority", "components", "comment"})
        self.control("POST", "settings", {"off_screen": {"edit Bug": ["labels"]}, "closed_read_only": True})
        self.assertNotIn("labels", self.api("GET", f"/issue/{self.key}/editmeta", status=200).json()["fields"])
        self.control("POST", f"issue/{self.key}", {"status": "Done"})
        self.assertEqual(self.api("GET", f"/issue/{self.key}/editmeta", status=200).json()["fields"], {})

    def test_gone(self):
        self.control("DELETE", f"issue/{self.key}")
        for method, path, body in (("GET", "", None), ("PUT", "", {"fields": {"summary": "x"}}), ("POST", "/comment", {"body": "x"})):
            self.refused(method, f"/issue/{self.key}{path}", body, status=404)

    def test_comments_are_paged(self):
        for n in range(5):
            self.api("POST", f"/issue/{self.key}/comment", {"body": f"c{n}"}, 201)
        page = self.api("GET", f"/issue/{self.key}/comment?startAt=3&maxResults=50", status=200).json()
        self.assertEqual(([c["body"] for c in page["comments"]], page["total"]), (["c3", "c4"], 5))
        last = self.api("GET", f"/issue/{self.key}/comment?orderBy=-created&maxResults=1", status=200).json()
        self.assertEqual(last["comments"][0]["body"], "c4")
        self.refused("POST", f"/issue/{self.key}/comment", {"body": {"type": "doc"}}, "comment")
        self.refused("POST", f"/issue/{self.key}/comment", {"body": "c" * 32768}, "comment", "32,767")

    def test_transitions(self):
        offered = self.api("GET", f"/issue/{self.key}/transitions", status=200).json()["transitions"]
        done = next(t["id"] for t in offered if t["to"]["statusCategory"]["key"] == "done")
        self.refused("POST", f"/issue/{self.key}/transitions", {"transition": {"id": "999"}})
        self.api("POST", f"/issue/{self.key}/transitions", {"transition": {"id": done}}, 204)
        self.assertFalse(self.issue()["open"])
        self.assertIsNotNone(self.issue()["resolved"])


class Texts(StandInTest):
    def test_cloud_rewrites_white_space(self):
        self.create(description=" a  \r\nb\n\n")
        self.assertEqual(self.control("GET", "state")["issues"][0]["description"], "a\nb")


class DataCenter(StandInTest):
    flavour = "datacenter"

    def test_what_the_create_screen_tells(self):
        path = "/issue/createmeta/OPS/issuetypes/10100?maxResults="
        page = self.api("GET", path + "200", status=200).json()
        self.assertTrue(page["isLast"])
        self.assertNotIn("total", page)
        reporter = next(f for f in page["values"] if f["fieldId"] == "reporter")
        self.assertEqual((reporter["required"], reporter["hasDefaultValue"]), (True, False))
        self.assertFalse(self.api("GET", path + "2", status=200).json()["isLast"])
        self.create()       # without a reporter

    def test_white_space_stays(self):
        self.create(description=" a  \r\nb\n\n")
        self.assertEqual(self.control("GET", "state")["issues"][0]["description"], " a  \r\nb\n\n")
