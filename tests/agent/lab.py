# SPDX-License-Identifier: BSD-2-Clause
"""A throw-away laboratory: snmpd, snmptrapd and rasdiald in a folder of their own, on an address of their own."""
import atexit
import ctypes
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from mib import MIB, STUB_DIR, TOP
from snmp import EXCEPTIONS, Manager, SnmpTimeout, VarBind, decode_message
from tap import check, equal, say, until

BUILD = os.path.abspath(os.environ.get("RASDIAL_BUILD", os.path.join(TOP, "build")))
RASDIALD = os.path.join(BUILD, "rasdiald")
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:")
SYS_UP_TIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
SNMP_TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
RESTING = ("down", "failed", "notReady")
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1

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


def yaml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k.replace('_', '-')}: {yaml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(yaml_value(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def yaml_text(agent, entries):
    lines = ["agent:"] + [f"  {k.replace('_', '-')}: {yaml_value(v)}" for k, v in agent.items()]
    lines.append("entries:" if entries else "entries: []")
    for entry in entries:
        lines += [f"  {'- ' if i == 0 else '  '}{k.replace('_', '-')}: {yaml_value(v)}"
                  for i, (k, v) in enumerate(entry.items())]
    return "\n".join(lines) + "\n"


def line(name, index=None, destination="", **keys):
    """An entry on the simulated line."""
    entry = {"name": name, "index": index, "device_type": "loopback", "destination": destination, **keys}
    return {k: v for k, v in entry.items() if v is not None}


class Process:
    """A program with its output in a file; it dies with the test program."""

    def __init__(self, argv, log, env=None):
        self.argv, self.log_path = argv, log
        self.log_file = open(log, "ab")  # pylint: disable=consider-using-with
        self.log_start = self.log_file.tell()
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=self.log_file,
                                      env=env, preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        self.pid = self.child.pid
        atexit.register(self.kill)

    @property
    def alive(self):
        return self.child.poll() is None

    def log(self):
        """What this process has written."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_start)
            return file.read().decode("utf-8", "replace")

    def send(self, number):
        if self.alive:
            os.kill(self.pid, number)

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)

    def wait(self, timeout=10.0):
        return self.child.wait(timeout)

    def stop(self, timeout=10.0, number=signal.SIGTERM):
        """Ends it in the normal way. Returns (exit status, seconds that took)."""
        begin = time.monotonic()
        self.send(number)
        status = self.child.wait(timeout)
        self.close()
        return status, time.monotonic() - begin

    def kill(self):
        if self.alive:
            self.child.kill()
            self.child.wait()
        self.close()

    def close(self):
        self.log_file.close()
        atexit.unregister(self.kill)

    def fds(self):
        return sorted(os.readlink(f"/proc/{self.pid}/fd/{n}") for n in os.listdir(f"/proc/{self.pid}/fd")
                      if os.path.lexists(f"/proc/{self.pid}/fd/{n}"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))


class Notification:
    """A notification of rasdial as it came: name, index of the entry, values by object name, raw varbinds."""

    def __init__(self, varbinds):
        self.varbinds = varbinds
        self.name = MIB.notification(varbinds[1].value)
        self.when = time.monotonic()
        self.values, self.index = {}, None
        for varbind in varbinds[2:]:
            obj, instance = MIB.find(varbind.oid)
            if obj:
                self.values[obj.name] = obj.decode(varbind.value)
                if obj.name in ("rasEntryName", "rasConnCallId"):
                    self.index = instance[0]

    def __getitem__(self, name):
        return self.values[name]

    def __repr__(self):
        return f"<{self.name} {self.index} {self.values}>"


class Sink:
    """Takes notifications from a socket, all the time, in a thread of its own."""

    def __init__(self, ip):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (33, socket.SO_RCVBUF):  # SO_RCVBUFFORCE where it is allowed
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, option, 16 << 20)
                break
            except OSError:
                continue
        self.socket.bind((ip, 0))
        self.address = self.socket.getsockname()
        self.lock = threading.Lock()
        self.all = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                data = self.socket.recv(65535)
            except OSError:
                return
            _, pdu = decode_message(data)
            if len(pdu.varbinds) > 1 and pdu.varbinds[1].value[:len(MIB.root)] == MIB.root:
                with self.lock:
                    self.all.append(Notification(pdu.varbinds))

    def take(self, name=None, index=None, since=0):
        with self.lock:
            return [n for n in self.all[since:]
                    if name in (None, n.name) and index in (None, n.index)]

    def mark(self):
        with self.lock:
            return len(self.all)

    def close(self):
        self.socket.close()


class Lab:
    """Everything a test needs. The programs are started with start_snmpd(), start_agent(), start_console(); begin() does the usual.

    entries: rows of the phonebook (see line()); agent: keys of the agent section; users: SNMPv3 users and views too;
    books: what the checks after each test may hold against each other:
      "traps"    every notification owed must have come (no limits, no master away for long, default masks)
      "history"  no row of the history was removed
      "rows"     no entry was removed, so sums over rows are the scalars."""

    def __init__(self, entries=(), agent=None, users=False, books=("traps", "history", "rows"), views=""):
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
        self.books = set(books)
        self.snmpd = self.agent = self.console = None
        self.sink = Sink(self.ip)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.ip, 0))
            self.port = probe.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.ip, 0))
            self.console_port = probe.getsockname()[1]
        self.manager = Manager((self.ip, self.port))
        self.idle_fds = None
        self.forgiven = {}
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

    def start_snmpd(self):
        path = f"{self.dir}/snmpd.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"agentaddress udp:{self.ip}:{self.port}\n"
                       f"rwcommunity rw\n"
                       f"master agentx\nagentXSocket {self.agentx}\n"
                       f"trap2sink udp:{self.sink.address[0]}:{self.sink.address[1]} trap\n"
                       f"dontLogTCPWrappersConnects yes\n{self.views}\n")
            if self.console:
                file.write(f"trap2sink udp:{self.ip}:{self.console_port} trap\n")
            if self.users:
                file.write("createUser operator SHA operator-pass AES operator-priv\nrwuser operator authpriv\n")
        self.snmpd = Process(["snmpd", "-C", "-c", path, "-f", "-Le"], f"{self.dir}/snmpd.log", self.env())
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

    def start_agent(self, *arguments, wait=True, build=RASDIALD):
        """rasdiald; with wait until it answers through snmpd."""
        self.agent = Process([build, "-f", "-c", self.config, "-x", self.agentx, "-s", self.state_dir,
                              "-r", self.run_dir, *arguments], f"{self.dir}/rasdiald.log", self.env())
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

    def kill_agent(self):
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
        """Rows of the history, oldest first, names without their prefix; of one entry if its index is given."""
        rows = [{"Index": i, **row} for i, row in sorted(self.table("rasHistTable", "rasHist").items())]
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
        for at in range(0, len(busy), 50):
            self.hang_up(*busy[at:at + 50])
        until(lambda: self.get("rasThreads.0") == 0, timeout,
              lambda: f"everything is down: {self.column('rasConnOperStatus')}")
        until(lambda: all(s in RESTING for s in self.column("rasConnOperStatus").values()), timeout, "all rows rest")

    def notifications(self, name, index=None, count=1, since=0, timeout=10):
        """Waits for at least count notifications of a kind and gives them back."""
        until(lambda: len(self.sink.take(name, index, since)) >= count, timeout,
              lambda: f"{count} {name} of {index}; got {self.sink.take(None, index, since)}")
        return self.sink.take(name, index, since)

    def owed(self):
        """What was owed so far as the agent counts it, read in one PDU."""
        return sum(self.get("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyPending.0", "rasNotifyDropped.0"))

    # ---- what must hold ----

    def check_sums(self):
        """Attempts = successes + failures + in progress: scalars, and each row, each read in one PDU."""
        check_scalar_sums(self.get(*SUM_SCALARS))
        for index in self.column("rasConnOperStatus"):
            check_row_sums(index, self.get(*(f"{n}.{index}" for n in SUM_COLUMNS)))

    def check_rest(self):
        """Nothing is in progress, so attempts = successes + failures."""
        check_scalar_sums(self.get(*SUM_SCALARS))
        attempts, successes, failures = (self.column(f"rasConn{c}") for c in ("Attempts", "Successes", "Failures"))
        equal({i: successes[i] + failures[i] for i in attempts}, attempts, "successes + failures of each row")
        equal(self.get("rasDialsInProgress.0", "rasEntriesUp.0", "rasThreads.0"), [0, 0, 0], "in progress, up, threads")

    def brief_history(self):
        """As history(), with only what the checks look at."""
        columns = {c: self.column(f"rasHist{c}") for c in ("CallId", "EntryName", "Connected", "Cause")}
        return [{"Index": i, **{c: values[i] for c, values in columns.items()}} for i in columns["CallId"]]

    def check_history(self, rows):
        """Exactly one row for each attempt that ended, and it agrees with the counters."""
        scalars = self.scalars()
        equal(len(rows), scalars["rasHistEntries"], "rows of the history")
        equal(rows[-1]["Index"] if rows else 0, scalars["rasHistNewest"], "newest row")
        equal(scalars["rasHistEntries"] + scalars["rasHistEvicted"], scalars["rasDialAttempts"], "rows ever made")
        equal([r["Index"] for r in rows], list(range(1, len(rows) + 1)), "numbers of the rows")
        equal(len({r["CallId"] for r in rows}), len(rows), "call ids are unique")
        by_entry = {}
        for row in rows:
            by_entry.setdefault(row["EntryName"], []).append(row)
        names = self.column("rasEntryName")
        columns = {c: self.column(f"rasConn{c}") for c in ("Successes", "Failures", "Drops", "LastHistIndex")}
        for index, name in names.items():
            conn, mine = {c: column[index] for c, column in columns.items()}, by_entry.get(name, [])
            up = [r for r in mine if r["Connected"] == "true"]
            equal(len(up), conn["Successes"], f"{name}: successes")
            equal(len(mine) - len(up), conn["Failures"], f"{name}: failures")
            equal(len([r for r in up if r["Cause"] not in ("localRequest", "idleTimeout", "maxDuration")]),
                  conn["Drops"], f"{name}: drops")
            equal(mine[-1]["Index"] if mine else 0, conn["LastHistIndex"], f"{name}: rasConnLastHistIndex")
        if "rows" in self.books:
            for scalar, column in (("rasDialAttempts", "rasConnAttempts"), ("rasDialSuccesses", "rasConnSuccesses"),
                                   ("rasDialFailures", "rasConnFailures"), ("rasDrops", "rasConnDrops")):
                equal(sum(self.column(column).values()), scalars[scalar], f"sum of {column}")

    @staticmethod
    def owed_by_history(rows):
        """Notifications that the history says were owed: {(name, entry): count}, without rasRedialExhausted."""
        owed = {}
        for row in rows:
            up, failed = row["Connected"] == "true", row["Cause"] != "localRequest"
            for name in ["rasConnected", "rasDisconnected"] if up else ["rasDialFailed"] if failed else []:
                owed[name, row["EntryName"]] = owed.get((name, row["EntryName"]), 0) + 1
        return owed

    def check_traps(self, rows):
        """Each notification owed came exactly once, and the agent's own count says so."""
        owed = self.owed_by_history(rows)

        def difference():
            """Notifications that came, less those that were owed."""
            more = {k: -owed.get(k, 0) - self.forgiven.get(k, 0) for k in {**owed, **self.forgiven}}
            for n in self.sink.take():
                if n.name in ("rasConnected", "rasDisconnected", "rasDialFailed"):
                    more[n.name, n["rasEntryName"]] = more.get((n.name, n["rasEntryName"]), 0) + 1
            return {k: n for k, n in more.items() if n}
        try:
            until(lambda: not difference(), 10, lambda: f"the notifications owed came: {difference()}")
        except AssertionError:
            for key, number in difference().items():  # told once is enough
                self.forgiven[key] = self.forgiven.get(key, 0) + number
            raise
        if self.restarts == 0:
            sent, suppressed, pending, dropped = self.get("rasNotifySent.0", "rasNotifySuppressed.0", "rasNotifyPending.0",
                                                          "rasNotifyDropped.0")
            equal((sent, suppressed, pending, dropped), (self.sink.mark(), 0, 0, 0),
                  "notifications sent, suppressed, pending, dropped")

    def check_leftovers(self):
        """Nothing of a call stays: descriptors, threads, records."""
        if self.idle_fds is None:
            self.idle_fds = len(self.agent.fds())
        until(lambda: len(self.agent.fds()) == self.idle_fds, 5,
              lambda: f"{self.idle_fds} descriptors as before: {self.agent.fds()}")
        for root, _, files in os.walk(self.run_dir):
            for name in files:
                path = os.path.join(root, name)
                check(not name.endswith(".link"), f"{name} is left in the run directory")
                check(os.lstat(path).st_mode & 0o077 == 0, f"{path} can be read by others")

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
        path = f"{self.dir}/rasdiald.log"
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
        for name in ("rasdiald.log", "snmpd.log"):
            path = f"{self.dir}/{name}"
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    lines = file.read().splitlines()
                say(f"--- end of {name}")
                say("\n".join(lines[-25:]))


SUM_SCALARS = tuple(f"{n}.0" for n in ("rasDialAttempts", "rasDialSuccesses", "rasDialFailures", "rasDialsInProgress"))
SUM_COLUMNS = ("rasConnAttempts", "rasConnSuccesses", "rasConnFailures", "rasConnOperStatus", "rasConnState")


def check_scalar_sums(values):
    attempts, successes, failures, progress = values
    equal(attempts, successes + failures + progress,
          f"attempts = {successes} successes + {failures} failures + {progress} in progress")


def check_row_sums(index, values):
    attempts, successes, failures, status, state = values
    progress = 1 if status in ("dialing", "authenticating") else 0
    equal(attempts, successes + failures + progress,
          f"row {index}, {status}, {state}: attempts = {successes} successes + {failures} failures + {progress}")


class Watch:
    """Reads the sums all the time in a thread of its own, while a test goes on; also how long sysUpTime took.

    with Watch(lab, rows) as watch: ..."""

    def __init__(self, lab, rows=(), pause=0.01):
        self.lab, self.rows, self.pause = lab, list(rows), pause
        self.trouble, self.times, self.done = None, [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.done.set()
        self.thread.join(15)
        if kind is None and self.trouble:
            raise AssertionError(f"while watching: {self.trouble}")

    def _run(self):
        manager = Manager(self.lab.manager.address, timeout=10, retries=0)
        picker = random.Random(1)
        try:
            while not self.done.wait(self.pause):
                begin = time.monotonic()
                manager.get(SYS_UP_TIME)
                self.times.append(time.monotonic() - begin)
                values = self._read(manager, SUM_SCALARS)
                if values:
                    check_scalar_sums(values)
                if self.rows:
                    index = picker.choice(self.rows)
                    values = self._read(manager, [f"{n}.{index}" for n in SUM_COLUMNS])
                    if values:
                        check_row_sums(index, values)
        except (AssertionError, SnmpTimeout) as error:
            self.trouble = error
        finally:
            manager.close()

    def _read(self, manager, names):
        pdu = manager.get(*(MIB.oid(n) for n in names))
        if any(v.type in EXCEPTIONS for v in pdu.varbinds):
            return None  # the agent is away
        return [self.lab.decode(v) for v in pdu.varbinds]


def parse_tool(output):
    """Lines '.1.3.6.1.x = TYPE: value' of the tools -> {oid: (type, text)}."""
    found = {}
    for match in re.finditer(r"^\.([\d.]+) = (?:([\w-]+): )?(.*)$", output, re.M):
        found[tuple(int(x) for x in match[1].split("."))] = (match[2], match[3])
    return found


__all__ = ["Lab", "Watch", "Process", "Sink", "VarBind", "line", "yaml_text", "parse_tool", "check_scalar_sums", "check_row_sums",
           "BUILD", "RASDIALD", "RESTING", "SYS_UP_TIME", "SNMP_TRAP_OID", "SANITIZER_WORDS", "SUM_SCALARS", "SUM_COLUMNS"]
