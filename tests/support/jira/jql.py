"""The part of JQL that the stand-in understands, strictly.

What it does not understand is refused with Jira's 400, never guessed at:
clauses joined by AND, OR in parentheses, ORDER BY at the end.  See Atlassian's
"JQL fields", "JQL operators" and "JQL reserved words and characters".

Three traps of the real thing are kept, because clients fall into them:
`labels != x` and `labels not in (x)` do not find issues without labels;
`~` looks for words, not for the text; a date has no zone, it is the user's.
"""

import datetime
import re

KEYWORDS = {"and", "or", "not", "in", "is", "order", "by", "empty", "null", "asc", "desc", "was", "changed"}
RESERVED = set("+.,;?|*/%^$#@[]{}")
ALIASES = {"type": "issuetype", "issue": "key", "issuekey": "key", "id": "key", "createddate": "created",
           "updateddate": "updated", "resolutiondate": "resolved", "category": "statuscategory"}
EQUALITY = {"=", "!=", "in", "not in"}
DATE = {">=", ">", "<=", "<"}
OPERATORS = {
    "project": EQUALITY, "status": EQUALITY, "statuscategory": EQUALITY, "issuetype": EQUALITY,
    "labels": EQUALITY | {"is", "is not"}, "key": EQUALITY | DATE, "resolution": EQUALITY | {"is", "is not"},
    "summary": {"~", "!~"}, "description": {"~", "!~"},
    "created": DATE, "updated": DATE, "resolved": DATE | {"is", "is not"}, "statuscategorychangeddate": DATE,
}
SORTABLE = {"key", "created", "updated", "resolved", "status"}

TOKEN = re.compile(r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<symbol>>=|<=|!=|!~|[()=,<>~])
    |(?P<word>[^\s()=,<>~!"'&+.;?|*/%^$\#@\[\]{}\\]+)
    |(?P<end>$))""", re.X | re.S)
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", '"': '"', "'": "'", " ": " "}


class JqlError(Exception):
    """A query that Jira would not run; str() is Jira's message."""


class Query:
    """A parsed query.  `tree` is ("and"|"or", [trees]) or ("clause", field, operator, values)."""

    def __init__(self, tree, order):
        self.tree = tree
        self.order = order

    def bounded(self):
        """Whether every issue found must lie in a project that the query names."""
        if self.tree is None:
            return False
        parts = self.tree[1] if self.tree[0] == "and" else [self.tree]
        return any(p[0] == "clause" and p[1] == "project" and p[2] in ("=", "in") for p in parts)

    def clauses(self, tree=None):
        tree = tree or self.tree
        if tree is None:
            return
        if tree[0] == "clause":
            yield tree
        else:
            for part in tree[1]:
                yield from self.clauses(part)


def _tokens(text):
    position, found = 0, []
    while True:
        match = TOKEN.match(text, position)
        if not match:
            rest = text[position:].lstrip()
            where = f"(line 1, character {len(text) - len(rest) + 1})"
            if rest[0] in RESERVED:
                raise JqlError(f"Error in the JQL Query: The character '{rest[0]}' is a reserved JQL character. You must "
                               f"enclose it in a string or use the escape '\\u{ord(rest[0]):04x}' instead. {where}")
            raise JqlError(f"Error in the JQL Query: The quoted string or character at '{rest[:20]}' is not complete. {where}")
        kind = match.lastgroup
        value = match.group(kind)
        found.append((kind, _unquote(value) if kind == "string" else value))
        if kind == "end":
            return found
        position = match.end()


def _unquote(quoted):
    def unescape(match):
        if match.group(1) not in ESCAPES:
            raise JqlError(f"Error in the JQL Query: '\\{match.group(1)}' is an illegal JQL escape sequence. The valid escape "
                           "sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX.")
        return ESCAPES[match.group(1)]
    return re.sub(r"\\(.)", unescape, quoted[1:-1], flags=re.S)


class _Parser:
    def __init__(self, text, fields):
        self.tokens = _tokens(text)
        self.fields = fields
        self.at = 0

    def peek(self, *words):
        kind, value = self.tokens[self.at]
        return kind in ("word", "symbol") and value.lower() in words

    def take(self, *words):
        if self.peek(*words):
            self.at += 1
            return True
        return False

    def fail(self, expected):
        kind, value = self.tokens[self.at]
        got = "before the end of the query" if kind == "end" else f"but got '{value}'"
        raise JqlError(f"Error in the JQL Query: Expecting {expected} {got}.")

    def query(self):
        tree = None if self.peek("order") or self.tokens[0][0] == "end" else self.conjunction()
        order = self.order() if self.take("order") else []
        if self.tokens[self.at][0] != "end":
            self.fail("either 'OR' or 'AND'" if not order else "','")
        return Query(tree, order)

    def conjunction(self):
        parts, joined = [self.operand()], set()
        while self.peek("and", "or"):
            joined.add(self.tokens[self.at][1].lower())
            self.at += 1
            parts.append(self.operand())
        if len(joined) > 1:
            # Valid in Jira, but its precedence is a trap: the stand-in wants parentheses.
            raise JqlError("Error in the JQL Query: mixed 'AND' and 'OR' need parentheses here.")
        return (joined.pop(), parts) if joined else parts[0]

    def operand(self):
        if self.take("("):
            inner = self.conjunction()
            if not self.take(")"):
                self.fail("')'")
            return inner
        return self.clause()

    def clause(self):
        field = self.field()
        operator = self.operator()
        if operator not in OPERATORS[field]:
            raise JqlError(f"The operator '{operator}' is not supported by the '{field}' field.")
        if operator in ("is", "is not"):
            if not self.take("empty", "null"):
                self.fail("'EMPTY'")
            return ("clause", field, operator, [])
        if operator in ("in", "not in"):
            return ("clause", field, operator, self.values())
        return ("clause", field, operator, [self.value()])

    def field(self):
        kind, name = self.tokens[self.at]
        if kind not in ("word", "string") or name.lower() in KEYWORDS:
            self.fail("a field name")
        field = ALIASES.get(name.lower(), name.lower())
        if field not in self.fields:
            raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
        self.at += 1
        return field

    def operator(self):
        for symbol in ("=", "!=", "~", "!~", ">=", "<=", ">", "<", "in"):
            if self.take(symbol):
                return symbol
        if self.take("not"):
            if self.take("in"):
                return "not in"
            self.fail("operator 'IN'")
        if self.take("is"):
            return "is not" if self.take("not") else "is"
        self.fail("operator")

    def value(self):
        kind, value = self.tokens[self.at]
        if kind == "string" or (kind == "word" and value.lower() not in KEYWORDS):
            self.at += 1
            if self.peek("("):
                raise JqlError(f"Unable to find JQL function '{value}()'.")
            return value
        self.fail("either a value, list or function")

    def values(self):
        if not self.take("("):
            self.fail("'('")
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        if not self.take(")"):
            self.fail("')'")
        return found

    def order(self):
        if not self.take("by"):
            self.fail("'BY'")
        keys = []
        while True:
            field = self.field()
            if field not in SORTABLE:
                raise JqlError(f"Field '{field}' does not support sorting.")
            descending = self.take("desc")
            if not descending:
                self.take("asc")
            keys.append((field, descending))
            if not self.take(","):
                return keys


def parse(text, flavour):
    """The Query in `text`, or JqlError."""
    fields = set(OPERATORS)
    if flavour != "cloud":
        fields.discard("statuscategorychangeddate")
    return _Parser(text, fields).query()


def date(value, now, zone):
    """Seconds since 1970 of a JQL date: relative (-7d, -30m) or absolute in the user's zone."""
    relative = re.fullmatch(r"([+-]?)(\d+)([wdhm])", value)
    if relative:
        seconds = int(relative[2]) * {"w": 604800, "d": 86400, "h": 3600, "m": 60}[relative[3]]
        return now - seconds if relative[1] == "-" else now + seconds
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"):
        try:
            return datetime.datetime.strptime(value, form).replace(tzinfo=zone).timestamp()
        except ValueError:
            continue
    raise JqlError(f"Date value '{value}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', "
                   "'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.")


def words(text):
    return [w for w in re.split(r"[^0-9a-z]+", text.lower()) if w]


def contains(text, wanted):
    """`~`: every word of `wanted` begins some word of `text`, in any order; of a phrase in quotes, these words in this order.

    How Jira cuts an address into words is not documented and has changed, so
    the stand-in cuts it as badly as it can: 192.0.2.1 is found in 192.0.2.10
    and in 2.1.0.192.
    """
    have, phrase = words(text), re.fullmatch(r'"(.*)"', wanted)
    if phrase:
        looked_for = words(phrase[1])
        return any(have[n:n + len(looked_for)] == looked_for for n in range(len(have)))
    return all(any(h.startswith(w) for h in have) for w in words(wanted))


def check_text(field, value):
    """Text after `~` is Lucene's query syntax; unescaped operators are refused."""
    plain = re.sub(r"\\.", "", value).strip('"')
    if not words(value) or re.search(r'[\[\](){}^~!:"&|+]', plain) or re.match(r"\s*[*?]", plain):
        raise JqlError(f"Unable to parse the text '{value}' for field '{field}'.")
