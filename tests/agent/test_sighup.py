# SPDX-License-Identifier: BSD-2-Clause
# tsan: yes
"""The agent as a part of snmpd is unloaded and loaded again: by SIGHUP, by the table of modules, by snmpd.conf."""
import os
import threading
import time

from harness import *
from lab_dlmod import sanitizer

DLMOD = (1, 3, 6, 1, 4, 1, 2021, 13, 14, 2, 1, 5)  # UCD-DLMOD-MIB::dlmodStatus
LOADED, UNLOADED, LOAD, UNLOAD = 1, 2, 4, 5
KEPT = ("CallId", "StartTime", "Attempts", "Successes", "Failures", "Drops", "IfName", "LocalAddr", "RequestId", "Desired", "OperStatus")

lab = Lab([line("up", 1, "setup=30ms"), line("slow", 2, "setup=60s")])


def kept(row):
    return {name: row[name] for name in KEPT}


def answers():
    """Is rasdial there, as snmpd says?"""
    return isinstance(lab.raw("rasVersion.0").value, bytes)


@test(90)
def sighup_with_links_up():
    """SIGHUP of snmpd with 100 links up: all are adopted; attempts are ended, series go on; who asks never misses the objects"""
    up = list(range(1, 101))
    other = Lab([line(f"e{i}", i, "setup=30ms") for i in up] + [line("trying", 101, "setup=60s"),
                                                                line("series", 102, "setup=20ms,fail=678", redial_max=5, redial_pause=60)])
    gone, times, done = [], [], threading.Event()

    def ask():
        manager = Manager(other.manager.address, timeout=10, retries=0)
        while not done.wait(0.01):
            begin = time.monotonic()
            varbind = manager.get(MIB.oid("rasVersion.0")).varbinds[0]
            times.append(time.monotonic() - begin)
            if not isinstance(varbind.value, bytes):
                gone.append(varbind)
        manager.close()
    asker = threading.Thread(target=ask, daemon=True)
    try:
        other.begin()
        other.act_in_turn("dial", up)
        other.dial(101, 102)
        other.wait_all(up, "up")
        other.wait(102, "waitingRedial")
        other.wait(101, "dialing", "authenticating")
        rows, octets, series = {i: other.conn(i) for i in up}, other.column("rasStatsInOctets"), other.conn(102)
        other.notifications("rasConnected", count=100)
        other.notifications("rasDialFailed", 102)
        pid, uptime = other.agent.pid, other.get("rasUpTime.0")
        asker.start()
        for number in range(3):
            log = other.reload()
            equal(log.count("left up"), 100, "links that were left up")
            equal(log.count("adopted on lo"), 100, "links that were adopted")
            other.wait_all(up, "up")
            for i in up:
                row = other.conn(i)
                equal(kept(row), kept(rows[i]), f"row {i} after reload {number}")
                check(row["ThreadId"] > 0 and row["Duration"] >= rows[i]["Duration"], f"row {i}: {row}")
            row = other.wait(101, "failed")
            equal((row["LastErrorCode"], row["Attempts"], row["Failures"]), (834, 1, 1), "the attempt")
            row = other.conn(102)
            equal((row["OperStatus"], row["RedialsLeft"], row["CallId"]), ("waitingRedial", series["RedialsLeft"], series["CallId"]))
        done.set()
        asker.join(10)
        equal(gone, [], "answers without rasdial")
        say(f"the longest answer took {max(times):.2f} s")
        check(max(times) < 5, "snmpd is held for 2 s at most, and the start")
        check(other.get("rasUpTime.0") < uptime + 6000, "another engine")
        for i, number in other.column("rasStatsInOctets").items():
            check(number >= octets[i], f"counter of {i} went back from {octets[i]} to {number}")
        equal(other.agent.pid, pid)
        check(other.agent.alive, other.agent.log())
        equal([r["EntryIndex"] for r in other.history()], [102, 101])
        other.after_test()
        equal(len(other.sink.take("rasConnected")), 100, "an adopted link is not told again")
        equal(len(other.sink.take("rasDialFailed", 101)), 1)
        equal(len(other.sink.take("rasDisconnected")), 100)
    finally:
        done.set()
        other.finish()


@test(60)
def sighups_in_a_row():
    """Ten times SIGHUP as fast as it goes, while managers dial, hang up and ask"""
    rows = range(1, 31)
    other = Lab([line(f"e{i}", i, ("setup=30ms", "setup=20ms,fail=678", "setup=20ms,drop=300ms")[i % 3], redial_max=3, redial_pause=1)
                 for i in rows])
    try:
        other.begin()
        with Watch(other, rows, pause=0.05):
            for number in range(10):
                for i in rows:
                    error = other.set((f"rasConnAction.{i}", "hangUp" if (i + number) % 4 == 0 else "dial"), timeout=20)
                    check(error in ("noError", "inconsistentValue"), error)
                other.hup()
        until(lambda: other.agent.log().count("read again: ") >= 1, 10, other.agent.log)
        other.after_test()
    finally:
        other.finish()


@test()
def what_has_changed():
    """What the file says anew holds after SIGHUP: entries, name, and, other than in rasdiald, directories"""
    other = Lab([line("up", 1, "setup=30ms"), line("goes", 2, "setup=30ms")])
    try:
        other.begin()
        other.dial(1, 2)
        other.wait_all((1, 2), "up")
        other.write_config([line("up", 1, "setup=50ms"), line("new", 3, "setup=30ms")], {"name": "another"})
        other.reload()
        equal(other.get("rasAgentName.0", "rasEntryName.3", "rasEntryDestination.1"), ["another", "new", "setup=50ms"])
        equal(other.raw("rasEntryName.2").type, "noSuchInstance")
        notice = other.notifications("rasDisconnected")[0]
        equal((notice["rasEntryName"], notice["rasAgentName"]), ("goes", "another"))
        equal(other.status(1), "up")
        other.state_dir, other.run_dir = other.state_dir + "2", other.run_dir + "2"
        other.write_snmpd_conf()
        other.reload()
        equal(other.status(1), "down")
        equal(other.get("rasHistNewest.0"), 0)
        other.state_dir, other.run_dir = other.state_dir[:-1], other.run_dir[:-1]
        other.write_snmpd_conf()
        other.reload()
        equal(other.status(1), "up")
        other.quiet()
    finally:
        other.finish()


@test()
def a_thread_that_does_not_end():
    """A hang-up that takes longer than snmpd waits at SIGHUP, and at its end, holds neither up; the next engine goes on with it"""
    other = Lab([line("stuck", 1, "setup=20ms,stuck"), line("up", 2, "setup=20ms")], books=())
    try:
        other.begin()
        other.dial(1, 2)
        other.wait_all((1, 2), "up")
        other.hang_up(1)
        equal(other.status(1), "hangingUp")
        begin = time.monotonic()
        log = other.reload()
        took = time.monotonic() - begin
        check(1.5 < took < 8, f"it took {took:.1f} s")
        check("dial threads are left" in log, log)
        equal((other.status(1), other.status(2)), ("hangingUp", "up"))
        equal(other.set(("rasConnAction.1", "dial")), "inconsistentValue")
        other.hang_up(2)
        other.wait(2, "down")
    finally:
        other.finish()


# ---- a SET that waits for somebody else ----

THEIRS = (1, 3, 6, 1, 4, 1, 8072, 9999, 9998, 1, 0)


@test(60)
def set_under_way():
    """A SET of ours and of another subagent, which has not answered when SIGHUP comes: it fails as a whole, and nothing is dialed"""
    other = Lab([line("up", 1, "setup=30ms")])
    other.views = f"master agentx\nagentXSocket unix:{other.dir}/theirs\nagentXTimeout 30\nagentXRetries 0\n"
    theirs, answer = None, []
    manager = Manager(other.manager.address, timeout=40, retries=0)
    try:
        other.begin()
        with open(f"{other.dir}/theirs.conf", "w", encoding="utf-8") as file:
            file.write(f"override -rw {'.'.join(map(str, THEIRS))} integer 5\n")
        theirs = Process(["snmpd", "-X", "-C", "-c", f"{other.dir}/theirs.conf", "-x", f"unix:{other.dir}/theirs", "-f", "-Le", "-I", "override"],
                         f"{other.dir}/theirs.log", other.env())
        until(lambda: other.manager.get(THEIRS).varbinds[0].value == 5, 10, theirs.log)
        theirs.freeze()
        setter = threading.Thread(target=lambda: answer.append(manager.set(other.varbind("rasConnAction.1", "dial"), (THEIRS, "INTEGER", 7),
                                                                           timeout=40)), daemon=True)
        setter.start()
        until(lambda: not other.snmpd_answers(), 10, "snmpd has the SET, and answers nobody meanwhile")
        other.reload(timeout=25)
        theirs.thaw()
        setter.join(30)
        check(answer and answer[0].error == "genErr", f"the answer: {answer}")
        equal((other.status(1), other.get("rasDialAttempts.0")), ("down", 0))
        other.dial(1)
        other.wait(1, "up")
        theirs.stop()
        other.after_test()
    finally:
        manager.close()
        if theirs:
            theirs.kill()
        other.finish()


# ---- without SIGHUP, and without the line ----

@test()
def by_its_own_table():
    """Unloaded and loaded by UCD-DLMOD-MIB: without it snmpd goes on, and has no thread of ours; links stay up"""
    lab.dial(1)
    before = lab.wait(1, "up")
    (module,) = lab.manager.walk(DLMOD)
    equal(module.value, LOADED)
    for _ in range(2):
        equal(lab.manager.set((module.oid, "INTEGER", UNLOAD)).error, "noError")
        equal(lab.manager.get(module.oid).varbinds[0].value, UNLOADED)
        equal(lab.raw("rasVersion.0").type, "noSuchObject")
        check(not os.path.exists(f"{lab.run_dir}/control"), "no control socket")
        until(lambda: lab.agent.threads() == threads_of_snmpd(), 5, lambda: f"{lab.agent.threads()} threads")
        equal(lab.manager.set((module.oid, "INTEGER", LOAD)).error, "noError")
        until(answers, 5, lab.agent.log)
        lab.restarts += 1
        equal(kept(lab.wait(1, "up")), kept(before))


def threads_of_snmpd():
    """One; the thread sanitizer has another one."""
    return 2 if "tsan" in sanitizer() else 1


@test()
def taken_out():
    """Without the line in snmpd.conf SIGHUP takes it out; with it, it is there again, and the link is still up"""
    lab.dial(1)
    before = lab.wait(1, "up")
    lab.snmpd_lines = lambda: ""
    lab.write_snmpd_conf()
    lab.hup()
    until(lambda: lab.raw("rasVersion.0").type == "noSuchObject", 10, "it is gone")
    check(any(n.endswith(".link") for n in os.listdir(lab.run_dir)), "the record of the link")
    del lab.snmpd_lines
    lab.write_snmpd_conf()
    lab.hup()
    until(answers, 10, lab.agent.log)
    equal(kept(lab.wait(1, "up")), kept(before))


run(lab)
