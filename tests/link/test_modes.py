#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async ppp_mppe
# programs: pppd chat
# objects: tests/link/verdict.so
"""Paused states, alternates and dial mode persistent: what a call does of itself, or waits for, when peers refuse, are busy, or go."""
import glob
import os

from links import *

OLD = "old" + SECRET
NUMBERS = numbers("up", "up too", "busy", "answer", "carrier", "comes and goes")

UP, UP_TOO = server("up", 1, "require-mschap-v2"), server("up-too", 2, "require-chap")
TABLE = {
    NUMBERS["up"]: {"say": "CONNECT 57600", "run": UP},
    NUMBERS["up too"]: {"say": "CONNECT 33600", "run": UP_TOO},
    NUMBERS["comes and goes"]: {"say": "CONNECT 57600", "run": UP},
    NUMBERS["busy"]: {"say": "BUSY"},
    NUMBERS["answer"]: {"say": "NO ANSWER"},
    NUMBERS["carrier"]: {"say": "NO CARRIER"},
}
CHANGE = "E=648 R=0 C=00112233445566778899aabbccddeeff V=3 M=Choose another one"
EXPIRED = peer("expired", 3, far_side.judging("require-mschap-v2", OLD, CHANGE))
modems = {name: ModemPool(f"/dev/{name}", TABLE) for name in ("modem", "second")}
PAUSED = {"options": ["paused-states"], "storage_type": "permanent"}


def alternates(name, *words, **keys):
    return modem(name, NUMBERS[words[0]], link_mode="alternates", subentries=[
        word if isinstance(word, dict) else {"destination": NUMBERS[word]} for word in words[1:]], **keys)


links = Links([
    modem("refused", NUMBERS["up"], secret="wrong", **PAUSED),
    pty("expired", EXPIRED, secret=OLD, **PAUSED),
    modem("nobody-cares", NUMBERS["up"], secret="wrong", dial_timeout=8, redial_max=5, redial_pause=1, **PAUSED),
    alternates("second", "busy", "up too", "up"),
    alternates("busy", "busy", "answer", "carrier"),
    alternates("elsewhere", "carrier", {"destination": NUMBERS["up"], "device_name": "/dev/second"}),
    alternates("no-modem", "up too", {"destination": NUMBERS["up"], "device_name": "/dev/second"}, device="/dev/ttyUSB77"),
    modem("kept-up", NUMBERS["comes and goes"], dial_mode="persistent", redial_pause=1, redial_pause_max=2),
], agent={"allow_snmp_entries": True, "allow_snmp_secrets": True},
   words={f"number {k}": v for k, v in NUMBERS.items()} | {"old secret": OLD[:11]})
lab, INDEX = links.lab, links.index


@test(60)
def with_the_agent():
    """What is persistent comes up when the agent has started; hung up, nothing of it is left"""
    links.comes_up("kept-up")
    links.hang_up("kept-up")
    until(lambda: lab.get("rasThreads.0") == 0, 20, "all threads end")
    lab.idle_fds = len(lab.agent.fds())


# ---- paused states ----

def paused(name, state, after=0):
    """Waits for resume, since later than this, with the line released. Returns the row."""
    row = until(lambda: (lambda r: r if r["State"] == state and r["LastChange"] != after else None)(links.row(name)), 40,
                lambda: f"{name} is in {state}: {links.row(name)}\n{links.attempt_log(name)}")
    equal((row["OperStatus"], row["IfName"], ours(), glob.glob("/var/lock/LCK*")), ("authenticating", "", {}, []))
    links.line_rests(name)
    return row


def resume(name, secret):
    """As an operator does it, but for the secret, which is no word for an argument list."""
    index = INDEX[name]
    equal(lab.set((f"rasEntryUserName.{index}", USER.encode()), (f"rasEntrySecret.{index}", secret.encode()),
                  (f"rasConnAction.{index}", "resume")), "noError")


@test(120)
def wrong_then_right():
    """A refused password waits with the line released; resumed with another wrong one it waits again; with the right one it is up"""
    links.dial("refused")
    row = paused("refused", "retryAuthentication")
    call = row["CallId"]
    resume("refused", "wrong, too")
    paused("refused", "retryAuthentication", after=row["LastChange"])
    resume("refused", SECRET)
    row = links.comes_up("refused")
    equal((row["CallId"], row["Attempts"], row["Failures"]), (call, 1, 0))
    equal(modems["modem"].said().count(f"ATD{NUMBERS['up']}"), 3)
    links.hang_up("refused")
    equal([(c["CallId"], c["Connected"]) for c in lab.history(INDEX["refused"])], [(call, "true")])
    equal(lab.sink.take("rasDialFailed", INDEX["refused"]), [])
    links.up("refused")
    links.hang_up("refused")


@test(90)
def expired():
    """A password that has expired (E=648) waits for the one that was chosen in its place, which is kept"""
    links.dial("expired")
    paused("expired", "passwordExpired")
    resume("expired", SECRET)
    links.comes_up("expired")
    links.hang_up("expired")
    lab.restart_agent()
    links.up("expired")


@test(90)
def not_resumed():
    """Hung up while it waits; or nobody cares until the deadline, and it fails with the refusal, without a redial"""
    equal(lab.set((f"rasEntrySecret.{INDEX['refused']}", b"wrong")), "noError")
    links.dial("refused")
    paused("refused", "retryAuthentication")
    equal(links.hang_up("refused")["LastErrorCode"], 631)
    row = links.fails("nobody-cares", 691, "authFailure")
    equal(row["Attempts"], 1)


# ---- alternates ----

def walks(name, *words):
    """Dials, and looks for the numbers in their order. Returns the row."""
    before = {key: len(m.said()) for key, m in modems.items()}
    links.dial(name)
    row = links.ended(name, "up", "failed")
    dialed = [said for key, m in modems.items() for said in m.said()[before[key]:] if said.startswith("ATD")]
    equal(dialed, [f"ATD{NUMBERS[word]}" for word in words])
    return row


@test(90)
def second_answers():
    """alternates: the first is busy, the second answers and is shown, also after kill -9 and in the history; the third is not tried"""
    row = walks("second", "busy", "up too")
    equal((row["OperStatus"], row["Subentry"], row["Destination"], row["Speed"], row["Attempts"], row["Failures"]),
          ("up", 1, NUMBERS["up too"], 33600, 1, 0))
    lab.kill_agent()
    lab.start_agent()
    again = links.row("second")
    for column in ("OperStatus", "CallId", "Subentry", "Destination"):
        equal(again[column], row[column], column)
    links.hang_up("second")
    equal([(c["Destination"], c["Connected"]) for c in lab.history(INDEX["second"])], [(NUMBERS["up too"], "true")])


@test(90)
def all_busy():
    """alternates: all are tried in their order; the error is that of the last one"""
    row = walks("busy", "busy", "answer", "carrier")
    links.agrees("busy", row, 679, "noCarrier", "connectDevice")
    equal((row["Subentry"], row["Attempts"]), (2, 1))
    check(row["LastErrorText"].startswith("Subentry 2: "), row["LastErrorText"])


@test(90)
def another_line():
    """alternates: a subentry with a device of its own, after a line without carrier, and after one that is not there"""
    for name, words in (("elsewhere", ("carrier", "up")), ("no-modem", ("up",))):
        row = walks(name, *words)
        equal((row["OperStatus"], row["Subentry"], row["DeviceName"]), ("up", 1, "/dev/second"))
        links.hang_up(name)


# ---- persistent ----

def again(before):
    """Up with another call."""
    return until(lambda: (lambda r: r if r["OperStatus"] == "up" and r["CallId"] != before["CallId"] else None)(links.row("kept-up")), 40,
                 lambda: f"it is up again: {links.row('kept-up')}")


@test(120)
def persistent():
    """persistent: lost, and dialed until the peer is back; once its credentials are refused, no more; a dial begins again"""
    table = far_side.json.dumps({**TABLE, NUMBERS["comes and goes"]: {"say": "NO CARRIER"}})
    row = links.up("kept-up")
    far_side.write(modems["modem"].table, table)
    modems["modem"].lose_carrier()
    gone = until(lambda: (lambda r: r if r["Failures"] >= row["Failures"] + 3 else None)(links.row("kept-up")), 40, "it is tried")
    equal((gone["LastErrorCode"], gone["Drops"]), (679, row["Drops"] + 1))
    far_side.write(modems["modem"].table, far_side.json.dumps(TABLE))
    row = again(gone)
    far_side.secrets({USER: "changed"})
    try:
        modems["modem"].lose_carrier()
        failed = links.ended("kept-up")
        links.agrees("kept-up", failed, 691, "authFailure")
        equal(failed["Attempts"], row["Attempts"] + 1)
    finally:
        far_side.secrets({USER: SECRET, OTHER: OTHER_SECRET})
    links.up("kept-up")
    equal(links.hang_up("kept-up")["LastErrorCode"], 631)


until(lambda: all(os.path.exists(f"/dev/{name}") for name in modems), 20, "there are modems")
links.run()
