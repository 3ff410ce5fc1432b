"""One run of the six programs, with a tap behind pg-ips and one behind pg-apply."""

import fcntl
import json
import os
import subprocess
import threading
import time

from troubles import STAGES

MINUTE = 60     # seconds: longer than any run takes
TAPPED = {"pg-ips": "read", "pg-apply": "passed"}
PIPE_BYTES = 4096   # before a tap, the least there is: a program whose lines the tap has not taken is still there


class Tap(threading.Thread):
    """Passes lines on, keeps them, and can do something when so many addresses have come by."""

    def __init__(self, source, at, what):
        super().__init__(daemon=True)
        self.source, self.at, self.what, self.lines = source, at, what, []
        self.read_end, self.write_end = os.pipe()
        self.start()

    def run(self):
        addresses = 0
        try:
            for line in self.source:
                if not line.endswith(b"\n"):
                    break   # the writer was killed in the middle of it
                self.lines.append(line)
                addresses += line.startswith(b'{"type":"ip"')
                if addresses == self.at:
                    self.at = None  # once
                    self.what()
                os.write(self.write_end, line)
        except BrokenPipeError:
            pass    # as a program would, it leaves its own writer without a reader
        finally:
            os.close(self.write_end)
            self.source.close()

    def records(self):
        return [json.loads(line) for line in self.lines]


class Job:
    def __init__(self, programs, folder, environment):
        self.programs, self.folder, self.environment = programs, folder, environment
        self.own = {}       # what a stage has in its environment beside that
        self.events = {}    # tap: (after so many addresses, what to do)
        self.processes, self.taps = {}, {}

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        source = subprocess.DEVNULL
        for stage in STAGES:
            read_end, write_end = os.pipe()
            if stage in TAPPED:
                fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            # What the next one reads must be open nowhere else, or the end of it would not be seen.
            with open(os.path.join(self.folder, stage + ".err"), "wb") as err:
                self.processes[stage] = subprocess.Popen(
                    [os.path.join(self.programs, stage), *(["--require-run"] if stage != "pg-ips" else [])], stdin=source,
                    stdout=write_end, stderr=err, env={**self.environment, **self.own.get(stage, {})})
            os.close(write_end)
            if source is not subprocess.DEVNULL:
                os.close(source)
            source = read_end
            if stage in TAPPED:
                name = TAPPED[stage]
                tap = self.taps[name] = Tap(os.fdopen(source, "rb"), *self.events.get(name, (None, None)))
                source = tap.read_end
        self.sink = threading.Thread(target=self._drain, args=(source,), daemon=True)
        self.sink.start()

    @staticmethod
    def _drain(source):
        while os.read(source, 65536):
            pass
        os.close(source)

    def send(self, stage, number):
        """False: it has ended already."""
        alive = self.processes[stage].poll() is None
        if alive:
            self.processes[stage].send_signal(number)
        return alive

    def runs(self):
        return any(process.poll() is None for process in self.processes.values())

    def wait(self):
        """Statuses by stage."""
        end = time.monotonic() + MINUTE
        try:
            return {stage: process.wait(max(0, end - time.monotonic())) for stage, process in self.processes.items()}
        finally:
            for process in self.processes.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()
            for tap in self.taps.values():
                tap.join(MINUTE)
            self.sink.join(MINUTE)

    def run_id(self):
        """None: it did not come so far as to say one."""
        lines = self.taps["read"].lines
        return json.loads(lines[0])["run_id"] if lines else None

    def passed(self):
        return [record for record in self.taps["passed"].records() if record["type"] == "ip"]

    def errors(self):
        text = []
        for stage in STAGES:
            with open(os.path.join(self.folder, stage + ".err"), encoding="utf-8") as file:
                text += file.read().splitlines()
        return text
