"""A clock that runs faster than ours, for the stand-in here and, by fast_clock.c, for the program under test.

The two show the same time.  Between runs it can be set forward, so that a quarter of an hour or a week costs nothing.
"""

import os
import subprocess
import time

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fast_clock.c")
SECOND = 10 ** 9    # ns


def build(folder):
    """Compiles the program's half: the path of the library."""
    library = os.path.join(folder, "fast_clock.so")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, SOURCE],
                   check=True)
    return library


class Clock:
    """Has what the stand-in needs of the module time; seconds here are its seconds."""

    def __init__(self, speed):
        self.speed = speed
        self.real = self.virtual = time.time_ns()

    def time_ns(self):
        return self.virtual + (time.time_ns() - self.real) * self.speed

    def time(self):
        return self.time_ns() / SECOND

    def sleep(self, seconds):
        time.sleep(seconds / self.speed)

    def skip(self, seconds):
        """Sets the clock forward; not while a program runs that was given the environment below."""
        self.virtual += int(seconds * SECOND)

    def environment(self, library):
        return {"LD_PRELOAD": library, "FAST_CLOCK": f"{self.speed} {self.real} {self.virtual}"}
