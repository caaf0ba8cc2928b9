# SPDX-License-Identifier: BSD-2-Clause
"""Programs that tests start, and a receiver of notifications."""
import atexit
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

from mib import MIB
from snmp import decode_message
from tap import until

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
SO_RCVBUFFORCE = 33


class Process:
    """A program with its output in a file; it dies with the test program."""

    def __init__(self, argv, log, env=None):
        self.argv, self.log_path = argv, log
        self.log_file = open(log, "ab")  # pylint: disable=consider-using-with
        self.log_start = self.log_file.tell()
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=self.log_file,
                                      env=env, preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        self.pid = self.child.pid
        atexit.register(self.kill)

    @property
    def alive(self):
        return self.child.poll() is None

    def log(self):
        """What this process has written."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_start)
            return file.read().decode("utf-8", "replace")

    def log_says(self, pattern, timeout=10):
        """Waits until this process has written something that matches."""
        until(lambda: re.search(pattern, self.log()) or not self.alive, timeout, lambda: f"{pattern} in the log: {self.log()}")

    def send(self, number):
        if self.alive:
            os.kill(self.pid, number)

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)

    def wait(self, timeout=10.0):
        return self.child.wait(timeout)

    def stop(self, timeout=10.0, number=signal.SIGTERM):
        """Ends it in the normal way. Returns (exit status, seconds that took)."""
        begin = time.monotonic()
        self.send(number)
        status = self.child.wait(timeout)
        self.close()
        return status, time.monotonic() - begin

    def kill(self):
        if self.alive:
            self.child.kill()
            self.child.wait()
        self.close()

    def close(self):
        self.log_file.close()
        atexit.unregister(self.kill)

    def fds(self):
        """What it has open."""
        found = []
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found.append(os.readlink(f"/proc/{self.pid}/fd/{number}"))
        return sorted(found)

    def cpu_seconds(self):
        """Processor time that it has used."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))


class Notification:
    """A notification of rasdial as it came: name, index of the entry, values by object name, raw varbinds."""

    def __init__(self, varbinds):
        self.varbinds = varbinds
        self.name = MIB.notification(varbinds[1].value)
        self.when = time.monotonic()
        self.values, self.index = {}, None
        for varbind in varbinds[2:]:
            obj, instance = MIB.find(varbind.oid)
            if obj:
                self.values[obj.name] = obj.decode(varbind.value)
                if obj.name in ("rasEntryName", "rasConnCallId"):
                    self.index = instance[0]

    def __getitem__(self, name):
        return self.values[name]

    def __repr__(self):
        return f"<{self.name} {self.index} {self.values}>"


class Sink:
    """Takes notifications from a socket, all the time, in a thread of its own."""

    def __init__(self, ip):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):  # the first where it is allowed
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, option, 16 << 20)
                break
            except OSError:
                continue
        self.socket.bind((ip, 0))
        self.address = self.socket.getsockname()
        self.lock = threading.Lock()
        self.all, self.closed = [], False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            data = self.socket.recv(65535)
            if self.closed:
                return
            _, pdu = decode_message(data)
            if len(pdu.varbinds) > 1 and pdu.varbinds[1].value[:len(MIB.root)] == MIB.root:
                with self.lock:
                    self.all.append(Notification(pdu.varbinds))

    def take(self, name=None, index=None, since=0):
        with self.lock:
            return [n for n in self.all[since:]
                    if name in (None, n.name) and index in (None, n.index)]

    def mark(self):
        with self.lock:
            return len(self.all)

    def close(self):
        """The thread ends first: else it might read from the next socket that gets the same number."""
        if self.closed:
            return
        self.closed = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.address)
        self.thread.join(10)
        self.socket.close()
