# SPDX-License-Identifier: BSD-2-Clause
"""A reload at awkward moments: attempts under way, redial waits, hang-ups, lines that do not obey; and settings that it changes."""
import os

from harness import *
from reloads import ReloadLab

FAILS = {"redial_max": 3, "redial_pause": 60}
ENTRIES = {e["name"]: e for e in (
    line("up", 1, "setup=20ms"),
    line("dialing", 2, "setup=1500ms"),
    line("fails", 3, "setup=1s,fail=678", redial_max=3, redial_pause=1),
    line("waiting", 4, "setup=10ms,fail=678", **FAILS),
    line("soon", 5, "setup=10ms,fail=678", redial_max=3, redial_pause=2),
    line("stuck", 6, "setup=10ms,stuck"),
    line("never", 7, "setup=60s"),
    line("drops", 8, "setup=10ms,drop=1s", redial_on_drop=True, redial_max=2, redial_pause=1),
    line("idle", 9, "setup=10ms"),
)}
lab = ReloadLab(ENTRIES.values(), agent={"hang_up_timeout": 2}, books=("history",))


def reload(changes=(), without=(), agent=None):
    """The file with some entries changed, {name: keys}, and some left out."""
    changes = dict(changes)
    lab.reload([{**e, **changes.get(name, {})} for name, e in ENTRIES.items() if name not in without], agent)


def at(name):
    return ENTRIES[name]["index"]


def calls(name):
    """History rows of an entry: (connected, error, destination)."""
    return [(r["Connected"], r["ErrorCode"], r["Destination"]) for r in lab.history() if r["EntryName"] == name]


def in_setup(*names):
    lab.wait_all([at(n) for n in names], "dialing", "authenticating")


@test(60)
def line_that_does_not_obey():
    """An entry whose hang-up is stuck goes from the tables at once; back again it hangs up still, and is dialed only after that"""
    lab.dial(at("stuck"))
    call = lab.wait(at("stuck"), "up")["CallId"]
    reload(without=["stuck"])
    check(lab.raw("rasConnOperStatus.6").type == "noSuchInstance", "the row is gone")
    equal(lab.get("rasThreads.0", "rasEntries.0"), [1, len(ENTRIES) - 1], "its thread is not")
    reload()
    row = lab.conn(at("stuck"))
    equal((row["OperStatus"], row["CallId"], row["Attempts"], row["Successes"]), ("hangingUp", call, 1, 1))
    equal(lab.set(("rasConnAction.6", "dial")), "inconsistentValue")
    until(lambda: lab.conn(at("stuck"))["ThreadState"] == "stuck", 10, lambda: lab.conn(at("stuck")))
    reload({"stuck": {"destination": "setup=15ms"}})
    equal(lab.status(at("stuck")), "hangingUp")
    lab.hang_up(at("stuck"))
    row = lab.wait(at("stuck"), "down", timeout=45)
    equal((row["CallId"], row["LastErrorCode"]), (call, 631))
    lab.dial(at("stuck"))
    equal(lab.wait(at("stuck"), "up")["Destination"], "setup=15ms")
    reload()


@test(60)
def attempts_under_way():
    """A changed entry ends its attempt as it began it, and its redial is made as the file says now; a removed one is hung up"""
    lab.dial(at("dialing"), at("fails"), at("never"))
    in_setup("dialing", "fails", "never")
    before = {n: lab.conn(at(n))["CallId"] for n in ("dialing", "fails", "never")}
    reload({"dialing": {"destination": "setup=10ms,fail=691"}, "fails": {"destination": "setup=30ms"}}, without=["never"])
    equal({n: lab.conn(at(n))["CallId"] for n in ("dialing", "fails")}, {n: before[n] for n in ("dialing", "fails")})
    row = lab.wait(at("dialing"), "up")
    equal((row["CallId"], row["Destination"]), (before["dialing"], "setup=1500ms"), "what began goes on")
    row = lab.wait(at("fails"), "up")
    equal((row["Attempts"], row["Failures"], row["Destination"]), (2, 1, "setup=30ms"), "the redial is made anew")
    until(lambda: calls("never") == [("false", 631, "setup=60s")], 5, lambda: calls("never"))
    equal([r["CallId"] for r in lab.history() if r["EntryName"] == "never"], [before["never"]])
    lab.act("redial", at("dialing"))
    equal(lab.wait(at("dialing"), "failed")["Destination"], "setup=10ms,fail=691")
    reload()
    equal(lab.conn(at("never"))["Attempts"], 1)


@test(60)
def redial_waits():
    """An entry that waits for its redial is dialed as the file says then; what does not matter to the wait does not end it"""
    lab.dial(at("waiting"), at("soon"))
    lab.wait_all([at("waiting"), at("soon")], "waitingRedial")
    before = lab.conn(at("waiting"))
    reload({"waiting": {"descr": "changed", **FAILS}, "soon": {"destination": "setup=30ms"}})
    row = lab.conn(at("waiting"))
    equal({c: row[c] for c in ("OperStatus", "CallId", "RedialsLeft", "ThreadId", "Attempts")},
          {c: before[c] for c in ("OperStatus", "CallId", "RedialsLeft", "ThreadId", "Attempts")})
    check(40 < row["NextRedial"] <= before["NextRedial"], f"next redial in {row['NextRedial']} s")
    row = lab.wait(at("soon"), "up")
    equal((row["Attempts"], row["Destination"]), (2, "setup=30ms"))
    reload({"waiting": {"destination": "setup=40ms"}})
    lab.dial(at("waiting"))
    equal(lab.wait(at("waiting"), "up")["Destination"], "setup=40ms", "dialed before its time")
    reload(without=["waiting", "soon"])
    until(lambda: lab.get("rasThreads.0") == 0, 5, "both calls end")
    equal(calls("waiting")[-1], ("true", 631, "setup=40ms"))
    reload()


@test(60)
def removed_while_waiting():
    """An entry that goes while it waits for its redial is not dialed any more, nor when it is back"""
    lab.dial(at("soon"))
    row = lab.wait(at("soon"), "waitingRedial")
    rows = calls("soon")
    reload(without=["soon"])
    until(lambda: lab.get("rasThreads.0") == 0, 5, "its thread ends")
    reload()
    after = lab.conn(at("soon"))
    equal((after["OperStatus"], after["Attempts"], after["RedialsLeft"], after["CallId"]), ("down", row["Attempts"], 0, row["CallId"]))
    equal(calls("soon"), rows, "the wait is no call")


@test(60)
def while_calls_come_and_go():
    """Reloads every few milliseconds while lines fail, drop and are redialed: sums agree, no call is lost"""
    names = ("up", "fails", "soon", "drops", "idle")
    lab.dial(*(at(n) for n in names))
    call = lab.wait(at("up"), "up")["CallId"]
    with Watch(lab, [at(n) for n in names]) as watch:
        for number in range(60):
            reload({"fails": {"descr": f"{number}"}, "drops": {"destination": f"setup=10ms,drop={50 + number}ms"},
                    "soon": {"redial_pause": 1 + number % 2, "destination": f"setup={number}ms,fail=678"}})
            if number % 4 == 0:
                lab.set(("rasConnAction.9", "redial"))
                lab.set(("rasConnAction.5", "dial"))
        until(lambda: len(watch.times) > 10, 10, "polling goes on")
    equal((lab.conn(at("up"))["CallId"], lab.status(at("up"))), (call, "up"))
    reload()


@test(60)
def swapped_while_up():
    """Two entries change their indices while their links are up: each keeps its call, also over a restart and a hang-up of the other"""
    lab.dial(at("up"), at("idle"))
    lab.wait_all([at("up"), at("idle")], "up")
    before = {n: lab.conn(at(n)) for n in ("up", "idle")}
    swapped = {"up": {"index": at("idle")}, "idle": {"index": at("up")}}
    reload(swapped)

    def same(name, index):
        row = lab.conn(index)
        equal({c: row[c] for c in ("OperStatus", "CallId", "StartTime", "Attempts")},
              {c: before[name][c] for c in ("OperStatus", "CallId", "StartTime", "Attempts")}, name)
    same("up", at("idle"))
    same("idle", at("up"))
    lab.hang_up(at("idle"))
    lab.wait(at("idle"), "down")
    same("idle", at("up"))
    lab.dial(at("idle"))
    before["up"] = lab.wait(at("idle"), "up")
    equal(sorted(n for n in os.listdir(lab.run_dir) if n.endswith(".link")),
          sorted(f"{row['CallId']}.link" for row in before.values()))
    lab.kill_agent()
    lab.start_agent()
    same("up", at("idle"))
    same("idle", at("up"))
    reload()
    same("up", at("up"))
    same("idle", at("idle"))


# ---- settings ----

@test(60)
def settings():
    """Keys of the agent that a reload may change hold from then on"""
    other = ReloadLab([line("hq", 1, "setup=20ms"), line("far", 2, "setup=60s")], books=())
    try:
        other.begin()
        new = (("rasEntryName.5", "new"), ("rasEntryDeviceType.5", "loopback"), ("rasEntryRowStatus.5", "createAndGo"))
        equal(other.set(*new), "noCreation")
        other.reload(agent={"name": "other name", "max_entries": 77, "max_concurrent_dials": 1, "allow_snmp_entries": True,
                            "notifications": {"types": ["connected"], "min_interval": 9, "queue": 4}, "log": {"level": "debug"},
                            "history": {"max_entries": 12, "retain_time": 34}})
        equal(other.get("rasAgentName.0", "rasMaxEntries.0", "rasMaxConcurrentDials.0", "rasNotifyMinInterval.0", "rasHistMaxEntries.0",
                        "rasHistRetainTime.0", "rasNotifyTypes.0"), ["other name", 77, 1, 9, 12, 34, {"connected"}])
        equal(other.set(*new), "noError")
        other.dial(1)
        other.wait(1, "up")
        equal(other.notifications("rasConnected", 1)[0]["rasAgentName"], "other name")
        equal(len(other.sink.take("rasConfigChange")), 0, "is not among the types")
        check("debug:" in other.agent.log(), "the level of the log")
        other.dial(2)
        equal(other.set(("rasConnAction.5", "dial")), "resourceUnavailable", "one dial at a time")
        other.reload(agent={"max_concurrent_dials": 0, "allow_snmp_entries": False, "allow_device_types": []})
        equal(other.set(("rasEntryDescr.5", "text")), "notWritable")
        equal(other.status(5), "notReady", "a row of a type that is not allowed any more")
        other.reload(agent={"admin_mode": "disabled", "allow_device_types": ["loopback"]})
        until(lambda: other.get("rasThreads.0") == 0, 10, "the mode ends all calls")
        equal([other.conn(i)["LastErrorCode"] for i in (1, 2)], [929, 929])
        other.reload(agent={"admin_mode": "enabled", "allow_snmp_entries": True})
        other.dial(5, 1)
        other.wait_all((5, 1), "up")
        other.reload(agent={"on_exit": "hang-up"})
        other.stop_agent()
        other.start_agent()
        equal([other.status(i) for i in (5, 1)], ["down", "down"], "links end with the agent")
    finally:
        other.finish()


@test(60)
def set_over_snmp():
    """What SNMP has set stays over reloads of a file that says the same as before, and gives way to one that says something else"""
    other = ReloadLab([line("hq", 1, "setup=20ms")], agent={"max_concurrent_dials": 5}, books=())
    try:
        other.begin()
        equal(other.set(("rasMaxConcurrentDials.0", 9), ("rasHistRetainTime.0", 50)), "noError")
        wanted = [9, 50]

        def holds():
            return other.get("rasMaxConcurrentDials.0", "rasHistRetainTime.0")
        other.reload()
        equal(holds(), wanted)
        other.reload([line("hq", 1, "setup=30ms")], {"name": "new"})
        equal(holds(), wanted)
        other.reload(agent={"max_concurrent_dials": 6})
        equal(holds(), [6, 50])
        other.restart_agent()
        equal(holds(), [6, 50])
        other.reload(agent={"max_concurrent_dials": 5})
        equal(holds(), [5, 50])
        other.kill_agent()
        other.start_agent()
        equal(holds(), [5, 50])
    finally:
        other.finish()


run(lab)
