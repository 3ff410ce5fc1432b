#!/usr/bin/python3
"""A DNS server that gets things wrong on purpose: dns_garbage.py PORT UPSTREAM

It stands where dnsdist, which sends no broken packet, cannot: it hands each
question to UDP 127.0.0.1:UPSTREAM, but for those that a line of the file
`faults` in the current directory names:

    [@SERVER] NAME ACTION TIMES SERIAL

NAME is a domain with all below it, `.` all of them, and NAME/TYPE questions of
that type alone; @SERVER restricts the line to one of the addresses it
listens on (127.0.0.1 to 127.0.0.4, and ::1 where there is one); TIMES how
often it counts (0: always); SERIAL tells equal lines apart. The last line that
fits wins. The file is read for every question, so a fault begins at once.
UPSTREAM 0: nobody, everything is NXDOMAIN.

Every question goes to the file `questions`: time, server, udp or tcp, name,
type, action. The actions are the functions of class Answers; an argument
stands behind a colon. Message format: RFC 1035 section 4.
"""

import asyncio
import os
import random
import socket
import struct
import sys
import time

SERVERS = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "::1"]
TYPES = {1: "A", 5: "CNAME", 16: "TXT", 28: "AAAA", 43: "DS", 48: "DNSKEY"}
A, CNAME, TXT = 1, 5, 16
RCODES = {"formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5}
UDP_MOST = 1232
OWNER = b"\xc0\x0c"  # a pointer to the question's name


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(kind, data, owner=OWNER, length=None):
    return owner + struct.pack(">HHIH", kind, 1, 60, len(data) if length is None else length) + data


def strings(data):
    """The bytes as the character-strings of a TXT record."""
    parts = [data[at:at + 255] for at in range(0, len(data), 255)] or [b""]
    return b"".join(bytes([len(part)]) + part for part in parts)


class Query:
    def __init__(self, message, server, over_tcp):
        self.message, self.server, self.over_tcp = message, server, over_tcp
        self.id = message[:2]
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += message[at] + 1
        self.name = ".".join(labels).lower()
        self.type = struct.unpack(">H", message[at + 1:at + 3])[0]
        self.question = message[12:at + 5]

    def reply(self, answers=(), rcode=0, flags=0x8180, count=None, question=None, id=None):
        """A response; what an argument does not replace is right."""
        question = self.question if question is None else question
        return ((id or self.id) +
                struct.pack(">HHHHH", flags | rcode, 1 if question else 0,
                            len(answers) if count is None else count, 0, 0) +
                question + b"".join(answers))

    def listed(self, **changes):
        return self.reply([record(A, b"\x7f\0\0\2")], **changes)


class Answers:
    """One function an action: the bytes to send, or None for none."""

    def __init__(self, upstream):
        self.upstream = upstream

    async def true(self, query, _=""):
        """What the server behind this one says."""
        if not self.upstream:
            return query.reply(rcode=RCODES["nxdomain"])
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(("127.0.0.1", self.upstream))
            try:
                await loop.sock_sendall(sock, query.message)
                return await asyncio.wait_for(loop.sock_recv(sock, 65535), 10)
            except (OSError, asyncio.TimeoutError):
                return None

    async def drop(self, query, _):
        return None

    async def delay(self, query, milliseconds):
        await asyncio.sleep(int(milliseconds) / 1000)
        return await self.true(query)

    async def rcode(self, query, name):
        return query.reply(rcode=RCODES[name])

    async def a(self, query, addresses):
        """These A records, separated by commas; none: NOERROR without A. Other types: none."""
        found = [record(A, socket.inet_aton(each)) for each in addresses.split(",") if each]
        return query.reply(found if query.type == A else [])

    async def rfc5782(self, query, _):
        """A list of its own: its test entries, 192.0.2.2, and nothing else."""
        listed = query.name.startswith(("2.0.0.127.", "2.2.0.192."))
        return query.listed() if listed and query.type == A else query.reply(rcode=0 if listed else RCODES["nxdomain"])

    # --- truncation ---

    async def truncate(self, query, how):
        """TC over UDP; over TCP the true answer, or (silent) none, or (closed) the end of the connection."""
        if not query.over_tcp:
            return query.reply(flags=0x8380)
        if how == "closed":
            return b""
        return await self.true(query) if how == "" else None

    async def flood(self, query, megabytes):
        """TC over UDP; over TCP so many MB in messages of full length, which announce more records than they have."""
        if not query.over_tcp:
            return query.reply(flags=0x8380)
        message = query.reply([record(A, b"\x7f\0\0\2")], count=65535)
        message += b"\0" * (65535 - len(message))
        return [message] * (int(megabytes) * 1000000 // 65535 + 1)

    # --- packets that are no answer to this question ---

    async def random(self, query, length):
        return random.randbytes(int(length))

    async def randomtail(self, query, length):
        """The right header and question, then anything."""
        return query.reply(count=1) + random.Random(1).randbytes(int(length))

    async def otherid(self, query, _):
        return query.listed(id=bytes([query.id[0] ^ 0xff, query.id[1]]))

    async def othername(self, query, _):
        return query.listed(question=wire_name("9." + query.name) + query.question[-4:])

    async def othertype(self, query, _):
        return query.listed(question=query.question[:-4] + struct.pack(">HH", 15, 1))

    async def noquestion(self, query, _):
        return query.reply([record(A, b"\x7f\0\0\2", wire_name(query.name))], question=b"")

    async def header(self, query, _):
        return query.id + struct.pack(">HHHHH", 0x8180, 1, 0, 0, 0)

    async def bytes(self, query, length):
        """The first bytes of a right answer."""
        return query.listed()[:int(length)]

    async def echo(self, query, _):
        return query.message

    async def nothing(self, query, _):
        return b""

    # --- records that are none ---

    async def loop(self, query, _):
        """The record's owner is a pointer to itself."""
        at = 12 + len(query.question)
        return query.reply([record(A, b"\x7f\0\0\2", struct.pack(">H", 0xc000 | at))])

    async def forward(self, query, _):
        """The record's owner is a pointer beyond the message."""
        return query.reply([record(A, b"\x7f\0\0\2", b"\xff\xf0")])

    async def cut(self, query, length):
        """The last bytes are missing, and no TC says so."""
        return query.listed()[:-int(length)]

    async def count(self, query, number):
        """So many records are announced, one is there."""
        return query.listed(count=int(number))

    async def rdlength(self, query, length):
        """An A record of so many bytes."""
        return query.reply([record(A, b"\x7f\0\0\2"), record(A, (b"\x7f\0\0\2" * 4)[:int(length)])])

    async def rdlengthlies(self, query, length):
        return query.reply([record(A, b"\x7f\0\0\2", length=int(length))])

    # --- big and roundabout answers ---

    async def records(self, query, number):
        return query.reply([record(A, bytes([127, 1, i // 256, i % 256])) for i in range(int(number))])

    async def texts(self, query, sizes):
        """TXT records of these sizes, NUMBERxSIZE or hexadecimal bytes behind a `=`; else the true answer."""
        if query.type != TXT:
            return await self.true(query)
        found = []
        for each in sizes.split(","):
            number, _, size = each.partition("x")
            if each.startswith("="):
                found.append(record(TXT, strings(bytes.fromhex(each[1:]))))
            else:
                found += [record(TXT, strings(b"x" * int(size)))] * int(number)
        return query.reply(found)

    async def cname(self, query, number):
        """So many aliases to a listing, all in one answer."""
        answers, owner = [], query.name
        for i in range(0 if query.name.startswith("alias") else int(number)):
            alias = "alias%d.%s" % (i, query.name)
            answers.append(record(CNAME, wire_name(alias), wire_name(owner)))
            owner = alias
        return query.reply(answers + [record(A, b"\x7f\0\0\2", wire_name(owner))])

    async def cnameloop(self, query, _):
        return query.reply([record(CNAME, wire_name(query.name))])


class Faults:
    """The file, and how often each of its lines was used."""

    def __init__(self):
        self.used = {}

    def action(self, query):
        found = "true"
        try:
            with open("faults") as lines:
                fitting = [line for line in map(str.split, lines) if self.fits(line, query)]
        except FileNotFoundError:
            fitting = []
        if fitting:
            line = tuple(fitting[-1])
            self.used[line] = self.used.get(line, 0) + 1
            found = line[-3]
        return found

    def fits(self, line, query):
        *server, name, _, times, _ = line
        name, _, kind = name.partition("/")
        return ((not server or server[0] == "@" + query.server) and
                (kind in ("", TYPES.get(query.type, ""))) and
                (name == "." or query.name == name or query.name.endswith("." + name)) and
                (times == "0" or self.used.get(tuple(line), 0) < int(times)))


class Server:
    def __init__(self, upstream):
        self.answers, self.faults = Answers(upstream), Faults()
        self.log = open("questions", "a", buffering=1)

    async def answer(self, message, server, over_tcp):
        query = Query(message, server, over_tcp)
        action = self.faults.action(query)
        print("%.3f" % time.time(), server, "tcp" if over_tcp else "udp", query.name,
              TYPES.get(query.type, query.type), action, file=self.log)
        name, _, argument = action.partition(":")
        answer = await getattr(self.answers, name)(query, argument)
        if answer and not over_tcp and len(answer) > UDP_MOST:
            answer = query.reply(flags=0x8380)
        return answer

    async def on_connection(self, reader, writer):
        server = writer.get_extra_info("sockname")[0]
        try:
            while True:
                length = struct.unpack(">H", await reader.readexactly(2))[0]
                answer = await self.answer(await reader.readexactly(length), server, True)
                if answer == b"":
                    return
                for each in answer if isinstance(answer, list) else [answer] if answer else []:
                    writer.write(struct.pack(">H", len(each)) + each)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server, self.tasks = server, set()

    def connection_made(self, transport):
        self.transport, self.address = transport, transport.get_extra_info("sockname")[0]

    def datagram_received(self, message, client):
        task = asyncio.ensure_future(self.give(message, client))
        self.tasks.add(task)  # or the loop would forget it
        task.add_done_callback(self.tasks.discard)

    async def give(self, message, client):
        answer = await self.server.answer(message, self.address, False)
        if answer is not None:
            self.transport.sendto(answer, client)


def has_address(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True


async def main(port, upstream):
    server, loop = Server(upstream), asyncio.get_running_loop()
    addresses = [each for each in SERVERS if has_address(each)]
    for address in addresses:
        await loop.create_datagram_endpoint(lambda: Datagrams(server), local_addr=(address, port))
        await asyncio.start_server(server.on_connection, address, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    os.umask(0o022)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
