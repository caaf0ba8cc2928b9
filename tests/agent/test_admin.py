# SPDX-License-Identifier: BSD-2-Clause
"""rasAdminMode, and the size of the history."""
from harness import *

lab = Lab([
    line("up", 1, "setup=30ms"),
    line("trying", 2, "setup=60s"),
    line("waiting", 3, "setup=20ms,fail=678", redial_max=5, redial_pause=60),
    line("up too", 4, "setup=30ms"),
    line("persistent", 5, "setup=30ms", dial_mode="persistent", redial_pause=1),
    line("fails", 6, "setup=20ms,fail=691"),
    line("slow", 7, "setup=1s"),
    line("lost", 8, "setup=20ms,drop=1s", redial_on_drop=True, redial_max=5, redial_pause=1),
])


def mode(name):
    equal(lab.set(("rasAdminMode.0", name)), "noError", f"rasAdminMode {name}")


@test()
def drain():
    """drain: no new call, no redial, no rasRedialExhausted; what is up stays; what is set up goes on"""
    lab.dial(1, 3, 7, 8)
    lab.wait_all((1,), "up")
    lab.wait(3, "waitingRedial")
    mode("drain")
    row = lab.wait(3, "failed", timeout=5)
    equal((row["Desired"], row["RedialsLeft"], row["NextRedial"], row["Attempts"]), ("up", 0, 0, 1))
    equal(lab.status(1), "up")
    for index in (1, 2, 3, 6):
        for action in ("dial", "redial"):
            equal(lab.set((f"rasConnAction.{index}", action)), "inconsistentValue", f"{action} of {index} under drain")
    equal(lab.set(("rasConnAction.1", "noAction")), "noError")
    lab.wait(7, "up")
    lab.wait(8, "failed")
    equal(lab.sink.take("rasRedialExhausted", 3) + lab.sink.take("rasRedialExhausted", 8), [])
    lab.hang_up(1)
    lab.wait(1, "down")
    mode("enabled")
    lab.dial(1)
    lab.wait(1, "up")


@test()
def disabled():
    """disabled: every call is ended with 929, no dial is accepted; back in enabled, manual entries stay down"""
    lab.quiet()
    lab.dial(1, 2, 3, 4, 5)
    lab.wait_all((1, 4, 5), "up")
    lab.wait(2, "dialing", "authenticating")
    lab.wait(3, "waitingRedial")
    with Watch(lab, (1, 2, 3, 4, 5)):
        mode("disabled")
        lab.wait_all((1, 2, 3, 4, 5), "down", "failed")
    for index in (1, 2, 4, 5):
        row = lab.conn(index)
        equal((row["LastErrorCode"], row["LastCause"]), (929, "localRequest"), f"row {index}")
        equal(lab.history(index)[-1]["ErrorCode"], 929)
    equal(lab.notifications("rasDisconnected", 1)[-1]["rasConnLastErrorCode"], 929)
    equal(lab.sink.take("rasDialFailed", 2), [], "a cancelled attempt is not told as failed")
    equal([lab.conn(i)["Desired"] for i in (1, 4, 5)], ["up"] * 3, "still wanted")
    equal(lab.set(("rasConnAction.1", "dial")), "inconsistentValue")
    until(lambda: lab.get("rasThreads.0") == 0, 5, "all threads end")
    mode("enabled")
    lab.dial(6)
    lab.wait(6, "failed")
    equal([lab.status(i) in ("down", "failed") for i in (1, 2, 3, 4)], [True] * 4, "manual ones stay down")
    lab.dial(1)
    lab.wait(1, "up")


@test()
def kept():
    """The mode is kept over a restart: drain with a link that is up, then disabled"""
    lab.dial(1, 4)
    call = lab.wait(1, "up")["CallId"]
    lab.wait(4, "up")
    mode("drain")
    lab.hang_up(4)
    lab.wait(4, "down")
    lab.restart_agent()
    equal(lab.get("rasAdminMode.0"), "drain")
    equal(lab.wait(1, "up")["CallId"], call)
    equal(lab.status(4), "down")
    mode("disabled")
    lab.wait(1, "down", "failed")
    lab.kill_agent()
    lab.start_agent()
    equal(lab.get("rasAdminMode.0", "rasThreads.0"), ["disabled", 0])
    mode("enabled")


@test(40)
def history_size():
    """rasHistMaxEntries: the oldest go, counted; a lower value acts at once; 0 keeps none but counts and tells go on"""
    other = Lab([line("fails", 1, "setup=10ms,fail=691"), line("up", 2, "setup=10ms")], agent={"history": {"max_entries": 5}})
    try:
        other.begin()

        def fail(times):
            for _ in range(times):
                before = other.conn(1)["Failures"]
                other.dial(1)
                until(lambda: other.conn(1)["Failures"] == before + 1, 5)
                other.wait(1, "failed")
        fail(8)
        equal([c["Index"] for c in other.history()], [4, 5, 6, 7, 8])
        equal(other.get("rasHistEntries.0", "rasHistNewest.0", "rasHistEvicted.0"), [5, 8, 3])
        equal(other.set(("rasHistMaxEntries.0", 2)), "noError")
        until(lambda: [c["Index"] for c in other.history()] == [7, 8], 10, lambda: other.history())
        equal(other.get("rasHistEntries.0", "rasHistNewest.0"), [2, 8])
        equal(other.set(("rasHistMaxEntries.0", 100)), "noError")
        fail(1)
        equal([c["Index"] for c in other.history()], [7, 8, 9])
        rows = other.history()
        other.restart_agent()
        equal(other.history(), rows, "kept over a restart")
        mark = other.sink.mark()
        equal(other.set(("rasHistMaxEntries.0", 0)), "noError")
        until(lambda: other.get("rasHistEntries.0") == 0, 10, "no history")
        fail(2)
        equal(other.history(), [])
        equal(len(other.notifications("rasDialFailed", 1, 2, mark)), 2)
        equal(other.conn(1)["Failures"], 11)
        equal(other.set(("rasHistMaxEntries.0", 3)), "noError")
        fail(1)
        (row,) = other.history()
        check(row["Index"] > 9, "numbers go on rising")
        equal(other.conn(1)["LastHistIndex"], row["Index"])
        equal(other.get("rasHistNewest.0"), row["Index"])
    finally:
        other.finish()


run(lab)
