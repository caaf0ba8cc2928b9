#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async l2tp_ppp pppoe veth ipv6
# programs: pppd chat xl2tpd pptp pptpd pppoe-server
"""kill -9 of the agent in each state of an attempt, for each device type: nothing is left of the attempt, it is accounted for, and the
entry can be dialed again."""
import contextlib
import os
import re
import signal

from every_type import STATES, EveryType, clear_far_side, names_at
from links import *
from rowfiles import seal_line
from syscalls import DETACH, INTERRUPT, LIBC, SEIZE, WALL

links = EveryType()
lab, INDEX = links.lab, links.index


def reach(names, state):
    """Dials them all, and waits until each is in the state in which its far side holds it."""
    links.dial_all(names)
    until(lambda: set(links.states(names).values()) == {state}, 40, lambda: f"all are in {state}: {links.states(names)}")
    if state == "openPort":
        tunnels = sum(name.startswith(("pptp", "l2tp")) for name in names)
        until(lambda: list(ours().values()).count("getent") >= tunnels, 20, lambda: f"names are looked up: {ours()}")


def killed_in(state, names):
    reach(names, state)
    calls = {name: links.row(name)["CallId"] for name in names}
    links.crash()
    links.accounted(names)
    equal({name: links.row(name)["CallId"] for name in names}, calls, "they are the same attempts")
    for name in names:
        equal(len(lab.notifications("rasDialFailed", INDEX[name])), 1, name)
    clear_far_side()
    reach(names, state)
    links.hang_up_all(names)
    links.accounted(names, 631, "localRequest", status="down")
    clear_far_side()


for each in STATES:
    def killed(state=each):
        killed_in(state, [name for name in names_at(state) if not name.startswith("loopback")])
    killed.__name__ = f"killed_in_{each}"
    killed.__doc__ = f"Killed in {each}: ended with all of its processes and files, accounted for, dialed again as before"
    test(90)(killed)


@test(120)
def killed_simulated():
    """The simulated line holds none of them, and is killed as it passes"""
    for state in STATES:
        killed_in(state, [f"loopback-{state}"])


@test(120)
def killed_at_once():
    """Killed when the first program has just begun: nothing is left that no later agent knows of"""
    names = names_at("allDevicesConnected")
    for _ in range(4):
        links.dial_all(names)
        until(lambda: "pppd" in ours().values(), 20, "pppd begins", pause=0)
        links.crash()
        links.accounted(names)
        clear_far_side()


@contextlib.contextmanager
def held(pid):
    """It does nothing meanwhile. SIGCONT, which comes with each request to end, would let one go that is only stopped."""
    equal(LIBC.ptrace(SEIZE, pid, None, None), 0, f"{pid} is seized")
    equal(LIBC.ptrace(INTERRUPT, pid, None, None), 0, f"{pid} is interrupted")
    os.waitpid(pid, WALL)
    try:
        yield
    finally:
        equal(LIBC.ptrace(DETACH, pid, None, None), 0, f"{pid} is let go")


def pending(pid):
    """Signals that have been sent to a process that is held."""
    mask = int(re.search(rb"ShdPnd:\t(\w+)", read(f"/proc/{pid}/status"))[1], 16)
    return [number for number in signal.Signals if mask >> number - 1 & 1]


@test(120)
def killed_before_pppd():
    """Killed while xl2tpd starts pppd, which the next agent does not know either and ends with xl2tpd: no file is left, wherever it was"""
    run, index = lab.run_dir, INDEX["l2tp-up"]
    take_away("pppd")
    write(f"{SBIN}/pppd", "#!/bin/sh\nexec sleep 60\n", 0o755)  # its files come from here, each as at another moment
    links.dial("l2tp-up")
    until(lambda: "sleep" in ours().values(), 20, "xl2tpd starts pppd")
    pids = {program: pid for pid, program in ours().items()}
    call = links.row("l2tp-up")["CallId"]
    lab.kill_agent()
    with held(pids["xl2tpd"]):
        lab.start_agent(wait=False)
        until(lambda: signal.SIGINT in pending(pids["xl2tpd"]), 20, "xl2tpd is asked to end", pause=0)
        write(f"{run}/{call}.ppp", seal_line(b"ppp pid=%d started=1 phase=4" % pids["sleep"]).decode())
        write(f"{run}/.{call}.ppp.{pids['sleep']}", "ppp")  # killed before it was given its name
        write(f"/run/ppp-rasdial-{index}.pid", f"{pids['sleep']}\n")
        write(f"/run/ras{index}.pid", "")  # killed before it was written
    lab.wait_agent()
    links.accounted(["l2tp-up"])
    clear_far_side()


@test(90)
def killed_in_pause():
    """Killed while a refused call waits for another secret: accounted for"""
    names = names_at("paused")
    links.dial_all(names)
    until(lambda: set(links.states(names).values()) == {"retryAuthentication"}, 60, lambda: f"all are paused: {links.states(names)}")
    links.crash()
    links.accounted(names)


@test(90)
def killed_in_redial_pause():
    """Killed between two attempts: the series goes on with its count; hung up, it stays so over another kill"""
    names = names_at("again")
    links.dial_all(names)
    links.all_become(names, "waitingRedial")
    before = {name: links.row(name) for name in names}
    for _ in range(2):
        links.crash()
        for name in names:
            row = links.row(name)
            for column in ("OperStatus", "RedialsLeft", "Attempts", "CallId", "LastErrorCode", "LastErrorText", "LastBackendCode", "Desired"):
                equal(row[column], before[name][column], f"{column} of {name}")
            check(0 < row["NextRedial"] <= before[name]["NextRedial"], f"{name}: {row['NextRedial']} s")
    links.hang_up_all(names)
    links.all_become(names, "down")
    links.crash()
    for name in names:
        row = links.row(name)
        equal((row["OperStatus"], row["Desired"], row["Attempts"]), ("down", "down", 1), name)
    links.nothing_left()


links.run()
