#!/usr/bin/python3
"""A stand-in for Jira: its REST API v2 as far as a client that keeps tickets needs it, stricter than the real thing.

  server.py --port 0 --port-file FILE --flavour cloud|datacenter --user U --token T | --token-file FILE
            --project KEY [--prefix /jira] [--certificate FILE] [--journal FILE] [--issue-types "Bug,Incident"] [--statuses "To Do,In Progress,Done"]

FILE holds the base URL as soon as connections are taken.  It listens on
127.0.0.1 only and ends at once on SIGTERM.  All is in memory.  README.md tells
how to use it in a test, control.py what a test can see and change, faults.py
what can be made to go wrong.
"""

import argparse
import base64
import binascii
import html
import http.server
import json
import os
import re
import signal
import socket
import ssl
import struct
import sys
import time
import traceback
import urllib.parse

sys.dont_write_bytecode = True      # no __pycache__ in the source tree

import checks
import control
import faults as fault_rules
import rest
import store as stores

CONTROL = "/_stand-in/"
GATEWAY = "/ex/jira/"       # Atlassian's api.atlassian.com/ex/jira/{cloudId}
MAX_BODY = 10 * 1024 * 1024
MAX_TARGET = 8192


class Answer:
    """What is about to be sent; a fault may still change it."""

    def __init__(self, status, body=None, headers=None, page=None):
        self.status, self.headers = status, headers or {}
        if page is not None:
            self.body = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{page}</h1></body></html>".encode()
            self.headers.setdefault("Content-Type", "text/html;charset=UTF-8")
        else:
            self.set_json(body)

    def set_json(self, body):
        self.body = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            self.headers.setdefault("Content-Type", "application/json;charset=UTF-8")


class Site:
    """All that the connections share."""

    def __init__(self, options):
        self.options = options
        self.store = stores.Store(options.flavour, options.project, options.issue_types.split(","),
                                  options.statuses.split(","), options.user)
        self.faults = fault_rules.Faults()
        self.api = rest.Api(self.store)
        self.base_url = ""
        self.site_url = ""      # what people open: not the gateway's address
        self.journal = open(options.journal, "a", encoding="utf-8", buffering=1) if options.journal else None

    def who(self, authorization):
        """Cloud takes Basic (Bearer only behind the gateway), Data Center Bearer, and Basic unless it is turned off."""
        if authorization is None:
            return "anonymous"
        scheme, _, given = authorization.partition(" ")
        user, token = self.options.user, self.options.token
        cloud = self.options.flavour == "cloud"
        limit = self.store.settings["captcha_after"]
        if not cloud and scheme == "Basic" and self.store.failed_logins >= limit:
            return "locked"
        right = False
        if scheme == "Basic" and (cloud or self.store.settings["basic_auth"]):
            try:
                right = base64.b64decode(given, validate=True).decode() == f"{user}:{token}"
            except (binascii.Error, UnicodeDecodeError):
                right = False
        elif scheme == "Bearer" and (not cloud or self.options.prefix.startswith(GATEWAY)):
            right = given == token
        if right and self.store.settings["token_valid"]:
            return "user"
        self.store.failed_logins += scheme == "Basic"
        return "wrong"

    def work(self, call):
        """Carries a request out: the Answer."""
        with self.store.lock:
            try:
                status, body, schema = self.api.handle(call)
                if body is not None:
                    checks.answer(schema, body)
                answer = Answer(status, body)
            except checks.Refused as refused:
                if refused.html is None:
                    checks.answer("error", refused.body)
                answer = Answer(refused.status, refused.body, dict(refused.headers),
                                html.escape(refused.html, False) if refused.html else None)
            except Exception:   # pylint: disable=broad-except  # a bug of ours: the test must see it
                traceback.print_exc()
                answer = Answer(500, {"errorMessages": ["stand-in: " + traceback.format_exc(1)], "errors": {}})
        reasons = {"user": "OK", "wrong": "AUTHENTICATED_FAILED", "locked": "AUTHENTICATION_DENIED"}
        if call.who in reasons and self.store.settings["login_reason"]:
            answer.headers["X-Seraph-LoginReason"] = reasons[call.who]
        return answer

    def count(self, method, template):
        with self.store.lock:
            counters = self.store.counters
            name = f"{method} {template or 'other'}"
            counters["requests"][name] = counters["requests"].get(name, 0) + 1
            if method != "GET" and "/search" not in (template or ""):
                counters["write_requests"] += 1

    def record(self, entry):
        if self.journal:
            with self.store.lock:
                self.journal.write(json.dumps(entry) + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version, sys_version = "Stand-in", ""

    def setup(self):
        super().setup()
        self.site = self.server.site
        with self.site.store.lock:
            self.site.store.counters["connections"] += 1

    def log_message(self, *_):
        """The journal is the log."""

    def respond(self):
        site = self.site
        raw = self.read_body()
        if raw is None:
            return
        url = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(url.path)
        prefix = site.options.prefix
        inside = path[len(prefix):] if path.startswith(prefix + "/") else ""
        for control_path in (path, inside):
            if control_path.startswith(CONTROL):
                self.send(self.controlled(control_path[len(CONTROL):], raw))
                return
        if self.command == "GET" and "/browse/" in path:
            self.send(self.browse(path))
            return
        try:
            query = urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
            if len(dict(query)) != len(query):
                raise ValueError("a parameter twice")
        except ValueError:
            self.send(Answer(400, page="Bad Request"))
            return
        site.count(self.command, site.api.route(self.command, inside)[0])
        call = rest.Call(self.command, inside, dict(query), self.headers.get("Content-Type", ""), raw,
                         site.who(self.headers.get("Authorization")), site.site_url)
        self.answer(call, url.query)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = respond

    def read_body(self):
        """The request's body; None if it was refused.  Chunked bodies are: a careful client knows the length."""
        length = self.headers.get("Content-Length", "0" if self.command in ("GET", "HEAD", "DELETE") else "")
        problem = 0
        if not re.fullmatch(r"[0-9]{1,9}", length) or "Transfer-Encoding" in self.headers:
            problem = 411
        elif int(length) > MAX_BODY:
            problem = 413
        elif len(self.path) > MAX_TARGET:
            problem = 414
        if problem:
            self.close_connection = True
            self.send(Answer(problem, page="Refused"))
            return None
        return self.rfile.read(int(length))

    def browse(self, path):
        """The page that a link in a ticket or a log leads a person to."""
        root, _, key = path.partition("/browse/")
        site_root = urllib.parse.urlsplit(self.site.site_url).path
        if root != site_root or self.site.store.find(key) is None:
            return Answer(404, page="Oops, you&#39;ve found a dead link.")
        return Answer(200, page=html.escape(key))

    def controlled(self, path, raw):
        if "Authorization" in self.headers:
            return Answer(400, {"error": "credentials have no business here"})
        try:
            order = json.loads(raw) if raw else {}
        except ValueError as problem:
            return Answer(400, {"error": f"not JSON: {problem}"})
        return Answer(*control.handle(self.site.store, self.site.faults, self.command, path, order))

    def answer(self, call, query):
        """Answers a request of the API, with the fault that was ordered for it."""
        site = self.site
        text = call.raw.decode("utf-8", "replace")
        with site.store.lock:
            rule = site.faults.pick(call.method, call.path + ("?" + query if query else ""), text)
            clears = site.store.clears
        action = rule.action if rule else {}
        time.sleep(action.get("delay", 0))
        with site.store.lock:
            if site.store.clears != clears:     # the test that this was part of is over
                self.close_connection = True
                return
            if "person" in action:
                self.person(call, action["person"])
            answer = site.work(call) if rule is None or rule.works() else None
        entry = {
            "time": control.iso(time.time()), "method": call.method, "path": call.path, "query": dict(call.query),
            "auth": (self.headers.get("Authorization") or "").split(" ")[0] or None, "status": None,
            "done": answer.status if answer else None, "fault": rule.name if rule else None,
            "body": _json_or_text(text),
        }
        time.sleep(action.get("delay_answer", 0))
        if "status" in action:
            answer = self.spoilt(action)
        elif "wrong_json" in action:
            answer.set_json(action["wrong_json"])
        silent = "reset" in action or "lose_answer" in action
        entry["status"] = None if silent else 200 if answer is None else answer.status
        site.record(entry)
        if "reset" in action:
            self.reset()
        elif "lose_answer" in action:
            self.close_connection = True
        elif "endless_body" in action:
            self.send_endless()
        else:
            self.send(answer, action.get("truncate"), action.get("slow_body", 0))

    def person(self, call, order):
        """A person changes the issue while the request is under way."""
        found = re.match(rest.API + r"/issue/([^/]+)", call.path)
        key = order.get("key", found[1] if found else "")
        with self.site.store.lock:
            issue = self.site.store.find(key)
            if issue is not None:
                control.edit(self.site.store, issue, {name: value for name, value in order.items() if name != "key"})

    @staticmethod
    def spoilt(action):
        """The answer that a rule with `status` gives instead of ours."""
        headers = {k: str(v) for k, v in action.get("headers", {}).items()}
        if "html" in action:
            return Answer(action["status"], None, headers, action["html"])
        answer = Answer(action["status"], action.get("body"), headers)
        if "text" in action:
            answer.body = action["text"].encode("utf-8", "surrogateescape")
            headers.setdefault("Content-Type", "application/json;charset=UTF-8")
        return answer

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send(self, answer, only=None, pause=0):
        """Sends an answer: whole, only so many bytes of its body, or a byte at a time."""
        headers = dict(answer.headers)
        if answer.status != 204:
            headers["Content-Length"] = str(len(answer.body))
        body = answer.body if self.command != "HEAD" else b""
        try:
            self.head(answer.status, headers)
            if only is not None:
                body, self.close_connection = body[:only], True
            for piece in [body] if not pause else [body[n:n + 1] for n in range(len(body))]:
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            self.close_connection = True    # the client has gone

    def send_endless(self):
        """White space before a JSON value, for ever: legal JSON until the client has had enough."""
        piece = b" " * 65536
        try:
            self.head(200, {"Content-Type": "application/json;charset=UTF-8", "Transfer-Encoding": "chunked"})
            while True:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        except OSError:
            self.close_connection = True

    def reset(self):
        """Closes the connection with RST: SO_LINGER with no time to linger (socket(7))."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):      # a client that went away is no error
            traceback.print_exc()


def _json_or_text(text):
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def parse(arguments):
    parser = argparse.ArgumentParser(description="A stand-in for Jira", epilog="See README.md beside it.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--flavour", choices=("cloud", "datacenter"), default="cloud")
    parser.add_argument("--user", default="monitor@example.com")
    token = parser.add_mutually_exclusive_group(required=True)
    token.add_argument("--token")
    token.add_argument("--token-file", help="for tests that look for the token in every argv")
    parser.add_argument("--project", default="OPS")
    parser.add_argument("--prefix", default="", help="context path, such as /jira")
    parser.add_argument("--certificate", help="PEM file with a certificate and its key: speak HTTPS")
    parser.add_argument("--journal", help="NDJSON of every request")
    parser.add_argument("--issue-types", default="Task,Bug,Incident")
    parser.add_argument("--statuses", default="To Do,In Progress,Done",
                        help="the first is the initial one; Name:done tells the category")
    options = parser.parse_args(arguments)
    if options.token_file:
        with open(options.token_file, encoding="utf-8") as file:
            options.token = file.read().rstrip("\n")
    options.prefix = options.prefix.rstrip("/")
    if options.prefix and not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", options.prefix):
        parser.error("--prefix must look like /jira")
    return options


def start(options):
    """A Server that listens; serve_forever() is the caller's."""
    server = Server(("127.0.0.1", options.port), Handler)
    server.site = Site(options)
    root = f"http{'s' if options.certificate else ''}://127.0.0.1:{server.server_address[1]}"
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.site.base_url = root + options.prefix
    server.site.site_url = root if options.prefix.startswith(GATEWAY) else server.site.base_url
    if options.port_file:
        temporary = f"{options.port_file}.{os.getpid()}"
        with open(temporary, "w", encoding="ascii") as file:
            file.write(server.site.base_url + "\n")
        os.rename(temporary, options.port_file)
    return server


def main():
    options = parse(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    server = start(options)
    server.serve_forever()


if __name__ == "__main__":
    main()
