"""What goes wrong: the words of the table's column `fault`, each with the class that brings it about.

A Deed is made for a row, in a worker (worker.py).  Before the job starts prepare() is called, at the row's moment act(),
with the process id of the stage that stands still there, and when the job has ended undo().  fired() tells what proves that
it happened; None: it did not, and the row fails.
"""

import database_deeds
import network_deeds
import process_deeds

KINDS = {
    "SIGKILL": process_deeds.Kill, "SIGTERM": process_deeds.Kill, "SIGINT": process_deeds.Kill, "SIGSTOP": process_deeds.Stop,
    "ENOSPC": process_deeds.FullOutput, "EFBIG": process_deeds.Capture, "EPIPE": process_deeds.NoReader,
    "EMFILE": process_deeds.Limit, "ENOMEM": process_deeds.Limit, "malloc": process_deeds.NoMemory,
    "short": process_deeds.Short, "clock": process_deeds.WallClock,
    "dns": network_deeds.Dns, "db": database_deeds.Database, "jira": network_deeds.Jira}


def of(row, worker):
    return KINDS[row.fault.partition(" ")[0]](row, worker)
