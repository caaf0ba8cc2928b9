#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: ppp_async l2tp_ppp pppoe veth ipv6
# programs: pppd chat xl2tpd pptp pptpd pppoe-server
"""kill -9 of the agent at moments that pass: when a state is just entered, and while links are being hung up, for each device type."""
import random
import signal

from every_type import TYPES, EveryType, clear_far_side, names_at
from links import *

# What is waiting to be sent goes with the agent, so notifications are looked at one by one.
links = EveryType(books=("history", "rows"))
lab, INDEX = links.lab, links.index
PASSING = ("openPort", "portOpened", "connectDevice", "deviceConnected", "allDevicesConnected", "authenticate", "authNotify", "authProject",
           "projected", "connected")


@test(150)
def killed_in_passing():
    """Killed when a state is just entered: the attempt is ended, or what it made is adopted, and nothing is lost"""
    names = names_at("up")
    for device_type in TYPES:
        state = random.choice(PASSING)
        say(f"{device_type} in {state}")
        leader = f"{device_type}-up"
        last = links.row(leader)["CallId"]
        links.dial_all(names)
        call = until(lambda: (lambda i: i if i != last else 0)(links.row(leader)["CallId"]), 20, "it begins")  # pylint: disable=cell-var-from-loop
        lab.agent.log_says(rf"entry {leader}: call {call}: ({state}\b|connected|failed)", 40)
        links.crash()
        links.all_become(names, "up", "failed")
        rows = {name: links.row(name) for name in names}
        down = [name for name in names if rows[name]["OperStatus"] == "failed"]
        equal({(rows[name]["LastErrorCode"], rows[name]["LastCause"]) for name in down} - {(834, "internalError")}, set())
        lab.check_sums()
        links.all_down([name for name in names if name not in down])
        clear_far_side()
    links.all_up(names)
    links.all_down(names)


@test(120)
def killed_in_hang_up():
    """Killed while links are being hung up that do not want to: the hang-up goes on, and is told once"""
    names = names_at("slow")
    links.all_up(names)
    for pid in ours():
        os.kill(pid, signal.SIGSTOP)
    links.hang_up_all(names)
    column = lab.column("rasConnOperStatus")
    hanging = [name for name in names if column[INDEX[name]] == "hangingUp"]
    links.crash()
    check(hanging, "some do not want to")
    links.accounted(names, 631, "localRequest", "true", "down")
    for name in hanging:
        equal(len(lab.notifications("rasDisconnected", INDEX[name])), 1, name)
    clear_far_side()


links.run()
