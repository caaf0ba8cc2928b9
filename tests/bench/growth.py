# SPDX-License-Identifier: BSD-2-Clause
"""What connections and rows cost, the more there are of them."""
import collections
import os
import re
import time

import instructions
from crowd import ACTION, HOSTS, PATIENCE, SLOW, begin, lab_of, rounds, server_ns
from machine import cpu_ns
from mib import MIB
from plans import ask, step
from snmp import GET, GETNEXT, SET
from tap import equal, until

TITLE = "Growth"
SAID = """
Hosts with {all:,} rows or a part of that, all of which are dialed, and are up or, with a set-up of an hour, being dialed. What is told is for one
connection, so that it stays the same where a measure grows no faster than their number. resident: memory of the agent's process, less
what it had before, with thread, records and log; stack: address space of a thread. to up, to down: processor time of agent and snmpd
from the first SET until all are up, or down. quiet: of the agent's process, in percent of one processor for all connections together,
while nothing is asked. instructions: those of rasdiald for one request with so many rows, of which 50 are dialed, with the beginning of
the dial in its thread; counted by valgrind. {rounds} rounds at most.
"""
ALL, LEAST = 10000, 2
SHARES = {"a thousandth": 1000, "a hundredth": 100, "a tenth": 10, "all": 1}
ROUNDS = 2  # memory is much the same each time
ASKED = 50
QUIET_MS, QUIET_ALL_MS, SETTLE_MS = 1000, 5000, 2000  # while nothing is asked; with all; so long after the last is up or has begun
STATES = {"up": "setup=10ms", "dialing": SLOW}


def counts(bench):
    return {share: max(LEAST, bench.at_most(ALL) // part) for share, part in SHARES.items()}


# ---- connections ----

def resident(lab):
    with open(f"/proc/{lab.agent.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s*(\d+)", file.read())[1])


def stack(lab):
    """The size that most of the mappings behind a guard page have."""
    sizes, guard = collections.Counter(), False
    with open(f"/proc/{lab.agent.pid}/maps", encoding="ascii") as file:
        for mapping in file:
            low, high, modes = re.match(r"(\w+)-(\w+) (\S+)", mapping).groups()
            if guard and modes == "rw-p":
                sizes[int(high, 16) - int(low, 16)] += 1
            guard = modes == "---p"
    return sizes.most_common(1)[0][0] / 1024 if sizes else 0


def quiet_share(lab, seconds):
    begin_s, cpu = time.monotonic(), cpu_ns(lab.agent.pid)
    time.sleep(seconds)
    return (cpu_ns(lab.agent.pid) - cpu) / 1e7 / (time.monotonic() - begin_s)


def measure_state(bench, host, state, share, count):
    lab = lab_of(bench, HOSTS[host], [STATES[state]] * count)
    begin(lab)
    subject, before, cpu = f"{host}, {share}", resident(lab), server_ns(lab)
    lab.act_in_turn("dial", range(1, count + 1))
    if state == "up":
        until(lambda: lab.get("rasEntriesUp.0") == count, PATIENCE, "all are up")
        bench.record(f"to up/{subject}/server", (server_ns(lab) - cpu) / 1000 / count, "µs")
    else:
        until(lambda: len(os.listdir(lab.run_dir)) >= count, PATIENCE, "all have begun")
    time.sleep(bench.at_most(SETTLE_MS) / 1000)
    bench.record(f"{state}/{subject}/quiet", quiet_share(lab, bench.at_most(QUIET_ALL_MS if share == "all" else QUIET_MS) / 1000), "%")
    bench.record(f"{state}/{subject}/resident", (resident(lab) - before) / count, "KiB")
    if state == "up":
        bench.record(f"{state}/{subject}/stack", stack(lab), "KiB")
        cpu = server_ns(lab)
        lab.act_in_turn("hangUp", range(1, count + 1))
        until(lambda: lab.get("rasThreads.0") == 0, PATIENCE, "all are down")
        bench.record(f"to down/{subject}/server", (server_ns(lab) - cpu) / 1000 / count, "µs")
    lab.close()


# ---- rows ----

class Counted:
    """rasdiald with so many rows, its instructions counted."""

    def __init__(self, bench, rows):
        self.rows, self.n = rows, min(ASKED, rows - 1)
        self.lab = lab_of(bench, HOSTS["rasdiald"], [SLOW] * rows)
        self.counter = instructions.Counter(bench.dir())
        self.lab.manager.timeout = PATIENCE
        self.lab.start_snmpd()
        self.lab.start_agent(wait=False, before=self.counter.command)
        self.lab.wait_agent(PATIENCE)
        self.counter.begin([self.lab.agent.pid])

    def spread(self):
        """Indices all over the table; behind each there is another one."""
        return [1 + i * (self.rows - 1) // self.n for i in range(self.n)]

    def ask_all(self, kind, column, value=("NULL", None), to=0):
        oids = [(*MIB.oid(column), i) for i in self.spread()]
        for oid in oids:
            if kind == SET:
                equal(self.lab.manager.set((oid, *value), timeout=PATIENCE).error, "noError", "answer")
            else:
                ask(self.lab.manager, step(self.lab.manager, kind, [oid], (*oid[:-1], oid[-1] + to)))

    def dial(self):
        self.ask_all(SET, "rasConnAction", ("INTEGER", ACTION["dial"]))
        until(lambda: sum(name.endswith(".link") for name in os.listdir(self.lab.run_dir)) == self.n, PATIENCE, "all have begun")

    def measure(self, bench, subject):
        for name, work in (("GET", lambda: self.ask_all(GET, "rasConnCallId")),
                           ("GETNEXT", lambda: self.ask_all(GETNEXT, "rasConnCallId", to=1)),
                           ("SET dial", self.dial)):
            if name != "SET dial":
                work()
            bench.record(f"{name}/{subject}/instructions", self.counter.of(work) / self.n, "")
        self.lab.close()


def measure(bench):
    global NOTE  # pylint: disable=global-statement
    NOTE = SAID.format(rounds=ROUNDS, all=bench.at_most(ALL))
    for _ in rounds(bench, ROUNDS):
        for host in HOSTS:
            for share, count in counts(bench).items():
                for state in STATES:
                    measure_state(bench, host, state, share, count)
    if not instructions.is_there():
        bench.say("valgrind is not installed: no instructions are counted")
        return
    for share, rows in counts(bench).items():
        Counted(bench, rows).measure(bench, f"{share} of the rows")
