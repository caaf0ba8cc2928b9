# SPDX-License-Identifier: BSD-2-Clause
"""Routes through a link while it is up, up-script and down-script: done, shown and undone, whatever becomes of link and agent. In a
network of our own, on simulated lines, whose interface is lo."""
import os
import re
import shutil
import subprocess
import tempfile
import time

import netns

NO_NET = netns.enter()  # before there are threads

from harness import *  # noqa: E402

FOLDER = tempfile.mkdtemp(prefix="rasdial-scripts-", dir="/tmp")
TOLD = f"{FOLDER}/told"
GATE = f"{FOLDER}/gate"
ROUTES = ["10.1.0.0/16", "10.2.3.4/32", "2001:db8:1::/48"]
HEAD = f"#!/bin/sh\necho \"$RAS_ACTION $*\" >>{TOLD}\n"


def script(name, text="", mode=0o755):
    path = f"{FOLDER}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEAD + text)
    os.chmod(path, mode)
    return path


UP, DOWN = script("up", f"env | sort >{FOLDER}/env; pwd >/dev/null; echo out; echo err >&2\n"), script("down")
HOLD = script("hold", f"sleep 1000 & while [ ! -e {GATE} ]; do sleep 0.05; done; kill $!\n")


def scripts(up=UP, down=DOWN):
    return {"up_script": up, "down_script": down}


lab = Lab([
    line("plain", 1, "setup=50ms", routes=ROUTES, **scripts()),
    line("drops", 2, "setup=50ms,drop=300ms", routes=["10.20.0.0/16"], **scripts()),
    line("late", 3, "setup=50ms,drop=2s", routes=["10.30.0.0/16"], **scripts()),
    line("taken", 4, "setup=50ms", routes=["10.40.0.0/16", "10.41.0.0/16", "10.42.0.0/16"], **scripts()),
    line("fails", 5, "setup=50ms", redial_max=3, routes=["10.50.0.0/16"],
         **scripts(script("fails", "echo cannot; exit 7\n"))),
    line("hangs", 6, "setup=50ms", dial_timeout=2, **scripts(script("hangs", "trap '' TERM; sleep 1000 & sleep 1000\n"))),
    line("floods", 7, "setup=50ms", **scripts(script("floods", "yes flood | head -c 300000; printf '\\033[31m\\0end'\n"))),
    line("dies", 8, "setup=50ms", **scripts(script("dies", "kill -ABRT $$\n"))),
    line("refused", 9, "setup=50ms", **scripts(script("refused"))),
    line("holds", 10, "setup=50ms", routes=["10.100.0.0/16"], **scripts(HOLD)),
    line("slow-down", 11, "setup=50ms", routes=["10.110.0.0/16"], **scripts(down=HOLD)),
    line("bad-down", 12, "setup=50ms", down_script=script("bad-down", "exit 3\n")),
    line("redials", 13, "setup=50ms,drop=200ms", redial_max=2, redial_pause=1, redial_on_drop=True, routes=["10.130.0.0/16"], **scripts()),
    line("default", 14, "setup=50ms", options=["default-route", "use-peer-dns"]),
    line("leaves", 15, "setup=50ms", **scripts(script("leaves", "sleep 1000 &\n"))),
    line("many", 16, "setup=50ms", routes=[f"10.160.{n}.0/24" for n in range(64)]),
], agent={"hang_up_timeout": 4, "log": {"level": "debug"}})


def told(name=None):
    """What the scripts of an entry were told, in their order."""
    try:
        with open(TOLD, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    return [text.split()[0] for text in lines if name in (None, text.split()[2])]


def forget():
    for path in (TOLD, GATE):
        if os.path.exists(path):
            os.unlink(path)


def open_gate():
    with open(GATE, "w", encoding="utf-8"):
        pass


def routes():
    """Ours, as the kernel has them."""
    found = set()
    for family in ("-4", "-6"):
        done = subprocess.run(["ip", family, "route", "show", "proto", "114"], stdout=subprocess.PIPE, check=True)
        found |= {text.split()[0] for text in done.stdout.decode().splitlines()}
    return {r if "/" in r else f"{r}/32" for r in found}


def running():
    """Processes of scripts."""
    done = subprocess.run(["ps", "-eo", "pid=,args="], stdout=subprocess.PIPE, check=True)
    return [text for text in done.stdout.decode().splitlines() if FOLDER in text or "sleep 1000" in text]


def up(index):
    lab.dial(index)
    row = lab.wait(index, "up", "failed", timeout=15)
    equal(row["OperStatus"], "up", row)
    return row


def down(index):
    lab.hang_up(index)
    return lab.wait(index, "down", timeout=15)


def attempt_log(index):
    with open(f"{lab.run_dir}/{index}.log", encoding="utf-8", errors="replace") as file:
        return file.read()


def nothing_left():
    until(lambda: not running(), 5, lambda: f"scripts end: {running()}")
    equal(routes(), set(), "routes")


# ---- routes ----

@test()
def while_up():
    """Routes are there, and shown, while the link is up, and gone after it; the scripts run once each"""
    forget()
    up(1)
    equal(routes(), set(ROUTES))
    shown = {(r["Role"], r["Type"], bytes(r["Addr"]), r["PrefixLength"]) for r in lab.table("rasAddrTable", "rasAddr").values()}
    check({("route", "ipv4", b"\x0a\x01\0\0", 16), ("route", "ipv4", b"\x0a\x02\x03\x04", 32),
           ("route", "ipv6", b"\x20\x01\x0d\xb8\0\x01" + bytes(10), 48), ("local", "ipv4", b"\x7f\0\0\x01", 32)} <= shown, shown)
    equal(told(), ["up"])
    down(1)
    equal(told(), ["up", "down"])
    equal(lab.table("rasAddrTable", "rasAddr"), {})
    nothing_left()


@test()
def lost():
    """Gone when the link is lost, and again with each redial"""
    forget()
    up(2)
    lab.wait(2, "failed")
    equal(told("drops"), ["up", "down"])
    lab.dial(13)
    until(lambda: lab.conn(13)["Drops"] >= 2 and lab.status(13) == "waitingRedial", 20, lambda: lab.conn(13))
    down(13)
    equal(told("redials"), ["up", "down"] * lab.conn(13)["Successes"])
    nothing_left()


@test()
def taken():
    """A route that somebody else has set: the dial fails and says so, that route stays, those set before go"""
    forget()
    netns.run("ip", "route", "add", "10.41.0.0/16", "dev", "lo")
    lab.dial(4)
    row = lab.wait(4, "failed")
    check("route 10.41.0.0/16: there is such a route already" in row["LastErrorText"] and row["LastErrorCode"] < 0, row)
    nothing_left()
    equal(told("taken"), [], "no script runs")
    netns.run("ip", "route", "del", "10.41.0.0/16", "dev", "lo", "proto", "boot")


@test()
def default_route():
    """The simulated line leads nowhere: it never takes the default route"""
    up(14)
    done = subprocess.run(["ip", "route", "show", "default"], stdout=subprocess.PIPE, check=True)
    equal(done.stdout, b"")
    down(14)


@test()
def many():
    """As many routes as a list can have, also over a restart"""
    up(16)
    equal(len(routes()), 64)
    lab.kill_agent()
    lab.start_agent()
    until(lambda: sum(r["Role"] == "route" for r in lab.table("rasAddrTable", "rasAddr").values()) == 64, 10, "all are shown")
    down(16)
    nothing_left()


@test()
def not_permitted():
    """An agent that may not set routes says so"""
    if not shutil.which("setpriv"):
        raise Skip("setpriv is not installed")
    forget()
    lab.stop_agent()
    lab.start_agent(before=("setpriv", "--bounding-set", "-net_admin"))
    lab.dial(1)
    row = lab.wait(1, "failed")
    check("the agent may not" in row["LastErrorText"] and "CAP_NET_ADMIN" in row["LastErrorText"], row)
    equal((row["LastCause"], told()), ("internalError", []))
    lab.restart_agent()
    nothing_left()


@test()
def bad_prefixes():
    """rasdiald -t refuses what is no prefix, with its place"""
    for text, reason in (("10.0.0.0", "is not a prefix"), ("10.0.0.0/33", "length above 32"), ("10.1.2.3/8", "bits set behind"),
                         ("2001:db8::/129", "length above 128"), ("ten/8", "does not begin with"), ("10.0.0.0/8x", "is not a prefix")):
        path = f"{FOLDER}/bad.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"entries:\n  - name: a\n    device-type: loopback\n    routes: [10.0.0.0/8, \"{text}\"]\n")
        done = subprocess.run([RASDIALD, "-t", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode()
        equal(done.returncode, 1, said)
        check(f"{path}:4:26: " in said and reason in said, said)


# ---- scripts ----

@test()
def what_they_are_told():
    """Arguments and environment, and nothing else in it; what they say is in the log of the attempt"""
    forget()
    call = up(1)["CallId"]
    with open(TOLD, encoding="utf-8") as file:
        equal(file.read(), "up 1 plain lo\n")
    with open(f"{FOLDER}/env", encoding="utf-8") as file:
        env = dict(text.split("=", 1) for text in file.read().splitlines())
    for name in ("PWD", "SHLVL", "OLDPWD", "_"):  # the shell's own
        env.pop(name, None)
    equal(env.pop("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    equal(env, {"LC_ALL": "C", "RAS_ACTION": "up", "RAS_ENTRY": "plain", "RAS_INDEX": "1", "RAS_INTERFACE": "lo",
                "RAS_CALL_ID": str(call), "RAS_LOCAL": "127.0.0.1", "RAS_PEER": "127.0.0.1", "RAS_DNS": ""})
    check("up-script: out\n" in attempt_log(1) and "up-script: err\n" in attempt_log(1), attempt_log(1))
    down(1)
    with open(TOLD, encoding="utf-8") as file:
        equal(file.read(), "up 1 plain lo\ndown 1 plain lo\n")


@test(60)
def trouble():
    """An up-script that fails, hangs or dies ends the dial, without redial; what it leaves is ended, the down-script mends the rest"""
    forget()
    for index, name, code, cause, text in ((5, "fails", 752, "scriptFailure", "fails ended with status 7"),
                                           (6, "hangs", 638, "dialTimeout", "up-script had not ended"),
                                           (8, "dies", 752, "scriptFailure", "dies was ended by signal 6")):
        lab.dial(index)
        row = lab.wait(index, "failed", timeout=20)
        equal((row["LastErrorCode"], row["LastCause"], row["Attempts"]), (code, cause, 1), row["LastErrorText"])
        check(text in row["LastErrorText"], row["LastErrorText"])
        equal(told(name), ["up", "down"])
        nothing_left()
    check("up-script: cannot\n" in attempt_log(5), attempt_log(5))


@test()
def flood():
    """What a script says is bounded, and does no harm to who reads it"""
    up(7)
    log = attempt_log(7)
    check(len(log) < 70000 and "is not kept" in log and "\033" not in log, f"{len(log)} octets: {log[-200:]}")
    down(7)


@test()
def left_behind():
    """What an up-script leaves in its process group ends with it"""
    up(15)
    nothing_left()
    down(15)


@test()
def down_script_fails():
    """A down-script that fails is told in the log; the call has ended all the same"""
    up(12)
    row = down(12)
    equal(row["LastErrorCode"], 631)
    lab.agent.log_says(r"entry bad-down: call \d+: down-script \S+bad-down ended with status 3")


@test(60)
def down_script_hangs():
    """A down-script that hangs is ended in time"""
    forget()
    up(11)
    begin = time.monotonic()
    equal(down(11)["LastErrorCode"], 631)
    check(time.monotonic() - begin < 10, "within the limit")
    lab.agent.log_says(r"down-script \S+hold did not end within 2 s")
    nothing_left()


@test()
def refused():
    """A script that others may have changed, or that cannot be run, is not run, and the text says why"""
    forget()
    path = f"{FOLDER}/refused"
    cases = [(0o644, "cannot be executed"), (0o775, "can be written by others"), (0o757, "can be written by others")]
    for mode, reason in cases:
        os.chmod(path, mode)
        lab.dial(9)
        row = lab.wait(9, "failed")
        check(row["LastErrorCode"] == 752 and f"up-script {path} is not run: " in row["LastErrorText"]
              and reason in row["LastErrorText"], row)
    os.rename(path, f"{path}.away")
    for make, reason in ((None, "No such file"), (os.mkdir, "is no file")):
        if make:
            make(path)
        lab.dial(9)
        row = lab.wait(9, "failed")
        check(row["LastErrorCode"] == 752 and reason in row["LastErrorText"], row)
    os.rmdir(path)
    os.rename(f"{path}.away", path)
    os.chmod(path, 0o755)
    if not netns.mapped():
        os.chown(path, 4711, 4711)
        lab.dial(9)
        row = lab.wait(9, "failed")
        check("belongs to neither root" in row["LastErrorText"], row)
        os.chown(path, 0, 0)
    equal("up" in told("refused"), False, "it never ran")
    forget()
    up(9)
    down(9)
    equal(told("refused"), ["up", "down"])


@test()
def hung_up():
    """A hang-up while the up-script runs ends it"""
    forget()
    lab.dial(10)
    until(lambda: told("holds") == ["up"], 10, "the script runs")
    equal(routes(), {"10.100.0.0/16"})
    equal((lab.conn(10)["OperStatus"], lab.conn(10)["State"]), ("authenticating", "projected"))
    equal(down(10)["LastErrorCode"], 631)
    equal(told("holds"), ["up", "down"])
    nothing_left()


# ---- restarts ----

@test()
def adopted():
    """After a crash and a restart nothing has run again; a hang-up undoes all, once"""
    forget()
    before = up(1)
    for away in (lab.kill_agent, lab.stop_agent):
        away()
        equal(routes(), set(ROUTES))
        lab.start_agent()
        equal(lab.conn(1)["CallId"], before["CallId"])
    until(lambda: sum(r["Role"] == "route" for r in lab.table("rasAddrTable", "rasAddr").values()) == len(ROUTES), 10, "shown again")
    equal(told(), ["up"])
    down(1)
    equal(told(), ["up", "down"])
    nothing_left()


@test()
def ended_meanwhile():
    """A link that ended while no agent was there: its routes go, its down-script runs"""
    forget()
    up(3)
    lab.kill_agent()
    time_up = time.monotonic() + 2
    until(lambda: time.monotonic() > time_up, 5, "its time is over")
    equal((routes(), told("late")), ({"10.30.0.0/16"}, ["up"]))
    lab.start_agent()
    lab.wait(3, "failed")
    equal(told("late"), ["up", "down"])
    nothing_left()


@test()
def another_file():
    """An entry that was changed, or removed, meanwhile: what was done is undone, not what the file says now"""
    forget()
    entries = lab.entries
    up(1)
    up(2 + 12)
    lab.kill_agent()
    lab.write_config([{**e, "routes": ["10.99.0.0/16"], "down_script": "/bin/false"} if e["name"] == "plain" else e for e in entries])
    lab.start_agent()
    equal(routes(), set(ROUTES))
    down(1)
    equal(told("plain"), ["up", "down"])
    nothing_left()
    lab.stop_agent()
    lab.write_config(entries)
    lab.start_agent()
    forget()
    up(1)
    lab.kill_agent()
    lab.write_config([e for e in entries if e["name"] != "plain"])
    lab.start_agent()
    until(lambda: told("plain") == ["up", "down"], 10, lambda: told())
    until(lambda: not routes(), 10, routes)
    lab.stop_agent()
    lab.write_config(entries)
    lab.start_agent()
    nothing_left()


@test()
def killed_in_up_script():
    """kill -9 while the up-script runs: it is ended, the attempt is accounted for, the down-script mends the rest"""
    forget()
    lab.dial(10)
    until(lambda: told("holds") == ["up"], 10, "the script runs")
    lab.kill_agent()
    check(running(), "it still runs")
    lab.start_agent()
    row = lab.wait(10, "failed")
    equal((row["LastErrorCode"], row["LastCause"]), (834, "internalError"))
    equal(told("holds"), ["up", "down"])
    nothing_left()


@test()
def killed_in_down_script():
    """kill -9 while the down-script runs: it is run again, to its end"""
    forget()
    up(11)
    lab.hang_up(11)
    until(lambda: told("slow-down") == ["up", "down"], 10, "the script runs")
    lab.kill_agent()
    open_gate()
    lab.start_agent()
    equal(lab.wait(11, "down")["LastErrorCode"], 631)
    equal(told("slow-down"), ["up", "down", "down"])
    nothing_left()


@test()
def kept_or_not():
    """on-exit: hang-up undoes all at the end of the agent"""
    forget()
    lab.stop_agent()
    lab.write_config(agent={"on_exit": "hang-up"})
    lab.start_agent()
    up(1)
    lab.stop_agent()
    equal(told("plain"), ["up", "down"])
    nothing_left()
    lab.write_config(agent={"on_exit": "keep"})
    lab.start_agent()


try:
    if NO_NET:
        print(f"1..0 # SKIP {NO_NET}")
    else:
        run(lab)
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
