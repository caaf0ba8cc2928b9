#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async
# programs: pppd chat
"""Device types cellular and directSerial: pppd and chat here, modems and a pppd at the end of a cable on a far side."""
import os
import signal

from links import *

NUMBERS = {**numbers("refused", "silent"), "packet": "*99***1#"}

PACKET = server("packet", 21, "require-chap")
CABLE = server("cable", 22, "require-chap")
LEASED = server("leased", 23, "noauth")


def cme(text):
    return {"say": f"+CME ERROR: {text}"}


TABLE = {
    NUMBERS["packet"]: {"say": "CONNECT", "run": PACKET},
    NUMBERS["refused"]: cme("PDP authentication failure"),
    NUMBERS["silent"]: {},
    'AT+CPIN="1111"': cme("incorrect password"),
    'AT+CPIN="2222"': cme("operation not allowed"),
    'AT+CPIN="3333"': cme("12"),
    'AT+CGDCONT=1,"IP","no.sim"': cme("SIM not inserted"),
    'AT+CGDCONT=1,"IP","wants.pin"': cme("11"),
    'AT+CGDCONT=1,"IP","odd"': cme("something of the maker's own"),
    'AT+CGDCONT=1,"IP","plain"': {"say": "ERROR"},
}
modems = {"cell": ModemPool("/dev/cell", TABLE), "second": ModemPool("/dev/second", TABLE),
          "old": ModemPool("/dev/old", {**TABLE, "AT+CMEE=2": {"say": "ERROR"}}),
          "wire": ModemPool("/dev/wire", {"~": {"run": CABLE}}), "leased": ModemPool("/dev/leased", {"~": {"run": LEASED}}),
          "mute": ModemPool("/dev/mute", {"~": {"mute": True}})}


def mobile(name, word, apn=None, device="/dev/cell", **keys):
    if apn:
        keys["apn"] = apn
    return cellular(name, NUMBERS[word], device=device, **keys)


links = Links([
    mobile("mobile", "packet", "internet.example-1"),
    mobile("own-context", "packet"),
    mobile("both", "packet", "both", options=["ipv6"]),
    mobile("old-modem", "packet", "old", device="/dev/old", modem_init=["AT+CFUN=1"]),
    mobile("no-carrier", "packet", device="/dev/second"),
    mobile("no-sim", "packet", "no.sim"),
    mobile("wants-pin", "packet", "wants.pin"),
    mobile("wrong-pin", "packet", "internet", modem_init=['AT+CPIN="1111"'], redial_max=3),
    mobile("has-pin", "packet", "internet", modem_init=['AT+CPIN="2222"']),
    mobile("locked-sim", "packet", "internet", modem_init=['AT+CPIN="3333"']),
    mobile("odd", "packet", "odd"),
    mobile("plain-error", "packet", "plain"),
    mobile("refused", "refused", "internet"),
    modem("as-modem", NUMBERS["refused"], device="/dev/cell"),
    mobile("bad-apn", "packet", "inter'net"),
    mobile("dead-modem", "packet", "internet", device="/dev/dead"),
    mobile("waits", "silent", "internet", device="/dev/second"),
    direct("cable"),
    direct("wrong", secret="wrong"),
    direct("leased", device="/dev/leased", user=None, modem_init=["AT&L1"]),
    direct("bad-init", device="/dev/cell", user=None, modem_init=['AT+CGDCONT=1,"IP","plain"']),
    direct("silent", device="/dev/mute", user=None, pppd=["lcp-max-configure 3"]),
    direct("missing", device="/dev/ttyUSB77"),
    direct("no-line", device="/dev/null"),
    direct("no-speed", speed=12345),
], words={f"number {k}": v for k, v in NUMBERS.items() if k != "packet"} | {"PIN": '"1111"'})
lab, INDEX = links.lab, links.index
dial, hang_up, up, ended, fails, lost = links.dial, links.hang_up, links.up, links.ended, links.fails, links.lost


# ---- cellular ----

@test(90)
def context():
    """cellular: the access point is set, once, before the call; without apn the modem's own context is used; IPv6 asks for both"""
    row = up("mobile")
    equal((address(row["LocalAddr"]), row["DeviceName"]), ("10.99.21.2", "/dev/cell"))
    said = modems["cell"].said()
    equal([s for s in said if "CGDCONT" in s], ['AT+CGDCONT=1,"IP","internet.example-1"'])
    equal(said[-1], f"ATD{NUMBERS['packet']}")
    hang_up("mobile")
    up("own-context")
    equal(len([s for s in modems["cell"].said() if "CGDCONT" in s]), 1, "no other context")
    hang_up("own-context")
    up("both")
    check('AT+CGDCONT=1,"IPV4V6","both"' in modems["cell"].said(), modems["cell"].said())
    hang_up("both")


@test(60)
def old_modem():
    """cellular: a modem without errors in words is dialed all the same"""
    up("old-modem")
    check("AT+CFUN=1" in modems["old"].said() and "ATZ" not in modems["old"].said(), modems["old"].said())
    hang_up("old-modem")


@test(120)
def refusals():
    """cellular: SIM, PIN, network: each with its code and words, at once; after a wrong PIN no second one is tried"""
    for name, code, cause, text in (("no-sim", 692, "hardwareFailure", "no SIM"), ("wants-pin", 691, "authFailure", "wants its PIN"),
                                    ("wrong-pin", 691, "authFailure", "does not take its PIN"),
                                    ("locked-sim", 691, "authFailure", "PUK"), ("odd", 651, "hardwareFailure", "not known"),
                                    ("plain-error", 651, "hardwareFailure", "ERROR"), ("refused", 691, "authFailure", "refuses"),
                                    ("as-modem", 691, "authFailure", "refuses")):
        row = fails(name, code, cause, "connectDevice", text=text, timeout=30)
        equal(row["Attempts"], 1, name)
    check("maker's own" in links.attempt_log("odd"), "what the modem said is in the log of the attempt")
    fails("bad-apn", 625, "configError", "openPort", text="number 6")


@test(60)
def pin_twice():
    """cellular: a SIM that has its PIN already, and does not take it again, is dialed"""
    up("has-pin")
    hang_up("has-pin")


@test(60)
def no_network():
    """cellular: no carrier; a modem that is dead; the network goes while up"""
    far_side.write(modems["second"].table, "{}")
    fails("no-carrier", 679, "noCarrier", "connectDevice", text="packet context")
    modems["dead"] = ModemPool("/dev/dead", {})
    until(modems["dead"].rests, 10, "there is a dead modem")
    os.kill(modems["dead"].child.pid, signal.SIGSTOP)
    fails("dead-modem", 660, "hardwareFailure", "connectDevice")
    os.kill(modems["dead"].child.pid, signal.SIGKILL)
    up("mobile")
    modems["cell"].lose_carrier()
    lost("mobile", 829, "linkLost")


# ---- direct serial ----

@test(90)
def cable():
    """directSerial: up without a number and without chat; a wrong password; the cable is pulled; hang-up"""
    row = up("cable")
    equal((address(row["LocalAddr"]), row["DeviceName"], row["Speed"]), ("10.99.22.2", "/dev/wire", 115200))
    modems["wire"].lose_carrier()
    lost("cable", 829, "linkLost")
    fails("wrong", 691, "authFailure")
    up("cable")
    equal(hang_up("cable")["LastErrorCode"], 631)


@test(60)
def leased():
    """directSerial: a modem of a leased line is told modem-init and nothing else; one that refuses is told by name"""
    up("leased")
    equal([s for s in modems["leased"].said() if s != "AT"], ["AT&L1"])
    hang_up("leased")
    fails("bad-init", 651, "hardwareFailure", "connectDevice")


@test(60)
def no_cable():
    """directSerial: nobody at the other end, no device, no line, a speed that no line has, locked"""
    fails("silent", 721, "peerDead")
    fails("missing", 608, "portUnavailable", "openPort", text="/dev/ttyUSB77 does not exist")
    fails("no-line", 615, "portUnavailable")
    fails("no-speed", 625, "configError", "openPort")
    links.line_rests("cable")
    lock = modems["wire"].lock()
    far_side.write(lock, f"{os.getpid():10d}\n", 0o644)
    fails("cable", 633, "portUnavailable", "openPort")
    os.unlink(lock)


# ---- restarts ----

@test(120)
def adoption():
    """The agent is killed: both kinds of link are found again, an attempt under way is ended with all its processes"""
    far_side.write(modems["second"].table, far_side.json.dumps(TABLE))
    names = ("mobile", "cable")
    before = {name: up(name) for name in names}
    dial("waits")
    dial("silent")
    until(lambda: "chat" in ours().values() and lab.get(f"rasConnState.{INDEX['silent']}") == "allDevicesConnected", 20, "attempts")
    lab.kill_agent()
    lab.start_agent()
    for name in names:
        row = lab.conn(INDEX[name])
        for column in ("OperStatus", "CallId", "StartTime", "ProcessId", "LocalAddr", "IfName", "DeviceName", "Speed"):
            equal(row[column], before[name][column], f"{column} of {name}")
    for name in ("waits", "silent"):
        row = ended(name)
        equal((row["LastErrorCode"], row["LastCause"]), (834, "internalError"))
    until(lambda: set(ours()) == {row["ProcessId"] for row in before.values()}, 10, lambda: f"only what is up is left: {ours()}")
    hang_up("mobile")
    modems["wire"].lose_carrier()
    lost("cable", 829, "linkLost")


until(lambda: all(os.path.exists(f"/dev/{name}") for name in modems), 20, "there are modems")
links.run()
