#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async ppp_mppe veth
# programs: pppd chat
# objects: tests/link/verdict.so
"""Why a dial ends: what the other side, the line or this host can do to it, each by a real peer, and what an operator is told. Beside
what the tests of each device type show."""
import os
import subprocess

from links import *

JUDGED = "judged" + SECRET
RESTRICTED = USER + "r"
networks = iter(range(1, 200))
far_side.secrets({USER: SECRET}, f"{RESTRICTED} far {far_side.quoted(SECRET)} 10.1.1.0/24\n")


def far(name, options):
    return peer(name, next(networks), options)


def judging(name, require, verdict=None):
    return far(name, far_side.judging(require, JUDGED, verdict))


def refused(name, require, verdict, **keys):
    return pty(name, judging(name, require, verdict), secret=JUDGED, **keys)


def mschap(name, number, more="R=0 C=00112233445566778899aabbccddeeff V=3"):
    return refused(name, "require-mschap-v2", f"E={number} {more}")


# ---- the cases: entry, error, cause, text ----

CREDENTIALS = (
    (pty("bad-mschap", far("mschap", "require-mschap"), secret="wrong"), 691, "authFailure", None),
    (pty("bad-eap", far("eap", "require-eap"), secret="wrong"), 691, "authFailure", None),
    (pty("no-secret", far("chap", "require-chap"), user=None), 734, "remoteHangup", "has no secret"),
    (mschap("hours", 646), 646, "notPermitted", None),
    (mschap("disabled", 647), 647, "notPermitted", None),
    (mschap("expired", 648), 648, "credentialExpired", None),
    (mschap("no-right", 649), 649, "notPermitted", None),
    (mschap("denied", 691), 691, "authFailure", None),
    (mschap("not-changed", 709), 709, "credentialExpired", None),
    (mschap("with-words", 649, "R=0 C=00 V=3 M=Not from here"), 649, "notPermitted", "Not from here"),
    (refused("chap-limit", "require-chap", "You are already logged in"), 691, "authFailure", "You are already logged in"),
    (refused("pap-limit", "require-pap", "Simultaneous use"), 691, "authFailure", "Simultaneous use"),
    (refused("impostor", "require-mschap-v2", "S=0011223344556677889900112233445566778899"), 778, "peerAuthFailure", None),
    (pty("proves-nothing", far("unasked", "noauth"), pppd=["auth", "require-chap"]), 778, "peerAuthFailure", None),
    (refused("pap-mute", "require-pap", None, pppd=["pap-restart 1", "pap-max-authreq 2"]), 718, "protocolError", None),
    (refused("chap-mute", "require-chap", None, dial_timeout=5), 638, "dialTimeout", None),
)

NEGOTIATION = (
    # The far side hears nothing.
    (pty("one-way", ["/bin/sh", "-c", 'sleep 1000 | "$@"', "one-way", *far("deaf", "noauth")], user=None, pppd=["lcp-max-configure 3"]),
     718, "protocolError", None),
    (pty("not-mine", far("insists", "noauth"), user=None, local_address="10.98.0.1"), 735, "addressFailure", None),
    (pty("no-address", far("poor", "noauth\nipcp-no-address\nipcp-no-addresses"), user=None), 738, "addressFailure", None),
    # The far side lets this user have addresses of one network, and gives one of another.
    (pty("restricted", far("restricts", "require-chap"), user=RESTRICTED), 736, "remoteHangup", "Unauthorized remote IP address"),
    (pty("no-network", far("network", "noauth"), user=None, pppd=["noip"]), 720, "protocolError", None),
)

ENCRYPTION = (
    (pty("no-keys", far("keyless", "require-chap"), options=["require-encryption"]), 742, "protocolError", None),
    (pty("demanded", far("demands", "require-mschap-v2\nrequire-mppe-128"), pppd=["nomppe"]), 743, "protocolError", None),
)
WITHOUT_MPPE = (
    (pty("no-kernel", far("mppe", "require-mschap-v2\nrequire-mppe-128"), options=["require-encryption"]), 741, "protocolError", None),
)

NUMBERS = numbers("delayed", "silent")
modems = ModemPool("/dev/modem", {NUMBERS["delayed"]: {"say": "DELAYED"}, NUMBERS["silent"]: {}, "AT+QUEER": {"say": "NO CARRIER"}, "AT+MUMBLE": {"say": "Pardon?"}})
MODEM = (
    (modem("delayed", NUMBERS["delayed"]), 676, "lineBusy", None),
    (modem("queer", NUMBERS["silent"], modem_init=["AT+QUEER"]), 652, "hardwareFailure", "NO CARRIER"),
    (modem("mumbles", NUMBERS["silent"], modem_init=["AT+MUMBLE"]), 652, "hardwareFailure", "does not say OK"),
)


GROUPS = (CREDENTIALS, NEGOTIATION, ENCRYPTION, WITHOUT_MPPE, MODEM)
links = Links([e for group in GROUPS for e, *_ in group] + [
    pty("eap", far("good-eap", "require-eap")),
    pty("mschap", far("good-mschap", "require-mschap")),
    modem("pulled", NUMBERS["silent"]),
    pty("taken", far("anybody", "noauth"), user=None),
], words={f"number {k}": v for k, v in NUMBERS.items()})


def each(group):
    for e, code, cause, text in group:
        links.fails(e["name"], code, cause, text=text)


@test(60)
def methods():
    """EAP and MS-CHAP let in who has the secret"""
    for name in ("eap", "mschap"):
        links.up(name)
        links.hang_up(name)


@test(180)
def credentials():
    """The peer does not let us in: hours, account, password, sessions, its own identity, silence; its words are kept"""
    each(CREDENTIALS)


@test(90)
def negotiation():
    """A line of one direction, an address that is refused by one side or the other, none that is given, no network left to speak of"""
    each(NEGOTIATION)


@test(60)
def encryption():
    """Encryption that this side, the other one, or the kernel here does not have"""
    each(ENCRYPTION)
    subprocess.run(["rmmod", "ppp_mppe"], check=True)
    each(WITHOUT_MPPE)


@test(60)
def answers():
    """A modem that may not dial the number yet, or that answers its initialization with something queer"""
    each(MODEM)


@test(60)
def pulled():
    """A modem that goes while it dials"""
    links.dial("pulled")
    until(lambda: "chat" in ours().values() and f"ATD{NUMBERS['silent']}" in modems.said(), 20, "it dials")
    modems.lose_carrier()
    links.lost("pulled", 630, "hardwareFailure")


@test(60)
def taken():
    """Somebody else's interface has the name: it stays as it is"""
    name = f"ras{links.index['taken']}"
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", "other"], check=True)
    try:
        links.fails("taken", 602, "portUnavailable", text=name)
        check(os.path.exists(f"/sys/class/net/{name}"), "it is still there")
    finally:
        subprocess.run(["ip", "link", "del", name], check=True)
    links.up("taken")
    links.hang_up("taken")


until(lambda: os.path.exists("/dev/modem"), 20, "there is a modem")
links.run()
