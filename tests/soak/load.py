# SPDX-License-Identifier: BSD-2-Clause
"""Thousands of connections in a real rasdiald below a real snmpd, or in that snmpd (RASDIAL_TEST_HOST=dlmod), for minutes: all are
dialed, some flap, requests and walks come all the time, and rasdiald or snmpd is killed, restarted or told to read its file meanwhile.

    python3 tests/soak/load.py [SEED [MINUTES [COUNT]]]

SEED of what is requested; MINUTES of storm (2); COUNT of connections (10000)."""
import contextlib
import os
import random
import resource
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "agent"))

import tap  # noqa: E402
from books import SUM_COLUMNS, SUM_SCALARS, SYS_UP_TIME, check_row_sums, check_scalar_sums  # noqa: E402
from harness import *  # noqa: E402
from lab import RESTING, ROWS_AT_ONCE  # noqa: E402
from snmp import NO_SUCH_INSTANCE, NO_SUCH_OBJECT  # noqa: E402

ARGUMENTS = sys.argv[1:]
SEED = ARGUMENTS[0] if ARGUMENTS else str(random.randrange(1 << 31))
MINUTES = float(ARGUMENTS[1]) if len(ARGUMENTS) > 1 else 2.0
COUNT = int(ARGUMENTS[2]) if len(ARGUMENTS) > 2 else 10000
SECONDS = MINUTES * 60 / 7  # of storm in each of the cycles
LIMIT = 3 * SECONDS + COUNT / 20 + 240  # of a cycle with all that is around it, on a busy machine
PATIENCE = 30 + COUNT / 100
ANSWER = 10.0  # seconds that an answer may take
FDS_EACH = 1.5  # descriptors of a call, and of a redial that waits for its end
FDS_REST = 200
# The agent at rest may need this much more than after its first two cycles, of which a reload is one and had two phonebooks
# in memory for a moment. That much is malloc()'s affair.
GROWTH_SHARE, GROWTH_KB = 1.10, 4096

FIXED = COUNT - COUNT // 100  # a reload removes the rows behind
PACE = max(1, COUNT // 2000)  # the more connections, the slower they flap
HIGH_MARKS = tuple(f"{name}.0" for name in ("rasDialAttempts", "rasDialSuccesses", "rasDialFailures", "rasDrops", "rasHistNewest"))


def entry(i, edition):
    """Row i: most stay up, the others flap, fail, or take long. What differs between editions of the file is at the end."""
    kind, more = i % 20, i // 20 % 10
    flap = {"redial_on_drop": True, "redial_pause": 1, "redial_max": 5}
    if kind < 12:
        keys = {"destination": f"setup={200 + 100 * more}ms"}
    elif kind < 15:
        keys = {"destination": f"setup=300ms,drop={(2000 + 400 * more) * PACE}ms", **flap}
    else:
        keys = ({"destination": "fail=676,fails=1,setup=100ms", "redial_pause": 1},
                {"destination": "fail=691,setup=200ms"},
                {"destination": "fail=678,setup=300ms", "redial_max": 1, "redial_pause": 2},
                {"destination": "setup=20s", "redial_max": 0},
                {"destination": f"setup={500 + edition}ms,drop=3s", "redial_max": 0})[kind - 15]
    return line(f"line-{i}", i, descr=f"edition {edition}", **keys)


def phonebook(edition):
    return [entry(i, edition) for i in range(1, (COUNT if edition % 2 == 0 else FIXED) + 1)]


def is_steady(i):
    return i % 20 < 12


class Crowd:
    """All who talk to the agent at the same time, each in a thread of his own: requests, walks, sums. What they complain of
    while something is being restarted is forgiven."""

    def __init__(self, address, seed):
        self.address, self.picker = address, random.Random(seed)
        self.done, self.trouble = threading.Event(), []
        self.restarts, self.restarting = 0, False
        self.turn = threading.Lock()  # held while a request is under way
        self.asked, self.answered = {}, {}  # rasConnRequestId by row
        self.request_id, self.requests, self.walked, self.slowest = self.picker.randrange(1, 1 << 30), 0, 0, 0.0
        self.high = [0] * len(HIGH_MARKS)
        self.threads = []

    def __enter__(self):
        self.done.clear()
        self.trouble = []
        self.threads = [threading.Thread(target=self._live, args=(step,), daemon=True)
                        for step in (self._request, self._walk, self._look)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.done.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        if kind is None:
            equal(self.trouble, [], "what the crowd complains of")

    def _live(self, step):
        manager = Manager(self.address, timeout=ANSWER, retries=0)
        while not self.done.is_set():
            before = self.restarts
            manager.timeout = 2.0 if self.restarting else ANSWER
            try:
                step(manager)
            except (AssertionError, SnmpTimeout) as error:
                if not self.restarting and before == self.restarts:
                    self.trouble.append(f"{step.__name__.strip('_')}: {type(error).__name__}: {error}")
                    break
        manager.close()

    @contextlib.contextmanager
    def forgiving(self):
        """While something is not there."""
        self.restarting = True
        yield
        self.restarts += 1
        self.restarting = False

    # ---- what they do ----

    def _request(self, manager):
        """Actions on some rows in one PDU, each with a number of its own."""
        rows = self.picker.sample(range(1, FIXED + 1), self.picker.choice((1, 1, 3, ROWS_AT_ONCE // 2)))
        action = self.picker.choice(("dial", "dial", "dial", "redial", "hangUp", "clearError"))
        with self.turn:
            self.request_id += 1
            self.asked.update(dict.fromkeys(rows, self.request_id))
            error = manager.set(*(v for i in rows for v in ((MIB.oid(f"rasConnAction.{i}"), "INTEGER", ACTION[action]),
                                                            (MIB.oid(f"rasConnRequestId.{i}"), "Gauge32", self.request_id))),
                                timeout=manager.timeout).error
            if error == "noError":
                self.answered.update(dict.fromkeys(rows, self.request_id))
            else:
                self.asked.update({i: self.answered.get(i, 0) for i in rows})
        check(error in ("noError", "inconsistentValue"), f"{action} {rows}: {error}")
        self.requests += 1
        self.done.wait(0.02)

    def _walk(self, manager):
        for _ in manager.walk(MIB.root, self.picker.choice((5, 50))):
            self.walked += 1
            if self.done.is_set():
                break

    def _look(self, manager):
        """Sums of scalars and of a row, each in one PDU; what only grows; how long sysUpTime takes."""
        begin = time.monotonic()
        manager.get(SYS_UP_TIME)
        self.slowest = max(self.slowest, time.monotonic() - begin)
        index = self.picker.randrange(1, FIXED + 1)
        for names, judge in ((SUM_SCALARS, check_scalar_sums), (HIGH_MARKS, self.check_growing),
                             ([f"{n}.{index}" for n in SUM_COLUMNS], lambda values: check_row_sums(index, values))):
            values = [Lab.decode(v) for v in manager.get(*(MIB.oid(n) for n in names)).varbinds]
            if NO_SUCH_OBJECT not in values and NO_SUCH_INSTANCE not in values:
                judge(values)
        self.done.wait(0.01)

    def check_growing(self, values):
        """Not even kill -9 takes something away from these."""
        check(all(new >= old for new, old in zip(values, self.high)), f"{HIGH_MARKS}: {values} after {self.high}")
        self.high = values

    def check_answered(self, request_ids):
        """What was answered is there; what was not may be."""
        wrong = {i: (got, self.answered.get(i, 0), self.asked.get(i, 0)) for i, got in request_ids.items()
                 if got not in (self.answered.get(i, 0), self.asked.get(i, 0))}
        equal(wrong, {}, "rows with another rasConnRequestId than (answered, asked)")

    def forget(self):
        self.asked, self.answered = {}, {}


ACTION = MIB.objects["rasConnAction"].labels
lab = Lab(phonebook(0), {"max_entries": COUNT, "history": {"max_entries": 1000}}, books=())
crowd = Crowd(lab.manager.address, SEED)
edition = 0  # of the file
sizes = []  # (kB, descriptors) of the present process at rest after each cycle


# ---- at rest ----

def all_down():
    """Hangs everything up and waits until nothing goes on. """
    def hang_up():
        busy = [i for i, s in lab.column("rasConnOperStatus").items() if s not in RESTING]
        lab.act_in_turn("hangUp", busy)
        return not busy and lab.get("rasThreads.0") == 0
    until(hang_up, PATIENCE, lambda: f"everything is down: {lab.scalars()}", pause=0.5)


def check_books():
    """Everything is down: attempts are accounted for, in scalars, rows and history, and notifications have come."""
    lab.check_rest()
    scalars = lab.scalars()
    equal(scalars["rasHistNewest"], scalars["rasDialAttempts"], "rows of history ever made")
    equal((scalars["rasStorageStatus"], scalars["rasStorageProblems"]), ("ok", 0), "storage")
    until(lambda: lab.get("rasNotifyPending.0") == 0, PATIENCE, "no notification waits")
    rows = lab.column("rasHistCallId")
    equal(len(set(rows.values())), len(rows), "call ids of the history")
    lab.check_log()


def memory():
    with open(f"/proc/{lab.agent.pid}/status", encoding="ascii") as file:
        return next(int(text.split()[1]) for text in file if text.startswith("VmRSS:"))


def check_size():
    """Memory and descriptors do not grow from the second cycle of a process on."""
    until(lambda: lab.agent.threads() < 10, PATIENCE, "the threads have ended")
    sizes.append((memory(), len(lab.agent_fds())))
    say(f"at rest: {sizes[-1][0]} kB, {sizes[-1][1]} descriptors")
    kilobytes, fds = max(size for size, _ in sizes[:2]), sizes[0][1]
    check(sizes[-1][0] <= kilobytes * GROWTH_SHARE + GROWTH_KB, f"memory in kB, and descriptors, cycle by cycle: {sizes}")
    check(sizes[-1][1] <= fds, f"memory in kB, and descriptors, cycle by cycle: {sizes}: {lab.agent_fds()}")


# ---- what happens in the middle of a cycle ----

def nothing():
    pass


def kill_agent():
    """kill -9: links stay, answered requests are known, nothing counted is forgotten."""
    with crowd.turn, crowd.forgiving():
        up = {i for i, status in lab.column("rasConnOperStatus").items() if status == "up" and is_steady(i)}
        calls = lab.column("rasConnCallId")
        lab.kill_agent()
        lab.start_agent(wait=False)
        lab.wait_agent(PATIENCE)
        sizes.clear()
        after, statuses = lab.column("rasConnCallId"), lab.column("rasConnOperStatus")
        lost = {i: (calls[i], after[i], statuses[i]) for i in up if (after[i], statuses[i]) != (calls[i], "up")}
        equal(lost, {}, f"links of {len(up)} that were up and did not stay (call before, after, status)")
        crowd.check_answered(lab.column("rasConnRequestId"))
    say(f"{len(up)} links stayed up over kill -9")


def read_again():
    if HOST != "dlmod":
        lab.hup()
        return
    with crowd.turn, crowd.forgiving():  # unloaded and loaded: nobody answers for a moment
        lab.reload(PATIENCE)
        lab.wait_agent(PATIENCE)


def reload():
    """SIGHUP: rows go, rows change, and come back as they were."""
    global edition  # pylint: disable=global-statement
    for _ in range(2):
        edition += 1
        lab.write_config(phonebook(edition))
        begin = time.monotonic()
        read_again()
        until(lambda: lab.get("rasEntryDescr.1") == f"edition {edition}", PATIENCE, "the file is read again")
        say(f"{len(lab.entries)} entries read again in {time.monotonic() - begin:.2f} s")
        equal(lab.get("rasEntries.0"), len(lab.entries), "rows")


def restart_master():
    """snmpd ends and comes back: the calls do not care, even if the agent goes with it."""
    attempts = lab.get("rasDialAttempts.0")
    with crowd.turn, crowd.forgiving():
        before = lab.agent
        lab.stop_snmpd()
        lab.start_snmpd()
        if HOST == "dlmod":
            lab.start_agent(wait=False)
            sizes.clear()
        lab.wait_agent(PATIENCE)
    equal(lab.agent is before, HOST != "dlmod", "the process of the agent has gone on")
    check(lab.get("rasDialAttempts.0") >= attempts, "attempts")


def cycle(event):
    """Dials everything, lets the crowd loose with the event in the middle of it, brings everything down, does the books."""
    begin = time.monotonic()
    lab.act_in_turn("dial", range(1, FIXED + 1))
    crowd.forget()  # a request without a number has taken the numbers back
    say(f"{FIXED} dials accepted in {time.monotonic() - begin:.1f} s")
    requests, attempts, walked, crowd.slowest = crowd.requests, lab.get("rasDialAttempts.0"), crowd.walked, 0.0
    with crowd:
        crowd.done.wait(SECONDS / 2)
        event()
        crowd.done.wait(SECONDS / 2)
        up = lab.get("rasEntriesUp.0")
    say(f"{up} up; {crowd.requests - requests} requests, {lab.get('rasDialAttempts.0') - attempts} attempts, "
        f"{crowd.walked - walked} objects walked; sysUpTime took {crowd.slowest * 1000:.0f} ms at most")
    check(crowd.requests > requests and crowd.walked > walked, "there was a storm")
    crowd.check_answered(lab.column("rasConnRequestId"))
    all_down()
    check_books()
    check_size()
    with lab.sink.lock:
        lab.sink.all.clear()


# ---- the cycles; the last process of the agent lives through some of them ----

@test(LIMIT)
def begins():
    """The agent starts"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    check(limit >= FDS_EACH * COUNT + FDS_REST, f"{COUNT} connections need {FDS_EACH * COUNT + FDS_REST:.0f} descriptors (ulimit -Hn), "
          f"and {limit} are allowed: take a smaller COUNT")
    say(f"COUNT={COUNT} MINUTES={MINUTES:g} SEED={SEED}")
    lab.start_snmpd()
    lab.start_agent(wait=False)
    lab.wait_agent(PATIENCE)
    equal(lab.get("rasEntries.0"), COUNT, "rows")


for name, what in (("a storm of requests", nothing), ("kill -9", kill_agent), ("kill -9 again", kill_agent), ("two reloads", reload),
                   ("snmpd restarted", restart_master), ("another storm", nothing), ("a last storm", nothing)):
    def run_cycle(event=what):
        cycle(event)
    run_cycle.__doc__ = f"{COUNT} connections: {name} (SEED={SEED})"
    test(LIMIT)(run_cycle)


def finish():
    """The agent ends in time with status 0, and leaves nothing"""
    lab.finish()


del sys.argv[1:]  # of which tap.main() would choose tests
sys.exit(tap.main(finish=finish, on_failure=lab.tell))
