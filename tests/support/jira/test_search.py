"""JQL, pages, and the index that lags behind."""

import time

from client import OPEN, StandInTest


class Jql(StandInTest):
    def test_what_it_refuses(self):
        for text, words in (
                ("", ""), ("status = Done", "Unbounded"), ("ORDER BY created", "Unbounded"),
                ("project = OPS OR labels = x", "Unbounded"), ("project != OPS", "Unbounded"),
                ("project = NONE", "The value 'NONE' does not exist for the field 'project'."),
                ('project = OPS AND status not in (Done, "Resolved")', "The value 'Resolved' does not exist for the field 'status'."),
                ("project = OPS AND issuetype = Epic", "does not exist for the field 'issuetype'"),
                ("project = OPS AND statusCategory != Gone", "does not exist"), ("project = OPS AND colour = red", "Field 'colour'"),
                ("project = OPS AND labels ~ x", "not supported"), ('project = OPS AND summary = "x"', "not supported"),
                ("project = OPS AND labels = dnsbl-ip-192.0.2.1", "reserved JQL character"), ('project = OPS AND labels = "x', "complete"),
                ("project = OPS AND", "Expecting"), ("project = OPS labels = x", "Expecting"), ("project = OPS AND labels in ()", "Expecting"),
                ("project = OPS AND labels in (x", "Expecting"), ("project = OPS AND (labels = x", "Expecting"),
                ("project = OPS AND labels = x OR labels = y", "parentheses"), ("NOT project = OPS", "Expecting"),
                ("project = OPS AND created >= startOfDay()", "function"), ("project = OPS AND created >= yesterday", "Date value"),
                ('project = OPS AND created >= "2026-13-01"', "Date value"), ('project = OPS AND created = "2026-11-01"', "not supported"),
                ("project = OPS AND key = OPS-77", "does not exist"), ("project = OPS ORDER BY summary", "sorting"),
                ('project = OPS AND summary ~ "fe80::1"', "Unable to parse"), ('project = OPS AND summary ~ "*x"', "Unable to parse"),
                ('project = OPS AND labels = "\\q"', "escape")):
            with self.subTest(text=text):
                self.refused("POST", "/search/jql", {"jql": text}, words=words)

    def test_labels(self):
        a, b, none = self.seed(labels=["x", "dnsbl-ip-192.0.2.1"]), self.seed(labels=["y"]), self.seed()
        self.assertEqual(self.keys('project = "OPS" AND labels = "dnsbl-ip-192.0.2.1"'), [a])
        self.assertEqual(self.keys("project = OPS AND labels in (x, 'y') ORDER BY key ASC"), [a, b])
        self.assertEqual(self.keys("project = OPS AND labels not in (x)"), [b], "an issue without labels is not found")
        self.assertEqual(self.keys("project = OPS AND (labels is EMPTY OR labels != x) order by key"), [b, none])

    def test_status(self):
        todo, done = self.seed(), self.seed(status="Done")
        self.assertEqual(self.keys(OPEN), [todo])
        self.assertEqual(self.keys("project = OPS AND status not in (done)"), [todo])
        self.assertEqual(self.keys('project = OPS AND status in ("Done", "To Do") AND resolution = Unresolved'), [todo])
        self.assertEqual(self.keys("project = OPS AND resolved is not EMPTY"), [done])

    def test_summary_is_no_identity(self):
        """Whoever takes the first issue found by `~` takes a wrong one."""
        for address in ("192.0.2.1", "192.0.2.10", "2.1.0.192"):
            self.seed(summary=f"IP {address} blacklisted by A")
        self.assertEqual(len(self.keys('project = OPS AND summary ~ "IP 192.0.2.1 blacklisted by"')), 3)
        self.assertEqual(self.keys('project = OPS AND summary ~ "192.0.2.7"'), [])

    def test_a_phrase_in_the_summary(self):
        key, _, six = (self.seed(summary=f"IP {address} blacklisted by A") for address in ("192.0.2.1", "192.0.2.10", "2001:db8::1"))
        self.seed(summary="blacklisted by IP 192.0.2.1")
        self.assertEqual(self.keys(r'project = OPS AND summary ~ "\"IP 192.0.2.1 blacklisted by\""'), [key])
        self.assertEqual(self.keys(r'project = OPS AND summary ~ "\"IP 2001\\:db8\\:\\:1 blacklisted by\""'), [six])
        self.refused("POST", "/search/jql", {"jql": r'project = OPS AND summary ~ "\"IP 2001:db8::1 blacklisted by\""'}, words="Unable to parse")

    def test_dates(self):
        old = self.seed(status="Done", created="-9d", resolved="-8d")
        late = self.seed(status="Done", created="-9d", resolved="-2d")
        self.assertEqual(self.keys("project = OPS AND resolved >= -7d"), [late])
        self.assertEqual(self.keys("project = OPS AND statusCategoryChangedDate < -7d"), [old])
        self.assertEqual(self.keys("project = OPS AND created >= -1d"), [])

    def test_dates_are_in_the_users_zone(self):
        key = self.seed(created="2026-11-20T22:30:00Z")     # 00:30 of the 21st at +02:00
        self.assertEqual(self.keys('project = OPS AND created >= "2026-11-21"'), [key])
        shown = self.api("GET", f"/issue/{key}?fields=created", status=200).json()["fields"]["created"]
        self.assertEqual(shown, "2026-11-21T00:30:00.000+0200")

    def test_closed_without_resolution(self):
        self.control("POST", "settings", {"sets_resolution": False})
        key = self.seed(status="Done")
        self.assertEqual(self.keys("project = OPS AND resolved is EMPTY"), [key])


class CloudPages(StandInTest):
    def test_only_the_id_by_default(self):
        self.seed()
        found = self.api("POST", "/search/jql", {"jql": OPEN}, 200).json()
        self.assertEqual(found, {"issues": [{"id": "10001"}], "isLast": True})
        self.assertNotIn("total", found)

    def test_bodies(self):
        for more in ({"startAt": 0}, {"maxResults": 0}, {"maxResults": 5001}, {"maxResults": "10"}, {"fields": "summary"},
                     {"fields": []}, {"fields": [1]}, {"fields": [""]}, {"validateQuery": True}, {"nextPageToken": "made up"}, {"reconcileIssues": ["10001"]},
                     {"reconcileIssues": list(range(1, 52))}):
            with self.subTest(more=more):
                self.refused("POST", "/search/jql", {"jql": OPEN, **more})
        self.seed()
        self.refused("POST", "/search/jql", {"jql": OPEN, "fields": ["sumary"]}, words="sumary")

    def test_pages_by_token(self):
        self.control("POST", "settings", {"page_cap": 2})
        keys = [self.seed() for _ in range(5)]
        pages, token = [], None
        while not pages or token:
            page = self.search(OPEN + " ORDER BY key ASC", maxResults=100, **({"nextPageToken": token} if token else {}))
            pages.append([i["key"] for i in page["issues"]])
            token = page.get("nextPageToken")
            self.assertEqual(page["isLast"], token is None)
        self.assertEqual(pages, [keys[:2], keys[2:4], keys[4:]])

    def test_the_last_page(self):
        for how, rest in (("true", {"isLast": True}), ("null", {"isLast": True, "nextPageToken": None}), ("neither", {})):
            self.control("POST", "settings", {"last_page": how})
            self.assertEqual(self.search(OPEN), {"issues": [], **rest})
        self.control("POST", "settings", {"page_cap": 1})
        self.seed(), self.seed()
        page = self.search(OPEN)
        self.assertIs(page["isLast"], False)
        self.assertEqual(len(self.search(OPEN, nextPageToken=page["nextPageToken"])), 1, "issues alone")
        self.control("POST", "settings", {"last_page": "nil"}, 400)

    def test_a_token_belongs_to_its_query(self):
        self.control("POST", "settings", {"page_cap": 1})
        self.seed(), self.seed()
        token = self.search(OPEN)["nextPageToken"]
        self.refused("POST", "/search/jql", {"jql": "project = OPS", "fields": ["summary"], "nextPageToken": token})

    def test_comments_are_cut_off(self):
        key = self.seed(comments=[f"c{n}" for n in range(25)])
        found = self.search(OPEN, fields=["comment"])["issues"][0]["fields"]["comment"]
        self.assertEqual((len(found["comments"]), found["total"]), (20, 25))
        self.assertEqual(len(self.api("GET", f"/issue/{key}", status=200).json()["fields"]["comment"]["comments"]), 25)

    def test_old_search_is_gone(self):
        for method, body in (("POST", {"jql": OPEN}), ("GET", None)):
            self.refused(method, "/search?jql=x" if method == "GET" else "/search", body, status=410)

    def test_get(self):
        key = self.seed()
        found = self.api("GET", "/search/jql?jql=project%20%3D%20OPS&fields=summary,labels&maxResults=5", status=200).json()
        self.assertEqual(found["issues"][0]["key"], key)


class DataCenterPages(StandInTest):
    flavour = "datacenter"

    def test_the_server_caps_the_page(self):
        self.control("POST", "settings", {"page_cap": 2})
        keys = [self.seed() for _ in range(3)]
        page = self.search("project = OPS ORDER BY key", startAt=0, maxResults=1000)
        self.assertEqual((page["total"], page["maxResults"], page["startAt"]), (3, 2, 0))
        self.assertEqual([i["key"] for i in page["issues"]], keys[:2])
        self.assertEqual(self.keys("project = OPS ORDER BY key", startAt=2), keys[2:])

    def test_the_server_caps_the_total(self):
        self.control("POST", "settings", {"page_cap": 2, "total_cap": 3})
        keys = [self.seed() for _ in range(5)]
        pages = [self.search("project = OPS ORDER BY key", startAt=start) for start in (0, 2, 4, 6)]
        self.assertEqual([page["total"] for page in pages], [3, 3, 3, 3])
        self.assertEqual([i["key"] for page in pages for i in page["issues"]], keys)
        self.control("POST", "settings", {"total_cap": 100})
        self.assertEqual(self.search("project = OPS")["total"], 5)

    def test_bodies(self):
        for more in ({"nextPageToken": "x"}, {"reconcileIssues": [1]}, {"startAt": -1}, {"startAt": "0"}):
            self.refused("POST", "/search", {"jql": OPEN, **more})
        self.assertEqual(self.api("POST", "/search/jql", {"jql": OPEN}).status, 404)
        self.refused("POST", "/search", {"jql": "project = OPS AND status = Resolved"}, words="does not exist for the field 'status'")


class Index(StandInTest):
    def test_seconds(self):
        self.control("POST", "settings", {"index_lag": 14})
        key = self.create()
        self.assertEqual(self.keys(OPEN), [])
        self.api("PUT", f"/issue/{key}", {"fields": {"summary": "new"}}, 204)
        self.assertEqual(self.keys(OPEN), [], "an edit makes nobody findable sooner")
        self.api("GET", f"/issue/{key}", status=200)
        self.assertEqual(self.keys(OPEN, reconcileIssues=[10001]), [key])
        self.control("POST", "settings", {"clock_ahead": 15})
        self.assertEqual(self.keys(OPEN), [key])

    def test_searches(self):
        self.control("POST", "settings", {"index_lag_searches": 2})
        key = self.create()
        self.assertEqual([self.keys(OPEN) for _ in range(3)], [[], [], [key]])
        self.assertEqual(self.keys("project = OPS AND labels = other"), [])
        counted = self.control("GET", "counters")
        self.assertEqual((counted["withheld"], counted["outdated"]), (2, 0))

    def test_edits(self):
        self.control("POST", "settings", {"edit_lag": 3600})
        key = self.create(labels=["x"])
        self.api("PUT", f"/issue/{key}", {"fields": {"labels": ["y"]}}, 204)
        self.assertEqual(self.keys("project = OPS AND labels = x"), [key])
        self.assertEqual(self.keys(OPEN), [key])
        counted = self.control("GET", "counters")
        self.assertEqual((counted["withheld"], counted["outdated"]), (0, 1))
        self.assertEqual(self.keys("project = OPS AND labels = x", reconcileIssues=[10001]), [])

    def test_people_are_seen_at_once(self):
        self.control("POST", "settings", {"index_lag": 3600, "edit_lag": 3600})
        key = self.seed()
        self.assertEqual(self.keys(OPEN), [key])
        self.control("DELETE", f"issue/{key}")
        self.assertEqual(self.keys(OPEN), [])


    def test_people_can_lag_too(self):
        key = self.seed()
        self.control("POST", "settings", {"people_lag": 14})
        other = self.seed()
        self.control("POST", f"issue/{key}", {"status": "Done"})
        self.assertEqual(self.keys(OPEN), [key])
        self.control("POST", "settings", {"clock_ahead": 15})
        self.assertEqual(self.keys(OPEN), [other])


class Size(StandInTest):
    def test_a_page_of_a_hundred_is_quick(self):
        self.control("POST", "issue", [{"summary": f"s{n}", "labels": ["x", f"y{n}"]} for n in range(1000)], 201)
        began = time.monotonic()
        found = self.search("project = OPS", maxResults=100, fields=["summary", "labels", "status", "created"])
        self.assertEqual(len(found["issues"]), 100)
        self.assertLess(time.monotonic() - began, 2)
