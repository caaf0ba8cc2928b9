#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async ppp_deflate ppp_mppe pppoe veth ipv6
# programs: pppd chat pppoe-server
"""Link modes dialAll and dialAsNeeded: bundles of pppd's multilink, against a pppd that does it, too."""
import glob
import os
import signal
import subprocess
import threading

from links import *

NUMBERS = numbers("one", "two", "busy")
FAR = "noauth\nmultilink"


def apart(command):
    """Not in the process group of our pppd, with which it would be ended: the one that carries the far side's bundle stays there, too."""
    return ["/usr/bin/setsid", *command]


PEER = apart(peer("bundle", 1, FAR))
SINGLE = peer("single", 2, "noauth")
CHAP = apart(peer("chap", 3, "require-chap\nmultilink"))
DIALED = server("dialed", 4, "require-chap\nmultilink")
WIRED = server("wired", 5, "noauth\nmultilink")
LOADED = apart(peer("loaded", 6, FAR))

TABLE = {
    NUMBERS["one"]: {"say": "CONNECT 57600", "run": DIALED},
    NUMBERS["two"]: {"say": "CONNECT 57600", "run": DIALED},
    NUMBERS["busy"]: {"say": "BUSY"},
}
modems = {name: ModemPool(f"/dev/{name}", TABLE) for name in ("modem", "second")}
wires = {name: ModemPool(f"/dev/{name}", {"~": {"run": WIRED}}) for name in ("wire", "wire2")}



def concentrator(name):
    """A cable, and at its far end a pppoe-server that takes several sessions of a caller for one bundle."""
    options = f"{far_side.FOLDER}/pppoe"
    write(options, "require-chap\nname far\nlocal\nmultilink\nnodefaultroute\nnoproxyarp\nlcp-restart 1\n")
    for words in (["link", "add", name, "type", "veth", "peer", "name", f"{name}p", "netns", far_side.NETWORK],
                  ["-n", far_side.NETWORK, "link", "set", f"{name}p", "up"], ["link", "set", name, "up"]):
        subprocess.run(["ip", *words], check=True)
    return subprocess.Popen([*far_side.IN_FAR, "pppoe-server", "-F", "-I", f"{name}p", "-C", "concentrator", "-S", "internet", "-L",
                             "10.67.1.1", "-R", "10.67.1.100", "-N", "8", "-O", options], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


server_of_sessions = concentrator("eth1")

KEYS = {"link_mode": "dial-all", "notify_types": ["connected", "disconnected", "dial-failed", "redial-exhausted", "link-change"]}


def bundle(name, command, n=1, **keys):
    keys.setdefault("user", None)
    return pty(name, command, **{**KEYS, "subentries": [{} for _ in range(n)], **keys})


links = Links([
    bundle("two", PEER),
    bundle("again", PEER, redial_on_drop=True, redial_pause=1, redial_max=1),
    bundle("chap", CHAP, user=USER),
    bundle("no-multilink", SINGLE),
    modem("dialed", NUMBERS["one"], subentries=[{"device_name": "/dev/second", "destination": NUMBERS["two"]}], **KEYS),
    modem("half", NUMBERS["one"], subentries=[{"device_name": "/dev/second", "destination": NUMBERS["busy"]}], **KEYS),
    direct("wires", user=None, subentries=[{"device_name": "/dev/wire2"}], **KEYS),
    entry("sessions", "pppoe", device_name="eth1", destination="internet", user_name=USER, secret=SECRET, subentries=[{}],
          pppd_options=["lcp-restart 1"], **KEYS),
    bundle("needed", LOADED, **{**KEYS, "link_mode": "dial-as-needed"}, speed=40000,
           bandwidth={"add_percent": 70, "add_time": 3, "drop_percent": 20, "drop_time": 3}),
], words={f"number {k}": v for k, v in NUMBERS.items()}, agent={"notifications": {"min_interval": 0}})
lab, INDEX = links.lab, links.index


def link(name, subentry=1):
    return lab.table("rasLinkTable", "rasLink")[INDEX[name], subentry]


def told(what, name):
    """Notifications of the present call."""
    call = lab.conn(INDEX[name])["CallId"]
    return [t for t in lab.notifications(what, None, 0) if t["rasConnCallId"] == call]


def changes(name, n):
    """The status that each of n notifications of links tells, with the number of links that are up then."""
    until(lambda: len(told("rasLinkChange", name)) >= n, 20, lambda: f"{n} changes: {told('rasLinkChange', name)}")
    return [(t["rasLinkOperStatus"], t["rasConnLinksUp"]) for t in told("rasLinkChange", name)]


def links_up(name, n, timeout=40):
    until(lambda: lab.conn(INDEX[name])["LinksUp"] == n, timeout,
          lambda: f"{n} links of {name} are up: {lab.conn(INDEX[name])}\n{links.attempt_log(name)}")


def both_up(name, n=2):
    links.up(name)
    links_up(name, n)


def pppds():
    """{process: parent} of each pppd on this side, without the child that each has."""
    return sorted(pid for pid, name in ours().items() if name == "pppd" and parent(pid) not in ours())


def parent(pid):
    return int((read(f"/proc/{pid}/stat").rpartition(b")")[2].split() or [0] * 2)[1])


def master(name):
    """The pppd that has made the interface."""
    return int(read(f"/run/ras{INDEX[name]}.pid").split()[0])


def both_up_alike(name):
    """On both sides the same of the two carries the bundle, the only one. (A far end is a child of our pppd, and ended with it.)"""
    def alike():
        both_up(name)
        parents = [parent(int(read(file) or 0)) for file in glob.glob(f"{far_side.FOLDER}/run/ppp*.pid")]
        # One that was killed has left its file.
        if [p for p in parents if p != 0] == [master(name)]:
            return True
        links.hang_up(name)
        return False
    until(alike, 60, "the same carries the bundle", pause=0)


def ping(address="10.99.1.1", count=3):
    done = subprocess.run(["ping", "-n", "-c", str(count), "-i", "0.2", "-s", "1400", "-w", "10", address], stdout=subprocess.PIPE,
                          check=False)
    equal(done.returncode, 0, done.stdout.decode())


def lose_line(pid):
    """The line of a pppd of ours: of the one that is its command, the child that has the line is killed."""
    everybody = [int(p) for p in os.listdir("/proc") if p.isdigit()]
    far = [p for p in everybody if parent(p) in [c for c in everybody if parent(c) == pid]]
    check(far, f"{pid} has a line")
    for process in far:
        os.kill(process, signal.SIGKILL)


@test(60)
def two_up():
    """Two links up: both rows, one interface, one pair of addresses, packets through it; hang-up leaves nothing"""
    both_up("two")
    row, second = links.row("two"), link("two")
    equal((row["OperStatus"], row["LinksUp"], row["IfName"]), ("up", 2, f"ras{INDEX['two']}"))
    equal((second["OperStatus"], second["State"], second["IfIndex"]), ("up", "connected", row["IfIndex"]))
    equal((address(row["LocalAddr"]), address(row["PeerAddr"])), ("10.99.1.2", "10.99.1.1"))
    equal(set(os.listdir("/sys/class/net")) - links.interfaces, {row["IfName"]}, "interfaces")
    equal(len(pppds()), 2, "processes")
    equal(row["ProcessId"], master("two"))
    before = lab.get(f"rasStatsCallInOctets.{INDEX['two']}")
    ping()
    until(lambda: lab.get(f"rasStatsCallInOctets.{INDEX['two']}") >= before + 4200, 10, "octets are counted")
    check(lab.get(f"rasStatsCallInOctets.{INDEX['two']}") < before + 8400, "octets are counted once")
    equal(changes("two", 2), [("up", 1), ("up", 2)])
    check("link 1: " in links.attempt_log("two"), "the log tells of each link")
    row = links.hang_up("two")
    equal((row["LastCause"], row["LinksUp"], row["IfName"], row["Attempts"]), ("localRequest", 0, "", 1))
    check(lab.history(INDEX["two"])[-1]["InOctets"] >= 4200, "octets in the history")


@test(60)
def authenticated():
    """Each link authenticates itself"""
    both_up("chap")
    ping("10.99.3.1")
    links.hang_up("chap")


@test(60)
def member_lost():
    """The one that has joined is lost: up with the other one"""
    both_up_alike("two")
    other, = set(pppds()) - {master("two")}
    lose_line(other)
    links_up("two", 1)
    ping()
    equal(links.row("two")["OperStatus"], "up")
    equal(changes("two", 3)[2][1], 1)
    links.hang_up("two")


@test(60)
def master_line_lost():
    """The line of the one that carries the bundle is lost: up with the other one, and hang-up ends both"""
    both_up("two")
    pid, index = master("two"), links.row("two")["IfIndex"]
    lose_line(pid)
    links_up("two", 1)
    ping()
    row = links.row("two")
    equal((row["OperStatus"], row["IfIndex"], row["ProcessId"]), ("up", index, pid))
    check(pid in pppds(), "it stays")
    links.hang_up("two")


@test(60)
def dialed_again():
    """The line of the one that carries the bundle is lost and dialed again as one that joins"""
    both_up("again")
    pid, call, before = master("again"), links.row("again")["CallId"], pppds()
    lose_line(pid)
    equal(changes("again", 4)[2:], [("waitingRedial", 1), ("up", 2)])
    ping()
    row = links.row("again")
    equal((row["OperStatus"], row["CallId"], row["ProcessId"]), ("up", call, pid))
    equal(len(pppds()), 3)
    # Not the third, whose far end may carry the bundle there: it is a child that pppd ends with itself.
    joined, = set(pppds()) - set(before)
    lose_line(joined)
    equal(changes("again", 6)[4:], [("waitingRedial", 1), ("up", 2)])
    ping()
    links.hang_up("again")


@test(60)
def both_lost():
    """All are lost: it ends, one disconnected; with redial-on-drop it is dialed again"""
    both_up("two")
    for pid in pppds():
        lose_line(pid)
    row = links.ended("two")
    equal((row["LastCause"], row["LinksUp"]), ("linkLost", 0))
    lab.all_told()
    equal(len(told("rasDisconnected", "two")), 1)
    both_up("again")
    call = links.row("again")["CallId"]
    far_side.send(signal.SIGKILL)
    until(lambda: links.row("again")["CallId"] != call, 40, "another call")
    links.comes_up("again")
    links_up("again", 2)
    ping()
    links.hang_up("again")


@test(60)
def master_killed():
    """The pppd that carries the bundle is killed: all is lost, and nothing stays"""
    both_up("two")
    os.kill(master("two"), signal.SIGKILL)
    row = links.ended("two")
    equal((row["LastCause"], row["LinksUp"]), ("linkLost", 0))


@test(60)
def no_multilink():
    """A peer that does no multilink: one link, the other is told why"""
    links.up("no-multilink")
    until(lambda: link("no-multilink")["OperStatus"] != "dialing" and link("no-multilink")["OperStatus"] != "authenticating", 30, "settled")
    row = links.row("no-multilink")
    equal((row["OperStatus"], row["LinksUp"]), ("up", 1))
    if link("no-multilink")["OperStatus"] != "up":  # else it is the entry's own that had no luck
        equal((link("no-multilink")["OperStatus"], link("no-multilink")["LastErrorCode"]), ("failed", 716))
    ping("10.99.2.1")
    links.hang_up("no-multilink")


@test(90)
def modems_in_a_bundle():
    """Two modems; one of which finds its number busy"""
    both_up("dialed")
    ping("10.99.4.1")
    equal(links.row("dialed")["Speed"], 2 * 57600)
    # The far pppd that carries the bundle there would take all with it.
    far = int(read(f"{far_side.FOLDER}/run/ppp0.pid"))
    other, = [m for m in modems.values() if m.child.pid != parent(far)]
    other.lose_carrier()
    links_up("dialed", 1)
    ping("10.99.4.1")
    links.hang_up("dialed")
    links.up("half")
    until(lambda: link("half")["OperStatus"] == "failed", 30, "the other one is busy")
    equal((link("half")["LastErrorCode"], link("half")["LastCause"], links.row("half")["LinksUp"]), (676, "lineBusy", 1))
    links.hang_up("half")


@test(60)
def cables_in_a_bundle():
    """Two cables"""
    both_up("wires")
    ping("10.99.5.1")
    links.hang_up("wires")


@test(60)
def sessions_in_a_bundle():
    """Two PPPoE sessions"""
    both_up("sessions")
    ping("10.67.1.1")
    links.hang_up("sessions")


def kill_and_start():
    lab.kill_agent()
    lab.start_agent()


@test(90)
def adopted():
    """kill -9 of the agent with two links up: both are adopted, with call, start time and counters; hang-up ends all"""
    both_up_alike("two")
    ping()
    octets = lab.get(f"rasStatsCallInOctets.{INDEX['two']}")
    before, processes = links.row("two"), pppds()
    kill_and_start()
    links_up("two", 2)
    row = links.row("two")
    same = ("OperStatus", "CallId", "StartTime", "IfIndex", "IfName", "ProcessId")
    equal([row[c] for c in same], [before[c] for c in same])
    equal(pppds(), processes)
    check(lab.get(f"rasStatsCallInOctets.{INDEX['two']}") >= octets, "counters go on")
    equal(link("two")["OperStatus"], "up")
    ping()
    other, = set(pppds()) - {master("two")}
    lose_line(other)
    links_up("two", 1)
    links.hang_up("two")


@test(90)
def adopted_bare():
    """kill -9 while a lost line carries the bundle, and with one that is lost meanwhile"""
    both_up("again")
    pid = master("again")
    lose_line(pid)
    equal(changes("again", 4)[2:], [("waitingRedial", 1), ("up", 2)])
    kill_and_start()
    links_up("again", 2)
    ping()
    check(pid in pppds(), "it carries the bundle still")
    links.hang_up("again")
    both_up("two")
    pid = master("two")
    lab.kill_agent()
    lose_line(pid)
    lab.start_agent()
    links_up("two", 1)
    ping()
    check(pid in pppds(), "it carries the bundle still")
    lab.kill_agent()
    for other in pppds():
        if other != pid:
            lose_line(other)
    until(lambda: not pppds(), 20, "all end")
    lab.start_agent()
    row = links.ended("two")
    equal(row["LastCause"], "linkLost")


@test(60)
def killed_in_set_up():
    """kill -9 of the agent while the links are being dialed: they are ended"""
    links.dial("dialed")
    until(lambda: len(pppds()) == 2, 20, "both have begun")
    kill_and_start()
    row = links.ended("dialed", "failed", "down")
    equal(row["LastErrorCode"], 834)
    until(lambda: not ours(), 20, "nothing is left")


class Load:
    """Packets to the peer, until it is told to stop."""

    def __enter__(self):
        self.over = False
        self.thread = threading.Thread(target=self.send)
        self.thread.start()
        return self

    def send(self):
        while not self.over:
            subprocess.run(["ping", "-n", "-c", "10", "-i", "0.2", "-s", "1000", "-w", "4", "10.99.6.1"], stdout=subprocess.DEVNULL,
                           check=False)

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


@test(120)
def as_needed():
    """dialAsNeeded: one link; a second one under load; dropped when the load has gone"""
    links.up("needed")
    equal((links.row("needed")["LinksUp"], links.row("needed")["Speed"]), (1, 40000))
    with Load():
        links_up("needed", 2)
        equal((link("needed")["OperStatus"], links.row("needed")["Speed"]), ("up", 80000))
    links_up("needed", 1)
    row = link("needed")
    equal((row["OperStatus"], row["LastErrorCode"], row["Failures"]), ("down", 936, 0))
    ping("10.99.6.1")
    equal(changes("needed", 3), [("up", 1), ("up", 2), ("down", 1)])
    with Load():
        links_up("needed", 2)
    links.hang_up("needed")


links.run()
