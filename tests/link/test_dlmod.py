#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async
# programs: pppd chat
# objects: rasdial.so
"""The agent as a part of snmpd, with real pppd: snmpd is the parent of its processes, over SIGHUP, its end and kill -9."""
import os
import pwd
import signal

os.environ["RASDIAL_TEST_HOST"] = "dlmod"

from links import *  # noqa: E402

PEERS = {name: peer(name, number, "require-chap") for number, name in enumerate(("one", "two", "three", "four"), 1)}
links = Links([pty(name, command) for name, command in PEERS.items()]
              + [pty("late", ["/bin/sh", "-c", 'sleep 60; exec "$@"', "late", *PEERS["four"]], pppd=["connect-delay 60000"], dial_timeout=90)])
lab = links.lab
KEPT = ("CallId", "StartTime", "IfName", "LocalAddr", "PeerAddr", "ProcessId", "Attempts", "Successes")


def kept(name):
    row = links.row(name)
    equal(row["OperStatus"], "up", name)
    return {key: row[key] for key in KEPT}


def children(state=""):
    """Processes whose parent is snmpd: {pid: name}, those in a state."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        fields = read(f"/proc/{pid}/stat").decode().rsplit(")", 1)
        if len(fields) == 2 and int(fields[1].split()[1]) == lab.agent.pid and state in fields[1].split()[0]:
            found[int(pid)] = fields[0].split("(", 1)[1]
    return found


@test(120)
def sighup():
    """SIGHUP with links up and one being set up: links keep their pppd and are watched; the attempt ends, and its processes"""
    for name in PEERS:
        links.dial(name)
    before = {name: kept(name) for name in PEERS if links.comes_up(name)}
    links.dial("late")
    until(lambda: links.row("late")["ProcessId"] > 0, 20, "its pppd")
    trying = links.row("late")["ProcessId"]
    for _ in range(2):
        lab.reload(30)
        for name in PEERS:
            equal(kept(name), before[name], name)
    row = links.ended("late")
    links.agrees("late", row, 834, "internalError")
    until(lambda: trying not in ours(), 10, "its pppd ends")
    equal(sorted(children()), sorted(row["ProcessId"] for row in before.values()), "children of snmpd")

    # One is lost after it was adopted, one is hung up: both are reaped.
    os.kill(before["one"]["ProcessId"], signal.SIGKILL)
    links.lost("one", links.ended("one")["LastErrorCode"], "linkLost")
    links.hang_up("two")
    until(lambda: sorted(children()) == sorted(before[n]["ProcessId"] for n in ("three", "four")), 10, lambda: f"reaped: {children()}")
    links.up("one")
    equal(children("Z"), {}, "zombies")


@test(120)
def lost_meanwhile():
    """A pppd that ends while snmpd has unloaded us leaves no zombie, and is a loss"""
    links.up("three")
    pid, seen = links.row("three")["ProcessId"], len(lab.agent.log())
    lines = lab.snmpd_lines
    lab.snmpd_lines = lambda: ""
    try:
        lab.write_snmpd_conf()
        lab.hup()
        until(lambda: lab.raw("rasVersion.0").type == "noSuchObject", 20, "rasdial is gone")
        check(pid in ours(), "and the link is up")
        os.kill(pid, signal.SIGTERM)
        until(lambda: children("Z") or pid not in children(), 20, "pppd ends")
    finally:
        lab.snmpd_lines = lines
        lab.write_snmpd_conf()
        lab.hup()
    until(lambda: "read again: " in lab.agent.log()[seen:], 20, lambda: lab.agent.log()[seen:])
    row = links.ended("three")
    equal(lab.history(links.index["three"])[-1]["Connected"], "true")
    check(row["LastErrorCode"] > 0, row)
    until(lambda: children("Z") == {}, 10, lambda: f"zombies: {children('Z')}")


@test(120)
def ends():
    """snmpd ends, and is killed: links outlive it, and the next one, which is not their parent, hangs them up"""
    for name in ("one", "two"):
        links.dial(name)
    before = {name: kept(name) for name in ("one", "two") if links.comes_up(name)}
    for end in (lab.stop_agent, lab.kill_agent, lab.stop_agent):
        end()
        for name, row in before.items():
            equal(ours().get(row["ProcessId"]), "pppd", name)
        lab.start_agent()
        for name, row in before.items():
            equal(kept(name), row, name)
    links.hang_up("one")
    links.hang_up("two")


@test(120)
def not_root():
    """As another user snmpd goes on, and what only root can dial says so"""
    nobody = pwd.getpwnam("nobody")
    lab.stop_agent()
    os.chmod(lab.dir, 0o755)
    os.chmod(os.path.dirname(lab.dir), 0o755)
    own(nobody.pw_uid, nobody.pw_gid)
    try:
        lab.start_agent("-u", "nobody", "-g", str(nobody.pw_gid))
        links.dial("one")
        row = links.ended("one")
        say(f"{row['LastErrorCode']} {row['LastErrorText']}")
        check("root" in row["LastErrorText"], row["LastErrorText"])
    finally:
        lab.stop_agent()
        own(0, 0)
        lab.start_agent()


def own(user, group):
    """Gives all that the agent writes to a user."""
    os.chown(lab.config, user, group)
    for directory in (lab.state_dir, lab.run_dir):
        for root, folders, files in os.walk(directory):
            for name in (".", *folders, *files):
                os.chown(os.path.join(root, name), user, group)


links.run()
