"""One run of the real job, and what it left."""

import collections
import glob
import json
import os
import signal
import subprocess
import time

import sampler

PATIENCE = 60       # seconds for what takes few
HURRIED = "pg-ips pg-apply jira-sync"       # that wait 2, 4 and 8 seconds
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
JOB = os.path.join(ROOT, "pipelines", "dnsbl-monitor")


class Monitor:
    """`environment`: beside what is told in start()."""

    def __init__(self, folder, programs, environment):
        self.folder = folder
        self.home, self.temporary, self.place = (os.path.join(folder, name) for name in ("home", "tmp", "cwd"))
        self.capture = os.path.join(folder, "capture")
        for each in (self.home, self.temporary, self.place, self.capture):
            os.makedirs(each)
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.home, "TMPDIR": self.temporary,
                            "BUILD": programs, **environment}
        self.shared_memory = self.in_shared_memory()
        self.process = self.sampler = None

    @staticmethod
    def in_shared_memory():
        return set(glob.glob("/dev/shm/dnsbl-monitor.*"))

    def start(self, options=(), **environment):
        with open(os.path.join(self.folder, "log"), "wb") as log, open(os.path.join(self.folder, "err"), "wb") as err:
            self.process = subprocess.Popen([JOB, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=err, cwd=self.place,
                                            env={**self.environment, **environment}, start_new_session=True)
        self.sampler = sampler.Sampler(self.process.pid)

    def send(self, whom, number):
        """To the job, or to a stage; False: it is not there."""
        pid = self.process.pid if whom == "job" else self.sampler.find(whom)
        if pid is None or self.process.poll() is not None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def wait(self):
        """The status; of a job that was killed as well, not before its last process has ended."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            status = "none: it does not end"
            for pid in sampler.of_session(self.process.pid):
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.left = self.left_running() if status != -signal.SIGKILL else {}
        end = time.monotonic() + PATIENCE
        while self.left_running() and time.monotonic() < end:
            time.sleep(0.01)
        self.left = self.left or self.left_running()
        self.uses = self.sampler.stop()
        return status

    def left_running(self):
        return sampler.of_session(self.process.pid)

    def lines(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def log(self):
        """(lines of addresses by address, the last line or None)."""
        by_type = collections.defaultdict(list)
        for line in self.lines("log"):
            by_type[line["type"]].append(line)
        return {line["ip"]: line for line in by_type["address"]}, (by_type["job_summary"] or [None])[-1]

    def run_id(self):
        """As pg-ips said it, if it came so far; the run was told to --capture."""
        try:
            return self.lines("capture/pg-ips.ndjson")[0]["run_id"]
        except (OSError, IndexError):
            return None

    def messages(self):
        return [f"{line.get('tool')}: {line.get('error_message')}" for line in self.lines("err")]

    def files_left(self):
        found = [os.path.join(place, name) for place in (self.home, self.temporary, self.place) for name in os.listdir(place)]
        return found + sorted(self.in_shared_memory() - self.shared_memory)
