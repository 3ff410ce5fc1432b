#!/usr/bin/python3
"""Ask one DNS question of a server on this machine and print what came back.

    dns_query.py PORT NAME [TYPE]                    one question, one line
    dns_query.py PORT NAME [TYPE] --tcp              the same over TCP
    dns_query.py PORT NAME TYPE --until TEXT         ask until the answer is TEXT

The line is the RCODE (or TIMEOUT, or TRUNCATED) and then the answers, sorted:
"NOERROR 127.0.0.2 127.0.0.4", "NXDOMAIN". Types A and TXT. The message format
is that of RFC 1035 section 4. Exit status 1: no answer, or --until ran out.

It exists so that the tests need no package for a question they can put in
a hundred lines; it is no resolver.
"""

import argparse
import random
import socket
import struct
import sys
import time

RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
TYPES = {"A": 1, "TXT": 16}


def question(name, qtype):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    header = struct.pack(">HHHHHH", random.randrange(65536), 0x0100, 1, 0, 0, 0)
    return header + labels + b"\0" + struct.pack(">HH", TYPES[qtype], 1)


def skip_name(message, at):
    while message[at] != 0:
        if message[at] & 0xC0:  # a compression pointer ends the name
            return at + 2
        at += message[at] + 1
    return at + 1


def strings(data):
    """The character-strings of a TXT record, joined."""
    text = b""
    while data:
        text, data = text + data[1:1 + data[0]], data[1 + data[0]:]
    return text.decode("utf-8", "backslashreplace")


def describe(message, qtype):
    _, flags, questions, answers, _, _ = struct.unpack(">HHHHHH", message[:12])
    if flags & 0x0200:
        return "TRUNCATED"
    at, found = 12, []
    for _ in range(questions):
        at = skip_name(message, at) + 4
    for _ in range(answers):
        at = skip_name(message, at)
        rtype, _, _, length = struct.unpack(">HHIH", message[at:at + 10])
        data = message[at + 10:at + 10 + length]
        at += 10 + length
        if rtype == TYPES[qtype]:
            found.append(socket.inet_ntoa(data) if qtype == "A" else strings(data))
    return " ".join([RCODES.get(flags & 15, "RCODE%d" % (flags & 15))] + sorted(found))


def ask(port, name, qtype, timeout):
    """One datagram there, one back. A refused port counts as no answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(("127.0.0.1", port))
        query = question(name, qtype)
        try:
            sock.send(query)
            answer = sock.recv(65535)
            while answer[:2] != query[:2]:
                answer = sock.recv(65535)
        except (socket.timeout, ConnectionError):
            return "TIMEOUT"
    return describe(answer, qtype)


def ask_tcp(port, name, qtype, timeout):
    """The same over TCP: each message behind its length (RFC 1035, 4.2.2)."""
    query = question(name, qtype)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as sock:
            sock.sendall(struct.pack(">H", len(query)) + query)
            with sock.makefile("rb") as stream:
                answer = stream.read(struct.unpack(">H", stream.read(2))[0])
    except (OSError, struct.error):
        return "TIMEOUT"
    return describe(answer, qtype)


def ask_until(port, name, qtype, wanted, within):
    """Ask again until the answer is the wanted one; returns the last answer."""
    end = time.monotonic() + within
    while True:
        answer = ask(port, name, qtype, 0.5)
        if answer == wanted or time.monotonic() > end:
            return answer
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("name")
    parser.add_argument("type", nargs="?", default="A", choices=sorted(TYPES))
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--until", metavar="TEXT")
    parser.add_argument("--within", metavar="SECONDS", type=float, default=10)
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=2)
    options = parser.parse_args()
    if options.until is None:
        answer = (ask_tcp if options.tcp else ask)(options.port, options.name, options.type, options.timeout)
        print(answer)
        return answer == "TIMEOUT"
    answer = ask_until(options.port, options.name, options.type, options.until, options.within)
    print(answer)
    return answer != options.until


if __name__ == "__main__":
    sys.exit(main())
