# SPDX-License-Identifier: BSD-2-Clause
"""The agent as a part of snmpd: its configuration, in whatever process and as whatever user snmpd goes on, beside other agents."""
import os
import pwd
import re
import shutil
import signal
import subprocess

from harness import *
from lab import RASDIALD
from lab_dlmod import RASDIAL_SO

KEPT = ("CallId", "StartTime", "Attempts", "Successes", "Failures", "Drops", "IfName", "LocalAddr", "RequestId", "Desired", "OperStatus")

lab = Lab([line("up", 1, "setup=30ms")])


def kept(row):
    return {name: row[name] for name in KEPT}


def answers(where=lab):
    """Is rasdial there, as snmpd says?"""
    return isinstance(where.raw("rasVersion.0").value, bytes)


def spoil(where):
    """Puts an error into the configuration. Returns what was there."""
    with open(where.config, encoding="utf-8") as file:
        good = file.read()
    write(where.config, good.replace("\nentries:", "\n  colour: blue\nentries:"))
    return good


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


# ---- errors in files ----

@test()
def error_at_the_start():
    """With an error in rasdial.yaml snmpd starts, without rasdial, and says where it is; SIGHUP, once it is mended, brings it"""
    other = Lab([line("up", 1, "setup=30ms")], books=())
    good = spoil(other)
    try:
        other.start_agent(wait=False)
        until(other.snmpd_answers, 15, lambda: other.agent.log())
        until(lambda: other.config + ":" in other.agent.log(), 5, other.agent.log)
        log = other.agent.log()
        check(re_place(other.config).search(log) and "colour" in log, log)
        check("SIGHUP" in log, log)
        equal(other.raw("rasVersion.0").type, "noSuchObject")
        check(not os.path.exists(other.state_dir), "nothing was begun")
        seen = len(log)
        other.hup()
        until(lambda: other.config + ":" in other.agent.log()[seen:], 5, other.agent.log)
        write(other.config, good)
        other.hup()
        other.wait_agent()
        other.dial(1)
        other.wait(1, "up")
        other.hang_up(1)
    finally:
        other.finish()


@test()
def error_at_a_reload():
    """With an error in rasdial.yaml SIGHUP changes nothing: entries and links are as before"""
    lab.dial(1)
    before = lab.wait(1, "up")
    good = spoil(lab)
    seen = len(lab.agent.log())
    lab.hup()
    until(lambda: "nothing is changed" in lab.agent.log()[seen:], 5, lambda: lab.agent.log()[seen:])
    check(re_place(lab.config).search(lab.agent.log()[seen:]), lab.agent.log()[seen:])
    until(answers, 5, "rasdial is there")
    equal(kept(lab.conn(1)), kept(before))
    equal(sorted(lab.column("rasEntryName").values()), sorted(e["name"] for e in lab.entries))
    write(lab.config, good)
    lab.reload()
    equal(kept(lab.conn(1)), kept(before))


@test()
def directory_that_cannot_be():
    """A directory that cannot be made is an error of the same kind: with the ones before all goes on"""
    other = Lab([line("up", 1, "setup=30ms")])
    try:
        other.begin()
        other.dial(1)
        before = other.wait(1, "up")
        good, other.state_dir = other.state_dir, "/proc/nowhere"
        other.write_snmpd_conf()
        seen = len(other.agent.log())
        other.hup()
        until(lambda: "nothing is changed" in other.agent.log()[seen:], 5, lambda: other.agent.log()[seen:])
        check("/proc/nowhere" in other.agent.log()[seen:], other.agent.log()[seen:])
        equal(kept(other.conn(1)), kept(before))
        other.state_dir = good
        other.write_snmpd_conf()
        other.reload()
        equal(kept(other.conn(1)), kept(before))
        other.after_test()
    finally:
        other.finish()


def re_place(path):
    """What tells file, line and column."""
    return re.compile(re.escape(path) + r":\d+:\d+: ")


@test()
def lines_of_snmpd_conf():
    """A path that is not absolute is refused with file and line; without the line it is what rasdial.yaml says"""
    other = Lab([line("up", 1, "setup=30ms")], {"run_dir": f"{lab.dir}/run of the file"})
    plain = other.snmpd_lines()
    other.snmpd_lines = lambda: re.sub("(?m)^rasdialRunDir .*$", "rasdialRunDir somewhere", plain)
    try:
        other.begin()
        check(re.search(r"snmpd\.conf.* 8.*rasdialRunDir: .somewhere. is no absolute path", other.agent.log()), other.agent.log())
        other.run_dir = f"{lab.dir}/run of the file"
        other.dial(1)
        other.wait(1, "up")
        check(any(n.endswith(".link") for n in os.listdir(other.run_dir)), "a record in the directory of the file")
        other.after_test()
        # Quoted, with a blank in it.
        other.snmpd_lines = lambda: plain.replace(f"rasdialRunDir {other.dir}/run", f'rasdialRunDir "{other.dir}/run it"')
        other.write_snmpd_conf()
        other.run_dir = f"{other.dir}/run it"
        other.reload()
        check(os.path.isdir(other.run_dir), "its directory")
    finally:
        other.finish()


# ---- processes and users ----

@test()
def in_the_background():
    """snmpd goes into the background, after it has loaded us: dials have their threads there; SIGHUP; it ends in time"""
    other = Lab([line("up", 1, "setup=30ms")])
    log, pid_file = f"{other.dir}/daemon.log", f"{other.dir}/pid"
    try:
        command = other.snmpd_command("-Lf", log, "-p", pid_file)
        subprocess.run(command, env=other.env(), timeout=30, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        until(lambda: os.path.exists(pid_file) and read(pid_file), 10, "a pid file")
        pid = int(read(pid_file))
        try:
            until(lambda: answers_at_all(other), 15, "snmpd answers")
            other.dial(1)
            row = other.wait(1, "up")
            check(os.path.isdir(f"/proc/{pid}/task/{row['ThreadId']}"), f"thread {row['ThreadId']} is one of process {pid}")
            os.kill(pid, signal.SIGHUP)
            until(lambda: "read again: " in read(log), 10, lambda: read(log))
            equal(other.conn(1)["CallId"], row["CallId"])
            equal(other.status(1), "up")
            other.hang_up(1)
            other.wait(1, "down")
        finally:
            os.kill(pid, signal.SIGTERM)
        until(lambda: other.family() == [], 6, "it ends")
        check("rasdial: entry up: call 1: " in read(log), read(log))
    finally:
        other.close()


def answers_at_all(where):
    try:
        return answers(where)
    except SnmpTimeout:
        return False


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def open_lab(entries, **keys):
    """A laboratory in a folder that every user can reach."""
    outer = os.environ.pop("RASDIAL_TMP", None)
    try:
        other = Lab(entries, **keys)
    finally:
        if outer:
            os.environ["RASDIAL_TMP"] = outer
    os.chmod(other.dir, 0o755)
    return other


@test(60)
def another_user():
    """snmpd gives up being root: all works as that user, also after SIGHUP; what only root can dial says so in its error"""
    if os.getuid() != 0:
        raise Skip("not root")
    nobody = pwd.getpwnam("nobody")
    other = open_lab([line("up", 1, "setup=30ms"), {"name": "ppp", "index": 2, "device_type": "pty", "command": ["/bin/cat"], "redial_max": 0},
                      {"name": "modem", "index": 3, "device_type": "modem", "device_name": "/dev/tty9", "destination": "5551234",
                       "redial_max": 0}])
    for name in ("state", "run"):
        os.mkdir(f"{other.dir}/{name}", 0o700)
        os.chown(f"{other.dir}/{name}", nobody.pw_uid, nobody.pw_gid)
    os.chown(other.config, nobody.pw_uid, nobody.pw_gid)
    try:
        other.start_agent("-u", "nobody", "-g", str(nobody.pw_gid))
        equal(os.stat(f"/proc/{other.agent.pid}").st_uid, nobody.pw_uid, "the user")
        for _ in range(2):
            other.dial(1)
            call = other.wait(1, "up")["CallId"]
            for index in (2, 3):
                other.dial(index)
                row = other.wait(index, "failed")
                say(f"{row['LastErrorCode']} {row['LastErrorText']}")
                check("root" in row["LastErrorText"] or "ermission denied" in row["LastErrorText"] or "not installed" in row["LastErrorText"],
                      f"{row['LastErrorCode']} {row['LastErrorText']}")
            other.reload()
            equal((other.status(1), other.conn(1)["CallId"]), ("up", call))
        owners = {os.lstat(f"{root}/{name}").st_uid for directory in (other.state_dir, other.run_dir)
                  for root, _, files in os.walk(directory) for name in files}
        equal(owners, {nobody.pw_uid}, "owners of files")
        other.after_test()
    finally:
        other.finish()


@test()
def not_allowed():
    """Directories that the user of snmpd may not use: snmpd goes on without rasdial, and says what is wrong"""
    if os.getuid() != 0:
        raise Skip("not root")
    nobody = pwd.getpwnam("nobody")
    other = open_lab([line("up", 1)], books=())
    os.chown(other.config, nobody.pw_uid, nobody.pw_gid)
    try:
        other.start_agent("-u", "nobody", "-g", str(nobody.pw_gid), wait=False)
        until(other.snmpd_answers, 15, lambda: other.agent.log())
        until(lambda: other.state_dir in other.agent.log(), 5, other.agent.log)
        check("ermission denied" in other.agent.log(), other.agent.log())
        equal(other.raw("rasVersion.0").type, "noSuchObject")
    finally:
        other.finish()


@test()
def children_of_snmpd():
    """snmpd's own programs (extend, pass_persist) come to their ends while our helpers come and go"""
    other = Lab([{"name": f"h{i}", "index": i, "device_type": "exec", "device_name": "fails", "redial_max": 0} for i in range(1, 6)]
                + [{"name": "stays", "index": 6, "device_type": "exec", "device_name": "stays", "redial_max": 0}],
                {"helper_dir": f"{lab.dir}/helpers"})
    os.makedirs(f"{lab.dir}/helpers", mode=0o755, exist_ok=True)
    for name, script in (("fails", "echo ERROR 678 nobody; exit 3"), ("stays", "trap 'exit 0' TERM; echo UP if=lo; while :; do sleep 0.1; done")):
        write(f"{lab.dir}/helpers/{name}", f"#!/bin/sh\n{script}\n")
        os.chmod(f"{lab.dir}/helpers/{name}", 0o755)
    write(f"{lab.dir}/pass", "#!/bin/sh\nwhile read -r word; do case $word in PING) echo PONG ;; *) read -r oid; echo \"$oid\"; echo integer; echo 42 ;; esac; done\n")
    os.chmod(f"{lab.dir}/pass", 0o755)
    other.views = f"extend word /bin/echo hello\npass_persist .1.3.6.1.4.1.8072.9999.9999.1 {lab.dir}/pass\n"
    extended = (1, 3, 6, 1, 4, 1, 8072, 1, 3, 2, 3, 1)
    word = (4, *b"word")
    try:
        other.begin()
        other.dial(6)
        other.wait(6, "up")
        for _ in range(8):
            other.dial(*range(1, 6))
            values = other.manager.get((*extended, 1, *word), (*extended, 4, *word), (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1, 1)).varbinds
            equal([v.value for v in values], [b"hello", 0, 42])
            other.wait_all(range(1, 6), "failed")
            for index in range(1, 6):
                row = other.conn(index)
                equal((row["LastErrorCode"], row["LastBackendCode"]), (678, 3), "of a helper")
        other.reload()
        equal(other.status(6), "up")
        other.hang_up(6)
        other.wait(6, "down")
        left = [c for c in children(other.agent.pid) if c[1] in ("fails", "stays") or c[2] == "Z"]
        equal(left, [], "children of snmpd")
    finally:
        other.finish()


def children(pid):
    """(pid, name, state) of each child."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        for child in read(f"/proc/{pid}/task/{task}/children").split():
            fields = read(f"/proc/{child}/stat")
            found.append((int(child), fields.split("(", 1)[1].rsplit(")", 1)[0], fields.rsplit(")", 1)[1].split()[0]))
    return found


# ---- upgrade ----

@test()
def another_version():
    """An upgrade puts another object in its place: SIGHUP brings that one, which adopts the links"""
    other = Lab([line("up", 1, "setup=30ms")])
    path = f"{other.dir}/rasdial.so"
    shutil.copy(RASDIAL_SO, path)
    plain = other.snmpd_lines()
    other.snmpd_lines = lambda: plain.replace(RASDIAL_SO, path)
    try:
        other.begin()
        other.dial(1)
        before = other.wait(1, "up")
        for number in range(1, 3):
            shutil.copy(RASDIAL_SO, path + ".new")
            os.rename(path + ".new", path)
            other.hup()
            until(lambda n=number: other.agent.log().count("adopted on lo") == n, 10, other.agent.log)
            until(lambda: answers(other), 5, other.agent.log)
            equal(kept(other.wait(1, "up")), kept(before))
        other.after_test()
    finally:
        other.finish()


# ---- the end ----

@test()
def the_end_hangs_up():
    """on-exit: hang-up is for the end of snmpd, told before it is gone, and not for SIGHUP"""
    other = Lab([line("up", 1, "setup=30ms")], {"on_exit": "hang-up"})
    try:
        other.begin()
        other.dial(1)
        call = other.wait(1, "up")["CallId"]
        other.reload()
        equal((other.status(1), other.conn(1)["CallId"]), ("up", call))
        equal(other.sink.take("rasDisconnected"), [])
        other.stop_agent()
        notice = other.notifications("rasDisconnected", 1)[0]
        equal((notice["rasConnLastCause"], notice["rasConnCallId"]), ("localRequest", call))
        equal([n for n in os.listdir(other.run_dir) if n.endswith(".link")], [])
        other.start_agent()
        equal([(r["CallId"], r["ErrorCode"]) for r in other.history()], [(call, 631)])
    finally:
        other.finish()


# ---- beside a rasdiald ----

def rasdiald(where, name, **agent):
    """One that is a subagent of the same snmpd."""
    path = f"{where.dir}/{name}.yaml"
    write(path, "agent: {" + f"name: {name}, agentx: 'unix:{where.dir}/agentx', ping-interval: 1, state-dir: {where.dir}/{name}-state, "
          f"run-dir: {where.dir}/{name}-run" + "".join(f", {k}: {v}" for k, v in agent.items()) + "}\nentries: []\n")
    os.chmod(path, 0o600)
    return Process([RASDIALD, "-f", "-c", path], f"{where.dir}/{name}.log", where.env())


def with_agentx(*more, **agent):
    other = Lab([line("up", 1, "setup=30ms"), *more], agent)
    other.views = f"master agentx\nagentXSocket unix:{other.dir}/agentx\nrwcommunity rw-there default .1 dial-there\nrwcommunity rw-here default .1 dial-here\n"
    return other


def seen_by(where, community):
    manager = Manager(where.manager.address, community=community, timeout=2, retries=0)
    try:
        return manager.get(MIB.oid("rasAgentName.0")).varbinds[0].value
    except SnmpTimeout:
        return None
    finally:
        manager.close()


@test()
def one_of_each():
    """snmpd's own agent in the default context, and a rasdiald in a context of its own, each with its objects"""
    other = with_agentx()
    there = None
    try:
        other.begin()
        there = rasdiald(other, "there", context="dial-there")
        until(lambda: seen_by(other, "rw-there") == b"there", 15, there.log)
        equal(seen_by(other, "rw"), b"lab")
        other.reload()
        equal((seen_by(other, "rw"), seen_by(other, "rw-there")), (b"lab", b"there"))
        other.dial(1)
        other.wait(1, "up")
        there.stop()
        equal(seen_by(other, "rw"), b"lab")
        other.after_test()
    finally:
        if there:
            there.kill()
        other.finish()


@test()
def a_context_of_its_own():
    """agent.context: the objects are there and nowhere else, after SIGHUP too"""
    other = with_agentx(context="dial-here")
    other.manager.close()
    other.manager = Manager(other.manager.address, community="rw-here")
    other.snmpd_answers = lambda: seen_by(other, "rw") is not None
    try:
        other.begin()
        for _ in range(2):
            equal(seen_by(other, "rw-here"), b"lab")
            check(not isinstance(seen_by(other, "rw"), bytes), "not in the default context")
            other.reload()
        other.dial(1)
        other.wait(1, "up")
        other.notifications("rasConnected", 1)
        other.quiet()
    finally:
        other.finish()


@test()
def objects_of_another():
    """A rasdiald that has the same context already: it is said so; once it is gone, SIGHUP brings ours"""
    other = with_agentx(line("by-itself", 5, "setup=30ms", dial_mode="auto-start"))
    good = spoil(other)
    first = None
    try:
        other.start_agent(wait=False)
        until(other.snmpd_answers, 15, lambda: other.agent.log())
        first = rasdiald(other, "first")
        until(lambda: seen_by(other, "rw") == b"first", 15, first.log)
        write(other.config, good)
        other.hup()
        until(lambda: "from another agent" in other.agent.log(), 5, other.agent.log)
        equal(seen_by(other, "rw"), b"first")
        check("autoStart" not in other.agent.log(), "who cannot be asked dials nothing")
        first.stop()
        other.hup()
        other.wait_agent()
        equal(seen_by(other, "rw"), b"lab")
        other.wait(5, "up")
        other.dial(1)
        other.wait(1, "up")
        other.after_test()
    finally:
        if first:
            first.kill()
        other.finish()


run(lab)
