# SPDX-License-Identifier: BSD-2-Clause
"""Answers to SET, for each object of the MIB: what is writable at all, type, length, value, and the instance."""
from contract import *
from harness import *

desk = Desk(views="""
view part included .1
view part excluded .1.3.6.1.4.1.8072.9999.9999.7273.1.2.1.1.3
view part excluded .1.3.6.1.4.1.8072.9999.9999.7273.1.1.4
com2sec part default part
group part v1 part
group part v2c part
access part "" any noauth exact part part none
""")
lab = desk.lab

# Row 11 and subentry 11.1 are there, and 99 is not; 13 is of type other, so that nothing needs to fit its type.
ROWS = (row(11, "plain", subs=["setup=30ms"], LinkMode="alternates"), row(13, "other", "other", "x", subs=["setup=1s"]))
INSTANCES = {None: ("0",), "rasPhonebookTable": ("11", "1", "2", "99"), "rasSubentryTable": ("11.1", "3.1", "11.9", "99.1"),
             "rasConnTable": ("11", "99")}
KINDS = {"INTEGER": 1, "OCTET STRING": b"x", "NULL": None, "OBJECT IDENTIFIER": (1, 3, 6), "IpAddress": b"\x7f\0\0\x01", "Counter32": 1,
         "Gauge32": 1, "TimeTicks": 1}
TEXTS = [o for o in writable() if o.text]
BAD_UTF8 = (b"\xff", b"\x80", b"\xc3", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80", b"x\xe2\x82", b"\xe2\x82x", b"x\xc3(")
CONTROLS = [bytes((n,)) for n in (*range(32), 127)] + [b"\xc2" + bytes((n,)) for n in range(0x80, 0xA0)]


def begin():
    for pairs in ROWS:
        if lab.raw(pairs[0][0]).type == "noSuchInstance":
            desk.give(*pairs)


def instances(obj):
    return [f"{obj.name}.{i}" for i in INSTANCES[obj.table]]


def with_partner(name, *pair):
    """A pair for SET; a request number needs an action of its row beside it."""
    if name.startswith("rasConnRequestId"):
        return [(name, *pair), ("rasConnAction." + name.partition(".")[2], "noAction")]
    return [(name, *pair)]


# ---- what is writable at all ----

def read_only():
    for obj in MIB.objects.values():
        if obj.access in ("read-write", "read-create"):
            continue
        value = good(obj)
        for instance in (["0", "1"] if obj.table is None else ["11", "99", "11.1"]):
            yield no("notWritable", (f"{obj.name}.{instance}", value))
        yield no("notWritable", (obj.name, value))
        yield no("notWritable", (f"{obj.name}.{1 if obj.table else 0}", b"x" * 300, "OCTET STRING"))  # before type and length


def no_object():
    for name in ("rasPhonebookEntry.27.11", "rasConnEntry.38.11", "rasSystem.23.0", "rasSubentryEntry.6.11.1", "rasObjects.7.1.0", "rasDialMIB.9",
                 "rasDialMIB", "rasPhonebookTable", "rasPhonebookEntry", "rasConnected"):
        yield no("notWritable", (name, 1, "INTEGER"))


refused(desk, "Read-only columns and scalars, those of notifications and indices: notWritable, whatever the instance and the value",
        read_only, prepare=begin)
refused(desk, "What is no object: notWritable", no_object, prepare=begin)


@test()
def views():
    """What the view excludes: noAccess, before anything else is looked at"""
    begin()
    cases = [no("noAccess", pair) for pair in
             (("rasAdminMode.0", "drain"), ("rasAdminMode.0", b"x", "OCTET STRING"), ("rasAdminMode.0", 77), ("rasAdminMode.9", "drain"),
              ("rasEntryDescr.11", "x"), ("rasEntryDescr.99", "x"), ("rasEntryDescr.0", "x"), ("rasEntryDescr.11", b"x" * 256))]
    cases += [no("noAccess", ("rasEntryUserName.11", "x"), ("rasAdminMode.0", "drain"), at=2)]
    managers = dict(desk.managers)
    desk.managers["v2c"] = Manager(lab.manager.address, community="part")
    desk.managers["v1"] = desk.managers["v3"] = Manager(lab.manager.address, community="part", v1=True)
    for case in list(cases):  # in SNMPv3 the user may do everything, so SNMPv1 comes twice
        cases[cases.index(case)] = case._replace(errors=("noAccess", "noSuchName"))
    try:
        V1_ERRORS["noSuchName"] = "noSuchName"
        desk.nothing(*cases)
    finally:
        del V1_ERRORS["noSuchName"]
        desk.managers = managers


# ---- type, length, value ----

def wrong_types():
    for obj in writable():
        for kind, value in KINDS.items():
            if kind != obj.type:
                for name in instances(obj):
                    yield no("wrongType", *with_partner(name, value, kind), at=1)
        yield no("wrongType", *with_partner(instances(obj)[0], b"x" * 300 if obj.type != "OCTET STRING" else 5,
                                            "OCTET STRING" if obj.type != "OCTET STRING" else "INTEGER"), at=1)


def wrong_lengths():
    for obj in writable():
        if obj.type == "OCTET STRING" and obj.bits is None:
            for size in (obj.low - 1, obj.high + 1, 1300):
                if size >= 0:
                    for name in instances(obj):
                        yield no("wrongLength", (name, b"x" * size))
                        yield no("wrongLength", (name, b"\xff" * size))  # before the value


def wrong_numbers():
    for obj in writable():
        if obj.type == "OCTET STRING" or obj.name == "rasConnRequestId":
            continue
        low, high = (obj.low, obj.high) if obj.labels is None else (min(obj.labels.values()), max(obj.labels.values()))
        if obj.name == "rasSpinLock":
            low, high = 0, 2 ** 31 - 1
        least, most = (0, 2 ** 32 - 1) if obj.type == "Gauge32" else (-2 ** 31, 2 ** 31 - 1)
        for value in {low - 1, high + 1, least, most, 0x7FFFFFFF, 256 + high, 65536 + high}:
            if not low <= value <= high and least <= value <= most:
                for name in instances(obj):
                    yield no("wrongValue", (name, value))


def wrong_row_status():
    for name, *rest in [("rasEntryRowStatus", "11", "1", "2", "99"), ("rasSubentryRowStatus", "11.1", "3.1", "11.9", "99.1")]:
        for instance in rest:
            for value in ("createAndWait", "notReady", 0, 7, -1):
                yield no("wrongValue", (f"{name}.{instance}", value))
    yield no("wrongValue", *row(99, "new", RowStatus="createAndWait"), at=1)
    yield no("wrongValue", *row(99, "new", RowStatus="notReady"), at=1)


def wrong_storage_type():
    for value in ("other", "permanent", "readOnly"):
        for index in (11, 99):
            yield no("wrongValue", (f"rasEntryStorageType.{index}", value))
        yield no("wrongValue", *row(99, "new", StorageType=value), at=5)
    for value in ("other", "volatile", "nonVolatile", "permanent", "readOnly"):
        for index in (1, 2):
            yield no("wrongValue", (f"rasEntryStorageType.{index}", value))


def wrong_texts():
    for obj in TEXTS:
        for name in instances(obj):
            for octets in (*BAD_UTF8, b"\0", b"a\nb", b"tab\t", b"\x1b[2J", b"\x7f", b"\xc2\x85"):
                yield no("wrongValue", (name, octets))
        for octets in CONTROLS:
            for text in (octets, b"a" + octets, octets + b"a"):
                yield no("wrongValue", (instances(obj)[0], text))


def wrong_secrets():
    for octet in (b"\0", b"\n", b"\r"):
        for secret in (octet, octet + b"x", b"x" + octet, b"x" + octet + b"y", b"x" * 254 + octet, octet * 255):
            for index in (11, 2, 99):
                yield no("wrongValue", (f"rasEntrySecret.{index}", secret))


def wrong_bits():
    for obj in writable():
        if obj.bits is not None:
            last = max(obj.bits.values())
            for bit in {last + 1, 7, 8, 15, 16, 31, 63} - set(obj.bits.values()):
                octets = (0x80 >> bit % 8).to_bytes(bit // 8 + 1, "big")
                for name in instances(obj):
                    yield no("wrongValue", (name, octets))
                    yield no("wrongValue", (name, bytes((octets[0] | 0x80,)) + octets[1:]))  # beside one that is known


refused(desk, "Each other ASN.1 type: wrongType, also where there is no such row or the row may not be written", wrong_types, prepare=begin)
refused(desk, "One octet less or more than the MIB allows, and far more: wrongLength", wrong_lengths, prepare=begin)
refused(desk, "Numbers out of range, and labels that are not listed: wrongValue", wrong_numbers, prepare=begin)
refused(desk, "createAndWait and notReady: wrongValue", wrong_row_status, prepare=begin)
refused(desk, "StorageType to other, permanent, readOnly, or of a row of the file: wrongValue", wrong_storage_type, prepare=begin)
refused(desk, "Texts that are not UTF-8 or have control characters: wrongValue", wrong_texts, prepare=begin)
refused(desk, "Octets that no secret may have: wrongValue", wrong_secrets, prepare=begin)
refused(desk, "Unknown BITS: wrongValue", wrong_bits, prepare=begin)


# ---- instances ----

def wrong_instances():
    for obj in writable():
        if obj.table is None:
            for instance in (".1", ".0.0", "", ".4294967295"):
                yield no("noCreation", (obj.name + instance, good(obj)))
            continue
        wrong = [".0", ".2147483648", ".4294967295", ".11.1", ".11.0", ""]
        if obj.table == "rasSubentryTable":
            wrong = [".0.1", ".11.0", ".11.256", ".11.4294967295", ".2147483648.1", ".11", ".11.1.1", ".0.0", ""]
        values = ("createAndGo", "active", "notInService", "destroy") if obj.name.endswith("RowStatus") else (good(obj),)
        for instance in wrong:
            for value in values:
                yield no("noCreation", *with_partner(obj.name + instance, value))


refused(desk, "Indices that cannot be, and the wrong number of sub-identifiers: noCreation", wrong_instances, prepare=begin)


def order_of_checks():
    # writable at all, type, length, value, existence, row writable, state: the first that is wrong in a varbind is told
    yield no("notWritable", ("rasEntryOrigin.0", b"x", "OCTET STRING"))
    yield no("wrongType", ("rasEntryName.0", 5, "INTEGER"))
    yield no("wrongType", ("rasEntryDescr.1", 5, "INTEGER"))
    yield no("wrongLength", ("rasEntryName.0", b""))
    yield no("wrongValue", ("rasEntryName.1", b"\xff"))
    yield no("wrongValue", ("rasEntryRedialPause.99", 0))
    yield no("wrongValue", ("rasEntryRowStatus.0", "createAndWait"))
    yield no("wrongValue", ("rasEntryStorageType.0", "permanent"))
    yield no("wrongValue", ("rasConnAction.0", 9))
    yield no("wrongType", ("rasConnAction.99", b"2", "OCTET STRING"))
    yield no("noCreation", ("rasSubentryDestination.1.0", "x"))
    # a type, length or value that is wrong is told before what is only in the way of the row, wherever in the PDU it is
    for bad, error in ((("rasEntryDescr.11", 5, "INTEGER"), "wrongType"), (("rasEntryName.11", b""), "wrongLength"),
                       (("rasEntryDescr.11", b"\xff"), "wrongValue"), (("rasEntries.0", 5), "notWritable")):
        yield no(error, ("rasEntryDescr.1", "x"), bad, ("rasEntryDescr.99", "x"), at=2)
        yield no(error, ("rasConnAction.99", "dial"), ("rasEntryRowStatus.99", "active"), bad, at=3)


refused(desk, "The first thing that is wrong is told: type before length, value, existence, row and state", order_of_checks, prepare=begin)


@test()
def names_of_errors():
    """snmpset shows the same errors, by SNMPv3 and SNMPv1"""
    begin()
    user = ("-v3", "-l", "authPriv", "-u", "operator", "-a", "SHA", "-A", "operator-pass", "-x", "AES", "-X", "operator-priv")
    shown = {"noSuchName": "(noSuchName)", "badValue": "(badValue)"}
    for name, kind, value, error in (("rasEntryOrigin.11", "i", 2, "notWritable"), ("rasEntryName.11", "i", 2, "wrongType"),
                                     ("rasEntryName.11", "s", "", "wrongLength"), ("rasEntryRedialPause.11", "u", 0, "wrongValue"),
                                     ("rasEntryDescr.0", "s", "x", "noCreation"), ("rasEntryDescr.99", "s", "x", "inconsistentName"),
                                     ("rasEntryName.11", "s", "HQ", "inconsistentValue")):
        for options, wanted in ((user, error), (("-v1",), shown[V1_ERRORS[error]])):
            status, out = lab.tool("snmpset", "." + ".".join(map(str, MIB.oid(name))), kind, str(value), options=options)
            check(status == 2 and f"Reason: {wanted}" in out, f"{options} {name} = {value}: {status} {out}")


# ---- what is accepted ----

def edges(obj):
    """The outermost values that the MIB allows."""
    if obj.bits is not None:
        every = 0
        for bit in obj.bits.values():
            every |= 0x80 >> bit
        return [bytes((every,)), b"\0", b""]
    if obj.name == "rasEntrySecret":
        return [b"x", b"s" * 255, bytes(n for n in range(256) if n not in (0, 10, 13)), b""]
    if obj.text:
        wide = ("\U0001f4de" * (obj.high // 4) + "xyz"[:obj.high % 4]) if not obj.name.endswith(("Destination", "DeviceName")) else "x"
        return [b"x" * obj.low, b"x" * obj.high, wide]
    if obj.name == "rasEntryDialMode":
        return list(obj.labels.values())[::-1]  # manual is the last: a persistent row is dialed as soon as it can be
    if obj.labels:
        return [v for v in obj.labels.values() if not obj.name.endswith("DeviceType")] or ["loopback", "other"]
    return [obj.high, obj.low]


@test(60)
def edges_accepted():
    """The outermost values that the MIB allows are taken and read back, by all three versions"""
    begin()
    tried = 0
    for way in WAYS:
        for obj in writable("rasPhonebookTable", "rasSubentryTable"):
            if obj.name.endswith(("RowStatus", "StorageType")):
                continue
            name = obj.name + (".13" if obj.table == "rasPhonebookTable" else ".13.1")
            if obj.name.endswith("DeviceType"):
                desk.give(("rasEntryDestination.13", ""), ("rasSubentryDestination.13.1", ""), way=way)
            for value in edges(obj):
                equal(desk.send(way, [(name, value)]), ("noError", 0), f"{way} {name} = {value!r}")
                wanted = b"" if obj.name == "rasEntrySecret" else obj.decode(obj.encode(value))  # reads as empty
                equal(lab.get(name), wanted, f"{way} {name}")
                if obj.name == "rasEntrySecret":
                    equal(lab.get("rasEntrySecretStored.13"), "true" if value else "false")
                tried += 1
    check(tried > 150, f"only {tried} values were tried")


@test()
def scalars_accepted():
    """Scalars take the outermost values, too, and those of a refused PDU stay"""
    for way in WAYS:
        for name, values in (("rasMaxConcurrentDials.0", (65535, 1, 0)), ("rasHistRetainTime.0", (525600, 0)),
                             ("rasHistMaxEntries.0", (65535, 20000)), ("rasNotifyMinInterval.0", (3600, 0)),
                             ("rasAdminMode.0", ("disabled", "drain", "enabled")),
                             ("rasNotifyTypes.0", (b"\xff", b"\0", b"", b"\x01", b"\xff"))):
            obj, _ = MIB.find(MIB.oid(name))
            for value in values:
                desk.give((name, value), way=way)
                equal(lab.get(name), obj.decode(obj.encode(value)), f"{way} {name}")
    desk.nothing(no("wrongValue", ("rasMaxConcurrentDials.0", 8), ("rasNotifyMinInterval.0", 4000), at=2),
                 no("inconsistentName", ("rasAdminMode.0", "drain"), ("rasHistRetainTime.0", 9), ("rasConnAction.99", "dial"), at=3),
                 no("inconsistentValue", ("rasNotifyTypes.0", b""), ("rasSpinLock.0", 99), at=2))


run(lab)
