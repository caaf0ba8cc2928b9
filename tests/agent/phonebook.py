# SPDX-License-Identifier: BSD-2-Clause
"""What the phonebook must hold: a model that is told what was answered with success, and is held against the tables."""
import copy
import time

from mib import MIB
from tap import check, equal

ENTRY, SUBENTRY = "rasEntry", "rasSubentry"
# What a row must have to be dialed; those of other types cannot be.
NEEDS = {"loopback": (), "modem": ("DeviceName", "Destination"), "cellular": ("DeviceName", "Destination"), "directSerial": ("DeviceName",),
         "pptp": ("Destination",), "l2tp": ("Destination",), "exec": ("DeviceName",)}
COUNTERS = ("Attempts", "Successes", "Failures")


def defaults(table, prefix):
    return {n.removeprefix(prefix): MIB.objects[n].default for n in MIB.tables[table]}


def split(name):
    """'rasEntryDescr.7' -> (MIB object, (7,))."""
    return MIB.find(MIB.oid(name))


def plain(obj, value):
    """A value as it was given to SET -> as it is read."""
    return obj.decode(obj.encode(value))


def date(octets):
    """DateAndTime -> seconds since 1970, None where it is not known."""
    if not any(octets):
        return None
    fields = [int.from_bytes(octets[:2], "big"), *octets[2:7]]
    offset = (octets[9] * 60 + octets[10]) * 60 * (-1 if octets[8:9] == b"-" else 1) if len(octets) == 11 else 0
    return time.mktime((*fields, 0, 0, 0)) - time.timezone + octets[7] / 10 - offset


class Phonebook:
    """rows: {index: {column: value}}, subs: {(index, number): {column: value}}, names of columns without prefix; scalars:
    {name: value}; counters: {index: values of COUNTERS}; requests: {index: number}."""

    def __init__(self):
        self.rows, self.subs, self.scalars, self.counters, self.requests = {}, {}, {}, {}, {}

    def copy(self):
        return copy.deepcopy(self)

    def learn(self, lab, *scalars):
        """Takes over what is there: the rows of the file, and these scalars."""
        self.rows = lab.table("rasPhonebookTable", ENTRY)
        self.subs = lab.table("rasSubentryTable", SUBENTRY)
        self.scalars = dict(zip(scalars, [lab.get(s) for s in scalars]))
        for counter in COUNTERS:
            for index, value in lab.column(f"rasConn{counter}").items():
                self.counters.setdefault(index, {})[counter] = value
        self.counters = {i: c for i, c in self.counters.items() if c["Attempts"]}
        self.requests = {i: n for i, n in lab.column("rasConnRequestId").items() if n}
        return self

    # ---- what a SET does ----

    def apply(self, pairs):
        """A SET of (name, value) pairs was answered with noError."""
        status, rest = [], []
        for name, value, *_ in pairs:
            obj, instance = split(name)
            (status if obj.name.endswith("RowStatus") else rest).append((obj, instance, value))
        for obj, instance, value in sorted(status, key=lambda s: len(s[1])):  # entries before their subentries
            if value == "createAndGo":
                self._create(obj, instance)
        for obj, instance, value in rest:
            self._write(obj, instance, value)
        for obj, instance, value in status:
            self._row_status(obj, instance, value)

    def _create(self, obj, instance):
        if obj.table == "rasPhonebookTable":
            row = defaults(obj.table, ENTRY)
            self.rows[instance[0]] = {**row, "Origin": "snmp", "SecretStored": "false", "RowStatus": "active", "LastChange": None}
        else:
            self.subs[instance] = {**defaults(obj.table, SUBENTRY), "RowStatus": "active"}
            self.rows[instance[0]]["LastChange"] = None

    def _write(self, obj, instance, value):
        value = plain(obj, value)
        if obj.table == "rasPhonebookTable":
            row = self.rows[instance[0]]
            row["LastChange"] = None
            if obj.name == "rasEntrySecret":
                row["SecretStored"] = "true" if value else "false"
            else:
                row[obj.name.removeprefix(ENTRY)] = value
        elif obj.table == "rasSubentryTable":
            self.subs[instance][obj.name.removeprefix(SUBENTRY)] = value
            self.rows[instance[0]]["LastChange"] = None
        elif obj.name == "rasConnRequestId":
            self.requests[instance[0]] = value
        elif obj.name == "rasConnAction":
            self.requests.setdefault(instance[0], 0)
            if value == "dial":
                self.counters.setdefault(instance[0], {c: 0 for c in COUNTERS})["Attempts"] += 1
        else:
            self.scalars[obj.name + ".0"] = value + 1 if obj.name == "rasSpinLock" else value

    def _row_status(self, obj, instance, value):
        rows, key = (self.rows, instance[0]) if obj.table == "rasPhonebookTable" else (self.subs, instance)
        if value == "destroy":
            rows.pop(key, None)
            if rows is self.rows:
                self.counters.pop(key, None)
                self.requests.pop(key, None)
                self.subs = {k: v for k, v in self.subs.items() if k[0] != key}
        elif value in ("active", "notInService"):
            rows[key]["RowStatus"] = value
        if instance[0] in self.rows:
            self.rows[instance[0]]["LastChange"] = None

    def restarted(self):
        """The agent has ended and started: volatile rows are gone."""
        for index in [i for i, row in self.rows.items() if row["StorageType"] == "volatile"]:
            self._row_status(MIB.objects["rasEntryRowStatus"], (index,), "destroy")
        for row in self.rows.values():
            if row["Origin"] == "file":
                row["LastChange"] = None

    # ---- what follows from the rows ----

    def ready(self, index):
        row = self.rows[index]
        if row["DialMode"] == "onDemand":  # needs addresses, which only the file can give
            return False
        return row["RowStatus"] == "active" and row["DeviceType"] in NEEDS and all(row[c] for c in NEEDS[row["DeviceType"]])

    def of_snmp(self):
        return [i for i, row in self.rows.items() if row["Origin"] == "snmp"]

    def stored(self):
        """Indices of the rows that have a file in the state directory."""
        return [i for i in self.of_snmp() if self.rows[i]["StorageType"] == "nonVolatile"]

    # ---- the tables ----

    def difference(self, lab):
        """How the tables differ from what they must hold: lines of text, a few of many; none if they do not."""
        found = Difference()
        rows = lab.table("rasPhonebookTable", ENTRY, 50)
        self._take_dates(rows, found)
        found.rows("entry", rows, self.rows)
        found.rows("subentry", lab.table("rasSubentryTable", SUBENTRY, 50), self.subs)
        names = {(len(k), *k): {"EntryIndex": i} for i, row in self.rows.items() for k in [row["Name"].encode()]}
        found.rows("name", lab.table("rasNameTable", "rasName", 50), names)
        self._compare_conns(lab, found)
        scalars = lab.get("rasEntries.0", *self.scalars)
        wanted = [len(self.rows), *self.scalars.values()]
        found.rows("scalar", {0: scalars if self.scalars else [scalars]}, {0: wanted})
        return found.lines

    def _take_dates(self, rows, found):
        """Times of changes that were just made are looked at once, and must then stay."""
        now = time.time()
        for index in rows.keys() & self.rows.keys():
            row, mine = rows[index], self.rows[index]
            if mine["LastChange"] is None:
                when = date(row["LastChange"])
                if row["Origin"] == "snmp" and (when is None or not now - 120 < when < now + 2):
                    found.add(f"entry {index}: changed at {row['LastChange']!r}, it is {now:.0f} now")
                row["LastChange"] = None

    def keep_dates(self, lab):
        """From now on the rows must keep the times of change that they have."""
        for index, value in lab.column("rasEntryLastChange").items():
            self.rows[index]["LastChange"] = value
        return self

    def _compare_conns(self, lab, found):
        status = lab.column("rasConnOperStatus")
        found.rows("rows of rasConnTable", {0: sorted(status)}, {0: sorted(self.rows)})
        found.rows("rows of rasStatsTable", {0: sorted(lab.column("rasStatsUpSeconds"))}, {0: sorted(self.rows)})
        ready = {i: s != "notReady" for i, s in status.items()}
        found.rows("can be dialed:", ready, {i: self.ready(i) for i in self.rows})
        for counter in COUNTERS:
            values = lab.column(f"rasConn{counter}")
            wanted = {i: self.counters.get(i, {}).get(counter, 0) for i in self.rows}
            if counter != "Attempts":  # how an attempt ends is not the model's affair, but others have none
                values = {i: v for i, v in values.items() if not wanted.get(i) and not self.counters.get(i)}
                wanted = {i: v for i, v in wanted.items() if i in values}
            found.rows(f"rasConn{counter}", values, wanted)
        requests = lab.column("rasConnRequestId")
        found.rows("rasConnRequestId", requests, {i: self.requests.get(i, 0) for i in self.rows})

    def check(self, lab, when):
        """The tables are what they must be; from now on times of change stay."""
        lines = self.difference(lab)
        check(not lines, f"{when}:\n" + "\n".join(lines))
        self.keep_dates(lab)
        given = [lab.get("rasEntryIndexNext.0") for _ in range(3)]
        equal(len(set(given)), 3, f"{when}: consecutive values of rasEntryIndexNext differ: {given}")
        check(all(0 < g < 2 ** 31 for g in given) and not set(given) & self.rows.keys(),
              f"{when}: rasEntryIndexNext gives {given}")


class Difference:
    MANY = 12

    def __init__(self):
        self.lines = []

    def add(self, line):
        if len(self.lines) < self.MANY:
            self.lines.append(line)

    def rows(self, what, got, wanted):
        for key in sorted(got.keys() | wanted.keys()):
            if key not in got:
                self.add(f"{what} {key} is missing: {wanted[key]}")
            elif key not in wanted:
                self.add(f"{what} {key} should not be there: {got[key]}")
            elif got[key] != wanted[key]:
                self.add(f"{what} {key} {self.values(got[key], wanted[key])}")

    @staticmethod
    def values(got, wanted):
        if not isinstance(got, dict):
            return f"is {got!r}, not {wanted!r}"
        return "; ".join(f"{k} is {got.get(k)!r}, not {wanted.get(k)!r}" for k in got.keys() | wanted.keys()
                         if got.get(k) != wanted.get(k))
