#!/usr/bin/python3
"""cut_commit.py PORT yes|no FILE: a proxy that loses the answer to one COMMIT.

Listens on a free port of 127.0.0.1, which it writes into FILE, and passes
everything on to PostgreSQL on PORT. The first COMMIT that comes by is passed on
(yes) or thrown away (no); in both cases the client's connection is cut without
an answer, and FILE.cut says that it was done. Later ones pass.
"""
import os
import socket
import sys
import threading

server_port, happens, port_file = int(sys.argv[1]), sys.argv[2] == "yes", sys.argv[3]
cut = threading.Event()


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


def requests(client, server):
    """Everything from the client to the server, but for the COMMIT to be cut."""
    try:
        while data := client.recv(65536):
            # The name of the statement, empty, and its text: PostgreSQL manual, section 55.7, Parse.
            if b"P\0\0\0\x0e\0COMMIT\0" in data and not cut.is_set():
                cut.set()
                client.shutdown(socket.SHUT_RDWR)
                if happens:
                    server.sendall(data)
                    server.shutdown(socket.SHUT_WR)
                    while server.recv(65536):
                        pass
                put(port_file + ".cut", "1\n")
                break
            server.sendall(data)
    except OSError:
        pass
    close(client, server)


listener = socket.create_server(("127.0.0.1", 0))
put(port_file, f"{listener.getsockname()[1]}\n")
while True:
    incoming, _ = listener.accept()
    outgoing = socket.create_connection(("127.0.0.1", server_port))
    for work in answers, requests:
        threading.Thread(target=work, args=(incoming, outgoing), daemon=True).start()
