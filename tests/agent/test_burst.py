# SPDX-License-Identifier: BSD-2-Clause
"""A thousand dials at once that all fail: nothing is lost, and the master answers all the time."""
import time

from harness import *

N = 1000
took = 3.0  # s to dial all; as measured by the first test


def entries(setup):
    return [line(f"e{i}", i, f"setup={int(setup * 1000) + i % 50}ms,fail=678,at=projected") for i in range(1, N + 1)]


AGENT = {"max_entries": 2000, "history": {"max_entries": 2000}, "notifications": {"min_interval": 0, "queue": 1024}}


def dial_all(lab):
    """Returns how long that took."""
    begin = time.monotonic()
    lab.act_in_turn("dial", range(1, N + 1))
    return time.monotonic() - begin


def all_ended(lab):
    attempts, failures, progress, threads = lab.get("rasDialAttempts.0", "rasDialFailures.0", "rasDialsInProgress.0", "rasThreads.0")
    return (attempts, failures, progress, threads) == (N, N, 0, 0)


def check_all_accounted(lab):
    """Each row failed once and has its history row; nothing of it stays."""
    equal(set(lab.column("rasConnOperStatus").values()), {"failed"})
    equal(set(lab.column("rasConnAttempts").values()), {1})
    equal(set(lab.column("rasConnFailures").values()), {1})
    rows = list(lab.column("rasHistEntryIndex").values())
    equal(sorted(rows), list(range(1, N + 1)), "one history row for each entry")
    equal(set(lab.column("rasHistErrorCode").values()), {678})
    equal(sorted(lab.column("rasConnLastHistIndex").values()), list(range(1, N + 1)))
    equal(len(set(lab.column("rasHistCallId").values())), N, "call ids")


@test(120)
def all_fail():
    """1,000 dials that fail: all accounted for, all notifications sent or counted, sysUpTime answered all the time"""
    global took  # pylint: disable=global-statement
    lab = Lab(entries(0.8), AGENT)
    try:
        lab.begin()
        fds = len(lab.agent.fds())
        with Watch(lab, range(1, N + 1)) as watch:
            took = dial_all(lab)
            say(f"{N} dials accepted in {took:.2f} s")
            until(lambda: all_ended(lab), 60, lambda: f"all ended: {lab.scalars()}")
            until(lambda: lab.get("rasNotifyPending.0") == 0, 30, "no notification waits")
        say(f"sysUpTime: {len(watch.times)} answers, slowest {max(watch.times) * 1000:.0f} ms")
        check(max(watch.times) < 3.0, f"sysUpTime took {max(watch.times):.1f} s")
        check_all_accounted(lab)
        equal(lab.owed(), 2 * N, "a rasDialFailed and a rasRedialExhausted for each")
        sent, suppressed, dropped = lab.get("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyDropped.0")
        until(lambda: lab.sink.mark() == sent, 10, lambda: f"{sent} notifications come, {lab.sink.mark()} came")
        say(f"{sent} notifications sent, {suppressed} suppressed, {dropped} dropped")
        kinds = [(n.name, n.index) for n in lab.sink.take()]
        equal(len(set(kinds)), len(kinds), "none came twice")
        until(lambda: len(lab.agent.fds()) == fds, 5, "descriptors as before")
        check(lab.agent.threads() < 10, "threads as before")
    finally:
        lab.finish()


def without_master(queue):
    """All fail while there is no master. Returns what was sent and dropped once there is one again."""
    lab = Lab(entries(2 + 2 * took), {**AGENT, "notifications": {"min_interval": 0, "queue": queue}})
    try:
        lab.begin()
        dial_all(lab)
        lab.stop_snmpd()
        check(lab.agent.threads() >= N, f"all are still under way when the master stops: {lab.agent.threads()} threads")
        until(lambda: lab.agent.threads() < 10, 60, "all dials end")
        lab.start_snmpd()
        lab.wait_agent()
        with Watch(lab) as watch:
            until(lambda: lab.get("rasNotifyPending.0") == 0, 30, lambda: f"what waited is sent: {lab.scalars()}")
        check(max(watch.times) < 3.0, f"sysUpTime took {max(watch.times):.1f} s")
        until(lambda: all_ended(lab), 10, lambda: f"all ended: {lab.scalars()}")
        check_all_accounted(lab)
        equal(lab.owed(), 2 * N)
        sent, dropped = lab.get("rasNotifySent.0", "rasNotifyDropped.0")
        until(lambda: lab.sink.mark() == sent, 10, lambda: f"{sent} notifications come, {lab.sink.mark()} came")
        kinds = {(n.name, n.index) for n in lab.sink.take()}
        equal(len(kinds), sent, "none came twice")
        return sent, dropped
    finally:
        lab.finish()


@test(120, only="agent")  # snmpd stops without it
def queue_overflows():
    """The same with snmpd stopped meanwhile and started after: as many as may wait are sent, the others counted as dropped"""
    equal(without_master(1024), (1024, 2 * N - 1024), "sent and dropped")


@test(120, only="agent")
def queue_holds_all():
    """The same with room for all: 2,000 that waited are sent at once, and the master is not choked by them"""
    equal(without_master(8192), (2 * N, 0), "sent and dropped")


run()
