#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real links, dialed by snmpset inside the guest: pppd and chat here, pppd and modems on a far side.

User name, secret and number are other ones each time, so that they can be looked for everywhere."""

import os
import random
import re
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "agent"))

import far_side  # noqa: E402
from far_side import ModemPool, peer, server  # noqa: E402
from harness import *  # noqa: E402,F403
from watchers import Watcher, near, read  # noqa: E402

SBIN = "/mnt/sbin"  # what lies over /usr/sbin
USER = "user" + "".join(random.choices("abcdefghijkmnpqrstuvwxyz", k=8))
# All that pppd's option files give a meaning to; the other one is not ASCII, which the far side's PAP would not take.
SECRET = "".join(random.choices("abcdefghijkmnpqrstuvwxyz", k=8)) + " #\"'\\$`*;"
OTHER = "other" + "".join(random.choices("abcdefghijkmnpqrstuvwxyz", k=8))
OTHER_SECRET = "\u00fc\u20ac " + SECRET
NUMBERS = {what: "555" + "".join(random.choices("0123456789", k=7)) for what in (
    "up", "busy", "carrier", "tone", "dial tone", "answer", "voice", "error", "silent", "echo", "mute peer", "wrong")}


# ---- the far side ----

far_side.prepare()
far_side.write("/etc/ppp/options", "auth\nlock\ncrtscts\nmodem\nasyncmap 0\nhide-password\nnoipx\n"
               "lcp-echo-interval 30\nlcp-echo-failure 4\n", 0o644)
far_side.secrets({USER: SECRET, OTHER: OTHER_SECRET})

PLAIN = peer("plain", 1, "noauth\nms-dns 10.99.1.53\n+ipv6")
PAP = peer("pap", 2, "require-pap")
CHAP = peer("chap", 3, "require-chap")
MSCHAP2 = peer("mschap2", 4, "require-mschap-v2")
MPPE = peer("mppe", 5, "require-mschap-v2\nrequire-mppe-128")
NO_MPPE = peer("nomppe", 6, "require-mschap-v2\nnomppe")
NO_IP = peer("noip", 7, "noauth\nnoip\n+ipv6")
DIALED = server("dialed", 8, "require-chap")
DIALED_TOO = server("dialed2", 9, "require-mschap-v2")

numbers = {
    NUMBERS["up"]: {"say": "CONNECT 57600/V42BIS", "run": DIALED},
    NUMBERS["wrong"]: {"say": "CONNECT", "run": DIALED_TOO},
    NUMBERS["busy"]: {"say": "BUSY"},
    NUMBERS["carrier"]: {"say": "NO CARRIER"},
    NUMBERS["tone"]: {"say": "NO DIALTONE"},
    NUMBERS["dial tone"]: {"say": "NO DIAL TONE"},
    NUMBERS["answer"]: {"say": "NO ANSWER"},
    NUMBERS["voice"]: {"say": "VOICE"},
    NUMBERS["error"]: {"say": "ERROR"},
    NUMBERS["silent"]: {},
    NUMBERS["mute peer"]: {"say": "CONNECT 9600"},
    NUMBERS["echo"]: {"say": "CONNECT 9600", "echo": True},
}
modems = {name: ModemPool(f"/dev/{name}", numbers) for name in ("modem", "second")}


# ---- the phonebook ----

INDEX = {}


def entry(name, device_type, **keys):
    INDEX[name] = len(INDEX) + 1
    keys.setdefault("dial_timeout", 40)
    keys.setdefault("redial_max", 0)
    return {"name": name, "index": INDEX[name], "device_type": device_type, **keys}


def pty(name, command, user=USER, secret=SECRET, pppd=(), **keys):
    if user:
        keys.update(user_name=user, secret=secret)
    return entry(name, "pty", command=command, pppd_options=["lcp-restart 1", *pppd], **keys)


def modem(name, number, device="/dev/modem", secret=SECRET, pppd=(), **keys):
    return entry(name, "modem", device_name=device, destination=NUMBERS[number], user_name=USER, secret=secret,
                 pppd_options=["local", "lcp-restart 1", *pppd], speed=115200, **keys)


class LinkLab(Lab):
    def env(self, names=False):
        return super().env(names) | {"RASDIAL_PPPD_PLUGIN": "/mnt/build/rasdial-pppd.so"}

    def after_test(self):
        """Leftovers after each test; all sums take their time here, and are done at the end."""
        set_back()
        self.begin()
        self.quiet()
        self.check_leftovers()
        nothing_left()


lab = LinkLab([
    pty("plain", PLAIN, user=None, options=["use-peer-dns"]),
    pty("both", PLAIN, user=None, options=["ipv6"]),
    pty("only6", NO_IP, user=None, options=["ipv6"]),
    pty("pap", PAP),
    pty("chap", CHAP, user=OTHER, secret=OTHER_SECRET),
    pty("mschap2", MSCHAP2),
    pty("mppe", MPPE, options=["require-encryption"]),
    pty("no-mppe", NO_MPPE, options=["require-encryption"]),
    pty("bad-pap", PAP, secret="wrong"),
    pty("bad-chap", CHAP, secret="wrong"),
    pty("bad-mschap2", MSCHAP2, secret="wrong", redial_max=3),
    pty("unknown-user", CHAP, user=USER + "x"),
    pty("only-chap", PAP, auth_methods=["chap"]),
    pty("late", ["/bin/sh", "-c", 'sleep 2; exec "$@"', "late", *CHAP], pppd=["connect-delay 3000"]),
    pty("no-ip", NO_IP, user=None),
    pty("mute", ["/bin/sleep", "1000"], user=None, pppd=["lcp-max-configure 3"]),
    pty("mirror", ["/bin/cat"], user=None),
    pty("slow", ["/bin/sleep", "1000"], user=None, dial_timeout=3),
    pty("gone", ["/usr/bin/no-such-program"], user=None),
    pty("breaks", ["/bin/true"], user=None),
    pty("chatters", ["/bin/sh", "-c", "echo 'Serial line is looped back.' >&2"], user=None),
    pty("refused-option", PLAIN, user=None, pppd=["no-such-option"]),
    pty("echo", PLAIN, user=None, pppd=["lcp-echo-interval 1", "lcp-echo-failure 2"]),
    pty("idle", PLAIN, user=None, idle_timeout=2),
    pty("short", PLAIN, user=None, max_duration=2),
    pty("again", CHAP, redial_max=2, redial_pause=1, redial_on_drop=True),
    modem("dialed", "up"),
    modem("wrong", "wrong", secret="wrong"),
    modem("busy", "busy"),
    modem("no-carrier", "carrier"),
    modem("no-tone", "tone"),
    modem("no-dial-tone", "dial tone"),
    modem("no-answer", "answer"),
    modem("voice", "voice"),
    modem("error", "error"),
    modem("silent", "silent", dial_timeout=8),
    modem("waits", "silent", device="/dev/second"),
    modem("mute-peer", "mute peer", pppd=["lcp-max-configure 3"]),
    modem("looped", "echo"),
    modem("no-device", "up", device="/dev/ttyUSB77"),
    modem("no-line", "up", device="/dev/null"),
    modem("dead-modem", "up", device="/dev/dead"),
], agent={"hang_up_timeout": 10, "log": {"level": "debug"}})
watcher = Watcher({"secret": SECRET[:8], "user name": USER, "other user name": OTHER, **{f"number {k}": v for k, v in NUMBERS.items()}})


# ---- helpers ----

def act(name, action):
    """As an operator does it."""
    status, output = lab.tool("snmpset", f"RASDIAL-MIB::rasConnAction.{INDEX[name]}", "i", action, names=True)
    equal(status, 0, f"{action} {name}: {output}")


def dial(name):
    act(name, "dial")


def hang_up(name):
    act(name, "hangUp")
    return lab.wait(INDEX[name], "down", timeout=20)


def up(name, timeout=40):
    dial(name)
    row = lab.wait(INDEX[name], "up", "failed", "waitingRedial", timeout=timeout)
    equal(row["OperStatus"], "up", f"{name}: {row['LastErrorCode']} {row['LastErrorText']}\n{attempt_log(name)}")
    return row


def attempt_log(name):
    return read(f"{lab.run_dir}/{INDEX[name]}.log").decode(errors="replace")


def ended(name, *statuses, timeout=40):
    return lab.wait(INDEX[name], *(statuses or ("failed",)), timeout=timeout)


def agrees(name, row, code, cause, state=None):
    """Row, history and notification say the same of an attempt that failed."""
    told = f"{name}: {row['LastErrorCode']} {row['LastErrorText']}\n{attempt_log(name)}"
    equal((row["LastErrorCode"], row["LastCause"]), (code, cause), told)
    if state:
        equal(row["LastErrorState"], state, told)
    check(row["LastErrorText"], "there is a text")
    last = lab.history(INDEX[name])[-1]
    equal((last["ErrorCode"], last["Cause"], last["BackendCode"], last["ErrorText"]),
          (code, cause, row["LastBackendCode"], row["LastErrorText"]), "history")
    wanted = "rasDisconnected" if last["Connected"] == "true" else "rasDialFailed"
    notice = lab.notifications(wanted, INDEX[name])[-1]
    equal((notice["rasConnLastErrorCode"], notice["rasConnLastErrorText"]), (code, row["LastErrorText"]), wanted)


def fails(name, code, cause, state=None, timeout=40, text=None):
    dial(name)
    row = ended(name, timeout=timeout)
    agrees(name, row, code, cause, state)
    if text:
        check(text in row["LastErrorText"], row["LastErrorText"])
    return row


def lost(name, code, cause, timeout=30):
    row = ended(name, timeout=timeout)
    agrees(name, row, code, cause)
    return row


def ours():
    """Programs of a link on this side: {pid: name}."""
    names = {pid: read(f"/proc/{pid}/comm").decode().strip() for pid in near()}
    return {int(pid): name for pid, name in names.items() if name in ("pppd", "chat", "sleep", "cat", "sh", "ip")}


def nothing_left():
    """No process, interface, lock, pid file or file of a link."""
    until(lambda: not ours(), 5, lambda: f"programs end: {ours()}")
    links = [n for n in os.listdir("/sys/class/net") if n != "lo"]
    equal(links, [], "interfaces")
    files = [f"{d}/{n}" for d in ("/run", "/run/lock", lab.run_dir) for n in os.listdir(d)
             if re.match(r"LCK|ppp.*\.pid|ras.*\.pid|.*\.ppp$|.*\.link$|\.", n)]
    equal(files, [], "files")


def address(octets):
    return ".".join(str(o) for o in octets)


def take_away(name):
    os.rename(f"{SBIN}/{name}", f"{SBIN}/{name}.away")


def set_back():
    """Undoes what a test has taken away, however it ended."""
    far_side.send(signal.SIGCONT)
    for name in ("pppd", "chat"):
        if os.path.lexists(f"{SBIN}/{name}.away"):
            os.rename(f"{SBIN}/{name}.away", f"{SBIN}/{name}")
    if not os.path.exists("/dev/ppp"):
        os.mknod("/dev/ppp", 0o600 | 0o020000, os.makedev(108, 0))


# ---- a link that comes up ----

@test(60)
def pty_up():
    """pty: up with real addresses, a ping through it, counters that move, hang-up"""
    row = up("plain")
    equal((address(row["LocalAddr"]), address(row["PeerAddr"])), ("10.99.1.2", "10.99.1.1"))
    equal((row["LocalAddrType"], row["PeerAddrType"]), ("ipv4", "ipv4"))
    equal(row["IfName"], f"ras{INDEX['plain']}")
    equal(int(read(f"/sys/class/net/{row['IfName']}/ifindex")), row["IfIndex"])
    equal(read(f"/proc/{row['ProcessId']}/comm"), b"pppd\n", "rasConnProcessId")
    before = lab.get(f"rasStatsCallInOctets.{INDEX['plain']}")
    done = subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-s", "500", "-w", "10", "10.99.1.1"],
                          stdout=subprocess.PIPE, check=False)
    equal(done.returncode, 0, done.stdout.decode())
    until(lambda: lab.get(f"rasStatsCallInOctets.{INDEX['plain']}") >= before + 1500, 10, "octets are counted")
    addresses = {(r["Role"], address(r["Addr"])) for r in lab.table("rasAddrTable", "rasAddr").values()}
    check({("local", "10.99.1.2"), ("peer", "10.99.1.1"), ("dns", "10.99.1.53")} <= addresses, addresses)
    row = hang_up("plain")
    equal((row["LastCause"], row["LastErrorCode"], row["IfName"]), ("localRequest", 631, ""))
    check(lab.history(INDEX["plain"])[-1]["InOctets"] >= 1500, "octets in the history")


@test(60)
def states():
    """pty: the states of a dial in their order, and none after up"""
    act("chap", "dial")
    up_at = lab.wait(INDEX["chap"], "up", timeout=40)
    equal(up_at["State"], "connected")
    log = lab.agent.log()
    seen = re.findall(r"entry chap: call \d+: (\w+)(?: |$)", log, re.M)
    wanted = ["openPort", "portOpened", "connectDevice", "deviceConnected", "allDevicesConnected", "authenticate", "authNotify",
              "authenticated", "authProject", "projected", "connected"]
    equal([s for s in seen if s in wanted], wanted)
    hang_up("chap")


@test(60)
def both_protocols():
    """pty: IPv4 and IPv6 in the table of addresses; IPv6 alone where the peer has no IPv4"""
    equal(up("both")["LocalAddrType"], "ipv4")

    def found():
        # A walk takes some requests, so that a row may come up in the middle of it.
        rows = [r for r in lab.table("rasAddrTable", "rasAddr").values() if len(r) == 4]
        return {(r["Role"], r["Type"], len(r["Addr"])) for r in rows}
    until(lambda: {("local", "ipv4", 4), ("peer", "ipv4", 4), ("local", "ipv6z", 20), ("peer", "ipv6z", 20)} <= found(), 15,
          lambda: f"all addresses: {found()}")
    hang_up("both")
    equal(up("only6")["LocalAddrType"], "ipv6z")
    hang_up("only6")


@test(120)
def passwords():
    """PAP, CHAP and MS-CHAPv2 with a secret of odd characters; MPPE where it is demanded"""
    for name in ("pap", "chap", "mschap2", "mppe"):
        up(name)
        hang_up(name)


# ---- dials that fail ----

@test(120)
def wrong_passwords():
    """A wrong password is 691 for PAP, CHAP and MS-CHAPv2, and is not tried again"""
    for name in ("bad-pap", "bad-chap", "bad-mschap2", "unknown-user"):
        row = fails(name, 691, "authFailure")
        check(row["LastBackendCode"] > 0, "status of pppd")
        equal(row["Attempts"], 1)


@test(60)
def methods():
    """A peer that wants another method than the entry allows"""
    row = fails("only-chap", 734, "remoteHangup")
    check("authenticat" in row["LastErrorText"], row["LastErrorText"])


@test(60)
def encryption():
    """Encryption is demanded and the peer has none"""
    fails("no-mppe", 742, "protocolError")


@test(60)
def refused_ip():
    """A peer that refuses IPCP is noticed at once, not at the deadline"""
    begin = time.monotonic()
    fails("no-ip", 733, "protocolError")
    check(time.monotonic() - begin < 25, "in time")


@test(60)
def silent_peer():
    """Nothing heard from the peer; a line that echoes; the deadline"""
    fails("mute", 721, "peerDead", "allDevicesConnected")
    fails("mirror", 737, "loopback")
    fails("slow", 638, "dialTimeout")


@test(60)
def words_of_the_command():
    """What a command writes to its standard error is shown, and not taken for words of pppd"""
    fails("chatters", 619, "linkLost")
    check("Serial line is looped back." in attempt_log("chatters"), "it is shown")


@test(60)
def missing_things():
    """Missing command, pppd, kernel support, refused option: each told by name"""
    fails("gone", 609, "noKernelSupport", text="/usr/bin/no-such-program")
    fails("breaks", 619, "linkLost")
    fails("refused-option", 625, "configError", text="no-such-option")
    take_away("pppd")
    fails("plain", 609, "noKernelSupport", text="/usr/sbin/pppd")
    set_back()
    os.unlink("/dev/ppp")
    fails("plain", 609, "noKernelSupport", text="/dev/ppp")
    set_back()


@test(60)
def silent_agent():
    """An agent that does not answer when the peer asks for the secret: pppd does not wait for it, and tries no wrong one"""
    dial("late")
    until(lambda: "pppd" in ours().values(), 10, "pppd runs")
    lab.agent.freeze()
    try:
        until(lambda: "pppd" not in ours().values(), 30, "pppd ends")
    finally:
        lab.agent.thaw()
    agrees("late", ended("late"), 645, "internalError")


# ---- links that end ----

@test(60)
def frozen_peer():
    """A frozen peer is noticed by dead echoes: 721"""
    up("echo")
    far_side.send(signal.SIGSTOP)
    lost("echo", 721, "peerDead")


@test(60)
def peer_ends():
    """The peer ends the link: 629"""
    up("plain")
    far_side.send(signal.SIGTERM)
    lost("plain", 629, "remoteHangup")


@test(60)
def line_lost():
    """The far end dies while up: 829"""
    up("plain")
    far_side.send(signal.SIGKILL)
    lost("plain", 829, "linkLost")


@test(60)
def pppd_killed():
    """pppd itself is killed while up: 628, and what it left is removed"""
    row = up("plain")
    os.kill(row["ProcessId"], signal.SIGKILL)
    lost("plain", 628, "linkLost")


@test(60)
def limits():
    """Idle time and maximal duration"""
    for name, code, cause in (("idle", 828, "idleTimeout"), ("short", 932, "maxDuration")):
        up(name)
        row = ended(name, "down", timeout=30)
        agrees(name, row, code, cause)


@test(60)
def redial():
    """A lost link is dialed again"""
    first = up("again")
    far_side.send(signal.SIGKILL)
    row = until(lambda: (lambda r: r if r["OperStatus"] == "up" and r["CallId"] != first["CallId"] else None)(
        lab.conn(INDEX["again"])), 30, "it is up again")
    equal((row["Attempts"], row["Successes"], row["Drops"]), (2, 2, 1))
    hang_up("again")


# ---- modem ----

@test(60)
def modem_up():
    """modem: chat dials, the speed of the connection is shown, hang-up"""
    row = up("dialed")
    equal(row["Speed"], 57600)
    equal((address(row["LocalAddr"]), row["DeviceName"]), ("10.99.8.2", "/dev/modem"))
    hang_up("dialed")


@test(120)
def modem_answers():
    """modem: busy, no carrier, no dial tone, no answer, voice, error"""
    for name, code, cause in (("busy", 676, "lineBusy"), ("no-carrier", 679, "noCarrier"), ("no-tone", 680, "noDialTone"),
                              ("no-dial-tone", 680, "noDialTone"), ("no-answer", 678, "noAnswer"), ("voice", 677, "badAddress"),
                              ("error", 651, "hardwareFailure")):
        fails(name, code, cause, "connectDevice")


@test(90)
def modem_silent():
    """modem: nobody answers, the modem is dead, the peer is, the line echoes"""
    fails("silent", 678, "noAnswer", "connectDevice")
    modems["dead"] = ModemPool("/dev/dead", {})
    until(lambda: os.path.exists("/dev/dead"), 10, "there is a dead modem")
    os.kill(modems["dead"].child.pid, signal.SIGSTOP)
    fails("dead-modem", 660, "hardwareFailure", "connectDevice")
    os.kill(modems["dead"].child.pid, signal.SIGKILL)
    fails("mute-peer", 721, "peerDead")
    modems["modem"].lose_carrier()
    fails("looped", 737, "loopback")


@test(60)
def modem_wrong_password():
    """modem: a wrong password over the telephone: 691"""
    fails("wrong", 691, "authFailure")


@test(60)
def modem_carrier():
    """modem: the carrier is lost while up: 829"""
    up("dialed")
    modems["modem"].lose_carrier()
    lost("dialed", 829, "linkLost")


@test(60)
def modem_missing():
    """modem: no device, no line, locked, chat missing"""
    fails("no-device", 608, "portUnavailable", "openPort", text="/dev/ttyUSB77 does not exist")
    fails("no-line", 615, "portUnavailable")
    lock = "/var/lock/LCK.." + os.path.realpath("/dev/modem").removeprefix("/dev/").replace("/", "_")
    far_side.write(lock, f"{os.getpid():10d}\n", 0o644)
    fails("dialed", 633, "portUnavailable", "openPort")
    check(os.path.exists(lock), "somebody else's lock stays")
    os.unlink(lock)
    take_away("chat")
    fails("dialed", 609, "noKernelSupport", text="/usr/sbin/chat")
    set_back()


# ---- hang-up and restarts ----

@test(90)
def hang_up_anywhere():
    """Hang-up while chat dials, while LCP waits, while a frozen peer is up"""
    dial("silent")
    until(lambda: "chat" in ours().values(), 20, "chat runs")
    equal(hang_up("silent")["LastErrorCode"], 631)
    nothing_left()
    dial("mute")
    until(lambda: lab.get(f"rasConnState.{INDEX['mute']}") == "allDevicesConnected", 20, "LCP begins")
    equal(hang_up("mute")["LastErrorCode"], 631)
    nothing_left()
    up("plain")
    far_side.send(signal.SIGSTOP)
    begin = time.monotonic()
    equal(hang_up("plain")["LastErrorCode"], 631)
    check(time.monotonic() - begin < 11, "within the limit")


@test(120)
def adoption():
    """The agent is killed: a link that is up is found again, an attempt under way is ended with all its processes"""
    before = up("dialed")
    dial("mute")
    dial("waits")
    until(lambda: lab.get(f"rasConnState.{INDEX['mute']}") == "allDevicesConnected", 20, "LCP begins")
    until(lambda: "chat" in ours().values(), 20, "chat runs")
    lab.kill_agent()
    lab.start_agent()
    row = lab.conn(INDEX["dialed"])
    for name in ("OperStatus", "CallId", "StartTime", "ProcessId", "LocalAddr", "PeerAddr", "IfName", "Speed"):
        equal(row[name], before[name], name)
    for name in ("mute", "waits"):
        row = ended(name)
        equal((row["LastErrorCode"], row["LastCause"]), (834, "internalError"))
    until(lambda: list(ours()) == [before["ProcessId"]], 10, lambda: f"only what is up is left: {ours()}")
    lab.stop_agent()
    check(os.path.exists(f"/proc/{before['ProcessId']}"), "the link stays when the agent ends")
    lab.start_agent()
    equal(lab.conn(INDEX["dialed"])["CallId"], before["CallId"])
    hang_up("dialed")
    nothing_left()


@test(90)
def ended_meanwhile():
    """A link that ends while no agent is there is told with its cause"""
    up("dialed")
    up("plain")
    lab.kill_agent()
    modems["modem"].lose_carrier()
    far_side.send(signal.SIGTERM)
    until(lambda: not ours(), 20, lambda: f"pppd ends: {ours()}")
    lab.start_agent()
    lost("dialed", 829, "linkLost")
    lost("plain", 629, "remoteHangup")


@test(120)
def swapped_indices():
    """Two links that are up while their entries swap indices: both are found again, one is dialed anew, nothing is left behind"""
    names = ("plain", "dialed")
    entries = lab.entries
    before = {name: up(name) for name in names}
    lab.kill_agent()
    lab.write_config([{**e, "index": INDEX[names[1 - names.index(e["name"])]]} if e["name"] in names else e for e in entries])
    INDEX["plain"], INDEX["dialed"] = INDEX["dialed"], INDEX["plain"]
    try:
        lab.start_agent()
        for name in names:
            row = lab.conn(INDEX[name])
            for column in ("OperStatus", "CallId", "StartTime", "ProcessId", "PeerAddr", "IfName"):
                equal(row[column], before[name][column], f"{column} of {name}")
        hang_up("plain")
        equal(list(ours()), [before["dialed"]["ProcessId"]], "programs of the other link")
        lab.restart_agent()
        equal(lab.conn(INDEX["dialed"])["CallId"], before["dialed"]["CallId"], "adopted again")
        hang_up("dialed")
        nothing_left()
    finally:
        INDEX["plain"], INDEX["dialed"] = INDEX["dialed"], INDEX["plain"]
        lab.stop_agent()
        lab.write_config(entries)
        lab.start_agent()


# ---- after all ----

@test(60)
def books():
    """Counters, history and notifications agree"""
    Lab.after_test(lab)



@test(30)
def secrecy():
    """No secret, user name or number in any argument list, environment, log, notification, or file that others can read"""
    check(watcher.looked > 50 and watcher.lines > 50, f"it was looked {watcher.looked} times, at {watcher.lines} lines of log")
    watcher.look_at_files()
    watcher.look("rasdiald's log", read(f"{lab.dir}/rasdiald.log", 1 << 26))
    for name in INDEX:
        watcher.look(f"the log of the attempt of {name}", attempt_log(name).encode())
    for notice in lab.sink.take():
        for varbind in notice.varbinds:
            watcher.look(f"a notification {notice.name}", str(varbind.value).encode())
            if isinstance(varbind.value, bytes):
                watcher.look(f"a notification {notice.name}", varbind.value)
    for row in lab.history():
        watcher.look(f"the error text of {row['EntryName']}", row["ErrorText"].encode())
    equal(sorted(watcher.found), [])


until(lambda: os.path.exists("/dev/modem"), 20, "there is a modem")
run(lab)
