# SPDX-License-Identifier: BSD-2-Clause
"""SIGHUP: the file is read again; what did not change is not touched; a bad file changes nothing."""

from harness import *
from reloads import ReloadLab

KEEP = line("keep", 1, "setup=30ms")
CHANGE = line("change", 2, "setup=30ms")
GONE = line("gone", 3, "setup=30ms")
TRYING = line("gone while trying", 4, "setup=60s")
WAITING = line("gone while waiting", 5, "setup=20ms,fail=678", redial_max=5, redial_pause=60)
lab = ReloadLab([KEEP, CHANGE, GONE, TRYING, WAITING], books=())
reload = lab.reload


@test()
def add_change_remove():
    """Rows come, change and go; calls of other rows go on; the manager can see that something changed"""
    lab.dial(1, 2, 3, 4, 5)
    lab.wait_all((1, 2, 3), "up")
    lab.wait(4, "dialing", "authenticating")
    lab.wait(5, "waitingRedial")
    calls = {i: lab.conn(i)["CallId"] for i in (1, 2)}
    changed_before = lab.get("rasPhonebookLastChange.0")
    row_before = lab.get("rasEntryLastChange.1")
    mark = lab.sink.mark()
    reload([KEEP, {**CHANGE, "descr": "new", "destination": "setup=40ms", "redial_max": 7}, line("new", 9, "setup=20ms"),
            line("unnumbered", None, "setup=20ms")])
    until(lambda: lab.get("rasEntries.0") == 4, 5, "four rows")
    names = lab.column("rasEntryName")
    equal({i: names.get(i) for i in (1, 2, 9)}, {1: "keep", 2: "change", 9: "new"})
    equal(lab.get("rasEntryDescr.2", "rasEntryRedialMax.2", "rasEntryDestination.2"), ["new", 7, "setup=40ms"])
    equal({i: (lab.conn(i)["OperStatus"], lab.conn(i)["CallId"]) for i in (1, 2)}, {i: ("up", c) for i, c in calls.items()})
    equal(lab.get("rasConnDestination.2"), "setup=30ms", "the call keeps what it began with")
    check(lab.get("rasPhonebookLastChange.0") > changed_before, "rasPhonebookLastChange")
    equal(lab.get("rasEntryLastChange.1"), row_before, "of a row that did not change")
    check(lab.raw("rasConnOperStatus.3").type == "noSuchInstance", "the row is gone")
    # calls of rows that are gone are ended and accounted for
    until(lambda: {c["EntryName"] for c in lab.history()} >= {"gone", "gone while trying", "gone while waiting"}, 5, lab.history)
    until(lambda: lab.get("rasThreads.0") == 2, 5, "their threads end")
    by_name = {c["EntryName"]: c for c in lab.history()}
    equal((by_name["gone"]["Cause"], by_name["gone"]["Connected"]), ("localRequest", "true"))
    equal((by_name["gone while trying"]["Cause"], by_name["gone while trying"]["Connected"]), ("localRequest", "false"))
    check_told(mark, {("change", "modified"), ("new", "created"), ("unnumbered", "created"), ("gone", "deleted"),
                      ("gone while trying", "deleted"), ("gone while waiting", "deleted")})
    lab.dial(9)
    lab.wait(9, "up")
    lab.act("redial", 2)
    until(lambda: lab.get("rasConnDestination.2") == "setup=40ms", 5, "the next call uses the new destination")
    equal(lab.get("rasEntries.0", "rasDialAttempts.0")[0], 4)
    check_totals()


def check_told(mark, wanted):
    """rasConfigChange of each entry that changed, once, and of no other."""
    def told():
        return sorted((n["rasEntryName"], n["rasNotifyChange"]) for n in lab.sink.take("rasConfigChange", None, mark))
    until(lambda: told() == sorted(wanted), 5, lambda: f"notifications of changes: {told()}")
    for notification in lab.sink.take("rasConfigChange", None, mark):
        equal(list(notification.values), MIB.notifications["rasConfigChange"])
        equal(notification["rasEntryOrigin"], "file")


def check_totals():
    attempts, successes, failures, progress = lab.get(*SUM_SCALARS)
    equal(attempts, successes + failures + progress, "sums with rows that are gone")


@test()
def comes_back():
    """A row that comes back has its index and its counters again"""
    attempts = {c["EntryName"]: 1 for c in lab.history()}
    reload([KEEP, CHANGE, GONE])
    until(lambda: lab.get("rasEntryName.3") == "gone", 5)
    row = lab.conn(3)
    equal((row["OperStatus"], row["Attempts"]), ("down", attempts["gone"]))
    lab.dial(3)
    lab.wait(3, "up")
    check_totals()


@test()
def nothing_changed():
    """A reload of the same file touches nothing and tells nothing"""
    lab.dial(1)
    lab.wait(1, "up")
    lab.quiet()
    mark, changed = lab.sink.mark(), lab.get("rasPhonebookLastChange.0")
    before = {MIB.name(v.oid): v.value for v in lab.walk("rasPhonebook")}
    reload()
    lab.dial(1)
    lab.wait(1, "up")
    equal(lab.get("rasPhonebookLastChange.0"), changed)
    equal({MIB.name(v.oid): v.value for v in lab.walk("rasPhonebook")}, before)
    equal(lab.sink.take("rasConfigChange", None, mark), [])


@test()
def bad_file():
    """A file with an error changes nothing; the log names file, line and column"""
    lab.dial(1)
    call = lab.wait(1, "up")["CallId"]
    with open(lab.config, encoding="utf-8") as file:
        good = file.read()
    before = {MIB.name(v.oid): v.value for v in lab.walk("rasPhonebook")}
    for text in (good + "  - name: broken\n    colour: blue\n", good + "  - name: keep\n", good.replace("loopback", "looback", 1),
                 "agent: [\n", good + "\tx", "entries: 5\n"):
        lab.refused(text)
        equal({MIB.name(v.oid): v.value for v in lab.walk("rasPhonebook")}, before)
        equal((lab.conn(1)["OperStatus"], lab.conn(1)["CallId"]), ("up", call))
    lab.write_config()


@test()
def swapped_indices():
    """Two rows that change their indices: names, indices and counters go together"""
    lab.quiet()
    lab.dial(1)
    lab.wait(1, "up")
    lab.quiet()
    counters = {lab.get(f"rasEntryName.{i}"): lab.conn(i)["Attempts"] for i in (1, 2)}
    reload([{**KEEP, "index": 2}, {**CHANGE, "index": 1}])
    until(lambda: lab.get("rasEntryName.2") == "keep", 5)
    equal({lab.get(f"rasEntryName.{i}"): lab.conn(i)["Attempts"] for i in (1, 2)}, counters)
    octets = b"keep"
    equal(lab.manager.get(MIB.oid("rasNameEntryIndex") + (len(octets), *octets)).varbinds[0].value, 2)
    lab.dial(2)
    lab.wait(2, "up")
    reload([KEEP, CHANGE])
    until(lambda: lab.get("rasEntryName.1") == "keep", 5)
    until(lambda: lab.status(1) in ("up", "down"), 5)


@test()
def settings_of_the_file():
    """Settings that changed in the file hold after a reload"""
    reload(agent={"max_concurrent_dials": 33, "history": {"max_entries": 77}})
    until(lambda: lab.get("rasMaxConcurrentDials.0", "rasHistMaxEntries.0") == [33, 77], 5)
    reload(agent={"admin_mode": "drain"})
    until(lambda: lab.get("rasAdminMode.0") == "drain", 5)
    equal(lab.set(("rasConnAction.1", "dial")), "inconsistentValue")
    reload(agent={"admin_mode": "enabled"})
    until(lambda: lab.get("rasAdminMode.0") == "enabled", 5)
    lab.dial(1)
    lab.wait(1, "up")


@test()
def many_reloads():
    """Thirty reloads while calls come and go: no leak, no call lost"""
    lab.dial(1)
    call = lab.wait(1, "up")["CallId"]
    for number in range(30):
        lab.write_config([KEEP, {**CHANGE, "descr": f"change {number}"}])
        lab.hup()
        if number % 3 == 0:
            lab.set(("rasConnAction.2", "redial"))
    until(lambda: lab.get("rasEntryDescr.2") == "change 29", 10, lambda: lab.get("rasEntryDescr.2"))
    lab.hang_up(2)
    lab.wait(2, "down")
    equal(lab.conn(1)["CallId"], call)


run(lab)
