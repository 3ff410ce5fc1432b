#!/usr/bin/python3
"""DNS over TCP for a server that speaks only UDP: dns_tcp.py PORT

rbldnsd answers over UDP alone, so a client told to come back over TCP (a
truncated answer) would find nobody. This listens on TCP 127.0.0.1:PORT and
hands each message to UDP 127.0.0.1:PORT. Framing: RFC 1035 section 4.2.2.
"""

import socket
import socketserver
import struct
import sys


class Relay(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            prefix = self.rfile.read(2)
            if len(prefix) < 2:
                return
            query = self.rfile.read(struct.unpack(">H", prefix)[0])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.settimeout(2)
                udp.connect(self.server.server_address)
                try:
                    udp.send(query)
                    answer = udp.recv(65535)
                except OSError:  # the server is gone: so is this connection
                    return
            self.wfile.write(struct.pack(">H", len(answer)) + answer)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Relay) as server:
        server.serve_forever()
