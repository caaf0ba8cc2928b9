# SPDX-License-Identifier: BSD-2-Clause
"""Answers to SET of actions, and of rows with a call: what a state permits, limits, request numbers, all of a PDU or nothing."""
from contract import *
from harness import *

desk = Desk(agent={**ALLOW, "max_concurrent_dials": 0}, books=("history", "traps"))
lab = desk.lab

DIALING, UP, WAITING, FAILED, DOWN, RESTING, UNREADY, NO_DEVICE, ALONE, FREE = range(21, 31)
ROWS = {
    DIALING: row(DIALING, "dialing", destination="setup=3600s", subs=["setup=3600s"], LinkMode="alternates"),
    UP: row(UP, "up", destination="setup=10ms", subs=["setup=10ms"], LinkMode="alternates"),
    WAITING: row(WAITING, "waiting", destination="setup=10ms,fail=678", subs=["setup=10ms,fail=678"], LinkMode="alternates", RedialMax=500,
                 RedialPause=3600),
    FAILED: row(FAILED, "failed", destination="setup=10ms,fail=691"),
    DOWN: row(DOWN, "down"), RESTING: row(RESTING, "resting"), UNREADY: row(UNREADY, "unready", "other", None),
    NO_DEVICE: row(NO_DEVICE, "no device", "modem", "+1555"), ALONE: row(ALONE, "alone", LinkMode="dialAll"), FREE: row(FREE, "free"),
}
BUSY = (DIALING, UP, WAITING)
ACTIONS = ("noAction", "dial", "hangUp", "redial", "clearError", "resume")


def begin():
    """The rows as above, nothing going on, whatever an earlier test left."""
    desk.give(("rasAdminMode.0", "enabled"), ("rasMaxConcurrentDials.0", 0))
    if "begun" not in desk.told:
        desk.told["begun"] = True
        for pairs in ROWS.values():
            desk.give(*pairs)
        desk.give((f"rasEntryRowStatus.{RESTING}", "notInService"))
    equal([lab.status(i) for i in (RESTING, UNREADY, NO_DEVICE)], ["notReady"] * 3)


def calls():
    """A row in each state that lasts."""
    begin()
    lab.dial(DIALING, UP, WAITING, FAILED)
    lab.wait(DIALING, "dialing", "authenticating")
    for index, status in ((UP, "up"), (WAITING, "waitingRedial"), (FAILED, "failed")):
        lab.wait(index, status)


def action(index, what, number=None):
    pairs = [(f"rasConnAction.{index}", what)]
    return pairs if number is None else pairs + [(f"rasConnRequestId.{index}", number)]


# ---- rows with a call ----

def changes_of_busy(rows=BUSY):
    for index in rows:
        for pair in (("RowStatus", "destroy"), ("RowStatus", "notInService"), ("Name", f"renamed {index}"), ("DeviceType", "other"),
                     ("LinkMode", "single"), ("LinkMode", "dialAll")):
            yield no("inconsistentValue", (f"rasEntry{pair[0]}.{index}", pair[1]))
        yield no("inconsistentValue", (f"rasEntryDescr.{DOWN}", "new"), (f"rasEntryRowStatus.{index}", "destroy"), at=2)
        yield no("inconsistentValue", (f"rasEntryDescr.{index}", "new"), (f"rasEntryLinkMode.{index}", "single"))
        for pair in (("RowStatus", "destroy"), ("RowStatus", "notInService"), ("Destination", "setup=1s"), ("DeviceType", "other"),
                     ("DeviceName", "x1")):
            yield no("inconsistentValue", (f"rasSubentry{pair[0]}.{index}.1", pair[1]))
        yield no("inconsistentValue", *sub(index, 2))
        yield no("inconsistentValue", (f"rasSubentryRowStatus.{index}.2", "createAndGo"), (f"rasEntryDescr.{index}", "new"))


refused(desk, "destroy, notInService, name, type, link mode and subentries of a row with a call or a redial: inconsistentValue", changes_of_busy,
        prepare=calls, calls=True)


@test()
def changes_meanwhile():
    """All other columns of a row with a call can be changed, and the call goes on"""
    calls()
    names = ("CallId", "OperStatus", "Attempts")
    before = [[lab.conn(i)[n] for n in names] for i in BUSY]
    for way in WAYS:
        desk.learn()
        for index in BUSY:
            desk.done(way, *((f"rasEntry{c}.{index}", v) for c, v in
                             (("Descr", way), ("UserName", way), ("Secret", way), ("AuthMethods", ["eap"]), ("Options", ["ipv6"]),
                              ("NotifyFailures", 1), ("IdleTimeout", 3000), ("DialTimeout", 3600), ("RedialPauseMax", 4000), ("DialMode", "manual"),
                              ("StorageType", "volatile"))), **{f"e{index}": "modified"})
            desk.done(way, (f"rasEntryStorageType.{index}", "nonVolatile"), (f"rasEntryRowStatus.{index}", "active"), **{f"e{index}": "modified"})
    equal([[lab.conn(i)[n] for n in names] for i in BUSY], before)


@test()
def hanging_up():
    """While a row hangs up: no dial, no redial, and no such change, either"""
    other = Desk(agent={**ALLOW, "hang_up_timeout": 60})
    try:
        other.lab.begin()
        other.give(*row(DIALING, "leaving", destination="stuck,setup=3600s", subs=["setup=3600s"], LinkMode="alternates"))
        other.give(*row(DOWN, "down"))
        other.lab.dial(DIALING)
        other.lab.wait(DIALING, "dialing", "authenticating")
        other.lab.hang_up(DIALING)
        equal(other.lab.status(DIALING), "hangingUp")
        other.nothing(*changes_of_busy([DIALING]), *(no("inconsistentValue", *action(DIALING, a)) for a in ("dial", "redial", "resume")),
                      no("inconsistentValue", *action(DOWN, "dial"), *action(DIALING, "dial"), at=2),
                      *(no("noError", *action(DIALING, a)) for a in ("noAction", "hangUp")), calls=True)
    finally:
        other.lab.close()  # the line obeys no SIGTERM


# ---- rows that are not there ----

def missing():
    for what in ACTIONS:
        yield no("inconsistentName", *action(99, what))
        yield no("inconsistentName", *action(99, what, 5))
        yield no("inconsistentName", *action(DOWN, "dial"), *action(99, what), at=2)
        yield no("inconsistentName", *row(99, "new"), *action(99, what), at=5)  # the row comes to be with this PDU only
        yield no("inconsistentName", *row(99, "new"), *action(99, what, 7), at=(5, 6))
    yield no("inconsistentName", *action(2147483647, "hangUp"))


refused(desk, "Actions on a row that is not there, also if the same PDU makes it: inconsistentName", missing, prepare=begin)


def contradictions():
    for what in ("dial", "redial"):
        yield no("inconsistentValue", (f"rasEntryRowStatus.{DOWN}", "destroy"), *action(DOWN, what))
        yield no("inconsistentValue", (f"rasEntryRowStatus.{DOWN}", "notInService"), *action(DOWN, what))
        yield no("inconsistentValue", (f"rasEntryName.{DOWN}", "renamed"), *action(DOWN, what))
        yield no("inconsistentValue", (f"rasEntryDeviceType.{DOWN}", "other"), *action(DOWN, what))
        yield no("inconsistentValue", (f"rasEntryLinkMode.{DOWN}", "dialAll"), *action(DOWN, what))


refused(desk, "A dial beside what makes the row one that cannot be dialed: inconsistentValue", contradictions, prepare=begin)


# ---- states ----

def dial_refused():
    for what in ("dial", "redial"):
        for index in (RESTING, UNREADY, NO_DEVICE, ALONE):
            yield no("inconsistentValue", *action(index, what))
            yield no("inconsistentValue", *action(index, what, 5), at=1)
            yield no("inconsistentValue", *action(DOWN, what), *action(index, what), at=2)
            yield no("inconsistentValue", (f"rasEntryDescr.{DOWN}", "new"), *action(index, what), at=2)
            yield no("inconsistentValue", *row(99, "new"), *action(index, what), at=5)


refused(desk, "dial and redial of rows that are not in service, not ready, or dialAll without a subentry: inconsistentValue", dial_refused,
        prepare=begin)


@test()
def rejected_are_counted():
    """Each of these counts in rasDialsRejected, other errors do not"""
    begin()
    before = lab.get("rasDialsRejected.0")
    desk.nothing(no("inconsistentValue", *action(RESTING, "dial")), no("inconsistentValue", *action(UNREADY, "redial")))
    equal(lab.get("rasDialsRejected.0"), before + 6)
    desk.nothing(no("inconsistentName", *action(99, "dial")), no("inconsistentValue", *action(DOWN, "resume")), no("wrongValue", *action(DOWN, 9)))
    equal(lab.get("rasDialsRejected.0"), before + 6)


@test()
def not_enabled():
    """dial and redial while rasAdminMode is drain or disabled: inconsistentValue, also where it would do nothing; others are fine"""
    for mode in ("drain", "disabled"):
        calls()
        desk.give(("rasAdminMode.0", mode))
        lab.wait(WAITING, "failed")
        if mode == "disabled":
            lab.wait(DIALING, "down", "failed")
            lab.wait(UP, "down", "failed")
        else:
            equal(lab.status(UP), "up")
        desk.nothing(*(no("inconsistentValue", *action(i, what)) for i in (DOWN, UP, WAITING, FAILED, RESTING, UNREADY)
                       for what in ("dial", "redial")),
                     no("inconsistentValue", *action(DOWN, "dial", 5), at=1), no("inconsistentValue", (f"rasEntryDescr.{DOWN}", "x"),
                                                                                    *action(DOWN, "dial"), at=2),
                     *(no("noError", *action(FREE, what)) for what in ("noAction", "hangUp", "clearError")), calls=True)
        desk.give(("rasAdminMode.0", "enabled"))
        lab.quiet()


@test()
def mode_beside_dial():
    """What a PDU says of rasAdminMode holds for its dials, as if all were set at once"""
    begin()
    desk.nothing(*(no("inconsistentValue", ("rasAdminMode.0", mode), *action(DOWN, what)) for mode in ("drain", "disabled")
                   for what in ("dial", "redial")))
    for way in WAYS:
        desk.give(("rasAdminMode.0", "disabled"), way=way)
        lab.wait(DOWN, "down", "failed")
        desk.give(("rasAdminMode.0", "enabled"), *action(DOWN, "dial"), way=way)
        lab.wait(DOWN, "up")
    desk.give(*action(DOWN, "hangUp"))
    lab.wait(DOWN, "down")


def resume():
    for index in (DOWN, DIALING, UP, WAITING, FAILED, RESTING, UNREADY):
        yield no("inconsistentValue", *action(index, "resume"))
        yield no("inconsistentValue", *action(index, "resume", 3), at=1)


def no_effect():
    for index in (DIALING, UP):
        yield no("noError", *action(index, "dial"))
    for index in (FREE, RESTING, UNREADY):
        yield no("noError", *action(index, "hangUp"))
        yield no("noError", *action(index, "clearError"))
    for index in ROWS:
        yield no("noError", *action(index, "noAction"))
    yield no("noError", *action(DIALING, "dial"), *action(UP, "dial"), *action(DOWN, "hangUp"), *action(FAILED, "noAction"))


refused(desk, "resume of a call that does not wait for it: inconsistentValue", resume, prepare=calls, calls=True)
refused(desk, "dial while dialing or up, hangUp while down, noAction, clearError without an error: noError, and nothing happens", no_effect,
        prepare=calls, calls=True)


@test()
def clear_error():
    """clearError of a row that failed: down, the error gone; of one that is up: only the error gone"""
    for way in WAYS:
        calls()
        desk.give(*action(FAILED, "clearError"), *action(UP, "clearError"), *action(WAITING, "clearError"), way=way)
        found = lab.conn(FAILED)
        equal((found["OperStatus"], found["LastCause"], found["LastErrorCode"], found["Desired"]), ("down", "none", 0, "down"))
        equal((lab.status(UP), lab.get(f"rasConnLastCause.{UP}")), ("up", "none"))
        equal((lab.status(WAITING), lab.get(f"rasConnLastCause.{WAITING}")), ("waitingRedial", "none"))
        lab.quiet()


# ---- limits ----

@test()
def limit():
    """No free place under rasMaxConcurrentDials: resourceUnavailable, and no part of the PDU is done"""
    calls()
    desk.give(("rasMaxConcurrentDials.0", 1))  # DIALING has it
    cases = [no("resourceUnavailable", *action(i, what)) for i in (DOWN, FAILED, FREE) for what in ("dial", "redial")]
    cases += [no("resourceUnavailable", *action(UP, "redial")), no("resourceUnavailable", *action(DOWN, "dial"), *action(FREE, "dial")),
              no("resourceUnavailable", *row(99, "new"), *action(DOWN, "dial"), at=5), no("resourceUnavailable", *action(DOWN, "dial", 5), at=1),
              no("resourceUnavailable", (f"rasEntryDescr.{FREE}", "x"), *action(FREE, "dial"), at=2),
              no("inconsistentValue", *action(UNREADY, "dial")), no("noError", *action(DIALING, "dial")), no("noError", *action(UP, "dial"))]
    desk.nothing(*cases, calls=True)
    desk.give(("rasMaxConcurrentDials.0", 2))
    desk.nothing(no("resourceUnavailable", *action(DOWN, "dial"), *action(FREE, "dial")), calls=True)
    desk.give(("rasMaxConcurrentDials.0", 1))
    for way in WAYS:  # one that waits for its redial is dialed without regard to the limit
        before = lab.conn(WAITING)["Attempts"]
        desk.give(*action(WAITING, "dial"), way=way)
        until(lambda: lab.conn(WAITING)["Attempts"] == before + 1, 5, "dials now")
        lab.wait(WAITING, "waitingRedial")
    desk.give(("rasMaxConcurrentDials.0", 0))


# ---- request numbers ----

def request_ids():
    for index in (DOWN, UP, RESTING):
        yield no("inconsistentValue", (f"rasConnRequestId.{index}", 5))
        yield no("inconsistentValue", (f"rasConnRequestId.{index}", 0))
        yield no("inconsistentValue", (f"rasConnRequestId.{index}", 5), *action(FAILED, "noAction"), at=1)
        yield no("inconsistentValue", *action(FAILED, "noAction", 5), (f"rasConnRequestId.{index}", 5), at=3)
        yield no("inconsistentValue", (f"rasEntryDescr.{FREE}", "new"), (f"rasConnRequestId.{index}", 5), at=2)


def two_actions():
    for one, two in (("dial", "dial"), ("dial", "hangUp"), ("noAction", "noAction"), ("hangUp", "noAction"), ("redial", "clearError")):
        yield no("inconsistentValue", *action(DOWN, one), *action(DOWN, two))
        yield no("inconsistentValue", *action(FREE, "dial"), *action(DOWN, one), *action(DOWN, two), at=(2, 3))
        yield no("inconsistentValue", *action(DOWN, one), *row(99, "new"), *action(DOWN, two), at=(1, 6))


refused(desk, "A request number without an action of its row: inconsistentValue", request_ids, prepare=calls, calls=True)
refused(desk, "Two actions for one row: inconsistentValue", two_actions, prepare=begin)


@test(60)
def repeated():
    """The same request again: noError and nothing happens; the same number with another action: inconsistentValue; none: 0"""
    begin()
    for number, way in enumerate(WAYS, 4000000000):
        desk.give(*action(UP, "redial", number), way=way)
        lab.wait(UP, "up")
        equal(lab.get(f"rasConnRequestId.{UP}"), number)
        desk.nothing(no("noError", *action(UP, "redial", number)), *(no("inconsistentValue", *action(UP, what, number))
                                                                     for what in ACTIONS if what != "redial"),
                     no("inconsistentValue", *action(UP, "dial", number), *action(DOWN, "dial"), at=(1, 2)), calls=True)
        desk.give(*action(UP, "noAction"), way=way)
        equal(lab.get(f"rasConnRequestId.{UP}"), 0, "an action without a number")
        desk.give(*action(UP, "hangUp", number), way=way)
        lab.wait(UP, "down")
        equal(lab.get(f"rasConnRequestId.{UP}"), number)
        desk.nothing(no("noError", *action(UP, "hangUp", number)), no("inconsistentValue", *action(UP, "dial", number)), calls=True)


# ---- all or nothing ----

MANY = [pair for n in range(101, 121) for pair in row(n, f"one of many {n}", Descr=f"number {n}", RedialMax=n, RedialPause=60, DialTimeout=90,
                                                      UserName="user", Options=["ipv6"])]
BAD = {"notWritable": ("rasEntries.0", 5), "wrongType": ("rasEntryDescr.115", 5, "INTEGER"), "wrongLength": ("rasEntryDescr.115", b"x" * 256),
       "wrongValue": ("rasEntryDescr.115", b"\xff"), "noCreation": ("rasEntryDescr.0", "x"), "inconsistentName": ("rasEntryDescr.97", "x"),
       "inconsistentValue": ("rasSpinLock.0", 77777)}


def one_of_many():
    for error, bad in BAD.items():
        for at in (0, len(MANY) // 2, len(MANY)):
            yield no(error, *MANY[:at], bad, *MANY[at:], at=at + 1)
    yield no("inconsistentValue", *MANY, *action(UNREADY, "dial"), at=len(MANY) + 1)
    yield no("inconsistentName", *MANY, *action(101, "dial"), at=len(MANY) + 1)
    yield no("inconsistentValue", *MANY, *row(98, "ONE OF MANY 110"))
    yield no("notWritable", ("rasEntryDescr.1", "x"), *MANY, at=1)


def one_of_all_kinds():
    """Scalars, rows made, changed and destroyed, subentries, dials, and one that is refused."""
    pairs = [("rasMaxConcurrentDials.0", 9), ("rasHistRetainTime.0", 5), ("rasNotifyTypes.0", ["connected"]), *row(99, "new", subs=["setup=1s"],
             LinkMode="alternates"), (f"rasEntryRowStatus.{RESTING}", "destroy"), (f"rasEntryDescr.{DOWN}", "new"), *sub(DOWN, 1),
             *action(FREE, "dial", 9), *action(DOWN, "redial")]
    for error, bad in {**BAD, "wrongValue": ("rasEntryRedialPause.26", 0), "wrongLength": ("rasEntryName.28", b""),
                       "wrongType": ("rasConnAction.28", b"x", "OCTET STRING")}.items():
        for at in (0, 7, len(pairs)):
            yield no(error, *pairs[:at], bad, *pairs[at:], at=at + 1)
    yield no("inconsistentValue", *pairs, *action(NO_DEVICE, "dial"), at=len(pairs) + 1)


refused(desk, "20 rows of 10 columns in one SET, and one thing refused at begin, middle or end: no row", one_of_many, prepare=begin)
refused(desk, "Scalars, rows, subentries and dials in one SET, and one thing refused: no change, no row, no dial", one_of_all_kinds, prepare=begin)


@test(60)
def many_accepted():
    """20 rows of 10 columns in one SET: all of them, and all gone with another"""
    begin()
    rows = range(101, 121)
    for way in WAYS:
        desk.learn()
        desk.done(way, *MANY, **{f"e{n}": "created" for n in rows})
        desk.done(way, *((f"rasEntryDescr.{n}", way) for n in rows), **{f"e{n}": "modified" for n in rows})
        desk.done(way, *((f"rasEntryRowStatus.{n}", "destroy") for n in rows), **{f"e{n}": "deleted" for n in rows})


@test()
def active_and_dial():
    """active and dial of a row that is not in service, in one PDU; and rows made beside a dial of another"""
    begin()
    for number, way in enumerate(WAYS):
        desk.give((f"rasEntryRowStatus.{RESTING}", "active"), *action(RESTING, "dial"), *row(99, f"beside {way}"), *action(DOWN, "dial", 5), way=way)
        lab.wait(RESTING, "up")
        lab.wait(DOWN, "up")
        equal(lab.get("rasEntryName.99", f"rasConnRequestId.{DOWN}", f"rasConnAttempts.{RESTING}"), [f"beside {way}", 5, number + 1])
        lab.quiet()
        desk.give((f"rasEntryRowStatus.{RESTING}", "notInService"), ("rasEntryRowStatus.99", "destroy"), way=way)


run(lab)
