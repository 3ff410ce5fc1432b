#!/usr/bin/python3
"""pg_proxy.py PORT FILE [lost|dropped]: a proxy before PostgreSQL that knows what its clients say.

Listens on a free port of 127.0.0.1, which it writes into FILE, and passes everything
on to PostgreSQL on PORT. FILE.trips gets a line for each connection that has ended:
how many times the client waited for the server, its Sync messages.

With the third word the first COMMIT of all is passed on (lost) or thrown away
(dropped); in both cases the client's connection is cut without an answer, and
FILE.cut says that it was done. Later ones pass.

Messages are those of the PostgreSQL manual, section 55.7.
"""
import os
import socket
import struct
import sys
import threading

server_port, port_file = int(sys.argv[1]), sys.argv[2]
fate = sys.argv[3] if len(sys.argv) > 3 else None
cut = threading.Event()
trips_lock = threading.Lock()

PROTOCOL = 3 << 16                      # of a StartupMessage
COMMIT = b"P\0\0\0\x0e\0COMMIT\0\0\0"   # Parse: no name, the text, no types of parameters
SYNC = b"S\0\0\0\x04"


def put(path, text):
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(path + ".new", path)


def close(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def answers(client, server):
    """Everything from the server to the client, until either is closed."""
    try:
        while data := server.recv(65536):
            client.sendall(data)
    except OSError:
        pass
    close(client, server)


class Messages:
    """Takes a client's bytes apart as they come."""

    def __init__(self):
        self.rest, self.started = b"", False

    def feed(self, data):
        self.rest += data
        while len(self.rest) >= 8 - 3 * self.started:
            typed = int(self.started)   # what comes before the StartupMessage, and that itself, have no type
            length = typed + struct.unpack_from("!I", self.rest, typed)[0]
            if len(self.rest) < length:
                return
            message, self.rest = self.rest[:length], self.rest[length:]
            if not self.started:
                self.started = struct.unpack_from("!I", message, 4)[0] == PROTOCOL
            yield message


def pass_on(client, server):
    """Everything from the client to the server, but for the COMMIT to be cut. Returns the number of its round trips."""
    messages, trips = Messages(), 0
    try:
        while data := client.recv(65536):
            passed = b""
            for message in messages.feed(data):
                if fate and message == COMMIT and not cut.is_set():
                    cut.set()
                    client.shutdown(socket.SHUT_RDWR)
                    if fate == "lost":
                        server.sendall(data)
                        server.shutdown(socket.SHUT_WR)
                        while server.recv(65536):
                            pass
                    put(port_file + ".cut", "1\n")
                    return trips
                trips += message == SYNC
                passed += message
            server.sendall(passed)
    except OSError:
        pass
    return trips


def requests(client, server):
    trips = pass_on(client, server)
    close(client, server)
    with trips_lock, open(port_file + ".trips", "a", encoding="ascii") as file:
        file.write(f"{trips}\n")


listener = socket.create_server(("127.0.0.1", 0))
put(port_file, f"{listener.getsockname()[1]}\n")
while True:
    incoming, _ = listener.accept()
    outgoing = socket.create_connection(("127.0.0.1", server_port))
    for work in answers, requests:
        threading.Thread(target=work, args=(incoming, outgoing), daemon=True).start()
