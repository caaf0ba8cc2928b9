# SPDX-License-Identifier: BSD-2-Clause
"""Where secrets are, and everywhere else they are not: of the file, of a file of their own, set over SNMP, and of
permanent entries."""
import base64
import contextlib
import os
import random
import re
import resource
import shutil
import signal
import stat
import string
import subprocess
import threading
import zlib

from harness import *

def new_secret():
    """One that cannot be anywhere by chance. It begins with another letter each time, so that it needs no quotes."""
    return "".join(random.choices(string.ascii_letters, k=40)) + random.choice(("", " and # 'quoted': \"text\" \\"))


INLINE, SEPARATE, OF_FILE = new_secret(), new_secret(), new_secret()
# Rows come and go under the same names, so counters do not agree with the history.
lab = Lab(agent={"allow_snmp_entries": True, "allow_snmp_secrets": True, "log": {"level": "debug"}}, books=())
SEPARATE_FILE = f"{lab.dir}/separate"
KNOWN = {INLINE, SEPARATE, OF_FILE}  # every secret that this program has ever used with the laboratory
lab.write_config([
    line("inline", 1, "setup=300ms", user_name="branch7", secret=INLINE, redial_max=1, redial_pause=1),
    line("separate", 2, "setup=300ms", user_name="branch8", secret_file=SEPARATE_FILE),
    line("permanent", 3, "setup=300ms", user_name="branch9", secret=OF_FILE, storage_type="permanent"),
    line("refused", 4, "setup=100ms,fail=691", user_name="branch9", secret=INLINE),
    line("bare", 5, "setup=100ms", storage_type="permanent"),
])


def write_separate(text, mode=0o600):
    with open(SEPARATE_FILE, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


write_separate(SEPARATE + "\n")


def secret(index, value):
    """SET of a secret. Returns the error's name."""
    KNOWN.update({value} - {""})
    return lab.set((f"rasEntrySecret.{index}", value))


def make_row(index, value, storage="nonVolatile", **columns):
    KNOWN.add(value)
    equal(lab.set((f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", f"made {index}"),
                  (f"rasEntryDeviceType.{index}", "loopback"), (f"rasEntryDestination.{index}", "setup=300ms"),
                  (f"rasEntryStorageType.{index}", storage), (f"rasEntryUserName.{index}", "branch1"),
                  (f"rasEntrySecret.{index}", value), *((f"rasEntry{n}.{index}", v) for n, v in columns.items())), "noError")


def destroy(*indices):
    equal(lab.set(*((f"rasEntryRowStatus.{i}", "destroy") for i in indices)), "noError")


# ---- looking for them ----

def forms(value):
    """What would betray a secret: each half of it as it stands, in hexadecimal, in base64."""
    raw = value.encode() if isinstance(value, str) else value
    for part in (raw[:20], raw[20:40]):
        yield part
        yield part.hex().encode()
        yield part.hex().upper().encode()
        yield part.hex(" ").upper().encode()
        for shift in range(3):  # base64 looks different by where in the text it begins
            yield base64.b64encode(bytes(shift) + part)[4:-4]


def betrayed(data, values=None):
    """The secrets that are in some octets."""
    data = data.encode() if isinstance(data, str) else data
    return {v for v in values or KNOWN if any(form in data for form in forms(v))}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def files_with(values=None, top=None):
    """{path: secrets in it} of all files below a folder that can be read."""
    found = {}
    for folder, _, names in os.walk(top or lab.dir):
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):  # gone meanwhile, or a socket
                here = betrayed(read(path), values)
                if here:
                    found[path] = here
    return found


def kept_in(wanted, values):
    """These files of the state directory, and no others, hold these secrets, as soon as the SET is done with: what was before
    is kept until the master agent says that it is."""
    until(lambda: files_with(values, lab.state_dir) == wanted, 5, lambda: f"{wanted}: {files_with(values, lab.state_dir)}")


def commands():
    """What everybody can see of all processes."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ", "comm", "status"):
            with contextlib.suppress(OSError):
                yield f"/proc/{pid}/{name}", read(f"/proc/{pid}/{name}")


def clean():
    """No secret is anywhere but in the configuration, the file of its own, and rows of the state directory."""
    for path in lab.logs():
        equal(betrayed(read(path)), set(), path)
    for varbind in lab.walk():
        check(not isinstance(varbind.value, bytes) or not betrayed(varbind.value), f"secret in {MIB.name(varbind.oid)}")
    for notification in lab.sink.take():
        for varbind in notification.varbinds:
            check(not isinstance(varbind.value, bytes) or not betrayed(varbind.value), f"secret in {notification}")
    for path, data in commands():
        equal(betrayed(data), set(), path)
    for path in files_with():
        check(path in (lab.config, SEPARATE_FILE) or re.match(rf"{lab.dir}/state\d?/entries/\.?\d+\.yaml", path), f"secret in {path}")
    private(lab.state_dir)
    private(lab.run_dir)


def private(top):
    """Nobody else may look into the folder, or into anything in it."""
    for folder, _, names in os.walk(top):
        equal(stat.S_IMODE(os.stat(folder).st_mode), 0o700, folder)
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(FileNotFoundError):
                equal(stat.S_IMODE(os.lstat(path).st_mode), 0o600, path)


# ---- reading and writing ----

@test(60)
def reads_as_nothing():
    """rasEntrySecret is empty for GET, GETNEXT and GETBULK, whether there is a secret or not"""
    make_row(50, new_secret())
    make_row(51, new_secret(), "volatile")
    rows = sorted(lab.column("rasEntryName"))
    column, before, behind = (MIB.oid(f"rasEntry{n}") for n in ("Secret", "UserName", "SecretStored"))

    def empty(varbinds, wanted):
        equal([(v.oid, v.type, v.value) for v in varbinds if v.oid[:-1] == column],
              [(column + (i,), "OCTET STRING", b"") for i in wanted])
    empty(lab.manager.get(*(column + (i,) for i in rows)).varbinds, rows)
    for last, following in zip([0, *rows], rows):
        empty(lab.manager.next(column + (last,)).varbinds, [following])
    empty(lab.manager.next(before + (rows[-1],)).varbinds, rows[:1])
    for repetitions in (1, 3, 100):
        empty(lab.manager.walk(column, repetitions), rows)
        empty(lab.manager.walk(before, repetitions), [])
    answer = lab.manager.bulk(before, column, behind, repetitions=len(rows)).varbinds
    empty(answer[1::3], rows)
    stored = lab.column("rasEntrySecretStored")
    equal(stored, {1: "true", 2: "true", 3: "true", 4: "true", 5: "false", 50: "true", 51: "true"})
    clean()
    destroy(50, 51)


@test(60)
def set_and_erase():
    """A secret that is set is in the one file of its row; set to nothing it is in no file of the state directory"""
    first, second, third = new_secret(), new_secret(), new_secret()
    make_row(50, first)
    make_row(51, second, "volatile")
    path = f"{lab.state_dir}/entries/50.yaml"
    kept_in({path: {first}}, {first, second})  # a volatile row is in no file
    equal(secret(50, third), "noError")
    kept_in({path: {third}}, {first, second, third})
    clean()
    lab.restart_agent()
    equal(lab.get("rasEntrySecretStored.50"), "true")
    equal(lab.raw("rasEntryName.51").type, "noSuchInstance")
    kept_in({path: {third}}, {first, second, third})
    # another column leaves it there, and back it comes
    equal(lab.set(("rasEntryDescr.50", "another")), "noError")
    kept_in({path: {third}}, {third})
    equal(secret(50, ""), "noError")
    kept_in({}, {first, second, third})
    equal(lab.get("rasEntrySecretStored.50"), "false")
    lab.restart_agent()
    equal(lab.get("rasEntrySecretStored.50"), "false")
    kept_in({}, {first, second, third})
    # with its row a secret goes, too
    equal(secret(50, first), "noError")
    destroy(50)
    kept_in({}, {first, second, third})
    clean()


@test(60)
def permanent_rows():
    """A permanent entry of the file: what SNMP set is kept beside the file, until it is set to nothing"""
    first, second = new_secret(), new_secret()
    paths = [f"{lab.state_dir}/entries/{i}.yaml" for i in (3, 5)]
    equal(lab.get("rasEntrySecretStored.3", "rasEntrySecretStored.5"), ["true", "false"])
    equal(lab.set(("rasEntrySecret.3", first), ("rasEntrySecret.5", second)), "noError")
    KNOWN.update({first, second})
    kept_in(dict(zip(paths, ({first}, {second}))), {first, second})
    equal(lab.get("rasEntrySecretStored.3", "rasEntrySecretStored.5"), ["true", "true"])
    clean()
    lab.restart_agent()
    equal(lab.get("rasEntrySecretStored.3", "rasEntrySecretStored.5"), ["true", "true"])
    kept_in(dict(zip(paths, ({first}, {second}))), {first, second})
    equal(lab.set(("rasEntrySecret.3", ""), ("rasEntrySecret.5", "")), "noError")
    kept_in({}, {first, second})
    equal(lab.get("rasEntrySecretStored.3", "rasEntrySecretStored.5"), ["false", "false"])
    lab.restart_agent()
    equal(lab.get("rasEntrySecretStored.3", "rasEntrySecretStored.5"), ["false", "false"], "nothing wins over the file, too")
    clean()
    # the file says something else: that counts
    entries, now = lab.entries, new_secret()
    KNOWN.add(now)
    lab.write_config([{**e, "secret": now} if e["name"] == "permanent" else e for e in entries])
    lab.hup()
    until(lambda: lab.get("rasEntrySecretStored.3") == "true", 5)
    kept_in({}, {first, OF_FILE, now})  # neither of what was before nor of what is now
    clean()
    lab.write_config(entries)
    lab.hup()
    until(lambda: lab.agent.log().count("read again") == 2, 5, lab.agent.log)


@test(60)
def never_seen_by_others():
    """Also while they are written, files with a secret are for nobody else"""
    values, done, trouble = [new_secret() for _ in range(20)], threading.Event(), []

    def watch():
        while not done.is_set():
            try:
                private(lab.state_dir)
            except AssertionError as error:
                trouble.append(error)
                return
    make_row(50, new_secret())
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    for value in values:
        equal(secret(50, value), "noError")
        equal(secret(3, value), "noError")
    done.set()
    watcher.join(10)
    equal(trouble, [])
    kept_in({f"{lab.state_dir}/entries/{i}.yaml": {values[-1]} for i in (3, 50)}, set(values))
    equal(secret(3, ""), "noError")
    destroy(50)
    clean()


@test(60)
def open_hearted():
    """With an umask that forbids nothing, files and folders are for nobody else"""
    lab.stop_agent()
    shutil.rmtree(lab.run_dir)
    state, lab.state_dir = lab.state_dir, f"{lab.dir}/state2"
    try:
        start_in_shell("umask 0")
        make_row(50, new_secret())
        equal(secret(3, new_secret()), "noError")
        lab.dial(1, 50)
        lab.wait_all((1, 50), "up")
        clean()
    finally:
        lab.quiet()
        lab.stop_agent()
        shutil.rmtree(lab.state_dir)
        lab.state_dir = state
        lab.start_agent()


@test(60)
def forbidden():
    """Without allow-snmp-secrets no secret can be written, alone or beside others; one that is there stays"""
    make_row(50, new_secret())
    entries = files_with(top=lab.state_dir)
    for allowed in ({"allow_snmp_entries": True, "allow_snmp_secrets": False}, {"allow_snmp_entries": False, "allow_snmp_secrets": True},
                    {"allow_snmp_entries": False, "allow_snmp_secrets": False}):
        lab.stop_agent()
        lab.write_config(agent=allowed)
        lab.start_agent()
        for index in (1, 2, 3, 5, 50):
            for value in ("", new_secret()):
                equal(secret(index, value), "notWritable", f"{index}, {allowed}")
                equal(lab.set((f"rasEntryUserName.{index}", "u"), (f"rasEntrySecret.{index}", value)), "notWritable", f"{index}, {allowed}")
        value = new_secret()
        KNOWN.add(value)
        answer = lab.set(("rasEntryRowStatus.60", "createAndGo"), ("rasEntryName.60", "new"), ("rasEntryDeviceType.60", "loopback"),
                         ("rasEntrySecret.60", value))
        equal(answer, "notWritable" if allowed["allow_snmp_entries"] else "noCreation", str(allowed))
        equal(lab.raw("rasEntryName.60").type, "noSuchInstance")
        equal(lab.get("rasEntrySecretStored.50", "rasEntrySecretStored.1", "rasEntryUserName.3"), ["true", "true", "branch9"])
        equal(files_with(top=lab.state_dir), entries, "files as before")
        clean()
    lab.stop_agent()
    lab.write_config(agent={"allow_snmp_entries": True, "allow_snmp_secrets": True})
    lab.start_agent()
    destroy(50)


@test()
def refused_values():
    """A secret that is refused, for itself or for what is beside it, is nowhere"""
    make_row(50, new_secret())
    value = new_secret()
    KNOWN.add(value)
    for wrong, answer in ((value + "\0", "wrongValue"), (value + "\n", "wrongValue"), ("\r" + value, "wrongValue"),
                          (value + "x" * 256, "wrongLength")):
        for index in (1, 3, 50, 99):
            equal(lab.set((f"rasEntrySecret.{index}", wrong)), answer)
    equal(lab.manager.set((MIB.oid("rasEntrySecret.50"), "Opaque", value.encode())).error, "wrongType")
    for beside in (("rasEntryRedialPause.50", 0), ("rasConnState.50", 1), ("rasEntryName.50", "inline"), ("rasConnAction.99", "dial")):
        check(lab.set(("rasEntrySecret.50", value), beside) != "noError", str(beside))
    equal(lab.set(("rasEntrySecret.99", value)), "inconsistentName")
    equal(lab.set(("rasEntrySecret.1", value)), "notWritable")
    equal(lab.set(("rasEntrySecret.50", value), ("rasEntryRowStatus.50", "destroy")), "inconsistentValue")
    equal(files_with({value}), {})
    clean()
    destroy(50)


# ---- while something goes on ----

@test(90)
def during_dials():
    """While dials go on, fail, are repeated and hung up: nothing is in a command line, an environment, the log, notifications"""
    make_row(50, new_secret(), NotifyTypes=list(MIB.objects["rasEntryNotifyTypes"].bits))
    make_row(51, new_secret(), "volatile")
    equal(secret(3, new_secret()), "noError")
    rows = (1, 2, 3, 4, 50, 51)
    for _ in range(3):
        mark = lab.sink.mark()
        lab.dial(*rows)
        until(lambda: (clean(), all(s in ("up", "failed") for i, s in lab.column("rasConnOperStatus").items() if i in rows))[1], 20)
        equal(secret(50, new_secret()), "noError", "while it is up")
        clean()
        equal(lab.set(("rasConnAction.1", "redial"), ("rasConnRequestId.1", 5)), "noError")
        clean()
        lab.quiet()
        clean()
        check(lab.sink.mark() > mark, "there were notifications")
    check(len(lab.history()) >= 3 * len(rows), "there is a history")
    check(" debug: " in lab.agent.log(), "the log has all there is")
    destroy(50, 51)
    clean()


# ---- damage ----

def damage_row(change, sum_good):
    """Changes the text of the stored row 50 while the agent is away. With sum_good its last line fits again."""
    path = f"{lab.state_dir}/entries/50.yaml"
    lab.stop_agent()
    text, tail = read(path).rsplit(b"# sum=", 1)
    text = change(text)
    with open(path, "wb") as file:
        file.write(text + b"# sum=" + (b"%08x\n" % zlib.crc32(text) if sum_good else tail))


@test(120)
def damaged_rows():
    """A damaged row that is set aside does not tell its secret, and is still for nobody else"""
    def rename_key(new):
        return lambda text: re.sub(rb"(?m)^(\s*)secret: ", rb"\1" + new, text)

    def value(new):
        return lambda text: re.sub(rb"(?m)^(\s*)secret: (.*)$", lambda m: m[1] + b"secret: " + new.replace(b"@", m[2]), text)
    cases = (
        ("a flipped bit", lambda t: t.replace(b"secret:", b"segret:"), False),
        ("a half", lambda t: t[:len(t) // 2], False),
        ("another key", rename_key(b"sekret: "), True),
        ("no key", rename_key(b""), True),
        ("a list", value(b"[@]"), True),
        ("a mapping", value(b"{@: 1}"), True),
        ("the key of a mapping", value(b"{secret: @, secret: @}"), True),
        ("a tag", value(b"!!int @"), True),
        ("a tag of its own", value(b"!@ x"), True),
        ("an anchor", value(b"&a @"), True),
        ("open quotes", value(b'"@'), True),
        ("a line behind", value(b"@\n@"), True),
        ("twice", value(b"@\nsecret: @"), True),
        ("too long", value(b"@" + b"x" * 256), True),
        ("as a number", lambda t: re.sub(rb"(?m)^(\s*redial-max: ).*$", rb"\1" + kept.encode()[:40], t), True),
        ("as a label", lambda t: re.sub(rb"(?m)^(\s*dial-mode: ).*$", rb"\1" + kept.encode()[:40], t), True),
        ("as a key", lambda t: t + kept.encode()[:40] + b": 5\n", True),
        ("as the name of another type", lambda t: re.sub(rb"(?m)^(\s*device-type: ).*$", rb"\1" + kept.encode()[:40], t), True),
    )
    for what, change, sum_good in cases:
        kept = new_secret()[:40]
        make_row(50, kept)
        damage_row(change, sum_good)
        lab.start_agent()
        log = lab.agent.log()
        equal(lab.raw("rasEntryName.50").type, "noSuchInstance", f"{what}: {log}")
        equal(lab.get("rasStorageProblems.0", "rasStorageStatus.0"), [1, "damaged"], what)
        check("entries/50.yaml" in log and "damaged" in log, f"{what}: {log}")
        clean()
        aside = [p for p in files_with({kept}, lab.state_dir)]
        for path in aside:
            check(re.fullmatch(r".*/50\.yaml\.damaged-\d+", path), path)
            os.unlink(path)
        for name in os.listdir(f"{lab.state_dir}/entries"):
            if ".damaged-" in name:
                os.unlink(f"{lab.state_dir}/entries/{name}")


@test(120)
def bad_configurations():
    """What is wrong with a configuration is told without the secret, by -t and by a reload"""
    value = new_secret()[:40]
    KNOWN.add(value)
    head = "entries:\n  - name: hq\n    device-type: loopback\n"
    path, own = f"{lab.dir}/bad.yaml", f"{lab.dir}/own"

    def told(text, mode=0o600):
        """What rasdiald says of a configuration that it does not take."""
        with open(path, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        done = subprocess.run([RASDIALD, "-t", "-v", "-c", path], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10,
                              env=lab.env())
        equal(done.returncode, 1, text)
        said = (done.stdout + done.stderr).decode()
        check(re.match(re.escape(path) + r":\d+:\d+: ", said), f"the place is told: {said}")
        equal(betrayed(said), set(), f"{said} of\n{text}")

    told(head + f"    secret: {value}\n", 0o644)
    told(head + f"    secret: {value}\n", 0o640)
    for bad in (f"[{value}]", f"{{{value}: {value}}}", f"{value}{'x' * 256}", f'"{value}\\n{value}"', f'"{value}\\r"', f'"{value}', f"'{value}",
                f"|\n      {value}\n      {value}", f"!!int {value}", f"!!binary {value}", f"&{value} x", f"*{value}", f"&a {value}",
                f"{value}: {value}", f"[{value}", f"{value}\n    secret: {value}", f"{value}\n    secret-file: {own}", f"!{value} x",
                f'"\\z{value}"', f"%{value}", f"@{value}", f"{value}\n   {value}", f"? {value}"):
        told(head + f"    secret: {bad}\n")
    told(head + f"    sekret: {value}\n")
    told(f"defaults:\n  secret: [{value}]\n" + head)
    for text, mode in ((value, 0o644), (value, 0o640), (f"{value}\n{value}\n", 0o600), (f"{value}\n\n", 0o600), (f"{value}{'x' * 256}", 0o600),
                       (f"{value}\0", 0o600), (f"{value}\rx", 0o600), (f"{value}" * 200, 0o600)):
        with open(own, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        told(head + f"    secret-file: {own}\n")
    told("agent: {agentx: 'tcp:192.0.2.1:705', agentx-insecure: true, allow-snmp-secrets: true}\n" + head + f"    secret: {value}\n")
    os.unlink(path)
    os.unlink(own)

    good = read(lab.config).decode()
    for text in (good.replace("device_type", "device-type").replace('"secret"', "x") + f"    secret: [{value}]\n", good + f"    sekret: {value}\n"):
        seen = len(lab.agent.log())
        with open(lab.config, "w", encoding="utf-8") as file:
            file.write(text)
        lab.hup()
        until(lambda: "nothing is changed" in lab.agent.log()[seen:], 5, lab.agent.log)
    lab.write_config()
    write_separate(SEPARATE + "\n", 0o644)
    seen = len(lab.agent.log())
    lab.hup()
    until(lambda: "nothing is changed" in lab.agent.log()[seen:], 5, lab.agent.log)
    write_separate(SEPARATE + "\n")
    clean()


# ---- cores ----

CORES = f"{lab.dir}/cores"


def start_in_shell(words):
    """The agent, started by a shell that does something before."""
    lab.start_agent(before=("sh", "-c", words + '; exec "$@"', "sh"))


def abort(process):
    """Ends a process as a fault would. Returns the cores that it leaves."""
    equal(os.stat(f"/proc/{process.pid}/cwd").st_ino, os.stat(CORES).st_ino, "where cores go")
    process.send(signal.SIGABRT)
    process.wait(20)
    process.close()
    found = {}
    for name in os.listdir(CORES):
        found[name] = read(f"{CORES}/{name}")
        os.unlink(f"{CORES}/{name}")
    return found


@contextlib.contextmanager
def cores_allowed():
    """A folder for cores; skips if this machine puts them elsewhere or makes none."""
    os.makedirs(CORES)
    try:
        if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
            raise Skip("cores are not permitted here")
        sleeper = Process(["sh", "-c", f"ulimit -c unlimited; cd {CORES}; exec sleep 60"], f"{lab.dir}/sleep.log", lab.env())
        until(lambda: read(f"/proc/{sleeper.pid}/comm") == b"sleep\n", 10)
        if not abort(sleeper):
            raise Skip("this machine leaves no core in the folder of a process")
        yield
    finally:
        shutil.rmtree(CORES)


@test(120)
def cores():
    """A crash leaves no secret in a core, wherever it came from and whatever became of it"""
    entries = lab.entries
    plain = [{k: v for k, v in e.items() if not k.startswith("secret")} for e in entries]
    told = []
    forbid, permit = ({"allow_snmp_entries": yes, "allow_snmp_secrets": yes} for yes in (False, True))

    def start(rows, agent):
        lab.write_config(rows, agent)
        start_in_shell(f"ulimit -c unlimited; cd {CORES}")

    def reloads(rows, said="read again"):
        seen = len(lab.agent.log())
        if rows:
            lab.write_config(rows)
        lab.hup()
        until(lambda: said in lab.agent.log()[seen:], 5, lab.agent.log)

    def no_secret(what):
        """Crashes, and begins anew in the same way."""
        if any(betrayed(data) for data in abort(lab.agent).values()):
            told.append(what)
        start_in_shell(f"ulimit -c unlimited; cd {CORES}")

    with cores_allowed():
        lab.stop_agent()
        try:
            start(plain, forbid)
            say(f"{len(abort(lab.agent))} core of an agent that has no secret and gets none")
            start(plain, forbid)
            reloads(entries)
            no_secret("of a file that was read again")
            lab.dial(1, 2, 3)
            lab.wait_all((1, 2, 3), "up")
            no_secret("in use")
            reloads(plain)
            no_secret("no longer in the file")
            with open(lab.config, "a", encoding="utf-8") as file:
                file.write(f"    secret: {INLINE}\n    colour: blue\n")
            reloads(None, "nothing is changed")
            lab.write_config()
            no_secret("of a file that was refused")

            abort(lab.agent)
            start(plain, permit)
            equal(secret(5, new_secret()), "noError")
            no_secret("set over SNMP")
            equal(secret(5, ""), "noError")
            no_secret("erased over SNMP")
            make_row(50, new_secret(), "volatile")
            no_secret("of a volatile row")
            make_row(50, new_secret())
            destroy(50)
            no_secret("of a row that is gone")
            KNOWN.add(refused := new_secret())
            equal(lab.set(("rasEntrySecret.1", refused)), "notWritable")
            equal(lab.set(("rasEntrySecret.5", refused), ("rasConnAction.99", "dial")), "inconsistentName")
            no_secret("refused")

            equal(secret(5, new_secret()), "noError")
            abort(lab.agent)
            start(plain, forbid)
            no_secret("of a stored row")
            KNOWN.add(refused := new_secret())
            equal(secret(5, refused), "notWritable")
            no_secret("not permitted")
            abort(lab.agent)
            start(plain[:4], forbid)
            no_secret("of a stored row without an entry")
        finally:
            lab.agent.kill()
            lab.write_config(entries, permit)
            lab.start_agent()
    equal(told, [], "cores with a secret in it")
    equal(secret(5, ""), "noError")
    clean()


run(lab)
