# SPDX-License-Identifier: BSD-2-Clause
"""Three dial hosts behind one address: agents in contexts of their own with one master, over Unix sockets and TCP."""
import re
import signal
import time

from harness import *
from hosts import Fleet, Host, Hub

NAMES = ("north", "south", "east")
# east is not in the README: users may go there by the beginning of its name, and its community is of the same kind.
EAST = ("com2sec -Cn dial-east eastPoller default east-community\ngroup rasdialPollers v2c eastPoller\n"
        "com2sec -Cn other-west westPoller default west-community\ngroup rasdialPollers v2c westPoller\n")
hub = Hub(more="".join(map(Host.community, NAMES)) + EAST)
north, south, east = hosts = [Host(hub, "north", hub.unix), Host(hub, "south", hub.tcp), Host(hub, "east", hub.unix)]
OBJECTS = MIB.root


def answer(host, name="rasVersion.0", timeout=10.0):
    """What a manager gets in the context of a host: the error of the PDU, or the type of the value; and how long that took."""
    start = time.monotonic()
    try:
        pdu = host.manager.get(MIB.oid(name), timeout=timeout, retries=0)
        what = pdu.error if pdu.error != "noError" else pdu.varbinds[0].type
    except SnmpTimeout:
        what = "time-out"
    return what, time.monotonic() - start


@test()
def dialed_through_contexts():
    """Each host is dialed through its context, by SNMPv3 as the README says and by SNMPv2c; states and history are its own"""
    for host in hosts:
        status, text = hub.ask("snmpset", host.context, "rasConnAction.1", "=", "dial")
        equal((status, text), (0, "RASDIAL-MIB::rasConnAction.1 = INTEGER: dial(2)"))
        host.wait(1, "up")
        for other in hosts:
            equal(other.status(1), "up" if hosts.index(other) <= hosts.index(host) else "down", f"{other.name} after {host.name}")
    for host in hosts:
        host.dial(2)
        equal(host.wait(2, "failed")["LastErrorCode"], 691)
    south.hang_up(1)
    south.wait(1, "down")
    equal([h.status(1) for h in hosts], ["up", "down", "up"])
    for host in hosts:
        equal({r["EntryName"] for r in host.history()} - {f"{host.name} up", f"{host.name} bad"}, set(), "history")
        equal(host.get("rasAgentName.0", "rasDialAttempts.0", "rasHistEntries.0"), [host.name, 2, 2 if host is south else 1])
        equal(host.column("rasEntryName"), {1: f"{host.name} up", 2: f"{host.name} bad", 3: f"{host.name} slow"})


@test()
def one_pdu_one_agent():
    """A SET of several variables goes to one agent as a whole, or is refused as a whole"""
    equal(north.set(("rasConnAction.1", "dial"), ("rasConnRequestId.1", 17), ("rasNotifyMinInterval.0", 0)), "noError")
    north.wait(1, "up")
    equal([h.get("rasConnRequestId.1") for h in hosts], [17, 0, 0])
    equal(south.set(("rasConnAction.1", "dial"), ("rasConnAction.9", "dial")), "inconsistentName")
    equal([h.status(1) for h in hosts], ["up", "down", "down"])
    equal([h.get("rasThreads.0") for h in hosts], [1, 0, 0], "threads")
    equal(east.set(("rasMaxConcurrentDials.0", 1)), "noError")
    equal([h.get("rasMaxConcurrentDials.0") for h in hosts], [0, 0, 1])
    equal(east.set(("rasMaxConcurrentDials.0", 0)), "noError")
    # sysContact.0 is snmpd's own and in no context but the default one.
    equal(south.set_pdu(("rasConnAction.1", "dial"), ((1, 3, 6, 1, 2, 1, 1, 4, 0), b"x", "OCTET STRING")).error, "notWritable")
    equal(south.status(1), "down", "nothing of that PDU happened")


@test()
def walks_are_separate():
    """A walk of a context shows its agent's objects and nothing else; the default context shows none; sysORTable has the module"""
    for host in hosts:
        rows = list(host.manager.walk((1, 3), 20))
        check(len(rows) > 150, f"{len(rows)} objects")
        check(all(v.oid[:len(OBJECTS)] == OBJECTS for v in rows), "only objects of the module")
        texts = [v.value for v in rows if v.type == "OCTET STRING" and v.value.endswith((b" up", b" bad", b" slow"))]
        check(texts and all(t.startswith(host.name.encode()) for t in texts), texts)
        status, text = hub.ask("snmpwalk", host.context, "rasEntryName")
        equal((status, re.findall(r"STRING: (.*)", text)), (0, [f"{host.name} {what}" for what in ("up", "bad", "slow")]))
    equal([v for v in hub.manager.walk((1, 3, 6, 1, 4, 1, 8072, 9999), 20)], [], "the default context")
    equal(hub.raw("rasVersion.0").type, "noSuchObject")
    equal(hub.modules(), 3, "rows of sysORTable")


@test()
def time_stamps():
    """sysUpTime.0 does not exist in a context; TimeStamp columns are against the master's all the same"""
    for host in hosts:
        equal(answer(host, SYS_UP_TIME)[0], "noSuchObject")
        before = hub.manager.get(SYS_UP_TIME).varbinds[0].value
        host.dial(1)
        stamp = host.wait(1, "up")["LastChange"]
        after = hub.manager.get(SYS_UP_TIME).varbinds[0].value
        # The agent knows that clock from the master's answers, which may be some time old.
        check(before - 100 <= stamp <= after + 100, f"{host.name}: {before} <= {stamp} <= {after}")
        check(0 < host.get("rasUpTime.0") <= after, "rasUpTime is the agent's own")


@test()
def who_may_where():
    """access lines: a beginning of the name is enough for "prefix", and users may not more in a context than without"""
    for host in hosts:
        equal(hub.ask("snmpget", host.context, "rasAgentName.0", user="monitor")[0], 0)
        equal(hub.ask("snmpset", host.context, "rasConnAction.1", "=", "dial", user="monitor"),
              (2, "Error in packet.\nReason: noAccess\nFailed object: RASDIAL-MIB::rasConnAction.1"))
        status, text = hub.ask("snmpset", host.context, "rasAdminMode.0", "=", "drain")
        equal((status, "noAccess" in text), (2, True), text)
        equal(hub.ask("snmpset", host.context, "rasAdminMode.0", "=", "enabled", user="administrator")[0], 0)
        # the pollers of the README: status, and neither names nor the right to set
        poller = Manager((hub.ip, hub.port), community=f"{host.name}-community")
        try:
            equal(poller.get(MIB.oid("rasConnOperStatus.1")).varbinds[0].value, 1)
            equal(poller.get(MIB.oid("rasEntryName.1")).varbinds[0].type, "noSuchObject")
            equal(poller.get(MIB.oid("rasAgentName.0")).varbinds[0].value, host.name.encode())
            equal(poller.set(host.varbind("rasConnAction.1", "dial")).error, "noAccess")
        finally:
            poller.close()
    other = Host(hub, "west", hub.unix, context="other-west")
    try:
        other.start_agent(wait=False)
        until(lambda: hub.modules() == 4, 10, "another agent registers")
        status, text = hub.ask("snmpget", "other-west", "rasAgentName.0", user="administrator")
        check(status == 2 and "authorizationError" in text, f'"other-west" does not begin with "dial-": {text}')
        poller = Manager((hub.ip, hub.port), community="west-community")
        try:
            poller.get(MIB.oid("rasAgentName.0"), timeout=1, retries=0)
            check(False, "a community reads where its group may not")
        except SnmpTimeout:
            pass
        finally:
            poller.close()
        equal(hub.ask("snmpget", "dial-nobody", "rasAgentName.0", wait=1),
              (1, f"Timeout: No Response from udp:{hub.ip}:{hub.port}."), "a context that nobody has")
    finally:
        other.agent.stop()
        other.close()


@test()
def told_apart():
    """Notifications: the context in SNMPv3 informs, rasAgentName in SNMPv2c traps; each receiver gets each one once"""
    mark = hub.sink.mark()
    for host in hosts:
        host.dial(1, 2)
        host.wait(1, "up")
        host.wait(2, "failed")
    for host in hosts:
        for kind in ("rasConnected", "rasDialFailed", "rasRedialExhausted"):
            until(lambda h=host, k=kind: len(h.notices(k, since=mark)) == 1, 10, f"{kind} of {host.name}, SNMPv2c")
            equal(host.notices(kind, since=mark)[0]["rasEntryName"].split()[0], host.name)
        call = host.get("rasConnCallId.2")
        this_call = f"{'.'.join(map(str, MIB.oid('rasConnCallId.2')))} = Gauge32: {call}\t"
        until(lambda h=host, c=this_call: len([at for at in hub.told("rasDialFailed", h.name) if c in at]) == 2, 10,
              lambda h=host: f"{call} in {hub.told('rasDialFailed', h.name)}")
        lines = sorted(at.split("|")[0] for at in hub.told("rasDialFailed", host.name) if this_call in at)
        equal(lines, [f"INFORM, SNMP v3, user console, context {host.context}", "TRAP2, SNMP v2c, community public"])


@test(60)
def console_is_away():
    """The console is away: notifications do not hold up snmpd, and informs arrive when it is back"""
    hub.console.stop()
    hub.console = None
    hub.stop_snmpd()
    hub.start_snmpd()
    for host in hosts:
        host.wait_agent()
    slowest = 0.0
    for host in hosts:
        host.dial(2)
        for _ in range(10):
            slowest = max(slowest, answer(host)[1])
        host.wait(2, "failed")
    check(slowest < 3, f"slowest answer {slowest:.1f} s")
    hub.start_console()
    for host in hosts:
        until(lambda h=host: hub.told("rasDialFailed", h.name), 15, f"inform of {host.name}")


@test(60)
def master_restarts():
    """The master restarts: all agents come back, links are kept, and no notification is lost of what happened meanwhile"""
    for host in hosts:
        host.dial(1)
    before = {host: host.wait(1, "up") for host in hosts}
    for number in (signal.SIGTERM, signal.SIGKILL):
        mark = hub.sink.mark()
        for host in hosts:  # about to fail when the master goes, while it is away, and afterwards
            equal(host.set(("rasConnAction.2", "dial")), "noError")
        hub.stop_snmpd(number)
        hub.start_snmpd()
        for host in hosts:
            host.wait_agent()
            row = host.conn(1)
            for column in ("OperStatus", "CallId", "StartTime", "ThreadId", "Attempts"):
                equal(row[column], before[host][column], f"{host.name} {column}")
            until(lambda h=host, m=mark: len(h.notices("rasRedialExhausted", since=m)) == 1, 10,
                  lambda h=host, m=mark: f"rasRedialExhausted of {h.name}: {h.hub.sink.take(since=m)} {h.scalars()}")
            equal(len(host.notices("rasDialFailed", since=mark)), 1)
        until(lambda: hub.modules() == 3, 5, "rows of sysORTable")


@test(60)
def one_is_away():
    """One agent ends, is killed, or hangs: what a manager sees of it is what the README says, and the others do not notice"""
    for host in hosts:
        host.dial(1)
    kept = {host: host.wait(1, "up") for host in hosts}

    def others():
        for host in (north, east):
            start = time.monotonic()
            equal(host.get("rasAgentName.0"), host.name)
            took = time.monotonic() - start
            check(took < 1.9, f"{host.name} took {took:.1f} s")

    def back(adopted):
        if adopted:
            south.start_agent(wait=False)
        south.wait_agent()
        row = south.wait(1, "up")
        equal((row["CallId"], row["StartTime"]), (kept[south]["CallId"], kept[south]["StartTime"]))

    south.stop_agent()
    equal(answer(south)[0], "noSuchObject", "ended")
    equal(hub.ask("snmpget", "dial-south", "rasVersion.0"),
          (0, "RASDIAL-MIB::rasVersion.0 = No Such Object available on this agent at this OID"))
    equal(hub.modules(), 2, "rows of sysORTable")
    others()
    back(True)

    south.kill_agent()
    until(lambda: answer(south)[0] == "noSuchObject", 10, "killed")
    others()
    back(True)

    for ask in (lambda: answer(south)[0], lambda: south.set(("rasConnAction.3", "dial"))):
        south.agent.freeze()
        start = time.monotonic()
        equal(ask(), "genErr", "the first request while it hangs")
        took = time.monotonic() - start
        check(1.5 < took < 5.5, f"agentXTimeout 2, agentXRetries 0: {took:.1f} s")
        what, took = answer(south)
        equal(what, "noSuchObject", "the second one")
        check(took < 1.9, f"at once: {took:.1f} s")
        others()
        equal(north.set(("rasConnAction.2", "dial")), "noError")
        north.wait(2, "failed")
        south.agent.thaw()
        back(False)
    equal(south.status(3), "down", "the SET that was answered with an error")
    equal([h.conn(1)["CallId"] for h in (north, east)], [kept[h]["CallId"] for h in (north, east)])


@test(60)
def hanging_does_not_hold_up():
    """While a request to an agent that hangs is open, the others are read at once, and are set as soon as it is given up"""
    south.agent.freeze()
    packet, number = south.manager.packet(0xA0, [(MIB.oid("rasVersion.0"), "NULL", None)])
    south.manager.socket.send(packet)
    start = time.monotonic()
    equal(north.get("rasAgentName.0"), "north")
    check(time.monotonic() - start < 1.9, "read at once")
    equal(north.set(("rasConnAction.2", "dial")), "noError")
    check(time.monotonic() - start < 5.5, f"set after {time.monotonic() - start:.1f} s")
    equal(south.manager.receive(number, start + 10).error, "genErr")
    north.wait(2, "failed")


@test(60)
def same_context_twice():
    """A second agent with the same context is refused, says so once, tries on, and has the objects when the first is gone"""
    twin = Host(hub, "twin", hub.tcp, context="dial-north")
    try:
        twin.start_agent("-v", wait=False)
        twin.agent.log_says(r"error: the master agent refuses our objects \(registering pdu failed: 263!\): another agent has them in "
                            r"context dial-north, or .* trying again every 1 s")
        until(lambda: len(re.findall("debug: connected to the master", twin.agent.log())) >= 2, 15, twin.agent.log)
        equal(len(re.findall("(?:error|warning): ", twin.agent.log())), 1, "lines of complaint")
        equal(north.get("rasAgentName.0"), "north")
        north.dial(2)
        north.wait(2, "failed")
        check("call 1" not in twin.agent.log(), "dials for nobody")
        north.stop_agent()
        until(lambda: north.raw("rasAgentName.0").value == b"twin", 10, twin.agent.log)
        twin.agent.log_says("info: the master agent has taken our objects")
        twin.dial(1)
        twin.wait(1, "up")
        until(lambda: twin.notices("rasConnected"), 5, "told by the second")
        # and the first one is refused now
        north.start_agent(wait=False)
        north.agent.log_says("the master agent refuses our objects")
        twin.stop_agent()
        until(lambda: north.raw("rasAgentName.0").value == b"north", 10, north.agent.log)
    finally:
        twin.finish()


@test()
def reload_keeps_the_context():
    """Another context or address at a reload is named as what takes effect at the next start only; another name is taken"""
    east.write_config(agent={"context": "dial-nowhere", "name": "far east"})
    east.hup()
    try:
        until(lambda: east.raw("rasAgentName.0").value == b"far east", 5, "the new name in the old context")
        until(lambda: re.search("context.*next start", east.agent.log()), 5, lambda: east.agent.log()[-1000:])
    finally:
        east.write_config(agent={"context": "dial-east", "name": "east"})
        east.hup()
    until(lambda: east.raw("rasAgentName.0").value == b"east", 5, "the old name")


run(Fleet(hub, *hosts))
