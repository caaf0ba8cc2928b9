# SPDX-License-Identifier: BSD-2-Clause
"""The rasdial command, with an agent and without one, and the control socket against clients of every kind."""
import atexit
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import zlib

from harness import *
from config_text import yaml_text

RASDIAL = os.path.join(os.path.dirname(RASDIALD), "rasdial")
STATES = ("openPort portOpened connectDevice deviceConnected allDevicesConnected authenticate authNotify authProject authAck "
          "authenticated projected connected").split()
CLIENTS_MAX = 32
ENTRIES = [
    line("hq", 1, "setup=300ms"),
    line("drop", 2, "setup=50ms,drop=300ms"),
    line("bad", 3, "setup=50ms,fail=691"),
    line("again", 4, "setup=50ms,fails=1,fail=676", redial_max=1, redial_pause=1),
    line("slow", 5, "setup=20s"),
    {"name": "helper", "index": 6, "device_type": "exec", "device_name": "helper"},
    line("old", 7, "", dial_mode="persistent"),
]
lab = Lab(ENTRIES[:6], {})
helpers = f"{lab.dir}/helpers"
os.makedirs(helpers, 0o755)
with open(f"{helpers}/helper", "w", encoding="utf-8") as script:
    os.fchmod(script.fileno(), 0o755)
    script.write("#!/bin/sh\necho 'words of the helper' >&2\necho ERROR 678 nobody answers\nexit 1\n")
lab.write_config(agent={"helper_dir": helpers})


class Alone:
    """Folders of their own, where no agent is running."""

    def __init__(self, entries=None):
        self.dir = tempfile.mkdtemp(prefix="rasdial-", dir="/tmp")
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        self.config, self.run_dir = f"{self.dir}/rasdial.yaml", f"{self.dir}/run"
        with open(self.config, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            keys = {"state_dir": f"{self.dir}/state", "run_dir": self.run_dir}
            file.write(yaml_text(keys, ENTRIES if entries is None else entries))


alone = Alone()


def argv(where, *arguments):
    return [RASDIAL, "-c", where.config, *(["-r", where.run_dir] if where is lab else []), *arguments]


def rasdial(where, *arguments, timeout=40):
    """Returns (status, lines of output, errors)."""
    done = subprocess.run(argv(where, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, check=False, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr.strip()


def start(where, *arguments):
    folder = tempfile.mkdtemp(prefix="rasdial-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Process(argv(where, *arguments), f"{folder}/log", {"PATH": os.environ["PATH"]})


def dialed(where, entry="hq", until_line="up on lo"):
    command = start(where, entry)
    command.log_says(until_line)
    check(command.alive, f"rasdial stays: {command.log()}")
    return command


def status(where, entry="hq"):
    code, lines, errors = rasdial(where, "-s", entry)
    equal(code, 0, errors)
    return lines[1].split()[1]


def packet(text):
    text = text.encode() if isinstance(text, str) else text
    return text + b" sum=%08x" % zlib.crc32(text)


def client():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(20)
    sock.connect(f"{lab.run_dir}/control")
    return sock


# ---- dialing ----

def dials_and_hangs_up(where, number):
    command = dialed(where)
    equal(status(where), "up")
    command.send(number)
    equal(command.wait(20), 0, command.log())
    lines = command.log().splitlines()
    equal(lines[:len(STATES)], STATES, "each state once, in order")
    equal(lines[len(STATES)], "up on lo, address 127.0.0.1")
    equal(lines[-1], "down")
    command.close()


@test()
def with_agent():
    """A dial shows each state once and in order, SIGTERM hangs up, and it is local in the history"""
    dials_and_hangs_up(lab, signal.SIGTERM)
    equal(lab.status(1), "down")
    equal(lab.history(1)[-1]["Trigger"], "local")


@test()
def without_agent():
    """So it does without an agent, and leaves nothing"""
    dials_and_hangs_up(alone, signal.SIGINT)
    equal([n for n in os.listdir(alone.run_dir) if n != "lock"], [])


def ends(where):
    for entry, code, last in (("drop", 829, "failed"), ("bad", 691, "failed")):
        got, lines, errors = rasdial(where, entry)
        equal((got, lines[-1]), (1, last), errors)
        check(errors.startswith(f"Remote access error {code} - "), errors)
    got, lines, errors = rasdial(where, "nothing")
    equal((got, lines), (1, []))
    check(errors.startswith("Remote access error 623 - "), errors)


@test()
def failures_with_agent():
    """What fails or is lost ends with 1 and its error"""
    ends(lab)


@test()
def failures_without_agent():
    """So it does without an agent"""
    ends(alone)


def hung_up_early(where):
    command = dialed(where, "slow", "openPort")
    command.send(signal.SIGINT)
    equal(command.wait(20), 1)
    check("Remote access error 631 - " in command.log(), command.log())
    command.close()


@test()
def early_end():
    """Hung up before it is connected: 1 and error 631"""
    hung_up_early(lab)
    hung_up_early(alone)


@test(60)
def redials():
    """A redial is announced and followed"""
    for where in (lab, alone):
        command = dialed(where, "again")
        check(re.search(r"^error 676 - .*; next attempt in 1 s$", command.log(), re.M), command.log())
        command.send(signal.SIGINT)
        equal(command.wait(20), 0, command.log())
        command.close()


def second(where):
    command = dialed(where)
    code, lines, errors = rasdial(where, "hq")
    equal((code, lines), (1, []))
    check(errors.startswith("Remote access error 756 - "), errors)
    equal(rasdial(where, "-d", "hq")[0], 0)
    equal(command.wait(20), 0, command.log())
    command.close()


@test()
def second_with_agent():
    """A second dial gets 756; -d ends the first, which exits with 0"""
    second(lab)


@test()
def second_without_agent():
    """So it is without an agent: the second command reaches the first"""
    second(alone)


@test()
def dialed_over_snmp():
    """An entry that was dialed over SNMP gives 756, and -d hangs it up"""
    lab.dial(1)
    lab.wait(1, "up")
    check("error 756" in rasdial(lab, "hq")[2], "756")
    equal(rasdial(lab, "-d", "hq")[0], 0)
    equal(lab.status(1), "down")


@test()
def hung_up_over_snmp():
    """A hang-up over SNMP ends the command with 0; dialing that is not enabled is refused"""
    command = dialed(lab)
    lab.hang_up(1)
    equal(command.wait(20), 0, command.log())
    command.close()
    equal(lab.set(("rasAdminMode.0", "disabled")), "noError")
    code, _, errors = rasdial(lab, "hq")
    equal(lab.set(("rasAdminMode.0", "enabled")), "noError")
    equal(code, 1)
    check(errors.startswith("Remote access error 929 - "), errors)


# ---- clients and agents that die ----

@test()
def killed_client():
    """A command that is killed leaves the link: to the agent, or to the next command"""
    command = dialed(lab)
    command.kill()
    equal(lab.status(1), "up")
    equal(rasdial(lab, "-d", "hq")[0], 0)
    command = dialed(alone)
    command.kill()
    check("error 756" in rasdial(alone, "hq")[2], "the link is taken up")
    equal(rasdial(alone, "-d", "hq")[0], 0)
    equal([n for n in os.listdir(alone.run_dir) if n not in ("lock", "control")], [])


@test(60)
def killed_agent():
    """An agent that is killed: the command says so and exits with 1, and the next agent has the link"""
    command = dialed(lab)
    lab.kill_agent()
    equal(command.wait(20), 1)
    check("the agent has ended" in command.log(), command.log())
    command.close()
    check(os.path.exists(f"{lab.run_dir}/control"), "a stale socket is left")
    lab.start_agent()
    equal(status(lab), "up")
    equal(rasdial(lab, "-d", "hq")[0], 0)


@test(60)
def locked():
    """Directories in use and no socket: a message with the way out, and 1"""
    os.rename(f"{lab.run_dir}/control", f"{lab.run_dir}/hidden")
    own = Alone([])
    with open(own.config, "w", encoding="utf-8") as file:
        file.write(yaml_text({"state_dir": lab.state_dir, "run_dir": lab.run_dir}, [line("hq", 1)]))
    code, lines, errors = rasdial(own, "hq")
    os.rename(f"{lab.run_dir}/hidden", f"{lab.run_dir}/control")
    equal((code, lines), (1, []))
    check("no agent answers" in errors and "-r" in errors, errors)


@test()
def ends_with_agent():
    """The socket goes when the agent ends"""
    lab.stop_agent()
    check(not os.path.exists(f"{lab.run_dir}/control"), "no socket is left")
    lab.start_agent()
    until(lambda: os.path.exists(f"{lab.run_dir}/control"), 5, "there is one again")  # managers may be answered before
    equal(stat.S_IMODE(os.stat(f"{lab.run_dir}/control").st_mode), 0o600)


# ---- looking ----

def looks(where):
    code, lines, _ = rasdial(where, "-l")
    equal(code, 0)
    equal([x.split()[:3] for x in lines[1:4]], [["1", "hq", "loopback"], ["2", "drop", "loopback"], ["3", "bad", "loopback"]])
    code, lines, _ = rasdial(where, "-s")
    equal(code, 0)
    equal(lines[0].split()[:2], ["ENTRY", "STATUS"])
    equal(lines[1].split()[0], "hq")
    code, lines, _ = rasdial(where, "-s", "bad")
    equal((code, len(lines)), (0, 2))
    for option in ("-s", "-L", "-d"):
        code, _, errors = rasdial(where, option, "nothing")
        equal(code, 1)
        check("error 623" in errors, errors)
    code, _, errors = rasdial(where, "-L", "hq")
    equal(code, 1)
    check("there is no log" in errors, errors)
    with open(f"{where.run_dir}/1.log", "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write("first\n\nlast \\x07\n")
    equal(rasdial(where, "-L", "hq"), (0, ["first", "", "last \\x07"], ""))
    os.remove(f"{where.run_dir}/1.log")
    equal(rasdial(where, "-d", "hq")[0], 0, "hanging up what is down")


@test()
def looks_with_agent():
    """Lists, states and log"""
    looks(lab)


@test(60)
def looks_without_agent():
    """Lists, states and log without an agent; nothing is dialed, whatever its dial mode"""
    rasdial(alone, "-l")
    looks(alone)
    equal(status(alone, "old"), "down")


@test()
def log_of_attempt():
    """The log of the last attempt has the words of the helper"""
    code, _, errors = rasdial(lab, "helper")
    equal((code, errors), (1, "Remote access error 678 - nobody answers"))
    code, lines, errors = rasdial(lab, "-L", "helper")
    equal((code, errors), (0, ""))
    check(any("words of the helper" in text for text in lines), str(lines))


@test()
def strangers():
    """Nobody but root and the user of the agent may ask"""
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    modes = ((lab.dir, 0o755, 0o700), (lab.run_dir, 0o755, 0o700), (f"{lab.run_dir}/control", 0o666, 0o600))
    answers = []
    try:
        for opened in range(len(modes) + 1):
            os.seteuid(65534)
            try:
                with client() as sock:
                    sock.send(packet('status entry="hq"'))
                    answers.append(sock.recv(9000))
            except OSError:
                answers.append(b"")
            os.seteuid(0)
            if opened < len(modes):
                os.chmod(modes[opened][0], modes[opened][1])
    finally:
        os.seteuid(0)
        for path, _, mode in modes:
            os.chmod(path, mode)
    equal(answers, [b""] * 4, "what strangers were told, with more and more doors open")


@test()
def long_list():
    """A list that is longer than what a socket takes at once comes whole"""
    many = Alone([line(f"line-{i}", i) for i in range(1, 3001)])
    code, lines, errors = rasdial(many, "-l")
    equal((code, len(lines)), (0, 3001), errors)


@test()
def bad_arguments():
    """Bad arguments get a message, and 1"""
    for arguments in ([], ["a", "b"], ["-d"], ["-L"], ["-x"], ["-s", "-l"], ["-s", "a", "b"], ["-l", "a"], [""], ["x" * 65],
                      ["-e"], ["-e", "x"], ["-e", "12"], ["-c"]):
        code, lines, errors = rasdial(alone, *arguments)
        equal((code, lines), (1, []), str(arguments))
        check(errors, f"a message about {arguments}")
    equal(rasdial(alone, "-e", "756")[1][0], "Remote access error 756 - The entry is being dialed already")
    check(rasdial(alone, "-V")[1][0].startswith("rasdial "), "version")
    equal(rasdial(alone, "-h")[0], 0)
    missing = subprocess.run([RASDIAL, "-c", "/nonexistent/rasdial.yaml", "-l"], capture_output=True, check=False, text=True)
    equal(missing.returncode, 1)
    check("/nonexistent/rasdial.yaml" in missing.stderr, missing.stderr)


# ---- terminal ----

class Terminal:
    """A command that has a terminal of its own."""

    def __init__(self, arguments, **env):
        self.said = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(arguments[0], arguments, {"PATH": os.environ["PATH"], **env})

    def read(self):
        while select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            if not data:
                break
            self.said += data
        return self.said

    def end(self):
        """Types Ctrl-C. Returns the exit status."""
        os.write(self.fd, b"\x03")
        done = until(lambda: self.read() is not None and [s for p, s in [os.waitpid(self.pid, os.WNOHANG)] if p], 20,
                     "rasdial ends")
        self.read()
        os.close(self.fd)
        return os.waitstatus_to_exitcode(done[0])


@test()
def on_terminal():
    """On a terminal one line moves, in colour, and Ctrl-C hangs up"""
    for where in (lab, alone):
        terminal = Terminal(argv(where, "hq"))
        until(lambda: b"up on lo" in terminal.read(), 20, lambda: f"up: {terminal.said}")
        equal(terminal.end(), 0)
        check(b"\r\x1b[Khq: openPort\r\x1b[K" in terminal.said, str(terminal.said))
        check(b"\x1b[32m" in terminal.said, str(terminal.said))
        terminal = Terminal(argv(where, "hq"), NO_COLOR="1")
        until(lambda: b"up on lo" in terminal.read(), 20, lambda: f"up: {terminal.said}")
        equal(terminal.end(), 0)
        check(b"\x1b[32m" not in terminal.said, str(terminal.said))


# ---- clients of every kind ----

@test(60)
def garbage():
    """What is no request ends the client, not the agent"""
    for text in (b"x", b"\0", b"\xff" * 100, b"A" * 8192, b"x" * 60000, packet("dial"), packet("eat entry=\"hq\""),
                 packet("dial entry=\"" + "x" * 65 + "\""), packet("status more=1"), b"dial entry=\"hq\" sum=00000000"):
        with client() as sock:
            sock.send(text)
            equal(sock.recv(9000), b"", str(text[:40]))
    with client() as sock:  # a second request during a watch, that is no hang-up of the same
        sock.send(packet('dial entry="hq"'))
        sock.send(packet('dial entry="slow"'))
        until(lambda: sock.recv(9000) == b"", 20, "the client is dropped")
    equal(lab.status(5), "down")
    lab.wait(1, "up")


@test(60)
def many_clients():
    """More clients than allowed are sent away; those that ask nothing lose their place after a while"""
    crowd = [client() for _ in range(CLIENTS_MAX)]
    code, _, errors = rasdial(lab, "-l")
    equal(code, 1)
    check("too many" in errors, errors)
    until(lambda: rasdial(lab, "-l")[0] == 0, 30, "idle clients are dropped", pause=0.5)
    for sock in crowd:
        sock.close()


@test(60)
def no_descriptor_free():
    """A client that cannot be accepted for want of descriptors waits, while the agent does not work itself to death"""
    pid = lab.agent.pid
    used = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(set(range(len(used) + 1)) - used), limits[1]))
    try:
        with client() as sock:
            sock.send(packet('status entry="hq"'))
            before = lab.agent.cpu_seconds()
            check(not select.select([sock], [], [], 2)[0], "it waits")
            check(lab.agent.cpu_seconds() - before < 0.5, f"{lab.agent.cpu_seconds() - before} s of work in 2 s")
            if HOST == "agent":  # snmpd itself opens files for each request
                equal(lab.status(1), "down", "managers are answered")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            check(sock.recv(9000).startswith(b"conn index=1 "), "the row")
        equal(rasdial(lab, "-l")[0], 0)
        equal(lab.agent.log().count("control socket has to wait"), 1)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


@test(60)
def never_reads():
    """A client that never reads is dropped and holds up nobody"""
    with client() as sock:
        sock.settimeout(5)
        try:
            for _ in range(20000):
                sock.send(packet("status"))
        except OSError:
            pass
        else:
            raise AssertionError("the client may send for ever")
        equal(rasdial(lab, "-l")[0], 0)
    lab.dial(1)
    lab.wait(1, "up")


@test()
def one_after_another():
    """One connection may be used for several requests"""
    with client() as sock:
        for _ in range(100):
            sock.send(packet('status entry="hq"'))
            check(sock.recv(9000).startswith(b"conn index=1 "), "the row")
            check(sock.recv(9000).startswith(b"done "), "the end")


run(lab)
