#!/usr/bin/python3
"""terminal.py [--columns N] [--typing PROMPT] COMMAND [ARG...]: runs a command on a terminal of its own.

Prints what it wrote there, and exits with its status. Without --columns the
terminal does not say how wide it is. With --typing the lines of standard input
are typed there, each when PROMPT has appeared. A bare chroot has no file
system of terminals (devpts): one is mounted for the while, which takes root, in
a temporary directory, and its terminal is opened without a path.
"""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios

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
    command, columns, prompt, lines = sys.argv[1:], 0, b"", []
    if command[0] == "--columns":
        columns, command = int(command[1]), command[2:]
    if command[0] == "--typing":
        prompt, command, lines = command[1].encode(), command[2:], sys.stdin.buffer.readlines()
    master, slave = open_terminal()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    output = b""
    try:
        while chunk := os.read(master, 4096):
            output += chunk
            if lines and output.endswith(prompt):
                os.write(master, lines.pop(0))
    except OSError:  # EIO: the last who had it open is gone
        pass
    sys.stdout.buffer.write(output.replace(b"\r\n", b"\n"))
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
