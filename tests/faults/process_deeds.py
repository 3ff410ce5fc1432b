"""Faults of a process: signals, output, limits, memory, the clock.  See deeds.py."""

import errno
import os
import resource
import signal
import time

import rows
import stages
from deed import Deed
from playing import Violation

MARKS_FD = 900      # from there on the descriptors are not the program's, see preload/preload.h

# ---- signals -----------------------------------------------------------------

class Kill(Deed):
    """SIGKILL, SIGTERM, SIGINT: of the stage, or of the job while a stage stands still."""

    def act(self, pid):
        number = signal.Signals[self.word]
        target = self.worker.job.process.pid if self.row.stage == rows.JOB else pid
        if target != pid and number == signal.SIGKILL:
            # If the job died first, the kernel would end the group, for one of it stands still: setpgid(2).
            os.kill(target, signal.SIGSTOP)
            os.kill(pid, signal.SIGCONT)
        os.kill(target, number)
        self.proof = f"{self.word} sent to {target}, which stood at '{self.row.when}'"

    def fired(self, job):
        """A signal that comes to a process that has ended proves nothing."""
        number = signal.Signals[self.word]
        if self.row.stage == rows.JOB:
            return self.proof if job.status in (-number, 128 + number) else None
        return self.proof if job.stages().get(self.row.stage) == 128 + number else None


class Stop(Deed):
    """SIGSTOP SECONDS: it stands still so long, and meanwhile a person changes a priority."""

    def act(self, pid):
        target = self.worker.job.process.pid if self.row.stage == rows.JOB else pid
        if target != pid:
            os.kill(target, signal.SIGSTOP)
            os.kill(pid, signal.SIGCONT)
        self.worker.edit_by_hand()
        time.sleep(float(self.argument))
        self.proof = f"it stood still for {self.argument} s" if stages.state_of(target) == "T" else None
        os.kill(target, signal.SIGCONT)


# ---- output and limits -------------------------------------------------------

class FullOutput(Deed):
    """ENOSPC [stderr]: the device is full from the first byte on (/dev/full), or the Nth write finds it full."""
    needs = ("limits",)

    def prepare(self):
        if self.argument == "stderr":
            self.command = 'program "$@" 2>/dev/full'
        elif self.row.stage == rows.JOB:
            self.out = "/dev/full"
        elif self.row.when == "-":
            self.command = 'program "$@" >/dev/full'
        else:
            self.settings["FAULT_ERRNO"] = str(errno.ENOSPC)

    def fired(self, _):
        if self.row.stage == rows.JOB:
            return self.said("No space left on device")
        return self.marked("ENOSPC") or self.marked("failed")


class Capture(Deed):
    """EFBIG: the files of --capture may have so many bytes and no more."""

    def prepare(self):
        self.options = ("--capture", os.path.join(self.worker.folder, "captured"))
        self.prefix, self.out = ("prlimit", f"--fsize={self.argument}"), "/dev/null"

    def fired(self, _):
        sizes = [os.path.getsize(entry) for entry in os.scandir(self.options[1])]
        return f"files of {sizes} bytes" if int(self.argument) in sizes else None


class NoReader(Deed):
    """EPIPE: who reads its output goes away, before the first byte or while it stands still."""
    needs = ("limits",)

    def prepare(self):
        if self.row.when == "-":
            self.command = 'exec 4> >(true); wait $!; program "$@" >&4 4>&-'
        else:
            self.command = 'program "$@" | cat; exit "${PIPESTATUS[0]}"'

    def act(self, pid):
        for reader in self.worker.job.processes("cat"):
            os.kill(reader, signal.SIGPIPE)     # of which bash says nothing
        end = time.monotonic() + stages.MINUTE
        while self.worker.job.processes("cat") and time.monotonic() < end:
            time.sleep(0.005)

    def fired(self, job):
        return self.marked("EPIPE") or ("SIGPIPE ended it" if job.stages().get(self.row.stage) == 141 else None)


class Limit(Deed):
    """EMFILE, ENOMEM: at the moment it has all the descriptors, or memory, that it may ever have; N more are allowed."""
    needs = ("limits",)
    KINDS = {"EMFILE": resource.RLIMIT_NOFILE, "ENOMEM": resource.RLIMIT_AS}

    def prepare(self):
        if self.row.stage == "dnsbl-probe":
            self.settings.update(self.HASTE)

    def act(self, pid):
        more = int(self.argument or 0)
        if self.word == "EMFILE":
            most = max(fd for fd in map(int, os.listdir(f"/proc/{pid}/fd")) if fd < MARKS_FD) + 1 + more
        else:
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                most = int(file.read().split()[0]) * resource.getpagesize() + more
        resource.prlimit(pid, self.KINDS[self.word], (most, most))

    def fired(self, _):
        return self.marked(self.word)


class NoMemory(Deed):
    """malloc N [on]: the Nth allocation fails, or that and all behind it; +N: the Nth behind the filter of confine()."""
    needs = ("no_memory",)

    def prepare(self):
        number, _, on = self.argument.partition(" ")
        if self.row.stage == "dnsbl-probe":
            self.settings.update(self.HASTE)
        self.settings["FAULT_ALLOCATION"] = number.removeprefix("+")
        if number.startswith("+"):
            self.settings["FAULT_BEHIND"] = "1"
        if on:
            self.settings["FAULT_FOR_EVER"] = "1"

    def fired(self, job):
        """Libraries may use what they did not get, the program itself never: then it says so and ends."""
        own = self.marked("own")
        if own and not self.settings.get("FAULT_FOR_EVER") and job.stages().get(self.row.stage) == 139:
            raise Violation(f"{self.row.stage} used memory that it had asked for itself and did not get")
        return own or self.marked("failed")


class Short(Deed):
    """short N: reads and writes of 1 to N bytes. What it writes must be what it writes otherwise, byte for byte."""
    needs = ("short_io",)

    def prepare(self):
        self.settings["FAULT_SHORT"] = self.argument
        self.options = ("--capture", os.path.join(self.worker.folder, "captured"))

    def fired(self, job):
        stage = self.row.stage
        self.worker.check_equal_output(stage, os.path.join(self.options[1], stage + ".ndjson") if stage != rows.STAGES[-1] else job.out)
        return self.marked("short")


class WallClock(Deed):
    """clock SECONDS: the clock that people set is put on, or back, so far."""
    needs = ("wall_clock",)

    def prepare(self):
        self.settings.update(FAULT_CLOCK=self.argument, FAULT_CLOCK_SET=os.path.join(self.worker.folder, "clock"))
        self.undo()
        if self.row.when == "-":
            self.act(None)

    def act(self, pid):
        with open(self.settings["FAULT_CLOCK_SET"], "w", encoding="ascii"):
            pass

    def undo(self):
        if os.path.exists(self.settings["FAULT_CLOCK_SET"]):
            os.unlink(self.settings["FAULT_CLOCK_SET"])

    def fired(self, _):
        return self.marked("stepped")
