#!/usr/bin/python3
"""Run /dnsbl-probe below DIR beside a name server on port 53: dns_own_network.py DIR

For a network namespace of its own (unshare(1)), where nobody else has that port
and the loopback interface is down at first. The server is dns_garbage.py, which answers
as a list of its own; its files are in DIR, which is the program's root directory.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import time

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # netdevice(7)


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def answers():
    try:
        socket.create_connection(("127.0.0.1", 53), 1).close()
    except OSError:
        return False
    return True


def main(root):
    raise_loopback()
    for name in "questions", "faults":
        with open(os.path.join(root, name), "w") as out:
            if name == "faults":
                out.write(". rfc5782 0 0\n")
    server = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "dns_garbage.py"),
                               "53", "0"], cwd=root, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 20
        while not answers() and server.poll() is None and time.monotonic() < end:
            time.sleep(0.03)
        return subprocess.call(["/dnsbl-probe"], preexec_fn=lambda: (os.chroot(root), os.chdir("/")))
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
