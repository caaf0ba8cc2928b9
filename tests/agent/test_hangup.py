# SPDX-License-Identifier: BSD-2-Clause
"""Hang-up in every state, requests while it goes on, a line that does not obey."""
import time

from harness import *

SETUP = ["openPort", "portOpened", "connectDevice", "deviceConnected", "allDevicesConnected", "authenticate", "authNotify",
         "authProject", "authAck", "authenticated", "projected"]
IN_STATE = {10 + i: state for i, state in enumerate(SETUP)}

lab = Lab([line(state, i, "setup=4400ms") for i, state in IN_STATE.items()]
          + [line("up", 1, "setup=50ms"),
             line("waiting", 2, "setup=20ms,fail=678", redial_max=5, redial_pause=60),
             line("failed", 3, "setup=20ms,fail=691"),
             line("held", 4, "setup=60s"),
             line("limits", 5, "setup=60s")])


@test(40)
def in_each_state():
    """hangUp in each state of the set-up: gone, a history row with localRequest, no rasDialFailed"""
    lab.dial(*IN_STATE)
    waiting = dict(IN_STATE)

    def hang_up_those_that_are_there():
        for index, state in lab.column("rasConnState").items():
            if state == waiting.get(index):
                lab.hang_up(index)
                del waiting[index]
            elif index in waiting:
                check(state in SETUP and SETUP.index(state) < SETUP.index(waiting[index]), f"{index} missed {waiting[index]}: {state}")
        return not waiting
    with Watch(lab, list(IN_STATE)):
        until(hang_up_those_that_are_there, 20, lambda: f"states seen, but {waiting}", pause=0.005)
        lab.wait_all(IN_STATE, "down")
    for index, state in IN_STATE.items():
        row = lab.conn(index)
        (call,) = lab.history(index)
        equal((row["LastCause"], row["LastErrorCode"], row["State"], row["Desired"]), ("localRequest", 631, "disconnected", "down"))
        equal((call["Cause"], call["ErrorCode"], call["Connected"]), ("localRequest", 631, "false"), f"history of {state}")
        # on a busy machine the next state may have come before the request
        check(SETUP.index(call["ErrorState"]) - SETUP.index(state) in (0, 1), f"{call['ErrorState']}, hung up in {state}")
        equal((row["Attempts"], row["Failures"], row["Successes"], row["ConsecutiveFailures"]), (1, 1, 0, 0), f"{state}: counters")
        equal(lab.sink.take(None, index), [], "notifications")


@test()
def while_up():
    """hangUp while up: rasDisconnected with localRequest; a second hangUp has no effect"""
    lab.dial(1)
    up = lab.wait(1, "up")
    lab.hang_up(1)
    lab.hang_up(1)
    row = lab.wait(1, "down")
    equal((row["LastCause"], row["Drops"], row["Failures"], row["CallId"]), ("localRequest", 0, 0, up["CallId"]))
    (told,) = lab.notifications("rasDisconnected", 1)
    equal((told["rasConnLastCause"], told["rasConnOperStatus"], told["rasConnLastErrorCode"]), ("localRequest", "down", 631))
    lab.hang_up(1)
    equal(lab.conn(1), row, "hangUp while down")


@test()
def while_waiting():
    """hangUp while a redial is scheduled: down, no attempt, no history row, no rasRedialExhausted"""
    lab.dial(2)
    row = lab.wait(2, "waitingRedial")
    check(50 <= row["NextRedial"] <= 60 and row["RedialsLeft"] == 5, row)
    equal(row["ThreadState"], "waiting")
    lab.hang_up(2)
    row = lab.wait(2, "down")
    equal((row["NextRedial"], row["RedialsLeft"], row["Desired"], row["Attempts"]), (0, 0, "down", 1))
    equal(len(lab.history(2)), 1)
    equal(lab.sink.take("rasRedialExhausted", 2), [])


@test()
def while_failed():
    """hangUp of a failed row is accepted; nothing is wanted any more"""
    lab.dial(3)
    lab.wait(3, "failed")
    equal(lab.get("rasConnDesired.3"), "up")
    lab.hang_up(3)
    until(lambda: lab.get("rasConnDesired.3") == "down", 10, "nothing is wanted")
    equal(len(lab.history(3)), 1)


@test()
def many_at_once():
    """dial and hangUp one after the other, many times: every attempt ends and is accounted for"""
    for _ in range(20):
        lab.dial(4)
        lab.hang_up(4)
        lab.wait(4, "down")
    row = lab.conn(4)
    equal((row["Attempts"], row["Failures"]), (20, 20))
    equal(len(lab.history(4)), 20)


def stuck_lab():
    """A line that ignores hang-ups for 30 s, and a short patience of the agent."""
    other = Lab([line("stuck", 1, "setup=20ms,stuck"), line("good", 2, "setup=20ms"), line("sticky", 3, "setup=60s,stuck")],
                agent={"hang_up_timeout": 2})
    other.begin()
    return other


@test(60)
def stuck():
    """A line that does not hang up: hangingUp, no dial meanwhile, rasThreadStuck, and the agent still ends within 5 s"""
    other = stuck_lab()
    try:
        other.dial(1, 3)
        call = other.wait(1, "up")["CallId"]
        other.wait(3, "dialing", "authenticating")
        other.hang_up(1, 3)
        equal(other.conn(1)["OperStatus"], "hangingUp")
        equal(other.conn(1)["ThreadState"], "cancelling")
        other.check_sums()
        for action in ("dial", "redial"):
            for index in (1, 3):
                equal(other.set((f"rasConnAction.{index}", action)), "inconsistentValue", f"{action} while hanging up")
        for action in ("hangUp", "noAction", "clearError"):
            equal(other.set(("rasConnAction.1", action)), "noError", f"{action} while hanging up")
        equal(other.get("rasDialsRejected.0"), 4)
        for index in (1, 3):
            (told,) = other.notifications("rasThreadStuck", index, timeout=10)
            row = other.conn(index)
            equal((row["ThreadState"], row["OperStatus"]), ("stuck", "hangingUp"))
            equal((told["rasConnThreadId"], told["rasEntryName"], told["rasAgentName"]),
                  (row["ThreadId"], "stuck" if index == 1 else "sticky", "lab"))
        equal(other.sink.take("rasThreadStuck", 1)[0]["rasConnCallId"], call)
        # others are not disturbed
        other.dial(2)
        other.wait(2, "up")
        other.check_sums()
        time.sleep(0.5)
        equal(len(other.sink.take("rasThreadStuck")), 2, "told once for each")
    finally:
        other.finish()


@test(60)
def stuck_and_hung_up_at_the_end():
    """on-exit: hang-up with a line that does not obey: the agent ends within 5 s all the same"""
    other = Lab([line("stuck", 1, "setup=20ms,stuck"), line("good", 2, "setup=20ms")], agent={"on_exit": "hang-up"})
    try:
        other.begin()
        other.dial(1, 2)
        other.wait_all((1, 2), "up")
        other.stop_agent()
        other.start_agent()
        row = other.wait(2, "down")
        equal((row["LastCause"], row["Successes"], len(other.history(2))), ("localRequest", 1, 1))
        other.check_sums()
    finally:
        other.finish()


@test(60)
def stuck_over_a_restart():
    """A line that was stuck when the agent ended is still to be hung up at the next start, and is counted once"""
    other = stuck_lab()
    try:
        other.dial(1)
        call = other.wait(1, "up")["CallId"]
        other.hang_up(1)
        other.notifications("rasThreadStuck", 1)
        for end in (other.stop_agent, other.kill_agent):
            end()
            other.start_agent()
            row = other.wait(1, "hangingUp", "down")
            equal((row["CallId"], row["Attempts"], row["Successes"], row["Desired"]), (call, 1, 1, "down"))
            other.check_sums()
            equal(other.set(("rasConnAction.1", "dial")), "inconsistentValue" if row["OperStatus"] == "hangingUp" else "noError")
        equal(len(other.sink.take("rasConnected", 1)), 1)
    finally:
        other.finish()


run(lab)
