# SPDX-License-Identifier: BSD-2-Clause
"""Paused states: a call whose credentials are refused waits for resume with other ones."""
from harness import *

DOOR = "setup=40ms,expects=open sesame"
PAUSED = {"options": ["paused-states"], "storage_type": "permanent"}

lab = Lab([
    line("door", 1, DOOR, secret="wrong", **PAUSED),
    line("expired", 2, DOOR + ",fail=648", secret="old", **PAUSED),
    line("hurried", 3, DOOR, secret="wrong", dial_timeout=1, redial_max=5, **PAUSED),
    line("no pause", 4, DOOR, secret="wrong", storage_type="permanent"),
    line("closed", 5, DOOR, secret="wrong", options=["paused-states"]),
], agent={"allow_snmp_entries": True, "allow_snmp_secrets": True})


def paused(index, state="retryAuthentication"):
    until(lambda: lab.conn(index)["State"] == state, 10, lambda: f"{index} is in {state}: {lab.conn(index)}")
    row = lab.conn(index)
    equal((row["OperStatus"], row["Attempts"] - row["Successes"] - row["Failures"]), ("authenticating", 1))
    return row


@test()
def right_secret():
    """resume with the right secret, set in the same SET: the same call goes on; the row keeps what it was given"""
    lab.dial(1)
    with Watch(lab, (1,)):
        call = paused(1)["CallId"]
        equal(lab.set(("rasEntryUserName.1", b"somebody"), ("rasEntrySecret.1", b"open sesame"), ("rasConnAction.1", "resume")), "noError")
        equal(lab.set(("rasConnAction.1", "resume")), "inconsistentValue", "resumed once")
        row = lab.wait(1, "up")
    equal((row["CallId"], row["Attempts"], row["LastErrorCode"]), (call, 1, 0))
    lab.hang_up(1)
    lab.wait(1, "down")
    equal([(c["CallId"], c["Connected"]) for c in lab.history(1)], [(call, "true")])
    equal(lab.sink.take("rasDialFailed", 1), [])
    lab.restart_agent()
    lab.dial(1)
    lab.wait(1, "up")
    equal(lab.get("rasEntryUserName.1"), "somebody")


@test()
def wrong_secret():
    """resume with a wrong secret: it waits again; the secret can be set before, in a SET of its own; hangUp ends it"""
    equal(lab.set(("rasEntrySecret.1", b"wrong")), "noError")
    lab.dial(1)
    call = paused(1)["CallId"]
    equal(lab.set(("rasEntrySecret.1", b"wrong, too")), "noError")
    changed = lab.conn(1)["LastChange"]
    equal(lab.set(("rasConnAction.1", "resume"), ("rasConnRequestId.1", 8)), "noError")
    equal(lab.set(("rasConnAction.1", "resume"), ("rasConnRequestId.1", 8)), "noError", "the same request again")
    until(lambda: lab.conn(1)["LastChange"] != changed, 10, "it was tried")
    equal(paused(1)["CallId"], call)
    lab.hang_up(1)
    row = lab.wait(1, "down")
    equal((row["LastErrorCode"], row["CallId"]), (631, call))
    equal([c["ErrorCode"] for c in lab.history(1) if c["CallId"] == call], [631])


@test()
def expired():
    """An expired password waits in passwordExpired"""
    lab.dial(2)
    paused(2, "passwordExpired")
    equal(lab.set(("rasEntrySecret.2", b"open sesame"), ("rasConnAction.2", "resume")), "noError")
    lab.wait(2, "up")


@test()
def deadline():
    """Nobody resumes it: after dial-timeout it fails with the refusal, and is not dialed again"""
    lab.dial(3)
    row = lab.wait(3, "failed")
    equal((row["LastErrorCode"], row["LastErrorState"], row["Attempts"]), (691, "authNotify", 1))
    equal(len(lab.notifications("rasDialFailed", 3)), 1)


@test()
def elsewhere():
    """resume of what does not wait for it: inconsistentValue; of a row that SNMP may not change: the call waits, the row stays"""
    lab.dial(4)
    lab.wait(4, "failed")
    for index in (1, 4):
        equal(lab.set(("rasConnAction.%d" % index, "resume")), "inconsistentValue")
    lab.dial(5)
    paused(5)
    equal(lab.set(("rasEntrySecret.5", b"open sesame"), ("rasConnAction.5", "resume")), "notWritable")
    paused(5)
    equal(lab.set(("rasConnAction.5", "dial")), "noError", "no effect")
    paused(5)
    lab.hang_up(5)
    lab.wait(5, "down")
    equal(lab.set(("rasConnAction.5", "resume")), "inconsistentValue")


@test(60)
def kill():
    """kill -9 while it waits: ended with 834"""
    equal(lab.set(("rasEntrySecret.1", b"wrong")), "noError")
    lab.dial(1)
    call = paused(1)["CallId"]
    lab.kill_agent()
    lab.start_agent()
    row = lab.wait(1, "failed")
    equal((row["LastErrorCode"], row["CallId"]), (834, call))
    equal([c["ErrorCode"] for c in lab.history(1) if c["CallId"] == call], [834])


run(lab)
