# SPDX-License-Identifier: BSD-2-Clause
"""The answer to every kind of SET, with proof that a refused one changes nothing."""
import contextlib
import os
import resource
import time

from harness import *

lab = Lab([
    line("hq", 1, "setup=400ms", user_name="branch7", secret="top secret 99"),
    line("two", 2, "setup=400ms"),
    line("three", 3, "setup=400ms", storage_type="permanent"),
    {"name": "unfinished", "index": 4},                                   # type other: cannot be dialed
    line("multi", 5, "setup=50ms", link_mode="alternates", subentries=[{"destination": "setup=60ms"}]),
    line("long", 6, "setup=60s"),
    line("held", 7, "setup=60s"),
    line("request", 8, "setup=300ms"),
    line("bad", 9, "setup=20ms,fail=691"),
    line("again", 10, "setup=100ms,drop=60s"),
    line("limited", 11, "setup=60s"),
    line("limited too", 12, "setup=60s"),
], users=True, views="""
view all included .1
view partly included .1
view partly excluded .1.3.6.1.4.1.8072.9999.9999.7273.1.3.1.1.1
view partly excluded .1.3.6.1.4.1.8072.9999.9999.7273.1.1.4
com2sec part default part
group part v2c part
access part "" any noauth exact all partly none
""")
RESTLESS = {"rasEntryIndexNext", "rasUpTime", "rasConnDuration", "rasStatsInOctets", "rasStatsOutOctets", "rasStatsInPackets",
            "rasStatsOutPackets", "rasStatsUpSeconds", "rasStatsCallInOctets", "rasStatsCallOutOctets", "rasDialsRejected",
            "rasConnNextRedial", "rasNotifySent", "rasThreads"}


def picture():
    """Everything that is there, but for what changes by its nature."""
    return {MIB.name(v.oid): v.value for v in lab.walk() if MIB.find(v.oid)[0].name not in RESTLESS}


@contextlib.contextmanager
def nothing_changes():
    before, threads = picture(), lab.get("rasThreads.0")
    yield
    after = picture()
    until(lambda: lab.get("rasThreads.0") == threads, 5, lambda: f"{threads} threads as before: {lab.get('rasThreads.0')}")
    changed = {n: (before.get(n), after.get(n)) for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
    equal(changed, {}, "changed by refused SETs")


def refused(error, *pairs):
    equal(lab.set(*pairs), error, f"SET {pairs}")


def some_value(obj):
    """A value of the right type that the object could have."""
    if obj.labels:
        return next(iter(obj.labels))
    if obj.bits:
        return [next(iter(obj.bits))]
    if obj.type == "OCTET STRING":
        return b"x" * max(1, obj.low or 0)
    return max(1, obj.low or 0)


@test(60)
def read_only_objects():
    """Every read-only scalar and column: notWritable"""
    lab.dial(10, 9)
    lab.wait(10, "up")
    lab.wait(9, "failed")
    with nothing_changes():
        instances = {}
        for varbind in lab.walk():
            obj, instance = MIB.find(varbind.oid)
            instances.setdefault(obj.name, instance)
        tried = 0
        for name, instance in instances.items():
            obj = MIB.objects[name]
            if obj.access == "read-only":
                refused("notWritable", (".".join([name] + [str(i) for i in instance]), some_value(obj)))
                tried += 1
        check(tried > 90, f"only {tried} objects were tried")


@test()
def phonebook_of_the_file():
    """Rows of the file cannot be changed, deleted or made over SNMP"""
    with nothing_changes():
        for name in MIB.tables["rasPhonebookTable"]:
            obj = MIB.objects[name]
            if obj.access == "read-create" and name not in ("rasEntryRowStatus", "rasEntryStorageType"):
                for index in (1, 3):
                    refused("notWritable", (f"{name}.{index}", some_value(obj)))
                refused("noCreation", (f"{name}.99", some_value(obj)))
        for status in ("active", "notInService", "destroy"):
            refused("notWritable", ("rasEntryRowStatus.1", status))
        refused("noCreation", ("rasEntryRowStatus.99", "createAndGo"))
        refused("noCreation", ("rasEntryRowStatus.99", "createAndGo"), ("rasEntryName.99", "new"), ("rasEntryDeviceType.99", "loopback"))
        refused("noError", ("rasEntryRowStatus.99", "destroy"))
        for kind in ("other", "volatile", "nonVolatile", "permanent", "readOnly"):
            refused("wrongValue", ("rasEntryStorageType.1", kind))
            refused("wrongValue", ("rasEntryStorageType.3", kind))
        refused("notWritable", ("rasSubentryDestination.5.1", "setup=1s"))


@test()
def phonebook_values():
    """What no row of the phonebook could hold is refused for that, before the row is looked at"""
    with nothing_changes():
        for index in (1, 99):
            for name, *values in (("rasEntryName", b"", b"x" * 65), ("rasEntryDescr", b"x" * 256), ("rasEntryDeviceName", b"x" * 129),
                                  ("rasEntryDestination", b"x" * 256), ("rasEntryUserName", b"x" * 256), ("rasEntrySecret", b"x" * 256)):
                for value in values:
                    refused("wrongLength", (f"{name}.{index}", value))
            for name, *values in (("rasEntryName", b"a\nb", b"a\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"a\x7f", b"\xc2\x85"),
                                  ("rasEntryDescr", b"tab\t"), ("rasEntryDestination", b"a\rb"), ("rasEntryUserName", b"\x1b[2J"),
                                  ("rasEntrySecret", b"a\0b", b"a\nb", b"\r"), ("rasEntryDeviceType", 0, 11, -1),
                                  ("rasEntryDialMode", 0, 5), ("rasEntryLinkMode", 5), ("rasEntryRedialMax", 65536),
                                  ("rasEntryRedialPause", 0, 86401), ("rasEntryRedialPauseMax", 86401), ("rasEntryRedialOnDrop", 0, 3),
                                  ("rasEntryDialTimeout", 0, 3601), ("rasEntryIdleTimeout", 2592001), ("rasEntryMaxDuration", 2592001),
                                  ("rasEntryNotifyFailures", 0, 65536), ("rasEntryAuthMethods", b"\x04", b"\0\x80"),
                                  ("rasEntryOptions", b"\x02", b"\xff"), ("rasEntryNotifyTypes", b"\0\x80"),
                                  ("rasEntryRowStatus", "createAndWait", "notReady", 0, 7), ("rasEntryStorageType", 0, 6)):
                for value in values:
                    refused("wrongValue", (f"{name}.{index}", value))
            for name, kind, value in (("rasEntryName", "INTEGER", 1), ("rasEntryRedialMax", "INTEGER", 1), ("rasEntryDialMode", "Gauge32", 1),
                                      ("rasEntryOptions", "INTEGER", 1), ("rasEntryRowStatus", "OCTET STRING", b"\x04")):
                refused("wrongType", (f"{name}.{index}", value, kind))


@test()
def wrong_instances():
    """Instances that cannot be: noCreation; rows that are not there: inconsistentName"""
    with nothing_changes():
        for instance in ("0", "2147483648", "4294967295", "1.1", "1.0"):
            refused("noCreation", (f"rasConnAction.{instance}", "dial"))
            refused("noCreation", (f"rasConnAction.{instance}", "dial"), (f"rasConnRequestId.{instance}", 5))
        refused("noCreation", ("rasConnAction", "dial", "INTEGER"))
        refused("noCreation", ("rasAdminMode.1", "drain"))
        refused("noCreation", ("rasMaxConcurrentDials.0.0", 5))
        for index in (99, 2147483647):
            for action in ("dial", "hangUp", "redial", "clearError", "resume", "noAction"):
                refused("inconsistentName", (f"rasConnAction.{index}", action))


@test()
def wrong_types():
    """Wrong ASN.1 types: wrongType"""
    with nothing_changes():
        for name, kind, value in (
                ("rasConnAction.1", "OCTET STRING", b"2"), ("rasConnAction.1", "Gauge32", 2), ("rasConnAction.1", "Counter32", 2),
                ("rasConnAction.1", "NULL", None), ("rasConnAction.1", "OBJECT IDENTIFIER", (1, 3, 6)),
                ("rasConnAction.1", "IpAddress", b"\x7f\0\0\x01"), ("rasConnAction.1", "Counter64", 2),
                ("rasConnRequestId.1", "INTEGER", 3), ("rasConnRequestId.1", "OCTET STRING", b"3"),
                ("rasAdminMode.0", "Gauge32", 2), ("rasAdminMode.0", "OCTET STRING", b"drain"),
                ("rasMaxConcurrentDials.0", "INTEGER", 5), ("rasMaxConcurrentDials.0", "TimeTicks", 5),
                ("rasHistMaxEntries.0", "INTEGER", 5), ("rasHistRetainTime.0", "OCTET STRING", b""),
                ("rasNotifyTypes.0", "INTEGER", 5), ("rasNotifyMinInterval.0", "INTEGER", 5), ("rasSpinLock.0", "Gauge32", 0)):
            pairs = [(name, value, kind)]
            if name.startswith("rasConnRequestId"):
                pairs.append(("rasConnAction.1", "dial"))
            refused("wrongType", *pairs)


@test()
def wrong_values():
    """Numbers out of range and labels that are not there: wrongValue"""
    with nothing_changes():
        for name, *values in (("rasConnAction.1", 0, 7, 9, -1, 2147483647, -2147483648), ("rasAdminMode.0", 0, 4, -1),
                              ("rasMaxConcurrentDials.0", 65536, 4294967295), ("rasHistMaxEntries.0", 65536, 4294967295),
                              ("rasHistRetainTime.0", 525601), ("rasNotifyMinInterval.0", 3601, 4294967295),
                              ("rasNotifyTypes.0", b"\xff\x80", b"\0\x01"), ("rasSpinLock.0", -1)):
            for value in values:
                refused("wrongValue", (name, value))


def edges(obj):
    """The outermost values that the MIB allows for an object, and those next to them: (allowed, refused, answer to these)."""
    if obj.bits is not None:
        last = max(obj.bits.values())
        every = bytes(sum(0x80 >> bit % 8 for bit in obj.bits.values() if bit // 8 == n) for n in range(last // 8 + 1))
        return [b"", every], [(1 << 63 - (last + 1)).to_bytes(8, "big")], "wrongValue"
    if obj.type == "OCTET STRING":
        return [b"x" * obj.low, b"x" * obj.high], [b"x" * n for n in (obj.low - 1, obj.high + 1) if n >= 0], "wrongLength"
    if obj.labels:
        low, high, full = min(obj.labels.values()), max(obj.labels.values()), (-2 ** 31, 2 ** 31 - 1)
    else:
        full = (0, 2 ** 32 - 1) if obj.type == "Gauge32" else (-2 ** 31, 2 ** 31 - 1)
        low, high = (full[0], full[1]) if obj.low is None else (obj.low, obj.high)
    return [low, high], [n for n in (low - 1, high + 1) if full[0] <= n <= full[1]], "wrongValue"


@test(60)
def edges_of_the_mib():
    """Every object that can be written: what the MIB allows at most passes these checks, what is next to it does not"""
    tried = 0
    with nothing_changes():
        for obj in MIB.objects.values():
            # rasSpinLock takes one value only; what may be written into these columns of a row is less than their labels.
            if obj.access not in ("read-write", "read-create") or obj.name in ("rasSpinLock", "rasEntryRowStatus", "rasSubentryRowStatus",
                                                                               "rasEntryStorageType"):
                continue
            instance = "0" if obj.table is None else "5.1" if obj.table == "rasSubentryTable" else "1"
            allowed, wrong, answer = edges(obj)
            for value in wrong:
                refused(answer, (f"{obj.name}.{instance}", value))
            # A PDU that cannot be done as a whole tells the first thing that is wrong, so the edge itself is good.
            for value in allowed:
                done = lab.set_pdu((f"{obj.name}.{instance}", value), ("rasConnAction.99", "dial"))
                if obj.access == "read-create":
                    equal((done.error, done.index), ("notWritable", 1), f"{obj.name} = {value}")
                else:
                    equal((done.error, done.index), ("inconsistentName", 2), f"{obj.name} = {value}")
                tried += 1
    check(tried >= 50, f"only {tried} values were tried")


@test()
def wrong_order():
    """Type comes before value, value before existence, existence before state"""
    with nothing_changes():
        refused("wrongType", ("rasConnAction.99", b"2", "OCTET STRING"))
        refused("wrongValue", ("rasConnAction.99", 9))
        refused("inconsistentName", ("rasConnAction.99", "dial"), ("rasConnAction.99", "hangUp"))
        refused("notWritable", ("rasConnOperStatus.99", "up"))


@test()
def request_ids():
    """RequestId: only with an action of its row; kept for history and notification; a repeated one does nothing"""
    with nothing_changes():
        refused("inconsistentValue", ("rasConnRequestId.8", 5))
        refused("inconsistentValue", ("rasConnRequestId.8", 5), ("rasConnAction.1", "dial"))
        refused("inconsistentName", ("rasConnRequestId.99", 5), ("rasConnAction.99", "dial"))

    def ask(number, action):
        return lab.set(("rasConnRequestId.8", number), ("rasConnAction.8", action))
    equal(ask(4000000000, "redial"), "noError")
    row = lab.wait(8, "up")
    equal((row["RequestId"], row["Attempts"]), (4000000000, 1))
    equal(lab.notifications("rasConnected", 8)[-1]["rasConnRequestId"], 4000000000)
    # redial would hang up and dial; the same number marks it as the same request
    equal(ask(4000000000, "redial"), "noError")
    time.sleep(0.2)
    row = lab.conn(8)
    equal((row["OperStatus"], row["Attempts"]), ("up", 1), "a repeated redial does nothing")
    with nothing_changes():
        equal(ask(4000000000, "hangUp"), "inconsistentValue", "the same number with another action")
        equal(ask(4000000000, "dial"), "inconsistentValue", "the same number with another action")
    equal(ask(7, "redial"), "noError", "another number is another request")
    until(lambda: lab.conn(8)["Attempts"] == 2, 10, "redial dials again")
    row = lab.wait(8, "up")
    equal(row["RequestId"], 7)
    equal([c["RequestId"] for c in lab.history(8)], [4000000000])
    lab.hang_up(8)
    equal(lab.get("rasConnRequestId.8"), 0, "an action without a number sets it to 0")
    lab.wait(8, "down")
    equal([c["RequestId"] for c in lab.history(8)], [4000000000, 7])
    equal(ask(0, "dial"), "noError", "0 is no number")
    equal(ask(0, "dial"), "noError", "and so never a repeated one")
    lab.wait(8, "up")
    equal(ask(7, "hangUp"), "noError", "an older number may be used again")
    lab.wait(8, "down")


@test()
def two_actions():
    """Two actions for one row in one PDU: inconsistentValue; for two rows: both happen"""
    with nothing_changes():
        refused("inconsistentValue", ("rasConnAction.1", "dial"), ("rasConnAction.1", "dial"))
        refused("inconsistentValue", ("rasConnAction.1", "dial"), ("rasConnAction.2", "dial"), ("rasConnAction.1", "hangUp"))
    equal(lab.set(("rasConnAction.1", "dial"), ("rasConnAction.2", "dial"), ("rasConnRequestId.2", 5)), "noError")
    lab.wait(1, "up")
    row = lab.wait(2, "up")
    equal((row["RequestId"], lab.get("rasConnRequestId.1")), (5, 0))


@test()
def not_ready():
    """A row that is not complete cannot be dialed"""
    equal(lab.status(4), "notReady")
    with nothing_changes():
        refused("inconsistentValue", ("rasConnAction.4", "dial"))
        refused("inconsistentValue", ("rasConnAction.4", "redial"))
        refused("inconsistentValue", ("rasConnAction.4", "resume"))
        for action in ("noAction", "hangUp", "clearError"):
            equal(lab.set(("rasConnAction.4", action)), "noError")


@test()
def without_effect():
    """dial while dialing or up, hangUp while down, noAction, clearError: noError and no effect"""
    with nothing_changes():
        for action in ("noAction", "hangUp"):
            equal(lab.set(("rasConnAction.1", action)), "noError", f"{action} while down")
    lab.dial(7)
    lab.wait(7, "dialing", "authenticating")
    call = lab.conn(7)["CallId"]
    for action in ("dial", "noAction", "clearError"):
        equal(lab.set(("rasConnAction.7", action)), "noError", f"{action} while dialing")
    row = lab.conn(7)
    equal((row["CallId"], row["Attempts"], row["Action"]), (call, 1, "noAction"))
    lab.dial(2)
    call = lab.wait(2, "up")["CallId"]
    for action in ("dial", "noAction", "clearError"):
        equal(lab.set(("rasConnAction.2", action)), "noError", f"{action} while up")
    row = lab.conn(2)
    equal((row["CallId"], row["OperStatus"]), (call, "up"))


@test()
def resume():
    """resume of a call that does not wait for it: inconsistentValue"""
    with nothing_changes():
        refused("inconsistentValue", ("rasConnAction.1", "resume"))
    lab.dial(7)
    lab.wait(7, "dialing", "authenticating")
    refused("inconsistentValue", ("rasConnAction.7", "resume"))


@test()
def redial():
    """redial hangs up and dials; from down it dials"""
    lab.act("redial", 2)
    first = lab.wait(2, "up")
    lab.act("redial", 2)
    until(lambda: lab.conn(2)["CallId"] > first["CallId"], 10, "a new call")
    row = lab.wait(2, "up")
    equal((row["Attempts"], row["Successes"], row["Drops"]), (first["Attempts"] + 1, first["Successes"] + 1, 0))
    equal(lab.history(2)[-1]["Cause"], "localRequest")


@test()
def limit():
    """No free place under rasMaxConcurrentDials: resourceUnavailable, counted; a place that is free again is given"""
    equal(lab.set(("rasMaxConcurrentDials.0", 2)), "noError")
    rejected = lab.get("rasDialsRejected.0")
    lab.dial(6, 7)
    with nothing_changes():
        refused("resourceUnavailable", ("rasConnAction.11", "dial"))
        refused("resourceUnavailable", ("rasConnAction.11", "redial"))
        equal(lab.set(("rasConnAction.6", "dial")), "noError", "no new call")
    equal(lab.get("rasDialsRejected.0"), rejected + 2)
    lab.hang_up(6)
    lab.wait(6, "down")
    lab.dial(11)
    refused("resourceUnavailable", ("rasConnAction.12", "dial"))
    equal(lab.set(("rasMaxConcurrentDials.0", 1)), "noError")
    equal([lab.status(i) in ("dialing", "authenticating") for i in (7, 11)], [True, True], "calls in progress go on")
    equal(lab.set(("rasMaxConcurrentDials.0", 0)), "noError", "0 is no limit")
    lab.dial(12, 6)
    # A PDU that asks for more places than there are gets none.
    lab.quiet()
    equal(lab.set(("rasMaxConcurrentDials.0", 1)), "noError")
    attempts = lab.get("rasDialAttempts.0")
    refused("resourceUnavailable", ("rasConnAction.6", "dial"), ("rasConnAction.7", "dial"))
    equal(lab.get("rasThreads.0", "rasDialsInProgress.0", "rasDialAttempts.0"), [0, 0, attempts])
    lab.dial(6)
    equal(lab.set(("rasMaxConcurrentDials.0", 0)), "noError")


@test()
def rejected_are_counted():
    """rasDialsRejected counts dials refused for state or for want of a place, not other errors"""
    before = lab.get("rasDialsRejected.0")
    refused("inconsistentValue", ("rasConnAction.4", "dial"))
    equal(lab.get("rasDialsRejected.0"), before + 1)
    refused("inconsistentName", ("rasConnAction.99", "dial"))
    refused("wrongValue", ("rasConnAction.1", 9))
    refused("inconsistentValue", ("rasConnAction.1", "resume"))
    equal(lab.get("rasDialsRejected.0"), before + 1)


@test()
def scalars():
    """Scalars that can be written: every value in range, read back at once, all of a PDU or nothing"""
    for name, values in (("rasMaxConcurrentDials.0", (0, 1, 64, 65535)), ("rasHistRetainTime.0", (525600, 0)),
                         ("rasNotifyMinInterval.0", (3600, 5, 0)), ("rasHistMaxEntries.0", (65535, 20000))):
        for value in values:
            equal(lab.set((name, value)), "noError", f"{name} = {value}")
            equal(lab.get(name), value)
    everything = frozenset(MIB.objects["rasNotifyTypes"].bits)
    for value in (["connected"], ["configChange", "threadStuck"], [], everything):
        equal(lab.set(("rasNotifyTypes.0", value)), "noError", f"{value}")
        equal(lab.get("rasNotifyTypes.0"), frozenset(value))
    equal(lab.set(("rasMaxConcurrentDials.0", 7), ("rasNotifyMinInterval.0", 9)), "noError")
    equal(lab.get("rasMaxConcurrentDials.0", "rasNotifyMinInterval.0"), [7, 9])
    with nothing_changes():
        refused("wrongValue", ("rasMaxConcurrentDials.0", 8), ("rasNotifyMinInterval.0", 4000))
        refused("inconsistentName", ("rasMaxConcurrentDials.0", 8), ("rasConnAction.99", "dial"))
    equal(lab.set(("rasMaxConcurrentDials.0", 0), ("rasNotifyMinInterval.0", 0)), "noError")


@test()
def spin_lock():
    """rasSpinLock: the value read before is accepted and raised, any other refused with all of its PDU"""
    lock = lab.get("rasSpinLock.0")
    equal(lab.set(("rasSpinLock.0", lock)), "noError")
    equal(lab.get("rasSpinLock.0"), lock + 1)
    with nothing_changes():
        refused("inconsistentValue", ("rasSpinLock.0", lock))
        refused("inconsistentValue", ("rasSpinLock.0", lock + 2))
        refused("inconsistentValue", ("rasConnAction.1", "dial"), ("rasSpinLock.0", lock))
        refused("inconsistentValue", ("rasSpinLock.0", lock), ("rasMaxConcurrentDials.0", 3))
    equal(lab.set(("rasSpinLock.0", lock + 1), ("rasMaxConcurrentDials.0", 3)), "noError")
    equal(lab.get("rasSpinLock.0", "rasMaxConcurrentDials.0"), [lock + 2, 3])
    equal(lab.set(("rasMaxConcurrentDials.0", 0)), "noError")


@test()
def views():
    """What the view of a community excludes cannot be written: noAccess"""
    part = Manager(lab.manager.address, community="part")
    with nothing_changes():
        equal(part.set(lab.varbind("rasConnAction.1", "dial")).error, "noAccess")
        equal(part.set(lab.varbind("rasAdminMode.0", "drain")).error, "noAccess")
        equal(part.set(lab.varbind("rasMaxConcurrentDials.0", 5), lab.varbind("rasConnAction.1", "dial")).error, "noAccess")
    equal(part.set(lab.varbind("rasMaxConcurrentDials.0", 0)).error, "noError")
    part.close()


@test()
def names_of_errors():
    """snmpset shows the same errors"""
    for name, value, reason in (("rasConnAction.99", 2, "inconsistentName"), ("rasConnAction.4", 2, "inconsistentValue"),
                                ("rasConnAction.0", 2, "noCreation"), ("rasConnAction.1", 9, "wrongValue"),
                                ("rasConnState.1", 8192, "notWritable")):
        status, out = lab.tool("snmpset", "." + ".".join(map(str, MIB.oid(name))), "i", str(value))
        check(status == 2 and f"Reason: {reason}" in out, f"{name} = {value}: {status} {out}")


@test()
def secrets():
    """A secret is nowhere to be read, but that there is one can be"""
    equal(lab.get("rasEntrySecret.1", "rasEntrySecretStored.1", "rasEntrySecretStored.2"), [b"", "true", "false"])
    for varbind in lab.walk():
        check(not isinstance(varbind.value, bytes) or b"top secret" not in varbind.value, f"secret in {MIB.name(varbind.oid)}")
    check("top secret" not in lab.agent.log(), "no secret in the log")


@test()
def large_pdu():
    """A PDU with all rows that can be dialed works as a whole, or not at all"""
    rows = [1, 2, 3, 5, 8, 10]
    attempts = lab.get("rasDialAttempts.0")
    refused("inconsistentValue", *((f"rasConnAction.{i}", "dial") for i in rows + [4]))
    equal(lab.get("rasDialAttempts.0", "rasThreads.0"), [attempts, 0])
    lab.dial(*rows)
    lab.wait_all(rows, "up")
    equal(lab.get("rasEntriesUp.0", "rasDialAttempts.0"), [len(rows), attempts + len(rows)])


@test(60, only="agent")  # snmpd ends by itself at a limit of file sizes
def disk():
    """A disk that takes no more: commitFailed and nothing changes, also not after a restart; with room all works again"""
    other = Lab([line("hq", 1, "setup=50ms")])
    try:
        other.start_snmpd()
        # The limit stands for a full disk, so the signal that comes with it does not.
        other.start_agent(before=("sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"))
        equal(other.set(("rasMaxConcurrentDials.0", 7)), "noError")
        names = ("rasMaxConcurrentDials.0", "rasAdminMode.0", "rasSpinLock.0", "rasDialAttempts.0", "rasThreads.0", "rasConnDesired.1",
                 "rasConnRequestId.1", "rasConnOperStatus.1")
        before, problems = other.get(*names), other.get("rasStorageProblems.0")
        resource.prlimit(other.agent.pid, resource.RLIMIT_FSIZE, (os.path.getsize(f"{other.state_dir}/journal"), -1))
        for pairs in ((("rasMaxConcurrentDials.0", 8),), (("rasAdminMode.0", "drain"),), (("rasSpinLock.0", before[2]),),
                      (("rasConnAction.1", "dial"),), (("rasConnAction.1", "dial"), ("rasConnRequestId.1", 5)),
                      (("rasAdminMode.0", "disabled"), ("rasConnAction.1", "hangUp"))):
            equal(other.set(*pairs), "commitFailed", str(pairs))
            until(lambda: other.get(*names) == before, 5, lambda: f"as before: {other.get(*names)}")
        check(other.get("rasStorageStatus.0") != "ok" and other.get("rasStorageProblems.0") > problems, "told by the scalars")
        resource.prlimit(other.agent.pid, resource.RLIMIT_FSIZE, (-1, -1))
        equal(other.set(("rasSpinLock.0", before[2])), "noError")
        other.dial(1)
        other.wait(1, "up")
        equal(other.get("rasStorageStatus.0", "rasSpinLock.0"), ["ok", before[2] + 1])
        other.hang_up(1)
        other.wait(1, "down")
        other.after_test()
        other.stop_agent()
        other.start_agent()
        equal(other.get("rasMaxConcurrentDials.0", "rasAdminMode.0", "rasSpinLock.0"), [7, "enabled", before[2] + 1], "on the disk")
    finally:
        other.finish()


run(lab)
