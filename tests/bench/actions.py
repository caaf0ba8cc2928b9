# SPDX-License-Identifier: BSD-2-Clause
"""SET of an action, beside other SETs and what one would write in its place."""
import contextlib
import os
import signal
import statistics
import time

from crowd import ACTION, HOSTS, SLOW, begin, lab_of, memory_dir, rest, server_ns
from lab import Lab
from machine import cpu_ns
from mib import MIB
from programs import Process
from tap import check, equal, until

TITLE = "SET of an action"
NOTE = """
When a dial, a SET of rasConnAction, is answered, its thread is there and the wish is on the disk (fdatasync); the line "state in memory"
shows what the disk takes. Beside it SETs of sysName.0: snmpd writes its file anew after the answer and waits for no disk; the lines
"nothing kept" are without that (noPersistentSave). The subagent that has sysName.0 is snmpd itself (snmpd -X). The scripts start a
program for each dial, sleep in the place of pppd: dial_pass.sh by SET; dial_extend.sh, since NET-SNMP-EXTEND-MIB cannot be written, by GET.

in a row: the next one at the answer; by itself: with a pause in between. wall: time until the answer; server: processor time of all
processes there, with what they do after the answer, such as the beginning of the dial.
"""
IN_A_ROW, BY_ITSELF, PAUSE = 200, 50, 0.01
SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
NOTHING_KEPT = "[snmp] noPersistentSave yes\n[snmp] noPersistentLoad yes\n"  # the first alone has no effect
SCRIPTS = os.path.dirname(os.path.abspath(__file__))
PASS_ROOT = MIB.root[:-1] + (7275,)
EXTEND_RESULT = (1, 3, 6, 1, 4, 1, 8072, 1, 3, 2, 3, 1, 4)  # nsExtendResult, behind it length and letters of a name
IN_MEMORY = "dial in rasdial.so, state in memory"
TICKS_NS = 10 ** 9 // os.sysconf("SC_CLK_TCK")


class Stock(Lab):
    """snmpd as it is, and below it, if there shall be one, a subagent that has sysName.0: snmpd again."""

    def __init__(self, bench, subagent=False, more=""):
        super().__init__(books=(), views=more)
        bench.stack.callback(self.close)
        self.subagent = None
        if subagent:
            self.start_both()
        else:
            self.start_snmpd()

    def start_both(self):
        modules = ["-I", "-system_mib"]
        self.snmpd = Process(["snmpd", "-C", "-c", self.write_snmpd_conf(), "-f", "-Le", *modules], self.log_of("snmpd"), self.env())
        until(self.snmpd_answers, 10, lambda: "snmpd answers\n" + self.snmpd.log())
        below = f"{self.dir}/subagent.conf"
        with open(below, "w", encoding="utf-8") as file:
            file.write(f"agentXSocket {self.agentx}\n{self.views}")
        os.makedirs(f"{self.dir}/subagent")
        self.subagent = Process(["snmpd", "-X", "-C", "-c", below, "-f", "-Le", "-I", "system_mib"], self.log_of("subagent"),
                                {**self.env(), "SNMP_PERSISTENT_DIR": f"{self.dir}/subagent"})
        until(self.has_name, 10, lambda: "sysName.0 is there\n" + self.subagent.log())

    def has_name(self):
        return self.manager.get(SYS_NAME).varbinds[0].type == "OCTET STRING"

    def server_ns(self):
        return cpu_ns(self.snmpd.pid, *([self.subagent.pid] if self.subagent else []))

    def close(self):
        if self.subagent:
            self.subagent.kill()
        super().close()


class Scripts(Lab):
    """snmpd that dials by scripts."""

    def __init__(self, bench, lines):
        dotted = "." + ".".join(map(str, PASS_ROOT))
        super().__init__(books=(), views=f"pass_persist {dotted} /bin/sh {SCRIPTS}/dial_pass.sh {dotted}\n" + "".join(
            f"extend -cacheTime -1 dial-{i} /bin/sh {SCRIPTS}/dial_extend.sh\n" for i in range(1, lines + 1)))
        bench.stack.callback(self.close)
        self.start_snmpd()

    def children(self):
        return set(self.family()) - {self.snmpd.pid}

    @staticmethod
    def stat(pid):
        """The fields behind the name, from the state on: proc(5)."""
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()

    def server_ns(self):
        """With the scripts, what they have started, and what has ended of that."""
        total = 0
        for pid in {self.snmpd.pid} | self.children():
            with contextlib.suppress(OSError):  # it has just ended
                total += cpu_ns(pid) + sum(map(int, self.stat(pid)[13:15])) * TICKS_NS
        return total

    def end(self, number, but_of=None):
        """Ends what has been dialed, and what dials; but_of: whose children stay."""
        for pid in self.children():
            with contextlib.suppress(OSError):
                if int(self.stat(pid)[1]) != but_of:
                    os.kill(pid, number)

    def hang_up(self):
        """The script of pass_persist is a child of snmpd and stays."""
        self.end(signal.SIGTERM, self.snmpd.pid)
        until(lambda: len(self.children()) <= 1, 10, "what was dialed has ended")

    def close(self):
        if not self.closed and self.snmpd:
            self.end(signal.SIGKILL)
        super().close()


def accepted(pdu):
    equal(pdu.error, "noError", "answer")
    return pdu


def set_name(lab):
    return lambda i: accepted(lab.manager.set((SYS_NAME, "OCTET STRING", b"name-%d" % i)))


def set_dial(lab):
    action = MIB.oid("rasConnAction")
    return lambda i: accepted(lab.manager.set(((*action, i), "INTEGER", ACTION["dial"])))


def by_pass(lab, already):
    """Each time other lines: the script does not know when a dial has ended."""
    return lambda i: accepted(lab.manager.set(((*PASS_ROOT, already + i), "INTEGER", 1)))


def by_extend(lab):
    def get(i):
        name = b"dial-%d" % i
        value = accepted(lab.manager.get((*EXTEND_RESULT, len(name), *name))).varbinds[0].value
        check(value == 0, f"nsExtendResult: {value!r}")
    return get


def time_sets(bench, subject, ask, clock):
    """ask(i): one SET, i from 1 on, each of another line."""
    many, few = bench.at_most(IN_A_ROW), bench.at_most(BY_ITSELF)
    cpu, wall = rest(clock), time.perf_counter_ns()
    for i in range(1, many + 1):
        ask(i)
    wall = time.perf_counter_ns() - wall
    cpu = rest(clock) - cpu
    bench.record(f"SET in a row/{subject}/wall", wall / 1000 / many, "µs")
    bench.record(f"SET in a row/{subject}/server", cpu / 1000 / many, "µs")
    times = []
    for i in range(many + 1, many + few + 1):
        time.sleep(PAUSE)
        begin_ns = time.perf_counter_ns()
        ask(i)
        times.append(time.perf_counter_ns() - begin_ns)
    bench.record(f"SET by itself/{subject}/wall", statistics.median(times) / 1000, "µs")


def dialing_labs(bench, lines):
    labs = {f"dial in {name}": lab_of(bench, kind, [SLOW] * lines) for name, kind in HOSTS.items()}
    labs[IN_MEMORY] = lab_of(bench, HOSTS["rasdial.so"], [SLOW] * lines)
    labs[IN_MEMORY].state_dir = memory_dir(bench)
    for lab in labs.values():
        begin(lab)
    return labs


def measure(bench):
    lines = bench.at_most(IN_A_ROW) + bench.at_most(BY_ITSELF)
    plain, bare = Stock(bench), Stock(bench, more=NOTHING_KEPT)
    below, bare_below = Stock(bench, subagent=True), Stock(bench, subagent=True, more=NOTHING_KEPT)
    scripts, labs = Scripts(bench, lines), dialing_labs(bench, lines)

    def time_dial(subject):
        time_sets(bench, subject, set_dial(labs[subject]), lambda: server_ns(labs[subject]))

    for number in bench.rounds():
        time_sets(bench, "sysName.0 in snmpd", set_name(plain), plain.server_ns)
        time_sets(bench, "sysName.0 in snmpd, nothing kept", set_name(bare), bare.server_ns)
        time_dial("dial in rasdial.so")
        time_dial(IN_MEMORY)
        time_sets(bench, "sysName.0 in a subagent", set_name(below), below.server_ns)
        time_sets(bench, "sysName.0 in a subagent, nothing kept", set_name(bare_below), bare_below.server_ns)
        time_dial("dial in rasdiald")
        time_sets(bench, "dial by pass_persist", by_pass(scripts, number * lines), scripts.server_ns)
        scripts.hang_up()
        time_sets(bench, "dial by extend", by_extend(scripts), scripts.server_ns)
        scripts.hang_up()
        for lab in labs.values():
            lab.quiet()
