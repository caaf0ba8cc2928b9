# SPDX-License-Identifier: BSD-2-Clause
"""What a test must not leave behind: on the machine, and as processes."""

import glob
import os
import socket

# Only names that rasdial and what it starts can make: the machine may be busy with other things.
_FILES = (
    "/dev/shm/*ras*",
    "/dev/shm/vm_file-*",
    "/run/rasdial*",
    "/run/ppp*.pid",
    "/run/lock/LCK*",
    "/var/lock/LCK*",
    "/var/lib/rasdial*",
)
_INTERFACES = ("ppp", "ras", "tun", "tap")


def machine():
    """What there is now of interfaces and files, as a set of words."""
    found = {f"file {path}" for pattern in _FILES for path in glob.glob(pattern)}
    found |= {f"interface {name}" for _, name in socket.if_nameindex() if name.startswith(_INTERFACES)}
    return found


def _status(pid):
    """(parent, state) of a process, or None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), fields[0]


def descendants(root):
    """Living processes below root: {pid: command line}."""
    processes = {int(pid): status for pid in os.listdir("/proc") if pid.isdigit() and (status := _status(pid))}
    below, found = {root}, True
    while found:
        found = {pid for pid, (parent, _) in processes.items() if parent in below} - below
        below |= found
    return {pid: _command(pid) for pid in below - {root} if processes[pid][1] not in "ZX"}


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().replace("\0", " ").strip()
    except OSError:
        return "?"
