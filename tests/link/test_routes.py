#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async ipv6
# programs: pppd
"""Routes, default route, name servers and scripts of links that pppd makes."""
import os
import shutil
import signal
import subprocess

from links import *

PLAIN = peer("plain", 1, "noauth\nms-dns 10.99.1.53\n+ipv6")
TOLD = "/tmp/told"
RESOLV = "/tmp/etc/resolv.conf"
BEFORE = "# the host's own\nnameserver 192.0.2.53\n"


def prepare():
    """Scripts, the hooks that Debian's package ppp has, and an /etc/resolv.conf that can be written."""
    for name in ("up", "down"):
        write(f"/tmp/{name}", f"#!/bin/sh\necho \"$RAS_ACTION $* $RAS_LOCAL $RAS_DNS\" >>{TOLD}\n"
              f"ip route show dev $3 >>{TOLD}.routes 2>&1\nexit 0\n", 0o755)
    os.makedirs("/tmp/etc")
    os.makedirs("/tmp/root-etc")
    subprocess.run(["mount", "--bind", "/etc", "/tmp/root-etc"], check=True)
    for folder in ("ip-up", "ip-down"):
        hook = f"/tmp/root-etc/ppp/{folder}.d/0000usepeerdns"
        check(os.path.exists(hook), f"{hook} is there")
        write(f"/etc/ppp/{folder}", "#!/bin/sh\nPPP_IFACE=$1; export PPP_IFACE\n"
              f"sed 's|/etc/resolv.conf|{RESOLV}|g' {hook} | /bin/sh -es \"$@\"\n", 0o755)
    write(RESOLV, BEFORE, 0o644)


prepare()
ROUTES = ["10.200.0.0/16", "2001:db8:7::/48"]
SCRIPTS = {"up_script": "/tmp/up", "down_script": "/tmp/down"}
links = Links([
    pty("plain", PLAIN, user=None, routes=ROUTES, options=["default-route", "use-peer-dns"], **SCRIPTS),
    pty("no-options", PLAIN, user=None),
    pty("ip6", PLAIN, user=None, routes=ROUTES, options=["ipv6"]),
    pty("again", PLAIN, user=None, redial_max=1, redial_pause=1, redial_on_drop=True, routes=ROUTES[:1], **SCRIPTS),
])
lab, INDEX = links.lab, links.index
hang_up, up, ended, lost = links.hang_up, links.up, links.ended, links.lost


def routes(family="-4"):
    done = subprocess.run(["ip", family, "route", "show"], stdout=subprocess.PIPE, check=True)
    return {text.split()[0]: text for text in done.stdout.decode().splitlines() if "dev ras" in text}


def told():
    return read(TOLD).decode().splitlines()


def forget():
    for path in (TOLD, f"{TOLD}.routes"):
        if os.path.exists(path):
            os.unlink(path)


def shown():
    return {(r["Role"], bytes(r["Addr"]), r["PrefixLength"]) for r in lab.table("rasAddrTable", "rasAddr").values() if len(r) == 4}


def is_up(name):
    """All that the options bring is there and shown."""
    ifname = f"ras{INDEX[name]}"
    found = routes()
    check(found["10.200.0.0/16"].startswith(f"10.200.0.0/16 dev {ifname} proto 114"), found)
    check(f"default dev {ifname}" in found["default"], found)
    check(ROUTES[1] in routes("-6"), routes("-6"))
    until(lambda: "nameserver 10.99.1.53" in read(RESOLV).decode() and "192.0.2.53" not in read(RESOLV).decode(), 10,
          lambda: f"name server of the peer: {read(RESOLV).decode()}")
    wanted = {("route", b"\x0a\xc8\0\0", 16), ("gateway", bytes((10, 99, 1, 1)), 0), ("dns", bytes((10, 99, 1, 53)), 0),
              ("local", bytes((10, 99, 1, 2)), 32)}
    check(wanted <= shown(), shown())


def is_down():
    equal((routes(), routes("-6")), ({}, {}))
    until(lambda: read(RESOLV).decode() == BEFORE, 10, lambda: f"resolv.conf: {read(RESOLV).decode()}")
    equal(sorted(os.listdir("/tmp/etc")), ["resolv.conf"])


@test(60)
def while_up():
    """Routes, default route and name server while up, as the host had it after the hang-up; scripts with their arguments, once"""
    forget()
    row = up("plain")
    equal(told(), [f"up {INDEX['plain']} plain {row['IfName']} 10.99.1.2 10.99.1.53"])
    check("10.200.0.0/16" in read(f"{TOLD}.routes").decode(), "the routes are there before the script")
    is_up("plain")
    hang_up("plain")
    equal([text.split()[:4] for text in told()], [[word, str(INDEX["plain"]), "plain", row["IfName"]] for word in ("up", "down")])
    is_down()


@test(60)
def without():
    """Without the options the host's default route and name servers stay; IPv6 routes need no IPv6 address"""
    up("no-options")
    equal(set(routes()), {"10.99.1.1"})
    equal(read(RESOLV).decode(), BEFORE)
    check(not [r for r in shown() if r[0] in ("route", "gateway", "dns")], shown())
    hang_up("no-options")
    up("ip6")
    check(ROUTES[1] in routes("-6"), routes("-6"))
    hang_up("ip6")
    is_down()


@test(90)
def ends():
    """The line is lost, pppd is killed: all is undone, the down-script runs once; also for an adopted link"""
    for adopted, end, code in ((False, lambda row: far_side.send(signal.SIGKILL), 829),
                               (False, lambda row: os.kill(row["ProcessId"], signal.SIGKILL), 628),
                               (True, lambda row: os.kill(row["ProcessId"], signal.SIGKILL), 628)):
        forget()
        row = up("plain")
        is_up("plain")
        if adopted:
            lab.restart_agent()
        end(row)
        lost("plain", code, "linkLost")
        equal([text.split()[0] for text in told()], ["up", "down"])
        is_down()


@test(60)
def interface_taken():
    """The interface is set down by somebody else, and its routes with it: the hang-up undoes the rest"""
    forget()
    row = up("plain")
    subprocess.run(["ip", "link", "set", row["IfName"], "down"], check=True)
    until(lambda: not routes(), 10, routes)
    hang_up("plain")
    equal([text.split()[0] for text in told()], ["up", "down"])
    is_down()


@test(90)
def adoption():
    """kill -9 of the agent: all stays, and is undone at the end of the link; also if that came while no agent was there"""
    forget()
    before = up("plain")
    lab.kill_agent()
    check("default" in routes(), routes())
    lab.start_agent()
    equal(lab.conn(INDEX["plain"])["CallId"], before["CallId"])
    is_up("plain")
    equal(len(told()), 1)
    hang_up("plain")
    equal([text.split()[0] for text in told()], ["up", "down"])
    is_down()
    forget()
    up("plain")
    lab.kill_agent()
    far_side.send(signal.SIGKILL)
    until(lambda: not ours(), 20, lambda: f"pppd ends: {ours()}")
    lab.start_agent()
    lost("plain", 829, "linkLost")
    equal([text.split()[0] for text in told()], ["up", "down"])
    is_down()


@test(60)
def redial():
    """Each link of a redial series has them anew"""
    forget()
    first = up("again")
    far_side.send(signal.SIGKILL)
    until(lambda: (lambda r: r["OperStatus"] == "up" and r["CallId"] != first["CallId"])(lab.conn(INDEX["again"])), 30, "up again")
    check("10.200.0.0/16" in routes(), routes())
    hang_up("again")
    equal([text.split()[0] for text in told()], ["up", "down", "up", "down"])
    is_down()


links.run()
