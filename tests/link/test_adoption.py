#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async l2tp_ppp pppoe veth ipv6
# programs: pppd chat xl2tpd pptp pptpd pppoe-server
"""Links of every device type outlive the agent: it is killed and starts again, also more than once, while links end, entries change and
numbers of processes are used again."""
import ctypes
import re
import signal
import subprocess

import far_side
from every_type import TYPES, EveryType, names_at
from links import *

CLONE3 = 435
MORE = [pty(f"pty-{n}", peer(f"more{n}", 30 + n, "require-chap")) for n in range(3)]
# What is waiting to be sent goes with the agent, so notifications are looked at one by one.
links = EveryType(more=MORE, books=("history", "rows"))
lab, INDEX = links.lab, links.index
UP = names_at("up") + [e["name"] for e in MORE]
PPP = [name for name in UP if name.split("-")[0] not in ("loopback", "exec")]
KEPT = ("OperStatus", "CallId", "StartTime", "ProcessId", "IfName", "IfIndex", "LocalAddr", "PeerAddr", "DeviceName", "Speed", "Attempts",
        "Successes", "Failures", "Drops", "Desired", "LastErrorCode")


def ping(row):
    done = subprocess.run(["ping", "-n", "-c", "2", "-i", "0.2", "-s", "500", "-w", "10", address(row["PeerAddr"])],
                          stdout=subprocess.PIPE, check=False)
    equal(done.returncode, 0, done.stdout.decode())


def octets():
    return lab.column("rasStatsCallInOctets")


def same(before, names=None):
    """Links go on as they were."""
    for name in names or before:
        row = links.row(name)
        for column in KEPT:
            equal(row[column], before[name][column], f"{column} of {name}: {row['LastErrorText']}\n{links.attempt_log(name)}")


def told(kind, names):
    return {name: len(lab.sink.take(kind, INDEX[name])) for name in names}


def without(*names):
    """The phonebook as it is, but for these."""
    return [e for e in lab.entries if e["name"] not in names]


@test(120)
def twelve_at_once():
    """Twelve links of all types: kill -9, start, SIGTERM, start: pids, call ids, start times, addresses, counters; hang-up"""
    before = links.all_up(UP)
    for name in PPP:
        ping(before[name])
    until(lambda: all(octets()[INDEX[name]] >= 1000 for name in PPP), 20, "octets are counted")
    lab.all_told()
    counted, connected, processes = octets(), told("rasConnected", UP), ours()
    for end in (lab.kill_agent, lab.stop_agent):
        end()
        equal(set(ours()), set(processes), "programs while there is no agent")
        lab.start_agent()
        same(before)
        now = octets()
        equal([name for name in UP if now[INDEX[name]] < counted[INDEX[name]]], [], "counters that went back")
        check(all(row["Duration"] >= before[name]["Duration"] for name, row in ((n, links.row(n)) for n in UP)), "duration")
    for name in PPP:
        ping(before[name])
    equal(told("rasConnected", UP), connected, "nothing is told again")
    equal(set(ours()), set(processes), "programs")
    links.all_down(UP)


@test(120)
def ended_meanwhile():
    """Links that ended while no agent was there: history, notification, cause and pppd's exit status are those of the end"""
    names = [name for name in UP if not name.startswith("loopback")]
    before = links.all_up(names)
    lab.kill_agent()
    os.kill(before["pty-2"]["ProcessId"], signal.SIGKILL)
    os.kill(before["exec-up"]["ProcessId"], signal.SIGTERM)
    far_side.send(signal.SIGTERM)
    until(lambda: "pppd" not in ours().values(), 30, lambda: f"pppd ends: {ours()}")
    lab.start_agent()
    for name in names:
        code, cause = {"pty-2": (628, "linkLost"), "exec-up": (829, "linkLost")}.get(name, (629, "remoteHangup"))
        row = links.lost(name, code, cause)
        equal((row["CallId"], row["Drops"] - before[name]["Drops"]), (before[name]["CallId"], 1), name)
        check(name in ("pty-2", "exec-up") or row["LastBackendCode"] > 0, f"exit status of {name}: {row['LastBackendCode']}")
        (call,) = [h for h in lab.history(INDEX[name]) if h["CallId"] == row["CallId"]]
        equal(call["Connected"], "true", name)
    links.nothing_left()


@test(150)
def killed_in_adoption():
    """A second kill -9 while links are adopted and attempts ended, at several moments: nothing is lost, told twice or left"""
    trying = [f"{t}-allDevicesConnected" for t in TYPES if t not in ("loopback", "directSerial", "modem", "cellular")]
    before = links.all_up(UP)
    for pattern in ("", "adopted", "failed in state", "started", f"entry {trying[-1]}: call .*failed"):
        links.dial_all(trying)
        until(lambda: set(links.states(trying).values()) == {"allDevicesConnected"}, 40, lambda: f"attempts: {links.states(trying)}")
        lab.kill_agent()
        lab.start_agent(wait=False)
        until(lambda: re.search(pattern, lab.agent.log()), 20, f"'{pattern}' in the log", pause=0)  # pylint: disable=cell-var-from-loop
        lab.kill_agent()
        lab.start_agent()
        same(before)
        links.all_become(trying, "failed")
        for name in trying:
            equal(links.row(name)["LastErrorCode"], 834, name)
        lab.check_sums()
    links.all_down(UP)


@test(120)
def entry_removed():
    """Entries that are gone from the file meanwhile: their links are hung up, and each has its row in the history"""
    entries = lab.entries
    names = UP[1:]
    before = links.all_up(names)
    lab.kill_agent()
    lab.write_config(without(*names))
    try:
        lab.start_agent()
        until(lambda: not ours(), 30, lambda: f"programs end: {ours()}")
        until(lambda: lab.get("rasThreads.0") == 0, 30, "threads end")
        links.nothing_left()
        history = {h["CallId"]: h for h in lab.history()}
        for name in names:
            call = history[before[name]["CallId"]]
            equal((call["EntryName"], call["Connected"], call["ErrorCode"], call["Cause"]), (name, "true", 631, "localRequest"), name)
    finally:
        lab.write_config(entries)
        lab.stop_agent()
        lab.start_agent()
    for name in names:
        equal(links.row(name)["OperStatus"], "down", name)


@test(120)
def entry_changed():
    """Entries that have changed meanwhile keep their links: another destination, another type; the next dial is the new one's"""
    entries = lab.entries
    changed = [{**e, "destination": "elsewhere.invalid"} if e["name"] in ("pptp-up", "l2tp-up") else
               {**e, "device_name": "eth77"} if e["name"] == "pppoe-up" else
               {"name": e["name"], "index": e["index"], "device_type": "loopback"} if e["name"] in ("pty-up", "exec-up", "modem-up") else e
               for e in entries]
    names = names_at("up")
    before = links.all_up(names)
    lab.kill_agent()
    lab.write_config(changed)
    try:
        lab.start_agent()
        same(before)
        lab.restart_agent()
        same(before)
        links.all_down(names)
        links.dial("pty-up")
        equal(links.comes_up("pty-up")["IfName"], "lo")
        links.hang_up("pty-up")
        equal([h["DeviceType"] for h in lab.history(INDEX["pty-up"])[-2:]], ["pty", "loopback"])
    finally:
        lab.stop_agent()
        lab.write_config(entries)
        lab.start_agent()


# ---- what only looks like a link ----

def take_number(pid):
    """Makes a process of ours that has this number. Returns whether it could be had: it is not free while a group has it."""
    wanted = ctypes.c_int(pid)
    # struct clone_args (clone(2)): exit_signal, and at the end set_tid and its size. The lock of the interpreter is not let go
    # meanwhile: the child would never get it.
    arguments = (ctypes.c_uint64 * 10)(*[0] * 4, signal.SIGCHLD, *[0] * 3, ctypes.addressof(wanted), 1)
    got = ctypes.PyDLL(None, use_errno=True).syscall(CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments))
    if got == 0:
        os.execv("/bin/sleep", ["/bin/sleep", "1000"])
    return got == pid


@test(90)
def number_used_again():
    """The pppd, helper or xl2tpd has died meanwhile, and another process has its number: that one is left alone, the link is lost"""
    names = ["pty-up", "exec-up", "l2tp-up"]
    before = links.all_up(names)
    xl2tpd = next(pid for pid, name in ours().items() if name == "xl2tpd")
    gone = [before["pty-up"]["ProcessId"], before["exec-up"]["ProcessId"], xl2tpd]
    lab.kill_agent()
    for number in gone:
        os.killpg(number, signal.SIGKILL)
    for number in gone:
        until(lambda: take_number(number), 20, f"number {number} is free")  # pylint: disable=cell-var-from-loop
    try:
        lab.start_agent()
        for name in names:
            equal((links.ended(name)["LastCause"], lab.history(INDEX[name])[-1]["Connected"]), ("linkLost", "true"), name)
        equal([os.waitpid(number, os.WNOHANG) for number in gone], [(0, 0)] * 3, "the others live")
    finally:
        for number in gone:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)
    subprocess.run(["ip", "link", "del", "exec0"], check=False)
    links.nothing_left()


@test(90)
def foreign_interface():
    """The link has died meanwhile, and somebody else's interface has its name: the link is lost, the interface stays"""
    for name in ("pty-up", "exec-up"):
        row = links.up(name)
        lab.kill_agent()
        os.kill(row["ProcessId"], signal.SIGKILL)
        subprocess.run(["ip", "link", "del", "exec0"], stderr=subprocess.DEVNULL, check=False)
        until(lambda: not os.path.exists(f"/sys/class/net/{row['IfName']}"), 10, "it has gone")  # pylint: disable=cell-var-from-loop
        subprocess.run(["ip", "link", "add", row["IfName"], "type", "veth", "peer", "name", "peer0"], check=True)
        lab.start_agent()
        row = links.ended(name)
        equal(row["LastCause"], "linkLost", row["LastErrorText"])
        check(os.path.exists("/sys/class/net/peer0"), "it is still there")
        subprocess.run(["ip", "link", "del", "peer0"], check=True)
    links.nothing_left()


@test(90)
def stale_records():
    """Records of an earlier start of the machine, of an earlier call, and such that are none: put away, and nothing happens to anybody"""
    row = links.up("pty-up")
    file = f"{lab.run_dir}/{row['CallId']}.link"
    record = read(file)
    lab.kill_agent()
    pid = str(row["ProcessId"]).encode()
    copies = {"4000000001.link": record[:len(record) // 2], "4000000002.link": b"\xff" * 300, "4000000003.link": b""}
    for name, text in copies.items():
        with open(f"{lab.run_dir}/{name}", "wb") as out:
            out.write(text)
    lab.start_agent()
    same({"pty-up": row})
    check(pid in record, "the record names the process")
    equal([n for n in os.listdir(lab.run_dir) if n.endswith(".link")], [os.path.basename(file)])
    equal(len([n for n in os.listdir(lab.run_dir) if ".damaged" in n or "damaged" in n]), 3)
    equal(lab.get("rasStorageStatus.0"), "damaged")
    links.hang_up("pty-up")
    # Hung up, its record comes back: nobody is to be taken for its process.
    lab.stop_agent()
    with open(file, "wb") as out:
        out.write(record)
    lab.start_agent()
    equal(len([h for h in lab.history(INDEX["pty-up"]) if h["CallId"] == row["CallId"]]), 1, "told once")
    equal(links.row("pty-up")["OperStatus"], "down")
    for name in os.listdir(lab.run_dir):
        if "damaged" in name:
            os.unlink(f"{lab.run_dir}/{name}")
    links.nothing_left()


# ---- the end of the agent ends the links ----

@test(120)
def hang_up_on_exit():
    """on-exit: hang-up: SIGTERM ends links and attempts of every type with all that they have; they are not dialed again"""
    lab.write_config(agent={"on_exit": "hang-up"})
    try:
        lab.restart_agent()
        before = links.all_up(UP)
        links.dial("pty-allDevicesConnected")
        lab.stop_agent(limit=15)
        links.nothing_left()
        lab.start_agent()
        history = {h["CallId"]: h for h in lab.history()}
        for name in UP:
            row = links.row(name)
            equal((row["OperStatus"], row["CallId"]), ("down", before[name]["CallId"]), name)
            equal(history[row["CallId"]]["Connected"], "true", name)
        equal(links.row("pty-allDevicesConnected")["LastErrorCode"], 834)
    finally:
        lab.write_config(agent={"on_exit": "keep"})
        lab.restart_agent()


links.run()
