#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async
# programs: pppd
"""Dial mode onDemand with pppd: the interface is there before the call, and the first packet dials."""
import subprocess

from links import *

ADDRESSES = {"local_address": "10.99.1.2", "peer_address": "10.99.1.1"}
PEER = peer("demand", 1, "require-chap")

links = Links([
    pty("demand", PEER, dial_mode="on-demand", idle_timeout=4, **ADDRESSES),
    pty("wrong", PEER, secret="wrong", dial_mode="on-demand", local_address="10.99.2.2", peer_address="10.99.2.1"),
    pty("six", PEER, dial_mode="on-demand", options=["ipv6"], local_address="10.99.3.2", peer_address="10.99.3.1"),
])
lab, INDEX = links.lab, links.index
DEMAND, WRONG = INDEX["demand"], INDEX["wrong"]


def interface(name):
    return os.path.exists(f"/sys/class/net/ras{INDEX[name]}")


def armed(name):
    """Waits for traffic, with its interface."""
    row = lab.wait(INDEX[name], "waiting", timeout=30)
    until(lambda: interface(name), 20, f"the interface of {name}")
    return row


def packet(to, count=20):
    """Packets until one is answered. Returns whether there was an answer."""
    return subprocess.run(["ping", "-n", "-c", "1", "-w", str(count), to], stdout=subprocess.DEVNULL, check=False).returncode == 0


@test(60)
def with_the_agent():
    """What is on demand waits when the agent has started; hung up, nothing of it is left"""
    armed("demand")
    armed("wrong")
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
    check(packet("10.99.1.1"), "an answer to the first packet")
    row = links.comes_up("demand")
    equal((row["Attempts"], address(row["LocalAddr"]), address(row["PeerAddr"])), (1, "10.99.1.2", "10.99.1.1"))
    equal(row["IfName"], f"ras{DEMAND}")
    row = armed("demand")
    equal((row["LastErrorCode"], row["LastCause"], row["Desired"], row["Attempts"]), (828, "idleTimeout", "up", 1))
    check(packet("10.99.1.1"), "an answer to the next packet")
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
    check(packet("10.99.1.1"), "an answer")
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
    packet("10.99.2.1", 3)
    row = lab.wait(WRONG, "failed", timeout=40)
    equal((row["LastErrorCode"], row["Attempts"]), (691, 1))


@test(40)
def cannot():
    """With IPv6 the dial fails and says why"""
    links.act("six", "dial")
    row = lab.wait(INDEX["six"], "failed", timeout=20)
    equal(row["LastErrorCode"], 625)
    check("ipv6" in row["LastErrorText"], row["LastErrorText"])


links.run()
