# SPDX-License-Identifier: BSD-2-Clause
"""What looks for secrets, user names and numbers where they must not be."""

import os
import socket
import struct
import threading
import time

SYSLOG = "/dev/log"
FOLDERS = ("/run", "/tmp", "/var/lib", "/var/log", "/var/tmp", "/dev/shm")


def network(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return None


def near():
    """Processes of our network: not those of the far side, whose words are its own affair."""
    ours = network("self")
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid() and network(pid) == ours]


def read(path, size=1 << 20):
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError:
        return b""


class Watcher:
    """words: {what it is: text}. found: what was seen of them, where. in_environment: those that may be in an environment."""

    def __init__(self, words, in_environment=()):
        self.in_environment = set(in_environment)
        self.words = {what: text.encode() for what, text in words.items()}
        self.found, self.looked, self.lines = set(), 0, 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if os.path.lexists(SYSLOG):
            os.unlink(SYSLOG)
        self.socket.bind(SYSLOG)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        for run in (self._processes, self._syslog):
            threading.Thread(target=run, daemon=True).start()

    def look(self, where, text, only=None, but=()):
        for what, word in self.words.items():
            if only in (None, what) and what not in but and word in text:
                self.found.add(f"{what} in {where}")

    def _processes(self):
        while True:
            for pid in near():
                name = read(f"/proc/{pid}/comm").decode().strip()
                self.look(f"the arguments of {name}", read(f"/proc/{pid}/cmdline"))
                self.look(f"the environment of {name}", read(f"/proc/{pid}/environ"), but=self.in_environment)
            self.looked += 1
            time.sleep(0.15)

    def _syslog(self):
        """A host's log. Lines of the far side's pppd are not ours."""
        while True:
            text, extra, _, _ = self.socket.recvmsg(8192, 256)
            pid = struct.unpack("3i", extra[0][2][:12])[0] if extra else 0
            if network(pid) not in (None, network("self")):
                continue
            self.lines += 1
            # One that has ended already may be either's; the far side never has the secret in its log.
            self.look(f"the system's log: {text.decode(errors='replace')}", text,
                      None if network(pid) else "secret")

    def look_at_files(self):
        """Files that others can read, in all folders that can be written."""
        for top in FOLDERS:
            for folder, folders, names in os.walk(top):
                folders[:] = [d for d in folders if os.stat(os.path.join(folder, d)).st_mode & 0o005 == 0o005
                              and not os.path.islink(os.path.join(folder, d))]
                for name in names:
                    path = os.path.join(folder, name)
                    if os.path.isfile(path) and os.stat(path).st_mode & 0o004:
                        self.look(path, read(path))
