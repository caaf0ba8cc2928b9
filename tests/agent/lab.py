# SPDX-License-Identifier: BSD-2-Clause
"""A throw-away laboratory: snmpd, snmptrapd and rasdiald in a folder of their own, on an address of their own."""
import atexit
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from books import SYS_UP_TIME, Books
from config_text import yaml_text
from mib import MIB, STUB_DIR, TOP
from programs import Process, Sink
from snmp import EXCEPTIONS, Manager, SnmpTimeout
from tap import check, equal, say, until

BUILD = os.path.abspath(os.environ.get("RASDIAL_BUILD", os.path.join(TOP, "build")))
RASDIALD = os.path.join(BUILD, "rasdiald")
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:")
RESTING = ("down", "failed", "notReady")
ROWS_AT_ONCE = 50  # in one SET

# Programs of net-snmp must not look at the machine's configuration, and find the MIBs here.
TOOL_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
MIB_DIRS = ":".join((os.path.join(TOP, "mibs"), STUB_DIR, "/usr/share/snmp/mibs"))


def temporary_root():
    """RASDIAL_TMP, or a new folder. Names of sockets are short, so a long path is not used."""
    root = os.environ.get("RASDIAL_TMP")
    if root and len(root) < 60:
        os.makedirs(root, exist_ok=True)
        return tempfile.mkdtemp(prefix="lab", dir=root)
    return tempfile.mkdtemp(prefix="rasdial-", dir="/tmp")


def free_port(ip, least):
    """A UDP port that nobody has on this address, which is ours alone. It is not one of those that the kernel gives to any
    program that asks for one, since it may be free again while snmpd does not run."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((ip, random.randrange(least, least + 10000)))
                return probe.getsockname()[1]
            except OSError:
                continue


class Lab(Books):
    """Everything a test needs. The programs are started with start_snmpd(), start_agent(), start_console(); begin() does the usual.

    entries: rows of the phonebook (see line()); agent: keys of the agent section; users: an SNMPv3 user, operator, too; views:
    more lines for snmpd.conf; books: see Books."""

    def __init__(self, entries=(), agent=None, users=False, books=("traps", "history", "rows"), views=""):
        super().__init__(books)
        self.dir = temporary_root()
        atexit.register(self.close)
        self.ip = "127.%d.%d.%d" % tuple(random.randint(1, 254) for _ in range(3))
        self.entries, self.users, self.views = list(entries), users, views
        self.agentx = f"unix:{self.dir}/agentx"
        self.state_dir, self.run_dir = f"{self.dir}/state", f"{self.dir}/run"
        self.config = f"{self.dir}/rasdial.yaml"
        self.agent_keys = {"name": "lab", "ping_interval": 1, "max_concurrent_dials": 0,
                           "notifications": {"min_interval": 0, "queue": 8192},
                           "history": {"max_entries": 20000}, **(agent or {})}
        self.snmpd = self.agent = self.console = None
        self.sink = Sink(self.ip)
        self.port, self.console_port = free_port(self.ip, 10000), free_port(self.ip, 20000)
        self.manager = Manager((self.ip, self.port))
        self.restarts = 0
        self.closed = False
        os.makedirs(f"{self.dir}/persistent")
        self.write_config()

    # ---- programs ----

    def env(self, names=False):
        env = {"PATH": TOOL_PATH, "HOME": self.dir, "MIBS": "RASDIAL-MIB" if names else "", "MIBDIRS": MIB_DIRS,
               "SNMPCONFPATH": f"{self.dir}/none", "SNMP_PERSISTENT_DIR": f"{self.dir}/persistent", "LC_ALL": "C.UTF-8",
               "TZ": "UTC", "RASDIAL_LAB": self.dir}
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                env[name] = value
        return env

    def write_config(self, entries=None, agent=None):
        """Writes the configuration file, with other entries or other keys of the agent from now on."""
        if entries is not None:
            self.entries = list(entries)
        self.agent_keys.update(agent or {})
        with open(self.config, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(yaml_text(self.agent_keys, self.entries))

    def log_of(self, program):
        """Where a program, snmpd or rasdiald, writes its log."""
        return f"{self.dir}/{program}.log"

    def logs(self):
        return [self.log_of("rasdiald"), self.log_of("snmpd")]

    def snmpd_lines(self):
        """What snmpd needs for the agent."""
        return f"master agentx\nagentXSocket {self.agentx}\n"

    def write_snmpd_conf(self):
        path = f"{self.dir}/snmpd.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"agentaddress udp:{self.ip}:{self.port}\n"
                       f"rwcommunity rw\n"
                       f"{self.snmpd_lines()}"
                       f"trap2sink udp:{self.sink.address[0]}:{self.sink.address[1]} trap\n"
                       f"dontLogTCPWrappersConnects yes\n{self.views}\n")
            if self.console:
                file.write(f"trap2sink udp:{self.ip}:{self.console_port} trap\n")
            if self.users:
                file.write("createUser operator SHA operator-pass AES operator-priv\nrwuser operator authpriv\n")
        return path

    def start_snmpd(self, before=()):
        """before: a command that becomes snmpd."""
        self.snmpd = Process([*before, "snmpd", "-C", "-c", self.write_snmpd_conf(), "-f", "-Le"], self.log_of("snmpd"), self.env())
        until(self.snmpd_answers, 10, lambda: "snmpd answers\n" + self.snmpd.log())

    def snmpd_answers(self):
        check(self.snmpd.alive, "snmpd ended: " + self.snmpd.log()[-2000:])
        try:
            return self.manager.get(SYS_UP_TIME, timeout=0.2, retries=0).error == "noError"
        except SnmpTimeout:
            return False

    def stop_snmpd(self, number=signal.SIGTERM):
        if self.snmpd:
            self.snmpd.stop(number=number)
            self.snmpd = None

    def start_console(self, names=False):
        """snmptrapd; before start_snmpd()."""
        path = f"{self.dir}/snmptrapd.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write("disableAuthorization yes\n")
        self.console = Process(["snmptrapd", "-C", "-c", path, "-f", "-Lo", "-n", *([] if names else ["-On"]),
                                "-F", "%V~%v\n", f"udp:{self.ip}:{self.console_port}"],
                               f"{self.dir}/snmptrapd.log", self.env(names))
        until(lambda: self.console.fds() and f"{self.console_port:04X}" in open("/proc/net/udp", encoding="ascii").read(),
              10, "snmptrapd listens")

    def start_agent(self, *arguments, wait=True, build=RASDIALD, before=()):
        """rasdiald; with wait until it answers through snmpd. before: a command that becomes rasdiald."""
        self.agent = Process([*before, build, "-f", "-c", self.config, "-x", self.agentx, "-s", self.state_dir,
                              "-r", self.run_dir, *arguments], self.log_of("rasdiald"), self.env())
        if wait:
            self.wait_agent()

    def wait_agent(self, timeout=15):
        """Until the agent answers through the master."""
        def answers():
            check(self.agent.alive, "rasdiald ended: " + self.agent.log()[-3000:])
            try:
                return isinstance(self.manager.get(MIB.oid("rasVersion.0")).varbinds[0].value, bytes)
            except SnmpTimeout:
                return False
        until(answers, timeout, lambda: "rasdiald answers\n" + self.agent.log()[-3000:])
        if self.idle_fds is None:
            self.idle_fds = until(self.count_idle_fds, timeout, "dial threads hold still")

    def agent_fds(self):
        return self.agent.fds()

    def count_idle_fds(self):
        """Nothing has been dialed yet but what the agent starts by itself: a simulated line, which has one descriptor."""
        threads, fds = self.get("rasThreads.0"), len(self.agent_fds())
        return fds - threads if self.get("rasThreads.0") == threads else None

    def agent_away(self, timeout=10):
        """Until the master no longer has the agent's objects."""
        until(lambda: self.raw("rasVersion.0").type == "noSuchObject", timeout, "master forgets the agent")

    def begin(self, console=False, names=False):
        """Starts everything that is not there yet."""
        if console and not self.console:
            self.start_console(names)
        if not self.snmpd:
            self.start_snmpd()
        if not self.agent:
            self.start_agent()
        return self

    def stop_agent(self, limit=5.0):
        """SIGTERM. It must end in time with status 0."""
        if not self.agent:
            return
        status, took = self.agent.stop(timeout=30)
        log, self.agent = self.agent.log(), None
        self.restarts += 1
        self.check_log()
        check(status == 0, f"rasdiald ended with {status}\n{log[-3000:]}")
        check(took < limit, f"rasdiald took {took:.1f} s to end")

    def hup(self):
        """SIGHUP: the configuration is read again."""
        self.agent.send(signal.SIGHUP)

    def kill_agent(self, asks=True):
        """kill -9. Where each notification must come just once, what is up has been written down and told before: the next agent
        tells what it finds up and not written. asks: there is a master that can be asked."""
        if asks and "traps" in self.books:
            self.up_is_known()
        self.agent.kill()
        self.agent = None
        self.restarts += 1

    def restart_agent(self):
        self.stop_agent()
        self.start_agent()

    def close(self):
        if self.closed:
            return
        self.closed = True
        for process in (self.agent, self.console, self.snmpd):
            if process:
                process.thaw()
                process.kill()
        self.sink.close()
        self.manager.close()
        if not os.environ.get("RASDIAL_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- requests ----

    def varbind(self, name, value, kind=None):
        """('rasConnAction.7', 'dial') -> (oid, type, value) as the MIB says."""
        oid = MIB.oid(name)
        obj, _ = MIB.find(oid)
        return oid, kind or obj.type, obj.encode(value) if obj else value

    def set_pdu(self, *pairs, **kw):
        return self.manager.set(*(self.varbind(*p) for p in pairs), **kw)

    def set(self, *pairs, **kw):
        """SET of (name, value[, type]) pairs. Returns the name of the error, 'noError' if there is none."""
        return self.set_pdu(*pairs, **kw).error

    def raw(self, name):
        return self.manager.get(MIB.oid(name)).varbinds[0]

    def get(self, *names):
        """Values by the MIB: one, or a list for several, which are read in one PDU."""
        pdu = self.manager.get(*(MIB.oid(n) for n in names))
        check(pdu.error == "noError", f"GET {names}: {pdu.error}")
        values = [self.decode(v) for v in pdu.varbinds]
        return values[0] if len(names) == 1 else values

    @staticmethod
    def decode(varbind):
        obj, _ = MIB.find(varbind.oid)
        return obj.decode(varbind.value) if obj and varbind.type not in EXCEPTIONS else varbind.value

    def scalars(self):
        """All scalars, read in one PDU."""
        names = [o.name for o in MIB.scalars]
        return dict(zip(names, self.get(*(f"{n}.0" for n in names))))

    def conn(self, index):
        """The row of rasConnTable, read in one PDU, names without their prefix."""
        names = MIB.tables["rasConnTable"]
        return dict(zip((n.removeprefix("rasConn") for n in names), self.get(*(f"{n}.{index}" for n in names))))

    def table(self, name, prefix="", repetitions=20):
        """Rows by index: an int, or a tuple where there are several parts."""
        rows = {}
        for varbind in self.manager.walk(MIB.oid(name), repetitions):
            obj, instance = MIB.find(varbind.oid)
            key = instance[0] if len(instance) == 1 else instance
            rows.setdefault(key, {})[obj.name.removeprefix(prefix)] = obj.decode(varbind.value)
        return rows

    def column(self, name):
        """One column: value by index."""
        return {MIB.find(v.oid)[1][0]: self.decode(v) for v in self.manager.walk(MIB.oid(name), 50)}

    def history(self, index=None):
        """Rows of the history, oldest first, names without their prefix; of one entry if its index is given. A row that came
        during the walk is left out."""
        rows = [{"Index": i, **row} for i, row in sorted(self.table("rasHistTable", "rasHist").items())
                if len(row) == len(MIB.tables["rasHistTable"])]
        return [r for r in rows if index in (None, r["EntryIndex"])]

    def walk(self, root="rasDialMIB", repetitions=20):
        return list(self.manager.walk(MIB.oid(root), repetitions))

    def tool(self, name, *arguments, names=False, community="rw", options=(), timeout=30):
        """One of the programs of net-snmp. Returns (status, output)."""
        done = subprocess.run([name, "-v2c", "-c", community, "-t", "5", "-r", "1", *([] if names else ["-On"]), *options,
                               f"udp:{self.ip}:{self.port}", *arguments], env=self.env(names), timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace").strip()

    # ---- dialing ----

    def act(self, action, *indices):
        equal(self.set(*((f"rasConnAction.{i}", action) for i in indices)), "noError", f"{action} {indices}")

    def act_in_turn(self, action, indices, at_once=ROWS_AT_ONCE):
        """For any number of rows: so many in one SET. Returns the seconds until each answer."""
        indices, moments = list(indices), [time.monotonic()]
        for at in range(0, len(indices), at_once):
            self.act(action, *indices[at:at + at_once])
            moments.append(time.monotonic())
        return [end - begin for begin, end in zip(moments, moments[1:])]

    def dial(self, *indices):
        self.act("dial", *indices)

    def hang_up(self, *indices):
        self.act("hangUp", *indices)

    def status(self, index):
        return self.get(f"rasConnOperStatus.{index}")

    def wait(self, index, *statuses, timeout=10):
        """Until the status is one of these. Returns the row as it is then."""
        return until(lambda: (lambda row: row if row["OperStatus"] in statuses else None)(self.conn(index)), timeout,
                     lambda: f"row {index} becomes {' or '.join(statuses)}; it is {self.conn(index)}")

    def wait_all(self, indices, *statuses, timeout=20):
        wanted = set(indices)
        until(lambda: all(s in statuses for i, s in self.column("rasConnOperStatus").items() if i in wanted), timeout,
              lambda: f"rows become {' or '.join(statuses)}; they are {self.column('rasConnOperStatus')}")

    def quiet(self, timeout=20):
        """Hangs everything up and waits until nothing is going on."""
        busy = [i for i, s in self.column("rasConnOperStatus").items() if s not in RESTING]
        self.act_in_turn("hangUp", busy)
        until(lambda: self.get("rasThreads.0") == 0, timeout,
              lambda: f"everything is down: {self.column('rasConnOperStatus')}")
        until(lambda: all(s in RESTING for s in self.column("rasConnOperStatus").values()), timeout, "all rows rest")

    def notifications(self, name, index=None, count=1, since=0, timeout=10):
        """Waits for at least count notifications of a kind and gives them back."""
        until(lambda: len(self.sink.take(name, index, since)) >= count, timeout,
              lambda: f"{count} {name} of {index}; got {self.sink.take(None, index, since)}")
        return self.sink.take(name, index, since)

    def all_told(self, timeout=10):
        """Waits until no notification is on its way. The agent has sent one as soon as it is handed over; from there it may take a
        while. A new agent counts anew, so after a restart only what waits is known."""
        def told():
            pending, sent = self.get("rasNotifyPending.0", "rasNotifySent.0")
            return pending == 0 and (self.restarts > 0 or sent == self.sink.mark())
        until(told, timeout, lambda: f"all is told: {self.get('rasNotifyPending.0', 'rasNotifySent.0')} wait, were sent; {self.sink.mark()} came")

    def up_is_known(self):
        """Waits until each link that is up is in the journal, which is logged next, and all is told."""
        for index in [i for i, status in self.column("rasConnOperStatus").items() if status == "up"]:
            self.agent.log_says(rf"call {self.get(f'rasConnCallId.{index}')}: (connected after|adopted)")
        self.all_told()

    def owed(self):
        """What was owed so far as the agent counts it, read in one PDU."""
        return sum(self.get("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyPending.0", "rasNotifyDropped.0"))

    def after_test(self):
        """The checks after every test: brings everything down first."""
        if self.closed:
            return
        self.begin()
        check(self.snmpd.alive, "snmpd ended: " + self.snmpd.log()[-2000:])
        check(self.agent.alive, "rasdiald ended: " + self.agent.log()[-3000:])
        self.check_sums()
        self.quiet()
        self.check_rest()
        if "history" in self.books:
            rows = self.brief_history()
            self.check_history(rows)
            if "traps" in self.books:
                self.check_traps(rows)
        self.check_leftovers()

    def check_log(self):
        path = self.log_of("rasdiald")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            for word in SANITIZER_WORDS:
                at = text.find(word)
                check(at < 0, "sanitizer: " + text[max(0, at - 200):at + 6000])

    def family(self):
        """Processes that carry this laboratory's mark, but ours."""
        found = []
        mark = f"RASDIAL_LAB={self.dir}\0".encode()
        known = {p.pid for p in (self.snmpd, self.console) if p}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if mark in file.read() + b"\0" and int(pid) not in known:
                        found.append(int(pid))
            except OSError:
                continue
        return found

    def finish(self):
        """The end: rasdiald stops in time, with status 0, and leaves nothing."""
        try:
            self.stop_agent()
            equal(self.family(), [], "processes left")
            self.check_log()
        finally:
            self.close()

    def tell(self):
        """What may help after a failure."""
        for path in self.logs():
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    lines = file.read().splitlines()
                say(f"--- end of {os.path.basename(path)}")
                say("\n".join(lines[-25:]))


def parse_tool(output):
    """Lines '.1.3.6.1.x = TYPE: value' of the tools -> {oid: (type, text)}."""
    found = {}
    for match in re.finditer(r"^\.([\d.]+) = (?:([\w-]+): )?(.*)$", output, re.M):
        found[tuple(int(x) for x in match[1].split("."))] = (match[2], match[3])
    return found
