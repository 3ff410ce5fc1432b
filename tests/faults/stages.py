"""The job with a fault in one of its stages, and the same six programs without any.

The job is pipelines/dnsbl-monitor itself; where it looks for the programs it finds others, which become them.
"""

import json
import os
import signal
import subprocess
import time

from rows import JOB, STAGES

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MINUTE = 60
SPEED = 8       # of the clock of those that wait 2, 4 and 8 s
WAITING = ("pg-ips", "pg-apply", "jira-sync")


class Programs:
    """A folder that dnsbl-monitor takes for the one where make has put the programs: see become.c."""

    def __init__(self, folder, build, fast_clock):
        self.folder, self.programs, self.fast_clock = folder, os.path.join(build, "bin"), fast_clock
        os.makedirs(os.path.join(folder, "bin"))
        for stage in STAGES:
            os.symlink(os.path.join(build, "tests/faults/become"), os.path.join(folder, "bin", stage))

    def settings(self, stage="", libraries=(), own="", command=""):
        """The job's environment; `own`, NAME=VALUE, is of the `stage` alone."""
        hurried = [self.fast_clock] if stage in WAITING and not any("wall_clock" in library for library in libraries) else []
        return {"BUILD": self.folder, "FAULTS_PROGRAMS": self.programs, "FAULTS_STAGE": stage, "FAULTS_SET": own,
                "FAULTS_COMMAND": command, "FAULTS_PRELOAD": ":".join([*libraries, *hurried]), "FAULTS_CLOCK_LIB": self.fast_clock,
                "FAULTS_HURRIED": " ".join(WAITING), **clock_settings()}


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

    def __init__(self, folder, environment, name, options=(), out=None, prefix=()):
        """`out`: where its output goes, if not into a file of the folder; `prefix`: a command that it is run by."""
        self.name = name
        self.out, self.err = os.path.join(folder, "out"), os.path.join(folder, "err")
        with open(out or self.out, "wb") as stdout, open(self.err, "wb") as stderr:
            self.process = subprocess.Popen(
                [*prefix, os.path.join(ROOT, "pipelines", JOB), *options], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                env={**environment, "FAULTS_JOB": name}, start_new_session=True)
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

    def processes(self, name):
        """Process ids of the programs of that name."""
        found = []
        for pid in self.children():
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    found += [pid] if file.read() == name + "\n" else []
            except OSError:
                pass
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
