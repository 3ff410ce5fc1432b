"""Faults on order: which request goes wrong, and how.

A rule:  {"name": "lost", "match": {...}, "times": 1, "action": {...}}

match   (all given must fit; none given: every request)
  method, path    regular expression on path?query, found anywhere
  body            regular expression on the request's body
  nth             only the nth request that fits (1 = the first), or a list of such numbers
  probability     0..1, with "seed" for the same luck each time
  after           only when the rule of that name has fired
times   how often it fires at most: a number, or "always".  Default 1, with nth or probability "always".
action  (one of the first group, and any of the second)
  status          answer so; with "body" (JSON), "text" ("\\udc80" to "\\udcff" are bytes and no UTF-8) or "html", and "headers"
  lose_answer     do the work, then close the connection without an answer
  reset           close the connection with RST, before the work
  wrong_json      do the work, answer with this JSON value instead
  truncate        do the work, send so many bytes of the answer's body, then close
  slow_body       do the work, send the body a byte at a time, pausing so many seconds between bytes
  endless_body    answer with a body that never ends
  -
  delay           wait so many seconds before the work
  delay_answer    wait so many seconds after the work
  work            true: do the work even though `status` or `reset` say it failed (a gateway's 504)
  person          change the issue named in the path, or by "key", just before the work, as a person would:
                  {"status": "Done"}, {"summary": "..."}, {"delete": true}, ... (see control.py)
"""

import random
import re

MATCH = {"method", "path", "body", "nth", "probability", "seed", "after"}
ENDINGS = {"status", "lose_answer", "reset", "wrong_json", "truncate", "slow_body", "endless_body"}
ACTION = ENDINGS | {"body", "text", "html", "headers", "delay", "delay_answer", "work", "person"}


class Rule:
    """One rule, with the count of what fitted it (`matched`) and of what it spoilt (`fired`)."""

    def __init__(self, order, number):
        unknown = set(order) - {"name", "match", "times", "action"}
        self.match, self.action = order.get("match", {}), order.get("action", {})
        unknown |= (set(self.match) - MATCH) | (set(self.action) - ACTION)
        if unknown or not self.action or len(ENDINGS & set(self.action)) > 1:
            raise ValueError(f"fault: unknown, missing or contradictory: {sorted(unknown) or sorted(self.action)}")
        self.name = order.get("name", f"fault-{number}")
        nth = self.match.get("nth")
        self.nth = [nth] if isinstance(nth, int) else nth
        self.luck = random.Random(self.match.get("seed", number))
        times = order.get("times", "always" if nth or "probability" in self.match else 1)
        self.left = float("inf") if times == "always" else int(times)
        self.matched = self.fired = 0
        for pattern in ("path", "body"):
            re.compile(self.match.get(pattern, ""))

    def fits(self, method, target, body):
        match = self.match
        return (match.get("method", method) == method
                and re.search(match.get("path", ""), target) is not None
                and re.search(match.get("body", ""), body) is not None)

    def fires(self):
        """Whether this request, which fits, is the one."""
        self.matched += 1
        if self.left <= 0 or (self.nth and self.matched not in self.nth):
            return False
        if "probability" in self.match and self.luck.random() >= self.match["probability"]:
            return False
        self.left -= 1
        self.fired += 1
        return True

    def works(self):
        """Whether the request is carried out."""
        prevents = {"status", "reset", "endless_body"} & set(self.action)
        return bool(self.action.get("work", not prevents))


class Faults:
    def __init__(self):
        self.clear()

    def clear(self):
        self.rules = []

    def add(self, order):
        rule = Rule(order, len(self.rules) + 1)
        if any(r.name == rule.name for r in self.rules):
            raise ValueError(f"fault: there is a rule {rule.name} already")
        self.rules.append(rule)

    def pick(self, method, target, body):
        """The first rule that fires for this request, or None.  The rules behind that one do not see the request."""
        return next((r for r in self.rules if self.is_due(r) and r.fits(method, target, body) and r.fires()), None)

    def is_due(self, rule):
        return "after" not in rule.match or any(r.name == rule.match["after"] and r.fired for r in self.rules)

    def counters(self):
        return {r.name: {"matched": r.matched, "fired": r.fired} for r in self.rules}
