"""What the stand-in remembers: issues, the search index that lags behind them, settings, counters.

Times are seconds since 1970.  Nothing here knows HTTP.  The caller holds `lock`.
"""

import copy
import datetime
import threading
import time

import jql

PERMISSIONS = ["BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"]
CATEGORIES = {"new": (2, "To Do"), "indeterminate": (4, "In Progress"), "done": (3, "Done")}
OPEN_STATUSES = {"to do", "open", "backlog", "new", "reopened"}
DONE_STATUSES = {"done", "closed", "resolved"}

SETTINGS = {
    "token_valid": True,            # false: the token has expired
    "basic_auth": True,             # Data Center: whether Basic is accepted besides Bearer
    "captcha_after": 3,             # Data Center: so many wrong Basic logins, and even the right one gets a CAPTCHA
    "permissions": PERMISSIONS,     # what the user may do
    "index_lag": 0,                 # seconds until a created issue is found by search
    "index_lag_searches": 0,        # so many searches do not find a created issue, whatever the clock says
    "edit_lag": 0,                  # seconds until an edit is seen by search
    "people_lag": 0,                # seconds until what people enter and edit is; a deletion is seen at once
    "page_cap": 100,                # issues a page of search has at most, whatever was asked for
    "total_cap": 10 ** 6,           # Data Center: a search never says that there are more, though it shows them all
    "last_page": "true",            # Cloud's last page: isLast "true", a token that is "null" besides, or "neither"
    "login_reason": True,           # whether X-Seraph-LoginReason tells what became of the credentials
    "off_screen": {},               # {"create": ["labels"], "edit Incident": ["labels"]}: fields missing on a screen, of one type or all
    "custom_fields": {},            # {"customfield_10010": {"name": "Team", "required": true, "default": "Mail"}}
    "closed_read_only": False,      # the workflow property jira.issue.editable=false on closed statuses
    "sets_resolution": True,        # whether closing sets the resolution and its date (not every workflow does)
    "utc_offset_minutes": 120,      # the user's time zone: times in answers, dates in JQL
    "clock_ahead": 0,               # seconds that the site's clock is ahead of ours
}


def category_of(status):
    """To Do, In Progress or Done for a status called so; `Name:done` says it outright."""
    name, _, category = status.partition(":")
    if not category:
        low = name.lower()
        category = "done" if low in DONE_STATUSES else "new" if low in OPEN_STATUSES else "indeterminate"
    if category not in CATEGORIES:
        raise ValueError(f"no such status category: {category}")
    return name, category


def project_of(issue):
    return issue["key"].rpartition("-")[0]


class Store:
    def __init__(self, flavour, project, issue_types, statuses, user):
        self.flavour = flavour
        self.project = project
        self.issue_types = issue_types
        self.statuses = dict(category_of(s) for s in statuses)      # name -> category; the first is the initial one
        self.user = user
        self.lock = threading.RLock()
        self.clears = 0             # how often: a request that began before the last is of another test
        self.clear()

    def clear(self):
        self.clears += 1
        self.settings = copy.deepcopy(SETTINGS)
        self.issues = {}            # id -> issue
        self.ids = {}               # key -> id
        self.deleted = []           # keys
        self.versions = {}          # id -> [(seen at time, seen at search, issue as it was then, or None: deleted)]
        self.pages = {}             # nextPageToken -> what is left to show
        self.next_id = 10001
        self.next_number = 1
        self.searches = 0
        self.failed_logins = 0
        self.counters = {}
        self.clear_counters()

    def clear_counters(self):
        self.counters.clear()
        self.counters.update(connections=0, requests={}, write_requests=0,
                             writes={"create": 0, "edit": 0, "comment": 0, "transition": 0}, withheld=0, outdated=0)

    def now(self):
        return time.time() + self.settings["clock_ahead"]

    def new_id(self):
        self.next_id += 1
        return str(self.next_id - 1)

    def off_screen(self, screen, issue_type):
        """The fields that the create or edit screen of an issue type lacks."""
        missing = self.settings["off_screen"]
        return {*missing.get(screen, []), *missing.get(f"{screen} {issue_type}", [])}

    # Issues

    def initial_status(self):
        return next(iter(self.statuses))

    def status_named(self, name):
        return next((s for s in self.statuses if s.lower() == name.lower()), None)

    def is_done(self, issue):
        return self.statuses[issue["status"]] == "done"

    def create(self, summary, issuetype, by, **more):
        """A new issue.  `more`: description, labels, status, created, updated, resolved, extra."""
        now = self.now()
        created = more.get("created") or now
        issue = {
            "id": self.new_id(), "key": f"{self.project}-{self.next_number}", "summary": summary.strip(),
            "description": more.get("description"), "labels": sorted(set(more.get("labels") or [])),
            "issuetype": issuetype, "status": self.initial_status(), "reporter": by,
            "created": created, "updated": created, "resolved": None, "category_changed": created,
            "comments": [], "extra": more.get("extra") or {},
        }
        self.next_number += 1
        self.issues[issue["id"]] = issue
        self.ids[issue["key"]] = issue["id"]
        if more.get("status"):
            self.move(issue, more["status"], more.get("resolved") or created)
        issue["updated"] = more.get("updated") or issue["updated"]
        lagging = by == self.user
        self.changed(issue, self.settings["index_lag" if lagging else "people_lag"],
                     self.settings["index_lag_searches"] if lagging else 0)
        return issue

    def find(self, id_or_key):
        return self.issues.get(self.ids.get(id_or_key.upper(), id_or_key))

    def move(self, issue, status, when=None):
        """Gives the issue another status, and the resolution that goes with it."""
        when = when or self.now()
        before = self.statuses[issue["status"]]
        issue["status"] = status
        if self.statuses[status] != before:
            issue["category_changed"] = when
        issue["resolved"] = when if self.is_done(issue) and self.settings["sets_resolution"] else None
        issue["updated"] = max(issue["updated"], when)

    def rename(self, issue, key):
        """Moves the issue to where it has that key.  The old one leads to it for ever."""
        self.ids[key] = issue["id"]
        issue["key"] = key

    def comment(self, issue, body, by, when=None):
        comment = {"id": self.new_id(), "author": by, "body": body, "created": when or self.now()}
        issue["comments"].append(comment)
        issue["updated"] = max(issue["updated"], comment["created"])
        return comment

    def delete(self, issue):
        del self.issues[issue["id"]]
        self.deleted.append(issue["key"])
        self.versions.setdefault(issue["id"], []).append((0, 0, None))

    # The index

    def changed(self, issue, lag=None, lag_searches=0):
        """The issue as it is now will be seen by search after the lag, and never before an older version."""
        lag = self.settings["edit_lag"] if lag is None else lag
        at, after = self.now() + lag, self.searches + lag_searches
        versions = self.versions.setdefault(issue["id"], [])
        if versions:
            at, after = max(at, versions[-1][0]), max(after, versions[-1][1])
        versions.append((at, after, copy.deepcopy(issue)))

    def indexed(self, reconciled=()):
        """The issues as search sees them now; those reconciled, as they are."""
        now = self.now()
        for id_, versions in list(self.versions.items()):
            if id_ in reconciled:
                if id_ in self.issues:
                    yield self.issues[id_]
                continue
            seen = [n for n, (at, after, _) in enumerate(versions) if at <= now and after < self.searches]
            if seen:
                del versions[:seen[-1]]
                if versions[0][2] is not None:
                    yield versions[0][2]

    # Search

    def search(self, query, reconciled=()):
        """The issues that the query finds, in its order; JqlError for what the site does not know."""
        self.searches += 1
        for clause in query.clauses():
            self._check(clause)
        found = [i for i in self.indexed(reconciled) if self._hits(query, i)]
        self._count_lags(query, found)
        found.sort(key=lambda i: (i["created"], int(i["id"])), reverse=True)
        for field, descending in reversed(query.order):
            found.sort(key=lambda i, f=field: self._order(i, f), reverse=descending)
        return found

    def _hits(self, query, issue):
        return query.tree is None or self._matches(issue, query.tree)

    def _count_lags(self, query, found):
        """Counts the issues that were not found, or as they were once, for no other reason than that the index lags behind."""
        shown = {issue["id"]: issue for issue in found}
        for id_, issue in self.issues.items():
            late = issue is not shown.get(id_) and self.versions[id_][-1][2] is not shown.get(id_)
            if late and self._hits(query, issue):
                self.counters["outdated" if id_ in shown else "withheld"] += 1

    def _order(self, issue, field):
        if field == "key":
            return int(issue["id"])
        return issue[field] or 0 if field != "status" else list(self.statuses).index(issue["status"])

    def _known(self, field):
        return {
            "project": [self.project], "issuetype": self.issue_types, "status": list(self.statuses),
            "statuscategory": [name for _, name in CATEGORIES.values()] + list(CATEGORIES),
            "resolution": ["Done", "Unresolved"],
        }.get(field)

    def _check(self, clause):
        _, field, operator, values = clause
        known = self._known(field)
        for value in values:
            if known is not None and value.lower() not in [k.lower() for k in known]:
                raise jql.JqlError(f"The value '{value}' does not exist for the field '{field}'.")
            if field == "key" and self.find(value) is None:
                raise jql.JqlError(f"An issue with key '{value}' does not exist for field 'key'.")
            if field in ("summary", "description"):
                jql.check_text(field, value)
            if operator in jql.DATE and field != "key":
                jql.date(value, self.now(), self.zone())

    def zone(self):
        return datetime.timezone(datetime.timedelta(minutes=self.settings["utc_offset_minutes"]))

    def _matches(self, issue, tree):
        if tree[0] == "and":
            return all(self._matches(issue, t) for t in tree[1])
        if tree[0] == "or":
            return any(self._matches(issue, t) for t in tree[1])
        _, field, operator, values = tree
        if operator in ("~", "!~"):
            return bool(issue[field]) and jql.contains(issue[field], values[0]) == (operator == "~")
        if operator in jql.DATE:
            return self._compares(issue, field, operator, values[0])
        have = self._values(issue, field)
        if operator in ("is", "is not"):
            return (not have) == (operator == "is")
        if not have:
            return False        # neither = nor != finds an empty field
        hit = any(v.lower() in have for v in values)
        return hit == (operator in ("=", "in"))

    def _values(self, issue, field):
        """The lower-case values that the issue has in a field."""
        category = self.statuses[issue["status"]]
        values = {
            "project": [project_of(issue)], "issuetype": [issue["issuetype"]], "status": [issue["status"]],
            "statuscategory": [category, CATEGORIES[category][1]], "labels": issue["labels"],
            "key": [issue["key"], issue["id"]], "resolved": ["yes"] if issue["resolved"] else [],
            "resolution": ["Done"] if issue["resolved"] else [],
        }[field]
        if field == "resolution" and not values:
            values = ["Unresolved"]
        return [v.lower() for v in values]

    def _compares(self, issue, field, operator, value):
        if field == "key":
            have, wanted = int(issue["id"]), int(self.find(value)["id"])
        else:
            have = issue["category_changed" if field == "statuscategorychangeddate" else field]
            wanted = jql.date(value, self.now(), self.zone())
        if have is None:
            return False
        return {">=": have >= wanted, ">": have > wanted, "<=": have <= wanted, "<": have < wanted}[operator]
