# SPDX-License-Identifier: BSD-2-Clause
"""Every device type at once: far sides for each, and a phonebook whose entries are called TYPE-PLACE. PLACE is "up", a state in which the
far side holds the attempt, "paused" (the secret is refused, and the call waits for another one), "again" (fails at once, and is dialed
again a minute later), or "slow" (takes its time to hang up)."""
import os
import signal

import far_side
import tunnel_servers
from links import *
from tunnel_servers import BLOCKED, FAR, NEAR, NOBODY, REFUSED

TYPES = ("loopback", "pty", "modem", "cellular", "directSerial", "pppoe", "pptp", "l2tp", "exec")
STATES = ("openPort", "connectDevice", "allDevicesConnected", "authNotify")
AUTH = "require-mschap-v2"
# The far side asks a program whether the secret is right, and gets no answer.
HOLD = f"{AUTH}\nplugin winbind.so\nntlm_auth-helper '/bin/sleep 1000'"
# A caller that has gone is not noticed by those at the end of a line; the line is free again soon.
SHORT = "lcp-restart 1\nlcp-max-configure 3"
# Silence at the far side holds the attempt until it is ended, however long the others take.
PATIENT = ["lcp-restart 1", "lcp-max-configure 200"]
HELPERS, SLEEPER = "/tmp/helpers", "/tmp/sleeper"
NUMBERS = numbers("up", "connectDevice", "allDevicesConnected", "authNotify", "again")
# A helper holds the state that its destination names; its interface is its own.
HELPER = """#!/bin/sh
trap 'exit 0' TERM
sleep 1000 &
case $RAS_DESTINATION in
up)
	trap 'ip link del exec0; exit 0' TERM
	ip link add exec0 type veth peer exec1
	echo UP if=exec0 local=10.95.0.2 peer=10.95.0.1
	;;
slow) trap '' TERM; echo UP local=10.95.0.2 ;;
again) echo ERROR 676 busy; exit 1 ;;
paused) echo ERROR 691 refused; exit 1 ;;
openPort) ;;
*) echo "STATE $RAS_DESTINATION" ;;
esac
while :; do
	wait
	sleep 1000 &
done
"""


# ---- the far sides ----

def serial():
    """Modems, and cables with a pppd at the other end."""
    free = iter(range(10, 14))

    def far_end(options):
        number = next(free)
        return server(f"serial{number}", number, f"{options}\n{SHORT}")

    def dialed(device):
        ModemPool(device, {
            NUMBERS["up"]: {"say": "CONNECT", "run": far_end(AUTH)},
            NUMBERS["connectDevice"]: {},
            NUMBERS["allDevicesConnected"]: {"say": "CONNECT"},
            NUMBERS["authNotify"]: {"say": "CONNECT", "run": far_end(HOLD)},
            NUMBERS["again"]: {"say": "BUSY"}})
    cables = {"up": {"~": {"run": server("cable", 20, f"{AUTH}\n{SHORT}")}}, "connectDevice": {"AT&L1": {}}, "allDevicesConnected": {"~": {"mute": True}},
              "authNotify": {"~": {"run": server("held-cable", 21, f"{HOLD}\n{SHORT}")}}}
    dialed("/dev/modem")
    dialed("/dev/cell")
    for place, table in cables.items():
        ModemPool(f"/dev/{place}", table)


def concentrator(name, number, options, *arguments):
    """A cable, and pppoe-server at its far end."""
    if not os.path.exists(f"/sys/class/net/{name}"):
        tunnel_servers.command("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p", "netns", far_side.NETWORK)
        tunnel_servers.command("ip", "-n", far_side.NETWORK, "link", "set", f"{name}p", "up")
        tunnel_servers.command("ip", "link", "set", name, "up")
    path = f"{far_side.FOLDER}/pppoe-{name}"
    write(path, f"{options}\nname far\nlocal\nnodefaultroute\nnoproxyarp\nlcp-restart 1\n")
    return tunnel_servers.Server("pppoe-server", "-F", "-I", f"{name}p", "-C", "concentrator", "-L", f"10.67.{number}.1",
                                 "-R", f"10.67.{number}.100", "-O", path, *arguments)


def prepare():
    write(SLEEPER, "#!/bin/sh\nexec sleep 1000\n", 0o755)
    os.mkdir(HELPERS, 0o755)
    write(f"{HELPERS}/helper", HELPER, 0o755)
    tunnel_servers.connect()
    tunnel_servers.stand_in()
    tunnel_servers.lns()
    tunnel_servers.lns(BLOCKED, before=("/bin/sh", "-c", f'mount --bind {SLEEPER} /usr/sbin/pppd; exec "$@"', "lns"))
    tunnel_servers.lns(REFUSED, options=HOLD)
    tunnel_servers.pptp()
    tunnel_servers.pptp(NOBODY, HOLD)
    concentrator("eth1", 1, AUTH)
    tunnel_servers.command("ip", "link", "add", "eth2", "type", "veth", "peer", "name", "eth2p", "netns", far_side.NETWORK)
    tunnel_servers.command("ip", "-n", far_side.NETWORK, "link", "set", "eth2p", "up")
    tunnel_servers.command("ip", "link", "set", "eth2", "up")
    concentrator("eth3", 3, AUTH, "-q", SLEEPER)
    concentrator("eth4", 4, HOLD)
    serial()
    until(lambda: all(tunnel_servers.listening(where) for where in (
        (FAR, 1701), (BLOCKED, 1701), (REFUSED, 1701), (FAR, 1723), (NOBODY, 1723), (BLOCKED, 1723))), 30, "servers listen")


def clear_far_side():
    """Its programs that still wait for the answer that never comes. (Modems and servers stay.)"""
    tunnel_servers.kill_far(signal.SIGKILL, "pppd", "sleep")


# ---- the phonebook ----

# What each type has as its device, or its destination, or both.
PLACES = {
    "pty": {"up": peer("pty", 1, AUTH), "allDevicesConnected": ["/bin/sleep", "1000"], "authNotify": peer("held-pty", 2, HOLD),
            "again": ["/bin/true"]},
    "directSerial": {"up": "/dev/up", "connectDevice": "/dev/connectDevice", "allDevicesConnected": "/dev/allDevicesConnected",
                     "authNotify": "/dev/authNotify", "again": "/dev/missing"},
    "pppoe": {"up": "eth1", "connectDevice": "eth2", "allDevicesConnected": "eth3", "authNotify": "eth4", "again": "eth77"},
    "pptp": {"up": FAR, "openPort": "no-such-host.invalid", "allDevicesConnected": BLOCKED, "authNotify": NOBODY,
             "again": NEAR},
    "l2tp": {"up": FAR, "openPort": "no-such-host.invalid", "connectDevice": NOBODY, "allDevicesConnected": BLOCKED, "authNotify": REFUSED,
             "again": "203.0.113.1"},
    "modem": NUMBERS, "cellular": NUMBERS,
    "exec": {place: place for place in (*STATES, "up", "again", "paused", "slow")},
    "loopback": {"up": "setup=30ms", "again": "fail=676", "paused": "expects=open sesame", "slow": None,
                 **{state: "setup=20s" for state in STATES}},
}
MAKE = {
    "pty": lambda name, where, keys: pty(name, where, pppd=PATIENT, **keys),
    "modem": lambda name, where, keys: modem(name, where, pppd=PATIENT, **keys),
    "cellular": lambda name, where, keys: cellular(name, where, device="/dev/cell", apn="internet", pppd=PATIENT, **keys),
    "directSerial": lambda name, where, keys: direct(
        name, device=where, pppd=PATIENT, **({"modem_init": ["AT&L1"]} if "connectDevice" in name else {}), **keys),
    "pppoe": lambda name, where, keys: entry(name, "pppoe", device_name=where, user_name=USER, pppd_options=PATIENT, **keys),
    "pptp": lambda name, where, keys: entry(name, "pptp", destination=where, user_name=USER, pppd_options=PATIENT, **keys),
    "l2tp": lambda name, where, keys: entry(name, "l2tp", destination=where, user_name=USER, pppd_options=PATIENT, **keys),
    "exec": lambda name, where, keys: entry(name, "exec", device_name="helper", destination=where, user_name=USER, **keys),
    "loopback": lambda name, where, keys: entry(name, "loopback", destination=where, **keys),
}
OWN = {"paused": {"secret": "wrong", "options": ["paused-states"]}, "again": {"redial_max": 3, "redial_pause": 60}}


def places(device_type):
    where = PLACES[device_type]
    more = {"paused": where["up"], "slow": where["up"], **where}
    return {place: where for place, where in more.items() if where}


def phonebook():
    return [MAKE[t](f"{t}-{place}", where, {"secret": SECRET, "dial_timeout": 120, **OWN.get(place, {})})
            for t in TYPES for place, where in places(t).items()]


def names_at(place):
    """Entries of all types that have this place."""
    return [f"{t}-{place}" for t in TYPES if place in places(t)]


class EveryType(Links):
    """All of it. Requests are for many entries at once."""

    def __init__(self, agent=None, more=(), books=("traps", "history", "rows")):
        prepare()
        super().__init__([*phonebook(), *more], words={f"number {k}": v for k, v in NUMBERS.items()},
                         agent={"helper_dir": HELPERS, **(agent or {})}, helpers=True)
        self.lab.books = set(books)

    def indices(self, names):
        return [self.index[name] for name in names]

    def dial_all(self, names):
        for name in names:
            self.line_rests(name)
        self.lab.dial(*self.indices(names))

    def hang_up_all(self, names):
        self.lab.hang_up(*self.indices(names))

    def all_become(self, names, *statuses):
        self.lab.wait_all(self.indices(names), *statuses, timeout=60)

    def all_up(self, names):
        """Dials them all. Returns their rows once they are up."""
        self.dial_all(names)
        self.all_become(names, "up", "failed")
        return {name: self.comes_up(name) for name in names}

    def states(self, names):
        """Empty if the agent was too busy to answer the master in time."""
        try:
            column = self.lab.column("rasConnState")
        except AssertionError:
            return {}
        return {name: column[self.index[name]] for name in names}

    def crash(self):
        self.lab.kill_agent()
        self.lab.start_agent()

    def accounted(self, names, code=834, cause="internalError", connected="false", status="failed"):
        """Each ended with this, with exactly one row in the history, and left nothing."""
        self.all_become(names, status)
        history = self.lab.history()
        for name in names:
            row = self.row(name)
            equal((row["LastErrorCode"], row["LastCause"], row["Attempts"]), (code, cause, row["Successes"] + row["Failures"]), name)
            (call,) = [h for h in history if h["CallId"] == row["CallId"]]
            equal((call["ErrorCode"], call["Cause"], call["Connected"], call["EntryName"]), (code, cause, connected, name))
        self.nothing_left()

    def all_down(self, names):
        """Hangs them up, which were up."""
        self.hang_up_all(names)
        self.accounted(names, 631, "localRequest", "true", "down")
