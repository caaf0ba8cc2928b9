# SPDX-License-Identifier: BSD-2-Clause
"""The main job by a manager that shares no code with net-snmp: pysnmp and pysmi, over SNMPv2c and SNMPv3 authPriv, with informs."""
import socket

from second_stack import Module, Receiver, Stack, community, hlapi, user

from harness import *
from snmp import decode_message

OPERATOR = ("operator", "operator-pass", "operator-priv")  # as the laboratory makes him
INFORMED = ("informed", "informed-pass", "informed-priv")
lab = Lab([
    line("hq", 1, "setup=400ms", descr="head office"),
    line("refused", 2, "setup=50ms,fail=691", redial_max=2),
    line("slow", 3, "setup=60s"),
    line("other", 4, "setup=20ms"),
], agent={"allow_snmp_entries": True}, users=True, books=("traps", "history"))
module = Module(f"{lab.dir}/compiled")
receiver = Receiver(lab.ip, communities=["informs"], users=[INFORMED])
deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # never acknowledges
deaf.bind((lab.ip, 0))
lab.views = "\n".join([
    "trapsess -Ci -v2c -c informs -t 1 -r 2 udp:{}:{}".format(*receiver.address),
    "trapsess -Ci -v3 -u {} -l authPriv -a SHA -A {} -x AES -X {} -t 1 -r 2 udp:{}:{}".format(*INFORMED, *receiver.address),
    "trapsess -Ci -v2c -c deaf -t 1 -r 2 udp:{}:{}".format(*deaf.getsockname())])
v2c = Stack((lab.ip, lab.port), community(), module.folder)
v3 = Stack((lab.ip, lab.port), user(*OPERATOR), module.folder)
plain = Stack((lab.ip, lab.port), community())  # knows no MIB, so that it sends what the MIB does not allow
WAYS = {("v2c", "noAuthNoPriv", "informs"), ("v3", "authPriv", "informed")}


def name_of(oid):
    return MIB.notification(oid)


def told(kind, entry, since=0, timeout=15):
    """A notification of a kind about an entry as it came by each way: {way: values by name}. Checks types, order and instances."""
    def found():
        return [h for h in receiver.heard[since:] if name_of(tuple(h.varbinds[1][1])) == kind
                and h.varbinds[2][1] == entry.encode()]
    until(lambda: {(h.way, h.level, h.user) for h in found()} >= WAYS, timeout,
          lambda: f"{kind} of {entry}: {receiver.heard[since:]}")
    values = {}
    for heard in found():
        equal(heard.pdu, "InformRequestPDU")
        (first, ticks), (second, _), *rest = heard.varbinds
        equal((first, second), (SYS_UP_TIME, (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)))
        equal(ticks.__class__.__name__, "TimeTicks")
        typed = [module.typed(oid, value) for oid, value in rest]
        equal([n for n, _, _ in typed], [n for _, n in module.node(kind).getObjects()], f"objects of {kind}")
        check(heard.way not in values, f"{kind} of {entry} came twice by {heard.way}: it was not acknowledged")
        values[heard.way] = {n: v.prettyPrint() for n, _, v in typed}
    equal(values["v2c"], values["v3"])
    return values["v2c"]


@test()
def module_is_understood():
    """Another compiler reads the module: the same objects, columns and notifications"""
    equal({*module.names("MibScalar"), *module.names("MibTableColumn")}, {*MIB.objects}, "objects")
    equal({n: [o for _, o in module.node(n).getObjects()] for n in module.names("NotificationType")}, MIB.notifications)
    for name, obj in MIB.objects.items():
        equal(tuple(module.node(name).getName()), obj.oid, name)
        if obj.readable:
            equal(module.node(name).getMaxAccess(), obj.access.replace("-", ""), name)


@test(60)
def walks():
    """GETNEXT and GETBULK, v2c and v3 authPriv, read the same objects, of types and in ranges as in the module"""
    lab.dial(1, 2)
    lab.wait(1, "up")
    lab.wait(2, "failed")
    lab.hang_up(1)
    lab.wait(1, "down")
    lab.dial(4)
    lab.wait(4, "up")
    ours = [v.oid for v in lab.walk()]
    for manager, repetitions in ((v2c, 0), (v2c, 30), (v3, 0), (v3, 30)):
        seen = list(manager.walk("rasDialMIB", repetitions))
        equal([oid for oid, _ in seen], ours)
        for oid, value in seen:
            module.typed(oid, value)
    for manager, repetitions in ((v2c, 7), (v3, 0)):
        book = {oid: bytes(v) if hasattr(v, "asOctets") else int(v) for oid, v in manager.walk("rasPhonebookTable", repetitions)}
        equal(book, {v.oid: v.value for v in lab.walk("rasPhonebookTable")})


@test(60)
def main_job():
    """SNMPv3 authPriv: read the phonebook, dial by SET with a request id, poll until up, informs, hang up, row of the history"""
    names = {v.prettyPrint(): oid[-1] for oid, v in v3.walk("rasEntryName")}
    equal(names, {"hq": 1, "refused": 2, "slow": 3, "other": 4})
    at = names["hq"]
    equal(v3.read(("rasEntryDeviceType", at), ("rasEntryRowStatus", at), ("rasEntryDescr", at)),
          ["loopback", "active", "head office"])
    since, newest = len(receiver.heard), int(v3.get("rasHistNewest.0"))
    answer = v3.set((("rasConnAction", at), "dial"), (("rasConnRequestId", at), 4711))
    equal((answer.error, answer.index), ("noError", 0))
    equal([v.prettyPrint() for _, v in answer.varbinds], ["2", "4711"], "the answer repeats what was set")
    seen = []

    def is_up():
        status, state = v3.read(("rasConnOperStatus", at), ("rasConnState", at))
        seen.append(status)
        return (status, state) == ("up", "connected")
    until(is_up, 10, lambda: f"up; seen: {seen}")
    check({*seen} <= {"dialing", "authenticating", "up"} and seen[0] != "up", seen)
    row = told("rasConnected", "hq", since)
    call = v3.read(("rasConnCallId", at))
    equal([row[n] for n in ("rasConnCallId", "rasConnRequestId", "rasConnOperStatus", "rasConnIfName", "rasConnLocalAddrType",
                            "rasConnLocalAddr", "rasAgentName")], [call, "4711", "up", "lo", "ipv4", "0x7f000001", "lab"])

    equal(v3.set((("rasConnAction", at), "hangUp")).error, "noError")
    until(lambda: v3.read(("rasConnOperStatus", at)) == "down", 10, "down")
    row = told("rasDisconnected", "hq", since)
    equal([row[n] for n in ("rasConnCallId", "rasConnRequestId", "rasConnOperStatus", "rasConnLastCause", "rasConnLastErrorCode")],
          [call, "0", "down", "localRequest", "631"])
    (history,) = fetch(v3, newest)
    equal([history[n] for n in ("rasHistCallId", "rasHistEntryName", "rasHistTrigger", "rasHistRequestId", "rasHistConnected",
                                "rasHistCause", "rasHistErrorCode", "rasHistDeviceType")],
          [call, "hq", "snmp", "4711", "true", "localRequest", "631", "loopback"])


def fetch(manager, newest):
    """Rows of the history that are newer, oldest first, values as the MIB prints them."""
    rows = {}
    for oid, value in manager.walk("rasHistTable", 20):
        name, (index,), typed = module.typed(oid, value)
        if index > newest:
            rows.setdefault(index, {})[name] = typed.prettyPrint()
    return [rows[i] for i in sorted(rows)]


@test()
def failure():
    """A dial that is refused is told by informs with all that is known, and stands in row and history"""
    since, newest = len(receiver.heard), int(v2c.get("rasHistNewest.0"))
    equal(v2c.set((("rasConnAction", 2), "dial"), (("rasConnRequestId", 2), 7)).error, "noError")
    until(lambda: v2c.read(("rasConnOperStatus", 2)) == "failed", 10, "failed")
    text = v2c.read(("rasConnLastErrorText", 2))
    wanted = {"rasEntryName": "refused", "rasConnRequestId": "7", "rasConnOperStatus": "failed", "rasConnLastCause": "authFailure",
              "rasConnLastErrorCode": "691", "rasConnLastErrorText": text, "rasConnCallId": v2c.read(("rasConnCallId", 2)),
              "rasConnConsecutiveFailures": v2c.read(("rasConnConsecutiveFailures", 2)), "rasAgentName": "lab"}
    row = told("rasDialFailed", "refused", since)
    equal({k: row[k] for k in wanted}, wanted)
    equal(row["rasConnLastErrorState"], "authNotify")
    row = told("rasRedialExhausted", "refused", since)
    equal({k: row[k] for k in wanted}, wanted)
    (history,) = fetch(v2c, newest)
    equal((history["rasHistCause"], history["rasHistErrorText"], history["rasHistConnected"]), ("authFailure", text, "false"))


@test(60)
def informs_are_acknowledged():
    """An inform that nobody acknowledges is sent again, so each that came once was acknowledged"""
    since, copies = len(receiver.heard), []
    lab.dial(4)
    call = lab.wait(4, "up")["CallId"]
    told("rasConnected", "other", since)

    def unheard():
        copies.extend(n for n in waiting() if name_of(n[1].value) == "rasConnected" and n[3].value == call)
        return len(copies) >= 3
    until(unheard, 15, lambda: f"three copies: {copies}")
    check(all(c == copies[0] for c in copies), copies)
    told("rasConnected", "other", since)


def waiting():
    """Varbinds of the informs that wait in the queue of the receiver that hears nothing."""
    packets = []
    while True:
        try:
            packets.append(decode_message(deaf.recv(65535, socket.MSG_DONTWAIT))[1].varbinds)
        except BlockingIOError:
            return packets


INTEGER, TEXT, UNSIGNED = hlapi.Integer32, hlapi.OctetString, hlapi.Unsigned32
REFUSED = [  # object, value, error of SNMPv2c and v3, of SNMPv1
    ("rasConnOperStatus.1", INTEGER(1), "notWritable", "noSuchName"),
    ("rasEntryDescr.1", TEXT("mine"), "notWritable", "noSuchName"),
    ("rasVersion.0", TEXT("9"), "notWritable", "noSuchName"),
    ("rasConnAction.1", TEXT("dial"), "wrongType", "badValue"),
    ("rasEntryName.1", TEXT("x" * 65), "wrongLength", "badValue"),
    ("rasConnAction.1", INTEGER(77), "wrongValue", "badValue"),
    ("rasMaxConcurrentDials.0", UNSIGNED(65536), "wrongValue", "badValue"),
    ("rasConnAction.0", INTEGER(2), "noCreation", "noSuchName"),
    ("rasConnAction.99", INTEGER(2), "inconsistentName", "noSuchName"),
    ("rasEntryDescr.99", TEXT("new"), "inconsistentName", "noSuchName"),
    ("rasConnRequestId.1", UNSIGNED(5), "inconsistentValue", "badValue"),
    ("rasSpinLock.0", INTEGER(77), "inconsistentValue", "badValue"),
    ("rasEntryRowStatus.50", INTEGER(5), "wrongValue", "badValue"),
]


@test(60)
def refusals():
    """Errors of refused SETs: status and index over SNMPv2c, SNMPv3 and SNMPv1; nothing of the PDU happens"""
    good = ("rasConnAction.4", INTEGER(2))
    before = lab.conn(4)
    bare = {"v3": Stack((lab.ip, lab.port), user(*OPERATOR)), "v1": Stack((lab.ip, lab.port), community(version=1)), "v2c": plain}
    for name, value, newer, older in REFUSED:
        for way, manager in bare.items():
            for pairs, index in (([(name, value)], 1), ([good, (name, value)], 2), ([(name, value), good], 1)):
                answer = manager.set(*pairs)
                equal((answer.error, answer.index), (older if way == "v1" else newer, index),
                      f"{way}: {name} = {value!r} in {len(pairs)}")
    equal(lab.conn(4), before)
    for manager in (bare["v3"], bare["v1"]):
        manager.close()


@test()
def no_room():
    """A dial over the limit is resourceUnavailable, genErr over SNMPv1"""
    older = Stack((lab.ip, lab.port), community(version=1))
    equal(v3.set((("rasMaxConcurrentDials", 0), 1)).error, "noError")
    equal(v3.set((("rasConnAction", 3), "dial")).error, "noError")
    for manager, error in ((v3, "resourceUnavailable"), (v2c, "resourceUnavailable"), (older, "genErr")):
        answer = manager.set(("rasConnAction.4", INTEGER(2)))
        equal((answer.error, answer.index), (error, 1))
    equal(v3.set((("rasConnAction", 3), "hangUp"), (("rasMaxConcurrentDials", 0), 0)).error, "noError")
    lab.wait(3, "down")
    older.close()


@test(60)
def strangers():
    """A wrong passphrase, an unknown user and one without protection are refused, and nothing happens"""
    before = lab.conn(1)
    name, key, private = OPERATOR
    for who, trouble in ((user(name, "wrong-pass", private), "Wrong SNMP PDU digest"), (user(name, key, "wrong-priv"), None),
                         (user("nobody", key, private), "Unknown USM user"),
                         (user(name, key), "authorizationError"), (user(name), "authorizationError")):
        stranger = Stack((lab.ip, lab.port), who, patience=1, retries=0)
        for answer in (stranger.ask("rasConnOperStatus.1"), stranger.set(("rasConnAction.1", INTEGER(2)))):
            check(answer.error != "noError" and trouble in (None, answer.error), f"{who.userName} {trouble}: {answer}")
        stranger.close()
    equal(lab.conn(1), before)


@test(60)
def phonebook():
    """A row and its subentry are created, dialed, changed and destroyed over SNMPv3, and told by informs"""
    since, changed = len(receiver.heard), int(v3.get("rasPhonebookLastChange.0"))
    at = int(v3.get("rasEntryIndexNext.0"))
    check(at > 4, f"a free index: {at}")
    answer = v3.set((("rasEntryName", at), "branch"), (("rasEntryDeviceType", at), "loopback"),
                    (("rasEntryDestination", at), "setup=30ms"), (("rasEntryRedialMax", at), 5),
                    (("rasEntryOptions", at), ("ipv6", "compression")), (("rasEntryRowStatus", at), "createAndGo"),
                    (("rasSubentryDestination", at, 1), "setup=60ms"), (("rasSubentryDeviceType", at, 1), "loopback"),
                    (("rasSubentryRowStatus", at, 1), "createAndGo"))
    equal((answer.error, answer.index), ("noError", 0))
    equal(v3.read(("rasEntryName", at), ("rasEntryRowStatus", at), ("rasEntryOrigin", at), ("rasEntryStorageType", at),
                  ("rasEntryRedialMax", at), ("rasConnOperStatus", at), ("rasSubentryDestination", at, 1)),
          ["branch", "active", "snmp", "nonVolatile", "5", "down", "setup=60ms"])
    equal(lab.get(f"rasEntryOptions.{at}"), {"ipv6", "compression"})
    row = told("rasConfigChange", "branch", since)
    equal((row["rasNotifyChange"], row["rasEntryOrigin"]), ("created", "snmp"))
    check(int(v3.get("rasPhonebookLastChange.0")) >= changed, "rasPhonebookLastChange")

    equal(v3.set((("rasConnAction", at), "dial")).error, "noError")
    until(lambda: v3.read(("rasConnOperStatus", at)) == "up", 10, "up")
    told("rasConnected", "branch", since)
    for pair in ((("rasEntryRowStatus", at), "destroy"), (("rasEntryName", at), "twig")):
        answer = v3.set(pair)
        equal((answer.error, answer.index), ("inconsistentValue", 1), f"{pair} during a call")
    since = len(receiver.heard)
    text = "over the phone: \u00e4\u4e2d"
    equal(v3.set((("rasEntryDescr", at), text), (("rasEntryDestination", at), "setup=40ms")).error, "noError")
    equal(bytes(v3.get(("rasEntryDescr", at))).decode(), text)
    equal(told("rasConfigChange", "branch", since)["rasNotifyChange"], "modified")
    equal(v3.set((("rasConnAction", at), "hangUp")).error, "noError")
    until(lambda: v3.read(("rasConnOperStatus", at)) == "down", 10, "down")

    since = len(receiver.heard)
    equal(v3.set((("rasEntryRowStatus", at), "destroy")).error, "noError")
    equal(told("rasConfigChange", "branch", since)["rasNotifyChange"], "deleted")
    answer = v3.ask(f"rasEntryName.{at}", f"rasConnOperStatus.{at}", f"rasSubentryRowStatus.{at}.1")
    equal([v.__class__.__name__ for _, v in answer.varbinds], ["NoSuchInstance"] * 3)
    equal(v3.set((("rasEntryRowStatus", at), "destroy")).error, "noError", "destroy of a row that is gone")


try:
    run(lab)
finally:
    for one in (v2c, v3, plain, receiver, deaf):
        one.close()
