# SPDX-License-Identifier: BSD-2-Clause
"""Answers to SET of entries and subentries: which row there is, whose it is, what RowStatus may do, what is permitted."""
import os

from contract import *
from harness import *

desk = Desk(books=("history",))
lab = desk.lab
HELPERS = f"{lab.dir}/helpers"
os.mkdir(HELPERS)
for helper, mode in (("helper-good", 0o755), ("helper.dir", None)):
    if mode is None:
        os.mkdir(f"{HELPERS}/{helper}")
    else:
        with open(f"{HELPERS}/{helper}", "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 0\n")
        os.chmod(f"{HELPERS}/{helper}", mode)
lab.write_config(agent={"helper_dir": HELPERS})

# The rows that SNMP has made when a test begins; 1, 2 and 3 are of the file. 99 is never there.
ROWS = {11: row(11, "plain"), 12: row(12, "Family", subs=["setup=30ms", "setup=40ms"], LinkMode="alternates"), 13: row(13, "unknown", "other", None),
        14: row(14, "resting"), 15: row(15, "line", "modem", "+1555", DeviceName="/dev/ttyS9"), 16: row(16, "late", "modem", "+1555")}
COLUMNS = [o for o in writable("rasPhonebookTable") if o.name not in ("rasEntryRowStatus", "rasEntryStorageType")]
SUBCOLUMNS = [o for o in writable("rasSubentryTable") if o.name != "rasSubentryRowStatus"]


def begin():
    """The rows as above, whatever an earlier test left."""
    if "begun" in desk.told:
        return
    desk.told["begun"] = True
    for pairs in ROWS.values():
        desk.give(*pairs)
    desk.give(("rasEntryRowStatus.14", "notInService"), ("rasEntryRowStatus.16", "notInService"))
    desk.give(("rasEntryDestination.16", ""))  # a row that is not in service may lack anything


# ---- rows of the file ----

def rows_of_the_file():
    for obj in COLUMNS:
        yield no("notWritable", (f"{obj.name}.1", good(obj)))
        yield no("notWritable", (f"{obj.name}.3", good(obj)))
        yield no("notWritable", ("rasEntryDescr.11", "new"), (f"{obj.name}.1", good(obj)), at=2)
        if obj.name not in ("rasEntryUserName", "rasEntrySecret", "rasEntryNotifyTypes"):
            yield no("notWritable", (f"{obj.name}.2", good(obj)))
            yield no("notWritable", ("rasEntryUserName.2", "new"), (f"{obj.name}.2", good(obj)), at=2)
    for obj in SUBCOLUMNS:
        yield no("notWritable", (f"{obj.name}.3.1", good(obj)))
    for index in (1, 2, 3):
        for status in ("destroy", "notInService", "createAndGo"):
            yield no("inconsistentValue", (f"rasEntryRowStatus.{index}", status))
        yield no("notWritable", (f"rasEntryRowStatus.{index}", "active"))
        yield no(("inconsistentValue", "notWritable"), *row(index, "anew"))
    for status in ("destroy", "notInService", "createAndGo"):
        yield no("inconsistentValue", ("rasSubentryRowStatus.3.2", status))
    yield no(("notWritable", "noCreation"), ("rasSubentryRowStatus.3.9", "createAndGo"))
    yield no(("notWritable", "noCreation"), *sub(2, 1))


refused(desk, "Rows of the file: notWritable, destroy and notInService inconsistentValue", rows_of_the_file, prepare=begin)


@test()
def permanent_rows():
    """Of permanent rows of the file, user name, secret and notification types can be written"""
    begin()
    for number, way in enumerate(WAYS):
        desk.learn()
        desk.done(way, ("rasEntryUserName.2", f"user {number}"), ("rasEntrySecret.2", b"s\xff%d" % number),
                  ("rasEntryNotifyTypes.2", ["connected"] if number % 2 else ["dialFailed", "threadStuck"]), e2="modified")
        desk.done(way, ("rasEntrySecret.2", b""), e2="modified")
        equal(lab.get("rasEntryOrigin.2", "rasEntryStorageType.2", "rasEntryRowStatus.2"), ["file", "permanent", "active"])


# ---- rows that are not there ----

def missing_rows():
    for obj in COLUMNS:
        yield no("inconsistentName", (f"{obj.name}.99", good(obj)))
        yield no("inconsistentName", ("rasEntryDescr.11", "new"), (f"{obj.name}.99", good(obj)), at=2)
    yield no("inconsistentName", ("rasEntryStorageType.99", "volatile"))
    yield no("inconsistentName", ("rasEntryName.2147483647", "new"), ("rasEntryDeviceType.2147483647", "loopback"))
    yield no("inconsistentName", *row(98, "new"), ("rasEntryDescr.99", "x"), at=5)
    for obj in SUBCOLUMNS:
        yield no("inconsistentName", (f"{obj.name}.11.7", good(obj)))
        yield no("inconsistentName", (f"{obj.name}.99.1", good(obj)))
        yield no("inconsistentName", *sub(11, 1), (f"{obj.name}.11.7", good(obj)), at=4)
    yield no("inconsistentName", ("rasSubentryRowStatus.99.1", "createAndGo"))
    yield no("inconsistentName", *sub(99, 255))
    yield no("inconsistentName", *row(98, "new", LinkMode="alternates"), *sub(99, 1), at=range(6, 9))
    yield no("inconsistentName", *row(98, "new", LinkMode="alternates"), ("rasSubentryDestination.98.1", "setup=1s"), at=6)


def not_in_service_of_missing():
    for status in ("active", "notInService"):
        yield no("inconsistentValue", ("rasEntryRowStatus.99", status))
        yield no("inconsistentValue", ("rasSubentryRowStatus.11.9", status))
        yield no(("inconsistentValue", "inconsistentName"), ("rasSubentryRowStatus.99.1", status))
        yield no("inconsistentValue", ("rasEntryDescr.11", "new"), ("rasEntryRowStatus.99", status), at=2)
        yield no(("inconsistentValue", "inconsistentName"), *row(99, "new", RowStatus=status))


def destroy_of_missing():
    yield no("noError", ("rasEntryRowStatus.99", "destroy"))
    yield no("noError", ("rasEntryRowStatus.98", "destroy"), ("rasEntryRowStatus.99", "destroy"))
    yield no("noError", ("rasSubentryRowStatus.11.9", "destroy"))
    yield no(("noError", "inconsistentName"), ("rasSubentryRowStatus.99.9", "destroy"))
    yield no("inconsistentName", ("rasEntryRowStatus.99", "destroy"), ("rasEntryDescr.98", "x"), at=2)


refused(desk, "A column of a row that is not there, a subentry of no entry: inconsistentName", missing_rows, prepare=begin)
refused(desk, "active and notInService of a row that is not there: inconsistentValue", not_in_service_of_missing, prepare=begin)
refused(desk, "destroy of a row that is not there: noError, and nothing happens", destroy_of_missing, prepare=begin)


# ---- createAndGo ----

def incomplete_rows():
    yield no("inconsistentValue", ("rasEntryRowStatus.99", "createAndGo"))
    yield no("inconsistentValue", *row(99, None))
    yield no("inconsistentValue", *row(98, "new"), *row(99, None), at=range(5, 8))
    for kind in ("modem", "cellular", "pptp", "l2tp"):
        device = "" if kind in ("pptp", "l2tp") else "/dev/ttyS1"
        yield no("inconsistentValue", *row(99, "new", kind, None, DeviceName=device))
        yield no("inconsistentValue", *row(99, "new", kind, "", DeviceName=device))
    # a row that is active must have it after the SET, too
    yield no("inconsistentValue", ("rasEntryDestination.15", ""))
    yield no("inconsistentValue", ("rasEntryDeviceType.13", "modem"))
    yield no("inconsistentValue", ("rasEntryRowStatus.16", "active"))
    yield no("inconsistentValue", ("rasEntryRowStatus.16", "active"), ("rasEntryDestination.16", ""))


def taken_names():
    for name in ("plain", "PLAIN", "pLaIn", "hq", "HQ", "Many", "family", "Resting"):
        yield no("inconsistentValue", *row(99, name))
        if name.lower() != "resting":
            yield no("inconsistentValue", ("rasEntryName.14", name))
    yield no("inconsistentValue", *row(98, "twin"), *row(99, "TWIN"))
    yield no("inconsistentValue", *row(99, "free"), ("rasEntryName.11", "Free"))
    yield no("inconsistentValue", ("rasEntryName.11", "both"), ("rasEntryName.14", "BOTH"))


def existing_rows():
    yield no("inconsistentValue", ("rasEntryRowStatus.11", "createAndGo"))
    yield no("inconsistentValue", *row(11, "plain"))
    yield no("inconsistentValue", *row(11, "new"))
    yield no("inconsistentValue", *row(14, "new"))
    yield no("inconsistentValue", *row(99, "new"), ("rasEntryRowStatus.11", "createAndGo"), at=5)
    yield no("inconsistentValue", ("rasSubentryRowStatus.12.1", "createAndGo"))
    yield no("inconsistentValue", *sub(12, 2))
    yield no("inconsistentValue", *sub(12, 3), *sub(12, 2), at=range(4, 7))


def contradictions():
    yield no("inconsistentValue", ("rasEntryRowStatus.11", "destroy"), ("rasEntryDescr.11", "last words"))
    yield no("inconsistentValue", ("rasEntryRowStatus.12", "destroy"), ("rasEntrySecret.12", b"x"), ("rasEntryDescr.11", "x"), at=(1, 2))
    yield no("inconsistentValue", ("rasEntryRowStatus.11", "destroy"), ("rasEntryRowStatus.11", "active"))
    yield no(("inconsistentValue", "inconsistentName"), ("rasEntryRowStatus.12", "destroy"), *sub(12, 3))


refused(desk, "createAndGo without a name or a needed destination: inconsistentValue", incomplete_rows, prepare=begin)
refused(desk, "A name that is taken, in whatever case of letters: inconsistentValue", taken_names, prepare=begin)
refused(desk, "createAndGo of a row that is there: inconsistentValue", existing_rows, prepare=begin)
refused(desk, "destroy beside other columns of the row: inconsistentValue", contradictions, prepare=begin)


# ---- what the configuration permits ----

WORDS = ("setup=", "setup=x", "setup=1h", "setup=1s,bogus", "setup=1s,bogus=1", "fail=abc", "setup=1s,at=nowhere", "setup=1s,jitter=101", "setup=-1s",
         "setup=1s setup=2s")  # what the simulated line does not understand
NUMBERS = ("+15550100;reboot", "+1555\u00e4", "+1555 x")  # no telephone numbers


def not_permitted():
    for kind in ("pty", "pppoe"):
        yield no("inconsistentValue", *row(99, "new", kind))
        yield no("inconsistentValue", ("rasEntryDeviceType.14", kind))
        yield no("inconsistentValue", ("rasSubentryDeviceType.12.1", kind))
        yield no("inconsistentValue", *sub(12, 9, "", kind))
    for device in ("/dev/ttyUSB0", "/dev/mem", "eth0", "/dev/ttyS0/../mem", "/dev/ttyS/./x", "../x", "..", "x/.."):
        yield no("inconsistentValue", *row(99, "new", "modem", "+15550100", DeviceName=device))
        yield no("inconsistentValue", ("rasEntryDeviceName.15", device))
        yield no("inconsistentValue", *sub(12, 9, "+15550100", "modem", device))
    for destination in ("+1666", "00", "evil.example"):
        yield no("inconsistentValue", *row(99, "new", "modem", destination, DeviceName="/dev/ttyS1"))
        yield no("inconsistentValue", ("rasEntryDestination.15", destination))
        yield no("inconsistentValue", *sub(12, 9, destination, "modem", "/dev/ttyS1"))
    for destination in ("evil.example", "gw.test"):
        yield no("inconsistentValue", *row(99, "new", "l2tp", destination))
    for words in ("drop=1s", "text=x", "setu=1s"):
        yield no("inconsistentValue", *row(99, "new", destination=words))
        yield no("inconsistentValue", ("rasSubentryDestination.12.1", words))
    yield no("inconsistentValue", ("rasEntryDescr.11", "new"), ("rasEntryDestination.12", "bogus=1"), at=2)


def not_understood():
    for words in WORDS:
        yield no("inconsistentValue", *row(99, "new", destination=words))
        yield no("inconsistentValue", ("rasEntryDestination.11", words))
        yield no("inconsistentValue", ("rasEntryDestination.14", words))
    for number in NUMBERS:
        yield no("inconsistentValue", *row(99, "new", "modem", number, DeviceName="/dev/ttyS1"))
        yield no("inconsistentValue", ("rasEntryDestination.15", number))
    for kind in ("l2tp", "pptp"):
        for server in ("gw;.example", "gw 1.example", "gw$(x).example", "x:1701", "x/"):
            yield no("inconsistentValue", *row(99, "new", kind, server))
    for helper in ("helper-none", "helper.dir", "helper-good/../helper-good", "helper-", "helper good", "xhelper"):
        yield no("inconsistentValue", *row(99, "new", "exec", "gw.example", DeviceName=helper))
    yield no("inconsistentValue", ("rasEntryDeviceType.11", "modem"))  # what a row has must fit its new type
    yield no("inconsistentValue", ("rasEntryDeviceType.15", "exec"))
    yield no("inconsistentValue", ("rasEntryDeviceType.15", "loopback"))


def not_understood_in_subentries():
    for words in WORDS:
        yield no("inconsistentValue", ("rasSubentryDestination.12.1", words))
        yield no("inconsistentValue", *sub(12, 9, words))
        yield no("inconsistentValue", *sub(12, 9, words, "other"))  # the type of the entry
        yield no("inconsistentValue", *row(99, "new", subs=["setup=1s", words], LinkMode="alternates"))
    for number in NUMBERS:
        yield no("inconsistentValue", *sub(12, 9, number, "modem", "/dev/ttyS1"))
    for helper in ("helper-none", "helper.dir"):
        yield no("inconsistentValue", *sub(12, 9, "gw.example", "exec", helper))


refused(desk, "Device types, devices and destinations that are not permitted: inconsistentValue", not_permitted, prepare=begin)
refused(desk, "Words, numbers and helpers that are not understood: inconsistentValue", not_understood, prepare=begin)
refused(desk, "And so in subentries", not_understood_in_subentries, prepare=begin)


# ---- rasSpinLock ----

def spin_lock():
    lock = lab.get("rasSpinLock.0")
    for value in (lock + 1, lock + 100, (lock - 1) % 2 ** 31, 2 ** 31 - 1 - lock):
        yield no("inconsistentValue", ("rasSpinLock.0", value))
        yield no("inconsistentValue", ("rasEntryDescr.11", "new"), ("rasSpinLock.0", value), at=2)
        yield no("inconsistentValue", *row(99, "new"), ("rasSpinLock.0", value), at=5)
        yield no("inconsistentValue", ("rasEntryRowStatus.11", "destroy"), ("rasSpinLock.0", value), at=2)
        yield no("inconsistentValue", ("rasConnAction.11", "dial"), ("rasSpinLock.0", value), at=2)
        yield no("inconsistentValue", ("rasAdminMode.0", "drain"), ("rasSpinLock.0", value), at=2)
    yield no("wrongValue", ("rasEntryDescr.11", "new"), ("rasSpinLock.0", -1), at=2)
    # the lock stays when something else of the PDU is refused
    yield no("inconsistentName", ("rasSpinLock.0", lock), ("rasEntryDescr.99", "x"), at=2)
    yield no("inconsistentValue", ("rasSpinLock.0", lock), *row(99, "PLAIN"), at=range(2, 6))


refused(desk, "Another value of rasSpinLock than the present one: inconsistentValue, with all of the PDU", spin_lock, prepare=begin)


# ---- what is done ----

def all_ways(title, deadline=60):
    """A test that a function does as it says, in each way."""
    def mark(function):
        def every():
            begin()
            desk.learn()
            for number, way in enumerate(WAYS):
                function(way, 20 + number)
        every.__doc__, every.__name__ = title, function.__name__
        return test(deadline)(every)
    return mark


@all_ways("A row is made with the defaults of the MIB, changed, put out of service and back, destroyed")
def life(way, index):
    name = f"life {way}"
    desk.done(way, (f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", name), **{f"e{index}": "created"})
    equal(lab.get(f"rasEntryOrigin.{index}", f"rasEntryStorageType.{index}", f"rasEntryRowStatus.{index}", f"rasConnOperStatus.{index}"),
          ["snmp", "nonVolatile", "active", "notReady"])
    changed = {f"e{index}": "modified"}
    desk.done(way, (f"rasEntryDestination.{index}", "setup=5ms"), (f"rasEntryDeviceType.{index}", "loopback"), **changed)
    equal(lab.status(index), "down")
    desk.done(way, (f"rasEntryRowStatus.{index}", "notInService"), **changed)
    equal(lab.status(index), "notReady")
    desk.done(way, (f"rasEntryName.{index}", name.upper()), **changed)  # its own name
    desk.done(way, (f"rasEntryRowStatus.{index}", "active"), **changed)
    equal(lab.status(index), "down")
    desk.done(way, (f"rasEntryName.{index}", f"renamed {way}"), **changed)
    desk.done(way, (f"rasEntryRowStatus.{index}", "destroy"), **{f"e{index}": "deleted"})
    equal([lab.raw(f"{n}.{index}").type for n in ("rasEntryRowStatus", "rasConnOperStatus", "rasStatsUpSeconds")], ["noSuchInstance"] * 3)


@all_ways("All columns in one SET; and each alone")
def all_columns(way, index):
    pairs = row(index, f"all {way}", Secret=b"secret", RedialMax=7, RedialPause=5, RedialPauseMax=50, RedialOnDrop="true", DialTimeout=77,
                IdleTimeout=8, MaxDuration=9, Options=["ipv6", "defaultRoute"], NotifyTypes=["connected"], NotifyFailures=3,
                AuthMethods=["chap", "eap"], DialMode="manual", LinkMode="alternates", UserName="user", Descr="all of it", DeviceName="", StorageType="nonVolatile")
    desk.done(way, *pairs, **{f"e{index}": "created"})
    for obj in COLUMNS:
        value = good(obj) if obj.name != "rasEntryName" else f"alone {way}"
        if obj.name != "rasEntryDeviceName":
            desk.done(way, (f"{obj.name}.{index}", value), **{f"e{index}": "modified"})
    desk.done(way, (f"rasEntryRowStatus.{index}", "destroy"), **{f"e{index}": "deleted"})


@all_ways("Subentries: made with their entry and later, changed, out of service and back, destroyed alone and with the entry")
def subentries(way, index):
    changed = {f"e{index}": "modified"}
    desk.done(way, *row(index, f"subs {way}", subs=["setup=1ms", ""], LinkMode="alternates"), **{f"e{index}": "created"})
    desk.done(way, *sub(index, 255), (f"rasSubentryRowStatus.{index}.7", "createAndGo"), **changed)
    desk.done(way, (f"rasSubentryDestination.{index}.255", "setup=9ms"), (f"rasSubentryDeviceType.{index}.7", "loopback"), **changed)
    desk.done(way, (f"rasSubentryRowStatus.{index}.255", "notInService"), **changed)
    desk.done(way, (f"rasSubentryRowStatus.{index}.255", "active"), (f"rasEntryDescr.{index}", "two tables"), **changed)
    desk.done(way, (f"rasSubentryRowStatus.{index}.1", "destroy"), **changed)
    desk.done(way, (f"rasEntryRowStatus.{index}", "destroy"), **{f"e{index}": "deleted"})
    equal([k for k in lab.table("rasSubentryTable") if k[0] == index], [])


@all_ways("StorageType: a volatile row has no file; it may become nonVolatile, and the other way round")
def storage_types(way, index):
    desk.done(way, *row(index, f"storage {way}", StorageType="volatile"), **{f"e{index}": "created"})
    for value in ("nonVolatile", "volatile", "nonVolatile"):
        desk.done(way, (f"rasEntryStorageType.{index}", value), **{f"e{index}": "modified"})
    desk.done(way, (f"rasEntryRowStatus.{index}", "destroy"), **{f"e{index}": "deleted"})


@all_ways("Several rows in one SET: made, changed and destroyed, one rasConfigChange for each")
def several(way, index):
    a, b, c = index, index + 10, index + 20
    desk.done(way, *row(a, f"a {way}"), *row(b, f"b {way}", StorageType="volatile"), **{f"e{a}": "created", f"e{b}": "created"})
    desk.done(way, ("rasSpinLock.0", lab.get("rasSpinLock.0")), *row(c, f"c {way}"), (f"rasEntryDescr.{a}", "x"),
              (f"rasEntryRedialMax.{a}", 3), (f"rasEntryRowStatus.{b}", "destroy"), ("rasEntryRowStatus.99", "destroy"),
              **{f"e{a}": "modified", f"e{b}": "deleted", f"e{c}": "created"})
    desk.done(way, (f"rasEntryRowStatus.{a}", "destroy"), (f"rasEntryRowStatus.{c}", "destroy"), **{f"e{a}": "deleted", f"e{c}": "deleted"})


@all_ways("What is permitted: devices, destinations and helpers that match")
def permitted(way, index):
    changed = {f"e{index}": "modified"}
    desk.done(way, *row(index, f"may {way}", "modem", "+15550100", DeviceName="/dev/ttyS1"), **{f"e{index}": "created"})
    desk.done(way, (f"rasEntryDeviceName.{index}", ""), **changed)  # an empty one is always good
    desk.done(way, (f"rasEntryDeviceType.{index}", "l2tp"), (f"rasEntryDestination.{index}", "gw1.example"), **changed)
    desk.done(way, (f"rasEntryDeviceType.{index}", "exec"), (f"rasEntryDeviceName.{index}", "helper-good"), **changed)
    desk.done(way, (f"rasEntryDeviceType.{index}", "other"), **changed)
    desk.done(way, (f"rasEntryRowStatus.{index}", "destroy"), **{f"e{index}": "deleted"})


@all_ways("rasSpinLock: the present value is taken, with all of the PDU, and raised by one")
def lock_taken(way, index):
    for pairs, change in ((row(index, f"locked {way}"), "created"), ([(f"rasEntryDescr.{index}", "x")], "modified"),
                          ([(f"rasEntryRowStatus.{index}", "destroy")], "deleted")):
        lock = lab.get("rasSpinLock.0")
        desk.done(way, *pairs, ("rasSpinLock.0", lock), **{f"e{index}": change})
        equal(lab.get("rasSpinLock.0"), lock + 1)
    desk.done(way, ("rasSpinLock.0", lock + 1))
    desk.nothing(no("inconsistentValue", ("rasSpinLock.0", lock + 1)), no("inconsistentValue", ("rasSpinLock.0", lock + 3)))


run(lab)
