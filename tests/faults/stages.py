"""The job with a fault in one of its stages, and the same six programs without any.

The job is pipelines/dnsbl-monitor itself; where it looks for the programs it finds scripts, which become them.
"""

import json
import os
import shlex
import signal
import subprocess
import time

from rows import JOB, STAGES

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MINUTE = 60
SPEED = 8       # of the clock of those that wait 2, 4 and 8 s
WAITING = ("pg-ips", "pg-apply", "jira-sync")

# The programs' checks are not the matter here: the configuration is in order.
SCRIPT = """#!/bin/bash
case "$*" in *--check*) exit 0 ;; esac
{exports}
{command}
"""


class Scripts:
    """A folder that dnsbl-monitor takes for the one where make has put the programs."""

    def __init__(self, folder, programs, fast_clock):
        self.folder, self.programs, self.fast_clock = folder, programs, fast_clock
        self.bin = os.path.join(folder, "bin")
        os.makedirs(self.bin)

    def write(self, faulty=None, environment=None, command="exec {program}"):
        """All of them; the stage `faulty` has `environment`, with LD_PRELOAD a list, and becomes what `command` says."""
        for stage in STAGES:
            own = dict(environment or {}) if stage == faulty else {}
            own["LD_PRELOAD"] = [*own.get("LD_PRELOAD", []), *([self.fast_clock] if stage in WAITING and "FAULT_CLOCK" not in own else [])]
            self._write_one(stage, own, command if stage == faulty else "exec {program}")

    def _write_one(self, stage, own, command):
        own = {**own, "LD_PRELOAD": ":".join(own["LD_PRELOAD"])}
        exports = "\n".join(f"export {name}={shlex.quote(str(value))}" for name, value in own.items() if value)
        text = SCRIPT.format(exports=exports, command=command.format(program=f'"{self.programs}/{stage}" "$@"'))
        path = os.path.join(self.bin, stage)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)     # one that is being run still is not written to


def clock_settings():
    now = time.time_ns()
    return {"FAST_CLOCK": f"{SPEED} {now} {now}"}


def state_of(pid):
    """R, S, T, ... of proc(5); None: there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(") ")[2][0]
    except FileNotFoundError:
        return None


class Mark:
    """The file in which the libraries of preload/ say what they have done."""

    def __init__(self, path):
        self.path = path

    def words(self):
        """[(word, process id)]"""
        try:
            with open(self.path, encoding="ascii") as file:
                return [(word, int(pid)) for word, pid in (line.split() for line in file if line.endswith("\n"))]
        except FileNotFoundError:
            return []

    def says(self, word):
        return any(said == word for said, _ in self.words())

    def pid(self, word):
        return next((pid for said, pid in self.words() if said == word), None)


class Job:
    """dnsbl-monitor, running."""

    def __init__(self, scripts, environment, name, options=(), out=None, err=None, prefix=()):
        self.name = name
        self.out, self.err = os.path.join(scripts.folder, "out"), os.path.join(scripts.folder, "err")
        for path in self.out, self.err:
            with open(path, "wb"):
                pass    # where `out` and `err` are others, nothing comes into these
        with open(out or self.out, "wb") as stdout, open(err or self.err, "wb") as stderr:
            self.process = subprocess.Popen(
                [*prefix, os.path.join(ROOT, "pipelines", JOB), *options], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                env={**environment, **clock_settings(), "BUILD": scripts.folder, "FAULTS_JOB": name}, start_new_session=True)
        self.status = None

    def ended(self):
        return self.process.poll() is not None

    def children(self):
        """Process ids of all that have come of it and still run."""
        mine, found = f"FAULTS_JOB={self.name}\0".encode(), []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if mine in file.read():
                        found.append(int(pid))
            except OSError:
                pass    # it has ended, or is none of ours
        return found

    def wait(self):
        """For its end, and that of all that it leaves behind: their number, when it had ended itself."""
        self.status = self.process.wait(MINUTE * 3)
        left, end = self.children(), time.monotonic() + MINUTE
        count = len(left)
        while left and time.monotonic() < end:
            time.sleep(0.02)
            left = self.children()
        if left:
            raise AssertionError(f"{len(left)} processes of the job do not end")
        return count

    def destroy(self):
        for pid in self.children():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def messages(self):
        """What it said on standard error, and lines that are no messages."""
        found, foreign = [], []
        with open(self.err, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    foreign.append(line)
        return found, foreign

    def stages(self):
        """The statuses of the stages, as it tells them at its end."""
        return next((message["stages"] for message in reversed(self.messages()[0]) if "stages" in message), {})
