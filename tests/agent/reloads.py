# SPDX-License-Identifier: BSD-2-Clause
"""A laboratory whose file is read again: what the agent says of that in its log and to the service manager."""
import os
import re
import socket
import threading
import time

from lab import Lab
from tap import check, equal, until


class ReloadLab(Lab):
    """said: datagrams for the service manager, lines of each in a list."""

    def __init__(self, *arguments, **keys):
        super().__init__(*arguments, **keys)
        self.said = []
        self.service_manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.service_manager.bind(f"{self.dir}/notify")
        threading.Thread(target=self._listen, daemon=True).start()

    def env(self, names=False):
        return super().env(names) | {"NOTIFY_SOCKET": f"{self.dir}/notify"}

    def _listen(self):
        while True:
            try:
                self.said.append(self.service_manager.recv(4096).decode().splitlines())
            except OSError:
                return

    def close(self):
        if not self.closed:
            super().close()
            self.service_manager.shutdown(socket.SHUT_RDWR)
            self.service_manager.close()

    def write_config(self, entries=None, agent=None):
        """In one step: an agent that is about to read it never finds half of it."""
        path = self.config
        self.config = path + ".new"
        super().write_config(entries, agent)
        os.replace(self.config, path)
        self.config = path

    # ---- reload ----

    def reload(self, entries=None, agent=None, timeout=10):
        """Writes the file and has it read; waits until all of it holds, and checks what was said. Returns the seconds that took."""
        self.write_config(entries, agent)
        seen, begin = len(self.agent.log()), time.monotonic()
        self.announced(timeout)
        check("again: " in self.agent.log()[seen:], f"the reload is logged: {self.agent.log()[seen:]}")
        return time.monotonic() - begin

    def refused(self, text, timeout=10):
        """The same with a bad file. Returns (line, column, what is wrong) as the log has it."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        seen = len(self.agent.log())
        self.announced(timeout)
        log = self.agent.log()[seen:]
        check("again: " not in log, log)
        found = re.search(re.escape(self.config) + r":(\d+):(\d+): (.*)", log)
        check(found, f"file, line and column are logged: {log}")
        return int(found[1]), int(found[2]), found[3]

    def announced(self, timeout=10):
        """SIGHUP. The service manager is told of the begin, with its time, and then of the end."""
        before, begin = len(self.said), time.monotonic_ns() // 1000
        self.hup()
        until(lambda: ["READY=1"] in self.said[before:], timeout, lambda: f"READY=1: {self.said[before:]}; {self.agent.log()[-2000:]}")
        first, last = self.said[before:]
        equal((first[0], last), ("RELOADING=1", ["READY=1"]), "what the service manager is told")
        name, value = first[1].split("=")
        equal((name, len(first)), ("MONOTONIC_USEC", 2))
        check(begin <= int(value) <= time.monotonic_ns() // 1000, f"{begin} <= {first[1]} <= now")
