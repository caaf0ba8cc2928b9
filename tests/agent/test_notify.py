# SPDX-License-Identifier: BSD-2-Clause
"""Notifications: what is in them, which are owed, which are held back, and how they are counted."""
import re
import time

from harness import *

ALL = ["connected", "disconnected", "dial-failed", "redial-exhausted", "state-change", "link-change", "thread-stuck"]
lab = Lab([
    line("told", 1, "setup=60ms,drop=60s", notify_types=ALL, user_name="branch7", secret="top secret 99"),
    line("fails", 2, "setup=20ms,fail=691,text=no way", notify_types=ALL),
    line("lost", 3, "setup=20ms,drop=150ms,dropcode=829", notify_types=ALL),
    line("silent", 4, "setup=20ms,fail=678", notify_types=[]),
    line("some", 5, "setup=20ms,fail=678", notify_types=["redial-exhausted"]),
    line("third", 6, "setup=20ms,fail=691", notify_failures=3),
    line("often", 7, "setup=20ms,fail=691"),
    line("often up", 8, "setup=20ms"),
    line("plain", 9, "setup=20ms,fail=691"),
    line("third lucky", 10, "setup=20ms,fail=678,fails=1", notify_failures=2, redial_max=1, redial_pause=1),
], books=("history", "rows"))
SYS_UP, TRAP_OID = (SYS_UP_TIME, "TimeTicks"), ((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), "OBJECT IDENTIFIER")


def counted():
    return dict(zip(("sent", "suppressed", "pending", "dropped"),
                    lab.get("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyPending.0", "rasNotifyDropped.0")))


def check_form(notification):
    """Varbinds as the module lists them: order, instance, type."""
    head, rest = notification.varbinds[:2], notification.varbinds[2:]
    equal([(v.oid, v.type) for v in head], [SYS_UP, TRAP_OID], "head")
    equal(head[1].value, MIB.oid(notification.name))
    equal(head[1].value[-2], 0, "the last but one part of a notification's oid")
    names = MIB.notifications[notification.name]
    wanted = []
    for name in names:
        obj = MIB.objects[name]
        wanted.append((obj.oid + ((notification.index,) if obj.table else (0,)), obj.type))
    equal([(v.oid, v.type) for v in rest], wanted, notification.name)
    for varbind in rest:
        obj, _ = MIB.find(varbind.oid)
        if obj.labels:
            check(varbind.value in obj.labels.values(), f"{obj.name} = {varbind.value}")
        if obj.type == "OCTET STRING":
            check(not varbind.value.endswith(b"\0") or obj.syntax == "DateAndTime" or "Addr" in obj.name, f"{obj.name}: {varbind.value}")
        check(varbind.type != "Counter64", "Counter64 cannot be told to an SNMPv1 manager")
    equal(notification["rasAgentName"], "lab")
    up_time = lab.manager.get(SYS_UP_TIME).varbinds[0].value
    check(0 <= up_time - head[0].value < 6000, f"sysUpTime {head[0].value} in the notification, {up_time} now")


@test()
def form():
    """Each kind: varbinds in the order of the module, with its types and instances, and true values"""
    lab.dial(1, 2, 3)
    up = lab.wait(1, "up")
    lab.hang_up(1)
    lab.wait(1, "down")
    lab.wait(2, "failed")
    lab.wait(3, "failed")
    for name, index in (("rasConnected", 1), ("rasDisconnected", 1), ("rasDialFailed", 2), ("rasRedialExhausted", 2),
                        ("rasDisconnected", 3), ("rasStateChange", 1), ("rasStateChange", 2), ("rasStateChange", 3)):
        for notification in lab.notifications(name, index):
            check_form(notification)
    connected = lab.notifications("rasConnected", 1)[0]
    equal({k: connected[k] for k in ("rasEntryName", "rasConnCallId", "rasConnOperStatus", "rasConnIfIndex", "rasConnIfName",
                                     "rasConnLocalAddrType", "rasConnLocalAddr")},
          {"rasEntryName": "told", "rasConnCallId": up["CallId"], "rasConnOperStatus": "up", "rasConnIfIndex": up["IfIndex"],
           "rasConnIfName": "lo", "rasConnLocalAddrType": "ipv4", "rasConnLocalAddr": b"\x7f\0\0\x01"})
    failed = lab.notifications("rasDialFailed", 2)[0]
    equal((failed["rasConnLastErrorText"], failed["rasConnLastBackendCode"], failed["rasConnConsecutiveFailures"]), ("no way", -1, 1))


@test()
def state_changes():
    """rasStateChange tells every change of the coarse state, from what to what, without gaps"""
    mark = lab.sink.mark()
    lab.dial(1)
    lab.wait(1, "up")
    lab.hang_up(1)
    lab.wait(1, "down")

    def steps():
        return [(n["rasNotifyOldStatus"], n["rasConnOperStatus"]) for n in lab.sink.take("rasStateChange", 1, mark)]
    wanted = [("down", "dialing"), ("dialing", "authenticating"), ("authenticating", "up"), ("up", "hangingUp"), ("hangingUp", "down")]
    until(lambda: len(steps()) >= len(wanted), 5, steps)
    equal(steps(), wanted)
    order = [n.name for n in lab.sink.take(None, 1, mark)]
    check(order.index("rasConnected") < order.index("rasDisconnected"), order)


@test()
def by_snmptrapd():
    """snmptrapd reads the same from the wire: numbers, order and values"""
    mark, text = lab.sink.mark(), len(lab.console.log())
    lab.dial(2)
    lab.wait(2, "failed")
    (failed,) = lab.notifications("rasDialFailed", 2, since=mark)
    oid = "." + ".".join(map(str, MIB.oid("rasDialFailed")))
    printed = until(lambda: [p for p in lab.console.log()[text:].splitlines() if oid in p], 10, lab.console.log)
    equal(len(printed), 1, "lines")
    parts = [re.match(r"\.([\d.]+) = (?:[\w-]+: )?(.*)", p) for p in printed[0].split("~")]
    equal([tuple(map(int, p[1].split("."))) for p in parts], [v.oid for v in failed.varbinds], "objects")
    for part, varbind in zip(parts[2:], failed.varbinds[2:]):
        if isinstance(varbind.value, int):
            equal(int(re.sub(r".*\((\d+)\)$", r"\1", part[2])), varbind.value, part[1])
    check('"no way"' in printed[0], printed[0])


@test()
def masks_of_entries():
    """The mask of the entry: what is not in it is not sent and not owed"""
    before, owed = lab.sink.mark(), lab.owed()
    lab.dial(4, 5)
    lab.wait_all((4, 5), "failed")
    lab.notifications("rasRedialExhausted", 5)
    equal([n.name for n in lab.sink.take(None, 4)], [], "of an entry with an empty mask")
    equal([n.name for n in lab.sink.take(None, 5)], ["rasRedialExhausted"])
    equal(lab.owed(), owed + 1)
    equal(lab.sink.mark(), before + 1)


@test()
def mask_of_the_agent():
    """rasNotifyTypes: what is not in it is not sent and not owed, whatever the entry says"""
    equal(lab.set(("rasNotifyTypes.0", ["redialExhausted"])), "noError")
    owed, mark = lab.owed(), lab.sink.mark()
    lab.dial(2, 3)
    lab.wait_all((2, 3), "failed")
    until(lambda: lab.get("rasThreads.0") == 0, 5)
    lab.notifications("rasRedialExhausted", 2, since=mark)
    equal([n.name for n in lab.sink.take(None, None, mark)], ["rasRedialExhausted"])
    equal(lab.owed(), owed + 1)
    equal(lab.set(("rasNotifyTypes.0", [])), "noError")
    lab.dial(2)
    until(lambda: lab.get("rasThreads.0") == 0, 5)
    equal(lab.owed(), owed + 1)
    equal(lab.set(("rasNotifyTypes.0", list(MIB.objects["rasNotifyTypes"].bits))), "noError")


@test()
def threshold():
    """rasEntryNotifyFailures: only every third failure is told; rasRedialExhausted each time"""
    for number in range(1, 8):
        lab.dial(6)
        until(lambda: lab.conn(6)["Failures"] == number, 5, f"attempt {number}")
        lab.wait(6, "failed")
    until(lambda: len(lab.sink.take("rasRedialExhausted", 6)) == 7, 5, "one for each request")
    equal([n["rasConnConsecutiveFailures"] for n in lab.sink.take("rasDialFailed", 6)], [3, 6])


@test()
def threshold_and_success():
    """A success starts the count of consecutive failures again"""
    for number in range(3):
        lab.dial(10)
        lab.wait(10, "up")
        equal(lab.conn(10)["ConsecutiveFailures"], 0)
        lab.hang_up(10)
        lab.wait(10, "down")
    equal(lab.conn(10)["Failures"], 3)
    equal(lab.sink.take("rasDialFailed", 10), [], "never two failures one after the other")


@test()
def interval():
    """rasNotifyMinInterval: one of a kind for an entry, the others counted; rasRedialExhausted is never held back"""
    equal(lab.set(("rasNotifyMinInterval.0", 3600)), "noError")
    before, mark = counted(), lab.sink.mark()
    for number in range(1, 5):
        lab.dial(7)
        until(lambda: lab.conn(7)["Failures"] == number, 5)
        lab.wait(7, "failed")
        lab.dial(8)
        lab.wait(8, "up")
        lab.hang_up(8)
        lab.wait(8, "down")
    until(lambda: len(lab.sink.take("rasRedialExhausted", 7, mark)) == 4, 5, "never held back")
    lab.all_told()
    equal([len(lab.sink.take(*k, mark)) for k in (("rasDialFailed", 7), ("rasConnected", 8), ("rasDisconnected", 8))], [1, 1, 1])
    after = counted()
    equal({k: after[k] - before[k] for k in after}, {"sent": 7, "suppressed": 9, "pending": 0, "dropped": 0})
    equal(lab.set(("rasNotifyMinInterval.0", 1)), "noError")
    begin = time.monotonic()
    until(lambda: time.monotonic() - begin > 1.1, 5)
    mark = lab.sink.mark()
    lab.dial(7)
    lab.notifications("rasDialFailed", 7, since=mark)
    equal(lab.set(("rasNotifyMinInterval.0", 0)), "noError")


@test()
def discreet():
    """No secret, user name or destination is in any notification"""
    lab.notifications("rasConnected", 1)
    for notification in lab.sink.take():
        for varbind in notification.varbinds:
            if isinstance(varbind.value, bytes):
                for word in (b"top secret", b"branch7", b"setup="):
                    check(word not in varbind.value, f"{word} in {notification}")


@test(40)
def context():
    """Registered in a context: objects are there and nowhere else; its notifications come too"""
    other = Lab([line("hq", 1, "setup=20ms")], agent={"context": "dialers"}, views="""
com2sec -Cn dialers inside default inside
group inside v2c inside
view everything included .1
access inside dialers any noauth exact everything everything none
""")
    try:
        other.start_snmpd()
        other.manager.community = "inside"
        other.start_agent()
        other.dial(1)
        other.wait(1, "up")
        equal(len(other.notifications("rasConnected", 1)), 1)
        other.manager.community = "rw"
        equal(other.raw("rasVersion.0").type, "noSuchObject", "in the default context")
        other.manager.community = "inside"
        other.hang_up(1)
        other.wait(1, "down")
    finally:
        other.finish()


lab.start_console()
run(lab)
