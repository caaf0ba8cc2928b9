# SPDX-License-Identifier: BSD-2-Clause
"""What a test program of real links imports; it runs inside the guest, see run. Entries are called by their names, requests are made by
snmpset, as an operator makes them.

    from links import *
    links = Links([pty("plain", peer("plain", 1, "noauth"))])

    @test(60)
    def comes_up():
        \"\"\"A link comes up\"\"\"
        links.up("plain")

    links.run()

User name, secret and numbers are other ones each time, so that they can be looked for everywhere; after all tests it is seen that none
has become known, and that counters, history and notifications agree.
"""
import glob
import os
import random
import re
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "agent"))

import far_side  # noqa: E402
from far_side import ModemPool, peer, server, write  # noqa: E402,F401
from harness import *  # noqa: E402,F403
from watchers import Watcher, near, read  # noqa: E402

SBIN = "/mnt/sbin"  # what lies over /usr/sbin
LETTERS = "abcdefghijkmnpqrstuvwxyz"
USER = "user" + "".join(random.choices(LETTERS, k=8))
# All that pppd's option files give a meaning to; the other one is not ASCII, which the far side's PAP would not take.
SECRET = "".join(random.choices(LETTERS, k=8)) + " #\"'\\$`*;"
OTHER = "other" + "".join(random.choices(LETTERS, k=8))
OTHER_SECRET = "\u00fc\u20ac " + SECRET

# Programs of a link on this side, by what /proc calls them.
PROGRAMS = ("pppd", "chat", "sleep", "cat", "sh", "ip", "xl2tpd", "pptp", "pptpgw", "pptpcm", "getent", "openvpn", "swanctl")

far_side.prepare()
write("/etc/ppp/options", "auth\nlock\ncrtscts\nmodem\nasyncmap 0\nhide-password\nnoipx\nlcp-echo-interval 30\nlcp-echo-failure 4\n", 0o644)
far_side.secrets({USER: SECRET, OTHER: OTHER_SECRET})


def numbers(*words):
    """A telephone number for each."""
    return {word: "555" + "".join(random.choices("0123456789", k=7)) for word in words}


# ---- entries ----

def entry(name, device_type, **keys):
    keys.setdefault("dial_timeout", 40)
    keys.setdefault("redial_max", 0)
    return {"name": name, "device_type": device_type, **keys}


def pty(name, command, user=USER, secret=SECRET, pppd=(), **keys):
    if user:
        keys.update(user_name=user, secret=secret)
    return entry(name, "pty", command=command, pppd_options=["lcp-restart 1", *pppd], **keys)


def modem(name, number, device="/dev/modem", secret=SECRET, pppd=(), **keys):
    keys.setdefault("device_type", "modem")
    return entry(name, device_name=device, destination=number, user_name=USER, secret=secret,
                 pppd_options=["local", "lcp-restart 1", *pppd], speed=115200, **keys)


def cellular(name, number, **keys):
    return modem(name, number, device_type="cellular", **keys)


def direct(name, device="/dev/wire", user=USER, secret=SECRET, pppd=(), **keys):
    if user:
        keys.update(user_name=user, secret=secret)
    return entry(name, "direct-serial", device_name=device, pppd_options=["lcp-restart 1", *pppd], **keys)


# ---- what is left ----

def ours():
    """Programs of a link on this side: {pid: name}."""
    names = {pid: read(f"/proc/{pid}/comm").decode().strip() for pid in near()}
    return {int(pid): name for pid, name in names.items() if name in PROGRAMS}


def take_away(name):
    os.rename(f"{SBIN}/{name}", f"{SBIN}/{name}.away")


def set_back():
    """Undoes what a test has taken away, however it ended."""
    far_side.send(signal.SIGCONT)
    for name in os.listdir(SBIN):
        if name.endswith(".away"):
            os.rename(f"{SBIN}/{name}", f"{SBIN}/{name.removesuffix('.away')}")
    if not os.path.exists("/dev/ppp"):
        os.mknod("/dev/ppp", 0o600 | 0o020000, os.makedev(108, 0))


def address(octets):
    return ".".join(str(o) for o in octets)


class LinkLab(Lab):
    links = None

    def env(self, names=False):
        return super().env(names) | {"RASDIAL_PPPD_PLUGIN": "/mnt/build/rasdial-pppd.so"}

    def after_test(self):
        """Leftovers after each test; all sums take their time here, and are done at the end."""
        set_back()
        self.begin()
        self.quiet()
        self.check_leftovers()
        self.links.nothing_left()


class Links:
    """A laboratory whose entries are links. words: {what it is: text} that must not become known, besides users and secrets.
    helpers: they get the user name in their environment, which root alone reads, and need not write to the system's log."""

    def __init__(self, entries, agent=None, words=(), helpers=False):
        self.index = {e["name"]: number for number, e in enumerate(entries, 1)}
        self.interfaces = set(os.listdir("/sys/class/net"))
        self.lab = LinkLab([{**e, "index": self.index[e["name"]]} for e in entries],
                           agent={"hang_up_timeout": 10, "log": {"level": "debug"}, **(agent or {})})
        self.lab.links = self
        self.helpers = helpers
        self.watcher = Watcher({"secret": SECRET[:8], "user name": USER, "other user name": OTHER, **dict(words)},
                               in_environment={"user name", "other user name"} if helpers else ())

    # ---- requests ----

    def act(self, name, action):
        """As an operator does it."""
        status, output = self.lab.tool("snmpset", f"RASDIAL-MIB::rasConnAction.{self.index[name]}", "i", action, names=True)
        equal(status, 0, f"{action} {name}: {output}")

    def line_rests(self, name):
        """Who dials too soon is hung up by the far end of the call before. A line that is taken is left alone."""
        mine, = (e for e in self.lab.entries if e["name"] == name)
        for device in {e.get("device_name") for e in (mine, *mine.get("subentries", ()))} & ModemPool.on.keys():
            line = ModemPool.on[device]
            until(lambda: line.rests() or os.path.exists(line.lock()), 20, f"{device} rests")  # pylint: disable=cell-var-from-loop

    def dial(self, name):
        self.line_rests(name)
        self.act(name, "dial")

    def hang_up(self, name):
        self.act(name, "hangUp")
        return self.lab.wait(self.index[name], "down", timeout=20)

    def up(self, name, timeout=40):
        self.dial(name)
        return self.comes_up(name, timeout)

    # ---- what comes of them ----

    def row(self, name):
        return self.lab.conn(self.index[name])

    def comes_up(self, name, timeout=40):
        row = self.lab.wait(self.index[name], "up", "failed", "waitingRedial", timeout=timeout)
        equal(row["OperStatus"], "up", f"{name}: {row['LastErrorCode']} {row['LastErrorText']}\n{self.attempt_log(name)}")
        return row

    def attempt_log(self, name):
        return read(f"{self.lab.run_dir}/{self.index[name]}.log").decode(errors="replace")

    def ended(self, name, *statuses, timeout=40):
        return self.lab.wait(self.index[name], *(statuses or ("failed",)), timeout=timeout)

    def agrees(self, name, row, code, cause, state=None):
        """Row, history and notification say the same of an attempt that failed."""
        index = self.index[name]
        told = f"{name}: {row['LastErrorCode']} {row['LastErrorText']}\n{self.attempt_log(name)}"
        equal((row["LastErrorCode"], row["LastCause"]), (code, cause), told)
        if state:
            equal(row["LastErrorState"], state, told)
        check(row["LastErrorText"], "there is a text")
        last = self.lab.history(index)[-1]
        equal((last["ErrorCode"], last["Cause"], last["BackendCode"], last["ErrorText"]),
              (code, cause, row["LastBackendCode"], row["LastErrorText"]), "history")
        wanted = "rasDisconnected" if last["Connected"] == "true" else "rasDialFailed"
        notice = self.lab.notifications(wanted, index)[-1]
        equal((notice["rasConnLastErrorCode"], notice["rasConnLastErrorText"]), (code, row["LastErrorText"]), wanted)

    def fails(self, name, code, cause, state=None, timeout=40, text=None):
        self.dial(name)
        row = self.ended(name, timeout=timeout)
        self.agrees(name, row, code, cause, state)
        if text:
            check(text in row["LastErrorText"], row["LastErrorText"])
        return row

    def lost(self, name, code, cause, timeout=30):
        row = self.ended(name, timeout=timeout)
        self.agrees(name, row, code, cause)
        return row

    def nothing_left(self):
        """No process, interface, lock, pid file or file of a link."""
        until(lambda: not ours(), 5, lambda: f"programs end: {ours()}")
        equal(set(os.listdir("/sys/class/net")) - self.interfaces, set(), "interfaces")
        files = [f"{d}/{n}" for d in ("/run", "/run/lock", self.lab.run_dir) for n in os.listdir(d)
                 if re.match(r"LCK|ppp.*\.pid|ras.*\.pid|\d+\.(?!log$)|\.", n)]
        files += glob.glob("/run/pptp/*")
        equal(files, [], "files")

    # ---- after all ----

    def books(self):
        """Counters, history and notifications agree"""
        Lab.after_test(self.lab)

    def secrecy(self):
        """No secret, user name or number in any argument list, environment, log, notification, or file that others can read"""
        watcher, lab = self.watcher, self.lab
        check(watcher.looked > 10 and (watcher.lines > 10 or self.helpers), f"it was looked {watcher.looked} times, at {watcher.lines} lines of log")
        watcher.look_at_files()
        watcher.look("the agent's log", read(lab.log_of("rasdiald"), 1 << 26))
        for name in self.index:
            watcher.look(f"the log of the attempt of {name}", self.attempt_log(name).encode())
        for notice in lab.sink.take():
            for varbind in notice.varbinds:
                watcher.look(f"a notification {notice.name}", str(varbind.value).encode())
                if isinstance(varbind.value, bytes):
                    watcher.look(f"a notification {notice.name}", varbind.value)
        for row in lab.history():
            watcher.look(f"the error text of {row['EntryName']}", row["ErrorText"].encode())
        equal(sorted(watcher.found), [])

    def run(self):
        test(60)(self.books)
        test(30)(self.secrecy)
        run(self.lab)
