#!/usr/bin/python3
"""A proxy for HTTPS: it takes CONNECT (RFC 9110, 9.3.6) and nothing else.

  proxy.py PORT_FILE HOST:PORT

Whatever host is asked for, the tunnel leads to HOST:PORT.  It listens on 127.0.0.1; PORT_FILE holds its port as soon as
connections are taken, and PORT_FILE.log each request's head.
"""

import os
import socket
import socketserver
import sys
import threading


def pump(source, target):
    """Carries bytes until there are no more, and says so to the other end."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass    # one of the two has gone: the other one will find out


class Tunnel(socketserver.StreamRequestHandler):
    rbufsize = 0        # what follows the head is not ours to read

    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n") and (byte := self.rfile.read(1)):
            head += byte
        with open(self.server.log, "ab") as log:
            log.write(head)
        if not head.startswith(b"CONNECT "):
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(self.server.target) as target:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(target, self.connection), daemon=True)
            back.start()
            pump(self.connection, target)
            back.join()


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True


def main():
    port_file, target = sys.argv[1:]
    host, _, port = target.rpartition(":")
    with Proxy(("127.0.0.1", 0), Tunnel) as proxy:
        proxy.target, proxy.log = (host, int(port)), port_file + ".log"
        with open(port_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{proxy.server_address[1]}\n")
        os.rename(port_file + ".new", port_file)
        proxy.serve_forever()


if __name__ == "__main__":
    main()
