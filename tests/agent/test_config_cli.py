# SPDX-License-Identifier: BSD-2-Clause
"""The command line of rasdiald: options, the check of a configuration, what wrong input gets."""
import atexit
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from harness import *

GOOD = """\
agent:
  name: gw
entries:
  - name: hq
    device-type: loopback
    destination: setup=10ms
"""

# What is wrong, the file, and the line and column that the message must name (0: any).
BAD = (
    ("an unknown key of the agent", "agent:\n  nmae: gw\n", 2, 3),
    ("an unknown section", "agents: {}\n", 1, 1),
    ("an unknown key of an entry", GOOD + "    colour: blue\n", 7, 5),
    ("a key twice", GOOD + "    destination: x\n", 7, 5),
    ("a name twice", GOOD + "  - {name: hq, device-type: loopback}\n", 7, 0),
    ("a name twice, in other letters", GOOD + "  - {name: HQ, device-type: loopback}\n", 7, 0),
    ("an index twice", GOOD + "    index: 3\n  - {name: b, index: 3}\n", 8, 0),
    ("an entry without a name", "entries:\n  - device-type: loopback\n", 2, 0),
    ("an empty name", "entries:\n  - name: \"\"\n", 2, 0),
    ("a name that is too long", "entries:\n  - name: " + "x" * 65 + "\n", 2, 11),
    ("an alias", "agent:\n  name: &a gw\nentries:\n  - name: *a\n", 0, 0),
    ("a wrong type", "agent: 5\n", 1, 8),
    ("a list for a text", "agent:\n  name: [a]\n", 2, 9),
    ("entries that are no list", "entries: {a: b}\n", 1, 10),
    ("a number out of range", "agent:\n  max-concurrent-dials: 65536\n", 2, 25),
    ("a negative number", "agent:\n  ping-interval: -1\n", 2, 18),
    ("no number", "agent:\n  ping-interval: soon\n", 2, 18),
    ("a fraction", GOOD + "    redial-pause: 1.5\n", 7, 19),
    ("zero where one is the least", GOOD + "    redial-pause: 0\n", 7, 19),
    ("an index of 0", GOOD + "    index: 0\n", 7, 12),
    ("an index that is too high", GOOD + "    index: 2147483648\n", 7, 12),
    ("a label that is not there", GOOD.replace("device-type: loopback", "device-type: telepathy"), 5, 18),
    ("a label in a list that is not there", GOOD + "    notify-types: [connected, confused]\n", 7, 31),
    ("no truth value", GOOD + "    redial-on-drop: perhaps\n", 7, 21),
    ("storage of another kind", GOOD + "    storage-type: volatile\n", 7, 19),
    ("a control character", "entries:\n  - name: \"a\\tb\"\n", 2, 11),
    ("bad YAML", "agent:\n  name: [unclosed\n", 0, 0),
    ("a tab", "agent:\n\tname: gw\n", 2, 0),
    ("two documents", GOOD + "---\n" + GOOD, 0, 0),
    ("a master on another host", "agent:\n  agentx: tcp:192.0.2.1:705\n", 2, 11),
    ("a secret and a file of it", GOOD + "    secret: a\n    secret-file: /nonexistent\n", 0, 0),
    ("a file of a secret that is not there", GOOD + "    secret-file: /nonexistent/secret\n", 7, 18),
    ("on-demand without addresses", GOOD + "    dial-mode: on-demand\n", 7, 16),
    ("an unknown key of notifications", "agent:\n  notifications: {typos: []}\n", 2, 0),
    ("a type over SNMP that cannot be", "agent:\n  allow-device-types: [pty]\n", 2, 0),
)
folder = tempfile.mkdtemp(prefix="rasdial-", dir=os.environ.get("RASDIAL_TMP", "/tmp"))
atexit.register(shutil.rmtree, folder, ignore_errors=True)


def write(text, mode=0o600, name="test.yaml"):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def rasdiald(*arguments, timeout=10):
    done = subprocess.run([RASDIALD, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, check=False, text=True)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


@test()
def good_file():
    """-t of a good file: status 0 and one line"""
    for text in (GOOD, "", "agent: {}\n", "entries: []\n", "# nothing\n", "defaults: {redial-max: 3}\n"):
        status, out, err = rasdiald("-t", "-c", write(text))
        equal(status, 0, f"{text!r}: {out} {err}")
        equal(len((out + err).splitlines()), 1, f"lines for {text!r}: {out} {err}")


@test()
def example_files():
    """-t accepts the examples that come with the project, but for secrets and files that are not on this machine"""
    top = os.path.join(os.path.dirname(MIB_FILE), "..", "config")
    examples = [f for f in sorted(os.listdir(top)) if f.endswith(".yaml")]
    if not examples:
        raise Skip("there are no examples")
    for name in examples:
        with open(os.path.join(top, name), encoding="utf-8") as file:
            text = file.read()
        secret = write("top secret\n", name="secret")
        text = re.sub(r"(secret-file: )\S+", rf"\g<1>{secret}", text)
        status, out, err = rasdiald("-t", "-c", write(text, name=name))
        equal(status, 0, f"{name}: {out} {err}")


@test(60)
def bad_files():
    """-t of a bad file: status 1, one message with file, line and column, for each kind of mistake"""
    for what, text, row, column in BAD:
        path = write(text)
        status, out, err = rasdiald("-t", "-c", path)
        message = err or out
        equal(status, 1, f"{what}: {out} {err}")
        equal(len((out + "\n" + err).strip().splitlines()), 1, f"{what}: {out} {err}")
        match = re.search(re.escape(path) + r":(\d+):(\d+): \S", message)
        check(match, f"{what}: no place in {message!r}")
        check(row in (0, int(match[1])), f"{what}: line {match[1]}, not {row}: {message}")
        check(column in (0, int(match[2])), f"{what}: column {match[2]}, not {column}: {message}")


@test()
def files_that_are_none():
    """Files that cannot be read, are folders, are no text: status 1 and a message with the name"""
    cases = {"absent": os.path.join(folder, "absent.yaml"), "folder": folder, "no UTF-8": write(b"agent:\n  name: \xff\xfe\n", name="a.yaml"),
             "binary": write(bytes(range(256)), name="b.yaml"), "NUL": write(b"agent:\n  name: a\0b\n", name="c.yaml"),
             "deep": write("agent: " + "[" * 5000, name="d.yaml")}
    for what, path in cases.items():
        status, out, err = rasdiald("-t", "-c", path)
        equal(status, 1, f"{what}: {out} {err}")
        check(path in err + out, f"{what}: the message names the file: {out} {err}")


@test()
def secrets():
    """A file with a secret that others can read is refused; the secret is not in the message"""
    text = GOOD + "    user-name: branch7\n    secret: very secret\n"
    equal(rasdiald("-t", "-c", write(text))[0], 0)
    for mode in (0o644, 0o640, 0o604):
        status, out, err = rasdiald("-t", "-c", write(text, mode, f"m{mode:o}.yaml"))
        equal(status, 1, f"mode {mode:o}: {out} {err}")
        check("very secret" not in out + err, out + err)
    equal(rasdiald("-t", "-c", write(GOOD, 0o644, "plain.yaml"))[0], 0, "without a secret others may read")
    secret = write("very secret\n", 0o644, "secret.txt")
    status, out, err = rasdiald("-t", "-c", write(GOOD + f"    secret-file: {secret}\n"))
    equal(status, 1, f"{out} {err}")
    check("very secret" not in out + err, out + err)
    status, out, err = rasdiald("-t", "-c", write(GOOD + '    secret: "a\\nvery secret"\n'))
    equal(status, 1)
    check("very secret" not in out + err, out + err)


@test()
def options():
    """-V tells the version, -h the usage; unknown options and arguments are refused with the usage"""
    status, out, _ = rasdiald("-V")
    equal(status, 0)
    check(re.search(r"\d+\.\d+", out), out)
    status, out, _ = rasdiald("-h")
    equal(status, 0)
    for option in "fcxsrtvVh":
        check(re.search(rf"-{option}\b", out), f"-{option} is in the usage: {out}")
    for arguments in (("-Q",), ("-c",), ("stray",), ("-t", "-c", write(GOOD), "stray"), ("--colour",)):
        status, out, err = rasdiald(*arguments)
        check(status not in (0, -11, -6), f"{arguments}: {status}")
        check(err, f"{arguments}: a message on stderr")


@test()
def start_with_bad_file():
    """A start with a bad file ends with status 1 and the same message"""
    path = write("agent:\n  nmae: gw\n")
    status, out, err = rasdiald("-f", "-c", path, "-x", f"unix:{folder}/none", "-s", f"{folder}/s", "-r", f"{folder}/r")
    equal(status, 1)
    check(f"{path}:2:3: " in err, f"{out} {err}")
    check(not os.path.exists(f"{folder}/s"), "nothing was made")


@test()
def directories_that_cannot_be():
    """State or run directory that cannot be made: status 1 and a message with its name"""
    path = write(GOOD)
    blocked = write("a file", name="blocked")
    for arguments in (("-s", blocked + "/s", "-r", f"{folder}/r"), ("-s", f"{folder}/s", "-r", blocked + "/r")):
        status, out, err = rasdiald("-f", "-c", path, "-x", f"unix:{folder}/none", *arguments)
        check(status > 0, f"{arguments}: {status}")
        check("blocked" in err, f"{arguments}: {out} {err}")


@test()
def command_line_wins():
    """Directories and master of the command line win over those of the file"""
    lab = Lab([line("hq", 1, "setup=10ms")], agent={"state_dir": "/nonexistent/state", "run_dir": "/nonexistent/run",
                                                    "agentx": "unix:/nonexistent/master"})
    try:
        lab.begin()
        lab.dial(1)
        lab.wait(1, "up")
        lab.after_test()
    finally:
        lab.finish()


@test()
def file_alone():
    """Directories and master of the file, without options on the command line; -v logs more"""
    lab = Lab([line("hq", 1, "setup=10ms")])
    lab.write_config(agent={"state_dir": lab.state_dir, "run_dir": lab.run_dir, "agentx": lab.agentx})
    try:
        lab.start_snmpd()
        lab.agent = Process([RASDIALD, "-f", "-v", "-c", lab.config], f"{lab.dir}/rasdiald.log", lab.env())
        lab.wait_agent()
        lab.dial(1)
        lab.wait(1, "up")
        lab.after_test()
    finally:
        lab.finish()


@test()
def service_manager():
    """NOTIFY_SOCKET: READY=1 after the start, RELOADING=1 around a reload, STOPPING=1 at the end"""
    lab = Lab([line("hq", 1, "setup=10ms")])
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(f"{lab.dir}/notify")
    manager.settimeout(10)
    said = []

    def hears(word):
        end = time.monotonic() + 10
        while word not in said and time.monotonic() < end:
            said.extend(manager.recv(4096).decode().splitlines())
        check(word in said, f"{word} in {said}")
    try:
        lab.start_snmpd()
        lab.agent = Process([RASDIALD, "-f", "-c", lab.config, "-x", lab.agentx, "-s", lab.state_dir, "-r", lab.run_dir],
                            f"{lab.dir}/rasdiald.log", {**lab.env(), "NOTIFY_SOCKET": f"{lab.dir}/notify"})
        hears("READY=1")
        lab.wait_agent()
        said.clear()
        lab.hup()
        hears("READY=1")
        check("RELOADING=1" in said, said)
        lab.stop_agent()
        hears("STOPPING=1")
    finally:
        manager.close()
        lab.finish()


def background(shell_words):
    lab = Lab([line("hq", 1, "setup=10ms")])
    try:
        lab.start_snmpd()
        status = subprocess.run(["sh", "-c", f'exec "$0" "$@" {shell_words}', RASDIALD, "-c", lab.config, "-x", lab.agentx,
                                 "-s", lab.state_dir, "-r", lab.run_dir],
                                env=lab.env(), timeout=20, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL).returncode
        equal(status, 0)
        (pid,) = lab.family()
        try:
            until(lambda: isinstance(lab.raw("rasVersion.0").value, bytes), 10, "the agent answers")
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            check(int(fields[3]) != os.getsid(0), "a session of its own")
            equal([os.readlink(f"/proc/{pid}/fd/{n}") for n in (0, 1, 2)], ["/dev/null"] * 3, "standard descriptors")
            lab.dial(1)
            lab.wait(1, "up")
            lab.hang_up(1)
            lab.wait(1, "down")
        finally:
            os.kill(pid, 15)
        until(lambda: lab.family() == [], 6, "it ends")
    finally:
        lab.finish()


@test()
def in_the_background():
    """Without -f it goes into the background, once it is ready, and logs to syslog"""
    background("")


@test()
def without_standard_streams():
    """Started with standard input, output and error closed, it works as ever: nothing of its own gets their numbers"""
    background("<&- >&- 2>&-")


run()
