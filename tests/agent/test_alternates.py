# SPDX-License-Identifier: BSD-2-Clause
"""Link mode alternates: an attempt tries the destination of the entry, then those of its subentries, until one answers."""
from harness import *

BUSY, GOOD = "setup=40ms,fail=676", "setup=30ms"


def alternates(name, index, *destinations, **more):
    return line(name, index, destinations[0], link_mode="alternates", subentries=[{"destination": d} for d in destinations[1:]], **more)


lab = Lab([
    alternates("second", 1, BUSY, GOOD, "setup=60s"),
    alternates("all busy", 2, BUSY, "setup=20ms,fail=678", "setup=20ms,fail=679"),
    alternates("refused", 3, BUSY, "setup=20ms,fail=691", GOOD),
    alternates("slow", 4, BUSY, "setup=60s", GOOD),
    alternates("again", 5, "setup=20ms,fail=676,fails=1", "setup=20ms,fail=678", redial_max=1, redial_pause=1),
])


def used(row):
    return row["Subentry"], row["Destination"]


@test()
def second_answers():
    """The first is busy, the second answers: one attempt, one row of the history, rasConnected and no rasDialFailed"""
    with Watch(lab, (1,)):
        lab.dial(1)
        row = lab.wait(1, "up")
    equal((used(row), row["Attempts"], row["Failures"], row["LastErrorCode"]), ((1, GOOD), 1, 0, 0))
    equal(len(lab.notifications("rasConnected", 1)), 1)
    lab.hang_up(1)
    row = lab.wait(1, "down")
    equal(used(row), (1, GOOD), "what the last attempt used")
    equal([(c["Destination"], c["Connected"]) for c in lab.history(1)], [(GOOD, "true")])
    equal(lab.sink.take("rasDialFailed", 1), [])


@test()
def all_busy():
    """All are busy: the error is that of the last one, and says so"""
    lab.dial(2)
    row = lab.wait(2, "failed")
    equal((used(row), row["LastErrorCode"], row["Attempts"]), ((2, "setup=20ms,fail=679"), 679, 1))
    check(row["LastErrorText"].startswith("Subentry 2: "), row["LastErrorText"])
    (told,) = lab.notifications("rasDialFailed", 2)
    equal(told["rasConnLastErrorCode"], 679)
    equal([c["ErrorCode"] for c in lab.history(2)], [679])


@test()
def refused():
    """Refused credentials end the walk: the next one would refuse them, too"""
    lab.dial(3)
    row = lab.wait(3, "failed")
    equal((used(row), row["LastErrorCode"]), ((1, "setup=20ms,fail=691"), 691))


@test()
def hang_up():
    """hangUp while the second is tried"""
    lab.dial(4)
    until(lambda: lab.conn(4)["Subentry"] == 1, 10, "the second is tried")
    lab.hang_up(4)
    row = lab.wait(4, "down")
    equal((row["Attempts"], row["Failures"], row["LastErrorCode"]), (1, 1, 631))
    equal(len(lab.history(4)), 1)


@test()
def redial():
    """A redial begins with the entry again"""
    lab.dial(5)
    lab.wait(5, "waitingRedial")
    row = lab.wait(5, "up")
    equal((row["Subentry"], row["Attempts"], row["Failures"]), (0, 2, 1))


@test(60)
def kill():
    """kill -9 while the second is tried: ended with 834, in one row of the history; while it is up: adopted with its destination"""
    lab.dial(1, 4)
    before = lab.wait(1, "up")
    until(lambda: lab.conn(4)["Subentry"] == 1, 10, "the second is tried")
    call = lab.conn(4)["CallId"]
    lab.kill_agent()
    lab.start_agent()
    row = lab.wait(4, "failed")
    equal((row["CallId"], row["LastErrorCode"], used(row)), (call, 834, (1, "setup=60s")))
    equal([c["Destination"] for c in lab.history(4) if c["CallId"] == call], ["setup=60s"])
    row = lab.wait(1, "up")
    equal((row["CallId"], used(row)), (before["CallId"], (1, GOOD)))


run(lab)
