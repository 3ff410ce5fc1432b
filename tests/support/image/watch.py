#!/usr/bin/python3
"""watch.py PID: follows the control group of a container, whose first process PID is, until it is gone, and prints

    {"memory": bytes at the most, "own": of these, the processes', "cpu": seconds, "periods": of the quota, "throttled": of them, "throttled_seconds": …}

`memory` is what the kernel holds against the limit: all processes, the page cache that they caused, and what the kernel needs
for them, as for sockets; `own` what the processes have written to, seen every SECONDS.  Versions 1 and 2:
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

import json
import os
import sys
import time

MOUNT = "/sys/fs/cgroup"
SECONDS = 0.02


def folders(pid):
    """Where the group's files are, by controller; version 2 has one folder for all, under ''."""
    found = {}
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            for controller in controllers.split(","):
                found[controller] = MOUNT + ("/" + controllers if controllers else "") + path
    return found


def read(*path):
    with open(os.path.join(*path), encoding="ascii") as file:
        return file.read()


def pairs(text):
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def measure(where):
    """The figures as they are now; OSError when the group is gone."""
    if "memory" in where:
        cpu = pairs(read(where["cpu"], "cpu.stat"))
        return {"memory": int(read(where["memory"], "memory.max_usage_in_bytes")),
                "own": pairs(read(where["memory"], "memory.stat"))["total_rss"],
                "cpu": int(read(where["cpuacct"], "cpuacct.usage")) / 1e9,
                "periods": cpu["nr_periods"], "throttled": cpu["nr_throttled"], "throttled_seconds": cpu["throttled_time"] / 1e9}
    cpu = pairs(read(where[""], "cpu.stat"))
    return {"memory": int(read(where[""], "memory.peak")), "own": pairs(read(where[""], "memory.stat"))["anon"], "cpu": cpu["usage_usec"] / 1e6,
            "periods": cpu["nr_periods"], "throttled": cpu["nr_throttled"], "throttled_seconds": cpu["throttled_usec"] / 1e6}


def main():
    where, figures = folders(int(sys.argv[1])), None
    try:
        while True:
            own = figures["own"] if figures else 0
            figures = measure(where)
            figures["own"] = max(own, figures["own"])
            time.sleep(SECONDS)
    except OSError:     # it has ended
        pass
    if figures is None:
        sys.exit(f"watch.py: process {sys.argv[1]} was gone before anything was measured")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
