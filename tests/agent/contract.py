# SPDX-License-Identifier: BSD-2-Clause
"""Answers to SET as tables of cases, each sent by SNMPv2c, SNMPv3 and SNMPv1, with proof of what it did, or that it did nothing."""
import os
import time
from collections import namedtuple

from config_text import line
from host_lab import Lab
from mib import MIB
from phonebook import Phonebook
from snmp import Manager
from tap import check, equal, test, until
from usm import UserManager

WAYS = ("v2c", "v3", "v1")

# RFC 3584, section 4.4: what a manager that speaks SNMPv1 is told.
V1_ERRORS = {error: v1 for v1, errors in {
    "noError": "noError",
    "tooBig": "tooBig",
    "badValue": "wrongValue wrongEncoding wrongType wrongLength inconsistentValue",
    "noSuchName": "noAccess notWritable noCreation inconsistentName authorizationError",
    "genErr": "genErr resourceUnavailable commitFailed undoFailed"}.items() for error in errors.split()}

# What changes by its nature, and what does while there are calls.
RESTLESS = {"rasUpTime", "rasEntryIndexNext", "rasDialsRejected", "rasThreads"}
RESTLESS_CALLS = {"rasConnDuration", "rasConnNextRedial", "rasNotifySent", "rasStatsInOctets", "rasStatsOutOctets", "rasStatsInPackets",
                  "rasStatsOutPackets", "rasStatsUpSeconds", "rasStatsCallInOctets", "rasStatsCallOutOctets"}

# What tells at once, read in one PDU, that something was done.
SIGNS = [f"{n}.0" for n in ("rasPhonebookLastChange", "rasEntries", "rasDialAttempts", "rasDialSuccesses", "rasDialFailures",
                            "rasEntriesUp", "rasSpinLock", "rasAdminMode", "rasMaxConcurrentDials", "rasHistMaxEntries", "rasHistRetainTime",
                            "rasHistNewest", "rasNotifyTypes", "rasNotifyMinInterval", "rasStorageStatus", "rasStorageProblems")]

ALLOW = {"allow_snmp_entries": True, "allow_snmp_secrets": True,
         "allow_device_types": ["other", "loopback", "modem", "cellular", "direct-serial", "pptp", "l2tp", "exec"],
         "allow_devices": ["/dev/ttyS*", "x*", "helper*", "..*"],
         "allow_destinations": ["setup=*", "fail=*", "stuck*", "+1555*", "gw*.example", "x*"]}
FILE = [line("hq", 1, "setup=20ms", user_name="head", secret="of the file"),
        line("branch", 2, "setup=20ms", user_name="branch7", storage_type="permanent"),
        line("many", 3, "setup=20ms", link_mode="alternates", subentries=[{"destination": "setup=30ms"}, {"destination": "setup=40ms"}])]

Case = namedtuple("Case", "errors pairs at")  # errors, at: names, positions (from 1), of which one must come


def no(errors, *pairs, at=None):
    """A SET of (name, value[, type]) pairs that is refused, or does nothing: the error, or several of which one must come, and the
    positions of the varbinds that may be blamed, all without."""
    errors = (errors,) if isinstance(errors, str) else errors
    at = range(1, len(pairs) + 1) if at is None else (at,) if isinstance(at, int) else at
    return Case(errors, pairs, set(at))


def row(index, name, kind="loopback", destination="setup=20ms", subs=(), **columns):
    """Pairs that make an entry. Columns with None are left out; subs: destinations of its subentries, from 1."""
    columns = {"RowStatus": "createAndGo", "Name": name, "DeviceType": kind, "Destination": destination, **columns}
    pairs = [(f"rasEntry{c}.{index}", v) for c, v in columns.items() if v is not None]
    for number, where in enumerate(subs, 1):
        pairs += sub(index, number, where)
    return pairs


def sub(index, number, destination="setup=30ms", kind="loopback", device=None):
    columns = {"RowStatus": "createAndGo", "DeviceType": kind, "Destination": destination, "DeviceName": device}
    return [(f"rasSubentry{c}.{index}.{number}", v) for c, v in columns.items() if v is not None]


def writable(*tables):
    """Objects that can be written, of these tables (None: scalars), of all without."""
    return [o for o in MIB.objects.values() if o.access in ("read-write", "read-create") and (not tables or o.table in tables)]


def good(obj):
    """A value of the object that is fine by itself."""
    if obj.name.endswith("RowStatus"):
        return "active"
    if obj.name.endswith("StorageType"):
        return "nonVolatile"
    if obj.name.endswith("Destination"):
        return "setup=10ms"
    if obj.name.endswith("DeviceType"):
        return "loopback"
    if obj.labels:
        return next(iter(obj.labels))
    if obj.bits is not None:
        return [next(iter(obj.bits))]
    return b"x" * max(1, obj.low or 0) if obj.type == "OCTET STRING" else max(1, obj.low or 0)


class Desk:
    """A laboratory with the three kinds of managers."""

    def __init__(self, entries=FILE, agent=None, books=("history", "traps"), views=""):
        self.lab = Lab(entries, {"notifications": {"min_interval": 0, "queue": 8192}, **(ALLOW if agent is None else agent)}, users=True,
                       books=books, views=views)
        address = self.lab.manager.address
        self.managers = {"v2c": self.lab.manager, "v1": Manager(address, v1=True),
                         "v3": UserManager(address, "operator", "operator-pass", "operator-priv")}
        self.model, self.told, self.mark = Phonebook(), {}, 0
        self.sent = 0

    # ---- requests ----

    @staticmethod
    def order(way, count):
        """The varbinds of a PDU are set as if at once, so each way puts them in another order."""
        plain = list(range(count))
        return {"v2c": plain, "v1": plain[::-1], "v3": plain[count // 2:] + plain[:count // 2]}[way]

    def varbind(self, name, value, kind=None):
        """As Lab.varbind(), but a value whose type is given is taken as it is."""
        return (MIB.oid(name), kind, value) if kind else self.lab.varbind(name, value)

    def send(self, way, pairs):
        """Returns (error, position of the varbind that is blamed in pairs, from 1, or 0)."""
        order = self.order(way, len(pairs))
        pdu = self.managers[way].set(*(self.varbind(*pairs[n]) for n in order))
        self.sent += 1
        return pdu.error, order[pdu.index - 1] + 1 if 0 < pdu.index <= len(pairs) else pdu.index

    def give(self, *pairs, way="v2c"):
        equal(self.send(way, pairs), ("noError", 0), f"SET {pairs}")

    # ---- refused ----

    def journal(self, calls):
        """The journal; while there are calls without what it says of them."""
        with open(f"{self.lab.state_dir}/journal", "rb") as file:
            return [text for text in file.read().splitlines() if not calls or not text.startswith((b"conn", b"wish", b"set "))]

    def files(self, calls, contents=False):
        """Everything in the state directory: by what stat() says, or with the contents. What is wanted of connections and how they are is
        in the journal, too, but the MIB shows it, so the journal as a whole is compared only while there are no calls."""
        found = {}
        for folder, _, names in os.walk(self.lab.state_dir):
            for path in [folder] + [os.path.join(folder, n) for n in names]:
                if calls and (path.endswith("/journal") or path == self.lab.state_dir):
                    continue
                info = os.lstat(path)
                found[path] = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_mode)
                if contents and path in (f"{folder}/{n}" for n in names):
                    with open(path, "rb") as file:
                        found[path] += (file.read(),)
        if contents:
            found["journal"] = self.journal(calls)
        return found

    def picture(self, calls):
        """Everything that is there: the MIB, files, notifications."""
        leave = RESTLESS | (RESTLESS_CALLS if calls else set())
        found = {MIB.name(v.oid): v.value for v in self.lab.walk(repetitions=50) if MIB.find(v.oid)[0].name not in leave}
        found.update(self.files(calls, contents=True))
        found["rasConfigChange"] = len(self.lab.sink.take("rasConfigChange"))
        return found

    def settle(self, calls):
        """Until nothing is written any more of what was done before."""
        if not calls:
            path = f"{self.lab.state_dir}/journal"
            until(lambda: time.time() - os.lstat(path).st_mtime > 1.3, 20, "the journal rests")
        self.lab.all_told()

    def nothing(self, *cases, calls=False):
        """Each case is answered as it says, in all ways, and nothing is done. calls: there are calls, whose counters go on."""
        trouble = []
        self.settle(calls)
        threads = self.lab.get("rasThreads.0")
        before = self.picture(calls)
        signs = self.lab.get(*SIGNS), self.files(calls)
        step = 1 + len(cases) // 100
        for way in WAYS:
            for number, case in enumerate(cases, 1):
                errors = [V1_ERRORS[e] for e in case.errors] if way == "v1" else case.errors
                error, at = self.send(way, case.pairs)
                if error not in errors or at not in (case.at if error != "noError" else (0,)):
                    trouble.append(f"{way} SET {case.pairs}: got {error} at {at}, not {' or '.join(errors)} at {sorted(case.at)}")
                if number % step and case is not cases[-1]:
                    continue
                now = self.lab.get(*SIGNS), self.files(calls)
                if now != signs:
                    since = f" or one of {step} before" if step > 1 else ""
                    trouble.append(f"{way} SET {case.pairs}{since}: {error}, but something was done: {difference(signs, now)}")
                    self.repair()
                    signs = self.lab.get(*SIGNS), self.files(calls)
        after = self.picture(calls)
        trouble += [f"changed: {n}: {apart(before.get(n), after.get(n))}" for n in sorted(before.keys() | after.keys())
                    if before.get(n) != after.get(n)]
        check(not trouble, f"{len(trouble)} of {len(cases) * len(WAYS)}:\n" + "\n".join(text[:600] for text in trouble[:30]))
        until(lambda: self.lab.get("rasThreads.0") == threads, 5, lambda: f"{threads} threads as before: {self.lab.get('rasThreads.0')}")

    def repair(self):
        """Rows that no case may make go, and dials can be made, so that one failure is told once."""
        self.send("v2c", [("rasAdminMode.0", "enabled")])
        for name in ("rasEntryRowStatus.98", "rasEntryRowStatus.99", "rasSubentryRowStatus.12.9"):
            self.send("v2c", [(name, "destroy")])

    # ---- accepted ----

    def learn(self):
        """Takes the phonebook as it is for the state that done() begins with."""
        self.model = Phonebook().learn(self.lab)
        self.model.keep_dates(self.lab)
        self.lab.all_told()
        self.mark = self.lab.sink.mark()

    def done(self, way, *pairs, **changes):
        """The SET is done, and just that: tables, files, notifications (index=kind of change, as e11="created"), times."""
        lab, changes = self.lab, {int(k[1:]): v for k, v in changes.items()}
        before = lab.get("rasPhonebookLastChange.0")
        until(lambda: lab.manager.get((1, 3, 6, 1, 2, 1, 1, 3, 0)).varbinds[0].value > before + 1, 5, "time goes on")
        names = {**{i: r["Name"] for i, r in self.model.rows.items()}}
        equal(self.send(way, pairs), ("noError", 0), f"{way} SET {pairs}")
        self.model.apply(pairs)
        names.update({i: r["Name"] for i, r in self.model.rows.items()})
        self.model.check(lab, f"{way} SET {pairs}")
        check((lab.get("rasPhonebookLastChange.0") > before) == bool(changes), "rasPhonebookLastChange")
        lab.notifications("rasConfigChange", count=len(changes), since=self.mark)
        equal({n.index: (n["rasNotifyChange"], n["rasEntryName"]) for n in lab.sink.take("rasConfigChange", since=self.mark)},
              {i: (kind, names[i]) for i, kind in changes.items()}, f"{way} SET {pairs}: rasConfigChange")
        self.mark = lab.sink.mark()
        equal(self.stored() - {1, 2, 3}, set(self.model.stored()), "files of rows")

    def stored(self):
        """Indices of the rows that have a file."""
        names = os.listdir(f"{self.lab.state_dir}/entries")
        check(all(n.endswith(".yaml") for n in names), f"files: {names}")
        return {int(n[:-5]) for n in names}


def apart(old, new):
    """What makes two values differ; of lists, the lines that only one has."""
    if isinstance(old, list) and isinstance(new, list):
        return [x for x in old if x not in new], [x for x in new if x not in old]
    return old, new


def difference(old, new):
    (signs, files), (signs_now, files_now) = old, new
    found = {n: (a, b) for n, a, b in zip(SIGNS, signs, signs_now) if a != b}
    found.update({p: (files.get(p), files_now.get(p)) for p in files.keys() | files_now.keys() if files.get(p) != files_now.get(p)})
    return found


def refused(desk, title, *cases, prepare=None, calls=False, deadline=60):
    """A test that all of these are refused as they say. cases: of no(), or functions that give them; prepare: what is done before."""
    def table():
        if prepare:
            prepare()
        every = [c for case in cases for c in (case() if callable(case) else [case])]
        desk.nothing(*every, calls=calls)
    table.__doc__, table.__name__ = title, "_".join("".join(c if c.isalnum() else " " for c in title).split())
    return test(deadline)(table)
