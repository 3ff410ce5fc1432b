"""What the stages of a run take: memory, descriptors and time, looked up in /proc while they run (proc(5)); and whether
that stays the same over many runs.
"""

import collections
import os
import statistics
import threading

STAGES = ["pg-ips", "dnsbl-probe", "dnsbl-decide", "pg-apply", "jira-sync", "log-summary"]
INTERVAL = 0.006        # seconds between two looks
TICK = os.sysconf("SC_CLK_TCK")
TIMES = ("cpu", "elapsed")
# How much more the most in the last third of the runs may be.  Not medians: pg-apply takes half as much memory again, and
# jira-sync more descriptors, in a run with much to do, and there may be more of those late or early.
MEMORY_GROWTH, MEMORY_KB, DESCRIPTORS = 1.05, 256, 2
CPU_GROWTH, CPU_SECONDS = 2, 0.2    # of medians: others use the machine too, but processor time is a stage's own
TOO_MANY = 32           # descriptors; jira-sync has four connections, and pg-apply one
PER_LOOKUP = "dnsbl-probe"      # has one more for each lookup in flight, sooner or later in its time


def read(*path):
    with open(os.path.join("/proc", *path), encoding="utf-8", errors="replace") as file:
        return file.read()


def stat_of(pid):
    """(command, the fields from the third on)."""
    text = read(pid, "stat")
    return text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()


def processes():
    return [name for name in os.listdir("/proc") if name.isdigit()]


def of_session(session):
    """The processes of a session that are not zombies: {pid: command}."""
    found = {}
    for pid in processes():
        try:
            command, fields = stat_of(pid)
        except OSError:
            continue
        if fields[3] == str(session) and fields[0] not in "ZX":
            found[int(pid)] = command
    return found


class Use(dict):
    """Of one process: peak_kb, cpu and elapsed in seconds; descriptors at the peak and at the last look, where we may see them."""

    def look(self, pid, fields, seconds):
        peak = next((line.split()[1] for line in read(pid, "status").splitlines() if line.startswith("VmHWM:")), None)
        if peak is None:
            return      # a zombie has none
        self["peak_kb"] = int(peak)
        self["cpu"] = (int(fields[11]) + int(fields[12])) / TICK
        self["elapsed"] = seconds - int(fields[19]) / TICK
        try:
            self["descriptors_end"] = len(os.listdir(f"/proc/{pid}/fd"))
        except PermissionError:     # the programs are not dumpable: root alone sees it
            return
        self["descriptors"] = max(self.get("descriptors", 0), self["descriptors_end"])


class Sampler(threading.Thread):
    """Looks at the stages of the job that leads a session until stop() is called."""

    def __init__(self, session):
        super().__init__(daemon=True)
        self.session, self.over = str(session), threading.Event()
        self.uses, self.stage_of, self.others = {}, {}, set(processes()) - {str(session)}
        self.began, self.ended = ({stage: threading.Event() for stage in STAGES} for _ in range(2))
        self.start()

    def run(self):
        while not self.over.wait(INTERVAL):
            here = set(processes())
            for pid in here - self.others - set(self.stage_of):
                self.meet(pid)
            seconds = float(read("uptime").split()[0])
            for pid, stage in self.stage_of.items():
                if pid not in here:
                    self.ended[stage].set()
                    continue
                try:
                    self.uses.setdefault(stage, Use()).look(pid, stat_of(pid)[1], seconds)
                except OSError:
                    pass    # gone in between

    def meet(self, pid):
        """Is it a stage, and not one's check?  A shell that has not become one yet is looked at again."""
        try:
            command, fields = stat_of(pid)
            if fields[3] != self.session:
                self.others.add(pid)
            elif command in STAGES:
                line = read(pid, "cmdline")     # empty for a moment, when the name is there already
                if "--check" in line:
                    self.others.add(pid)
                elif line:
                    self.stage_of[pid] = command
                    self.began[command].set()
        except OSError:
            pass

    def find(self, stage):
        """Process id of a stage that runs, or None."""
        here = (int(pid) for pid, name in list(self.stage_of.items()) if name == stage and not self.ended[stage].is_set())
        return next(here, None)

    def stop(self):
        self.over.set()
        self.join()
        return self.uses


def thirds(values, of):
    size = max(1, len(values) // 3)
    return of(values[:size]), of(values[-size:])


class Trend:
    """What the stages took, run by run, of those runs that nothing disturbed."""

    def __init__(self):
        self.values = {stage: collections.defaultdict(list) for stage in STAGES}

    def add(self, uses):
        for stage, use in uses.items():
            for name, value in use.items():
                self.values[stage][name].append(value)

    def report(self):
        """By stage and quantity: of the first third of the runs and of the last, times as medians, all else as the most."""
        def both(name, some):
            return dict(zip(("first", "last"), thirds(some, statistics.median if name in TIMES else max)), runs=len(some))
        return {stage: {name: both(name, some) for name, some in values.items()} for stage, values in self.values.items()}

    def problems(self, lookups):
        """What grew, where so many `lookups` may be in flight; how long a stage ran says nothing, for others use the machine too."""
        found = []
        for stage, report in self.report().items():
            if "peak_kb" not in report:
                found.append(f"{stage} was never looked at")
                continue
            first, last = report["peak_kb"]["first"], report["peak_kb"]["last"]
            if last > first * MEMORY_GROWTH + MEMORY_KB:
                found.append(f"memory of {stage}: {first:.0f} kB in the first third of the runs, {last:.0f} kB in the last")
            for name in ("descriptors", "descriptors_end") if stage != PER_LOOKUP else ():
                some = report.get(name, {"first": 0, "last": 0})
                if some["last"] > some["first"] + DESCRIPTORS:
                    found.append(f"{name} of {stage}: {some['first']} in the first third of the runs, {some['last']} in the last")
            cpu = report["cpu"]
            if cpu["last"] > cpu["first"] * CPU_GROWTH + CPU_SECONDS:
                found.append(f"processor time of {stage}: {cpu['first']:.2f} s in the first third of the runs, {cpu['last']:.2f} s in the last")
            most = max(self.values[stage]["descriptors"], default=0)
            if most > TOO_MANY + (lookups if stage == PER_LOOKUP else 0):
                found.append(f"{stage} had {most} descriptors open")
        return found
