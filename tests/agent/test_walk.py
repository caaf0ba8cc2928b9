# SPDX-License-Identifier: BSD-2-Clause
"""Walks of the whole subtree in every manner: the same values, in order, and tables without holes."""
from harness import *

RESTLESS = {"rasEntryIndexNext", "rasUpTime", "rasConnDuration", "rasStatsInOctets", "rasStatsOutOctets", "rasStatsInPackets",
            "rasStatsOutPackets", "rasStatsUpSeconds", "rasStatsCallInOctets", "rasStatsCallOutOctets", "rasDialsRejected"}
ROOT = MIB.root


def stable(varbinds):
    return {v.oid: (v.type, None if MIB.find(v.oid)[0].name in RESTLESS else v.value) for v in varbinds}


def differences(a, b):
    return {MIB.name(o): (a.get(o), b.get(o)) for o in a.keys() | b.keys() if a.get(o) != b.get(o)}


def get_each(lab, oids):
    found = {}
    for at in range(0, len(oids), 20):
        for varbind in lab.manager.get(*oids[at:at + 20]).varbinds:
            found[varbind.oid] = varbind
    return found.values()


def one_by_one(lab, oids):
    """GET of single objects."""
    return [lab.manager.get(oid).varbinds[0] for oid in oids]


def check_shape(lab, walk):
    """Every object of the module is there, with its type; tables are rectangular."""
    columns = {}
    for varbind in walk:
        obj, instance = MIB.find(varbind.oid)
        check(obj is not None, f"{varbind.oid} is no object of the module")
        check(obj.readable, f"{obj.name} is {obj.access}")
        equal(varbind.type, obj.type, f"type of {MIB.name(varbind.oid)}")
        if isinstance(varbind.value, int) and obj.labels:
            check(varbind.value in obj.labels.values(), f"{MIB.name(varbind.oid)} = {varbind.value} has no label")
        if obj.low is not None and obj.type != "OCTET STRING":
            check(obj.low <= varbind.value <= obj.high, f"{MIB.name(varbind.oid)} = {varbind.value} is out of range")
        if obj.text:
            varbind.value.decode("utf-8")
            check((obj.low or 0) <= len(varbind.value) <= (obj.high or 255), f"length of {MIB.name(varbind.oid)}")
        columns.setdefault(obj.name, []).append(instance)
    for obj in MIB.scalars:
        equal(columns.get(obj.name), [(0,)], obj.name)
    for table, names in MIB.tables.items():
        rows = columns.get(names[0], [])
        for name in names:
            equal(columns.get(name, []), rows, f"rows of {name} in {table}")
    equal(columns.get("rasConnAction"), columns.get("rasEntryName"), "rows of rasConnTable and rasPhonebookTable")
    return columns


def check_walks(lab, repetitions=(1, 10, 100)):
    walk = lab.walk(repetitions=0)
    by_next = stable(walk)
    equal(list(by_next), sorted(by_next), "order")
    for number in repetitions:
        equal(differences(by_next, stable(lab.walk(repetitions=number))), {}, f"GETNEXT and GETBULK of {number}")
    return walk, by_next


def lab_with(entries):
    lab = Lab(entries)
    lab.begin()
    return lab


def settle(lab):
    try:
        lab.after_test()
    finally:
        lab.finish()


@test(60)
def no_entries():
    """Without entries: all scalars, no rows, by GETNEXT, GETBULK and GET"""
    lab = lab_with([])
    walk, by_next = check_walks(lab)
    equal(differences(by_next, stable(get_each(lab, list(by_next)))), {}, "walk and GET")
    equal(len(walk), len(MIB.scalars), "only scalars")
    check_shape(lab, walk)
    equal(lab.set(("rasConnAction.1", "dial")), "inconsistentName")
    settle(lab)


@test(60)
def one_entry():
    """With one entry: all columns, by GETNEXT, GETBULK and GET, down and up and after a failure"""
    lab = lab_with([line("hq", 7, "setup=30ms")])
    for step in ("new", "up", "down"):
        if step == "up":
            lab.dial(7)
            lab.wait(7, "up")
        elif step == "down":
            lab.hang_up(7)
            lab.wait(7, "down")
            until(lambda: lab.get("rasThreads.0") == 0, 5, "thread ends")
            lab.notifications("rasDisconnected", 7)
            lab.all_told()
        walk, by_next = check_walks(lab)
        equal(differences(by_next, stable(one_by_one(lab, list(by_next)))), {}, f"{step}: walk and GET")
        columns = check_shape(lab, walk)
        equal(columns["rasEntryName"], [(7,)])
        equal(columns["rasNameEntryIndex"], [(2, ord("h"), ord("q"))])
        equal(len(columns.get("rasHistCallId", [])), 1 if step == "down" else 0)
        equal(len(columns.get("rasAddrRole", [])) >= 2, step == "up")
    lab.dial(7)
    lab.wait(7, "up")
    roles = {r["Role"]: r for r in lab.table("rasAddrTable", "rasAddr").values()}
    equal((roles["local"]["Addr"], roles["peer"]["Type"]), (b"\x7f\0\0\x01", "ipv4"))
    settle(lab)


@test(180)
def three_hundred_entries():
    """With 300 entries, links up, failures and history: the same, and walks that begin anywhere"""
    names = {i: f"entry {i}" if i % 3 else f"e{i}" for i in range(1, 301)}
    lab = lab_with([line(names[i], i * 7, "setup=10ms" if i % 2 else "setup=10ms,fail=678") for i in names])
    busy = [i * 7 for i in range(1, 41)]
    lab.dial(*busy)
    lab.wait_all([i for i in busy if i // 7 % 2], "up")
    lab.wait_all([i for i in busy if not i // 7 % 2], "failed")
    until(lambda: lab.get("rasThreads.0") == 20, 10, "threads of failed calls end")
    lab.all_told()
    walk, by_next = check_walks(lab)
    equal(differences(by_next, stable(get_each(lab, list(by_next)))), {}, "walk and GET")
    columns = check_shape(lab, walk)
    equal(columns["rasConnAction"], [(i * 7,) for i in names])
    keys = [bytes(instance[1:]).decode() for instance in columns["rasNameEntryIndex"]]
    equal(sorted(keys), sorted(names.values()), "names")
    equal(keys, sorted(keys, key=lambda k: (len(k), k)), "order of the names")
    equal({v.value for v in walk if MIB.find(v.oid)[0].name == "rasNameEntryIndex"}, set(i * 7 for i in names))
    equal(len(columns["rasHistCallId"]), 20)

    # GETNEXT from between, before and behind rows
    status = MIB.oid("rasConnOperStatus")
    for start, wanted in (((), 7), ((0,), 7), ((7,), 14), ((8,), 14), ((7, 0), 14), ((13, 4294967295), 14), ((2093,), 2100)):
        equal(lab.manager.next(status + start).varbinds[0].oid, status + (wanted,), f"after {start}")
    equal(MIB.find(lab.manager.next(status + (2100,)).varbinds[0].oid)[0].name, "rasConnState", "after the last row")
    equal(MIB.find(lab.manager.next(status + (4294967295, 1)).varbinds[0].oid)[0].name, "rasConnState")
    key = MIB.oid("rasNameEntryIndex")
    equal(lab.manager.next(key + (0,)).varbinds[0].oid, key + (2,) + tuple(b"e3"), "first name")
    equal(lab.manager.next(key + (2,) + tuple(b"e3")).varbinds[0].oid, key + (2,) + tuple(b"e6"))
    equal(lab.manager.next(key + (2, 101)).varbinds[0].oid, key + (2,) + tuple(b"e3"), "a short index")

    # GETs of what is not there
    for name in ("rasConnOperStatus.8", "rasConnOperStatus.0", "rasConnOperStatus.7.0", "rasConnOperStatus.4294967295",
                 "rasEntryName.1", "rasHistCallId.99", "rasNameEntryIndex.1.1", "rasAdminMode.1"):
        check(lab.raw(name).type in ("noSuchInstance", "noSuchObject"), f"{name}: {lab.raw(name)}")
    check(lab.raw("rasEntryIndex.7").type in ("noSuchObject", "noSuchInstance"), "an index column cannot be read")
    check(lab.raw("rasNotifyChange.0").type in ("noSuchObject", "noSuchInstance"), "nor an object for notifications only")

    # several columns in one GETBULK, as snmptable asks
    pdu = lab.manager.bulk(*(MIB.oid(n) for n in ("rasEntryName", "rasConnOperStatus", "rasStatsInOctets")), repetitions=10)
    equal([v.oid[-1] for v in pdu.varbinds], [7 * (1 + n // 3) for n in range(30)], "a table read by GETBULK")
    settle(lab)


@test(60)
def names_in_any_script():
    """Names and descriptions with letters of any script, of any length, come unchanged"""
    names = ["ä", "Zürich", "東京", "x" * 64, "a b", "UPPER", "zz.top", "\U0001f4de"]
    lab = lab_with([line(n, i, descr=n + " " + "ß" * 60) for i, n in enumerate(names, 1)])
    equal(list(lab.column("rasEntryName").values()), names)
    walk, _ = check_walks(lab, (10,))
    check_shape(lab, walk)
    for index, name in enumerate(names, 1):
        octets = name.encode()
        equal(lab.manager.get(MIB.oid("rasNameEntryIndex") + (len(octets), *octets)).varbinds[0].value, index, name)
    equal(lab.conn(1)["OperStatus"], "down")
    settle(lab)


run()
