# SPDX-License-Identifier: BSD-2-Clause
"""rasdiald ends in every manner and starts again: links stay, attempts are accounted for, nothing that was answered is lost."""
import glob
import os
import random
import shutil
import time

from harness import *

lab = Lab([
    line("up", 1, "setup=30ms"),
    line("setup", 2, "setup=60s"),
    line("due", 3, "setup=20ms,drop=1200ms,dropcode=628"),
    line("later", 4, "setup=20ms,drop=4s"),
    line("series", 5, "setup=20ms,fail=678", redial_max=5, redial_pause=60),
    line("overdue", 6, "setup=20ms,fail=679", redial_max=2, redial_pause=1),
    line("failed", 7, "setup=20ms,fail=691"),
    line("request", 9, "setup=30ms"),
    line("answered", 10, "setup=60s"),
    line("no index a", None, "setup=20ms"),
    line("no index b", None, "setup=20ms"),
    line("loses record", 20, "setup=30ms"),
])
KEPT = ("CallId", "StartTime", "Attempts", "Successes", "Failures", "Drops", "IfName", "LocalAddr", "RequestId", "Desired")


def kept(row):
    return {k: row[k] for k in KEPT}


@test(90)
def fifty_up_and_fifty_in_setup():
    """kill -9 with 50 links up and 50 attempts under way: adopted, or ended and accounted for"""
    up, trying = list(range(1, 51)), list(range(51, 101))
    other = Lab([line(f"e{i}", i, "setup=30ms" if i <= 50 else "setup=60s") for i in up + trying])
    try:
        other.begin()
        other.dial(*up)
        other.dial(*trying)
        other.wait_all(up, "up")
        other.wait_all(trying, "dialing", "authenticating")
        before = {i: other.conn(i) for i in up + trying}
        octets = other.column("rasStatsInOctets")
        other.notifications("rasConnected", count=50)
        other.kill_agent()
        other.start_agent()
        other.wait_all(up, "up")
        other.wait_all(trying, "failed")
        other.check_sums()
        for i in up:
            row = other.conn(i)
            equal(kept(row), kept(before[i]), f"adopted row {i}")
            check(row["ThreadId"] > 0 and row["Duration"] >= before[i]["Duration"], f"row {i}: {row}")
        for i, number in other.column("rasStatsInOctets").items():
            check(number >= octets[i], f"counter of {i} went back from {octets[i]} to {number}")
        for i in trying:
            row = other.conn(i)
            equal((row["Attempts"], row["Failures"], row["LastErrorCode"], row["LastCause"], row["CallId"]),
                  (1, 1, 834, "internalError", before[i]["CallId"]), f"row {i}")
        history = other.history()
        equal(sorted(c["EntryIndex"] for c in history), trying)
        equal({(c["ErrorCode"], c["Cause"], c["Connected"], c["RequestId"]) for c in history}, {(834, "internalError", "false", 0)})
        other.notifications("rasDialFailed", count=50)
        other.after_test()
        equal(len(other.sink.take("rasConnected")), 50, "an adopted link is not told again")
    finally:
        other.finish()


@test()
def links_outlive_the_agent():
    """SIGTERM leaves links up; the next agent goes on with them; a hang-up then ends them"""
    lab.dial(1, 2)
    before = lab.wait(1, "up")
    lab.wait(2, "dialing", "authenticating")
    lab.restart_agent()
    row = lab.wait(1, "up")
    equal(kept(row), kept(before))
    row = lab.wait(2, "failed")
    equal((row["Attempts"], row["Failures"], row["LastErrorCode"]), (1, 1, 834))
    lab.notifications("rasDialFailed", 2)
    lab.kill_agent()
    lab.start_agent()
    equal(kept(lab.wait(1, "up")), kept(before), "adopted twice")
    lab.hang_up(1)
    lab.wait(1, "down")
    (call,) = lab.history(1)
    equal((call["CallId"], call["Connected"], call["Cause"]), (before["CallId"], "true", "localRequest"))


@test()
def drop_while_away():
    """A link that was lost while no agent ran is reported at the next start; one that is not due yet goes on"""
    lab.dial(3, 4)
    before = lab.wait(3, "up")
    lab.wait(4, "up")
    up_since = time.monotonic()
    lab.kill_agent()
    until(lambda: time.monotonic() - up_since > 1.4, 5)
    lab.start_agent()
    row = lab.wait(3, "failed")
    equal((row["LastErrorCode"], row["LastCause"], row["Drops"], row["CallId"]), (628, "linkLost", 1, before["CallId"]))
    (call,) = lab.history(3)
    equal((call["Connected"], call["ErrorCode"], call["CallId"]), ("true", 628, before["CallId"]))
    equal(lab.notifications("rasDisconnected", 3)[0]["rasConnLastErrorCode"], 628)
    equal(lab.status(4), "up")
    lab.wait(4, "failed", timeout=15)
    took = time.monotonic() - up_since
    check(3 < took < 12, f"the link that drops after 4 s did so after {took:.1f} s")


@test()
def series_goes_on():
    """A redial series goes on after kill -9 with its count; dial then dials at once"""
    equal(lab.set(("rasConnAction.5", "dial"), ("rasConnRequestId.5", 55)), "noError")
    before = lab.wait(5, "waitingRedial")
    lab.kill_agent()
    lab.start_agent()
    row = lab.wait(5, "waitingRedial")
    for column in ("RedialsLeft", "ConsecutiveFailures", "Attempts", "Failures", "CallId", "RequestId", "LastErrorCode",
                   "LastErrorText", "LastErrorTime", "LastCause", "LastHistIndex"):
        equal(row[column], before[column], column)
    check(30 <= row["NextRedial"] <= 60, f"next redial in {row['NextRedial']} s")
    equal(row["ThreadState"], "waiting")
    lab.dial(5)
    until(lambda: lab.conn(5)["Attempts"] == 2, 10, "dialed at once")
    lab.wait(5, "waitingRedial")
    equal([(c["Trigger"], c["ErrorCode"]) for c in lab.history(5)], [("snmp", 678), ("snmp", 678)])


@test()
def overdue_redial():
    """A redial that fell due while no agent ran is made soon after the start, and the series ends as it should"""
    lab.dial(6)
    lab.wait(6, "waitingRedial")
    lab.kill_agent()
    lab.start_agent()
    row = lab.wait(6, "failed", timeout=15)
    equal((row["Attempts"], row["Failures"], row["RedialsLeft"]), (3, 3, 0))
    equal(len(lab.notifications("rasRedialExhausted", 6)), 1)


@test()
def everything_is_kept():
    """Counters, history, last error, call ids, indices and wishes are there after SIGTERM and after kill -9"""
    lab.dial(7)
    lab.wait(7, "failed")
    for end in (lab.stop_agent, lab.kill_agent):
        rows = {i: {k: v for k, v in r.items() if k not in ("ThreadId", "LastChange", "Duration")}
                for i, r in lab.table("rasConnTable", "rasConn").items()}
        history, names = lab.history(), lab.column("rasNameEntryIndex")
        newest, attempts = lab.get("rasHistNewest.0", "rasDialAttempts.0")
        end()
        lab.start_agent()
        after = lab.table("rasConnTable", "rasConn")
        for i, row in rows.items():
            equal({k: after[i][k] for k in row}, row, f"row {i}")
        equal(lab.history(), history)
        equal(lab.column("rasNameEntryIndex"), names)
        equal(lab.get("rasHistNewest.0", "rasDialAttempts.0"), [newest, attempts])
    highest = max(c["CallId"] for c in history)
    lab.dial(7)
    until(lambda: lab.conn(7)["CallId"] > highest, 5, "call ids go on rising")


@test()
def answered_is_kept():
    """A dial that was answered is not forgotten by kill -9 right after it"""
    for _ in range(3):
        attempts = lab.conn(10)["Attempts"]
        lab.dial(10)
        lab.kill_agent()
        lab.start_agent()
        row = lab.conn(10)
        equal(row["Desired"], "up")
        check(row["Attempts"] > attempts, f"the attempt counts: {row}")
        lab.check_sums()
        lab.hang_up(10)
        lab.wait(10, "down", "failed")


@test()
def request_is_remembered():
    """A request that is repeated after a restart of the agent is recognized by its number"""
    pair = (("rasConnAction.9", "redial"), ("rasConnRequestId.9", 900))
    equal(lab.set(*pair), "noError")
    before = lab.wait(9, "up")
    lab.kill_agent()
    lab.start_agent()
    lab.wait(9, "up")
    equal(lab.set(*pair), "noError")
    equal(lab.set(("rasConnAction.9", "hangUp"), ("rasConnRequestId.9", 900)), "inconsistentValue")
    row = lab.wait(9, "up")
    equal((row["CallId"], row["Attempts"]), (before["CallId"], 1))
    lab.hang_up(9)
    lab.wait(9, "down")
    equal(lab.history(9)[-1]["RequestId"], 900)


@test()
def record_is_lost():
    """A link whose record is gone (as after a reboot) is not up any more, and is accounted for"""
    lab.dial(20)
    lab.wait(20, "up")
    lab.kill_agent()
    shutil.rmtree(lab.run_dir)
    lab.start_agent()
    row = lab.wait(20, "failed", "down")
    equal((row["Attempts"], row["Successes"]), (1, 1))
    equal(len(lab.history(20)), 1)
    lab.check_sums()


@test()
def indices_of_names():
    """The index of a name is remembered, also while the name is away, and not given to another one"""
    index = {lab.get(f"rasEntryName.{i}"): i for i in lab.column("rasEntryName")}
    a, b = index["no index a"], index["no index b"]
    check(a != b and not {a, b} & {1, 2, 3, 4, 5, 6, 7, 9, 10, 20}, "indices that nobody else has")
    without = [e for e in lab.entries if e["name"] != "no index a"]
    everything = lab.entries
    lab.write_config(without + [line("no index c", None, "setup=20ms")])
    lab.restart_agent()
    names = {lab.get(f"rasEntryName.{i}"): i for i in lab.column("rasEntryName")}
    equal(names["no index b"], b)
    check(names["no index c"] not in (a, b), "the index of a name that is away is not given away")
    lab.write_config(everything)
    lab.restart_agent()
    equal(lab.get(f"rasEntryName.{a}", f"rasEntryName.{b}"), ["no index a", "no index b"])


@test()
def one_agent_only():
    """A second agent on the same state directory refuses to start and says why"""
    lab.dial(1)
    call = lab.wait(1, "up")["CallId"]
    second = Process([RASDIALD, "-f", "-c", lab.config, "-x", lab.agentx, "-s", lab.state_dir, "-r", lab.dir + "/run2"],
                     lab.dir + "/second.log", lab.env())
    status = second.wait(10)
    check(status != 0, "exit status of the second agent")
    check(lab.state_dir in second.log(), f"the message names the directory: {second.log()}")
    second.close()
    row = lab.conn(1)
    equal((row["OperStatus"], row["CallId"]), ("up", call), "the first one is not disturbed")


@test()
def damaged_state():
    """Damage in the state directory is set aside with a message; what is whole is kept; the agent starts"""
    lab.dial(7)
    lab.wait(7, "failed")
    equal(lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0])
    attempts = lab.conn(7)["Attempts"]
    lab.stop_agent()
    files = [f for f in glob.glob(lab.state_dir + "/*") if os.path.isfile(f) and os.path.getsize(f) > 100]
    check(files, "there is state")
    before = set(os.listdir(lab.state_dir))
    for name in files:
        with open(name, "ab") as file:
            file.write(b"\x00\xffconn name=\"fail\n" + b"half a li")
    lab.start_agent()
    status, problems = lab.get("rasStorageStatus.0", "rasStorageProblems.0")
    equal(status, "damaged")
    check(problems > 0, "problems are counted")
    equal(lab.conn(7)["Attempts"], attempts)
    check(set(os.listdir(lab.state_dir)) - before, "what was damaged is kept aside")
    lab.check_history(lab.brief_history())
    lab.restart_agent()
    equal(lab.get("rasStorageStatus.0"), "ok", "after another start")
    equal(lab.conn(7)["Attempts"], attempts)


@test()
def private_files():
    """State and run directory are the owner's alone"""
    lab.dial(1)
    lab.wait(1, "up")
    for top in (lab.state_dir, lab.run_dir):
        check(os.stat(top).st_mode & 0o077 == 0, f"mode of {top}")
        for name in glob.glob(top + "/*"):
            check(os.lstat(name).st_mode & 0o077 == 0, f"mode of {name}")


@test(90)
def killed_at_any_moment():
    """kill -9 in the middle of dials, hang-ups, drops and redials, many times, also during adoption: the books balance"""
    kinds = ("setup=30ms", "setup=50ms,fail=678", "setup=20ms,drop=80ms", "setup=400ms", "setup=40ms,fail=676,fails=1", "setup=5s",
             "setup=10ms,drop=600ms", "setup=15ms,fail=691")
    other = Lab([line(f"e{i}", i, kinds[i % len(kinds)], redial_max=2, redial_pause=1, redial_on_drop=i % 2 == 0)
                 for i in range(1, 41)], books=("history", "rows"))
    picker = random.Random(5)
    try:
        other.begin()
        for number in range(12):
            end = time.monotonic() + picker.uniform(0.05, 0.6)
            while time.monotonic() < end:
                action = picker.choice(("dial", "dial", "hangUp", "redial", "clearError"))
                error = other.set(*((f"rasConnAction.{i}", action) for i in picker.sample(range(1, 41), picker.choice((1, 3, 10)))))
                check(error in ("noError", "inconsistentValue"), f"{action}: {error}")
            before = other.get("rasHistNewest.0", "rasDialAttempts.0")
            other.kill_agent()
            if number % 4 == 3:
                other.start_agent(wait=False)
                other.agent.log_says("adopted|started", 10)
                other.kill_agent()
            other.start_agent()
            after = other.get("rasHistNewest.0", "rasDialAttempts.0")
            check(after >= before, f"history and attempts {after}, after {before}")
            other.check_sums()
        other.after_test()
    finally:
        other.finish()


@test()
def hang_up_on_exit():
    """on-exit: hang-up ends the links with the agent"""
    other = Lab([line("up", 1, "setup=20ms"), line("trying", 2, "setup=60s")], agent={"on_exit": "hang-up"})
    try:
        other.begin()
        other.dial(1, 2)
        call = other.wait(1, "up")["CallId"]
        other.stop_agent()
        other.start_agent()
        row = other.conn(1)
        equal((row["OperStatus"], row["CallId"], row["Attempts"], row["Successes"]), ("down", call, 1, 1))
        equal(len(other.history(1)), 1)
        equal(other.conn(2)["LastErrorCode"], 834)
        other.check_sums()
    finally:
        other.finish()


@test()
def settings():
    """What SNMP has set is kept over restarts, until the file says something else"""
    other = Lab([line("hq", 1)], agent={"max_concurrent_dials": 10, "history": {"max_entries": 100}})
    try:
        other.begin()
        equal(other.get("rasMaxConcurrentDials.0", "rasHistMaxEntries.0", "rasNotifyMinInterval.0", "rasAdminMode.0"),
              [10, 100, 0, "enabled"])
        equal(other.set(("rasMaxConcurrentDials.0", 20), ("rasHistMaxEntries.0", 200), ("rasNotifyTypes.0", ["connected"]),
                        ("rasAdminMode.0", "drain"), ("rasSpinLock.0", 0)), "noError")
        wanted = [20, 200, frozenset(["connected"]), "drain", 1]
        names = ("rasMaxConcurrentDials.0", "rasHistMaxEntries.0", "rasNotifyTypes.0", "rasAdminMode.0", "rasSpinLock.0")
        for end in (other.kill_agent, other.stop_agent):
            end()
            other.start_agent()
            equal(other.get(*names), wanted)
        other.write_config(agent={"max_concurrent_dials": 30})
        other.restart_agent()
        equal(other.get(*names), [30] + wanted[1:], "the file has changed")
        equal(other.set(("rasMaxConcurrentDials.0", 20)), "noError")
        other.restart_agent()
        equal(other.get(*names), wanted, "SNMP has the last word")
        other.write_config(agent={"max_concurrent_dials": 10})
        other.hup()
        until(lambda: other.get("rasMaxConcurrentDials.0") == 10, 5, "reload of a changed value")
        equal(other.get(*names)[1:], wanted[1:])
    finally:
        other.finish()


run(lab)
