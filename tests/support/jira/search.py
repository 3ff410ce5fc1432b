"""Search: Cloud's search/jql, page by token, and Data Center's search, page by offset."""

import uuid

import checks
import jql
from checks import Refused

# How Cloud says that there are no more pages: its description of itself demands neither of the two.
LAST_PAGES = {"true": {"isLast": True}, "null": {"isLast": True, "nextPageToken": None}, "neither": {}}
MOST_COMMENTS = 20      # Cloud's search shows so many comments of an issue at most


class Search:
    def __init__(self, api):
        self.api, self.store = api, api.store

    def table(self):
        """Rows for the table of routes."""
        if self.store.flavour == "cloud":
            return [
                ("POST", "/search/jql", "", self.cloud),
                ("GET", "/search/jql", "jql fields maxResults nextPageToken reconcileIssues", self.cloud),
                ("POST", "/search", "", self.removed), ("GET", "/search", "*", self.removed),
            ]
        return [("POST", "/search", "", self.datacenter), ("GET", "/search", "jql fields startAt maxResults", self.datacenter)]

    def removed(self, call):
        raise Refused(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full "
                           "migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")

    def body(self, call, name):
        """The body of a search, checked; a GET's parameters made into one."""
        if call.method == "POST":
            body = call.json()
        else:
            body = dict(call.query)
            for field in ("maxResults", "startAt"):
                if field in body:
                    body[field] = call.number(field, 0)
            if "fields" in body:
                body["fields"] = body["fields"].split(",")
            if "reconcileIssues" in body:
                body["reconcileIssues"] = [int(i) if i.isdigit() else i for i in body["reconcileIssues"].split(",")]
        checks.plain_body(name, body)
        return body

    def parsed(self, text):
        try:
            query = jql.parse(text, self.store.flavour)
        except jql.JqlError as problem:
            raise Refused(400, str(problem)) from None
        if self.store.flavour == "cloud" and not query.bounded():
            raise Refused(400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
        return query

    def found(self, query, reconciled=()):
        try:
            return self.store.search(query, reconciled)
        except jql.JqlError as problem:
            raise Refused(400, str(problem)) from None

    def cloud(self, call):
        body = self.body(call, "search-cloud")
        query = self.parsed(body["jql"])
        if not self.api.sees(call):
            return 200, {"issues": [], "isLast": True}, "search-cloud"      # the anonymous view: nothing, and no error
        wanted = body.get("fields", ["id"])
        same = (body["jql"], wanted, body.get("reconcileIssues"))
        if "nextPageToken" in body:
            page = self.store.pages.get(body["nextPageToken"])
            if page is None or page[0] != same:
                raise Refused(400, "The provided next page token is invalid or expired.")
            left = page[1]
        else:
            left = self.found(query, {str(i) for i in body.get("reconcileIssues", [])})
        most = min(body.get("maxResults", 50), self.store.settings["page_cap"])
        issues = [self.api.shown(call, i, wanted, MOST_COMMENTS) for i in left[:most] if i["id"] in self.store.issues]
        if not left[most:]:
            return 200, {"issues": issues, **LAST_PAGES[self.store.settings["last_page"]]}, "search-cloud"
        token = uuid.uuid4().hex
        self.store.pages[token] = (same, left[most:])
        return 200, {"issues": issues, "isLast": False, "nextPageToken": token}, "search-cloud"

    def datacenter(self, call):
        body = self.body(call, "search-datacenter")
        query = self.parsed(body["jql"])
        if not self.api.sees(call):
            raise Refused(400, f"The value '{self.store.project}' does not exist for the field 'project'.")
        left = self.found(query)
        start, most = body.get("startAt", 0), min(body.get("maxResults", 50), self.store.settings["page_cap"])
        wanted = [*body.get("fields", ["*navigable"]), "key"]
        return 200, {"startAt": start, "maxResults": most, "total": min(len(left), self.store.settings["total_cap"]),
                     "issues": [self.api.shown(call, i, wanted) for i in left[start:start + most]]}, "search-datacenter"
