# SPDX-License-Identifier: BSD-2-Clause
"""Several dial hosts behind one master: each a rasdiald with a context of its own. snmpd is set up with the lines that README.md and
config/snmpd.conf tell a user to copy."""
import re
import subprocess

from config_text import line
from lab import Lab, free_port
from mib import MIB, TOP
from programs import Process, Sink
from snmp import Manager, SnmpTimeout
from tap import check, equal, say, until

PHRASES = ("a pass phrase", "another pass phrase")  # as in README.md
USERS = ("monitor", "operator", "administrator")


def example():
    """config/snmpd.conf with its users, but for the lines about the socket, which is another one here."""
    with open(f"{TOP}/config/snmpd.conf", encoding="utf-8") as file:
        text = re.sub(r"^(master|agentX).*$", "", file.read(), flags=re.M)
    return text + "".join(f'createUser {user} SHA-256 "{PHRASES[0]}" AES "{PHRASES[1]}"\n' for user in USERS)


def readme(title, word):
    """The lines of the first example that holds a word, in a section of README.md."""
    with open(f"{TOP}/README.md", encoding="utf-8") as file:
        section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## )", file.read(), re.S | re.M)[1]
    for block in re.findall(r"(?:^(?:    .*)?\n)+", section, re.M):
        if word in block:
            return re.sub(r"^    ", "", block.strip("\n"), flags=re.M) + "\n"
    raise AssertionError(f'README.md, section "{title}", has no example with {word}')


class Hub(Lab):
    """The management host: snmpd with a Unix socket and a TCP port for agents, and the console. more: further lines for snmpd."""

    SECTION = "Several dial hosts behind one address"

    def __init__(self, more="", tcp=None):
        super().__init__()
        self.unix = self.agentx
        self.tcp = tcp or f"tcp:{self.ip}:{free_port(self.ip, 30000)}"
        self.agentx = f"{self.unix},{self.tcp}"
        console = f"udp:{self.ip}:{self.console_port}"
        lines = readme(self.SECTION, "agentXTimeout")
        for written, here in (("192.0.2.10", "default"), ("console.example.net public", f"{console} public"),
                              ("console.example.net", console)):
            check(written in lines, f"README.md has {written}")
            lines = lines.replace(written, here)
        self.views = example() + lines + more

    def start_console(self, names=False):
        """With the lines of README.md. It writes how each notification came, and the variables."""
        path = f"{self.dir}/snmptrapd.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(readme(self.SECTION, "authUser"))
        env = {**self.env(), "SNMP_PERSISTENT_DIR": f"{self.dir}/console"}
        self.console = Process(["snmptrapd", "-C", "-c", path, "-f", "-Lo", "-n", "-On", "-F", "%P|%v\n",
                                f"udp:{self.ip}:{self.console_port}"], f"{self.dir}/snmptrapd.log", env)
        self.console.log_says("NET-SNMP version")

    def told(self, kind, name):
        """Lines of the console about notifications of a kind that end with an agent's name."""
        oid, mine = "." + ".".join(map(str, MIB.oid(kind))), f'{".".join(map(str, MIB.oid("rasAgentName.0")))} = STRING: "{name}"'
        return [at for at in self.console.log().splitlines() if f" = OID: {oid}\t" in at and at.endswith(mine)]

    def ask(self, program, context, *arguments, user="operator", wait=10):
        """A tool of net-snmp over SNMPv3, as README.md has it. Returns (status, output)."""
        done = subprocess.run([program, "-v3", "-u", user, "-l", "authPriv", "-a", "SHA-256", "-A", PHRASES[0], "-x", "AES",
                               "-X", PHRASES[1], "-n", context, "-t", str(wait), "-r", "0", "-m", "RASDIAL-MIB:SNMPv2-MIB",
                               f"udp:{self.ip}:{self.port}", *arguments],
                              env=self.env(names=True), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace").strip()

    def modules(self):
        """Rows of sysORTable that name the module."""
        return [v.value for v in self.manager.walk((1, 3, 6, 1, 2, 1, 1, 9, 1, 2), 20)].count(MIB.root)


class Host(Lab):
    """A dial host: a laboratory whose snmpd is the hub's, asked with a community that stands for its context."""

    def __init__(self, hub, name, agentx, entries=None, context=None, **agent):
        self.name, self.context = name, context or f"dial-{name}"
        super().__init__(entries or [line(f"{name} up", 1, "setup=20ms"), line(f"{name} bad", 2, "setup=20ms,fail=691"),
                                     line(f"{name} slow", 3, "setup=60s")],
                         agent={"name": name, "context": self.context, **agent})
        self.hub, self.agentx = hub, agentx
        self.sink.close()
        self.manager.close()
        self.ip, self.port, self.sink = hub.ip, hub.port, hub.sink
        self.manager = Manager((self.ip, self.port), community=f"rw-{self.context}")

    @staticmethod
    def community(name):
        """The lines for snmpd behind that: by this one may also set."""
        return f"rwcommunity rw-dial-{name} default .1 dial-{name}\n"

    def close(self):
        if not self.closed:
            self.snmpd, self.sink = None, Sink(self.ip)  # the hub's stay
        super().close()

    def wait_agent(self, timeout=15):
        """A master drops requests for a context that it has not heard of, so it is asked often."""
        def there():
            check(self.agent.alive, "rasdiald ended: " + self.agent.log()[-3000:])
            try:
                return isinstance(self.manager.get(MIB.oid("rasVersion.0"), timeout=0.3, retries=0).varbinds[0].value, bytes)
            except SnmpTimeout:
                return False
        until(there, timeout, lambda: f"{self.name} answers\n" + self.agent.log()[-3000:])

    def notices(self, name, index=None, since=0):
        return [n for n in self.hub.sink.take(name, index, since) if n["rasAgentName"] == self.name]

    def settle(self):
        """Everything that was owed has been sent."""
        until(lambda: self.get("rasNotifyPending.0") == 0, 10, "nothing waits")

    def rested(self):
        """Brings everything down and checks the books."""
        self.check_sums()
        self.quiet()
        self.check_rest()
        self.check_history(self.brief_history())
        self.settle()
        equal(self.get("rasNotifyDropped.0"), 0, "dropped")
        rows = self.brief_history()
        wanted = {"rasConnected": len([r for r in rows if r["Connected"] == "true"]),
                  "rasDialFailed": len([r for r in rows if r["Connected"] != "true" and r["Cause"] != "localRequest"])}
        for kind, count in wanted.items():
            until(lambda k=kind, c=count: len(self.notices(k)) >= c, 5,
                  lambda k=kind, c=count: f"{c} {k} of {self.name}: {self.hub.sink.take()} {self.scalars()} {rows}")
            calls = [n["rasConnCallId"] for n in self.notices(kind)]
            equal(len(calls), len(set(calls)), f"{kind} of {self.name}, each once")
            equal(len(calls), count, f"{kind} of {self.name}")


class Fleet:
    """A hub and its hosts, as harness.run() takes a laboratory."""

    def __init__(self, hub, *hosts):
        self.hub, self.hosts = hub, hosts

    def begin(self):
        """Starts what does not run, wakes what was stopped, and waits until all are there."""
        if not self.hub.console:
            self.hub.start_console()
        if not self.hub.snmpd:
            self.hub.start_snmpd()
        for host in self.hosts:
            if host.agent:
                host.agent.thaw()
            else:
                host.start_agent(wait=False)
        for host in self.hosts:
            host.wait_agent()

    def after_test(self):
        self.begin()
        check(self.hub.snmpd.alive, "snmpd ended: " + self.hub.snmpd.log()[-2000:])
        for host in self.hosts:
            check(host.agent.alive, host.agent.log()[-3000:])
            host.rested()
            host.check_log()

    def finish(self):
        try:
            for host in self.hosts:
                host.finish()
            self.hub.finish()
        finally:
            for lab in (*self.hosts, self.hub):
                lab.close()

    def tell(self):
        for lab in (self.hub, *self.hosts):
            say(f"=== {getattr(lab, 'name', 'master')}")
            lab.tell()
