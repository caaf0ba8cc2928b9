# SPDX-License-Identifier: BSD-2-Clause
"""What the tests share that end the agent in the middle of a SET, or make a step of it fail: rows, SETs, and what must be found
then."""
import os

from changes import ALLOW
from harness import *
from phonebook import Phonebook
from rowfiles import StateDir

LINES = (21, 22, 23)  # rows that are dialed; nothing but texts of theirs is changed
SCALARS = ("rasMaxConcurrentDials.0", "rasHistRetainTime.0", "rasSpinLock.0")
FAIL = "setup=1ms,fail=691"

lab = Lab([line("of the file", 11, FAIL), line("permanent", 12, FAIL, storage_type="permanent")], ALLOW, books=())
state = StateDir(lab)
cache = {}


def settled():
    """Nothing is dialed any more, and the counters agree."""
    until(lambda: lab.get("rasThreads.0") == 0, 20, lambda: f"all dials end: {lab.column('rasConnOperStatus')}")
    lab.check_sums()
    lab.check_rest()


def check_attempts(model):
    """Each attempt of these rows that a request led to is counted and has its place in the history."""
    rows = lab.history()
    equal(len(rows), lab.get("rasHistNewest.0"), "history")
    equal([r["Index"] for r in rows], list(range(1, len(rows) + 1)), "numbers in the history")
    equal(len({r["CallId"] for r in rows}), len(rows), "call ids")
    for index in LINES:
        wanted = model.counters.get(index, {}).get("Attempts", 0)
        equal(sum(r["EntryIndex"] == index for r in rows), wanted, f"rows of the history of entry {index}")


def one_of(models, when):
    """Which of these models (as it was, as it was to be) the tables agree with."""
    settled()
    lines = []
    for model in models:
        difference = model.difference(lab)
        if not difference:
            check_attempts(model)
            return model.keep_dates(lab)
        lines += ["  or  "] * bool(lines) + difference
    raise AssertionError(f"{when}: neither as before nor as wanted:\n" + "\n".join(lines))


def make_lines():
    for index in LINES:
        equal(lab.set((f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", f"line {index}"),
                      (f"rasEntryDeviceType.{index}", "loopback"), (f"rasEntryDestination.{index}", FAIL)), "noError")


def learned():
    """What is there after fresh()."""
    if "first" not in cache:
        cache["first"] = Phonebook().learn(lab, *SCALARS).keep_dates(lab)
    else:
        cache["first"].restarted()
    return cache["first"].copy()


def some_rows(index, count):
    return [p for i in range(index, index + count) for p in ((f"rasEntryRowStatus.{i}", "createAndGo"), (f"rasEntryName.{i}", f"row {i}"))]


# SETs of which every step is tried.
PDUS = {
    "a new row": some_rows(50, 1) + [("rasSubentryRowStatus.50.1", "createAndGo"), ("rasEntryDescr.50", "new")],
    "a change": [("rasEntryDescr.41", "changed"), ("rasEntryRedialMax.41", 5), ("rasSubentryRowStatus.41.2", "createAndGo")],
    "a row that goes": [("rasEntryRowStatus.42", "destroy")],
    "another name": [("rasEntryName.40", "renamed")],
    "two change names": [("rasEntryName.41", "row 42"), ("rasEntryName.42", "row 41")],
    "a row becomes volatile": [("rasEntryStorageType.43", "volatile")],
    "a row of the file": [("rasEntryUserName.12", "somebody"), ("rasEntrySecret.12", b"secret")],
    "several": some_rows(50, 2) + [("rasEntryDescr.41", "changed"), ("rasEntryRowStatus.42", "destroy"), ("rasEntryName.43", "row 42")],
    "scalars": [("rasMaxConcurrentDials.0", 5000), ("rasHistRetainTime.0", 7000), ("rasSpinLock.0", 0)],
    "two dials": [(f"rasConnAction.{i}", "dial") for i in LINES[:2]] + [(f"rasConnRequestId.{i}", 77) for i in LINES[:2]],
    "all kinds": some_rows(50, 1) + [("rasEntryDescr.41", "changed"), ("rasEntryRowStatus.42", "destroy"), ("rasMaxConcurrentDials.0", 5000),
                                     ("rasSpinLock.0", 0), ("rasEntryDescr.21", "changed"), ("rasConnAction.21", "dial"),
                                     ("rasConnRequestId.21", 77)],
}


def fresh():
    """The state directory that every step begins with; made once."""
    if os.path.exists(state.path + ".steps"):
        lab.kill_agent()
        state.restore(".steps")
        lab.start_agent()
        return
    lab.stop_agent()
    state.clear()
    lab.start_agent()
    make_lines()
    equal(lab.set(*some_rows(40, 5)), "noError")
    equal(lab.set(("rasSubentryRowStatus.41.1", "createAndGo"), ("rasEntryDeviceType.40", "loopback")), "noError")
    lab.dial(40)
    lab.wait(40, "up")
    lab.hang_up(40)
    settled()
    lab.stop_agent()
    state.save(".steps")
    lab.start_agent()
