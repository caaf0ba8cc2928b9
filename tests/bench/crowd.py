# SPDX-License-Identifier: BSD-2-Clause
"""Laboratories with many simulated lines."""
import itertools
import os
import resource
import shutil
import tempfile
import time

from config_text import line
from lab import Lab
from lab_dlmod import DlmodLab
from machine import cpu_ns
from mib import MIB
from tap import check, until

HOSTS = {"rasdial.so": DlmodLab, "rasdiald": Lab}
ACTION = {name: MIB.objects["rasConnAction"].encode(name) for name in ("dial", "hangUp")}
SLOW = "setup=3600s", {"dial_timeout": 3600}  # is being dialed as long as anybody looks
MEMORY = "/dev/shm"
QUIET_NS, QUIET_S = 200_000, 0.02  # so much less processor time than this, for so long: it rests
PATIENCE = 120
FDS_REST = 200  # descriptors of an agent without connections, at most


def memory_dir(bench):
    """A folder in memory; beside the others where there is none in memory, or where it was said where all shall be."""
    if not os.access(MEMORY, os.W_OK) or "RASDIAL_TMP" in os.environ:
        return bench.dir()
    folder = tempfile.mkdtemp(prefix="rasdial-bench-", dir=MEMORY)
    bench.stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def lab_of(bench, kind, lines, **agent):
    """A laboratory whose rows are simulated lines: destinations, or (destination, keys); unless told otherwise they
    notify nobody. As on a host that is in use the run directory is in memory, and the state directory on a disk."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    check(limit >= len(lines) + FDS_REST, f"{len(lines)} connections need {len(lines) + FDS_REST} descriptors (ulimit -Hn), and {limit} are allowed")
    rows = [(at, {}) if isinstance(at, str) else at for at in lines]
    lab = kind([line(f"line-{i}", i, at, **{"notify_types": [], **keys}) for i, (at, keys) in enumerate(rows, 1)],
               {"max_entries": len(rows), "history": {"max_entries": 1000}, **agent}, books=())
    bench.stack.callback(lab.close)
    lab.run_dir = memory_dir(bench)
    return lab


def rounds(bench, most):
    """Where thousands of lines are dialed in each."""
    return itertools.islice(bench.rounds(), most)


def begin(lab):
    lab.begin()
    until(lambda: lab.get("rasEntries.0") == len(lab.entries), PATIENCE, "all rows are there")


def server_ns(lab):
    """Processor time of snmpd and the agent."""
    return cpu_ns(*{lab.snmpd.pid, lab.agent.pid})


def rest(clock):
    """Waits until a clock of processor time stands still. Returns it."""
    last = clock()
    while True:
        time.sleep(QUIET_S)
        now = clock()
        if now - last < QUIET_NS:
            return now
        last = now
