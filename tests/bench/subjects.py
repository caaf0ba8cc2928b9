# SPDX-License-Identifier: BSD-2-Clause
"""Who is asked: rasdial in its two forms, and the same rows served by what comes with net-snmp."""
import os
import sys

from config_text import line
from lab import BUILD, Lab
from lab_dlmod import DlmodLab
from machine import cpu_ns
from mib import MIB
from programs import Process
from snmp import TAGS, Manager
from tap import check, equal, until

HERE = os.path.dirname(os.path.abspath(__file__))
RASDIAL_ROOT = MIB.oid("rasConnTable") + (1,)
STOCK_ROOT = (*MIB.root[:-1], MIB.root[-1] + 1, *RASDIAL_ROOT[len(MIB.root):])  # as in stock.c
COLUMNS = len(MIB.tables["rasConnTable"])
PATIENCE = 120  # seconds: valgrind is slow

# Views are looked at for every variable: the one that config/snmpd.conf has for those who watch, here and there, and whatever
# else is asked for. A GETBULK may have as many variables as it asks for; snmpd's default are 100.
EXCLUDED = ((1, 2, 1, 1, 6), (1, 2, 1, 1, 7), (1, 2, 1, 1, 8), (1, 2, 3, 1, 4), (1, 4, 6, 1, 9))
COMMUNITY = "watch"


def dotted(oid):
    return "." + ".".join(map(str, oid))


def access(root):
    """Lines of snmpd.conf."""
    return "\n".join([f"rocommunity {COMMUNITY} 127.0.0.0/8 -V bench", "maxGetbulkResponses -1", "view bench included .1.3.6.1.2.1",
                      f"view bench included {dotted(root)}", *(f"view bench excluded {dotted(root + end)}" for end in EXCLUDED)])


class Stock(Lab):
    """A laboratory with other tables; it begins and ends as with rasdial."""

    def __init__(self, rows, environment=None):
        super().__init__(books=(), views=access(STOCK_ROOT[:len(MIB.root)]))
        self.rows, self.environment = rows, environment or {}

    def env(self, names=False):
        return super().env(names) | self.environment

    def wait_agent(self, timeout=PATIENCE):
        until(lambda: self.manager.get(STOCK_ROOT + (1, self.rows)).varbinds[0].type == "INTEGER", timeout, "the last row is there")

    def start_agent(self, *arguments, wait=True, build=None, before=()):
        self.agent = Process([*before, os.path.join(BUILD, "tests/bench/stock_agent"), self.agentx], self.log_of("agent"), self.env())
        self.wait_agent()


class StockDlmod(Stock):
    """snmpd has the table in itself."""

    def snmpd_lines(self):
        return f"dlmod stock {BUILD}/tests/bench/stock.so\n"

    def start_snmpd(self, before=()):
        """It comes with the agent."""

    def start_agent(self, *arguments, wait=True, build=None, before=()):
        self.agent = self.snmpd = Process([*before, "snmpd", "-C", "-c", self.write_snmpd_conf(), "-I", "-smux", "-f", "-Le"],
                                          self.log_of("snmpd"), self.env())
        until(self.snmpd_answers, PATIENCE, "snmpd answers")
        self.wait_agent()


class Script(StockDlmod):
    """A script serves the table."""

    def snmpd_lines(self):
        return (f"pass_persist {dotted(STOCK_ROOT)} {sys.executable} {HERE}/pass_persist.py {dotted(STOCK_ROOT)} "
                f"{self.rows} {self.environment['STOCK_VALUES']}\n")


class Subject:
    """One of those that are compared: where its table is, and what its processes have used."""

    def __init__(self, name, lab, root, stack, before=()):
        self.name, self.lab, self.root = name, lab, root
        stack.callback(lab.close)
        if not isinstance(lab, (DlmodLab, StockDlmod)):
            lab.start_snmpd(before)
        lab.start_agent(wait=False, before=before)
        lab.wait_agent(PATIENCE)
        self.manager = Manager(lab.manager.address, COMMUNITY, timeout=PATIENCE)
        stack.callback(self.manager.close)
        self.manager.get(root + (1, 1))  # a script begins with the first request
        self.pids = {lab.snmpd.pid, lab.agent.pid, *self._children(lab.snmpd.pid)}

    @staticmethod
    def _children(pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]

    def cpu_ns(self):
        return cpu_ns(*self.pids)

    def row(self, index):
        """(type, value) of each column. rasConnLastChange, the time when it was loaded, is its own."""
        return [(v.type, 0 if v.type == "TimeTicks" else v.value) for v in self.manager.get(*(self.root + (c, index) for c in range(1, COLUMNS + 1))).varbinds]


def rasdial(kind, rows):
    return kind([line(f"line-{i}", i) for i in range(1, rows + 1)], {"max_entries": rows}, books=(), views=access(MIB.root))


def values_file(path, row):
    """What the others serve: the values of a row of rasdial."""
    with open(path, "w", encoding="ascii") as file:
        for kind, value in row:
            octets = value if isinstance(value, bytes) else value.to_bytes(8, "little", signed=True)
            file.write(f"{TAGS[kind]:02x} {octets.hex()}\n")
    return path


def stock(kind, helper, rows, values):
    return kind(rows, {"STOCK_HELPER": helper, "STOCK_ROWS": str(rows), "STOCK_VALUES": values})


def all_subjects(bench):
    """All of them, rasdial.so first, with the same rows, and the file that tells the others of theirs."""
    rows, stack = bench.rows, bench.stack
    found = [Subject("rasdial.so", rasdial(DlmodLab, rows), RASDIAL_ROOT, stack)]
    values = values_file(os.path.join(bench.dir(), "values"), found[0].row(1))
    found.append(Subject("rasdiald", rasdial(Lab, rows), RASDIAL_ROOT, stack))
    for kind, end in ((StockDlmod, ".so"), (Stock, ", subagent")):
        for helper in ("table_tdata", "table_dataset", "table_iterator"):
            found.append(Subject(helper + end, stock(kind, helper, rows, values), STOCK_ROOT, stack))
    found.append(Subject("pass_persist", Script(rows, {"STOCK_VALUES": values}), STOCK_ROOT, stack))
    for index in (1, rows // 2, rows):
        wanted = found[0].row(index)
        check(all(isinstance(value, (int, bytes)) for _, value in wanted), f"row {index} has all columns: {wanted}")
        for subject in found[1:]:
            equal(subject.row(index), wanted, f"row {index} of {subject.name}")
    return found, values
