# SPDX-License-Identifier: BSD-2-Clause
"""The view of who asks (RFC 3415): GET, GETNEXT and GETBULK show exactly what it includes, of our objects and of those that
another has in their midst."""
import bisect
import random

from harness import *
from snmp import EXCEPTIONS
from tap import HOST
from usm import UserManager

PASSWORDS = ("authentic words", "private words")
ENTRIES = range(1, 7)
REPETITIONS = (0, 1, 2, 10, 100)


def below(name, *rest):
    return MIB.oid(name) + rest


def row(index):
    """All columns of a row of rasConnTable and of rasPhonebookTable: (oid, mask as bits), the column being open."""
    for table in ("rasConnTable", "rasPhonebookTable"):
        oid = below(table, 1, 1, index)
        yield oid, "1" * (len(oid) - 2) + "01"


EVERYTHING = ("included", (1,), "")
# What is in a view, by the words of snmpd.conf: (included or excluded, subtree, mask as bits; "": all ones).
VIEWS = {
    "columns": [EVERYTHING, *(("excluded", below(name), "") for name in (
        "rasEntryName", "rasEntryDestination", "rasConnAction", "rasConnRequestId", "rasConnSubentry", "rasHistCallId", "rasVersion"))],
    "rows": [EVERYTHING, *(("excluded", *at) for index in (1, 3, 6) for at in row(index))],
    "tables": [EVERYTHING, *(("excluded", below(name), "") for name in ("rasConnTable", "rasNameTable", "rasHistory"))],
    "onecolumn": [("included", below("rasConnOperStatus"), "")],
    "onerow": [("included", *at) for at in row(4)],
    "islands": [EVERYTHING, ("excluded", below("rasConnTable"), ""), ("included", below("rasConnState"), ""),
                ("excluded", below("rasConnState", 2), ""), *(("included", *at) for at in row(5))],
    "nothing": [EVERYTHING, ("excluded", MIB.root, "")],
}


# Of a subagent, snmpd 5.9 repeats one instance and loses another, answers genErr, or is caught in a loop, when several columns are asked
# for in a GETBULK and what is hidden, or the end of the view, comes for one of them sooner than for another. Of one column it does not.
SIMPLE = ("columns", "rows", "tables", "nothing")


def mask_text(bits):
    bits = bits.ljust((len(bits) + 7) // 8 * 8, "1")
    return ":".join(f"{int(bits[i:i + 8], 2):02x}" for i in range(0, len(bits), 8))


def view_lines(name, families):
    for kind, oid, mask in families:
        yield f"view {name} {kind} .{'.'.join(map(str, oid))} {mask_text(mask) if mask else ''}"
    yield f"com2sec {name} default {name}"
    yield f"createUser {name}-user SHA {PASSWORDS[0]!r} AES {PASSWORDS[1]!r}".replace("'", '"')
    yield f"group {name} v2c {name}"
    yield f"group {name} usm {name}-user"
    yield f'access {name} "" any noauth exact {name} none none'


def matches(oid, subtree, mask):
    return len(oid) >= len(subtree) and all(a == b or mask[i:i + 1] == "0" for i, (a, b) in enumerate(zip(subtree, oid)))


def in_view(oid, families):
    """RFC 3415, 4: the longest subtree that matches decides, then the greatest."""
    found = [(len(subtree), subtree, kind) for kind, subtree, mask in families if matches(oid, subtree, mask)]
    return bool(found) and max(found)[2] == "included"


def lab_with(more=""):
    lab = Lab([line(f"e{i}", i, "setup=20ms", subentries=[{"destination": "setup=30ms"}] if i % 2 else []) for i in ENTRIES])
    lab.views = "\n".join(text for name, families in VIEWS.items() for text in view_lines(name, families)) + more
    return lab


def scene(lab):
    """Something to see in each table. Returns all instances."""
    lab.dial(*ENTRIES)
    lab.wait_all(ENTRIES, "up")
    lab.hang_up(1, 2)
    lab.wait_all((1, 2), "down")
    until(lambda: lab.get("rasThreads.0") == len(ENTRIES) - 2, 10, "threads end")
    lab.all_told()
    return sorted(v.oid for v in lab.walk())


def managers(lab, name):
    """The same view by a community and by a user."""
    yield "SNMPv2c", Manager(lab.manager.address, community=name)
    yield "SNMPv3", UserManager(lab.manager.address, f"{name}-user", *PASSWORDS)


def names(oids):
    return sorted(MIB.name(o) for o in oids)


def check_view(lab, everything, name):
    wanted = {o for o in everything if in_view(o, VIEWS[name])}
    for version, manager in managers(lab, name):
        for repetitions in REPETITIONS if version == "SNMPv2c" else REPETITIONS[3:]:
            seen = {v.oid for v in manager.walk(MIB.root, repetitions)}
            where = f"{name}, {version}, {repetitions} repetitions"
            equal(names(seen - wanted), [], f"seen though excluded: {where}")
            equal(names(wanted - seen), [], f"not seen: {where}")
        for at in range(0, len(everything), 30):
            for varbind in manager.get(*everything[at:at + 30]).varbinds:
                equal(varbind.type in EXCEPTIONS, varbind.oid not in wanted, f"{name}, {version}: GET of {MIB.name(varbind.oid)}")
        manager.close()


def check_side_by_side(lab, everything, name):
    """Columns asked for together: each goes on as if it were alone."""
    with_all = sorted(o for o in everything if in_view(o, VIEWS[name]))
    manager = next(managers(lab, name))[1]
    columns = [below(n) for n in ("rasEntryName", "rasConnOperStatus", "rasConnState", "rasConnAction", "rasNameEntryIndex")]
    varbinds = manager.bulk(*columns, repetitions=9).varbinds
    for i, column in enumerate(columns):
        seen = [v.oid for v in varbinds[i::len(columns)] if v.oid[:len(MIB.root)] == MIB.root and v.type != "endOfMibView"]
        equal(names(seen), names([o for o in with_all if o > column][:9]), f"{name}: behind {MIB.name(column)}")
    manager.close()


lab = lab_with()


def test_of(name):
    @test(60)
    def one():
        everything = scene(lab)
        check_view(lab, everything, name)
        if HOST == "dlmod" or name in SIMPLE:
            check_side_by_side(lab, everything, name)
    one.__doc__ = f"View {name}: GET, GETNEXT and GETBULK show exactly what is in it, to a community and to a user"


for view in VIEWS:
    test_of(view)


def anywhere(picker, everything):
    """An instance, what it is below of, something near it, or what is behind all."""
    oid = picker.choice([*everything, MIB.root, (*MIB.root[:-1], MIB.root[-1] + 1, 1)])
    return picker.choice([oid, oid, oid, max(oid[:-picker.randint(1, 3)], MIB.root), (*oid, picker.randint(0, 5))])


def expected(whole, starts, non_repeaters, repetitions):
    """Positions in the walk of everything that the answer has, one behind the other; from len(whole) on: behind its end."""
    at = [bisect.bisect_right(whole, oid) for oid in starts]
    repeaters = at[non_repeaters:]
    rounds = min(repetitions, 100 // len(repeaters)) if repeaters else 0  # snmpd's maxGetbulkResponses
    return at[:non_repeaters] + [position + n for n in range(rounds) for position in repeaters]


@test(120, only="dlmod")
def any_getbulk():
    """GETBULK of several variables from anywhere, with non-repeaters: each goes on as if it were alone"""
    seed = random.randrange(1 << 31)
    picker, everything = random.Random(seed), scene(lab)
    say(f"seed {seed}")
    for name in VIEWS:
        manager = next(managers(lab, name))[1]
        whole = [v.oid for v in manager.walk(MIB.root, 50)]
        for _ in range(150):
            starts = [anywhere(picker, everything) for _ in range(picker.randint(1, 6))]
            counts = picker.randint(0, len(starts)), picker.choice([1, 2, 3, 7, 20, 50])
            pdu, wanted = manager.bulk(*starts, repetitions=counts[1], non_repeaters=counts[0]), expected(whole, starts, *counts)
            where = f"{name}: {counts} {starts}"
            equal(pdu.error, "noError", where)
            for position, varbind in zip(wanted, pdu.varbinds):
                if position < len(whole):
                    equal(varbind.oid, whole[position], where)
                else:
                    check(varbind.type == "endOfMibView" or varbind.oid[:len(MIB.root)] != MIB.root, f"{where}: {varbind} behind the end")
            # Where all but the last have come to their end, snmpd leaves off.
            lacking, repeaters = wanted[len(pdu.varbinds):], len(starts) - counts[0]
            last = wanted[:len(pdu.varbinds)][-repeaters:] if repeaters else []
            check(all(p >= len(whole) for p in lacking) or all(p >= len(whole) for p in last[:-1]), f"{where}: {len(lacking)} lack")
        manager.close()


@test(60)
def others_in_our_midst():
    """Instances that snmpd serves itself within our tables are seen in their place, however many are asked for, and hidden like ours"""
    theirs = [below("rasConnSpeed", 3), below("rasConnSpeed", 99), below("rasEntryDescr", 5), below("rasConnTable", 1, 200, 7)]
    other = lab_with("\n" + "".join(f"override .{'.'.join(map(str, oid))} integer 4711\n" for oid in theirs))
    try:
        other.begin()
        everything = scene(other)
        equal([MIB.name(o) for o in theirs if o not in everything], [], "they are there")
        for repetitions in REPETITIONS:
            found = list(other.walk(repetitions=repetitions))
            equal(names(v.oid for v in found), names(everything), f"{repetitions} repetitions")
            equal(sorted(v.oid for v in found if v.value == 4711), sorted(theirs), f"{repetitions} repetitions")
        for name in VIEWS:
            check_view(other, everything, name)
        if HOST == "dlmod":  # unloaded and loaded again, with them
            other.hup()
            equal(names(v.oid for v in other.walk(repetitions=10)), names(everything), "after SIGHUP")
        other.after_test()
        other.finish()
    finally:
        other.close()


run(lab)
