# SPDX-License-Identifier: BSD-2-Clause
"""Ten thousand connections in one process: in all phases at the same time, and all of them lost at the same moment."""
import os
import resource
import statistics
import time
from collections import Counter, namedtuple

from harness import *

N = 10000
SETS = 100  # whose answers are timed
ANSWER = 3.0  # seconds that an answer may take on a busy machine
FDS = N + 2000  # a simulated line needs one descriptor

Kind = namedtuple("Kind", "share keys dialed", defaults=(True,))  # share: of a hundred

KINDS = {
    "up": Kind(40, {"destination": "setup=500ms"}),
    "dialing": Kind(10, {"destination": "setup=3600s", "dial_timeout": 3600}),
    "authenticating": Kind(5, {"destination": "setup=50ms,fail=691", "dial_timeout": 3600, "options": ["paused-states"]}),
    "waitingRedial": Kind(10, {"destination": "setup=50ms,fail=676", "redial_max": 5, "redial_pause": 3600}),
    "failed": Kind(10, {"destination": "setup=50ms,fail=691"}),
    "hangingUp": Kind(5, {"destination": "setup=50ms,stuck"}),  # for 30 s
    "waiting": Kind(5, {"destination": "demand=3600s", "dial_mode": "on-demand", "local_address": "192.0.2.1", "peer_address": "192.0.2.2"}, False),
    "notReady": Kind(5, {"device_type": "other"}, False),
    "down": Kind(10, {"destination": "setup=50ms"}, False),
}
WITHOUT_THREAD = ("failed", "notReady", "down")
KIND_OF = [name for name, kind in KINDS.items() for _ in range(kind.share)]  # by the last two digits of the index

took = 8.0  # s to dial all; as measured by the first test


def kind_of(index):
    return KIND_OF[index % len(KIND_OF)]


def rows_of(*kinds):
    return [i for i in range(1, N + 1) if kind_of(i) in kinds]


def begin(entries, **agent):
    """A laboratory, and what is there before anything is dialed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < FDS:
        raise Skip(f"{FDS} descriptors are needed (ulimit -Hn), and {hard} are allowed")
    lab = Lab(entries, {"max_entries": N, "hang_up_timeout": 20, "notifications": {"min_interval": 0, "queue": 2 * N}, **agent})
    lab.start_snmpd()
    lab.start_agent(wait=False)
    lab.wait_agent(30)
    for text in lab.agent.log().splitlines():
        if "can be connected at a time" in text and "descriptors" not in text:  # which helpers of other lines may need
            lab.finish()
            raise Skip(text)
    return lab


class Holdings:
    """What the process of the agent has: threads, those of connections among them, and descriptors."""

    def __init__(self, lab):
        threads = {int(n) for n in os.listdir(f"/proc/{lab.agent.pid}/task")}
        self.dial_threads = {t for t in lab.column("rasConnThreadId").values() if t}
        check(self.dial_threads <= threads, f"threads of rows are threads of the process: {self.dial_threads - threads}")
        self.others = len(threads - self.dial_threads)
        numbers = [int(n) for n in os.listdir(f"/proc/{lab.agent.pid}/fd")]
        self.low, self.high = [n for n in numbers if n < 1024], [n for n in numbers if n >= 1024]


def check_answers(name, times):
    say(f"{name}: {len(times)} answers, median {statistics.median(times) * 1000:.1f} ms, slowest {max(times) * 1000:.0f} ms")
    check(max(times) < ANSWER, f"{name} took {max(times):.1f} s")


def check_rest(lab, threads):
    lab.check_rest()
    lab.check_leftovers()
    equal(lab.agent.threads(), threads, "threads")


# ---- in all phases ----

def check_statuses(lab):
    statuses = lab.column("rasConnOperStatus")
    wrong = {i: (s, kind_of(i)) for i, s in statuses.items() if s != kind_of(i)}
    equal(wrong, {}, "rows in another status than that")
    equal(len(statuses), N, "rows")


def check_threads(lab, before):
    """A thread for each connection that lives, none for the others; its descriptors leave the low numbers to libnetsnmp."""
    now, states = Holdings(lab), lab.column("rasConnThreadState")
    live = {i for i in states if kind_of(i) not in WITHOUT_THREAD}
    equal({i for i, state in states.items() if state != "none"} ^ live, set(), "rows with a thread that should have none, or the other way round")
    equal((len(now.dial_threads), lab.get("rasThreads.0")), (len(live), len(live)), "dial threads")
    equal(now.others, before.others, "threads that are no dial threads")
    equal(now.low, before.low, "descriptors below 1024")
    check(len(now.high) >= len(live), f"{len(now.high)} descriptors from 1024 on")
    say(f"{len(live)} threads, {len(now.high)} descriptors from 1024 on, {len(now.low)} below")


def check_sums(lab):
    """Scalars are the sums of what a walk shows."""
    statuses = Counter(lab.column("rasConnOperStatus").values())
    scalars = lab.scalars()
    equal([scalars[n] for n in ("rasEntries", "rasEntriesUp", "rasEntriesFailed", "rasDialsInProgress")],
          [N, statuses["up"], statuses["failed"] + statuses["waitingRedial"], statuses["dialing"] + statuses["authenticating"]], "rows by status")
    for scalar, column in (("rasDialAttempts", "rasConnAttempts"), ("rasDialSuccesses", "rasConnSuccesses"), ("rasDialFailures", "rasConnFailures")):
        equal(scalars[scalar], sum(lab.column(column).values()), scalar)


def time_requests(lab):
    """Those that rest can be dialed and hung up as if there were nothing else."""
    rows, times = rows_of("down")[:SETS], []
    for action, status in (("dial", "up"), ("hangUp", "down")):
        times += lab.act_in_turn(action, rows, 1)
        until(lambda s=status: all(lab.status(i) == s for i in rows), 20, f"all are {status}")
    check_answers("SET of one row", times)


@test(150)
def all_phases():
    """10,000 connections in all phases at the same time: a thread for each that lives, SETs and walks are answered meanwhile, sums agree"""
    global took  # pylint: disable=global-statement
    lab = begin([line(f"e{i}", i, **KINDS[kind_of(i)].keys) for i in range(1, N + 1)])
    try:
        # They wait from the start on.
        until(lambda: lab.agent.log().count(": waits for traffic") == len(rows_of("waiting")), 20, "those that wait for traffic do")
        lab.idle_fds = lab.count_idle_fds()
        before = Holdings(lab)
        dialed = rows_of(*(name for name, kind in KINDS.items() if kind.dialed))
        with Watch(lab, range(1, N + 1)) as watch:
            start = time.monotonic()
            check_answers("SET", lab.act_in_turn("dial", dialed))
            took = time.monotonic() - start
            say(f"{len(dialed)} dials accepted in {took:.1f} s")
            lab.wait_all(rows_of("hangingUp"), "up", timeout=30)
            lab.act_in_turn("hangUp", rows_of("hangingUp"))
            lab.wait_all(rows_of("up"), "up", timeout=30)
            check_statuses(lab)
            check_threads(lab, before)
            check_sums(lab)
            time_requests(lab)
            lab.check_sums()
            lab.quiet(60)
        check_answers("sysUpTime", watch.times)
        rows = lab.brief_history()
        lab.check_history(rows)
        lab.check_traps(rows)
        check_rest(lab, before.others)
    finally:
        lab.finish()


# ---- all lost ----

def dial_until_up(lab):
    """Returns when the last one was."""
    start = time.monotonic()
    check_answers("SET", lab.act_in_turn("dial", range(1, N + 1)))
    until(lambda: lab.get("rasEntriesUp.0") == N, 60, lambda: f"all are up: {lab.scalars()}")
    say(f"all up after {time.monotonic() - start:.1f} s")
    return time.monotonic()


def lose_all(lab, due):
    """While the lines are lost the process of the agent stands still: for it, that is one moment."""
    equal(lab.get("rasDrops.0"), 0, "lost so far")
    lab.agent.freeze()
    until(lambda: time.monotonic() > due, due - time.monotonic() + 1, "all lines are lost")
    lab.agent.thaw()
    return time.monotonic()


def check_losses(lab):
    """Each row was lost once, and has its history row."""
    equal(Counter(lab.column("rasConnOperStatus").values()), {"failed": N // 2, "waitingRedial": N // 2})
    for column in ("rasConnAttempts", "rasConnSuccesses", "rasConnDrops"):
        equal(set(lab.column(column).values()), {1}, column)
    equal(sorted(lab.column("rasHistEntryIndex").values()), list(range(1, N + 1)), "one history row for each entry")
    equal(set(lab.column("rasHistErrorCode").values()), {829}, "error codes of the history")
    equal(sorted(lab.column("rasConnLastHistIndex").values()), list(range(1, N + 1)))
    equal(lab.get("rasHistEvicted.0"), 0, "evicted")


def check_notifications(lab):
    names = [f"rasNotify{n}.0" for n in ("Sent", "Suppressed", "Pending", "Dropped")]
    equal(lab.get(*names), [2 * N, 0, 0, 0], "sent, suppressed, pending, dropped")
    until(lambda: lab.sink.mark() == 2 * N, 20, lambda: f"{2 * N} notifications come, {lab.sink.mark()} came")
    equal(Counter((n.name, n.index) for n in lab.sink.take()),
          {(name, i): 1 for name in ("rasConnected", "rasDisconnected") for i in range(1, N + 1)}, "notifications")


@test(200)
def all_lost():
    """10,000 lines lost at the same moment: none hangs, each has its history row and its notification, snmpd answers all the time"""
    last = 10 + took  # s that the last line is up, however busy the machine; the sooner one is dialed the longer it is
    lab = begin([line(f"e{i}", i, f"setup=500ms,drop={int(1000 * (last + took * (1 - i / N)))}ms", redial_on_drop=i % 2 == 0, redial_max=1,
                      redial_pause=3600) for i in range(1, N + 1)])
    try:
        threads = lab.agent.threads()
        start = lose_all(lab, dial_until_up(lab) + last)
        with Watch(lab, range(1, N + 1)) as watch:
            until(lambda: lab.get("rasDrops.0", "rasHistEntries.0") == [N, N], 60, lambda: f"all are lost: {lab.scalars()}")
            say(f"all accounted for after {time.monotonic() - start:.1f} s")
            until(lambda: lab.get("rasNotifyPending.0") == 0, 60, "no notification waits")
            say(f"all told after {time.monotonic() - start:.1f} s")
        check_answers("sysUpTime", watch.times)
        check_losses(lab)
        check_notifications(lab)
        lab.quiet(60)
        check_rest(lab, threads)
    finally:
        lab.finish()


run()
