# SPDX-License-Identifier: BSD-2-Clause
"""The main job as an operator does it: the programs of net-snmp, names of the MIB, a console that prints notifications."""
import re
import statistics
import time

from harness import *

lab = Lab([
    line("hq", 1, "setup=1200ms", descr="head office", user_name="branch7"),
    line("far", 2, "setup=6s"),
    line("refused", 3, "setup=300ms,fail=691", redial_max=3),
    line("twice", 4, "setup=2500ms"),
    line("careful", 5, "setup=300ms"),
    line("private", 6, "setup=200ms"),
], users=True)
COMING_UP = ["openPort", "portOpened", "connectDevice", "deviceConnected", "allDevicesConnected", "authenticate", "authNotify",
             "authProject", "authAck", "authenticated", "projected", "connected"]


def tool(program, *arguments, **kw):
    status, output = lab.tool(program, *arguments, names=True, **kw)
    equal(status, 0, f"{program} {arguments}: {output}")
    return output


def value(name):
    """What snmpget prints of one object, with labels."""
    return tool("snmpget", name, options=("-OvQ",))


@test()
def dial_and_hang_up():
    """snmpset dials, the row tells the states, the link is up, snmpset hangs up, history tells it"""
    equal(value("rasConnOperStatus.1"), "down")
    out = tool("snmpset", "RASDIAL-MIB::rasConnAction.1", "i", "dial")
    check("rasConnAction.1 = INTEGER: dial(2)" in out, out)
    seen = []

    def states():
        state = lab.get("rasConnState.1")
        if state not in seen:
            seen.append(state)
        return state == "connected"
    until(states, 10, "connected")
    equal(seen, [s for s in COMING_UP if s in seen], "states in their order")
    check(len(seen) >= 8, f"most states can be seen: {seen}")
    equal(value("rasConnOperStatus.1"), "up")
    equal(value("rasConnIfName.1").strip('"'), "lo")
    equal(value("rasConnAction.1"), "noAction")
    row = lab.conn(1)
    equal((row["LocalAddrType"], row["LocalAddr"], row["PeerAddrType"], row["PeerAddr"]),
          ("ipv4", b"\x7f\0\0\x01", "ipv4", b"\x7f\0\0\x01"))
    check(row["IfIndex"] > 0 and len(row["StartTime"]) in (8, 11), row)
    equal((row["Desired"], row["LinksUp"], row["Attempts"], row["Successes"]), ("up", 1, 1, 1))
    check(row["ThreadId"] > 0 and row["ThreadState"] in ("running", "waiting"), row)
    until(lambda: lab.get("rasStatsInOctets.1") > 0 and lab.get("rasStatsCallOutOctets.1") > 0, 10, "traffic is counted")
    until(lambda: lab.get("rasConnDuration.1") >= 1, 10, "duration runs")

    tool("snmpset", "RASDIAL-MIB::rasConnAction.1", "i", "hangUp")
    row = lab.wait(1, "down")
    equal((row["LastCause"], row["LastErrorCode"], row["State"], row["IfName"], row["LocalAddr"], row["StartTime"], row["Duration"]),
          ("localRequest", 631, "disconnected", "", b"", bytes(8), 0))
    equal((row["ThreadState"], row["ThreadId"], row["Desired"]), ("none", 0, "down"))
    (call,) = lab.history(1)
    equal((call["CallId"], call["EntryName"], call["Trigger"], call["Connected"], call["Cause"], call["ErrorCode"]),
          (row["CallId"], "hq", "snmp", "true", "localRequest", 631))
    equal((call["LocalAddr"], call["PeerAddr"], call["DeviceType"], call["Destination"]),
          (b"\x7f\0\0\x01", b"\x7f\0\0\x01", "loopback", "setup=1200ms"))
    check(1000 <= call["SetupDuration"] < 6000, f"set-up of 1200 ms took {call['SetupDuration']} ms")
    check(call["UpDuration"] >= 1 and call["InOctets"] > 0 and call["OutOctets"] > 0, call)


@test(60)
def answered_at_once():
    """The SET is answered while the dial still takes 5 s more, and GETs during it are as fast as sysUpTime.0"""
    begin = time.monotonic()
    lab.dial(2)
    answered = time.monotonic()
    check(answered - begin < 3.0, f"the SET took {answered - begin:.2f} s")
    names = [MIB.oid(f"{n}.2") for n in ("rasConnOperStatus", "rasConnState", "rasConnLastErrorText")]

    def timed(*oids):
        start = time.perf_counter()
        lab.manager.get(*oids)
        return time.perf_counter() - start
    plain, ours = [], []
    for _ in range(100):
        plain.append(timed(SYS_UP_TIME))
        ours.append(timed(*names))
    in_setup = lab.status(2) in ("dialing", "authenticating")
    check(in_setup or time.monotonic() - answered > 5, "the dial goes on meanwhile")
    extra = statistics.median(ours) - statistics.median(plain)
    check(extra < 0.05, f"a GET of the row takes {extra * 1000:.2f} ms longer than one of sysUpTime")
    check(max(ours) < max(plain) + 1, f"the slowest GET took {max(ours) * 1000:.1f} ms, of sysUpTime {max(plain) * 1000:.1f} ms")
    lab.wait(2, "up", timeout=15)
    check(time.monotonic() - answered >= 5, "the dial took 5 s longer than the SET")


@test()
def failure_is_notified():
    """A dial that fails with 691 is printed by snmptrapd with names, kept as last error, and not tried again"""
    tool("snmpset", "RASDIAL-MIB::rasConnAction.3", "i", "dial")
    row = lab.wait(3, "failed")
    equal((row["LastCause"], row["LastErrorCode"], row["Attempts"], row["Failures"]), ("authFailure", 691, 1, 1))
    equal(value("rasConnLastCause.3"), "authFailure")
    check(len(row["LastErrorText"]) > 5, "there is a text")

    def printed(name):
        return [p for p in lab.console.log().splitlines() if f"RASDIAL-MIB::{name}" in p and "rasEntryName.3 = STRING: refused" in p]
    until(lambda: printed("rasDialFailed") and printed("rasRedialExhausted"), 10, lab.console.log)
    (text,) = printed("rasDialFailed")
    for part in ("RASDIAL-MIB::rasConnOperStatus.3 = INTEGER: failed(7)", "RASDIAL-MIB::rasConnLastCause.3 = INTEGER: authFailure(22)",
                 "RASDIAL-MIB::rasConnLastErrorCode.3 = INTEGER: 691", "RASDIAL-MIB::rasAgentName.0 = STRING: lab",
                 f"RASDIAL-MIB::rasConnLastErrorText.3 = STRING: {row['LastErrorText']}"):
        check(part in text.replace('"', ""), f"{part}\nis not in\n{text}")


@test()
def tables_print():
    """snmptable prints the phonebook, snmpwalk -Oq with names the connections; snmptranslate knows the module"""
    # (read-create with accessible-for-notify columns aside, a stock snmptable must cope with every table)
    for table in ("rasPhonebookTable", "rasConnTable", "rasStatsTable", "rasHistTable", "rasNameTable"):
        out = tool("snmptable", f"RASDIAL-MIB::{table}", options=("-Ci",))
        check("SNMP table" in out and len(out.splitlines()) > 3, out)
        check("\n" not in out or "?" not in out.splitlines()[3], f"{table} is not rectangular: {out}")
    out = tool("snmpwalk", "RASDIAL-MIB::rasEntryDescr", options=("-Oqs",))
    check("rasEntryDescr.1" in out and "head office" in out, out)
    out = tool("snmpget", 'RASDIAL-MIB::rasNameEntryIndex."hq"', options=("-OvQ",))
    equal(out, "1")


@test()
def tools_and_manager_agree():
    """What snmpwalk and snmpbulkwalk read is what the manager of these tests reads"""
    for root in ("rasPhonebookTable", "rasConnTable", "rasHistTable", "rasNotifyControl"):
        ours = {v.oid: v for v in lab.walk(root)}
        for program in ("snmpwalk", "snmpbulkwalk"):
            status, out = lab.tool(program, "." + ".".join(map(str, MIB.oid(root))), options=("-Oa",))
            equal(status, 0, out)
            theirs = parse_tool(out)
            equal(sorted(theirs), sorted(ours), f"{program} {root}")
            for oid, (_, text) in theirs.items():
                mine = ours[oid]
                name = MIB.name(oid)
                if mine.type in ("INTEGER", "Gauge32", "Counter32", "Counter64") and not re.search("Duration|NextRedial", name):
                    equal(int(text), mine.value, f"{program}: {name}")


@test()
def same_set_twice():
    """The same SET sent twice, as the same packet and as a new request, dials once"""
    packet, number = lab.manager.packet(SET, [lab.varbind("rasConnAction.4", "dial")])
    for _ in range(2):
        lab.manager.socket.send(packet)
        equal(lab.manager.receive(number, time.monotonic() + 5).error, "noError")
    equal(lab.set(("rasConnAction.4", "dial")), "noError", "while it dials")
    tool("snmpset", "RASDIAL-MIB::rasConnAction.4", "i", "dial")
    lab.wait(4, "up")
    equal(lab.set(("rasConnAction.4", "dial")), "noError", "while it is up")
    row = lab.conn(4)
    equal((row["Attempts"], row["Successes"], row["OperStatus"]), (1, 1, "up"))
    lab.hang_up(4)
    lab.wait(4, "down")
    equal(len(lab.history(4)), 1, "history rows")


@test()
def bad_varbind():
    """A PDU with dial and one bad varbind dials nothing, and names the bad one"""
    for bad, error in ((("rasMaxConcurrentDials.0", 65536), "wrongValue"), (("rasConnOperStatus.5", 1), "notWritable"),
                       (("rasConnAction.99", "dial"), "inconsistentName"), (("rasConnAction.5", 77), "wrongValue"),
                       (("rasConnRequestId.3", 4), "inconsistentValue")):
        for pairs, place in (((("rasConnAction.5", "dial"), bad), 2), ((bad, ("rasConnAction.5", "dial")), 1)):
            before = lab.conn(5)
            pdu = lab.set_pdu(*pairs)
            equal(pdu.error, error, f"{pairs}")
            if bad[0] != "rasConnAction.5":
                equal(pdu.index, place, f"index of the bad varbind of {pairs}")
            equal(lab.conn(5), before, f"row after {pairs}")
    status, out = lab.tool("snmpset", "RASDIAL-MIB::rasConnAction.5", "i", "dial", "RASDIAL-MIB::rasAdminMode.0", "i", "9",
                           names=True)
    check(status != 0, out)
    status, out = lab.tool("snmpset", "RASDIAL-MIB::rasConnAction.5", "i", "dial", "RASDIAL-MIB::rasConnOperStatus.5", "i", "1",
                           names=True)
    check(status != 0 and "notWritable" in out, out)
    equal(lab.get("rasThreads.0"), 0, "threads")
    equal(lab.conn(5)["Attempts"], 0)


@test()
def registered():
    """The module stands in sysORTable"""
    ids = [v.value for v in lab.manager.walk((1, 3, 6, 1, 2, 1, 1, 9, 1, 2), 20)]
    check(MIB.root in ids, f"{MIB.root} in sysORTable: {ids}")
    index = next(v.oid[-1] for v in lab.manager.walk((1, 3, 6, 1, 2, 1, 1, 9, 1, 2), 20) if v.value == MIB.root)
    check(lab.manager.get((1, 3, 6, 1, 2, 1, 1, 9, 1, 3, index)).varbinds[0].value, "sysORDescr says something")


@test()
def secured_user():
    """An SNMPv3 user with authentication and privacy dials and hangs up"""
    v3 = ("-v3", "-u", "operator", "-l", "authPriv", "-a", "SHA", "-A", "operator-pass", "-x", "AES", "-X", "operator-priv")
    tool("snmpset", "RASDIAL-MIB::rasConnAction.6", "i", "dial", options=v3)
    lab.wait(6, "up")
    equal(tool("snmpget", "rasConnOperStatus.6", options=v3 + ("-OvQ",)), "up")
    tool("snmpset", "RASDIAL-MIB::rasConnAction.6", "i", "hangUp", options=v3)
    lab.wait(6, "down")


@test()
def set_is_logged():
    """An accepted SET and the states of a call are lines of the log, with the entry and the call"""
    lab.dial(6)
    call = lab.wait(6, "up")["CallId"]
    log = lab.agent.log()
    for state in ("openPort", "authenticate", "connected"):
        check(re.search(rf"entry private: call {call}: {state}", log), f"state {state} of call {call} is logged")
    equal(lab.set(("rasHistRetainTime.0", 77)), "noError")
    until(lambda: re.search(r"rasHistRetainTime.*\b0\b.*\b77\b", lab.agent.log()), 5, "SET of a scalar is logged, old and new")
    check(re.search(r"private.*dial|dial.*private", log), "SET of an action is logged")
    equal(lab.set(("rasHistRetainTime.0", 0)), "noError")
    check("branch7" not in lab.agent.log(), "no user name in the log")


lab.start_console(names=True)
run(lab)
