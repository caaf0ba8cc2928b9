# SPDX-License-Identifier: BSD-2-Clause
"""Life with a master that is not there, goes away, freezes, is silent, or dies in the middle of a SET."""
import os
import re
import signal
import subprocess
import time

import agentx
from harness import *

DIAL, HANG_UP = 2, 3
DISABLED = MIB.objects["rasAdminMode"].encode("disabled")


def make(**agent):
    return Lab([
        line("hq", 1, "setup=30ms"),
        line("drops", 2, "setup=20ms,drop=1s,dropcode=628"),
        line("series", 3, "setup=20ms,fail=678", redial_max=3, redial_pause=1),
        line("slow", 4, "setup=60s"),
    ], agent=agent)


def closing(*things):
    for thing in things:
        if isinstance(thing, Lab):
            thing.finish()
        else:
            thing.close()


def silent_for(lab):
    """The agent runs, without anybody to ask: what it logs is all there is to see."""
    until(lambda: lab.agent.log() or not lab.agent.alive, 10, "the agent has started")
    check(lab.agent.alive, lab.agent.log())


@test()
def agent_first():
    """The agent starts before the master and connects within its interval"""
    lab = make(ping_interval=2)
    try:
        lab.start_agent(wait=False)
        silent_for(lab)
        time.sleep(0.5)
        check(lab.agent.alive, lab.agent.log())
        begin = time.monotonic()
        lab.start_snmpd()
        lab.wait_agent(8)
        check(time.monotonic() - begin < 6, "connected within the interval and some time more")
        lab.dial(1)
        lab.wait(1, "up")
        lab.after_test()
    finally:
        closing(lab)


@test(60)
def master_restarts():
    """Five restarts of snmpd while a link is up: objects come back, the link is not disturbed, no descriptor leaks"""
    lab = make()
    try:
        lab.begin()
        lab.after_test()
        lab.dial(1)
        before = lab.wait(1, "up")
        fds = len(lab.agent.fds())
        for number in range(5):
            lab.stop_snmpd(signal.SIGKILL if number % 2 else signal.SIGTERM)
            lab.start_snmpd()
            lab.wait_agent()
            row = lab.conn(1)
            for column in ("OperStatus", "CallId", "StartTime", "Attempts", "ThreadId"):
                equal(row[column], before[column], column)
            up_time = lab.manager.get(SYS_UP_TIME).varbinds[0].value
            check(row["LastChange"] <= up_time, f"rasConnLastChange {row['LastChange']} is not in the future of {up_time}")
            until(lambda: MIB.root in [v.value for v in lab.manager.walk((1, 3, 6, 1, 2, 1, 1, 9, 1, 2), 20)], 5, "sysORTable")
        check(lab.get("rasUpTime.0") > 300, "rasUpTime is that of the agent")
        until(lambda: len(lab.agent.fds()) == fds, 5, lambda: f"{fds} descriptors: {lab.agent.fds()}")
        lab.hang_up(1)
        lab.wait(1, "down")
        lab.after_test()
    finally:
        closing(lab)


@test(40)
def notifications_wait():
    """What is owed while there is no master waits, the newest of a kind, and is sent when one is there; all is counted"""
    lab = make()
    try:
        lab.begin()
        lab.dial(2, 3)
        lab.wait(2, "up")
        lab.notifications("rasConnected", 2)
        lab.notifications("rasDialFailed", 3)
        mark = lab.sink.mark()
        equal(lab.get("rasNotifyPending.0"), 0)
        lab.stop_snmpd()
        until(lambda: "disconnected" in lab.agent.log() and lab.agent.log().count("failed in state") >= 4, 20, lab.agent.log)
        lab.start_snmpd()
        lab.wait_agent()
        (lost,) = lab.notifications("rasDisconnected", 2)
        equal((lost["rasConnLastErrorCode"], lost["rasConnOperStatus"]), (628, "failed"))
        (exhausted,) = lab.notifications("rasRedialExhausted", 3)
        check(lost["rasConnLastErrorTime"] and exhausted["rasConnConsecutiveFailures"] == 4, exhausted)
        until(lambda: lab.get("rasNotifyPending.0") == 0, 5, "all are sent")
        # owed: connected, disconnected, 4 x dialFailed, redialExhausted
        equal(lab.owed(), 7)
        sent, suppressed, dropped = lab.get("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyDropped.0")
        equal((sent + suppressed, dropped), (7, 0))
        check(suppressed >= 1, "an older one that waited was replaced by a newer one")
        until(lambda: lab.sink.mark() == sent, 5, lambda: f"{sent} came: {lab.sink.take()}")
        late = lab.sink.take("rasDialFailed", 3, mark)
        equal(late[-1]["rasConnConsecutiveFailures"], 4, "the newest is the one that was kept")
        equal([n.values for n in lab.sink.take("rasDialFailed", 3)][-1]["rasConnOperStatus"], "failed")
    finally:
        closing(lab)


@test(40)
def master_freezes():
    """A master that is frozen for a while: dials go on, afterwards everything is there again"""
    lab = make()
    try:
        lab.begin()
        lab.dial(1, 4)
        call = lab.wait(1, "up")["CallId"]
        lab.snmpd.freeze()
        begin = time.monotonic()
        until(lambda: time.monotonic() - begin > 4, 10)
        lab.snmpd.thaw()
        lab.wait_agent(20)
        row = until(lambda: lab.conn(1), 5)
        equal((row["OperStatus"], row["CallId"]), ("up", call))
        lab.check_sums()
        lab.after_test()
    finally:
        lab.snmpd.thaw()
        closing(lab)


def ends_in_time(lab, what):
    status, took = lab.agent.stop(timeout=30)
    lab.agent = None
    lab.restarts += 1
    check(took < 5.0, f"{what}: took {took:.1f} s to end")
    equal(status, 0, f"{what}: exit status")
    say(f"{what}: ended in {took:.2f} s")


@test(60)
def ends_with_frozen_master():
    """SIGTERM ends the agent within 5 s while the master is frozen; the link is kept and adopted later"""
    lab = make()
    try:
        lab.begin()
        lab.dial(1, 4)
        before = lab.wait(1, "up")
        lab.wait(4, "dialing", "authenticating")
        lab.snmpd.freeze()
        ends_in_time(lab, "frozen master")
        lab.snmpd.thaw()
        lab.agent_away()
        lab.start_agent()
        row = lab.wait(1, "up")
        equal((row["CallId"], row["StartTime"]), (before["CallId"], before["StartTime"]))
        equal(lab.wait(4, "failed")["LastErrorCode"], 834)
        lab.after_test()
        # frozen for longer than the agent's own time-outs
        lab.dial(1)
        lab.wait(1, "up")
        lab.snmpd.freeze()
        begin = time.monotonic()
        until(lambda: time.monotonic() - begin > 3, 5)
        ends_in_time(lab, "master frozen for long")
        lab.snmpd.thaw()
        lab.agent_away()
    finally:
        lab.snmpd.thaw()
        closing(lab)


@test(60)
def ends_with_silent_master():
    """SIGTERM ends the agent within 5 s while the master accepts and is silent, on a Unix socket and on TCP"""
    for where in ("unix", "tcp"):
        lab = make()
        master = agentx.SilentMaster(path=f"{lab.dir}/agentx") if where == "unix" else agentx.SilentMaster(ip="127.0.0.1")
        try:
            lab.agentx = master.address
            lab.start_agent(wait=False)
            master.accept()
            ends_in_time(lab, f"silent master, {where}")
        finally:
            closing(master, lab)


@test(60)
def ends_without_master():
    """SIGTERM ends the agent within 5 s while nothing can be connected to"""
    for where in ("nobody", "unix", "tcp", "tcp refused"):
        lab = make()
        master = None
        if where in ("unix", "tcp"):
            master = agentx.FullMaster(**({"path": f"{lab.dir}/agentx"} if where == "unix" else {"ip": "127.0.0.1"}))
            lab.agentx = master.address
        elif where == "tcp refused":
            lab.agentx = "tcp:127.0.0.1:1"
        try:
            lab.start_agent(wait=False)
            silent_for(lab)
            time.sleep(0.7)
            ends_in_time(lab, f"master cannot be connected to, {where}")
        finally:
            closing(*filter(None, (master, lab)))


@test(40)
def sigint_ends_too():
    """SIGINT ends the agent like SIGTERM; two signals do no harm"""
    lab = make()
    try:
        lab.begin()
        lab.dial(1)
        lab.wait(1, "up")
        lab.agent.send(signal.SIGINT)
        lab.agent.send(signal.SIGTERM)
        equal(lab.agent.wait(6), 0)
        lab.agent = None
        lab.agent_away()
    finally:
        closing(lab)


@test(60)
def on_their_way():
    """Notifications that are on their way when the master hangs arrive once: when it goes on, also in another session, and when it
    dies instead"""
    for ending in ("goes on", "goes on late", "dies"):
        lab = make(ping_interval=30 if ending == "goes on" else 2)
        try:
            lab.begin()
            lab.dial(2)
            lab.wait(2, "up")
            until(lambda lab=lab: lab.sink.take("rasConnected", 2), 5, "connected")
            lab.snmpd.freeze()
            until(lambda lab=lab: "entry drops: call 1: disconnected" in lab.agent.log(), 10, lab.agent.log)
            if ending == "goes on":
                begin = time.monotonic()
                until(lambda b=begin: time.monotonic() - b > 2.5, 10, "longer than the time-out of a session")
            elif ending == "goes on late":
                until(lambda lab=lab: "lost the master agent" in lab.agent.log(), 15, lab.agent.log)
            else:
                lab.stop_snmpd(signal.SIGKILL)
                lab.start_snmpd()
            if lab.snmpd:
                lab.snmpd.thaw()
            lab.wait_agent(60)
            until(lambda lab=lab: lab.sink.take("rasDisconnected", 2), 10, f"told, when the master {ending}")
            equal("lost the master agent" in lab.agent.log(), ending != "goes on")
            lab.after_test()
            equal(len(lab.sink.take("rasDisconnected", 2)), 1, f"once, when the master {ending}")
        finally:
            closing(lab)


@test(60)
def objects_of_another():
    """The master refuses the objects while another agent has them, and takes them when that one is gone"""
    lab = Lab([line("hq", 1, "setup=20ms,fail=691")], agent={"ping_interval": 1}).begin()
    first = lab.agent
    try:
        for folder in ("state", "run"):
            os.mkdir(f"{lab.dir}/other-{folder}", 0o700)
        other = lab.agent = Process([RASDIALD, "-f", "-c", lab.config, "-x", lab.agentx, "-s", f"{lab.dir}/other-state",
                                     "-r", f"{lab.dir}/other-run", "-v"], f"{lab.dir}/other.log", lab.env())
        until(lambda: "refuses our objects" in other.log(), 10, other.log)
        until(lambda: other.log().count("connected to the master") >= 3, 15, other.log)
        equal(len(re.findall("error: the master agent refuses our objects", other.log())), 1, "lines that say so")
        equal(len(re.findall("info: connected to the master", other.log())), 1, "lines about each further try")
        lab.dial(1)
        until(lambda: "entry hq: call 1:" in first.log(), 5, "the first agent is the one that dials")
        lab.wait(1, "failed")
        equal(first.stop()[0], 0)
        until(lambda: isinstance(lab.raw("rasVersion.0").value, bytes), 15, other.log)
        other.log_says("the master agent has taken our objects")
        equal(lab.get("rasDialAttempts.0"), 0, "of the other agent")
        mark = lab.sink.mark()
        lab.dial(1)
        lab.wait(1, "failed")
        until(lambda: len(lab.sink.take("rasRedialExhausted", 1, mark)) == 1, 10, "told by the other agent")
    finally:
        first.kill()
        closing(lab)


class Phases:
    """rasdiald with a master of ours; the limit is one dial at a time, so that a place that is lost would be seen."""

    def __init__(self):
        self.lab = Lab([line("hq", 1, "setup=150ms"), line("two", 2, "setup=60s")], agent={"max_concurrent_dials": 1})
        self.master = agentx.Master(f"{self.lab.dir}/agentx")
        self.lab.start_agent(wait=False)
        self.master.accept()
        self.oid = MIB.oid("rasConnAction.1")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.master.close()
        self.lab.finish()

    def reconnect(self):
        """The master dies; a new one comes."""
        self.master.close()
        self.master = agentx.Master(f"{self.lab.dir}/agentx")
        self.master.accept(15)

    def values(self, *names):
        return self.master.get(*(MIB.oid(n) for n in names))

    def check_nothing_left(self):
        """No thread, no place, no attempt, no wish."""
        until(lambda: self.values("rasThreads.0") == [0], 5, lambda: f"threads: {self.values('rasThreads.0')}")
        equal(self.values("rasDialsInProgress.0", "rasDialAttempts.0", "rasConnOperStatus.1", "rasConnDesired.1", "rasConnAttempts.1",
                          "rasConnRequestId.1"), [0, 0, 1, 1, 0, 0], "in progress, attempts, status, wish, attempts, request")

    def check_dial_works(self):
        """The one place is free: a dial that goes through all phases comes up."""
        equal(self.master.test_set(90, (self.oid, 2, DIAL)).error, "noError")
        equal(self.master.commit_set(90).error, "noError")
        self.master.cleanup_set(90)
        until(lambda: self.values("rasConnOperStatus.1") == [4], 10, "up")
        equal(self.values("rasConnAttempts.1", "rasDialAttempts.0", "rasThreads.0"), [1, 1, 1])


@test(40)
def master_is_spoken_to():
    """With a master of our own: one registration under the root of the module, capabilities, a whole SET, notifications"""
    with Phases() as p:
        check(all(r[:len(MIB.root)] == MIB.root for r in p.master.registered), f"registered {p.master.registered}")
        check(MIB.root in p.master.capabilities, f"capabilities {p.master.capabilities}")
        p.check_nothing_left()
        p.check_dial_works()
        p.master.serve(lambda: p.master.notifications, 5)
        equal(p.master.notifications[0][0][0][-2:] in ((3, 0), (1, 0)), True, "begins with sysUpTime or snmpTrapOID")


@test(40)
def master_dies_after_test():
    """The master dies after TestSet: no thread, no place, no attempt is left"""
    with Phases() as p:
        equal(p.master.test_set(1, (p.oid, 2, DIAL), (MIB.oid("rasConnRequestId.1"), 66, 5)).error, "noError")
        p.reconnect()
        p.check_nothing_left()
        p.check_dial_works()


@test(40)
def master_dies_after_commit():
    """The master dies after CommitSet: nothing is left, also not on the disk"""
    with Phases() as p:
        equal(p.master.test_set(1, (p.oid, 2, DIAL)).error, "noError")
        equal(p.master.commit_set(1).error, "noError")
        p.reconnect()
        p.check_nothing_left()
        p.master.hang_up()
        p.lab.stop_agent()
        p.lab.start_agent(wait=False)
        p.master.accept(15)
        p.check_nothing_left()
        p.check_dial_works()


@test(40)
def agent_dies_after_commit():
    """The agent is killed between CommitSet and CleanupSet: whole or not there, and the sums hold"""
    with Phases() as p:
        equal(p.master.test_set(1, (p.oid, 2, DIAL)).error, "noError")
        equal(p.master.commit_set(1).error, "noError")
        p.lab.kill_agent(asks=False)
        p.master.hang_up()
        p.lab.start_agent(wait=False)
        p.master.accept(15)

        def sums():
            attempts, successes, failures, progress, mine = p.values("rasDialAttempts.0", "rasDialSuccesses.0", "rasDialFailures.0",
                                                                     "rasDialsInProgress.0", "rasConnAttempts.1")
            equal(attempts, successes + failures + progress, "sums")
            equal(mine, attempts)
            return progress == 0
        until(sums, 5, "at rest")


@test(40)
def agent_ends_after_commit():
    """SIGTERM between CommitSet, after which the manager is answered, and CleanupSet: what was answered is kept"""
    with Phases() as p:
        equal(p.master.test_set(1, (p.oid, 2, DIAL), (MIB.oid("rasNotifyMinInterval.0"), 66, 7)).error, "noError")
        equal(p.master.commit_set(1).error, "noError")
        p.lab.agent.send(signal.SIGTERM)
        equal(p.lab.agent.wait(6), 0)
        p.master.hang_up()
        p.lab.start_agent(wait=False)
        p.master.accept(15)
        equal(p.values("rasNotifyMinInterval.0", "rasConnDesired.1"), [7, 2])
        until(lambda: p.values("rasDialsInProgress.0") == [0], 5)
        equal(p.values("rasConnAttempts.1", "rasConnFailures.1", "rasConnLastErrorCode.1"), [1, 1, 834])


@test(40)
def reload_after_commit():
    """SIGHUP between CommitSet and CleanupSet: the dial is made; not if its row is gone, and then nothing is left of it"""
    with Phases() as p:
        for number, entries in ((1, p.lab.entries), (2, p.lab.entries[1:])):
            equal(p.master.test_set(number, (p.oid, 2, DIAL)).error, "noError")
            equal(p.master.commit_set(number).error, "noError")
            p.lab.write_config(entries + [line(f"new {number}", 10 + number)])
            p.lab.hup()
            until(lambda: p.lab.agent.log().count("again: ") == number, 5, p.lab.agent.log)
            p.master.cleanup_set(number)
            if number == 1:
                until(lambda: p.values("rasConnOperStatus.1") == [4], 5, "up")
                p.master.test_set(50, (p.oid, 2, HANG_UP))
                p.master.commit_set(50)
                p.master.cleanup_set(50)
                until(lambda: p.values("rasThreads.0") == [0], 5, "down")
        until(lambda: p.values("rasThreads.0") == [0], 5, "no thread is left")
        equal(p.values("rasDialAttempts.0", "rasDialsInProgress.0", "rasEntries.0"), [1, 0, 2])


@test(40)
def command_after_commit():
    """A command between CommitSet, after which the manager is answered, and CleanupSet hears of what was set"""
    with Phases() as p:
        equal(p.master.test_set(1, (MIB.oid("rasAdminMode.0"), 2, DISABLED)).error, "noError")
        equal(p.master.commit_set(1).error, "noError")
        refused = subprocess.run([os.path.join(os.path.dirname(RASDIALD), "rasdial"), "-c", p.lab.config, "-r", p.lab.run_dir, "hq"], stdin=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, timeout=20, check=False, text=True)
        equal((refused.returncode, refused.stderr[:25]), (1, "Remote access error 929 -"), refused.stderr)
        p.master.cleanup_set(1)


@test(40)
def undo_and_free():
    """UndoSet after CommitSet, and CleanupSet after TestSet, leave nothing"""
    with Phases() as p:
        equal(p.master.test_set(1, (p.oid, 2, DIAL)).error, "noError")
        p.master.cleanup_set(1)
        p.check_nothing_left()
        equal(p.master.test_set(2, (p.oid, 2, DIAL), (MIB.oid("rasMaxConcurrentDials.0"), 66, 3)).error, "noError")
        equal(p.master.commit_set(2).error, "noError")
        equal(p.master.undo_set(2).error, "noError")
        p.check_nothing_left()
        equal(p.values("rasMaxConcurrentDials.0"), [1], "the scalar of the same SET")
        equal(p.master.test_set(3, (p.oid, 2, DIAL), (MIB.oid("rasConnAction.2"), 2, DIAL)).error, "resourceUnavailable")
        p.master.cleanup_set(3)
        p.check_nothing_left()
        p.check_dial_works()


@test(60)
def master_forgets():
    """A master that is silent after TestSet: the reservation ends by itself"""
    with Phases() as p:
        equal(p.master.test_set(1, (p.oid, 2, DIAL)).error, "noError")
        begin = time.monotonic()
        check(p.lab.agent.threads() >= 3, "the dial thread is made")
        threads = p.lab.agent.threads()

        def dropped():
            message = p.master.read(0.1)
            if message:
                p.master.answer(message)
            return p.lab.agent.threads() < threads
        until(dropped, 25, "the reserved thread ends")
        say(f"after {time.monotonic() - begin:.1f} s")
        check(time.monotonic() - begin > 5, "not too early for a slow master")
        # A master that comes back to it after that gets an error, not a dial.
        answer = p.master.commit_set(1)
        check(answer.error in ("commitFailed", "genErr", "resourceUnavailable", "inconsistentValue"), f"late CommitSet: {answer}")
        p.master.cleanup_set(1)
        p.reconnect()
        p.check_nothing_left()
        p.check_dial_works()


@test(40)
def garbage_from_master():
    """A master that sends nonsense: the agent closes, stays alive, and connects again"""
    with Phases() as p:
        for nonsense in (bytes(range(192, 256)),
                         agentx.header(agentx.GET, 0xFFFFFFF0),                   # a length that cannot be
                         agentx.header(99, 8) + b"garbage!",                      # a kind that is none
                         agentx.header(agentx.GET, 64) + b"\xff" * 64,            # ranges that are none
                         agentx.header(agentx.TESTSET, 16) + b"\0\x04\0\0\x7f\0\0\0" + b"\xff" * 8,  # an oid that is cut
                         agentx.header(agentx.COMMITSET, 0) + agentx.header(agentx.CLEANUPSET, 0)):
            p.master.peer.sendall(nonsense)
            p.reconnect()
            p.check_nothing_left()
        p.check_dial_works()


run()
