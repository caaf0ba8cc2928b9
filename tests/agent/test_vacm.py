# SPDX-License-Identifier: BSD-2-Clause
"""Who may do what, by the example for snmpd: monitor, operator and administrator over SNMPv3, and what a community gets.

The example is used as it is installed: only the socket is moved, and the users are given pass phrases."""
import contextlib
import os
import re
import socket

from harness import *
from mib import TOP
from snmp import EXCEPTIONS

EXAMPLE = os.path.join(TOP, "config", "snmpd.conf")
USERS = ("monitor", "operator", "administrator")
AUTH, PRIV = "authentic %s", "private %s"
HIDDEN = ("rasEntryDestination", "rasEntryUserName", "rasEntrySecret", "rasSubentryDestination", "rasConnDestination",
          "rasHistDestination")  # from all but the administrator
POLLED = ("rasConnDesired", "rasConnOperStatus")  # what a community sees of tables
WRITABLE = [o.name for o in MIB.objects.values() if o.access in ("read-write", "read-create")]
LETTERS = {"INTEGER": "i", "Gauge32": "u", "OCTET STRING": "x"}
BAD_COMMUNITIES = (1, 3, 6, 1, 2, 1, 11, 4, 0)  # snmpInBadCommunityNames.0


def example(lab, users=True, poller=None):
    """The example, with its users made as it says; with poller also what is said of communities."""
    with open(EXAMPLE, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"(?m)^agentXSocket .*$", "agentXSocket " + lab.agentx.removeprefix("unix:"), text)
    text = re.sub(r"(?m)^#createUser ", "createUser ", text)
    if users:
        text = re.sub(r'(?m)^(createUser (\w+) .*)<auth>(.*)<priv>', lambda m: m[1] + AUTH % m[2] + m[3] + PRIV % m[2], text)
    if poller:
        text = re.sub(r"(?m)^#(view|com2sec|group|access) ", r"\1 ", text)
        text = text.replace(" 192.0.2.10 <community>", f" {lab.ip} {poller}")
    return text


lab = Lab([
    line("hq", 1, "setup=20ms", user_name="branch7", secret="top secret 99", storage_type="permanent"),
    line("busy", 2, "setup=20ms,fail=676", user_name="branch8"),
    line("multi", 3, "setup=20ms", link_mode="alternates", subentries=[{"destination": "setup=30ms"}]),
], agent={"allow_snmp_entries": True, "allow_snmp_secrets": True}, books=("history",))
lab.views = example(lab)


# ---- requests ----

def dotted(name):
    return "." + ".".join(map(str, MIB.oid(name)))


def tool(name, user, *arguments, level="authPriv", auth=None, priv=None, protocol="SHA-256", options=(), on=lab):
    """A program of net-snmp as a user. Returns (status, output)."""
    return on.tool(name, *arguments, options=("-v3", "-l", level, "-u", user, "-a", protocol, "-A", auth or AUTH % user,
                                              "-x", "AES", "-X", priv or PRIV % user, "-r", "0", *options))


def set_as(user, *pairs, **kw):
    """SET of (name, value) as a user. Returns the error's name, 'noError', or what the tool says."""
    arguments = []
    for name, value in pairs:
        oid, kind, value = lab.varbind(name, value)
        arguments += [dotted(oid), LETTERS[kind], value.hex() if isinstance(value, bytes) else str(value)]
    status, out = tool("snmpset", user, *arguments, **kw)
    found = re.search(r"Reason: (\w+)", out)
    return found[1] if found else "noError" if status == 0 else out


def oids(output):
    return set(parse_tool(output))


def permitted(user):
    """Instances that a user may read, of those that are there."""
    hidden = () if user == "administrator" else HIDDEN
    return {v.oid for v in lab.walk() if MIB.find(v.oid)[0].name not in hidden}


def state():
    """Values of everything that can be set, and how often was dialed."""
    values = {MIB.name(v.oid): v.value for v in lab.walk() if MIB.find(v.oid)[0].name in WRITABLE}
    return values, lab.get("rasDialAttempts.0")


@contextlib.contextmanager
def nothing_changes():
    before = state()
    yield
    equal(state(), before, "changed by refused SETs")


def instances(name):
    """Instances of an object that are there, and one that could be made."""
    table = MIB.objects[name].table
    if table is None:
        return ["0"]
    return {"rasPhonebookTable": ["1", "2", "77"], "rasSubentryTable": ["3.1", "3.2", "77.1"], "rasConnTable": ["1"]}[table]


def value_of(name):
    """A value that the object could have."""
    obj = MIB.objects[name]
    if name.endswith("RowStatus"):
        return "createAndGo"
    if obj.labels:
        return list(obj.labels.values())[-1]
    return b"" if obj.bits else b"word" if obj.type == "OCTET STRING" else max(obj.low or 0, 5)


def history():
    """One call and one attempt that fails, so that there is something to be seen in each table."""
    if len(lab.history()) < 2:
        lab.dial(1, 2)
        lab.wait(1, "up")
        lab.wait(2, "failed")
        lab.quiet()
    lab.dial(1)
    lab.wait(1, "up")


# ---- the file ----

@test()
def lines():
    """snmpd takes every line of the example, and the columns it names are those that it hides"""
    check("rror" not in lab.snmpd.log(), lab.snmpd.log())
    with open(EXAMPLE, encoding="utf-8") as file:
        text = file.read()
    excluded = re.findall(r"(?m)^view +\w+ +excluded +\.([\d.]+)$", text)
    equal([MIB.name(tuple(map(int, oid.split(".")))) for oid in excluded], list(HIDDEN))


@test()
def as_it_stands():
    """Whoever forgets to put in pass phrases has no users, and nobody gets in"""
    other = Lab()
    try:
        other.views = example(other, users=False)
        other.begin()
        equal(other.snmpd.log().count("passphrase chosen is below the length requirements"), len(USERS), other.snmpd.log())
        for user in USERS:
            for level in ("authPriv", "noAuthNoPriv"):
                status, out = tool("snmpget", user, ".1.3.6.1.2.1.1.3.0", level=level, on=other)
                check(status != 0 and "Unknown user name" in out, f"{user}: {out}")
    finally:
        other.close()


# ---- reading ----

@test(60)
def get():
    """GET of everything: monitor and operator have no secret, user name or destination, the administrator has all"""
    history()
    everything = [v.oid for v in lab.walk()]
    check({"rasEntryDestination", "rasConnDestination", "rasHistDestination", "rasSubentryDestination", "rasEntrySecret"}
          <= {MIB.find(o)[0].name for o in everything}, "there is something to hide")
    for user in USERS:
        seen = set()
        for at in range(0, len(everything), 40):
            status, out = tool("snmpget", user, *map(dotted, everything[at:at + 40]))
            equal(status, 0, out)
            seen |= {oid for oid, (kind, text) in parse_tool(out).items() if kind or "No Such" not in text}
        equal(seen, permitted(user), user)
    for user, words in (("administrator", True), ("operator", False), ("monitor", False)):
        _, out = tool("snmpget", user, dotted("rasEntryUserName.1"), dotted("rasEntryDestination.1"))
        equal('"branch7"' in out and '"setup=20ms"' in out, words, out)


@test(60)
def walks():
    """Walks by GETNEXT and GETBULK: exactly what GET shows, however many are asked for at once"""
    history()
    for user in USERS:
        wanted = permitted(user)
        status, out = tool("snmpwalk", user, dotted("rasDialMIB"))
        equal((status, oids(out)), (0, wanted), f"{user}, GETNEXT")
        for repetitions in (1, 2, 7, 50):
            status, out = tool("snmpbulkwalk", user, dotted("rasDialMIB"), options=(f"-Cr{repetitions}",))
            equal((status, oids(out)), (0, wanted), f"{user}, GETBULK of {repetitions}")
            check("top secret" not in out, "a secret")


@test(60)
def across_hidden_columns():
    """GETNEXT and GETBULK that come to a hidden column go on behind it, also beside others in one PDU"""
    history()
    for user in USERS[:2]:
        for name in HIDDEN:
            oid = MIB.oid(name)
            # the end of the column before, the column, an instance, behind the last instance
            for start in (oid[:-1] + (oid[-1] - 1, 2 ** 31 - 1), oid, oid + (1,), oid + (2 ** 31 - 1,)):
                following = min((o for o in permitted(user) if o > start), default=None)
                status, out = tool("snmpgetnext", user, dotted(start))
                check(status == 0 and following in oids(out), f"{user}: behind {start} comes {out}")
                status, out = tool("snmpbulkget", user, dotted(start), dotted("rasEntryName"), dotted(start), options=("-Cn0", "-Cr9"))
                equal((status, oids(out) - permitted(user)), (0, set()), f"{user}: {out}")
                status, out = tool("snmpbulkget", user, dotted(start), dotted("rasConnAction"), options=("-Cn1", "-Cr30"))
                equal((status, oids(out) - permitted(user)), (0, set()), f"{user}: {out}")
        for name in HIDDEN:
            _, out = tool("snmpwalk", user, dotted(name))
            check("No Such" in out and not {o for o in oids(out) if len(o) > len(MIB.oid(name))}, out)


# ---- writing ----

@test(60)
def monitor_sets_nothing():
    """monitor: no object can be set"""
    with nothing_changes():
        for name in WRITABLE:
            for instance in instances(name):
                equal(set_as("monitor", (f"{name}.{instance}", value_of(name))), "noAccess", f"{name}.{instance}")
        for action in ("noAction", "dial", "hangUp", "redial", "clearError", "resume"):
            equal(set_as("monitor", ("rasConnAction.1", action)), "noAccess", action)
        for status in ("active", "notInService", "destroy"):
            equal(set_as("monitor", ("rasEntryRowStatus.1", status)), "noAccess", status)
        equal(set_as("monitor", ("rasEntrySecret.1", b"")), "noAccess")


@test(60)
def operator_dials():
    """operator: rasConnAction, with rasConnRequestId, and no other object"""
    equal(set_as("operator", ("rasConnAction.1", "dial"), ("rasConnRequestId.1", 4711)), "noError")
    equal(lab.wait(1, "up")["RequestId"], 4711)
    equal(set_as("operator", ("rasConnAction.1", "hangUp")), "noError")
    lab.wait(1, "down")
    tried = set()
    with nothing_changes():
        for name in WRITABLE:
            if name in ("rasConnAction", "rasConnRequestId"):
                continue
            for instance in instances(name):
                equal(set_as("operator", (f"{name}.{instance}", value_of(name))), "noAccess", f"{name}.{instance}")
                # beside what he may: nothing of it happens
                equal(set_as("operator", ("rasConnAction.1", "dial"), (f"{name}.{instance}", value_of(name))), "noAccess", name)
            tried.add(name)
        equal(set_as("operator", ("rasConnRequestId.1", 5)), "inconsistentValue", "a number is no request")
        for status in ("active", "notInService", "destroy"):
            equal(set_as("operator", ("rasEntryRowStatus.1", status)), "noAccess", status)
        equal(set_as("operator", ("rasEntryRowStatus.77", "createAndGo"), ("rasEntryName.77", b"mine")), "noAccess")
        equal(set_as("operator", ("rasEntrySecret.1", b"")), "noAccess")
    equal(len(tried), len(WRITABLE) - 2)


# Everything but what the settings of this laboratory need.
SCALARS = {"rasAdminMode": "drain", "rasMaxConcurrentDials": 7, "rasHistMaxEntries": 500, "rasHistRetainTime": 9, "rasNotifyTypes": b"\x80",
           "rasNotifyMinInterval": 3}
ROW = {"Name": b"made by hand", "Descr": b"x", "DeviceType": "loopback", "DeviceName": b"", "Destination": b"setup=30ms", "UserName": b"u",
       "Secret": b"another secret", "AuthMethods": b"\x40", "DialMode": "persistent", "LinkMode": "alternates", "RedialMax": 2, "RedialPause": 7,
       "RedialPauseMax": 8, "RedialOnDrop": "true", "DialTimeout": 30, "IdleTimeout": 60, "MaxDuration": 600, "Options": b"\x80",
       "NotifyTypes": b"\x80", "NotifyFailures": 2, "StorageType": "volatile"}
SUBROW = {"DeviceType": "loopback", "DeviceName": b"", "Destination": b"setup=40ms"}


@test(60)
def administrator_sets_everything():
    """administrator: every object that can be set, also a secret; what he makes he can dial and delete"""
    done = {"rasSpinLock", "rasEntryRowStatus", "rasSubentryRowStatus", "rasConnAction", "rasConnRequestId"}

    def administer(*pairs):
        equal(set_as("administrator", *pairs), "noError", str(pairs))
        done.update(name.partition(".")[0] for name, _ in pairs)

    administer(("rasSpinLock.0", lab.get("rasSpinLock.0")))
    for name, value in SCALARS.items():
        before = lab.raw(f"{name}.0").value
        administer((f"{name}.0", value))
        administer((f"{name}.0", before))
    administer(("rasEntryRowStatus.77", "createAndGo"), ("rasEntryName.77", b"new"), ("rasEntryDeviceType.77", "loopback"))
    for name, value in ROW.items():
        administer((f"rasEntry{name}.77", value))
    administer(("rasSubentryRowStatus.77.1", "createAndGo"), ("rasSubentryDestination.77.1", b"setup=20ms"))
    for name, value in SUBROW.items():
        administer((f"rasSubentry{name}.77.1", value))
    administer(("rasEntryDialMode.77", "manual"))
    equal(lab.get("rasEntryName.77", "rasEntryDialTimeout.77", "rasEntrySecretStored.77", "rasSubentryDestination.77.1"),
          ["made by hand", 30, "true", "setup=40ms"])
    administer(("rasConnAction.77", "dial"), ("rasConnRequestId.77", 12))
    lab.wait(77, "up")
    administer(("rasConnAction.77", "hangUp"))
    lab.wait(77, "down")
    _, out = tool("snmpget", "administrator", dotted("rasEntrySecret.77"))
    equal(parse_tool(out)[MIB.oid("rasEntrySecret.77")][1], '""', "a secret reads as nothing, for him too")
    # of an entry of the file what the file lets him
    administer(("rasEntryUserName.1", b"branch9"), ("rasEntrySecret.1", b"third secret"))
    equal(lab.get("rasEntryUserName.1"), "branch9")
    administer(("rasEntryRowStatus.77", "destroy"))
    equal(lab.raw("rasEntryName.77").type, "noSuchInstance")
    equal(sorted(done), sorted(WRITABLE))


# ---- who nobody is ----

REQUESTS = (("snmpget", dotted("rasVersion.0")), ("snmpget", ".1.3.6.1.2.1.1.3.0"), ("snmpgetnext", dotted("rasDialMIB")),
            ("snmpbulkget", dotted("rasDialMIB")), ("snmpset", dotted("rasConnAction.1"), "i", "2"),
            ("snmpset", dotted("rasEntrySecret.1"), "s", "x"), ("snmpset", dotted("rasAdminMode.0"), "i", "2"))


def all_refused(answer, user, **keys):
    """Every kind of request gets this answer, and no object with it."""
    for name, *arguments in REQUESTS:
        _, out = tool(name, user, *arguments, **keys)
        check(answer in out and not oids(out), f"{name}, {user}, {keys}: {out}")


@test(60)
def not_authentic():
    """Unknown user, wrong pass phrase, another user's, wrong protocol: refused before anything is looked at"""
    with nothing_changes():
        for user, another in zip(USERS, USERS[1:] + USERS[:1]):
            all_refused("Unknown user name", user + "s")
            all_refused("Authentication failure", user, auth="guessed pass phrase")
            all_refused("Authentication failure", user, auth=AUTH % another)
            all_refused("Authentication failure", user, protocol="SHA")
            # What cannot be deciphered is not answered at all.
            all_refused("Timeout", user, priv="guessed pass phrase", options=("-t", "0.2"))


@test(60)
def not_secure_enough():
    """authNoPriv and noAuthNoPriv, of users who have keys for more: authorizationError for everything"""
    with nothing_changes():
        for user in USERS:
            for level in ("authNoPriv", "noAuthNoPriv"):
                all_refused("authorizationError", user, level=level)


@test()
def other_contexts():
    """Rights hold in no other context"""
    with nothing_changes():
        for user in USERS:
            all_refused("Timeout", user, options=("-n", "elsewhere", "-t", "0.2"))


@test(60)
def outside():
    """The administrator's view ends at RASDIAL-MIB: nothing else can be set, and of the rest only the system group is seen"""
    for user in USERS:
        status, out = tool("snmpset", user, ".1.3.6.1.2.1.1.4.0", "s", "me")
        check(status != 0 and re.search(r"noAccess|notWritable", out), out)
        status, out = tool("snmpwalk", user, ".1.3.6.1")
        equal(status, 0, out)
        strange = {o for o in oids(out) if o[:len(MIB.root)] != MIB.root and o[:7] != (1, 3, 6, 1, 2, 1, 1)}
        equal(strange, set(), user)


# ---- communities ----

@contextlib.contextmanager
def stranger(address, community, source):
    """A manager that asks from an address of this host."""
    with contextlib.closing(Manager(address, community, timeout=0.05, retries=0)) as manager:
        manager.socket.close()
        manager.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        manager.socket.bind((source, 0))
        manager.socket.connect(address)
        yield manager


def unanswered(on, community, source):
    """Not one kind of request is answered, and snmpd counts them as of a community that it does not know."""
    def count():
        return on.manager.get(BAD_COMMUNITIES).varbinds[0].value
    before = count()
    with stranger(on.manager.address, community, source) as manager:
        requests = (lambda: manager.get(MIB.oid("rasVersion.0")), lambda: manager.next(MIB.root), lambda: manager.bulk(MIB.root),
                    lambda: manager.set(on.varbind("rasConnAction.1", "dial"), timeout=0.05))
        for request in requests:
            with contextlib.suppress(SnmpTimeout):
                raise AssertionError(f"{community} from {source}: {request()}")
    until(lambda: count() == before + len(requests), 5, lambda: f"{len(requests)} are refused: {count() - before}")


@test()
def no_community():
    """Without the lines for a poller no community is answered, nor is the name of a user one"""
    with nothing_changes():
        for name in ("public", "private", "", "<community>", *USERS):
            unanswered(lab, name, lab.ip)


@test(60)
def community():
    """With them: scalars and coarse states, from one address; no phonebook, no name, no history, nothing to set"""
    other = Lab(lab.entries, agent={"allow_snmp_entries": True, "allow_snmp_secrets": True})
    try:
        other.views = example(other, poller="poll-me")
        other.begin()
        check("rror" not in other.snmpd.log(), other.snmpd.log())
        other.dial(1, 2)
        other.wait(1, "up")
        other.wait(2, "failed")
        everything = [v.oid for v in other.walk()]
        scalars = [o.name for o in MIB.scalars if o.oid[:-1] == MIB.oid("rasSystem")]
        wanted = {o for o in everything if MIB.find(o)[0].name in (*scalars, *POLLED)}
        equal(len(wanted), len(scalars) + len(POLLED) * len(other.entries), "instances that it may see")
        with stranger(other.manager.address, "poll-me", other.ip) as poller:
            poller.timeout = 5
            for repetitions in (0, 1, 7, 60):
                equal({v.oid for v in poller.walk(MIB.root, repetitions)}, wanted, f"walk by {repetitions}")
            for oid in everything:
                equal(poller.get(oid).varbinds[0].type not in EXCEPTIONS, oid in wanted, MIB.name(oid))
            for name in WRITABLE:
                for instance in instances(name):
                    equal(poller.set(other.varbind(f"{name}.{instance}", value_of(name))).error, "noAccess", f"{name}.{instance}")
        unanswered(other, "poll-me", "127.0.0.1")
        unanswered(other, "public", other.ip)
        equal(other.get("rasConnOperStatus.1", "rasDialAttempts.0"), ["up", 2])
        equal(tool("snmpget", "monitor", dotted("rasVersion.0"), on=other)[0], 0, "users get what they got")
        other.after_test()
        other.finish()
    finally:
        other.close()


run(lab)
