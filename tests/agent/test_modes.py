# SPDX-License-Identifier: BSD-2-Clause
"""Dial modes autoStart and persistent: what the agent dials by itself, and how it waits for a place."""

from harness import *

MANY = list(range(1, 21))
lab = Lab([line(f"auto{i}", i, "setup=300ms", dial_mode="auto-start") for i in MANY] + [
    line("by hand", 21, "setup=30ms"),
    line("kept up", 22, "setup=30ms", dial_mode="persistent", redial_pause=1),
], agent={"max_concurrent_dials": 5})


def wait_up(*indices, timeout=30):
    lab.wait_all(indices, "up", timeout=timeout)


@test(60)
def twenty_with_five_places():
    """autoStart with 20 entries and 5 places: all come up, never more than 5 at a time, without a failure"""
    wait_up(*MANY, 22)
    lab.stop_agent()
    lab.start_agent(wait=False)
    lab.wait_agent()
    wait_up(*MANY, 22)
    lab.hang_up(*MANY, 22)
    lab.wait_all((*MANY, 22), "down")
    lab.dial(*MANY[:5])
    wait_up(*MANY[:5])
    lab.hang_up(*MANY[:5])
    lab.wait_all(MANY[:5], "down")
    calls = [c for c in lab.history() if c["Trigger"] == "autoStart"]
    equal(sorted(c["EntryIndex"] for c in calls), [*MANY, 22], "each was started by the agent, once")
    equal([c["CallId"] for c in calls if c["Connected"] != "true"], [])
    equal(lab.column("rasConnFailures"), {i: 0 for i in (*MANY, 21, 22)})


@test(60)
def in_their_turn():
    """Those without a place wait in waiting(9): no call, no failure; a dial changes nothing, a request for another is refused"""
    slow = Lab([line(f"auto{i}", i, "setup=60s", dial_mode="auto-start") for i in MANY] + [line("by hand", 21, "setup=30ms")],
               agent={"max_concurrent_dials": 5})
    try:
        slow.begin()
        slow.wait_all(MANY[:5], "dialing")
        equal([slow.status(i) for i in MANY[5:]], ["waiting"] * 15)
        equal(slow.get("rasDialsInProgress.0", "rasDialAttempts.0", "rasThreads.0"), [5, 5, 20])
        row = slow.conn(9)
        equal((row["State"], row["CallId"], row["Desired"], row["ThreadState"], row["Attempts"]),
              ("disconnected", 0, "up", "waiting", 0))
        equal(slow.set(("rasConnAction.9", "dial")), "noError")
        equal(slow.status(9), "waiting")
        equal(slow.set(("rasConnAction.21", "dial")), "resourceUnavailable")
        with Watch(slow, (1, 6, 7, 20)):
            slow.hang_up(6)
            row = slow.wait(6, "down")
            equal((row["Attempts"], row["LastHistIndex"], row["LastErrorCode"], row["Desired"]), (0, 0, 0, "down"))
            slow.hang_up(1)
            slow.wait(7, "dialing")
            equal(slow.status(8), "waiting")
        equal(slow.set(("rasMaxConcurrentDials.0", 0)), "noError")
        slow.wait_all(MANY[7:], "dialing", "authenticating")
        slow.kill_agent()
        slow.start_agent()
        slow.wait_all([i for i in MANY if i not in (1, 6)], "dialing", "authenticating")
        equal([slow.conn(i)["Attempts"] for i in (1, 6, 7, 8)], [1, 0, 2, 2])
        equal(slow.conn(8)["LastErrorCode"], 834)
        equal(slow.set(("rasConnAction.21", "dial")), "noError")
    finally:
        slow.finish()


@test(60)
def enabled_again():
    """rasAdminMode: back in enabled, those that are wanted are dialed; those hung up are not"""
    lab.dial(1, 2, 21, 22)
    wait_up(1, 2, 21, 22)
    lab.hang_up(2)
    lab.wait(2, "down")
    equal(lab.set(("rasAdminMode.0", "disabled")), "noError")
    lab.wait_all((1, 21, 22), "down", "failed")
    equal(lab.set(("rasAdminMode.0", "enabled")), "noError")
    wait_up(1, 22)
    equal([lab.status(i) for i in (2, 3, 21)], ["down"] * 3)
    lab.hang_up(1)
    lab.wait(1, "down")
    equal(lab.history(1)[-1]["Trigger"], "autoStart")


@test(60)
def reloaded():
    """A reload brings entries that are dialed by the agent; what was hung up stays so"""
    lab.hang_up(22)
    entries = lab.entries
    lab.write_config(entries=[*entries, line("new auto", 31, "setup=30ms", dial_mode="auto-start"),
                              line("new kept up", 32, "setup=30ms", dial_mode="persistent"), line("new by hand", 33, "setup=30ms")])
    lab.hup()
    lab.wait(31, "up")
    lab.wait(32, "up")
    equal([lab.status(i) for i in (22, 33)], ["down"] * 2)
    lab.hang_up(31, 32)
    lab.wait_all((31, 32), "down")


run(lab)
