# SPDX-License-Identifier: BSD-2-Clause
"""Answers to SET where little is permitted: no entries, no secrets, no devices, no more rows."""
import os
import resource

from contract import *
from harness import *
from phonebook import Phonebook
from rowfiles import StateDir

desk = Desk(agent={}, books=("history",))  # as it comes: nothing is allowed
lab = desk.lab
PHONEBOOK = [o for o in writable("rasPhonebookTable") if o.name != "rasEntryStorageType"]
SUBENTRIES = writable("rasSubentryTable")
STATUS = ("active", "notInService", "createAndGo", "destroy")


def values(obj):
    return STATUS if obj.name.endswith("RowStatus") else (good(obj),)


# ---- allow-snmp-entries: false ----

def closed_new():
    for obj in PHONEBOOK:
        for value in values(obj):
            if value != "destroy":
                yield no("noCreation", (f"{obj.name}.99", value))
    yield no("noCreation", ("rasEntryStorageType.99", "volatile"))
    yield no("noCreation", *row(99, "new"))
    yield no("noCreation", *row(99, "new", subs=["setup=1s"]), at=range(1, 8))
    yield no("noCreation", *row(99, "new"), ("rasConnAction.1", "dial"), at=range(1, 5))
    for obj in SUBENTRIES:
        for value in values(obj):
            if value != "destroy":
                yield no(("noCreation", "inconsistentName"), (f"{obj.name}.99.1", value))
                yield no("noCreation", (f"{obj.name}.3.9", value))
    yield no("noError", ("rasEntryRowStatus.99", "destroy"))
    yield no("noError", ("rasSubentryRowStatus.3.9", "destroy"))


def closed_existing():
    for obj in PHONEBOOK:
        for value in values(obj):
            for index in (1, 2, 3):
                yield no("notWritable", (f"{obj.name}.{index}", value))
    for obj in SUBENTRIES:
        for value in values(obj):
            yield no("notWritable", (f"{obj.name}.3.1", value))
    for index in (1, 2):
        yield no("wrongValue", (f"rasEntryStorageType.{index}", "nonVolatile"))  # the value comes before the row
    yield no("notWritable", ("rasAdminMode.0", "drain"), ("rasEntryDescr.1", "x"), at=2)
    yield no("notWritable", ("rasConnAction.1", "dial"), ("rasEntrySecret.2", b"x"), at=2)


refused(desk, "Without allow-snmp-entries, rows that are not there: noCreation", closed_new)
refused(desk, "Without allow-snmp-entries, rows that are there: notWritable", closed_existing)


@test()
def closed_actions():
    """Without allow-snmp-entries, entries can be dialed, and scalars written"""
    for way in WAYS:
        desk.give(("rasMaxConcurrentDials.0", 5), ("rasSpinLock.0", lab.get("rasSpinLock.0")), ("rasConnAction.1", "dial"), way=way)
        lab.wait(1, "up")
        desk.give(("rasConnAction.1", "hangUp"), way=way)
        lab.wait(1, "down")


@test()
def closed_later():
    """Rows that SNMP has made, and a file that no longer allows that: notWritable, and they can be dialed"""
    other = Desk(agent={"allow_snmp_entries": True, "allow_snmp_secrets": True})
    try:
        other.lab.begin()
        other.give(*row(11, "made before", subs=["setup=1s"], LinkMode="alternates", Secret=b"kept"))
        other.lab.write_config(agent={"allow_snmp_entries": False})
        other.lab.restart_agent()
        other.nothing(*(no("notWritable", (f"{o.name}.11", v)) for o in PHONEBOOK for v in values(o)),
                      *(no("notWritable", (f"{o.name}.11.1", v)) for o in SUBENTRIES for v in values(o)),
                      no("notWritable", ("rasEntryStorageType.11", "volatile")), no("noCreation", *row(12, "new")),
                      no("wrongValue", ("rasEntryStorageType.11", "permanent")))
        other.lab.dial(11)
        other.lab.wait(11, "up")
        other.lab.after_test()
    finally:
        other.lab.finish()


# ---- entries, but no secrets, devices, destinations, and few rows ----

@test(60)
def little():
    """Entries allowed, and nothing else: no secrets, no devices, only simulated lines, and no more rows than max-entries"""
    other = Desk(agent={"allow_snmp_entries": True, "max_entries": 6})  # three are of the file
    try:
        other.lab.begin()
        other.give(*row(11, "one", destination="text=whatever it is,fail=691"))  # a simulated line reaches nobody
        other.give(*row(12, "two", "other", None))
        secrets(other)
        permissions(other)
        table_full(other)
        other.lab.after_test()
    finally:
        other.lab.finish()


def secrets(other):
    cases = [no("notWritable", (f"rasEntrySecret.{i}", value)) for i in (11, 12, 1, 2) for value in (b"x", b"")]
    cases += [no("notWritable", *row(99, "new", Secret=b"x"), at=5), no("notWritable", *row(99, "new", Secret=b""), at=5),
              no("notWritable", ("rasEntryUserName.11", "somebody"), ("rasEntrySecret.11", b"x"), at=2),
              no("notWritable", ("rasEntryUserName.2", "somebody"), ("rasEntrySecret.2", b"x"), at=2),
              no("wrongLength", ("rasEntrySecret.11", b"x" * 256)), no("wrongValue", ("rasEntrySecret.11", b"\0")),
              no("wrongType", ("rasEntrySecret.11", 1, "INTEGER")), no("noCreation", ("rasEntrySecret.0", b"x"))]
    other.nothing(*cases)
    other.give(("rasEntryUserName.2", "somebody"), ("rasEntryNotifyTypes.2", ["connected"]))
    equal(other.lab.get("rasEntryUserName.2", "rasEntrySecretStored.2"), ["somebody", "false"])


def permissions(other):
    cases = [no("inconsistentValue", *row(99, "new", kind, "+1555")) for kind in MIB.objects["rasEntryDeviceType"].labels
             if kind not in ("other", "loopback")]
    cases += [no("inconsistentValue", ("rasEntryDeviceType.12", kind)) for kind in ("modem", "pty", "exec")]
    cases += [no("inconsistentValue", *row(99, "new", "other", "anything")), no("inconsistentValue", *row(99, "new", "other", None, DeviceName="x")),
              no("inconsistentValue", *row(99, "new", destination="nonsense")), no("inconsistentValue", *sub(11, 1, "+1555", "modem"))]
    other.nothing(*cases)


def table_full(other):
    lab = other.lab
    equal(lab.get("rasMaxEntries.0", "rasEntries.0"), [6, 5])
    check(lab.get("rasEntryIndexNext.0") > 0, "there is room for one")
    other.nothing(no("resourceUnavailable", *row(97, "a"), *row(98, "b")),
                  no("resourceUnavailable", *row(97, "a"), *row(98, "b"), *row(99, "c")),
                  no("resourceUnavailable", ("rasEntryDescr.11", "new"), *row(97, "a"), *row(98, "b"), at=range(2, 10)))
    for way in WAYS:
        other.give(*row(13, f"last {way}"), way=way)
        equal(lab.get("rasEntryIndexNext.0", "rasEntries.0"), [0, 6])
        other.nothing(no("resourceUnavailable", *row(99, "one too many")),
                      no("resourceUnavailable", ("rasConnAction.11", "dial"), *row(99, "one too many"), at=range(2, 6)),
                      no("inconsistentValue", *row(99, "ONE")), no("inconsistentValue", *row(13, "anew")))
        other.give(("rasEntryDescr.13", "changed"), *sub(13, 1), way=way)  # takes no row
        other.give(("rasEntryRowStatus.13", "destroy"), way=way)
    check(lab.get("rasEntryIndexNext.0") > 0, "there is room again")


@test()
def no_secret_without_entries():
    """allow-snmp-secrets alone opens nothing"""
    other = Desk(agent={"allow_snmp_secrets": True})
    try:
        other.lab.begin()
        other.nothing(*(no("notWritable", (f"rasEntrySecret.{i}", b"x")) for i in (1, 2, 3)), no("noCreation", ("rasEntrySecret.99", b"x")),
                      no("noCreation", *row(99, "new", Secret=b"x")))
        equal(sorted(os.listdir(f"{other.lab.state_dir}/entries")) if os.path.isdir(f"{other.lab.state_dir}/entries") else [], [])
    finally:
        other.lab.finish()


@test(60, only="agent")  # snmpd ends by itself at a limit of file sizes
def disk_takes_nothing():
    """What needs room on a disk that has none: commitFailed, by SNMPv1 genErr, and nothing is changed, also after a restart"""
    other = Desk(agent=ALLOW)
    try:
        other.lab.start_snmpd()
        # The limit stands for a full disk, so the signal that comes with it does not.
        other.lab.start_agent(before=("sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"))
        other.give(*row(11, "there", subs=["setup=1s"], LinkMode="alternates"))
        before, files, journal = Phonebook().learn(other.lab).keep_dates(other.lab), StateDir(other.lab).everything(), other.journal(False)
        resource.prlimit(other.lab.agent.pid, resource.RLIMIT_FSIZE, (0, -1))
        for way in WAYS:
            for pairs in (row(99, "new"), [("rasEntryDescr.11", "new")], sub(11, 2),
                          [("rasSubentryRowStatus.11.1", "destroy")], [("rasEntryUserName.2", "new")], [("rasAdminMode.0", "drain")],
                          [("rasSpinLock.0", other.lab.get("rasSpinLock.0"))], [("rasConnAction.1", "dial"), ("rasConnRequestId.1", 5)],
                          [("rasEntryDescr.11", "new"), ("rasMaxConcurrentDials.0", 5), ("rasConnAction.1", "dial"), *row(99, "new")]):
                error, at = other.send(way, pairs)
                equal(error, V1_ERRORS["commitFailed"] if way == "v1" else "commitFailed", f"{way} SET {pairs}")
                check(1 <= at <= len(pairs), f"{way} SET {pairs}: at {at}")
                before.check(other.lab, f"{way} SET {pairs}")
                equal((StateDir(other.lab).everything(), other.journal(False)), (files, journal), f"{way} SET {pairs}: files")
        equal(other.lab.get("rasAdminMode.0", "rasThreads.0", "rasDialAttempts.0"), ["enabled", 0, 0])
        resource.prlimit(other.lab.agent.pid, resource.RLIMIT_FSIZE, (-1, -1))
        other.lab.restart_agent()
        before.restarted()
        before.check(other.lab, "after a restart")
    finally:
        other.lab.finish()


run(lab)
