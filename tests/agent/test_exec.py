# SPDX-License-Identifier: BSD-2-Clause
"""Device type exec: helpers that do as they should, and helpers that do not. The interfaces are those that the machine has anyway."""
import os
import re
import signal
import socket
import time

from harness import *

USER, SECRET, PLACE = "user-of-tests", "a \"secret\" $(of) 'tests'", "gw.of.tests"
STATES = ("portOpened connectDevice deviceConnected allDevicesConnected authenticate authNotify authRetry authCallback "
          "authChangePassword authProject authLinkSpeed authAck reAuthenticate authenticated prepareForCallback waitForModemReset "
          "waitForCallback projected startAuthentication callbackComplete logonNetwork applySettings").split()
STAY = "trap 'exit 0' TERM\nwhile :; do sleep 0.05; done\n"
KEPT = ("CallId", "StartTime", "Attempts", "Successes", "Failures", "Drops", "IfName", "LocalAddr", "ProcessId")
NL = "\n"

# What each helper does. $D is the folder of the laboratory.
SCRIPTS = {
    "good": 'read -r secret; read -r more && exit 9; printf "%s\\n" "$secret" > "$D/secret"; env > "$D/env"; echo "$@" > "$D/args"\n'
            'ls -l /proc/self/fd > "$D/fds"\n'
            'echo STATE connectDevice; echo "words of $RAS_USER for $RAS_DESTINATION: $secret" >&2\n'
            'echo UP if=lo local=127.0.0.5/8 peer=127.0.0.6 speed=56000 dns=127.0.0.53 dns=::1\n' + STAY,
    "states": "".join(f"echo STATE {s}\n" for s in STATES) + "echo STATE apply-settings\necho UP\n" + STAY,
    "stats": 'echo UP if=lo\nn=0\nwhile :; do n=$((n+1000)); echo "STATS in=$n out=$((n*2))"; sleep 0.1; done\n',
    "stats-back": "echo UP; echo STATS in=5000 out=7000\nuntil [ -e $D/back ]; do sleep 0.05; done\necho STATS in=10 out=20\n" + STAY,
    "kernel": "echo UP if=lo\n" + STAY,
    "error": "echo ERROR 676 first\necho 'ERROR 678 nobody answers, says '$RAS_USER\nexit 3\n",
    "error-deadline": "echo ERROR 809 'the server is silent'\n" + STAY,
    "down": "echo UP\nuntil [ -e $D/down ]; do sleep 0.05; done\necho DOWN 629 'the far end had enough'\n" + STAY,
    "down-early": "echo DOWN 691 refused\n" + STAY,
    "down-at-once": "echo UP; echo DOWN 628 'no sooner up than down'\nexit 0\n",
    "error-up": "echo ERROR 676 old\necho UP\nuntil [ -e $D/end ]; do sleep 0.05; done\necho ERROR 721 'dead peer'\nexit 4\n",
    "dies-up": "echo UP\nuntil [ -e $D/die ]; do sleep 0.05; done\nexit 7\n",
    "killed": "kill -9 $$\n",
    "silent-exit": "echo 'why it is: a reason' >&2\nexit 5\n",
    "zero-exit": "exit 0\n",
    "up-twice": "echo UP if=lo local=127.0.0.5\nuntil [ -e $D/twice ]; do sleep 0.05; done\necho UP if=other local=127.0.0.9\n" + STAY,
    "up-first": "echo UP\necho STATE connectDevice\necho STATE disconnected\n" + STAY,
    "no-interface": "echo UP if=nosuchif0 local=127.0.0.5\n" + STAY,
    "numbers": 'echo "UP if=lo local=300.1.1.1 local=127.0.0.7/99 peer=::g speed=-5 speed=99999999999999 dns= nonsense foo=bar"\n'
               "echo STATS in=-1 out=2; echo STATS in=3; echo STATS in=99999999999999999999999 out=1; echo STATS in=1x out=2\n"
               "echo STATE connected; echo STATE retryAuthentication; echo STATE subentryConnected; echo STATE; echo STATE a b\n"
               "echo ERROR; echo ERROR 5 x; echo ERROR x y; echo DOWN; echo DOWN abc; echo DOWN 5 x; echo up; echo UPDOWN; echo\n"
               "echo STATS in=77 out=88\n" + STAY,
    "flood": 'i=0; while [ $i -lt 350 ]; do i=$((i+1)); echo "line $i"; done; echo UP; ' + STAY,
    "flood-for-ever": "echo UP; exec yes flooded\n",
    "flood-words": "echo UP; while :; do echo flooded; done >&2\n",
    "flood-zeros": "echo UP; exec cat /dev/zero\n",
    "long": "head -c 5000 /dev/zero | tr '\\0' x; echo; echo \"ERROR 676 $(head -c 3000 /dev/zero | tr '\\0' y)\"; exit 1\n",
    "hangs": "trap '' TERM; echo UP\nwhile :; do sleep 0.05; done\n",
    "hangs-early": "trap '' TERM\nwhile :; do sleep 0.05; done\n",
    "binary": "head -c 20000 /dev/urandom; printf '\\0\\1\\2\\nUP\\0\\n'; echo; echo UP; head -c 3000 /dev/urandom >&2\n" + STAY,
    "nothing": STAY,
    "last-words": "printf 'ERROR 734 without an end of line'; exit 2\n",
    "child": "sleep 1000 & echo UP\n" + STAY,
    "child-far": "setsid sleep 1000 & echo UP\nuntil [ -e $D/far ]; do sleep 0.05; done\nexit 1\n",
    "child-stays": "sleep 1000 &\nexit 6\n",
    "no-stdout": "echo UP; exec >/dev/null; until [ -e $D/quiet ]; do sleep 0.05; done; exit 8\n",
    "away": 'echo UP local=127.0.0.5; until [ -e $D/away ]; do sleep 0.05; done\ni=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "STATS in=$i out=$i"; done\n'
            "echo 'said while nobody listened'\necho 'words while nobody listened' >&2\ntouch $D/said\n" + STAY,
    "away-down": "echo UP; until [ -e $D/away-down ]; do sleep 0.05; done\necho DOWN 734 'ended while nobody listened'\ntouch $D/said\n" + STAY,
    "away-dies": "echo UP; until [ -e $D/away-dies ]; do sleep 0.05; done\nexit 3\n",
    "dialing": "sleep 1000 &\necho STATE connectDevice\n" + STAY,
    "again": "[ -e $D/again ] || { touch $D/again; echo ERROR 678 busy; exit 1; }\necho UP\n" + STAY,
    "options": 'echo "$RAS_OPTIONS" > "$D/options"; echo UP\n' + STAY,
    "environment": 'echo "$PATH $LC_ALL $MINE" > "$D/environment"; echo UP\n' + STAY,
    "idle": "echo UP; n=0; while :; do [ -e $D/idle ] || n=$((n+1)); echo STATS in=$n out=$n; sleep 0.1; done\n",
}
KEYS = {
    "good": {"user_name": USER, "secret": SECRET, "destination": PLACE},
    "error": {"user_name": USER, "redial_max": 0},
    "error-deadline": {"dial_timeout": 2}, "nothing": {"dial_timeout": 2}, "dialing": {"dial_timeout": 120},
    "again": {"redial_max": 2, "redial_pause": 1, "redial_on_drop": True},
    "options": {"options": ["default-route", "use-peer-dns", "ipv6"]},
    "environment": {"environment": {"PATH": "/usr/bin:/bin", "MINE": "of the entry $HOME"}},
    "idle": {"idle_timeout": 1},
}
BAD = ("missing", "link", "folder", "writable", "group", "plain", "of-others", "fifo", "no-interpreter")

INDEX = {name: i for i, name in enumerate([*SCRIPTS, *BAD], 1)}
lab = Lab(agent={"hang_up_timeout": 2, "log": {"level": "debug"}})
D, HELPERS = lab.dir, f"{lab.dir}/helpers"


def entry(name):
    keys = {"name": name, "index": INDEX[name], "device_type": "exec", "device_name": name, "dial_timeout": 30, "redial_max": 0,
            **KEYS.get(name, {})}
    keys["environment"] = {"RASDIAL_LAB": D, "D": D, **keys.get("environment", {})}
    return keys


def write_helper(name, script, mode=0o755):
    path = f"{HELPERS}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(script)
    os.chmod(path, mode)


os.mkdir(HELPERS, 0o755)
os.chmod(HELPERS, 0o755)
for helper, text in SCRIPTS.items():
    write_helper(helper, "#!/bin/sh\n" + text)
os.symlink("/bin/true", f"{HELPERS}/link")
os.mkdir(f"{HELPERS}/folder", 0o755)
os.mkfifo(f"{HELPERS}/fifo", 0o755)
write_helper("writable", "#!/bin/sh\n", 0o757)
write_helper("group", "#!/bin/sh\n", 0o775)
write_helper("plain", "#!/bin/sh\n", 0o644)
write_helper("of-others", "#!/bin/sh\n")
write_helper("no-interpreter", "#!/no/such/interpreter\n")
lab.write_config([entry(name) for name in INDEX], {"helper_dir": HELPERS})


def up(name, timeout=20):
    lab.dial(INDEX[name])
    row = lab.wait(INDEX[name], "up", "failed", timeout=timeout)
    equal(row["OperStatus"], "up", f"{name}: {row['LastErrorCode']} {row['LastErrorText']}")
    return row


def touch(name):
    with open(f"{D}/{name}", "w", encoding="utf-8"):
        pass


def content(name):
    with open(f"{D}/{name}", encoding="utf-8") as file:
        return file.read()


def attempt_log(name):
    with open(f"{lab.run_dir}/{INDEX[name]}.log", encoding="utf-8", errors="replace") as file:
        return file.read()


def agrees(name, row, code, cause, backend=None, text=None):
    """Row, history and notification say the same."""
    told = f"{name}: {row['LastErrorCode']} {row['LastErrorText']}"
    equal((row["LastErrorCode"], row["LastCause"]), (code, cause), told)
    if backend is not None:
        equal(row["LastBackendCode"], backend, told)
    if text is not None:
        check(text in row["LastErrorText"], told)
    last = lab.history(INDEX[name])[-1]
    equal((last["ErrorCode"], last["Cause"], last["BackendCode"], last["ErrorText"]),
          (code, cause, row["LastBackendCode"], row["LastErrorText"]), f"history of {name}")
    wanted = "rasDisconnected" if last["Connected"] == "true" else "rasDialFailed"
    notice = lab.notifications(wanted, INDEX[name])[-1]
    equal((notice["rasConnLastErrorCode"], notice["rasConnLastErrorText"]), (code, row["LastErrorText"]), wanted)
    nothing_left()


def fails(name, *expected, timeout=20):
    lab.dial(INDEX[name])
    row = lab.wait(INDEX[name], "failed", timeout=timeout)
    agrees(name, row, *expected)
    return row


def lost(name, *expected, timeout=20):
    row = lab.wait(INDEX[name], "failed", timeout=timeout)
    agrees(name, row, *expected)
    return row


def down(name):
    lab.hang_up(INDEX[name])
    return lab.wait(INDEX[name], "down", timeout=10)


def helpers():
    """Processes of helpers that live."""
    return [pid for pid in lab.family() if not lab.agent or pid != lab.agent.pid]


def nothing_left():
    until(lambda: not helpers(), 5, lambda: f"no helper is left: {helpers()}")
    left = [n for n in os.listdir(lab.run_dir) if n.endswith((".out", ".err", ".stats", ".link"))]
    equal(left, [], "files in the run directory")


def address(octets):
    return ".".join(str(o) for o in octets)


# ---- as it should be ----

@test()
def good():
    """A helper gets entry, environment and secret as agreed, and what it says is shown"""
    row = up("good")
    equal((row["IfName"], row["IfIndex"], row["Speed"]), ("lo", socket.if_nametoindex("lo"), 56000))
    equal((address(row["LocalAddr"]), address(row["PeerAddr"])), ("127.0.0.5", "127.0.0.6"))
    equal(row["DeviceName"], "good")
    check(row["ProcessId"] in helpers(), row["ProcessId"])
    equal(content("secret"), SECRET + "\n")
    equal(content("args"), "good\n")
    env = dict(line.split("=", 1) for line in content("env").splitlines())
    equal({k: v for k, v in env.items() if k.startswith("RAS_")},
          {"RAS_ENTRY": "good", "RAS_DESTINATION": PLACE, "RAS_USER": USER, "RAS_CALL_ID": str(row["CallId"]), "RAS_OPTIONS": ""})
    check(SECRET not in content("env"), "the secret is in the environment")
    # ls has its folder open, too.
    equal(sorted(re.findall(r" (\d+) -> ", content("fds")))[:3], ["0", "1", "2"])
    check(len(re.findall(r" -> ", content("fds"))) <= 5, content("fds"))
    roles = sorted((r["Role"], r["PrefixLength"]) for r in lab.table("rasAddrTable", "rasAddr").values())
    equal(roles, [("dns", 0), ("dns", 0), ("local", 8), ("peer", 32)])
    log = attempt_log("good")
    check("STATE connectDevice" in log and "words of <user> for <number>: <secret>" in log, log)
    row = down("good")
    equal((row["LastCause"], row["LastErrorCode"], row["IfName"]), ("localRequest", 631, ""))
    nothing_left()


@test()
def states():
    """Every state of a set-up, in both spellings"""
    up("states")
    log = lab.agent.log()
    seen = re.findall(r"entry states: call \d+: (\w+)$", log, re.M)
    equal([s for s in seen if s in STATES], STATES)
    down("states")


@test()
def options_and_environment():
    """RAS_OPTIONS in the words of the configuration; PATH and others of the entry"""
    up("options")
    up("environment")
    equal(content("options"), "default-route use-peer-dns ipv6\n")
    equal(content("environment"), "/usr/bin:/bin C of the entry $HOME\n")


def read_stats():
    """What is kept of STATS over a crash: the last ones that were taken."""
    names = [n for n in os.listdir(lab.run_dir) if n.endswith(".stats")]
    return b"".join(open(f"{lab.run_dir}/{n}", "rb").read() for n in names)


@test(60)
def traffic():
    """STATS are the traffic; without them, the interface's counters since the link came up; none ever goes back"""
    up("stats")
    i = INDEX["stats"]
    first = until(lambda: lab.get(f"rasStatsCallInOctets.{i}"), 10, "octets")
    until(lambda: lab.get(f"rasStatsCallInOctets.{i}") > first, 10, "more octets")
    inward, outward = lab.get(f"rasStatsCallInOctets.{i}", f"rasStatsCallOutOctets.{i}")
    equal(outward, inward * 2)
    up("stats-back")
    i = INDEX["stats-back"]
    until(lambda: lab.get(f"rasStatsCallOutOctets.{i}") == 7000, 10, "octets")
    touch("back")
    until(lambda: b"out=20" in read_stats(), 10, "the smaller numbers are taken")
    equal(lab.get(f"rasStatsCallInOctets.{i}", f"rasStatsCallOutOctets.{i}"), [5000, 7000])
    up("kernel")
    i = INDEX["kernel"]
    with open("/sys/class/net/lo/statistics/rx_bytes", encoding="ascii") as file:
        total = int(file.read())
    moved = until(lambda: lab.get(f"rasStatsCallInOctets.{i}"), 10, "octets of lo")
    check(moved < total or total < 100000, f"{moved} of {total}: what was before the call is not its own")
    down("stats")
    check(lab.history(INDEX["stats"])[-1]["OutOctets"] >= 2 * first, "octets in the history")


@test()
def idle():
    """A link of which STATS say nothing new is idle"""
    up("idle")
    until(lambda: lab.get(f"rasStatsCallInOctets.{INDEX['idle']}") > 2, 10, "traffic")
    equal(lab.status(INDEX["idle"]), "up")
    touch("idle")
    row = lab.wait(INDEX["idle"], "down", timeout=15)
    equal((row["LastErrorCode"], row["LastCause"]), (828, "idleTimeout"))


@test()
def errors():
    """The last ERROR, an exit status alone, a signal, the end of a link"""
    row = fails("error", 678, "noAnswer", 3, "nobody answers")
    check(USER not in row["LastErrorText"] and "<user>" in row["LastErrorText"], row["LastErrorText"])
    fails("error-deadline", 809, "serverUnreachable", -1, "silent")
    fails("down-early", 691, "authFailure", -1, "refused")
    fails("silent-exit", 651, "hardwareFailure", 5, "The helper ended with exit status 5: why it is: a reason")
    fails("zero-exit", 651, "hardwareFailure", 0)
    fails("killed", 651, "hardwareFailure", 137, "signal 9")
    fails("last-words", 734, "remoteHangup", 2, "without an end of line")
    fails("nothing", 638, "dialTimeout", -1)


@test()
def losses():
    """DOWN, DOWN right behind UP, ERROR and exit while up, exit alone"""
    up("down")
    touch("down")
    lost("down", 629, "remoteHangup", -1, "the far end had enough")
    lab.dial(INDEX["down-at-once"])
    lost("down-at-once", 628, "linkLost", None, "no sooner up than down")
    equal(lab.conn(INDEX["down-at-once"])["Drops"], 1)
    up("error-up")
    touch("end")
    lost("error-up", 721, "peerDead", 4, "dead peer")
    up("dies-up")
    touch("die")
    lost("dies-up", 829, "linkLost", 7)


@test()
def again():
    """Redial after an ERROR is the engine's"""
    lab.dial(INDEX["again"])
    row = lab.wait(INDEX["again"], "up", timeout=20)
    equal((row["Attempts"], row["Failures"], row["Successes"]), (2, 1, 1))


# ---- helpers that lie ----

@test()
def lies():
    """UP twice, UP before any STATE, an interface that is not there, numbers that are none"""
    fails("no-interface", 752, "scriptFailure", -1, "nosuchif0")
    up("up-twice")
    touch("twice")
    row = until(lambda: (lambda r: r if address(r["LocalAddr"]) == "127.0.0.9" else None)(lab.conn(INDEX["up-twice"])), 10, "new address")
    equal((row["IfName"], row["OperStatus"], row["Successes"]), ("lo", "up", 1))
    check("another interface" in attempt_log("up-twice"), attempt_log("up-twice"))
    row = up("up-first")
    until(lambda: "STATE disconnected" in attempt_log("up-first"), 10, "lines are taken")
    equal(lab.conn(INDEX["up-first"])["State"], "connected")
    up("numbers")
    i = INDEX["numbers"]
    until(lambda: lab.get(f"rasStatsCallInOctets.{i}") == 77, 10, "the STATS that make sense count")
    row = lab.conn(i)
    equal((row["OperStatus"], row["IfName"], len(row["LocalAddr"]), row["Speed"]), ("up", "lo", 0, 4294967295))
    for name in ("up-twice", "up-first", "numbers"):
        down(name)
    nothing_left()


def processor_time():
    """Seconds that the agent has used."""
    with open(f"/proc/{lab.agent.pid}/stat", encoding="ascii") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


@test(60)
def floods():
    """Too many lines are slowed down, none is lost; the agent does not mind"""
    start = time.monotonic()
    up("flood")
    took = time.monotonic() - start
    check(2.5 <= took, f"350 lines took {took:.1f} s")
    equal(re.findall(r"^line (\d+)$", attempt_log("flood"), re.M), [str(n) for n in range(1, 351)])
    down("flood")
    noisy = ("flood-for-ever", "flood-words", "flood-zeros")
    for name in noisy:
        up(name)
    before, since = processor_time(), time.monotonic()
    time.sleep(2)  # over which it is measured
    share = (processor_time() - before) / (time.monotonic() - since)
    check(share < 0.25, f"{share:.2f} of a processor")
    for name in noisy:
        check(os.path.getsize(f"{lab.run_dir}/{INDEX[name]}.log") <= 65536, name)
        equal(lab.status(INDEX[name]), "up")
        down(name)
    nothing_left()


@test()
def long_lines():
    """Lines are cut at 1,024 octets"""
    row = fails("long", 676, "lineBusy", 1)
    equal(row["LastErrorText"], "y" * 255)
    check(max(len(line) for line in attempt_log("long").splitlines()) <= 1024, "the log")


@test()
def binary():
    """Octets of any kind do no harm, and UP behind them counts"""
    up("binary")
    until(lambda: "UP" in attempt_log("binary"), 10, "UP in the log")
    with open(f"{lab.run_dir}/{INDEX['binary']}.log", "rb") as file:
        check(not re.search(rb"[\0-\x09\x0b-\x1f\x7f]", file.read()), "control characters in the log")
    down("binary")


@test(60)
def hangs():
    """SIGTERM, and what ignores it is killed after half of hang-up-timeout"""
    for name in ("hangs", "hangs-early"):
        lab.dial(INDEX[name])
        lab.wait(INDEX[name], "up" if name == "hangs" else "dialing")
        pid = until(lambda n=name: lab.conn(INDEX[n])["ProcessId"], 5, "a process")
        until(lambda p=pid: ignores_sigterm(p), 5, "the signal is ignored")
        start = time.monotonic()
        down(name)
        took = time.monotonic() - start
        check(0.9 <= took < 6, f"{name}: {took:.1f} s")
    nothing_left()


def ignores_sigterm(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"SigIgn:\s+(\w+)", file.read())[1], 16) & 1 << signal.SIGTERM - 1


@test()
def children():
    """Children of a helper end with it: in its group, outside of it, and when they stay behind"""
    up("child")
    until(lambda: len(helpers()) >= 2, 5, "a child")
    down("child")
    nothing_left()
    up("child-far")
    until(lambda: len(helpers()) >= 2, 5, "a child")
    touch("far")
    lost("child-far", 829, "linkLost", 1)
    fails("child-stays", 651, "hardwareFailure", 6)
    up("no-stdout")
    touch("quiet")
    lost("no-stdout", 829, "linkLost", 8)


# ---- which helpers may be run ----

@test()
def not_allowed():
    """A file that is missing, a link, no regular file, of others, writable, not executable: told exactly, and not run"""
    fails("missing", 609, "noKernelSupport", -1, f"There is no helper missing in {HELPERS}")
    fails("link", 625, "configError", -1, "symbolic link")
    fails("folder", 625, "configError", -1, "not a regular file")
    fails("fifo", 625, "configError", -1, "not a regular file")
    fails("writable", 625, "configError", -1, "written by others")
    fails("group", 625, "configError", -1, "written by others")
    fails("plain", 625, "configError", -1, "cannot be executed")
    fails("no-interpreter", 752, "scriptFailure", -1, "cannot be started")
    for mode in (0o777, 0o775):
        os.chmod(HELPERS, mode)
        fails("good", 625, "configError", -1, f"The folder of helpers {HELPERS} can be written by others")
    os.chmod(HELPERS, 0o755)
    if os.getuid() == 0:
        os.chown(f"{HELPERS}/of-others", 65534, 65534)
        fails("of-others", 625, "configError", -1, "belongs to neither root")
        os.chown(HELPERS, 65534, 65534)
        fails("good", 625, "configError", -1, "belongs to neither root")
        os.chown(HELPERS, 0, 0)
    os.rename(HELPERS, HELPERS + ".away")
    fails("good", 609, "noKernelSupport", -1, "cannot be opened")
    os.rename(HELPERS + ".away", HELPERS)


@test()
def names():
    """Names that lead out of the folder are refused by the configuration"""
    for name in ("../good", "/bin/true", ".hidden", "-x", "a b", "a;b", "a/b", "\u00fc"):
        other = {**entry("good"), "device_name": name}
        path = f"{D}/bad.yaml"
        with open(path, "w", encoding="utf-8") as file:
            from config_text import yaml_text  # pylint: disable=import-outside-toplevel
            file.write(yaml_text({"helper-dir": HELPERS}, [other]))
        os.chmod(path, 0o600)
        status, log = check_config(path)
        check(status != 0 and "device-name" in log, f"{name}: {status} {log}")


def check_config(path):
    import subprocess  # pylint: disable=import-outside-toplevel
    done = subprocess.run([RASDIALD, "-t", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


@test()
def another_folder():
    """A reload may name another folder of helpers"""
    other = f"{D}/others"
    os.mkdir(other, 0o755)
    os.chmod(other, 0o755)
    os.rename(f"{HELPERS}/zero-exit", f"{other}/zero-exit")
    lab.write_config(agent={"helper_dir": other})
    lab.hup()
    def found():
        lab.dial(INDEX["zero-exit"])
        return lab.wait(INDEX["zero-exit"], "failed")["LastErrorCode"] == 651
    until(found, 10, "the other folder is used")
    os.rename(f"{other}/zero-exit", f"{HELPERS}/zero-exit")
    lab.write_config(agent={"helper_dir": HELPERS})
    lab.hup()
    until(found, 10, "the first folder is used")


# ---- the agent ends, and starts again ----

def away(kill):
    """The agent is gone for a while."""
    if kill:
        lab.kill_agent()
    else:
        lab.stop_agent()


def kept(row):
    return {k: row[k] for k in KEPT}


@test(90)
def stays_up():
    """A link outlives the agent, however that ends, and lines that nobody read are not lost"""
    for kill in (False, True):
        for name in ("away", "said"):
            if os.path.exists(f"{D}/{name}"):
                os.unlink(f"{D}/{name}")
        before = up("away")
        told = len(lab.notifications("rasConnected", INDEX["away"]))
        away(kill)
        touch("away")
        until(lambda: os.path.exists(f"{D}/said"), 10, "the helper goes on without an agent")
        lab.start_agent()
        row = lab.wait(INDEX["away"], "up")
        equal(kept(row), kept(before))
        until(lambda: lab.get(f"rasStatsCallInOctets.{INDEX['away']}") == 40, 10, "STATS that were said meanwhile")
        until(lambda: "words while nobody listened" in attempt_log("away") and "said while nobody" in attempt_log("away"), 5, "lines")
        equal(len(lab.notifications("rasConnected", INDEX["away"])), told, "it is not told again")
        down("away")
        nothing_left()


@test(60)
def counters_stay():
    """Octets do not go back over kill -9, with and without STATS"""
    i, k = INDEX["stats"], INDEX["kernel"]
    up("stats")
    up("kernel")
    until(lambda: lab.get(f"rasStatsCallInOctets.{i}") > 3000 and lab.get(f"rasStatsCallInOctets.{k}") > 0, 10, "octets")
    names_ = (f"rasStatsCallInOctets.{i}", f"rasStatsInOctets.{i}", f"rasStatsCallInOctets.{k}", f"rasStatsInOctets.{k}")
    before = lab.get(*names_)
    lab.kill_agent()
    lab.start_agent()
    after = lab.get(*names_)
    check(all(a >= b for a, b in zip(after, before)), f"{before} became {after}")
    until(lambda: all(a > b for a, b in zip(lab.get(*names_), before)), 10, "they go on")


@test(60)
def ended_meanwhile():
    """A link that ended while there was no agent: what the helper said is why"""
    if os.path.exists(f"{D}/said"):
        os.unlink(f"{D}/said")
    up("away-down")
    up("away-dies")
    lab.kill_agent()
    touch("away-down")
    touch("away-dies")
    until(lambda: os.path.exists(f"{D}/said") and len({os.getpgid(pid) for pid in helpers()}) == 1, 10, "one says DOWN, the other one dies")
    lab.start_agent()
    lost("away-down", 734, "remoteHangup", -1, "ended while nobody listened")
    lost("away-dies", 829, "linkLost", -1)


@test(60)
def killed_while_dialing():
    """kill -9 during an attempt: it is ended with its children, and accounted for"""
    for _ in range(3):
        lab.dial(INDEX["dialing"])
        lab.wait(INDEX["dialing"], "dialing")
        until(lambda: len(helpers()) >= 2, 5, "helper and child")
        lab.kill_agent()
        lab.start_agent()
        lost("dialing", 834, "internalError", -1)


@test(90)
def killed_at_any_moment():
    """kill -9 at odd moments of a start"""
    for step in range(8):
        lab.dial(INDEX["dialing"], INDEX["good"])
        time.sleep(step * 0.004)
        lab.kill_agent()
        lab.start_agent()
        for name in ("dialing", "good"):
            if lab.wait(INDEX[name], "up", "failed")["OperStatus"] == "up":
                down(name)
        nothing_left()


@test(60)
def killed_while_ending():
    """kill -9 while a helper that ignores SIGTERM is being hung up"""
    up("hangs")
    lab.hang_up(INDEX["hangs"])
    lab.wait(INDEX["hangs"], "hangingUp")
    lab.kill_agent()
    lab.start_agent()
    lab.wait(INDEX["hangs"], "down", timeout=15)
    nothing_left()


@test(60)
def entry_gone():
    """The entry of a link is removed while there is no agent: the helper is ended"""
    up("kernel")
    lab.kill_agent()
    entries = list(lab.entries)
    lab.write_config([e for e in entries if e["name"] != "kernel"])
    lab.start_agent()
    until(lambda: not helpers(), 10, "the helper ends")
    lab.write_config(entries)
    lab.hup()
    until(lambda: INDEX["kernel"] in lab.column("rasConnOperStatus"), 10, "the entry is back")


@test(60)
def secrecy():
    """The secret is nowhere but where the helper put it"""
    up("good")
    pid = lab.conn(INDEX["good"])["ProcessId"]
    for name in ("cmdline", "environ"):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            check(SECRET.encode() not in file.read(), f"the secret is in {name}")
    for folder, _, files in os.walk(lab.run_dir):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    text = file.read()
                check(SECRET.encode() not in text, f"the secret is in {path}")
                if name.endswith(".log"):
                    check(USER.encode() not in text and PLACE.encode() not in text, f"names in {path}")
    check(SECRET not in lab.agent.log() and USER not in lab.agent.log(), "rasdiald's log")
    down("good")


run(lab)
