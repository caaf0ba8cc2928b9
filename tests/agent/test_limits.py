# SPDX-License-Identifier: BSD-2-Clause
"""What the system allows: descriptors above those that select() knows, and a clear word where there are too few of them."""
import os
import re
import resource

from harness import *

N = 300


def numbers(process):
    """Of the descriptors that it has."""
    return [int(n) for n in os.listdir(f"/proc/{process.pid}/fd")]


def limited(fds):
    """A command that sets the limit on descriptors and becomes the program that follows."""
    return ("sh", "-c", f'ulimit -n {fds}; exec "$@"', "sh")


def lines(count, destination="setup=20ms"):
    return [line(f"e{i}", i, destination) for i in range(1, count + 1)]


@test(60)
def above():
    """Descriptors of connections are above those that select() can watch, and the soft limit is raised to the hard one"""
    lab = Lab(lines(N))
    try:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        lab.start_snmpd()
        lab.start_agent(before=("sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh"))
        equal(resource.prlimit(lab.agent.pid, resource.RLIMIT_NOFILE), (hard, hard))
        check("at a time" not in lab.agent.log(), lab.agent.log())
        before = [n for n in numbers(lab.agent) if n < 1024]
        lab.act_in_turn("dial", range(1, N + 1))
        lab.wait_all(range(1, N + 1), "up")
        now = numbers(lab.agent)
        check(len(now) >= N + len(before), f"{len(now)} descriptors")
        equal([n for n in now if n < 1024], before, "descriptors below 1024")
        lab.after_test()
    finally:
        lab.finish()


@test(60)
def too_few():
    """With fewer descriptors than the entries may need the log says how many can be connected and what to change; the rest works"""
    lab = Lab(lines(N))
    try:
        lab.start_snmpd()
        lab.start_agent(before=limited(1100))
        found = re.search(r"of the (\d+) entries about (\d+) can be connected at a time, since there may be only 1100 descriptors, "
                          r"not (\d+) \(LimitNOFILE= in the systemd unit, or ulimit -n\)", lab.agent.log())
        check(found, lab.agent.log())
        equal(int(found[1]), N)
        check(0 < int(found[2]) < N < int(found[3]) - 1024, found[0])
        rows = list(range(1, int(found[2]) + 1))
        for at in range(0, len(rows), 20):
            lab.dial(*rows[at:at + 20])
        lab.wait_all(rows, "up")
        lab.write_config(lines(20))
        seen = len(lab.agent.log())
        lab.hup()
        until(lambda: "read again: 20 entries" in lab.agent.log()[seen:], 10, lambda: lab.agent.log()[seen:])
        check("at a time" not in lab.agent.log()[seen:], "enough for twenty")
    finally:
        lab.close()


@test()
def nothing_to_connect():
    """With no entries the lowest limit is no matter"""
    lab = Lab([])
    try:
        lab.start_snmpd()
        lab.start_agent(before=limited(64))
        equal(lab.get("rasEntries.0"), 0)
        check("at a time" not in lab.agent.log(), lab.agent.log())
    finally:
        lab.finish()


@test(60)
def none_left():
    """Where there are no more descriptors a dial is refused with resourceUnavailable; the others go on, and it works again later"""
    lab = Lab(lines(80), books=())
    try:
        lab.start_snmpd()
        lab.start_agent(before=limited(120))
        up = []
        for index in range(1, 81):
            error = lab.set((f"rasConnAction.{index}", "dial"))
            check(error in ("noError", "resourceUnavailable"), error)
            if error != "noError":
                until(lambda i=index: f"rasConnAction.{i}: resourceUnavailable (entry e{i}: Too many open files)" in lab.agent.log(), 5, lab.agent.log)
                break
            up.append(index)
            lab.wait(index, "up")
        check(10 < len(up) < 80, f"{len(up)} are up")
        lab.wait_all(up[:10], "up")
        lab.hang_up(*up)
        lab.wait_all(up, "down")
        lab.dial(80)
        lab.wait(80, "up")
    finally:
        lab.close()


run()
