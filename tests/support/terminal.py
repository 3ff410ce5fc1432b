#!/usr/bin/python3
"""terminal.py COMMAND [ARG...]: runs a command on a terminal of its own.

Prints what it wrote there, and exits with its status. A bare chroot has no
file system of terminals (devpts): one is mounted for the while, which takes
root, in a temporary directory, and its terminal is opened without a path.
"""

import fcntl
import os
import pty
import subprocess
import sys
import tempfile

TIOCSPTLCK = 0x40045431  # ioctl_tty(2)
TIOCGPTPEER = 0x5441


def open_without_path(directory):
    subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0600", "devpts", directory], check=True)
    try:
        master = os.open(directory + "/ptmx", os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(master, TIOCSPTLCK, b"\0\0\0\0")
        return master, fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)
    finally:
        # The open terminal keeps its file system alive until it is closed.
        subprocess.run(["umount", "--lazy", directory], check=True)


def open_terminal():
    try:
        return pty.openpty()
    except OSError:
        with tempfile.TemporaryDirectory() as directory:
            return open_without_path(directory)


def main():
    master, slave = open_terminal()
    process = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    output = b""
    try:
        while chunk := os.read(master, 4096):
            output += chunk
    except OSError:  # EIO: the last who had it open is gone
        pass
    sys.stdout.buffer.write(output.replace(b"\r\n", b"\n"))
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
