#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async pppoe veth ipv6
# programs: pppd pppoe-server
"""Device type pppoe: pppd here, access concentrators on a far side, Ethernet cables between."""
import glob
import os
import signal
import subprocess
import time

from concentrator import Concentrator, cable, ip
from links import *

MANY = 20
QUICK = 16  # dial-timeout with which discovery takes 7 s
ECHO = ["lcp-echo-interval 1", "lcp-echo-failure 2"]


# ---- the far side ----

for each in ("eth1", "eth2", "eth3"):
    cable(each)
cable("eth4", up=False)
concentrator = Concentrator("eth1", 1, 64)
Concentrator("eth3", 3, 1)


# ---- the phonebook ----

def pppoe(name, device="eth1", service="internet", secret=SECRET, pppd=(), **keys):
    return entry(name, "pppoe", device_name=device, destination=service, user_name=USER, secret=secret,
                 pppd_options=["lcp-restart 1", *pppd], **keys)


links = Links([
    pppoe("plain", options=["use-peer-dns"]),
    pppoe("any", service=""),
    pppoe("bad", secret="wrong", redial_max=3),
    pppoe("no-service", service="elsewhere", dial_timeout=QUICK),
    pppoe("no-such-ac", dial_timeout=QUICK, pppd=["pppoe-ac elsewhere"]),
    pppoe("nobody", device="eth2", dial_timeout=QUICK),
    pppoe("seeks", device="eth2"),
    pppoe("first", device="eth3"),
    pppoe("second", device="eth3"),
    pppoe("echo", pppd=ECHO),
    pppoe("no-interface", device="eth77"),
    pppoe("down", device="eth4"),
    pppoe("no-ethernet", device="lo"),
    *(pppoe(f"many{n}", dial_timeout=120) for n in range(MANY)),
])
lab, INDEX = links.lab, links.index
dial, hang_up, up, ended = links.dial, links.hang_up, links.up, links.ended
fails, lost, nothing_left = links.fails, links.lost, links.nothing_left


def seeking():
    dial("seeks")
    until(lambda: lab.get(f"rasConnState.{INDEX['seeks']}") == "connectDevice", 20, "discovery begins")


# ---- a link that comes up ----

@test(60)
def comes_up():
    """Up with real addresses, a ping through it, counters that move, hang-up; the server hears of the end"""
    row = up("plain")
    equal(address(row["PeerAddr"]), "10.67.1.1")
    check(address(row["LocalAddr"]).startswith("10.67.1."), address(row["LocalAddr"]))
    equal((row["IfName"], row["DeviceName"]), (f"ras{INDEX['plain']}", "eth1"))
    equal(read(f"/sys/class/net/{row['IfName']}/mtu"), b"1492\n")
    before = lab.get(f"rasStatsCallInOctets.{INDEX['plain']}")
    done = subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-s", "500", "-w", "10", "10.67.1.1"],
                          stdout=subprocess.PIPE, check=False)
    equal(done.returncode, 0, done.stdout.decode())
    until(lambda: lab.get(f"rasStatsCallInOctets.{INDEX['plain']}") >= before + 1500, 10, "octets are counted")
    addresses = {(r["Role"], address(r["Addr"])) for r in lab.table("rasAddrTable", "rasAddr").values()}
    check({("peer", "10.67.1.1"), ("dns", "10.67.1.53")} <= addresses, addresses)
    row = hang_up("plain")
    equal((row["LastCause"], row["LastErrorCode"], row["IfName"]), ("localRequest", 631, ""))
    until(lambda: not far_side.processes(), 20, "the session ends on the far side")


@test(60)
def any_service():
    """An empty destination takes any service"""
    up("any")
    hang_up("any")


# ---- dials that fail ----

@test(60)
def wrong_password():
    """A wrong password is 691, and is not tried again"""
    equal(fails("bad", 691, "authFailure")["Attempts"], 1)


@test(60)
def nobody_there():
    """No concentrator, none of that name, none that has the service: 815; a cable that is not plugged in is told"""
    fails("nobody", 815, "serverUnreachable", "connectDevice", text="eth2")
    fails("no-such-ac", 815, "serverUnreachable", "connectDevice")
    fails("no-service", 815, "serverUnreachable", "connectDevice", text="the service")
    ip("-n", far_side.NETWORK, "link", "set", "eth2p", "down")
    try:
        fails("nobody", 815, "serverUnreachable", text="carrier")
    finally:
        ip("-n", far_side.NETWORK, "link", "set", "eth2p", "up")


@test(60)
def session_limit():
    """A server that has no session free: 813 with its text"""
    up("first")
    fails("second", 813, "portUnavailable", "connectDevice", text="No client slots available")
    hang_up("first")


@test(60)
def missing_things():
    """Interface missing, down, of another kind; pppd's plugin missing: each told by name"""
    fails("no-interface", 814, "portUnavailable", "openPort", text="eth77 does not exist")
    fails("down", 814, "portUnavailable", "openPort", text="eth4 is down")
    fails("no-ethernet", 814, "portUnavailable", "openPort", text="lo is no Ethernet")
    folder = os.path.dirname(glob.glob("/usr/lib/pppd/*/pppoe.so")[0])
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    try:
        fails("plain", 609, "noKernelSupport", "openPort", text="pppoe.so")
    finally:
        subprocess.run(["umount", folder], check=True)


# ---- links that end ----

@test(60)
def frozen_peer():
    """A frozen peer is noticed by dead echoes: 721"""
    up("echo")
    far_side.send(signal.SIGSTOP)
    lost("echo", 721, "peerDead")


@test(60)
def peer_ends():
    """The server ends the session: 629"""
    up("plain")
    far_side.send(signal.SIGTERM)
    lost("plain", 629, "remoteHangup")


@test(60)
def cable_pulled():
    """The cable is pulled while up: 721"""
    up("echo")
    ip("-n", far_side.NETWORK, "link", "set", "eth1p", "down")
    try:
        lost("echo", 721, "peerDead")
    finally:
        ip("-n", far_side.NETWORK, "link", "set", "eth1p", "up")
        far_side.send(signal.SIGTERM)
        concentrator.restart()


# ---- many, hang-up, restarts ----

@test(240)
def many_at_once():
    """20 dials at once: all up, each with an address of its own, all down"""
    names = [f"many{n}" for n in range(MANY)]
    for name in names:
        dial(name)
    rows = [links.comes_up(name, 120) for name in names]
    equal(len({address(row["LocalAddr"]) for row in rows}), MANY)
    for name in names:
        links.act(name, "hangUp")
    for name in names:
        lab.wait(INDEX[name], "down", timeout=30)


@test(60)
def hang_up_in_discovery():
    """Hang-up while no concentrator answers"""
    seeking()
    begin = time.monotonic()
    equal(hang_up("seeks")["LastErrorCode"], 631)
    check(time.monotonic() - begin < 11, "within the limit")
    nothing_left()


@test(120)
def adoption():
    """The agent is killed: a link that is up is found again, an attempt in discovery is ended with all its processes"""
    before = up("plain")
    seeking()
    lab.kill_agent()
    lab.start_agent()
    row = lab.conn(INDEX["plain"])
    for name in ("OperStatus", "CallId", "StartTime", "ProcessId", "LocalAddr", "PeerAddr", "IfName", "DeviceName"):
        equal(row[name], before[name], name)
    row = ended("seeks")
    equal((row["LastErrorCode"], row["LastCause"]), (834, "internalError"))
    until(lambda: list(ours()) == [before["ProcessId"]], 10, lambda: f"only what is up is left: {ours()}")
    hang_up("plain")
    nothing_left()


links.run()
