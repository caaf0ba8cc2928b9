# SPDX-License-Identifier: BSD-2-Clause
"""A master on another host: what is refused, names and addresses, a network that fails, a host that vanishes, tunnels."""
import atexit
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import netns
from config_text import yaml_text

NO_NET = netns.enter()  # before there are threads

from harness import *  # noqa: E402
from hosts import Host, Hub, readme  # noqa: E402

PING = 1
PORT = 705
ENTRY = "/run/agentx-tunnel/master"
AGENTX = 990  # number of the user of the tunnel
SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")
SECTION = "A master on another host"


def needs_net():
    if NO_NET:
        raise Skip(NO_NET)


class Site:
    """The management host here, and a dial host at the end of a cable."""

    def __init__(self, address=f"tcp:{netns.HERE}:{PORT}", entries=None, **agent):
        needs_net()
        with contextlib.ExitStack() as undo:
            self.hub = Hub(Host.community("north"), tcp=f"tcp:{netns.HERE}:{PORT},tcp6:[{netns.HERE6}]:{PORT}")
            undo.callback(self.hub.close)
            self.far = netns.Far(self.hub.dir)
            undo.callback(lambda: self.far.vanish())  # whichever it is then
            self.hub.start_snmpd()
            self.host = Host(self.hub, "north", address, entries=entries, agentx_insecure=True, ping_interval=PING, **agent)
            undo.callback(self.host.finish)
            self.undo = undo.pop_all()

    def start(self, *arguments, wait=True):
        self.host.start_agent(*arguments, wait=wait, before=self.far.prefix)
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            for lab in (self.hub, self.host):
                lab.tell()
            with contextlib.suppress(AssertionError):  # what went wrong comes first
                self.undo.close()
        else:
            self.undo.close()


def longest_turn(host, condition, timeout, what):
    """Waits for a condition, and has the agent do something all the time. Returns the longest time that took."""
    longest, end = 0.0, time.monotonic() + timeout
    while not condition():
        check(time.monotonic() < end, f"not within {timeout} s: {what}\n{host.agent.log()[-2000:]}")
        before, begin = host.agent.log().count(" read again: "), time.monotonic()
        host.hup()
        until(lambda b=before: host.agent.log().count(" read again: ") > b, 20, f"a reload, {what}", pause=0.01)
        longest = max(longest, time.monotonic() - begin)
        time.sleep(0.05)
    return longest


def ends_in_time(site, what):
    status, took = site.host.agent.stop(timeout=30)
    site.host.agent = None
    check(status == 0 and took < 5, f"{what}: ended with {status} after {took:.1f} s")
    say(f"{what}: ended after {took:.2f} s")


def refused(lab, agent, *arguments):
    """What rasdiald -t says of these keys, which it must refuse."""
    with open(lab.config, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(yaml_text(agent, []))
    done = subprocess.run([RASDIALD, "-t", "-c", lab.config, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=20, check=False)
    return (done.stdout.decode() if done.returncode else "").replace(lab.config, "FILE").strip()


@test()
def not_without_being_asked_for():
    """tcp: to anything but loopback is refused without agentx-insecure, with place and way out; with it, allow-snmp-secrets is"""
    lab = Lab()
    try:
        for address in ("tcp:192.0.2.1:705", "192.0.2.1:705", "tcp:nms.example.net:705", "tcp6:[2001:db8::1]:705", "tcp:0.0.0.0:705",
                        "tcp:localhost.example.net:705", "tcp:128.0.0.1:705"):
            text = refused(lab, {"name": "north", "agentx": address})
            check(re.match(r'FILE:3:11: agentx: ".*" is not on this host', text) and "agentx-insecure: true" in text, f"{address}: {text!r}")
            text = refused(lab, {"name": "north"}, "-x", address)
            check("is not on this host" in text and "agentx-insecure: true" in text, f"-x {address}: {text!r}")
            equal(refused(lab, {"agentx": address, "agentx-insecure": True}), "", address)
            text = refused(lab, {"agentx": address, "agentx-insecure": True, "allow-snmp-secrets": True})
            check(re.match(r"FILE:4:\d+: allow-snmp-secrets: refused together with agentx-insecure: true", text), text)
        for address in ("tcp:127.0.0.1:705", "tcp:127.1.2.3:705", "tcp6:[::1]:705", "tcp:localhost:705",
                        "unix:/run/agentx-tunnel/master", "/run/agentx-tunnel/master"):
            equal(refused(lab, {"agentx": address, "allow-snmp-secrets": True}), "", address)
        for address in ("tcp:192.0.2.1", "tcp:192.0.2.1:0", "tcp:192.0.2.1:65536", "tcp::705", "tcp6:192.0.2.1:705", "udp:192.0.2.1:705",
                        "unix:relative", "tcp:a b:705"):
            text = refused(lab, {"agentx": address, "agentx-insecure": True})
            check(text.startswith("FILE:2:11: agentx: "), f"{address}: {text!r}")
    finally:
        lab.close()


@test(60)
def dialed_from_elsewhere():
    """A dial host elsewhere, by an IPv4 address, an IPv6 address and a name with several of them: dialed, and heard of"""
    needs_net()
    for address in (f"tcp:{netns.HERE}:{PORT}", f"tcp6:[{netns.HERE6}]:{PORT}", f"tcp:nms.example.net:{PORT}"):
        with Site(address) as site:
            # The first address is nobody's, so that a connect has no answer.
            netns.put_in_place("/etc/hosts", f"10.99.0.77 nms.example.net\n{netns.HERE} nms.example.net\n", site.hub.dir)
            try:
                site.start()
                site.host.dial(1, 2)
                site.host.wait(1, "up")
                site.host.wait(2, "failed")
                until(lambda s=site: s.host.notices("rasConnected") and s.host.notices("rasRedialExhausted"), 5, "notifications")
                site.host.rested()
                equal("warning" in site.host.agent.log(), False, site.host.agent.log())
            finally:
                netns.run("umount", "/etc/hosts")


CUT = [dict(name="up", index=1, device_type="loopback", destination="setup=20ms"),
       dict(name="early", index=2, device_type="loopback", destination="setup=20ms,drop=2500ms"),
       dict(name="late", index=3, device_type="loopback", destination="setup=20ms,drop=8s"),
       dict(name="bad", index=4, device_type="loopback", destination="setup=20ms,fail=691")]


@test(60)
def network_fails():
    """The network fails: told soon, dialing goes on, no turn takes long; afterwards all is back and every loss is told once"""
    with Site(entries=CUT) as site:
        host = site.start().host
        host.dial(1, 2, 3)
        up = host.wait(1, "up")
        host.wait_all((2, 3), "up")
        mark = site.hub.sink.mark()
        site.far.cut()
        begin = time.monotonic()
        turn = longest_turn(host, lambda: "lost the master agent" in host.agent.log(), 15, "the agent notices")
        say(f"noticed after {time.monotonic() - begin:.1f} s, longest turn {turn:.1f} s")
        check(time.monotonic() - begin < PING + 6, "within the interval")
        check("entry early: call" in host.agent.log() and "cannot reach" not in host.agent.log().split("lost the master")[0], "log")
        turn = max(turn, longest_turn(host, lambda: "entry late: call 3: disconnected" in host.agent.log(), 15, "a link is lost"))
        check(turn < 4, f"longest turn {turn:.1f} s")
        say(f"longest turn {turn:.1f} s")
        equal(len(re.findall("cannot reach the master agent", host.agent.log())), 1, "one line for one trouble")
        site.far.mend()
        begin = time.monotonic()
        host.wait_agent(20)
        say(f"back after {time.monotonic() - begin:.1f} s")
        check("refuses our objects" not in host.agent.log(), "the master was told that the old session is void")
        row = host.conn(1)
        equal([row[c] for c in ("OperStatus", "CallId", "StartTime")], [up[c] for c in ("OperStatus", "CallId", "StartTime")])
        for index in (2, 3):
            until(lambda i=index: host.notices("rasDisconnected", i, mark), 10, f"loss of {index}: {site.hub.sink.take(since=mark)}")
        host.dial(4)
        host.wait(4, "failed")
        host.rested()
        equal([len(host.notices("rasDisconnected", i, mark)) for i in (2, 3)], [1, 1], "each once")


@test(60)
def network_fails_shortly():
    """A failure that is over before anybody notices: the session goes on, and nothing is lost"""
    with Site(entries=CUT) as site:
        host = site.host
        host.write_config(agent={"ping_interval": 30})
        site.start()
        host.dial(2)
        host.wait(2, "up")
        site.far.cut()
        until(lambda: "entry early: call 1: disconnected" in host.agent.log(), 10, host.agent.log)
        site.far.mend()
        host.wait_agent(20)
        until(lambda: len(host.notices("rasDisconnected", 2)) == 1, 10, "told")
        check("lost the master" not in host.agent.log(), "the same session")
        host.rested()


@test(60)
def asked_while_it_is_cut_off():
    """A manager that asks while the network is down gets an error in time, and noSuchObject then; the objects come back"""
    with Site() as site:
        host = site.start().host
        site.far.cut()
        begin = time.monotonic()
        pdu = host.manager.get(MIB.oid("rasVersion.0"), timeout=10, retries=0)
        took = time.monotonic() - begin
        equal(pdu.error, "genErr")
        check(took < 5.5, f"agentXTimeout 2, agentXRetries 0: {took:.1f} s")
        equal(host.raw("rasVersion.0").type, "noSuchObject")
        until(lambda: "lost the master" in host.agent.log(), 15, "the agent notices")
        site.far.mend()
        host.wait_agent(20)
        host.dial(1)
        host.wait(1, "up")
        host.rested()


@test(60)
def ends_while_it_is_cut_off():
    """SIGTERM ends the agent within 5 s while the network is down, before and after it has noticed; links are adopted later"""
    for noticed in (False, True):
        with Site() as site:
            host = site.start().host
            host.dial(1)
            up = host.wait(1, "up")
            site.far.cut()
            if noticed:
                until(lambda h=host: "cannot reach" in h.agent.log(), 15, "the agent notices")
            ends_in_time(site, f"network down, {'noticed' if noticed else 'not noticed'}")
            site.far.mend()
            site.start(wait=False)
            host.wait_agent(25)
            equal(host.conn(1)["CallId"], up["CallId"])


@test(60)
def host_vanishes():
    """A dial host loses its power: snmpd keeps its objects for nobody, until a manager asks; then the new agent has them"""
    with Site() as site:
        host = site.start().host
        site.far.cut()
        host.kill_agent(asks=False)
        site.far.vanish()
        # With another address: else its first packet may look as if it belonged to the old connection, and end that.
        site.far = netns.Far(site.hub.dir, 3)
        site.start(wait=False)
        host.agent.log_says("the master agent refuses our objects .* or it has not noticed yet that our last session is over")
        host.wait_agent(20)
        host.agent.log_says("the master agent has taken our objects")
        host.dial(1)
        host.wait(1, "up")


@test(60)
def names_that_nobody_knows():
    """A name without an address, or a name server that is silent: told once, no turn takes long, and it goes on when there is one"""
    needs_net()
    with Site(f"tcp:nms.example.net:{PORT}") as site, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        host = site.host
        server.bind((netns.HERE, 53))  # and never answers
        switch = netns.put_in_place("/etc/nsswitch.conf", "hosts: files\n", site.hub.dir)
        hosts = netns.put_in_place("/etc/hosts", "127.0.0.1 localhost\n", site.hub.dir)
        netns.put_in_place("/etc/resolv.conf", f"nameserver {netns.HERE}\n", site.hub.dir)
        try:
            site.start(wait=False)
            host.agent.log_says("cannot reach the master agent at tcp:nms.example.net:705: no address is known for that name")
            with open(switch, "w", encoding="ascii") as file:
                file.write("hosts: files dns\n")
            turn = longest_turn(host, lambda: "the name server does not answer" in host.agent.log(), 20, "the name server is silent")
            until(lambda: server.recv(512, socket.MSG_DONTWAIT), 5, "the name server was asked")
            check(turn < 3, f"longest turn {turn:.1f} s")
            say(f"longest turn {turn:.1f} s")
            ends_in_time(site, "silent name server")
            equal(host.family(), [], "processes left")
            site.start(wait=False)
            host.agent.log_says("the name server does not answer")
            with open(hosts, "a", encoding="ascii") as file:
                file.write(f"{netns.HERE} nms.example.net\n")
            host.wait_agent(40)
            host.dial(1)
            host.wait(1, "up")
        finally:
            for path in ("/etc/nsswitch.conf", "/etc/hosts", "/etc/resolv.conf"):
                netns.run("umount", os.path.realpath(path))


class Relay:
    """A tunnel between two Unix sockets, of socat: one half on the dial host, one here."""

    def __init__(self, site, entry, master):
        if not shutil.which("socat"):
            raise Skip("socat is not installed")
        self.near_argv = ["socat", f"TCP-LISTEN:7000,bind={netns.HERE},fork,reuseaddr", f"UNIX-CONNECT:{master}"]
        self.site = site
        self.far = Process([*site.far.prefix, "socat", "-d", "-d", f"UNIX-LISTEN:{entry},fork,unlink-early", f"TCP:{netns.HERE}:7000"],
                           f"{site.hub.dir}/far-socat.log")
        self.near = None
        self.start()
        until(lambda: os.path.exists(entry), 5, "the tunnel's entry")

    def start(self):
        # In a session of its own: it forks for each connection, and all of them shall end together.
        self.near = Process(["setsid", *self.near_argv], f"{self.site.hub.dir}/near-socat.log")
        until(lambda: subprocess.run(["ss", "-Hltn", "sport = :7000"], stdout=subprocess.PIPE, check=False).stdout, 5, "socat listens")

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.near.pid, signal.SIGKILL)
        self.near.kill()

    def tries(self):
        """Connections there have been."""
        return len(re.findall("accepting connection", self.far.log()))

    def close(self):
        self.stop()
        self.far.kill()


@test(60)
def through_a_tunnel():
    """A tunnel between two Unix sockets needs no agentx-insecure; when it breaks, and while only its near half is there, rasdiald
    says so once and comes back by itself"""
    needs_net()
    with Site() as site:
        host = site.host
        entry = f"{site.hub.dir}/master"
        host.agentx = f"unix:{entry}"
        host.write_config(agent={"agentx_insecure": False})
        relay = Relay(site, entry, site.hub.unix.removeprefix("unix:"))
        try:
            site.start()
            host.dial(1)
            up = host.wait(1, "up")
            relay.stop()
            until(lambda: "lost the master agent" in host.agent.log(), 10, host.agent.log)
            host.agent.log_says("cannot reach the master agent at unix:.*: it opens no session")
            begin = time.monotonic()
            until(lambda: time.monotonic() - begin > 2 * PING + 1, 10, "some tries")
            equal(len(re.findall("warning: ", host.agent.log())), 2, f"lines of complaint\n{host.agent.log()}")
            # The library makes a timer for each connection that ends; there must be one try in an interval all the same.
            tries = relay.tries()
            begin = time.monotonic()
            until(lambda: time.monotonic() - begin > 3 * PING, 10, "more tries")
            check(2 <= relay.tries() - tries <= 4, f"{relay.tries() - tries} tries in three intervals")
            relay.start()
            host.wait_agent(15)
            equal(host.conn(1)["CallId"], up["CallId"])
            host.rested()
        finally:
            relay.close()


class Ssh:
    """The tunnel of the README: the user, sshd's lines, the unit's command. Times are shorter, and sshd has a port of its own. way:
    -L from the dial host, -R from the management host."""

    def __init__(self, site, way):
        self.site, self.way, self.dir = site, way, f"{site.hub.dir}/ssh"
        os.makedirs(f"{self.dir}/home/.ssh", mode=0o700)
        os.chmod(site.hub.dir, 0o755)
        os.chmod(self.dir, 0o755)
        shutil.chown(f"{self.dir}/home", AGENTX, AGENTX)
        shutil.chown(f"{self.dir}/home/.ssh", AGENTX, AGENTX)
        for key in ("host", "user"):
            netns.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.dir}/{key}")
        shutil.copy(f"{self.dir}/user.pub", f"{self.dir}/home/.ssh/authorized_keys")
        shutil.chown(f"{self.dir}/home/.ssh/authorized_keys", AGENTX, AGENTX)
        match = readme(SECTION, "Match User")
        if way == "-R":
            match = re.sub(r"Forwarding local", "Forwarding remote", match) + "    StreamLocalBindUnlink yes\n"
        with open(f"{self.dir}/sshd_config", "w", encoding="ascii") as file:
            file.write(f"Port 2222\nHostKey {self.dir}/host\nPidFile none\nUsePAM no\n" + self.faster(match))
        command = re.search(r"^ExecStart=/usr/bin/ssh (.*) -L (\S+) agentx@nms.example.net$", readme(SECTION, "ExecStart"), re.M)
        self.command = ["ssh", "-F", "none", "-p", "2222", "-i", f"{self.dir}/user", "-o", "StrictHostKeyChecking=no", "-o",
                        f"UserKnownHostsFile={self.dir}/known", *self.faster(command[1]).split(), way, command[2],
                        "agentx@" + ("nms.example.net" if way == "-L" else "north.example.net")]
        self.ssh = None
        self.sshd = Process([*self.where(way == "-R"), SSHD, "-D", "-e", "-f", f"{self.dir}/sshd_config"], f"{self.dir}/sshd.log")
        self.sshd.log_says("Server listening on 0.0.0.0 port 2222")

    @staticmethod
    def faster(text):
        check("AliveInterval" in text and "AliveCountMax" in text, text)
        return re.sub(r"(AliveInterval[ =])5", r"\g<1>1", re.sub(r"(AliveCountMax[ =])3", r"\g<1>2", text))

    def where(self, far):
        return self.site.far.prefix if far else ()

    def start(self):
        if self.ssh:
            self.ssh.kill()
        self.ssh = Process([*self.where(self.way == "-L"), *self.command], f"{self.dir}/ssh.log", {"PATH": os.environ["PATH"]})

    def stays_up(self, seconds):
        """Starts it again, as systemd does. Returns whether the tunnel is there before it has ended."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ENTRY)
        self.start()
        end = time.monotonic() + seconds
        until(lambda: os.path.exists(ENTRY) or not self.ssh.alive or time.monotonic() > end, seconds + 5)
        return os.path.exists(ENTRY)

    def close(self):
        for process in filter(None, (self.ssh, self.sshd)):
            process.kill()


def prepare_ssh():
    """User, names, and a /run of our own."""
    folder = tempfile.mkdtemp(prefix="rasdial-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, True)
    for path, more in (("/etc/passwd", f"agentx:x:{AGENTX}:{AGENTX}::HOME:/bin/sh\nsshd:x:989:65534::/run/sshd:/usr/sbin/nologin\n"),
                       ("/etc/group", f"agentx:x:{AGENTX}:\n"),
                       ("/etc/hosts", f"{netns.HERE} nms.example.net\n10.99.0.2 north.example.net\n")):
        with open(path, encoding="utf-8") as file:
            text = "".join(line for line in file if not line.startswith(("agentx:", "sshd:"))) if "hosts" not in path else ""
        netns.put_in_place(path, text + more, folder)
    netns.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for name, mode in (("sshd", 0o755), ("agentx-tunnel", 0o700)):
        os.mkdir(f"/run/{name}", mode)
    return folder


@test(90)
def through_ssh():
    """The tunnel of the README, with ssh and sshd: -L and -R; a network that fails ends it at both ends, and all comes back"""
    needs_net()
    if not SSHD or not shutil.which("ssh"):
        raise Skip("sshd is not installed (apt-get install openssh-server)")
    if netns.mapped():
        raise Skip("sshd needs root")
    folder = prepare_ssh()
    try:
        for way in ("-L", "-R"):
            if way == "-R":
                shutil.chown("/run/agentx-tunnel", AGENTX, AGENTX)
            with Site(f"unix:{ENTRY}") as site:
                with open(f"{folder}/passwd", "r+", encoding="utf-8") as file:
                    text = re.sub(r"^(agentx:.*):[^:]*:/bin/sh$", rf"\1:{site.hub.dir}/ssh/home:/bin/sh", file.read(), flags=re.M)
                    file.seek(0)
                    file.write(text)
                    file.truncate()
                ssh_one_way(site, way)
    finally:
        for path in ("/run", "/etc/passwd", "/etc/group", "/etc/hosts"):
            netns.run("umount", "-l", path)


def ssh_one_way(site, way):
    host = site.host
    site.hub.stop_snmpd()
    socket_lines = readme(SECTION, "agentXPerms")
    site.hub.agentx = re.search(r"^agentXSocket (\S+)$", socket_lines, re.M)[1]
    site.hub.views += re.search(r"^agentXPerms.*$", socket_lines, re.M)[0] + "\n"
    site.hub.start_snmpd()
    host.write_config(agent={"agentx_insecure": False})
    equal(re.search(r"agentx: (.*)", readme(SECTION, "agentx: unix"))[1], f"unix:{ENTRY}")
    tunnel = Ssh(site, way)
    try:
        check(tunnel.stays_up(10), f"{tunnel.ssh}\n{tunnel.sshd.log()}")
        site.start()
        host.dial(1)
        up = host.wait(1, "up")
        site.far.cut()
        until(lambda: not tunnel.ssh.alive, 15, "ssh ends")
        until(lambda: "lost the master agent" in host.agent.log(), 15, "rasdiald notices")
        until(lambda: site.hub.modules() == 0, 15, "snmpd notices, and nobody has asked it for anything there")
        site.far.mend()
        begin = time.monotonic()
        until(lambda: tunnel.stays_up(3), 25, lambda: f"a tunnel; {tunnel.ssh.log()}")
        host.wait_agent(20)
        say(f"{way}: back after {time.monotonic() - begin:.1f} s")
        equal(host.conn(1)["CallId"], up["CallId"])
        host.rested()
        # Nothing else is permitted to that user.
        done = subprocess.run([*tunnel.where(way == "-L"), *tunnel.command[:-4], tunnel.command[-1], "id"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=20, check=False, env={"PATH": os.environ["PATH"]})
        check(done.returncode != 0 and b"uid=" not in done.stdout, f"a command was run: {done.stdout}")
    finally:
        tunnel.close()


run()
