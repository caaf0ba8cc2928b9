#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async ppp_deflate ppp_mppe ipv6
# programs: pppd chat
"""Device types pty and modem: pppd and chat here, pppd and modems on a far side."""
import os
import re
import signal
import subprocess
import time

from links import *

NUMBERS = numbers("up", "busy", "carrier", "tone", "dial tone", "answer", "voice", "error", "silent", "echo", "mute peer", "wrong")

PLAIN = peer("plain", 1, "noauth\nms-dns 10.99.1.53\n+ipv6")
PAP = peer("pap", 2, "require-pap")
CHAP = peer("chap", 3, "require-chap")
MSCHAP2 = peer("mschap2", 4, "require-mschap-v2")
MPPE = peer("mppe", 5, "require-mschap-v2\nrequire-mppe-128")
NO_MPPE = peer("nomppe", 6, "require-mschap-v2\nnomppe")
NO_IP = peer("noip", 7, "noauth\nnoip\n+ipv6")
DIALED = server("dialed", 8, "require-chap")
DIALED_TOO = server("dialed2", 9, "require-mschap-v2")

TABLE = {
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
modems = {name: ModemPool(f"/dev/{name}", TABLE) for name in ("modem", "second")}


# ---- the phonebook ----

links = Links([
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
    modem("dialed", NUMBERS["up"]),
    modem("wrong", NUMBERS["wrong"], secret="wrong"),
    modem("busy", NUMBERS["busy"]),
    modem("no-carrier", NUMBERS["carrier"]),
    modem("no-tone", NUMBERS["tone"]),
    modem("no-dial-tone", NUMBERS["dial tone"]),
    modem("no-answer", NUMBERS["answer"]),
    modem("voice", NUMBERS["voice"]),
    modem("error", NUMBERS["error"]),
    modem("silent", NUMBERS["silent"], dial_timeout=8),
    modem("waits", NUMBERS["silent"], device="/dev/second"),
    modem("mute-peer", NUMBERS["mute peer"], pppd=["lcp-max-configure 3"]),
    modem("looped", NUMBERS["echo"]),
    modem("no-device", NUMBERS["up"], device="/dev/ttyUSB77"),
    modem("no-line", NUMBERS["up"], device="/dev/null"),
    modem("dead-modem", NUMBERS["up"], device="/dev/dead"),
], words={f"number {k}": v for k, v in NUMBERS.items()})
lab, INDEX = links.lab, links.index
act, dial, hang_up, up, ended = links.act, links.dial, links.hang_up, links.up, links.ended
agrees, fails, lost, attempt_log, nothing_left = links.agrees, links.fails, links.lost, links.attempt_log, links.nothing_left


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
    until(modems["dead"].rests, 10, "there is a dead modem")
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
    links.line_rests("dialed")
    lock = modems["modem"].lock()
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
    # Else the far end of this line may say goodbye before the carrier is gone.
    until(lambda: list(ours().values()).count("pppd") == 1, 20, lambda: f"one pppd ends: {ours()}")
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


# ---- without SNMP ----

@test(90)
def from_the_shell():
    """rasdial: dials over a modem, shows the states and the addresses, stays until it is told to hang up; another one ends with its error"""
    def start(name):
        return Process([os.path.join(os.path.dirname(RASDIALD), "rasdial"), "-c", lab.config, "-r", lab.run_dir, name],
                       f"{lab.dir}/rasdial.log", lab.env())

    command = start("dialed")
    command.log_says(f"up on ras{INDEX['dialed']}", 40)
    check(command.alive, command.log())
    seen = [at.split()[0] for at in command.log().splitlines()]
    wanted = ["openPort", "connectDevice", "authenticated", "connected"]
    equal([s for s in seen if s in wanted], wanted, command.log())
    check("10.99.8." in command.log(), f"addresses: {command.log()}")
    command.send(signal.SIGINT)
    equal(command.wait(20), 0, command.log())
    command.close()
    lab.wait(INDEX["dialed"], "down")
    command = start("bad-chap")
    equal(command.wait(40), 1, command.log())
    check("Remote access error 691 - " in command.log(), command.log())
    command.close()


until(lambda: os.path.exists("/dev/modem"), 20, "there is a modem")
links.run()
