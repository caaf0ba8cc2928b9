# SPDX-License-Identifier: BSD-2-Clause
"""A state directory with damage of every kind: the agent starts, says what it set aside, and loses nothing else."""
import os
import re
import shutil
import socket
import time

from changes import ALLOW
from harness import *
from phonebook import Phonebook
from rowfiles import StateDir, change_list, describe, read, seal_line, seal_row, unseal_line, unseal_row, write

GOOD = (1, 2, 3, 4, 5)
START_LIMIT = 20  # s; for a start on a busy machine

lab = Lab([line("of the file", 9, "setup=5ms,fail=678")], ALLOW, books=())
state = StateDir(lab)
good, history = Phonebook(), []


def prepare():
    """Five rows with a past, and the state directory that belongs to them; made once, then copied."""
    if os.path.exists(state.path + ".saved"):
        lab.stop_agent()
        state.restore()
        return
    for index in GOOD:
        equal(lab.set((f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", f"good {index}"),
                      (f"rasEntryDeviceType.{index}", "loopback"), (f"rasEntryDestination.{index}", "setup=5ms,fail=678"),
                      (f"rasEntryDescr.{index}", 'it is "good": \u00fc'), (f"rasEntrySecret.{index}", b"\xffsecret"),
                      (f"rasEntryUserName.{index}", "somebody"), (f"rasSubentryRowStatus.{index}.1", "createAndGo"),
                      (f"rasSubentryDestination.{index}.1", "setup=1s")), "noError")
        equal(lab.set((f"rasConnAction.{index}", "dial"), (f"rasConnRequestId.{index}", 100 + index)), "noError")
        lab.wait(index, "failed")
    equal(lab.set(("rasHistRetainTime.0", 5000), ("rasSpinLock.0", 0)), "noError")
    lab.dial(9)
    lab.wait(9, "failed")
    lab.stop_agent()
    lab.start_agent()
    good.learn(lab, "rasHistRetainTime.0", "rasSpinLock.0", "rasDialAttempts.0", "rasHistNewest.0")
    good.keep_dates(lab)
    history.extend(lab.history())
    equal(len(history), len(GOOD) + 1)
    lab.stop_agent()
    state.save()


def start(problems, status="damaged"):
    """The agent starts in good time and counts so many problems (None: some); what is good is as it was."""
    begin = time.monotonic()
    lab.start_agent()
    took = time.monotonic() - begin
    check(took < START_LIMIT, f"the start took {took:.1f} s")
    got = lab.get("rasStorageStatus.0", "rasStorageProblems.0")
    equal(got[0], status, f"rasStorageStatus; log: {lab.agent.log()[-1500:]}")
    check(got[1] == problems if problems is not None else got[1] > 0, f"rasStorageProblems is {got[1]}, not {problems}")


def check_good(but=()):
    """All that was whole is there: rows, counters, history, scalars. but: rows that are not looked at."""
    wanted = good.copy()
    for index in but:
        wanted.rows.pop(index)
        wanted.counters.pop(index)
        wanted.requests.pop(index)
        wanted.subs.pop((index, 1))
    lines = wanted.difference(lab)
    check(not lines, "what was whole:\n" + "\n".join(lines))
    equal(lab.history(), history, "history")


@test(90)
def cut_and_flipped():
    """Files of rows cut at every octet, and with a bit flipped in every octet: all set aside, nothing else is lost"""
    prepare()
    template, damaged = state.read_row(5), {}
    for number in range(2 * len(template)):
        index, at = 1000 + number, number // 2
        whole = state.variant(template, index, f"r{index}")
        octets = whole[:at] if number % 2 else whole[:at] + bytes([whole[at] ^ 1 << index // 2 % 8]) + whole[at + 1:]
        state.write_row(index, octets)
        damaged[index] = octets
    start(len(damaged))
    say(f"{len(damaged)} damaged files")
    log = lab.agent.log()
    for index, octets in damaged.items():
        equal(read(state.row(index) + ".damaged-1"), octets, f"what was set aside of {index}")
        check(f"entries/{index}.yaml.damaged-1" in log, f"the log tells of {index}")
    equal(sum(name.endswith(".yaml") for name in os.listdir(state.rows)), len(GOOD))
    check_good()
    state.check_quiet()
    check_good()


@test()
def a_row_comes_back():
    """What was set aside is not overwritten by the next damage, and its index can be used again"""
    prepare()
    whole = state.read_row(3)
    for time_ in (1, 2, 3):
        state.write_row(3, whole[:100 * time_])
        start(1)
        check_good(but=[3])
        equal([len(read(f"{state.row(3)}.damaged-{n}")) for n in range(1, time_ + 1)], [100 * n for n in range(1, time_ + 1)])
        lab.stop_agent()
    lab.start_agent()
    equal(lab.set(("rasEntryRowStatus.3", "createAndGo"), ("rasEntryName.3", "good 3")), "noError")
    lab.restart_agent()
    equal(lab.get("rasEntryName.3", "rasStorageStatus.0"), ["good 3", "ok"])


@test()
def whole_but_wrong():
    """Files with a right sum that are no row: bad values, unknown keys, wrong or no index or name, aliases, binary octets"""
    prepare()
    text = unseal_row(state.read_row(5))
    one = re.sub(rb'^name: .*$', b'name: "x"', text, flags=re.M)

    def edit(old, new):
        changed, count = re.subn(old, lambda _: new, one, count=1, flags=re.M)
        equal(count, 1, f"{old} is in the file")
        return changed
    texts = [b"", b"\n", b"# nothing\n", b"name: x\n", b"index: 100\n", b"[]\n", b"- a\n", b"x\n", b"{}\n", b"\0\xff\xfe" * 50, b"a: &a [*a]\n",
             b"%YAML 9.9\n---\n", b"{" * 5000, b"[" * 100000, b"? " * 3000, one + b"name: twice\n", one + b"unknown: 1\n", one + b"---\n" + one,
             edit(rb"^redial-pause: .*$", b"redial-pause: 0"), edit(rb"^redial-pause: .*$", b"redial-pause: 99999999999999999999"),
             edit(rb"^device-type: .*$", b"device-type: carrier-pigeon"), edit(rb'^name: "x"$', b'name: ""'),
             edit(rb'^name: "x"$', b'name: "' + b"x" * 65 + b'"'), edit(rb'^name: "x"$', b'name: "a\\nb"'), edit(rb'^name: "x"$', b"name: [x]"),
             edit(rb"^index: .*$", b"index: 0"), edit(rb"^index: .*$", b"index: -1"), edit(rb"^index: .*$", b"index: 2147483648"),
             edit(rb"^index: .*$", b"index: 5"), edit(rb"^index: .*\n", b""), edit(rb"^descr: .*$", b'descr: "\\a"'),
             edit(rb"^descr: .*$", b"descr: \xff\xfe"), edit(rb"^descr: .*$", b"descr: " + b"x" * 256), edit(rb"^storage-type: .*$", b"storage-type: read-only"),
             edit(rb"^row-status: .*$", b"row-status: destroy"), edit(rb"^last-change: .*$", b"last-change: tomorrow")]
    damaged = {}
    for index, wrong in enumerate(texts, 100):
        wrong = re.sub(rb"^index: 5$", b"index: %d" % index, wrong, flags=re.M) if b"index: 5\n" not in texts[index - 100] or \
            wrong != edit(rb"^index: .*$", b"index: 5") else wrong
        damaged[index] = seal_row(wrong)
        state.write_row(index, damaged[index])
    start(len(damaged))
    for index, octets in damaged.items():
        state.check_aside(f"entries/{index}.yaml", ("file", octets))
    check_good()
    state.check_quiet()


@test()
def foreign_rows():
    """In the place of a row: nothing, another row's file, a folder, a link, a FIFO, a socket, a device, 100 MiB of zeros"""
    prepare()
    secret = lab.dir + "/secret"
    write(secret, state.variant(state.read_row(5), 104, "from outside"))
    write(state.row(100), b"")
    write(state.row(101), os.urandom(5000))
    write(state.row(102), state.read_row(1))
    os.makedirs(state.row(103) + "/inside")
    os.symlink(secret, state.row(104))
    os.symlink("1.yaml", state.row(105))
    os.symlink("nowhere", state.row(106))
    os.mkfifo(state.row(107), 0o600)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(state.row(108))
    with open(state.row(109), "wb") as file:
        file.truncate(100 << 20)
    write(state.row(110), b"x" * (2 << 20))
    indices = list(range(100, 111))
    if os.geteuid() == 0:
        os.mknod(state.row(111), 0o20600, os.makedev(1, 5))  # /dev/zero
        indices.append(111)
    before = {i: describe(state.row(i)) for i in indices}
    start(len(indices))
    for index in indices:
        state.check_aside(f"entries/{index}.yaml", before[index])
    equal(read(secret)[-15:-9], b"# sum=", "what a link points to is not touched")
    check_good()
    state.check_quiet()


@test()
def unknown_files():
    """Hundreds of files that are nobody's: left alone, no matter how they are called"""
    prepare()
    names = [f"file {n}" for n in range(500)] + ["0.yaml", "01.yaml", "+1.yaml", " 1.yaml", "1.yaml ", "-1.yaml", "1.YAML", "1.yml", "1", ".yaml",
                                                 "2147483648.yaml", "4294967297.yaml", "99999999999999999999.yaml", "1.yaml~", "x.yaml",
                                                 "1.yaml.damaged-1", "2.yaml.replaced-7", "README", "\xff\n\x1b[2J.yaml", "n" * 250]
    for name in names:
        write(os.path.join(state.rows, name), state.read_row(1))
        write(os.path.join(state.path, name), b"not ours\n")
    os.makedirs(state.rows + "/folder/7.yaml")
    before = state.everything()
    start(0, "ok")
    equal(state.everything(), before)
    check_good()


@test()
def same_name_twice():
    """Two files of the same name (also in other letters): one row is there, the other file is set aside"""
    prepare()
    for index, name in ((6, "Good 2"), (7, "seven"), (8, "SEVEN")):
        state.write_row(index, state.variant(state.read_row(5), index, name))
    texts = {i: ("file", state.read_row(i)) for i in (6, 8)}
    start(2)
    for index in texts:
        state.check_aside(f"entries/{index}.yaml", texts[index], "replaced")
    equal(lab.get("rasEntryName.7", "rasEntries.0"), ["seven", len(GOOD) + 2])
    equal(lab.set(("rasEntryRowStatus.7", "destroy")), "noError")
    check_good()
    state.check_quiet()


@test()
def left_by_a_crash():
    """Temporary files are removed; a list of changes that is damaged, or no file, does no harm"""
    one, two = change_list(("remove", 1, True)), change_list(("put", 1, True), ("remove", 2, True))
    lists = {
        "half a line": one[:-5], "no newline": one[:-1], "binary": os.urandom(3000), "empty": b"", "one line of two": two[:two.index(b"\n") + 1],
        "one line too many": two + two, "flipped": one.replace(b"1", b"2", 1), "nul": one + b"\0", "foreign": seal_line(b"put index=1"),
        "strange": seal_line(b"eat index=1 before=1 of=1"), "no number": seal_line(b"remove index=99999999999 before=1 of=1"),
        "done already": change_list(*(("put", n, False) for n in range(10, 500))),
    }
    for name, octets in lists.items():
        bad = name != "done already"
        prepare()
        write(state.rows + "/change", octets)
        write(state.rows + "/.7777.yaml.1", b"half a row")
        write(state.rows + "/.1.yaml.0", state.read_row(1))
        write(state.rows + "/.change.4711", b"half a list")
        write(state.path + "/.journal.4711", b"half a journal")
        start(None if bad else 0, "damaged" if bad else "ok")
        check_good()
        if bad:
            state.check_aside("entries/change", ("file", octets))
        left = [n for f in (state.rows, state.path) for n in os.listdir(f) if n.startswith(".")]
        equal(left, [], f"{name}: temporary files")
        check(not os.path.lexists(state.rows + "/change"), f"{name}: the list is gone")
        state.check_quiet()
    for make in (lambda path: os.mkfifo(path), lambda path: os.symlink("/etc/passwd", path), os.makedirs):
        prepare()
        make(state.rows + "/change")
        before = describe(state.rows + "/change")
        start(1)
        state.check_aside("entries/change", before)
        check_good()
        equal(lab.set(*((f"rasEntryDescr.{i}", "new") for i in GOOD)), "noError", "several rows in one PDU")
        lab.kill_agent()
        lab.start_agent()
        equal([lab.get(f"rasEntryDescr.{i}") for i in GOOD], ["new"] * len(GOOD))


@test()
def finished_after_a_crash():
    """A list of changes that is whole is carried out at the start: all of it"""
    prepare()
    write(state.rows + "/.1.yaml.1", state.variant(state.read_row(1), 1, "new 1"))
    write(state.rows + "/.2.yaml.0", state.read_row(2))
    write(state.rows + "/.6.yaml.1", state.variant(state.read_row(1), 6, "new 6"))
    write(state.rows + "/change", change_list(("put", 1, True), ("remove", 2, True), ("put", 6, False)))
    start(0, "ok")
    equal({i: n for i, n in lab.column("rasEntryName").items() if i != 9},
          {1: "new 1", 3: "good 3", 4: "good 4", 5: "good 5", 6: "new 6"})
    equal(sorted(os.listdir(state.rows)), ["1.yaml", "3.yaml", "4.yaml", "5.yaml", "6.yaml"])
    state.check_quiet()


@test()
def no_folder():
    """The folder of the rows is a file, a link, or gone; the journal tells of counters all the same"""
    for make in (lambda path: write(path, b"x"), lambda path: os.symlink("/tmp", path), os.mkfifo, None):
        prepare()
        shutil.rmtree(state.rows)
        if make:
            make(state.rows)
        wanted = describe(state.rows) if make else None
        start(1 if make else 0, "damaged" if make else "ok")
        if make:
            equal(describe(state.rows + ".damaged-1"), wanted)
            check("entries.damaged-1" in lab.agent.log(), "the log tells")
        equal(lab.history(), history)
        equal(lab.get("rasConnAttempts.9", "rasEntries.0"), [1, 1])
        equal(lab.set(("rasEntryRowStatus.3", "createAndGo"), ("rasEntryName.3", "again")), "noError")
        lab.kill_agent()
        lab.start_agent()
        equal(lab.get("rasEntryName.3"), "again")


@test(60)
def lines_of_the_journal():
    """A line of the journal cut at every octet, and with every octet changed: each set aside, the other lines count"""
    prepare()
    lines = read(state.journal).splitlines(keepends=True)
    conn = unseal_line(next(row for row in lines if row.startswith(b"conn") and b'name="good 5"' in row))
    extra, damaged = [line(f"x{n}", 1000 + n, "setup=5ms") for n in range(2 * len(conn))], []
    for number, entry in enumerate(extra):
        text = conn.replace(b'name="good 5"', b'name="x%d"' % number)
        text = seal_line(re.sub(rb"attempts=\d+ successes=\d+ failures=\d+", b"attempts=7 successes=3 failures=4",
                                re.sub(rb" index=\d+", b" index=%d" % entry["index"], text).replace(b"own=1", b"own=0")))
        at = min(number // 2, len(text) - 2)
        bad = text[:at].rstrip(b"\n") + b"\n" if number % 2 else text[:at] + bytes([text[at] ^ (1 + number // 2 % 255)]) + text[at + 1:]
        lines.insert(number % len(lines), text if number % 10 == 0 else bad)
        if number % 10 and bad.strip(b"\n"):
            damaged.append(bad)
    write(state.journal, b"".join(lines))
    entries = list(lab.entries)
    try:
        lab.write_config(entries + extra)
        start(None)
        aside = read(state.path + "/journal.lines.damaged-1")
        for bad in damaged:
            check(bad.split(b"\n")[0][:8000] in aside, f"{bad!r} is kept aside")
        check("journal.lines.damaged-1" in lab.agent.log(), "the log tells")
        attempts = lab.column("rasConnAttempts")
        equal({attempts[1000 + n] for n in range(0, len(extra), 10)}, {7}, "lines that were whole")
        equal({attempts[1000 + n] for n in range(len(extra)) if n % 10}, {0}, "lines that were damaged")
        equal({i: attempts[i] for i in GOOD}, {i: 1 for i in GOOD})
        equal(lab.history(), history)
        state.check_quiet()
    finally:
        lab.write_config(entries)


@test(60)
def journal_cut():
    """The journal cut anywhere: what stands before the cut counts"""
    prepare()
    whole = read(state.journal)
    size = len(whole)
    for at in [0, 1, size // 3, size // 2, size - 40, size - 2, size - 1]:
        prepare()
        write(state.journal, whole[:at])
        kept = len(re.findall(rb"^history .*\n", whole[:at], re.M))
        lab.start_agent()
        status = lab.get("rasStorageStatus.0")
        equal(status, "damaged" if at and whole[at - 1:at] != b"\n" else "ok", f"cut at {at}")
        equal(lab.history(), history[:kept], f"cut at {at}")
        equal(sorted(lab.column("rasEntryName")), [*GOOD, 9], f"cut at {at}: rows")
        lab.check_sums()
        state.check_quiet()


@test(60)
def foreign_journal():
    """In the place of the journal: nothing, binary octets, a folder, a link, a FIFO, 100 MiB of zeros; rows are there, counters begin anew"""
    def sparse(path):
        with open(path, "wb") as file:
            file.truncate(100 << 20)
    outside = lab.dir + "/outside"
    write(outside, b"outside\n")
    for make, status in ((lambda path: write(path, b""), "ok"), (lambda path: write(path, os.urandom(100000)), "damaged"), (os.makedirs, "damaged"),
                         (lambda path: os.symlink(outside, path), "damaged"), (os.mkfifo, "damaged"), (sparse, "damaged"),
                         (lambda path: write(path, seal_line(b"strange word=1") * 500), "damaged"), (lambda path: None, "ok")):
        prepare()
        os.unlink(state.journal)
        make(state.journal)
        begin = time.monotonic()
        lab.start_agent()
        check(time.monotonic() - begin < START_LIMIT, f"the start took {time.monotonic() - begin:.1f} s")
        equal(lab.get("rasStorageStatus.0"), status)
        equal(sorted(lab.column("rasEntryName")), [*GOOD, 9])
        equal(lab.get("rasConnAttempts.1", "rasEntryDescr.1"), [0, good.rows[1]["Descr"]])
        equal(read(outside), b"outside\n", "what a link points to is not touched")
        lab.dial(1)
        lab.wait(1, "failed")
        lab.kill_agent()
        lab.start_agent()
        equal(lab.get("rasConnAttempts.1", "rasStorageStatus.0"), [1, "ok"], "the new journal")


run(lab)
