# SPDX-License-Identifier: BSD-2-Clause
"""Instructions that the server executes for a variable, counted by valgrind: the same on a busy machine as on a quiet one."""
import os
import re
import shutil
import subprocess

from plans import ask


def is_there():
    return all(shutil.which(program) for program in ("valgrind", "vgdb"))


class Counter:
    """Counts for processes that were started by command, with a folder for what valgrind writes."""

    def __init__(self, folder):
        self.folder, self.pids, self.dumps = folder, (), 0
        self.command = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--vgdb-prefix={folder}/vgdb",
                        f"--callgrind-out-file={folder}/count.%p")

    def begin(self, pids):
        self.pids = pids
        self._tell("instrumentation on")

    def _tell(self, words):
        for pid in self.pids:
            subprocess.run(["vgdb", f"--vgdb-prefix={self.folder}/vgdb", f"--pid={pid}", *words.split()], check=True, timeout=60,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _read(self, pid):
        with open(os.path.join(self.folder, f"count.{pid}.{self.dumps}"), encoding="utf-8") as file:
            return int(re.search(r"(?m)^(?:totals|summary): (\d+)", file.read())[1])

    def of(self, work):
        """Instructions that go into some work."""
        self._tell("zero")
        work()
        self._tell("dump")
        self.dumps += 1
        return sum(map(self._read, self.pids))

    def for_each(self, manager, steps):
        """Instructions for each variable of these requests."""
        def ask_all(some):
            for one in some:
                ask(manager, one)

        ask_all(steps[:5])
        return self.of(lambda: ask_all(steps)) / sum(one.variables for one in steps)
