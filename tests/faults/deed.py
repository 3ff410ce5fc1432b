"""What every fault is to the driver: the functions that a worker calls, and that a kind of fault has its own of."""


LISTEN = "0A"   # the state of a socket, in /proc/net/tcp


def unread(table, port):
    """What has come for a port and nobody has read: bytes of /proc/net/udp, connections of /proc/net/tcp. See proc(5)."""
    with open(f"/proc/net/{table}", encoding="ascii") as file:
        sockets = [line.split() for line in file][1:]
    return sum(int(fields[4].partition(":")[2], 16) for fields in sockets
               if int(fields[1].partition(":")[2], 16) == int(port) and (table == "udp" or fields[3] == LISTEN))


class Deed:
    HASTE = {"DNS_TIMEOUT": "1"}    # settings of a job that is to wait in vain for DNS

    needs = ()      # the libraries that the stage has, beside moment.so if there is a moment

    def __init__(self, row, worker):
        self.row, self.worker = row, worker
        word, _, self.argument = row.fault.partition(" ")
        self.word, self.pid, self.proof = word, None, None
        self.settings = {}      # of the job
        self.own = ""           # NAME=VALUE, of the stage alone
        self.command = ""       # in place of the stage, see become.c
        self.out = None         # where the job's output goes, if not into a file
        self.options = self.prefix = ()

    def prepare(self):
        pass

    def act(self, pid):
        self.pid = pid

    def undo(self):
        pass

    def fired(self, _):
        return self.proof

    def said(self, words):
        """That the job's messages have these words in them: it has met the fault."""
        met = any(words in message["error_message"] for message in self.worker.job.messages()[0])
        return f"it said '{words}'" if met else None

    def marked(self, word):
        return f"the process itself: {word}" if self.worker.mark.says(word) else None
