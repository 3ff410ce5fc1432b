"""Jira's REST API, version 2: the part that a client of this kind needs, for Cloud and Data Center.

Sources: Atlassian's REST documentation of both, and how the two are known to
answer wrong credentials.  Every answer is held to schemas/answers.json.
"""

import datetime
import re
import uuid

import checks
import search
import store as stores
from checks import Refused

NO_ISSUE = "Issue does not exist or you do not have permission to see it."
API = "/rest/api/2"


class Call:
    """One request.  `who` is "user", "anonymous", "wrong" (credentials that are not right) or "locked" (a CAPTCHA is due)."""

    def __init__(self, method, path, query, content_type, raw, who, base_url):
        self.method, self.path, self.query = method, path, query
        self.content_type, self.raw = content_type, raw
        self.who, self.base_url = who, base_url
        self.parts = {}

    def json(self):
        return checks.json_body(self.content_type, self.raw)

    def number(self, name, default, least=0):
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise Refused(400, f"The value '{text}' is not valid for the parameter '{name}'.")
        return int(text)


class Api:
    def __init__(self, store):
        self.store = store
        self.cloud = store.flavour == "cloud"
        table = [
            ("GET", "/serverInfo", "", self.server_info),
            ("GET", "/myself", "", self.myself),
            ("GET", "/mypermissions", "projectKey permissions", self.my_permissions),
            ("GET", "/project/{project}", "", self.get_project),
            ("GET", "/project/{project}/statuses", "", self.project_statuses),
            ("GET", "/issue/createmeta/{project}/issuetypes", "startAt maxResults", self.create_meta),
            ("GET", "/issue/createmeta/{project}/issuetypes/{type}", "startAt maxResults", self.create_fields),
            ("POST", "/issue", "", self.create),
            ("GET", "/issue/{key}", "fields", self.get_issue),
            ("PUT", "/issue/{key}", "notifyUsers", self.edit),
            ("GET", "/issue/{key}/editmeta", "", self.edit_meta),
            ("GET", "/issue/{key}/comment", "startAt maxResults orderBy", self.get_comments),
            ("POST", "/issue/{key}/comment", "", self.add_comment),
            ("GET", "/issue/{key}/transitions", "", self.get_transitions),
            ("POST", "/issue/{key}/transitions", "", self.move),
        ] + search.Search(self).table()
        self.routes = [(m, API + t, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", API + t)), set(q.split()), f)
                       for m, t, q, f in table]

    def route(self, method, path):
        """(template, query parameters, function, parts of the path); the template alone if the method is not allowed."""
        template = None
        for allowed, text, pattern, parameters, function in self.routes:
            match = pattern.fullmatch(path)
            if match and allowed == method:
                return text, parameters, function, match.groupdict()
            template = text if match else template
        return template, None, None, None

    def handle(self, call):
        """(status, answer, name of the answer's schema), or Refused."""
        template, parameters, function, call.parts = self.route(call.method, call.path)
        if template is None:
            raise Refused(404, html="Oops, you&#39;ve found a dead link.")
        if function is None:
            raise Refused(405, html="Method Not Allowed")
        if call.who == "locked":
            raise Refused(403, html="Forbidden (403)", headers={
                "X-Authentication-Denied-Reason": f"CAPTCHA_CHALLENGE; login-url={call.base_url}/login.jsp"})
        if not self.cloud and (call.who == "wrong" or (call.who == "anonymous" and function != self.server_info)):
            raise self.unauthorised(call)
        unknown = set(call.query) - parameters
        if unknown and "*" not in parameters:
            raise Refused(400, f"stand-in: unknown query parameter: {', '.join(sorted(unknown))}")
        return function(call)

    def unauthorised(self, call):
        """Data Center says 401 to wrong credentials everywhere, as HTML; Cloud only for myself."""
        text = "Client must be authenticated to access this resource." if self.cloud else "Unauthorized (401)"
        return Refused(401, html=text, headers={"WWW-Authenticate": 'OAuth realm="stand-in"'})

    # Who may do what

    def may(self, call, permission):
        """Nobody but the user may do anything; and nothing without seeing the project."""
        granted = self.store.settings["permissions"]
        return call.who == "user" and "BROWSE_PROJECTS" in granted and permission in granted

    def sees(self, call):
        return self.may(call, "BROWSE_PROJECTS")

    def need(self, call, permission, what):
        if not self.may(call, permission):
            raise Refused(403, f"You do not have the permission to {what}.")

    def issue_of(self, call):
        issue = self.store.find(call.parts["key"]) if self.sees(call) else None
        if issue is None:
            raise Refused(404, NO_ISSUE if self.cloud else "Issue Does Not Exist")
        return issue

    def project_of(self, call, named):
        if not self.sees(call) or named != self.store.project:
            raise Refused(404, f"No project could be found with key '{named}'.")

    # How things look

    def time(self, seconds):
        if seconds is None:
            return None
        when = datetime.datetime.fromtimestamp(seconds, self.store.zone())
        return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}{when:%z}"

    def self_link(self, call, path):
        """Behind Atlassian's gateway `self` is an address that no person can open."""
        base = call.base_url
        if self.cloud:
            base = "/".join(base.split("/")[:3]) + "/ex/jira/00000000-0000-4000-8000-000000000000"
        return f"{base}{API}/{path}"

    def user(self, name):
        shown = name.split("@")[0].title()
        if self.cloud:
            account = uuid.uuid5(uuid.NAMESPACE_URL, name).hex[:24]
            return {"accountId": account, "accountType": "atlassian", "displayName": shown, "active": True}
        return {"name": name, "key": name, "displayName": shown, "active": True}

    def status(self, name):
        category = self.store.statuses[name]
        number, shown = stores.CATEGORIES[category]
        return {"id": str(10000 + list(self.store.statuses).index(name)), "name": name,
                "statusCategory": {"id": number, "key": category, "name": shown}}

    def issue_type(self, name):
        return {"id": str(10100 + self.store.issue_types.index(name)), "name": name, "subtask": False}

    def project(self, key=None):
        key = key or self.store.project
        return {"id": "10000" if key == self.store.project else "10001", "key": key, "name": f"Project {key}"}

    def comment(self, comment):
        return {"id": comment["id"], "author": self.user(comment["author"]), "body": comment["body"],
                "created": self.time(comment["created"]), "updated": self.time(comment["created"])}

    def comments(self, listed, start, most):
        page = listed[start:start + most]
        return {"comments": [self.comment(c) for c in page], "startAt": start, "maxResults": most, "total": len(listed)}

    def all_fields(self, issue, most_comments):
        """Field -> function that shows it, so that only what is asked for is made."""
        closed = issue["resolved"] is not None
        fields = {
            "summary": lambda: issue["summary"], "description": lambda: issue["description"],
            "labels": lambda: issue["labels"], "status": lambda: self.status(issue["status"]),
            "issuetype": lambda: self.issue_type(issue["issuetype"]), "project": lambda: self.project(stores.project_of(issue)),
            "created": lambda: self.time(issue["created"]), "updated": lambda: self.time(issue["updated"]),
            "resolutiondate": lambda: self.time(issue["resolved"]),
            "resolution": lambda: {"id": "10000", "name": "Done"} if closed else None,
            "creator": lambda: self.user(issue["reporter"]), "reporter": lambda: self.user(issue["reporter"]),
            "comment": lambda: self.comments(issue["comments"], 0, most_comments),
            "priority": lambda: issue["extra"].get("priority"), "components": lambda: issue["extra"].get("components", []),
        }
        if self.cloud:
            fields["statuscategorychangedate"] = lambda: self.time(issue["category_changed"])
        for name in self.store.settings["custom_fields"]:
            fields[name] = lambda name=name: issue["extra"].get(name)
        return fields

    def shown(self, call, issue, wanted, most_comments=5000):
        """An issue with the fields in `wanted`: names, *all, *navigable, or id alone (Cloud's default)."""
        if wanted == ["id"]:
            return {"id": issue["id"]}
        fields = self.all_fields(issue, most_comments)
        names = set()
        for name in wanted:
            if name in ("*all", "*navigable"):
                names |= set(fields)
            elif name in fields:
                names.add(name)
            elif name not in ("id", "key"):
                raise Refused(400, f"stand-in: Jira would leave out this field without a word: {name}")
        shown = {"id": issue["id"], "key": issue["key"], "self": self.self_link(call, "issue/" + issue["id"])}
        if names:
            shown["fields"] = {name: fields[name]() for name in sorted(names)}
        return shown

    # The server, the user, the project

    def server_info(self, call):
        version = [1001, 0, 0] if self.cloud else [9, 12, 0]
        return 200, {
            "baseUrl": call.base_url, "version": "1001.0.0-SNAPSHOT" if self.cloud else "9.12.0", "versionNumbers": version,
            "deploymentType": "Cloud" if self.cloud else "Server", "buildNumber": 100200,
            "serverTime": self.time(self.store.now()), "serverTitle": "Stand-in",
        }, "serverinfo"

    def myself(self, call):
        if call.who != "user":
            raise self.unauthorised(call)
        offset = self.store.settings["utc_offset_minutes"]
        zone = f"Etc/GMT{-offset // 60:+d}" if offset % 60 == 0 else "Asia/Kathmandu"
        return 200, {**self.user(self.store.user), "emailAddress": self.store.user, "timeZone": zone}, "myself"

    def my_permissions(self, call):
        if "projectKey" in call.query:
            self.project_of(call, call.query["projectKey"])
        asked = call.query.get("permissions", "").split(",")
        if not self.cloud:
            asked = stores.PERMISSIONS      # Data Center knows no such parameter and shows all
        elif asked == [""]:
            raise Refused(400, "The 'permissions' query parameter is required.")
        unknown = set(asked) - set(stores.PERMISSIONS)
        if unknown:
            raise Refused(400, f"Unrecognized permission(s): {', '.join(sorted(unknown))}")
        return 200, {"permissions": {
            name: {"id": str(stores.PERMISSIONS.index(name) + 10), "key": name, "name": name.replace("_", " ").title(),
                   "type": "PROJECT", "havePermission": self.may(call, name)} for name in asked}}, "mypermissions"

    def get_project(self, call):
        self.project_of(call, call.parts["project"])
        types = [self.issue_type(t) for t in self.store.issue_types]
        return 200, {**self.project(), "self": self.self_link(call, "project/10000"), "issueTypes": types}, "project"

    def project_statuses(self, call):
        self.project_of(call, call.parts["project"])
        statuses = [self.status(s) for s in self.store.statuses]
        return 200, [{**self.issue_type(t), "self": self.self_link(call, "issuetype/" + self.issue_type(t)["id"]),
                      "statuses": statuses} for t in self.store.issue_types], "statuses"

    def create_meta(self, call):
        self.project_of(call, call.parts["project"])
        self.need(call, "CREATE_ISSUES", "create issues in this project")
        start, most = call.number("startAt", 0), min(call.number("maxResults", 50, 1), 50, self.store.settings["page_cap"])
        types = [self.issue_type(t) for t in self.store.issue_types]
        page = {"startAt": start, "maxResults": most, "total": len(types)}
        if self.cloud:
            return 200, {**page, "issueTypes": types[start:start + most]}, "issuetypes"
        return 200, {**page, "isLast": start + most >= len(types), "values": types[start:start + most]}, "issuetypes"

    # Screens: which fields may be set, and which must be

    def field(self, name, shown, kind, required=False, operations=("set",)):
        """A field as createmeta and editmeta tell of it."""
        own = name.startswith("customfield_")
        schema = {"type": kind, **({"items": "string"} if kind == "array" else {}),
                  **({"custom": "com.atlassian.jira.plugin.system.customfieldtypes:textfield", "customId": int(name.split("_")[1])}
                     if own else {"system": name})}
        return {"required": required, "schema": schema, "name": shown, **({"key": name} if self.cloud else {}),
                "fieldId": name, "hasDefaultValue": False, "operations": list(operations)}

    def screen(self, screen, issue_type):
        """The fields on a screen of an issue type, by name."""
        several = ("add", "set", "remove")
        fields = [
            self.field("summary", "Summary", "string", True), self.field("description", "Description", "string"),
            self.field("labels", "Labels", "array", operations=several), self.field("priority", "Priority", "priority"),
            self.field("components", "Components", "array", operations=several),
        ]
        if screen == "create":
            # Data Center says of the reporter what is not so: who leaves it out is the reporter.
            reporter = {**self.field("reporter", "Reporter", "user", True), "hasDefaultValue": self.cloud}
            fields += [self.field("project", "Project", "project", True), self.field("issuetype", "Issue Type", "issuetype", True), reporter]
        else:
            fields.append(self.field("comment", "Comment", "comments-page", operations=("add", "edit", "remove")))
        for name, about in self.store.settings["custom_fields"].items():
            own = self.field(name, about.get("name", name), "string", bool(about.get("required")))
            fields.append({**own, "hasDefaultValue": "default" in about})
        missing = self.store.off_screen(screen, issue_type)
        return {f["fieldId"]: f for f in fields if f["fieldId"] not in missing}

    def create_fields(self, call):
        self.project_of(call, call.parts["project"])
        self.need(call, "CREATE_ISSUES", "create issues in this project")
        kinds = [t for t in self.store.issue_types if self.issue_type(t)["id"] == call.parts["type"]]
        if not kinds:
            raise Refused(404, "Issue type with id {} doesn't exist.".format(call.parts["type"]))
        start, most = call.number("startAt", 0), min(call.number("maxResults", 50, 1), 200, self.store.settings["page_cap"])
        fields = list(self.screen("create", kinds[0]).values())
        page = {"startAt": start, "maxResults": most, "total": len(fields)}
        if self.cloud:
            return 200, {**page, "fields": fields[start:start + most]}, "createfields"
        del page["total"]       # Data Center's is optional: isLast is what counts
        return 200, {**page, "isLast": start + most >= len(fields), "values": fields[start:start + most]}, "createfields"

    def edit_meta(self, call):
        issue = self.issue_of(call)
        fields = self.screen("edit", issue["issuetype"])
        if not self.may(call, "EDIT_ISSUES") or (self.store.settings["closed_read_only"] and self.store.is_done(issue)):
            fields = {}
        return 200, {"fields": {name: {k: v for k, v in field.items() if self.cloud or k != "hasDefaultValue"}
                                for name, field in fields.items()}}, "editmeta"

    # Issues

    def create(self, call):
        body = call.json()
        if call.who != "user" or not self.sees(call):
            raise Refused(400, errors={"project": "valid project is required"})
        self.need(call, "CREATE_ISSUES", "create issues in this project")
        given = body.get("fields")
        kind = given.get("issuetype") if isinstance(given, dict) else None
        kinds = [t for t in self.store.issue_types if kind in ({"name": t}, {"id": self.issue_type(t)["id"]})]
        custom = self.store.settings["custom_fields"]
        checks.issue_body("create", body, custom, self.store.off_screen("create", kinds[0] if kinds else ""))
        fields = dict(given)
        del fields["issuetype"]
        errors = {}
        if fields.pop("project") not in ({"key": self.store.project}, {"id": "10000"}):
            errors["project"] = "valid project is required"
        if not kinds:
            errors["issuetype"] = "Specify a valid issue type" if self.cloud else "The issue type selected is invalid."
        if errors:
            raise Refused(400, errors=errors)
        extra = {name: about["default"] for name, about in custom.items() if "default" in about}
        extra.update((k, v) for k, v in fields.items() if k not in ("summary", "description", "labels"))
        issue = self.store.create(fields["summary"], kinds[0], self.store.user, description=self.text(fields.get("description")),
                                  labels=fields.get("labels"), extra=extra)
        self.store.counters["writes"]["create"] += 1
        return 201, {"id": issue["id"], "key": issue["key"], "self": self.self_link(call, "issue/" + issue["id"])}, "created"

    def text(self, text):
        """Cloud keeps no wiki text: it turns it into a document and back, and white space suffers."""
        if text is None or not self.cloud:
            return text
        return "\n".join(line.rstrip() for line in text.splitlines()).strip()

    def get_issue(self, call):
        issue = self.issue_of(call)
        wanted = call.query.get("fields", "*all").split(",")
        return 200, self.shown(call, issue, [*wanted, "key"]), "issue"

    def edit(self, call):
        body = call.json()
        issue = self.issue_of(call)
        if call.query.get("notifyUsers", "true") != "true":
            raise Refused(403, "To discard the user notification either admin or project admin permissions are required.")
        fields, update = body.get("fields", {}), body.get("update", {})
        if not fields and not update:
            raise Refused(400, "one of 'fields' or 'update' required")
        checks.issue_body("edit", body, self.store.settings["custom_fields"], self.store.off_screen("edit", issue["issuetype"]))
        self.need(call, "EDIT_ISSUES", "edit issues in this project")
        named = [*fields, *(set(update) - {"comment"})]
        if named and self.store.settings["closed_read_only"] and self.store.is_done(issue):
            raise Refused(400, errors={f: checks.NOT_ON_SCREEN.format(f) for f in named})
        if "comment" in update and not self.may(call, "ADD_COMMENTS"):
            raise Refused(400, errors={"comment": "You do not have the permission to comment on this issue."})
        self.apply(issue, fields, update)
        self.store.counters["writes"]["edit"] += 1
        return 204, None, None

    def apply(self, issue, fields, update):
        """Everything was checked before: from here on nothing fails, so an edit is done whole or not at all."""
        values = dict(fields)
        for field in ("summary", "description"):
            for operation in update.get(field, []):
                values[field] = operation["set"]
        labels = set(values.pop("labels", issue["labels"]))
        for operation in update.get("labels", []):
            labels = set(operation["set"]) if "set" in operation else labels
            labels = (labels | {operation.get("add")}) - {operation.get("remove"), None}
        issue["labels"] = sorted(labels)
        if "summary" in values:
            issue["summary"] = values.pop("summary").strip()
        if "description" in values:
            issue["description"] = self.text(values.pop("description"))
        issue["extra"].update(values)
        issue["updated"] = self.store.now()
        for operation in update.get("comment", []):
            self.store.comment(issue, self.text(operation["add"]["body"]), self.store.user)
            self.store.counters["writes"]["comment"] += 1
        self.store.changed(issue)

    # Comments and transitions

    def get_comments(self, call):
        issue = self.issue_of(call)
        order = call.query.get("orderBy", "created")
        if order not in ("created", "+created", "-created"):
            raise Refused(400, f"The value '{order}' is not valid for the parameter 'orderBy'.")
        listed = issue["comments"][::-1] if order == "-created" else issue["comments"]
        most = min(call.number("maxResults", 100, 1), self.store.settings["page_cap"])
        return 200, self.comments(listed, call.number("startAt", 0), most), "comments"

    def add_comment(self, call):
        body = call.json()
        issue = self.issue_of(call)
        self.need(call, "ADD_COMMENTS", "comment on this issue")
        checks.plain_body("comment", body)
        comment = self.store.comment(issue, self.text(body["body"]), self.store.user)
        self.store.changed(issue)
        self.store.counters["writes"]["comment"] += 1
        return 201, self.comment(comment), "comment"

    def transitions(self, issue):
        others = [s for s in self.store.statuses if s != issue["status"]]
        return {str(11 + 10 * list(self.store.statuses).index(s)): s for s in others}

    def get_transitions(self, call):
        listed = self.transitions(self.issue_of(call))
        return 200, {"transitions": [{"id": i, "name": s, "to": self.status(s)} for i, s in listed.items()]}, "transitions"

    def move(self, call):
        body = call.json()
        issue = self.issue_of(call)
        checks.plain_body("transition", body)
        status = self.transitions(issue).get(body["transition"]["id"])
        if status is None or not self.may(call, "TRANSITION_ISSUES"):
            raise Refused(400, "It seems that you have tried to perform an illegal workflow operation.")
        self.store.move(issue, status)
        self.store.changed(issue)
        self.store.counters["writes"]["transition"] += 1
        return 204, None, None
