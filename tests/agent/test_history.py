# SPDX-License-Identifier: BSD-2-Clause
"""The history: what is kept and for how long, numbers in the order of ends, and managers that fetch only what is new; also over restarts."""
import os
import random
import re
import threading
import time

from rowfiles import StateDir, read, seal_line, unseal_line, write

from harness import *

SHORT = {i: line(f"short {i}", i, "setup=5ms,fail=678" if i % 2 else "setup=5ms,drop=20ms") for i in range(1, 9)}
LONG = {i: line(f"long {i}", i, "setup=100ms,drop=1200ms,jitter=30") for i in range(11, 15)}
lab = Lab([*SHORT.values(), *LONG.values(), line("hq", 20, "setup=20ms"), line("waits", 21, "setup=60s"),
           line("late", 22, "setup=60s", dial_timeout=1),
           line("again", 23, "setup=5ms,fail=678,fails=2", redial_max=3, redial_pause=1)],
          books=("history",))


# ---- managers that remember the last index ----

class Reader:
    """A manager of its own that asks only for rows behind the last one it has, all the time while it runs.

    repetitions 0: GETNEXT, one row at a time."""

    COLUMNS = ("rasHistCallId", "rasHistEntryName", "rasHistEndTime", "rasHistConnected")

    def __init__(self, at, repetitions, last=0, restarts=False):
        self.restarts = restarts
        self.manager = Manager(at.manager.address, timeout=2, retries=5)
        self.repetitions, self.last, self.rows, self.trouble = repetitions, last, [], None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.stop.wait(0.02):
                self.fetch()
        except (AssertionError, SnmpTimeout) as error:
            self.trouble = error

    def fetch(self):
        """Takes what is new. A row that came while its columns were being asked for is left for the next time."""
        while True:
            at = [MIB.oid(f"{column}.{self.last}") for column in self.COLUMNS]
            pdu = self.manager.bulk(*at, repetitions=self.repetitions) if self.repetitions else self.manager.next(*at)
            # snmpd says genErr for an agent that goes away in the middle.
            check(pdu.error == "noError" or (self.restarts and pdu.error == "genErr"), pdu.error)
            found = [] if pdu.error == "genErr" else self.take(pdu.varbinds)
            if not found:
                return
            self.rows += found
            self.last = found[-1]["Index"]

    def take(self, varbinds):
        rows, width = [], len(self.COLUMNS)
        for at in range(0, len(varbinds), width):
            names = [MIB.find(v.oid) for v in varbinds[at:at + width]]
            if [obj and obj.name for obj, _ in names] != list(self.COLUMNS) or len({i for _, i in names}) != 1:
                break
            values = [obj.decode(v.value) for (obj, _), v in zip(names, varbinds[at:at + width])]
            rows.append({"Index": names[0][1][0], **{c.removeprefix("rasHist"): v for c, v in zip(self.COLUMNS, values)}})
        return rows

    def end(self):
        self.stop.set()
        self.thread.join(20)
        check(not self.trouble, f"a reader: {self.trouble}")
        self.fetch()
        self.manager.close()
        return self.rows


def keep_calling(at, seconds, between=None):
    """Dials whatever rests, so that calls end all the time; between(): now and then."""
    end, rest = time.monotonic() + seconds, [*SHORT, *LONG]
    pause = time.monotonic() + 1.2
    while time.monotonic() < end:
        status = at.column("rasConnOperStatus")
        ready = [i for i in rest if status.get(i) in ("down", "failed")]
        if ready:
            at.dial(*ready)
        time.sleep(0.2)
        if between and time.monotonic() > pause:
            between()
            pause = time.monotonic() + 1.2


def settle(at):
    at.wait_all([*SHORT, *LONG], "down", "failed", timeout=10)


def check_rows(at, rows, first=1):
    """Each row exactly once, none left out, with what the table says; rows end in their order."""
    newest, attempts = at.get("rasHistNewest.0", "rasDialAttempts.0")
    equal([r["Index"] for r in rows], list(range(first, newest + 1)), "numbers of the rows that were fetched")
    table = {r["Index"]: r for r in at.history()}
    for row in rows:
        equal({k: table[row["Index"]][k] for k in row}, row)
    equal(newest, attempts, "rows ever made")
    for one, two in zip(rows, rows[1:]):
        check(seconds_of(two["EndTime"]) > seconds_of(one["EndTime"]) - 1, f"ends in their order: {one}, {two}")


def seconds_of(date):
    """DateAndTime -> seconds of the month; enough to compare two that are close."""
    return ((date[3] * 24 + date[4]) * 60 + date[5]) * 60 + date[6] + date[7] / 10


# ---- tests ----

@test(60)
def only_what_is_new():
    """Long and short calls end all the time: managers that remember the last index see each row once, by GETNEXT and by GETBULK"""
    readers = [Reader(lab, 0), Reader(lab, 5), Reader(lab, 40)]
    keep_calling(lab, 5)
    settle(lab)
    for reader in readers:
        check_rows(lab, reader.end())
    rows = readers[0].rows
    check(len(rows) > 40, f"many calls ended: {len(rows)}")
    overtaken = [(long, short) for at, long in enumerate(rows) for short in rows[:at]
                 if long["EntryName"].startswith("long") and short["CallId"] > long["CallId"]]
    check(len(overtaken) > 10, f"calls that began later and ended sooner have lower numbers: {len(overtaken)}")


@test(80)
def only_what_is_new_over_restarts():
    """The same while the agent is ended and killed: no row twice, none lost"""
    first = lab.get("rasHistNewest.0") + 1
    readers = [Reader(lab, 0, first - 1, restarts=True), Reader(lab, 20, first - 1, restarts=True)]
    ends = iter([lab.kill_agent, lab.stop_agent, lab.kill_agent])

    def restart():
        end = next(ends, None)
        if end:
            end()
            lab.start_agent()
    keep_calling(lab, 6, restart)
    check(next(ends, None) is None, "three restarts")
    settle(lab)
    for reader in readers:
        check_rows(lab, reader.end(), first)
    check(len(readers[0].rows) > 20, f"many calls ended: {len(readers[0].rows)}")


def since(newest):
    """Rows behind this one, oldest first, names of columns without their prefix."""
    names = MIB.tables["rasHistTable"]
    short = [n.removeprefix("rasHist") for n in names]
    return [{"Index": i, **dict(zip(short, lab.get(*(f"{n}.{i}" for n in names))))}
            for i in range(newest + 1, lab.get("rasHistNewest.0") + 1)]


@test(60)
def in_the_order_of_ends():
    """A call that began first and ended last has the highest index"""
    newest = lab.get("rasHistNewest.0")
    lab.dial(20)
    first = lab.wait(20, "up")["CallId"]
    for i in (1, 2, 3):
        lab.dial(i)
        lab.wait(i, "failed")
    lab.hang_up(20)
    lab.wait(20, "down")
    rows = since(newest)
    equal([r["EntryName"] for r in rows], ["short 1", "short 2", "short 3", "hq"])
    equal(rows[-1]["CallId"], first)
    check(all(r["CallId"] > first for r in rows[:-1]), rows)
    equal(lab.get("rasHistNewest.0", "rasConnLastHistIndex.20"), [rows[-1]["Index"]] * 2)


@test(60)
def one_row_each():
    """Every attempt has exactly one row, however it ends: on request, too late, before a redial, by the mode, with the agent"""
    newest = lab.get("rasHistNewest.0")

    def ended(index, *wanted):
        nonlocal newest
        rows = since(newest)
        equal([(r["EntryIndex"], r["Trigger"], r["Connected"], r["Cause"], r["ErrorCode"]) for r in rows],
              [(index, *w) for w in wanted])
        newest = rows[-1]["Index"]
    lab.dial(21)
    lab.wait(21, "dialing", "authenticating")
    lab.hang_up(21)
    lab.wait(21, "down")
    ended(21, ("snmp", "false", "localRequest", 631))
    lab.dial(20)
    lab.wait(20, "up")
    attempts = lab.get("rasConnAttempts.20")
    lab.act("redial", 20)
    until(lambda: lab.get("rasConnAttempts.20", "rasConnOperStatus.20") == [attempts + 1, "up"], 10, "dialed anew")
    ended(20, ("snmp", "true", "localRequest", 631))
    equal(lab.set(("rasAdminMode.0", "disabled")), "noError")
    lab.wait(20, "failed", "down")
    ended(20, ("snmp", "true", "localRequest", 929))
    equal(lab.set(("rasAdminMode.0", "enabled")), "noError")
    lab.dial(22)
    lab.wait(22, "failed")
    ended(22, ("snmp", "false", "dialTimeout", 638))
    lab.dial(23)
    lab.wait(23, "up", timeout=20)
    lab.hang_up(23)
    lab.wait(23, "down")
    ended(23, ("snmp", "false", "noAnswer", 678), ("redial", "false", "noAnswer", 678), ("redial", "true", "localRequest", 631))
    for end in (lab.stop_agent, lab.kill_agent):
        lab.dial(21)
        # Before that, an agent that is killed leaves nothing that says who has dialed.
        until(lambda: any(name.endswith(".link") for name in os.listdir(lab.run_dir)), 10, "the attempt has its record")
        end()
        lab.start_agent()
        lab.wait(21, "failed")
        ended(21, ("snmp", "false", "internalError", 834))


@test(60)
def rows_never_change():
    """A row stays as it is when its entry gets another name or index, or goes, and over restarts"""
    lab.dial(1)
    lab.wait(1, "failed")
    before = lab.history()
    entries = list(lab.entries)
    lab.write_config([{**entries[0], "name": "another name"}, {**entries[1], "index": 99}, *entries[3:]])
    lab.hup()
    until(lambda: lab.get("rasEntryName.1") == "another name", 10, lambda: lab.column("rasEntryName"))
    equal(lab.history(), before)
    for end in (lab.kill_agent, lab.stop_agent):
        end()
        lab.start_agent()
        equal(lab.history(), before)
    lab.write_config(entries)
    lab.hup()
    until(lambda: lab.get("rasEntryName.1") == "short 1", 10, lambda: lab.column("rasEntryName"))
    equal(lab.history(), before)


# ---- limits ----

def small(max_entries, **history):
    return Lab([line("fails", 1, "setup=5ms,fail=691")], agent={"history": {"max_entries": max_entries, **history}}, books=())


def fail(at, times):
    failures = at.get("rasConnFailures.1")
    for number in range(failures + 1, failures + 1 + times):
        at.dial(1)
        until(lambda n=number: at.get("rasConnFailures.1", "rasConnOperStatus.1") == [n, "failed"], 10, "it failed")


def numbers(at):
    return [r["Index"] for r in at.history()]


def scalars(at):
    return at.get("rasHistEntries.0", "rasHistNewest.0", "rasHistEvicted.0")


@test(60)
def limit_over_restarts():
    """Rows that had to go stay away after restarts, also where the file has more room for them now; the numbers go on"""
    other = small(5)
    try:
        other.begin()
        fail(other, 12)
        equal((numbers(other), scalars(other)), ([8, 9, 10, 11, 12], [5, 12, 7]))
        rows = other.history()
        for end in (other.kill_agent, other.stop_agent):
            end()
            other.start_agent()
            equal((other.history(), scalars(other)), (rows, [5, 12, 0]))
        fail(other, 2)
        equal((numbers(other), scalars(other)), ([10, 11, 12, 13, 14], [5, 14, 2]))
        other.kill_agent()
        other.write_config(agent={"history": {"max_entries": 100}})
        other.start_agent()
        equal((numbers(other), other.get("rasHistMaxEntries.0")), ([10, 11, 12, 13, 14], 100))
        fail(other, 1)
        equal(other.set(("rasHistMaxEntries.0", 2)), "noError")
        equal((numbers(other), scalars(other)), ([14, 15], [2, 15, 4]), "a lower limit takes effect at once")
        fail(other, 1)
        other.kill_agent()
        other.write_config(agent={"history": {"max_entries": 50}})
        other.start_agent()
        fail(other, 1)
        equal((numbers(other), other.get("rasHistMaxEntries.0")), ([15, 16, 17], 50))
        equal(other.set(("rasHistMaxEntries.0", 0)), "noError")
        equal((numbers(other), scalars(other)), ([], [0, 0, 3]))
        fail(other, 2)
        equal(scalars(other), [0, 0, 3], "no history, so nothing is evicted")
        other.kill_agent()
        other.start_agent()
        equal((numbers(other), scalars(other)), ([], [0, 0, 0]))
        equal(other.set(("rasHistMaxEntries.0", 65535)), "noError")
        fail(other, 1)
        equal((numbers(other), scalars(other)), ([18], [1, 18, 0]))
        other.restart_agent()
        equal((numbers(other), scalars(other)), ([18], [1, 18, 0]))
    finally:
        other.finish()


def age(at, minutes):
    """Makes the rows so much older, oldest first, while no agent runs."""
    path, ages = StateDir(at).journal, iter(minutes)

    def older(text):
        shift = round(next(ages) * 60000)
        return re.sub(rb" (setup|connect|end)=(\d+)", lambda m: b" %s=%d" % (m[1], max(0, int(m[2]) - shift)), text)
    lines = [unseal_line(octets) for octets in read(path).splitlines()]
    write(path, b"".join(seal_line(older(text) if text.startswith(b"history ") else text) for text in lines))


@test(60)
def retain_time():
    """Rows go at their age, at once when the limit is lowered and by themselves later; that is no eviction; 0 is no limit"""
    other = small(100)
    try:
        other.begin()
        fail(other, 7)
        other.stop_agent()
        age(other, [5000, 4000, 300, 30, 10 - 2 / 60, 1, 0])
        other.start_agent()
        equal(numbers(other), [1, 2, 3, 4, 5, 6, 7])
        equal(other.set(("rasHistRetainTime.0", 3500)), "noError")
        equal((numbers(other), scalars(other)), ([3, 4, 5, 6, 7], [5, 7, 0]))
        equal(other.set(("rasHistRetainTime.0", 60)), "noError")
        equal(numbers(other), [4, 5, 6, 7])
        equal(other.set(("rasHistRetainTime.0", 10)), "noError")
        check(numbers(other) in ([5, 6, 7], [6, 7]), numbers(other))
        until(lambda: numbers(other) == [6, 7], 10, lambda: f"row 5 goes when it is 10 minutes old: {numbers(other)}")
        equal(scalars(other), [2, 7, 0], "age is no eviction")
        for end in (other.kill_agent, other.stop_agent):
            end()
            other.start_agent()
            equal((numbers(other), other.get("rasHistRetainTime.0")), ([6, 7], 10))
        equal(other.set(("rasHistRetainTime.0", 0)), "noError")
        other.restart_agent()
        equal(numbers(other), [6, 7])
        fail(other, 1)
        other.stop_agent()
        age(other, [525600 * 3, 525600 * 2, 525600])
        other.start_agent()
        equal(numbers(other), [6, 7, 8], "no limit by age")
    finally:
        other.finish()


@test(60)
def retain_time_of_the_file():
    """A limit by age in the file holds after a restart and after a reload"""
    other = small(100, retain_time=60)
    try:
        other.begin()
        fail(other, 4)
        other.stop_agent()
        age(other, [120, 90, 30, 0])
        other.start_agent()
        equal((numbers(other), scalars(other)), ([3, 4], [2, 4, 0]))
        other.write_config(agent={"history": {"max_entries": 100, "retain_time": 20}})
        other.hup()
        until(lambda: numbers(other) == [4], 10, lambda: numbers(other))
        fail(other, 1)
        other.write_config(agent={"history": {"max_entries": 100, "retain_time": 0}})
        other.restart_agent()
        equal(numbers(other), [4, 5])
    finally:
        other.finish()


@test(60)
def limits_while_calls_end():
    """Limits change all the time while calls end: the sums agree, and the rows are the newest ones without a gap"""
    picker = random.Random(3)
    other = Lab([*SHORT.values()], agent={"history": {"max_entries": 30}}, books=())
    try:
        other.begin()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            ready = [i for i, s in other.column("rasConnOperStatus").items() if s in ("down", "failed")]
            limit = picker.choice((0, 1, 3, 20, 60))
            equal(other.set(("rasHistMaxEntries.0", limit), *((f"rasConnAction.{i}", "dial") for i in ready)), "noError")
            entries, newest = other.get("rasHistEntries.0", "rasHistNewest.0")
            check(entries <= limit and (entries > 0) == (newest > 0), f"{entries} rows up to {newest}, of at most {limit}")
        equal(other.set(("rasHistMaxEntries.0", 60)), "noError")
        other.wait_all([*SHORT], "down", "failed")
        fresh = other.get("rasHistNewest.0")
        fail(other, 1)
        rows, (entries, newest, _) = numbers(other), scalars(other)
        check(newest > fresh, f"{newest} after {fresh}")
        equal((len(rows), rows), (entries, list(range(newest - entries + 1, newest + 1))))
        other.restart_agent()
        equal(numbers(other), rows)
    finally:
        other.finish()


run(lab)
