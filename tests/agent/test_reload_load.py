# SPDX-License-Identifier: BSD-2-Clause
"""A reload while 200 links are up: who is not changed is not touched; the others change, go and come as the file says."""
import time

from harness import *
from reloads import ReloadLab

KEPT, CHANGED, REMOVED, ADDED = range(1, 101), range(101, 151), range(151, 201), range(201, 251)
OURS = ("CallId", "StartTime", "IfIndex", "IfName", "ThreadId", "Attempts", "Successes", "Failures", "RequestId", "Desired", "OperStatus",
        "LastHistIndex", "Destination")
OCTETS = ("rasStatsInOctets", "rasStatsOutOctets", "rasStatsCallInOctets", "rasStatsCallOutOctets")


def entry(i, **keys):
    """Every third one has no index in the file."""
    return line(f"e{i}", i if i % 3 else None, "setup=20ms", **keys)


def changed(i):
    """As different as can be, one way or another; each is dialed otherwise from then on."""
    ways = ({"descr": f"changed {i}"}, {"redial_max": 7, "redial_pause": 3}, {"notify_types": ["connected", "disconnected"]},
            {"user_name": "new", "secret": "new secret"}, {"dial_timeout": 33, "options": ["ipv6"]})
    return {**entry(i), "destination": "setup=25ms", **ways[i % len(ways)]}


FIRST = [entry(i) for i in [*KEPT, *CHANGED, *REMOVED]]
SECOND = [entry(i) for i in ADDED] + [changed(i) for i in reversed(CHANGED)] + [entry(i) for i in KEPT]
lab = ReloadLab(FIRST, books=("history",))
place = {}  # index of each number


def learn_places():
    """Indices by name; those that are known already must be as they were."""
    for index, name in lab.column("rasEntryName").items():
        number = int(name[1:])
        equal(place.setdefault(number, index), index, f"index of {name}")


def at(numbers):
    return [place[i] for i in numbers]


def in_packets(action, numbers):
    indices = at(numbers)
    for first in range(0, len(indices), 25):
        lab.act(action, *indices[first:first + 25])


def rows():
    """What each connection has, as far as it does not change by its nature."""
    columns = {c: lab.column(f"rasConn{c}") for c in OURS}
    return {i: {c: columns[c][i] for c in OURS} for i in columns["CallId"]}


def bring_up(numbers):
    learn_places()
    in_packets("dial", numbers)
    lab.wait_all(at(numbers), "up")


def config_changes(mark):
    return sorted((int(n["rasEntryName"][1:]), n["rasNotifyChange"]) for n in lab.sink.take("rasConfigChange", None, mark))


@test(80)
def with_all_up():
    """200 up: 50 changed, 50 removed, 50 added by one reload; the others keep call, start, interface, thread and counters"""
    bring_up([*KEPT, *CHANGED, *REMOVED])
    before, mark, owed = rows(), lab.sink.mark(), lab.owed()
    octets = {c: lab.column(c) for c in OCTETS}
    entry_changes, book_change = lab.column("rasEntryLastChange"), lab.get("rasPhonebookLastChange.0")
    with Watch(lab, at([*KEPT, *CHANGED]), pause=0.001) as watch:
        until(lambda: len(watch.times) > 20, 10, "polling goes on")
        took = lab.reload(SECOND)
        until(lambda: lab.get("rasThreads.0") == 150, 10, "threads of removed rows end")
        polled = len(watch.times)
        until(lambda: len(watch.times) > polled + 20, 10, "polling goes on")
    check(max(watch.times) < 3, f"a request took {max(watch.times):.1f} s")
    say(f"the reload took {took * 1000:.0f} ms; the slowest of {len(watch.times)} requests meanwhile {max(watch.times) * 1000:.0f} ms")
    learn_places()
    equal(set(lab.column("rasEntryName")), {*at(KEPT), *at(CHANGED), *at(ADDED)}, "rows of the phonebook")
    after = rows()
    for i in at([*KEPT, *CHANGED]):
        equal(after[i], before[i], f"row {i}")
    for column in OCTETS:
        for i, number in lab.column(column).items():
            check(number >= octets[column].get(i, 0), f"{column}.{i} went back from {octets[column].get(i)} to {number}")
    now = lab.column("rasEntryLastChange")
    equal({i: now[i] for i in at(KEPT)}, {i: entry_changes[i] for i in at(KEPT)}, "rasEntryLastChange of rows that did not change")
    check(lab.get("rasPhonebookLastChange.0") > book_change, "rasPhonebookLastChange")
    equal(lab.get("rasEntries.0", "rasEntriesUp.0", "rasEntriesFailed.0"), [200, 150, 0])

    gone = set(at(REMOVED))
    for table in ("rasPhonebookTable", "rasConnTable", "rasStatsTable", "rasAddrTable", "rasLinkTable"):
        left = {MIB.name(v.oid) for v in lab.walk(table) if MIB.find(v.oid)[1][0] in gone}
        equal(left, set(), f"rows of {table} that should be gone")
    equal(sorted(v.value for v in lab.walk("rasNameEntryIndex")), sorted(lab.column("rasEntryName")), "rasNameTable")
    ended = {r["EntryIndex"]: r for r in lab.history()}
    equal({(i, r["CallId"], r["Connected"], r["Cause"], r["ErrorCode"]) for i, r in ended.items()},
          {(i, before[i]["CallId"], "true", "localRequest", 631) for i in gone}, "history of removed rows")

    wanted = sorted([(i, "modified") for i in CHANGED] + [(i, "deleted") for i in REMOVED] + [(i, "created") for i in ADDED])
    until(lambda: config_changes(mark) == wanted, 10, lambda: f"one notification for each change: {config_changes(mark)}")
    disconnected = {int(n["rasEntryName"][1:]) for n in lab.notifications("rasDisconnected", None, len(REMOVED), mark)}
    equal(disconnected, set(REMOVED), "calls of removed rows are told")
    until(lambda: lab.sink.mark() - mark == 200 and lab.owed() - owed == 200, 10,
          lambda: f"{lab.owed() - owed} notifications owed, {lab.sink.mark() - mark} came")
    check_changed()
    check_added()


def check_changed():
    """Changed rows show their new values at once, and use them from the next attempt on."""
    columns = {c: lab.column(f"rasEntry{c}") for c in ("Destination", "Descr", "RedialMax", "UserName", "SecretStored", "DialTimeout",
                                                       "NotifyTypes")}
    for i in CHANGED:
        row, keys = {c: values[place[i]] for c, values in columns.items()}, changed(i)
        for key, column in (("destination", "Destination"), ("descr", "Descr"), ("redial_max", "RedialMax"), ("user_name", "UserName"),
                            ("dial_timeout", "DialTimeout")):
            if key in keys:
                equal(row[column], keys[key], f"{column} of e{i}")
        equal(row["SecretStored"], "true" if "secret" in keys else "false")
        if "notify_types" in keys:
            equal(row["NotifyTypes"], {"connected", "disconnected"})
    calls = lab.column("rasConnCallId")
    equal({lab.column("rasConnDestination")[i] for i in at(CHANGED)}, {"setup=20ms"}, "the call keeps what it began with")
    in_packets("redial", CHANGED)
    until(lambda: {lab.column("rasConnDestination")[i] for i in at(CHANGED)} == {"setup=25ms"}, 15, "all are dialed anew")
    lab.wait_all(at(CHANGED), "up")
    now = lab.column("rasConnCallId")
    equal({i: now[i] for i in at(KEPT)}, {i: calls[i] for i in at(KEPT)}, "the others are still in their calls")
    equal(sorted(r["EntryIndex"] for r in lab.history() if r["EntryIndex"] in at(CHANGED)), sorted(at(CHANGED)))


def check_added():
    bring_up(ADDED)
    equal(lab.get("rasEntriesUp.0", "rasThreads.0"), [200, 200])


@test(60)
def removed_rows_come_back():
    """Rows that come back have index and counters as before, and those that go instead lose none of theirs either"""
    bring_up([*KEPT, *ADDED])
    calls = lab.column("rasConnCallId")
    lab.reload(FIRST)
    learn_places()
    equal(set(lab.column("rasEntryName")), {*at(KEPT), *at(CHANGED), *at(REMOVED)})
    back = rows()
    equal({(back[i]["Attempts"], back[i]["Successes"], back[i]["Failures"], back[i]["OperStatus"]) for i in at(REMOVED)},
          {(1, 1, 0, "down")})
    equal({back[i]["CallId"] for i in at(KEPT)}, {calls[i] for i in at(KEPT)})
    bring_up(REMOVED)
    equal({lab.column("rasConnAttempts")[i] for i in at(REMOVED)}, {2})
    until(lambda: lab.get("rasThreads.0") == 150, 10, "threads of removed rows end")
    lab.reload(FIRST + [entry(i) for i in ADDED])
    learn_places()
    attempts = lab.column("rasConnAttempts")
    equal(([attempts[i] for i in at(ADDED)], lab.get("rasEntries.0")), ([2] * 50, 250))


def settled():
    """All that a file decides, and what no call may lose."""
    return ([(v.oid, v.value) for v in lab.walk("rasPhonebook", 50)], rows(), lab.column("rasNameEntryIndex"),
            lab.get("rasPhonebookLastChange.0", "rasMaxConcurrentDials.0", "rasAgentName.0", "rasNotifyTypes.0", "rasHistNewest.0"))


@test(60)
def bad_file():
    """A long file with an error at its end changes nothing, says where the error is, and is announced like any other"""
    lab.reload(FIRST)
    bring_up([*KEPT, *CHANGED, *REMOVED])
    before, mark = settled(), lab.sink.mark()
    lab.write_config([*SECOND, line("last", 999)], {"max_concurrent_dials": 11, "name": "other"})
    with open(lab.config, encoding="utf-8") as file:
        text = file.read()
    lines = text.count("\n")
    for bad, where in ((text + "    colour: blue\n", (lines + 1, 5)), (text + "  - name: E250\n", (lines + 1, 5)),
                       (text + "  - {name: x, index: 999}\n", (lines + 1, 5)), (text + "    redial-max: many\n", (lines + 1, 17)),
                       (text + "  - {name: x\n", None), (text + "\tx: y\n", None), (text[:-1] + "\xff\n", None)):
        found = lab.refused(bad)
        check(where in (None, found[:2]), f"{found}, not {where}: {bad[-60:]!r}")
        check(found[0] >= lines - 1, f"near the end: {found} of {lines} lines")
        equal(settled(), before)
    equal(lab.sink.mark(), mark, "nothing is told")
    lab.write_config(FIRST, {"max_concurrent_dials": 0, "name": "lab"})
    lab.reload()
    equal(settled(), before, "the same file again")


@test(60)
def in_quick_succession():
    """Many reloads without waiting: the last file holds, no call is lost, each change is told or counted"""
    bring_up([*KEPT, *CHANGED])
    calls, owed, mark = lab.column("rasConnCallId"), lab.owed(), len(lab.said)
    begin = time.monotonic()
    for number in range(25):
        lab.write_config([{**e, "descr": f"turn {number}"} if i < 30 else e for i, e in enumerate(FIRST)])
        lab.hup()
        lab.get("rasEntries.0")
    until(lambda: set(list(lab.column("rasEntryDescr").values())[:29]) == {"turn 24"}, 10, "the last file holds")
    until(lambda: lab.said[-1] == ["READY=1"], 5, "the last reload is done")
    say(f"25 reloads of 200 rows took {time.monotonic() - begin:.1f} s")
    words = [datagram[0] for datagram in lab.said[mark:]]
    equal(words, ["RELOADING=1", "READY=1"] * (len(words) // 2), "each begins when the one before has ended")
    now = lab.column("rasConnCallId")
    equal({i: now[i] for i in at([*KEPT, *CHANGED])}, {i: calls[i] for i in at([*KEPT, *CHANGED])})
    lab.all_told()
    equal((lab.owed() - owed) % 30, 0, "notifications owed: each reload that was done has changed 30 rows")


@test(60)
def told_or_counted():
    """rasConfigChange under a minimal interval: of each row the first is sent, the others are counted as suppressed"""
    lab.reload(FIRST, {"notifications": {"min_interval": 60, "queue": 8192}})
    begin = dict(zip(("sent", "suppressed"), lab.get("rasNotifySent.0", "rasNotifySuppressed.0")))
    mark = lab.sink.mark()
    for number in range(4):
        lab.reload([{**e, "descr": f"once more {number}"} if i < 20 else e for i, e in enumerate(FIRST)])
    lab.all_told()
    sent, suppressed, dropped = lab.get("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyDropped.0")
    owed = sent - begin["sent"] + suppressed - begin["suppressed"] + dropped
    equal(owed, 4 * 20, f"owed: {sent - begin['sent']} sent, {suppressed - begin['suppressed']} suppressed, {dropped} dropped")
    until(lambda: lab.sink.mark() - mark == sent - begin["sent"], 5, "what was sent came")
    # Those of the test before are less than a minute old.
    check(sent - begin["sent"] <= 20 and lab.get("rasNotifyMinInterval.0") == 60, f"{sent - begin['sent']} sent")
    lab.reload(FIRST, {"notifications": {"min_interval": 0, "queue": 8192}})


run(lab)
