# SPDX-License-Identifier: BSD-2-Clause
"""What must hold at any time, and what must hold when everything is down again: sums, history, notifications, leftovers."""
import os
import random
import threading
import time

from mib import MIB
from snmp import EXCEPTIONS, Manager, SnmpTimeout
from tap import check, equal, until

SYS_UP_TIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
SUM_SCALARS = tuple(f"{n}.0" for n in ("rasDialAttempts", "rasDialSuccesses", "rasDialFailures", "rasDialsInProgress"))
SUM_COLUMNS = ("rasConnAttempts", "rasConnSuccesses", "rasConnFailures", "rasConnOperStatus", "rasConnState")


def check_scalar_sums(values):
    attempts, successes, failures, progress = values
    equal(attempts, successes + failures + progress,
          f"attempts = {successes} successes + {failures} failures + {progress} in progress")


def check_row_sums(index, values):
    attempts, successes, failures, status, state = values
    progress = 1 if status in ("dialing", "authenticating") else 0
    equal(attempts, successes + failures + progress,
          f"row {index}, {status}, {state}: attempts = {successes} successes + {failures} failures + {progress}")


class Books:
    """The part of a laboratory that keeps its books. books says which can be held against each other:
      "traps"    every notification owed must have come (no limits, no master away for long, default masks)
      "history"  no row of the history was removed
      "rows"     no entry was removed, so sums over rows are the scalars."""

    def __init__(self, books):
        self.books = set(books)
        self.idle_fds = None
        self.forgiven = {}

    def check_sums(self):
        """Attempts = successes + failures + in progress: scalars, and each row, each read in one PDU."""
        check_scalar_sums(self.get(*SUM_SCALARS))
        for index in self.column("rasConnOperStatus"):
            check_row_sums(index, self.get(*(f"{n}.{index}" for n in SUM_COLUMNS)))

    def check_rest(self):
        """Nothing is in progress, so attempts = successes + failures."""
        check_scalar_sums(self.get(*SUM_SCALARS))
        attempts, successes, failures = (self.column(f"rasConn{c}") for c in ("Attempts", "Successes", "Failures"))
        equal({i: successes[i] + failures[i] for i in attempts}, attempts, "successes + failures of each row")
        equal(self.get("rasDialsInProgress.0", "rasEntriesUp.0", "rasThreads.0"), [0, 0, 0], "in progress, up, threads")

    def brief_history(self):
        """As history(), with only what the checks look at."""
        columns = {c: self.column(f"rasHist{c}") for c in ("CallId", "EntryName", "Connected", "Cause")}
        return [{"Index": i, **{c: values[i] for c, values in columns.items()}} for i in columns["CallId"]]

    def check_history(self, rows):
        """Exactly one row for each attempt that ended, and it agrees with the counters."""
        scalars = self.scalars()
        equal(len(rows), scalars["rasHistEntries"], "rows of the history")
        equal(rows[-1]["Index"] if rows else 0, scalars["rasHistNewest"], "newest row")
        equal(scalars["rasHistEntries"] + scalars["rasHistEvicted"], scalars["rasDialAttempts"], "rows ever made")
        equal([r["Index"] for r in rows], list(range(1, len(rows) + 1)), "numbers of the rows")
        equal(len({r["CallId"] for r in rows}), len(rows), "call ids are unique")
        by_entry = {}
        for row in rows:
            by_entry.setdefault(row["EntryName"], []).append(row)
        names = self.column("rasEntryName")
        columns = {c: self.column(f"rasConn{c}") for c in ("Successes", "Failures", "Drops", "LastHistIndex")}
        for index, name in names.items():
            conn, mine = {c: column[index] for c, column in columns.items()}, by_entry.get(name, [])
            up = [r for r in mine if r["Connected"] == "true"]
            equal(len(up), conn["Successes"], f"{name}: successes")
            equal(len(mine) - len(up), conn["Failures"], f"{name}: failures")
            equal(len([r for r in up if r["Cause"] not in ("localRequest", "idleTimeout", "maxDuration")]),
                  conn["Drops"], f"{name}: drops")
            equal(mine[-1]["Index"] if mine else 0, conn["LastHistIndex"], f"{name}: rasConnLastHistIndex")
        if "rows" in self.books:
            for scalar, column in (("rasDialAttempts", "rasConnAttempts"), ("rasDialSuccesses", "rasConnSuccesses"),
                                   ("rasDialFailures", "rasConnFailures"), ("rasDrops", "rasConnDrops")):
                equal(sum(self.column(column).values()), scalars[scalar], f"sum of {column}")

    @staticmethod
    def owed_by_history(rows):
        """Notifications that the history says were owed: {(name, entry): count}, without rasRedialExhausted."""
        owed = {}
        for row in rows:
            up, failed = row["Connected"] == "true", row["Cause"] != "localRequest"
            for name in ["rasConnected", "rasDisconnected"] if up else ["rasDialFailed"] if failed else []:
                owed[name, row["EntryName"]] = owed.get((name, row["EntryName"]), 0) + 1
        return owed

    def check_traps(self, rows):
        """Each notification owed came exactly once, and the agent's own count says so."""
        owed = self.owed_by_history(rows)

        def difference():
            """Notifications that came, less those that were owed."""
            more = {k: -owed.get(k, 0) - self.forgiven.get(k, 0) for k in {**owed, **self.forgiven}}
            for n in self.sink.take():
                if n.name in ("rasConnected", "rasDisconnected", "rasDialFailed"):
                    more[n.name, n["rasEntryName"]] = more.get((n.name, n["rasEntryName"]), 0) + 1
            return {k: n for k, n in more.items() if n}
        try:
            until(lambda: not difference(), 10, lambda: f"the notifications owed came: {difference()}")
        except AssertionError:
            for key, number in difference().items():  # told once is enough
                self.forgiven[key] = self.forgiven.get(key, 0) + number
            raise
        if self.restarts == 0:
            names = ("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyPending.0", "rasNotifyDropped.0")
            # Those of other kinds may still be on their way.
            until(lambda: self.get(*names) == [self.sink.mark(), 0, 0, 0], 10,
                  lambda: f"sent, suppressed, pending, dropped: {self.get(*names)}; {self.sink.mark()} came")

    def check_leftovers(self):
        """Nothing of a call stays: descriptors, threads, records."""
        until(lambda: len(self.agent_fds()) == self.idle_fds, 5,
              lambda: f"{self.idle_fds} descriptors as before: {self.agent_fds()}")
        for root, _, files in os.walk(self.run_dir):
            for name in files:
                path = os.path.join(root, name)
                check(not name.endswith(".link"), f"{name} is left in the run directory")
                check(os.lstat(path).st_mode & 0o077 == 0, f"{path} can be read by others")


class Watch:
    """Reads the sums all the time in a thread of its own, while a test goes on; also how long sysUpTime took.

    with Watch(lab, rows) as watch: ..."""

    def __init__(self, lab, rows=(), pause=0.01):
        self.lab, self.rows, self.pause = lab, list(rows), pause
        self.trouble, self.times, self.done = None, [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.done.set()
        self.thread.join(15)
        if kind is None and self.trouble:
            raise AssertionError(f"while watching: {self.trouble}")

    def _run(self):
        manager = Manager(self.lab.manager.address, timeout=10, retries=0)
        picker = random.Random(1)
        try:
            while not self.times or not self.done.wait(self.pause):  # once at least, however short the time
                begin = time.monotonic()
                manager.get(SYS_UP_TIME)
                self.times.append(time.monotonic() - begin)
                values = self._read(manager, SUM_SCALARS)
                if values:
                    check_scalar_sums(values)
                if self.rows:
                    index = picker.choice(self.rows)
                    values = self._read(manager, [f"{n}.{index}" for n in SUM_COLUMNS])
                    if values:
                        check_row_sums(index, values)
        except (AssertionError, SnmpTimeout) as error:
            self.trouble = error
        finally:
            manager.close()

    def _read(self, manager, names):
        pdu = manager.get(*(MIB.oid(n) for n in names))
        if any(v.type in EXCEPTIONS for v in pdu.varbinds):
            return None  # the agent is away
        return [self.lab.decode(v) for v in pdu.varbinds]
