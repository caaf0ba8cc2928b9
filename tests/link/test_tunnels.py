#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async l2tp_ppp veth ipv6
# programs: pppd xl2tpd pptp pptpd
"""Device types l2tp and pptp: an xl2tpd or pptp of each connection's own here, servers on a far side."""
import contextlib
import os
import signal
import subprocess
import time

import tunnel_servers
from links import *
from tunnel_servers import BLOCKED, FAR, FULL, HOST, MUTE, NEAR, NOBODY, REFUSED, STRICT

tunnel_servers.connect()
lns = tunnel_servers.lns()
tunnel_servers.lns(FULL, "10.97.1.10-10.97.1.10")
tunnel_servers.lns(STRICT, "10.97.2.10-10.97.2.50", "challenge = yes\n")
pptpd = tunnel_servers.pptp()
stand_in = tunnel_servers.stand_in()


def tunnel(name, device_type, destination, secret=SECRET, pppd=(), **keys):
    return entry(name, device_type, destination=destination, user_name=USER, secret=secret, pppd_options=["lcp-restart 1", *pppd], **keys)


def l2tp(name, destination=FAR, **keys):
    return tunnel(name, "l2tp", destination, **keys)


def pptp(name, destination=FAR, **keys):
    return tunnel(name, "pptp", destination, **keys)


# ---- the phonebook ----

links = Links([
    l2tp("l2tp", HOST),
    l2tp("l2tp-too"),
    l2tp("l2tp-wrong", secret="wrong", redial_max=2),
    l2tp("l2tp-dead", NOBODY, dial_timeout=5),
    l2tp("l2tp-full", FULL),
    l2tp("l2tp-one-more", FULL),
    l2tp("l2tp-strict", STRICT),
    l2tp("l2tp-waits", NOBODY),
    l2tp("l2tp-option", pppd=["no-such-option"]),
    l2tp("l2tp-bad", "host;reboot"),
    l2tp("unknown", "no-such-host.invalid"),
    l2tp("no-way", "203.0.113.1"),
    pptp("pptp"),
    pptp("pptp-too"),
    pptp("pptp-wrong", secret="wrong", redial_max=2),
    pptp("pptp-refused", NOBODY),
    pptp("pptp-blocked", BLOCKED, pppd=["lcp-max-configure 3"]),
    pptp("pptp-no-gre", REFUSED),
    pptp("pptp-lcp", BLOCKED),
    pptp("pptp-bad", "-host"),
    pptp("pptp-mute", MUTE, dial_timeout=5),
    pptp("pptp-waits", MUTE),
])
lab, INDEX = links.lab, links.index
act, dial, hang_up, up, ended = links.act, links.dial, links.hang_up, links.up, links.ended
agrees, fails, lost, attempt_log, nothing_left = links.agrees, links.fails, links.lost, links.attempt_log, links.nothing_left


def start_lns():
    lns.start()
    until(lambda: tunnel_servers.listening((FAR, 1701)), 10, "the LNS listens")


def pids(name):
    return [pid for pid, comm in ours().items() if comm == name]


def ping(peer):
    done = subprocess.run(["ping", "-n", "-c", "2", "-i", "0.2", "-s", "1300", "-w", "10", peer], stdout=subprocess.PIPE, check=False)
    equal(done.returncode, 0, done.stdout.decode())


def roles(index):
    return {(row["Role"], address(row["Addr"])) for key, row in lab.table("rasAddrTable", "rasAddr").items()
            if len(row) == 4 and key[0] == index}


# ---- up ----

@test(90)
def comes_up():
    """l2tp, pptp: up, a ping of full size, both ends of the tunnel in the table of addresses, hang-up"""
    for name, peer in (("l2tp", "10.97.0.1"), ("pptp", "10.96.0.1")):
        row = up(name)
        equal((address(row["PeerAddr"]), row["IfName"]), (peer, f"ras{INDEX[name]}"))
        equal(read(f"/proc/{row['ProcessId']}/comm"), b"pppd\n", "rasConnProcessId")
        ping(peer)
        found = roles(INDEX[name])
        check({("tunnelPeer", FAR), ("tunnelLocal", NEAR), ("peer", peer)} <= found, found)
        equal(hang_up(name)["LastErrorCode"], 631)
        nothing_left()


@test(90)
def side_by_side():
    """l2tp: two at once to one server, each with an xl2tpd of its own; the end of one leaves the other alone"""
    dial("l2tp")
    dial("l2tp-too")
    for name in ("l2tp", "l2tp-too"):
        links.comes_up(name)
    equal(len(pids("xl2tpd")), 2)
    hang_up("l2tp")
    ping("10.97.0.1")
    hang_up("l2tp-too")


@test(60)
def one_for_each_server():
    """pptp: a second connection to a server is refused with the reason, and does the first no harm"""
    up("pptp")
    fails("pptp-too", 633, "portUnavailable", text="Another PPTP connection")
    ping("10.96.0.1")
    hang_up("pptp")


# ---- dials that fail ----

@test(90)
def wrong_passwords():
    """l2tp, pptp: a wrong password is 691, and is not tried again"""
    for name in ("l2tp-wrong", "pptp-wrong"):
        equal(fails(name, 691, "authFailure")["Attempts"], 1)


@test(90)
def no_server():
    """l2tp, pptp: nobody there, nobody who answers, nothing that comes through"""
    fails("l2tp-dead", 809, "serverUnreachable")
    fails("pptp-refused", 808, "serverUnreachable")
    fails("pptp-mute", 809, "serverUnreachable")
    for name in ("pptp-blocked", "pptp-no-gre"):
        fails(name, 806, "serverUnreachable", text="GRE")
    fails("no-way", 800, "serverUnreachable", "openPort", text="unreachable")


@test(60)
def refusals():
    """l2tp: a server that has no address left, one that wants a secret for the tunnel itself: 808"""
    up("l2tp-full")
    fails("l2tp-one-more", 808, "serverUnreachable")
    hang_up("l2tp-full")
    fails("l2tp-strict", 808, "serverUnreachable", text="secret for the tunnel")


@test(60)
def names_of_hosts():
    """A name that is not known: 868"""
    fails("unknown", 868, "nameResolution", "openPort")


@test(60)
def missing_things():
    """Missing xl2tpd and pptp, each told by name with its package; an option that pppd does not know"""
    for program, package, name in (("xl2tpd", "xl2tpd", "l2tp"), ("pptp", "pptp-linux", "pptp")):
        take_away(program)
        fails(name, 609, "noKernelSupport", "openPort", text=f"package {package}")
        set_back()
    fails("l2tp-option", 625, "configError", text="no-such-option")


@test(30)
def bad_destinations():
    """A destination that is no host is told by its characters"""
    for name in ("l2tp-bad", "pptp-bad"):
        fails(name, 749, "badAddress", "openPort", text="letters, digits")


# ---- links that end ----

@test(120)
def server_ends():
    """l2tp: the LNS ends the call, or itself: 629. pptp: 629, or 807 without a word"""
    up("l2tp")
    far_side.send(signal.SIGTERM)
    lost("l2tp", 629, "remoteHangup")
    up("l2tp")
    lns.end()
    lost("l2tp", 629, "remoteHangup")
    start_lns()
    up("pptp")
    far_side.send(signal.SIGTERM)
    lost("pptp", 629, "remoteHangup")
    up("pptp")
    tunnel_servers.kill_far(signal.SIGKILL, "pptpctrl")
    lost("pptp", 807, "linkLost")


@test(90)
def killed_here():
    """xl2tpd, pptp or pppd is killed while up: told, and nothing is left of the others"""
    up("l2tp")
    os.kill(pids("xl2tpd")[0], signal.SIGKILL)
    row = lost("l2tp", 628, "linkLost")
    check("xl2tpd was killed by signal 9" in row["LastErrorText"], row["LastErrorText"])
    nothing_left()
    for name in ("l2tp", "pptp"):
        os.kill(up(name)["ProcessId"], signal.SIGKILL)
        lost(name, 628, "linkLost")
        nothing_left()
    up("pptp")
    os.kill(pids("pptpgw")[0], signal.SIGKILL)
    lost("pptp", 807, "linkLost")


# ---- hang-up and restarts ----

@test(120)
def hang_up_anywhere():
    """Hang-up while the name is looked up, while the server is silent, while LCP waits, while a frozen one is up"""
    dial("unknown")
    until(lambda: pids("getent"), 20, "the name is looked up")
    equal(hang_up("unknown")["LastErrorCode"], 631)
    nothing_left()
    dial("l2tp-waits")
    until(lambda: pids("xl2tpd"), 20, "xl2tpd runs")
    equal(hang_up("l2tp-waits")["LastErrorCode"], 631)
    nothing_left()
    dial("pptp-waits")
    until(lambda: pids("pptp") or pids("pptpcm"), 20, "pptp runs")
    equal(hang_up("pptp-waits")["LastErrorCode"], 631)
    nothing_left()
    dial("pptp-lcp")
    until(lambda: pids("pptpgw"), 20, "the tunnel is there")
    equal(hang_up("pptp-lcp")["LastErrorCode"], 631)
    nothing_left()
    for name in ("l2tp", "pptp"):
        up(name)
        far_side.send(signal.SIGSTOP)
        begin = time.monotonic()
        equal(hang_up(name)["LastErrorCode"], 631)
        check(time.monotonic() - begin < 12, "within the limit")
        far_side.send(signal.SIGCONT)
        nothing_left()


@test(150)
def adoption():
    """The agent is killed: links that are up are found again, attempts under way are ended with all their processes and files"""
    names = ("l2tp", "pptp")
    before = {name: up(name) for name in names}
    dial("l2tp-waits")
    dial("pptp-waits")
    dial("unknown")
    until(lambda: len(pids("xl2tpd")) == 2 and len(pids("pppd")) == 3 and pids("getent"), 20, lambda: f"all run: {ours()}")
    lab.kill_agent()
    lab.start_agent()
    for name in names:
        row = lab.conn(INDEX[name])
        for column in ("OperStatus", "CallId", "StartTime", "ProcessId", "LocalAddr", "PeerAddr", "IfName"):
            equal(row[column], before[name][column], f"{column} of {name}")
        check({("tunnelPeer", FAR), ("tunnelLocal", NEAR)} <= roles(INDEX[name]), roles(INDEX[name]))
    for name in ("l2tp-waits", "pptp-waits", "unknown"):
        row = ended(name)
        equal((row["LastErrorCode"], row["LastCause"]), (834, "internalError"))
    until(lambda: len(pids("xl2tpd")) == 1 and len(pids("pppd")) == 2 and not pids("getent"), 15,
          lambda: f"only what is up is left: {ours()}")
    ping("10.97.0.1")
    ping("10.96.0.1")
    for name in names:
        hang_up(name)
    nothing_left()


@test(200)
def killed_anywhere():
    """The agent is killed when each program of an attempt has just begun: nothing is left of it, or the link is up"""
    for name, begun in (("l2tp", "xl2tpd"), ("l2tp", "pppd"), ("pptp", "pptp"), ("pptp", "pptpcm"), ("pptp", "pptpgw")):
        dial(name)
        until(lambda: pids(begun), 20, f"{begun} begins", pause=0)  # pylint: disable=cell-var-from-loop
        lab.kill_agent()
        lab.start_agent()
        row = ended(name, "failed", "up")
        if row["OperStatus"] == "up":
            hang_up(name)
        else:
            equal((row["LastErrorCode"], row["LastCause"]), (834, "internalError"))
        nothing_left()


@test(60)
def without_the_kernel():
    """l2tp: up, a ping and hang-up where the kernel has no L2TP of its own"""
    lns.end()
    until(lambda: subprocess.run(["rmmod", "l2tp_ppp"], stderr=subprocess.DEVNULL, check=False).returncode == 0, 10, "nobody uses it")
    try:
        start_lns()
        up("l2tp")
        check("L2TP kernel support not detected" in attempt_log("l2tp"), attempt_log("l2tp"))
        ping("10.97.0.1")
        hang_up("l2tp")
    finally:
        subprocess.run(["modprobe", "-d", "/tmp/modules", "l2tp_ppp"], check=True)
        lns.end()
        start_lns()
    nothing_left()


@test(90)
def ended_meanwhile():
    """Links that end while no agent is there: by the server, and by the death of xl2tpd alone"""
    up("l2tp")
    lab.kill_agent()
    far_side.send(signal.SIGTERM)
    until(lambda: not pids("pppd"), 20, lambda: f"pppd ends: {ours()}")
    lab.start_agent()
    lost("l2tp", 629, "remoteHangup")
    nothing_left()
    up("l2tp")
    lab.kill_agent()
    os.kill(pids("xl2tpd")[0], signal.SIGKILL)
    lab.start_agent()
    row = ended("l2tp")
    equal(row["LastCause"], "linkLost", row["LastErrorText"])
    nothing_left()


until(lambda: all(tunnel_servers.listening(where) for where in ((FAR, 1701), (FULL, 1701), (STRICT, 1701), (FAR, 1723),
                                                                (BLOCKED, 1723))), 30, "servers listen")
links.run()
with contextlib.suppress(ProcessLookupError):
    stand_in.send(signal.SIGKILL)
