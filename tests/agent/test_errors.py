# SPDX-License-Identifier: BSD-2-Clause
"""Every way in which an attempt or a call can end badly: row, history, counters and notification tell the same."""
import re

from harness import *

# Code -> cause and whether another attempt follows, written down from what users were promised, not from the program.
ERRORS = {}
for codes, cause, redial in (
        ((602, 608, 615, 633, 756, 813, 814), "portUnavailable", True),
        ((630, 651, 652, 660, 666, 692), "hardwareFailure", True),
        ((676,), "lineBusy", True), ((678,), "noAnswer", True), ((679,), "noCarrier", True), ((680,), "noDialTone", True),
        ((677, 704, 723, 749, 773), "badAddress", False),
        ((868,), "nameResolution", True),
        ((771, 800, 806, 808, 809, 815), "serverUnreachable", True),
        ((721,), "peerDead", True),
        ((718, 732), "protocolError", True), ((720, 731, 733, 741, 742, 743), "protocolError", False),
        ((737,), "loopback", True),
        ((691, 787, 811), "authFailure", False),
        ((648, 708, 709), "credentialExpired", False),
        ((646, 647, 649, 812), "notPermitted", False),
        ((778,), "peerAuthFailure", False),
        ((735,), "addressFailure", False), ((717, 738), "addressFailure", True),
        ((619, 628, 807, 829), "linkLost", True),
        ((629, 719, 734, 736), "remoteHangup", True),
        ((716, 623, 625), "configError", False),
        ((609,), "noKernelSupport", False),
        ((614, 664), "noResources", True),
        ((635, 645, 834), "internalError", True),
        ((752,), "scriptFailure", False),
        ((638,), "dialTimeout", True),
        # not in the list: other, and tried again
        ((601, 617, 701, 850), "other", True)):
    for code in codes:
        ERRORS[code] = (cause, redial)

STATES = {"open-port": "openPort", "port-opened": "portOpened", "connect-device": "connectDevice",
          "device-connected": "deviceConnected", "all-devices-connected": "allDevicesConnected", "authenticate": "authenticate",
          "auth-notify": "authNotify", "auth-project": "authProject", "auth-ack": "authAck", "authenticated": "authenticated",
          "projected": "projected"}
AT = {2000 + i: state for i, state in enumerate(STATES)}
DROPS = {3000 + code: code for code in (619, 628, 807, 829, 629, 719, 736, 721, 829)}

lab = Lab([line(f"e{code}", code, f"setup=40ms,fail={code}", redial_max=1, redial_pause=1) for code in ERRORS]
          + [line(f"at {state}", i, f"setup=60ms,fail=651,at={state}") for i, state in AT.items()]
          + [line(f"drop {code}", i, f"setup=20ms,drop=150ms,dropcode={code}") for i, code in DROPS.items()]
          + [line("text", 4000, "setup=20ms,fail=678,text=The cat sleeps on the modem"),
             line("luck", 4001, "setup=40ms,fail=676,fails=2", redial_max=5, redial_pause=1),
             line("word", 4002, "setup=20ms,colour=blue"),
             line("number", 4003, "setup=fast"),
             line("slow", 4004, "setup=60s", dial_timeout=1),
             line("clear", 4005, "setup=20ms,fail=691"),
             line("mend", 4006, "setup=20ms,fail=678,fails=1", redial_max=1, redial_pause=1),
             line("again", 4007, "setup=20ms,fail=678,fails=1"),
             line("brief", 4008, "setup=20ms", max_duration=1),
             line("any order", 4009, "fail=680,jitter=0,setup=10ms,at=connect-device"),
             line("default drop", 4010, "setup=20ms,drop=100ms")])


def agree(index, call, notification):
    """The last attempt in row, history and notification is the same event."""
    row = lab.conn(index)
    for column in ("Cause", "ErrorCode", "BackendCode", "ErrorText", "ErrorState"):
        equal(row[f"Last{column}"], call[column], f"{index}: {column} in row and history")
        if f"rasConnLast{column}" in notification.values:
            equal(notification[f"rasConnLast{column}"], call[column], f"{index}: {column} in notification and history")
    equal(row["LastErrorTime"], notification["rasConnLastErrorTime"], f"{index}: time in row and notification")
    equal(row["LastErrorTime"], call["EndTime"], f"{index}: time in row and history")
    equal((row["CallId"], notification["rasConnCallId"]), (call["CallId"],) * 2, f"{index}: call id")
    equal(notification["rasEntryName"], call["EntryName"], f"{index}: name")
    check(row["LastErrorText"], f"{index}: there is a text")
    return row


@test(60)
def every_code():
    """Each error code: its cause, its redial, and row, history, counters and notifications that agree"""
    indices = sorted(ERRORS)
    with Watch(lab, indices):
        for at in range(0, len(indices), 25):
            lab.dial(*indices[at:at + 25])
        lab.wait_all(indices, "failed", timeout=30)
    history = lab.history()
    for code, (cause, redial) in ERRORS.items():
        calls = [c for c in history if c["EntryIndex"] == code]
        attempts = 2 if redial else 1
        equal(len(calls), attempts, f"{code}: attempts, redial {redial}")
        equal([c["Trigger"] for c in calls], ["snmp", "redial"][:attempts], f"{code}: triggers")
        for call in calls:
            equal((call["Cause"], call["ErrorCode"], call["Connected"], call["UpDuration"], call["ConnectTime"]),
                  (cause, code, "false", 0, bytes(8)), f"{code}: history")
        failed = lab.notifications("rasDialFailed", code, attempts)
        equal(len(failed), attempts, f"{code}: rasDialFailed")
        equal([n["rasConnOperStatus"] for n in failed], ["waitingRedial", "failed"] if redial else ["failed"], f"{code}: status told")
        equal([n["rasConnConsecutiveFailures"] for n in failed], [1, 2][:attempts], f"{code}: failures told")
        (exhausted,) = lab.notifications("rasRedialExhausted", code)
        equal(exhausted["rasConnLastErrorCode"], code)
        row = agree(code, calls[-1], failed[-1])
        agree(code, calls[-1], exhausted)
        equal((row["Attempts"], row["Successes"], row["Failures"], row["ConsecutiveFailures"], row["RedialsLeft"], row["NextRedial"]),
              (attempts, 0, attempts, attempts, 0, 0), f"{code}: counters")
        equal((row["State"], row["ThreadState"], row["Desired"], row["IfIndex"]), ("disconnected", "none", "up", 0), f"{code}: row")


@test()
def every_state():
    """A failure in each state of the set-up is told with that state"""
    lab.dial(*AT)
    lab.wait_all(AT, "failed")
    for index, state in AT.items():
        (call,) = lab.history(index)
        (failed,) = lab.notifications("rasDialFailed", index)
        row = agree(index, call, failed)
        equal(row["LastErrorState"], STATES[state], f"at={state}")


@test()
def drops():
    """A link that is lost after a while: cause by its code, disconnected, counted as a drop"""
    lab.dial(*DROPS)
    lab.wait_all(DROPS, "failed")
    for index, code in DROPS.items():
        (call,) = lab.history(index)
        (lost,) = lab.notifications("rasDisconnected", index)
        equal(len(lab.notifications("rasConnected", index)), 1)
        row = agree(index, call, lost)
        equal((row["LastCause"], row["LastErrorCode"], row["LastErrorState"]), (ERRORS[code][0], code, "connected"))
        equal((row["Attempts"], row["Successes"], row["Failures"], row["Drops"]), (1, 1, 0, 1), f"{code}: counters")
        equal((call["Connected"], lost["rasNotifyCallSeconds"], lost["rasConnOperStatus"]), ("true", call["UpDuration"], "failed"))
        equal(lab.sink.take("rasDialFailed", index) + lab.sink.take("rasRedialExhausted", index), [])


@test()
def default_drop():
    """A drop without a code is a lost link"""
    lab.dial(4010)
    equal(lab.wait(4010, "failed")["LastCause"], "linkLost")


@test()
def text():
    """The text of an error is told as it was given"""
    lab.dial(4000)
    lab.wait(4000, "failed")
    (call,) = lab.history(4000)
    row = agree(4000, call, lab.notifications("rasDialFailed", 4000)[0])
    equal(row["LastErrorText"], "The cat sleeps on the modem")


@test()
def later_success():
    """Two failures, then success: redials go on, the error stays, consecutive failures start again"""
    lab.dial(4001)
    row = lab.wait(4001, "up", timeout=15)
    equal((row["Attempts"], row["Successes"], row["Failures"], row["ConsecutiveFailures"]), (3, 1, 2, 0))
    equal((row["LastCause"], row["LastErrorCode"]), ("lineBusy", 676), "a success leaves the last error")
    equal(len(lab.notifications("rasDialFailed", 4001, 2)), 2)
    equal(lab.notifications("rasConnected", 4001)[0]["rasConnCallId"], row["CallId"])
    equal(lab.sink.take("rasRedialExhausted", 4001), [])


@test()
def unknown_word():
    """A destination that cannot be understood is error 749 at once. What it says may be secret: the word's place is told"""
    texts = {4002: "Destination: word 2 is none that the loopback line knows",
             4003: 'Destination: "setup" wants a time such as 250ms or 2s'}
    for index, text in texts.items():
        lab.dial(index)
        row = lab.wait(index, "failed")
        equal((row["LastErrorCode"], row["LastCause"], row["Attempts"], row["Failures"]), (749, "badAddress", 1, 1))
        equal(row["LastErrorText"], text)
        agree(index, lab.history(index)[0], lab.notifications("rasDialFailed", index)[0])


@test()
def dial_timeout():
    """DialTimeout ends an attempt with 638"""
    lab.dial(4004)
    row = lab.wait(4004, "failed")
    equal((row["LastErrorCode"], row["LastCause"]), (638, "dialTimeout"))
    (call,) = lab.history(4004)
    check(900 <= call["SetupDuration"] < 10000, f"the deadline of 1 s came after {call['SetupDuration']} ms")
    agree(4004, call, lab.notifications("rasDialFailed", 4004)[0])


@test()
def clear_error():
    """clearError turns failed into down and empties the error; also where there is none"""
    lab.dial(4005)
    lab.wait(4005, "failed")
    equal(lab.get("rasEntriesFailed.0") >= 1, True)
    failed = lab.get("rasEntriesFailed.0")
    lab.act("clearError", 4005)
    row = lab.wait(4005, "down")
    equal((row["LastCause"], row["LastErrorCode"], row["LastBackendCode"], row["LastErrorText"], row["LastErrorTime"], row["Desired"]),
          ("none", 0, -1, "", bytes(8), "down"))
    equal(lab.get("rasEntriesFailed.0"), failed - 1)
    equal((row["Attempts"], row["Failures"]), (1, 1), "counters stay")
    lab.act("clearError", 4005)
    equal(lab.status(4005), "down")


@test()
def clear_error_while_up():
    """clearError while up empties the error and leaves the call alone"""
    lab.dial(4006)
    lab.wait(4006, "up")
    lab.act("clearError", 4006)
    row = lab.conn(4006)
    equal((row["OperStatus"], row["LastCause"], row["LastErrorCode"], row["Desired"]), ("up", "none", 0, "up"))
    equal((row["Failures"], row["Successes"]), (1, 1), "counters stay")


@test()
def first_attempts_of_each_request():
    """fails=1 counts from the last request: with no redial each request fails"""
    for number in (1, 2):
        lab.dial(4007)
        until(lambda: lab.conn(4007)["Failures"] == number, 5)
        lab.wait(4007, "failed")


@test()
def max_duration():
    """The longest duration of a call ends it with 932, no drop, and nothing more is wanted"""
    lab.dial(4008)
    lab.wait(4008, "up")
    row = lab.wait(4008, "down")
    equal((row["LastErrorCode"], row["LastCause"], row["Desired"], row["Failures"]), (932, "maxDuration", "down", 0))
    agree(4008, lab.history(4008)[0], lab.notifications("rasDisconnected", 4008)[0])


@test()
def any_order():
    """The words of a destination stand in any order"""
    lab.dial(4009)
    row = lab.wait(4009, "failed")
    equal((row["LastErrorCode"], row["LastErrorState"]), (680, "connectDevice"))


@test()
def times_and_texts():
    """Times are DateAndTime, texts are UTF-8 without control characters and name no destination"""
    for index, row in lab.table("rasConnTable", "rasConn").items():
        check(len(row["LastErrorTime"]) in (8, 11) and len(row["StartTime"]) in (8, 11), f"{index}: {row}")
        check(re.fullmatch(r"[^\x00-\x1f\x7f]*", row["LastErrorText"]), f"{index}: {row['LastErrorText']!r}")


run(lab)
