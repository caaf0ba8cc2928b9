# SPDX-License-Identifier: BSD-2-Clause
"""The far side of the links: options of its pppd, its secrets, its modem pool. It lives in a network of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys

from watchers import network, read

NETWORK = "far"
FOLDER = "/tmp/far"
VERDICT = "/mnt/build/tests/link/verdict.so"
ENTER = f"{FOLDER}/enter"  # gives what it runs a /run of its own, too
IN_FAR = ["/usr/sbin/ip", "netns", "exec", NETWORK, "/bin/sh", ENTER]
HERE = os.path.dirname(os.path.abspath(__file__))


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def prepare():
    os.mkdir(FOLDER, 0o700)
    os.makedirs(f"{FOLDER}/run/lock")
    write(ENTER, f'mount --bind {FOLDER}/run /run\nexec "$@"\n')


def server(name, number, options):
    """Command, for use on the far side, of a pppd with the addresses 10.99.NUMBER.1 and, for the caller, .2."""
    write(f"{FOLDER}/{name}", f"nodetach notty local nodefaultroute noproxyarp\nname far\n"
          f"10.99.{number}.1:10.99.{number}.2\n{options}\n")
    return ["/usr/sbin/pppd", "file", f"{FOLDER}/{name}"]


def peer(*arguments):
    """The same for use from here."""
    return [*IN_FAR, *server(*arguments)]


def judging(options, secret, verdict=None):
    """Options of a pppd that has its own answer for who has this secret, or none at all; see verdict.c."""
    said = f"\nverdict {quoted(verdict)}" if verdict else ""
    return f"{options}\nplugin {VERDICT}\nverdict-secret {quoted(secret)}{said}"


def secrets(users, more=""):
    """What the far side knows of its callers: {user: secret}, and lines of its own making."""
    text = more + "".join(f"{quoted(user)} far {quoted(secret)} *\n" for user, secret in users.items())
    write("/etc/ppp/pap-secrets", text)
    write("/etc/ppp/chap-secrets", text)


class ModemPool:
    """A modem on a device; see modem_emulator.py."""
    on = {}  # by device

    def __init__(self, device, numbers):
        self.on[device] = self
        self.device = device
        self.table = table = f"{FOLDER}/numbers-{os.path.basename(device)}"
        write(table, json.dumps(numbers))
        self.child = subprocess.Popen([*IN_FAR, sys.executable, f"{HERE}/modem_emulator.py", device, table],
                                      stdin=subprocess.DEVNULL)

    def said(self):
        """The commands that it was told, in their order."""
        return read(f"{self.table}.said").decode("latin-1").splitlines()

    def rests(self):
        """Whether nobody has the line, and no far end of an earlier call is about to hang it up."""
        return os.path.exists(f"{self.table}.rests")

    def lock(self):
        """pppd's, while somebody has the line."""
        return "/var/lock/LCK.." + os.path.realpath(self.device).removeprefix("/dev/").replace("/", "_")

    def lose_carrier(self):
        os.kill(self.child.pid, signal.SIGUSR1)


def processes():
    """pid of each pppd of the far side, without the child that each has."""
    ours = network("self")
    found = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and network(pid) not in (None, ours)
             and read(f"/proc/{pid}/comm") == b"pppd\n"]
    return [pid for pid in found if int((read(f"/proc/{pid}/stat").split() or [0] * 4)[3]) not in found]


def send(number):
    for pid in processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
