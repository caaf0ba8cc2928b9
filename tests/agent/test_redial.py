# SPDX-License-Identifier: BSD-2-Clause
"""Redial series: how many attempts, when, and what ends them."""
from harness import *

lab = Lab([
    line("series", 1, "setup=40ms,fail=676", redial_max=2, redial_pause=1),
    line("now", 2, "setup=40ms,fail=678", redial_max=4, redial_pause=60),
    line("dropped", 3, "setup=20ms,drop=200ms,dropcode=619", redial_on_drop=True, redial_max=1, redial_pause=1),
    line("hopeless", 4, "setup=20ms,fail=691", redial_max=50, redial_pause=1),
    line("slower", 5, "setup=10ms,fail=678", redial_max=5, redial_pause=1, redial_pause_max=60),
    line("no drop code", 6, "setup=20ms,drop=100ms,dropcode=733", redial_on_drop=True, redial_max=5, redial_pause=1),
    line("persistent", 7, "setup=20ms,drop=300ms,dropcode=628", dial_mode="persistent", redial_pause=1),
    line("long", 8, "setup=60s"),
    line("kept up", 9, "setup=20ms", dial_mode="persistent", redial_pause=1, max_duration=1),
])


@test()
def series():
    """redial-max 2: three attempts, then failed and rasRedialExhausted; the request's number stays with all of them"""
    equal(lab.set(("rasConnAction.1", "dial"), ("rasConnRequestId.1", 71)), "noError")
    for number, left in ((1, 2), (2, 1)):
        row = until(lambda: (lambda r: r if r["Attempts"] == number and r["OperStatus"] == "waitingRedial" else None)(lab.conn(1)), 5,
                    lambda: f"waits after attempt {number}: {lab.conn(1)}")
        equal((row["RedialsLeft"], row["Desired"], row["State"]), (left, "up", "disconnected"), f"after attempt {number}")
        check(row["NextRedial"] <= 1, row)
        check(lab.get("rasEntriesFailed.0") >= 1, "counts as failed meanwhile")
    row = lab.wait(1, "failed")
    equal((row["Attempts"], row["Failures"], row["RedialsLeft"], row["NextRedial"]), (3, 3, 0, 0))
    calls = lab.history(1)
    equal([c["Trigger"] for c in calls], ["snmp", "redial", "redial"])
    equal([c["RequestId"] for c in calls], [71, 71, 71])
    check(calls[0]["CallId"] < calls[1]["CallId"] < calls[2]["CallId"], "call ids rise")
    equal([n["rasConnConsecutiveFailures"] for n in lab.notifications("rasDialFailed", 1, 3)], [1, 2, 3])
    (exhausted,) = lab.notifications("rasRedialExhausted", 1)
    equal((exhausted["rasConnRequestId"], exhausted["rasConnConsecutiveFailures"], exhausted["rasConnOperStatus"]), (71, 3, "failed"))
    # a new request has all its attempts again
    lab.dial(1)
    equal(lab.wait(1, "waitingRedial")["RedialsLeft"], 2)


@test()
def dial_now():
    """dial while a redial is scheduled: at once, also when the limit is reached"""
    equal(lab.set(("rasMaxConcurrentDials.0", 1)), "noError")
    lab.dial(2)
    lab.wait(2, "waitingRedial")
    lab.dial(8)
    lab.wait(8, "dialing", "authenticating")
    lab.dial(2)
    until(lambda: lab.conn(2)["Attempts"] == 2, 3, "dialed at once")
    row = lab.wait(2, "waitingRedial")
    equal(row["Attempts"], 2)
    equal(lab.set(("rasMaxConcurrentDials.0", 0)), "noError")


@test()
def redial_on_drop():
    """A lost link with redial-on-drop is dialed again"""
    lab.dial(3)
    lab.wait(3, "up")
    row = lab.wait(3, "waitingRedial")
    equal((row["LastErrorCode"], row["Drops"], row["Desired"]), (619, 1, "up"))
    (lost,) = lab.notifications("rasDisconnected", 3)
    equal(lost["rasConnOperStatus"], "waitingRedial")
    row = until(lambda: (lambda r: r if r["Successes"] >= 2 else None)(lab.conn(3)), 10, "up again")
    equal([c["Trigger"] for c in lab.history(3)][:1], ["snmp"])
    lab.hang_up(3)
    lab.wait(3, "down")
    check("redial" in [c["Trigger"] for c in lab.history(3)], "the second call was a redial")


@test()
def no_hope():
    """What another attempt cannot mend is not tried again, neither after a failure nor after a loss"""
    lab.dial(4, 6)
    row = lab.wait(4, "failed", timeout=5)
    equal((row["Attempts"], row["RedialsLeft"]), (1, 0))
    equal(len(lab.notifications("rasRedialExhausted", 4)), 1)
    row = lab.wait(6, "failed", timeout=5)
    equal((row["Attempts"], row["LastErrorCode"], row["Drops"]), (1, 733, 1))


@test()
def pause_grows():
    """redial-pause-max: the pause doubles after each failure"""
    lab.dial(5)
    lab.wait(5, "waitingRedial")
    for attempts, low, high in ((2, 1, 3), (3, 3, 5)):
        row = until(lambda: (lambda r: r if r["Attempts"] == attempts and r["OperStatus"] == "waitingRedial" else None)(lab.conn(5)),
                    10, f"{attempts} attempts")
        check(low <= row["NextRedial"] <= high, f"pause after failure {attempts}: {row['NextRedial']} s")


@test()
def persistent():
    """persistent: redialed without a bound until hangUp, which holds over a restart"""
    lab.hang_up(7)
    lab.wait(7, "down")
    lab.dial(7)
    until(lambda: lab.conn(7)["Drops"] >= 2, 15, "lost and dialed again")
    equal(lab.conn(7)["RedialsLeft"], 4294967295)
    equal(lab.conn(7)["Desired"], "up")
    lab.hang_up(7)
    row = lab.wait(7, "down")
    equal((row["Desired"], row["RedialsLeft"]), ("down", 0))
    lab.hang_up(9)
    lab.restart_agent()
    attempts = lab.conn(7)["Attempts"]
    lab.dial(8)
    lab.wait(8, "dialing", "authenticating")
    equal((lab.status(7), lab.conn(7)["Attempts"]), ("down", attempts), "hangUp holds over a restart")


@test()
def persistent_max_duration():
    """The longest duration of a persistent call ends it, and it is dialed again"""
    lab.hang_up(9)
    lab.wait(9, "down")
    before = lab.conn(9)["Successes"]
    lab.dial(9)
    row = until(lambda: (lambda r: r if r["Successes"] >= before + 2 else None)(lab.conn(9)), 15, "up again")
    equal((row["LastErrorCode"], row["LastCause"], row["Drops"], row["Desired"]), (932, "maxDuration", 0, "up"))


run(lab)
