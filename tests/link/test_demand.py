#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async pppoe veth ipv6
# programs: pppd pppoe-server pptp pptpd
"""Dial mode onDemand with pppd: the interface is there before the call, and the first packet dials."""
import subprocess

import tunnel_servers
from concentrator import Concentrator, cable
from links import *

ADDRESSES = {"local_address": "10.99.1.2", "peer_address": "10.99.1.1"}
PEER = peer("demand", 1, "require-chap")

wire = ModemPool("/dev/wire", {"~": {"run": server("wire", 24, "require-chap")}})
cable("eth1")
Concentrator("eth1", 1, 4)
tunnel_servers.connect()
tunnel_servers.pptp()
AWAY = "203.0.113.7"  # there is no way to it but a default route
tunnel_servers.command("ip", "-n", far_side.NETWORK, "addr", "add", f"{AWAY}/32", "dev", "lo")


def other(name, device_type, net, **keys):
    """Not over a command. The far side may give another address than the one that is waited with."""
    return entry(name, device_type, user_name=USER, secret=SECRET, pppd_options=["lcp-restart 1", "ipcp-accept-local"],
                 dial_mode="on-demand", local_address=f"{net}.99", peer_address=f"{net}.1", **keys)


links = Links([
    pty("demand", PEER, dial_mode="on-demand", idle_timeout=4, **ADDRESSES),
    pty("wrong", PEER, secret="wrong", dial_mode="on-demand", local_address="10.99.2.2", peer_address="10.99.2.1"),
    pty("six", PEER, dial_mode="on-demand", options=["ipv6"], local_address="10.99.3.2", peer_address="10.99.3.1"),
    pty("everything", peer("everything", 4, "require-chap"), dial_mode="on-demand", options=["default-route"],
        local_address="10.99.4.2", peer_address="10.99.4.1"),
    other("serial", "direct-serial", "10.99.24", device_name="/dev/wire"),
    other("pppoe", "pppoe", "10.67.1", device_name="eth1", destination="internet"),
    other("pptp", "pptp", "10.96.0", destination=tunnel_servers.FAR),
    other("pptp-too", "pptp", "10.96.1", destination=tunnel_servers.FAR),
    other("l2tp", "l2tp", "10.97.0", destination=tunnel_servers.FAR),
])
lab, INDEX = links.lab, links.index
DEMAND, WRONG = INDEX["demand"], INDEX["wrong"]


def interface(name):
    return os.path.exists(f"/sys/class/net/ras{INDEX[name]}")


def ping(to, seconds=20):
    """Packets until one is answered. Returns whether there was an answer."""
    return subprocess.run(["ping", "-n", "-c", "1", "-w", str(seconds), to], stdout=subprocess.DEVNULL, check=False).returncode == 0


def armed(name):
    """Waits for traffic, with its interface."""
    row = lab.wait(INDEX[name], "waiting", timeout=30)
    until(lambda: interface(name), 20, f"the interface of {name}")
    return row


def on_demand(name, to):
    """Waits, and is put away; waits again, is dialed by the first packet, and is put away. Returns the row when it was up."""
    links.act(name, "dial")
    attempts = armed(name)["Attempts"]
    links.hang_up(name)
    links.nothing_left()
    links.act(name, "dial")
    armed(name)
    check(ping(to), f"an answer of {to} to the first packet")
    row = links.comes_up(name)
    equal((row["Attempts"], address(row["PeerAddr"])), (attempts + 1, to))
    links.hang_up(name)
    links.nothing_left()
    equal(lab.history(INDEX[name])[-1]["Trigger"], "onDemand")
    return row


@test(60)
def with_the_agent():
    """What is on demand waits when the agent has started; hung up, nothing of it is left"""
    for name in ("demand", "wrong", "everything", "serial", "pppoe", "pptp", "pptp-too"):
        armed(name)
    lab.hang_up(*INDEX.values())
    until(lambda: lab.get("rasThreads.0") == 0, 20, "all threads end")
    links.nothing_left()
    lab.idle_fds = len(lab.agent.fds())


@test(120)
def first_packet_dials():
    """The first packet dials; after the idle time it waits again; the next packet dials again; hangUp puts it away"""
    links.act("demand", "dial")
    row = armed("demand")
    equal((row["State"], row["Attempts"], row["Desired"]), ("disconnected", 0, "up"))
    check(ping("10.99.1.1"), "an answer to the first packet")
    row = links.comes_up("demand")
    equal((row["Attempts"], address(row["LocalAddr"]), address(row["PeerAddr"])), (1, "10.99.1.2", "10.99.1.1"))
    equal(row["IfName"], f"ras{DEMAND}")
    row = armed("demand")
    equal((row["LastErrorCode"], row["LastCause"], row["Desired"], row["Attempts"]), (828, "idleTimeout", "up", 1))
    check(ping("10.99.1.1"), "an answer to the next packet")
    equal(links.comes_up("demand")["Attempts"], 2)
    armed("demand")
    links.hang_up("demand")
    until(lambda: not interface("demand"), 10, "the interface is gone")
    equal(lab.conn(DEMAND)["Attempts"], 2)
    equal([(c["Trigger"], c["ErrorCode"]) for c in lab.history(DEMAND)], [("onDemand", 828)] * 2)


@test(90)
def kill():
    """kill -9 of the agent while it waits: put away and waits anew, without an attempt; while it is up: adopted"""
    links.act("demand", "dial")
    row = armed("demand")
    attempts, process = row["Attempts"], row["ProcessId"]
    lab.kill_agent()
    lab.start_agent()
    until(lambda: lab.conn(DEMAND)["ProcessId"] not in (0, process), 30, "another pppd waits")
    row = armed("demand")
    equal(row["Attempts"], attempts)
    check(ping("10.99.1.1"), "an answer")
    call = links.comes_up("demand")["CallId"]
    lab.kill_agent()
    lab.start_agent()
    equal(links.comes_up("demand")["CallId"], call, "adopted")
    armed("demand")
    lab.restart_agent()
    armed("demand")
    links.hang_up("demand")
    equal(lab.conn(DEMAND)["Attempts"], attempts + 1)


@test(60)
def refused():
    """A wrong secret: the call that the packet has made fails, and what follows makes none"""
    links.act("wrong", "dial")
    armed("wrong")
    ping("10.99.2.1", 3)
    row = lab.wait(WRONG, "failed", timeout=40)
    equal((row["LastErrorCode"], row["Attempts"]), (691, 1))


def default_route():
    return subprocess.run(["ip", "route", "show", "default"], stdout=subprocess.PIPE, check=True).stdout.decode()


@test(90)
def any_way():
    """With default-route any packet that has no other way dials; the route is there as long as it waits or is up"""
    equal(default_route(), "", "no other one")
    links.act("everything", "dial")
    armed("everything")
    check(f"dev ras{INDEX['everything']}" in default_route(), default_route())
    check(ping(AWAY), "an answer from far away")
    equal(links.comes_up("everything")["Attempts"], 1)
    check(f"dev ras{INDEX['everything']}" in default_route(), default_route())
    links.hang_up("everything")
    equal(default_route(), "")


@test(40)
def cannot():
    """With IPv6, and with l2tp, the dial fails and says why"""
    for name, code, text in (("six", 625, "ipv6"), ("l2tp", 716, "l2tp cannot be dialed on demand")):
        links.act(name, "dial")
        row = lab.wait(INDEX[name], "failed", timeout=20)
        equal(row["LastErrorCode"], code)
        check(text in row["LastErrorText"], row["LastErrorText"])


@test(120)
def other_types():
    """directSerial, pppoe, pptp: nothing before the first packet, which dials; the address that the far side gives; hang-up"""
    for name, net, local in (("serial", "10.99.24", "2"), ("pppoe", "10.67.1", None), ("pptp", "10.96.0", None)):
        row = on_demand(name, f"{net}.1")
        given = address(row["LocalAddr"])
        check(given == f"{net}.{local}" if local else given.startswith(f"{net}.") and given != f"{net}.99", given)


@test(120)
def killed_while_they_wait():
    """kill -9 of the agent while other types wait: each waits anew, and a hang-up leaves nothing"""
    names = ("serial", "pppoe", "pptp")
    before = {}
    for name in names:
        links.act(name, "dial")
        before[name] = armed(name)["ProcessId"]
    lab.kill_agent()
    lab.start_agent()
    for name in names:
        until(lambda: lab.conn(INDEX[name])["ProcessId"] not in (0, before[name]), 30, f"{name}: another pppd waits")  # pylint: disable=cell-var-from-loop
        armed(name)
        links.hang_up(name)


@test(120)
def one_for_each_server():
    """pptp: one that waited while another one came up is refused at its first packet, and does the other no harm"""
    links.act("pptp", "dial")
    links.act("pptp-too", "dial")
    armed("pptp")
    armed("pptp-too")
    check(ping("10.96.0.1"), "an answer")
    links.comes_up("pptp")
    ping("10.96.1.1", 3)
    row = lab.wait(INDEX["pptp-too"], "failed", timeout=40)
    equal((row["LastErrorCode"], row["LastCause"]), (633, "portUnavailable"), links.attempt_log("pptp-too"))
    check(os.listdir("/run/pptp"), "the socket of the other")
    check(ping("10.96.0.1"), "the other is up")
    links.act("pptp-too", "dial")
    row = lab.wait(INDEX["pptp-too"], "failed", timeout=20)
    equal(row["LastErrorCode"], 633, "at once")
    links.hang_up("pptp")


links.run()
