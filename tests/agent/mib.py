# SPDX-License-Identifier: BSD-2-Clause
"""RASDIAL-MIB as the tests need it, read from the module itself: names, numbers, types, access, labels.

The agent is tested against the text that managers load, not against a second list of columns.
"""
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MIB_FILE = os.path.join(TOP, "mibs", "RASDIAL-MIB.txt")
STUB_DIR = os.path.join(TOP, "tests", "mibs")

# Base types of the textual conventions that the module imports, with their labels.
IMPORTED = {
    "TruthValue": ("INTEGER", {"true": 1, "false": 2}),
    "RowStatus": ("INTEGER", {"active": 1, "notInService": 2, "notReady": 3, "createAndGo": 4, "createAndWait": 5,
                              "destroy": 6}),
    "StorageType": ("INTEGER", {"other": 1, "volatile": 2, "nonVolatile": 3, "permanent": 4, "readOnly": 5}),
    "InetAddressType": ("INTEGER", {"unknown": 0, "ipv4": 1, "ipv6": 2, "ipv4z": 3, "ipv6z": 4, "dns": 16}),
    "TestAndIncr": ("INTEGER", None),
    "Integer32": ("INTEGER", None),
    "INTEGER": ("INTEGER", None),
    "InterfaceIndexOrZero": ("INTEGER", None),
    "TimeStamp": ("TimeTicks", None),
    "TimeTicks": ("TimeTicks", None),
    "Unsigned32": ("Gauge32", None),  # one tag on the wire
    "Gauge32": ("Gauge32", None),
    "InetAddressPrefixLength": ("Gauge32", None),
    "Counter32": ("Counter32", None),
    "Counter64": ("Counter64", None),
    "CounterBasedGauge64": ("Counter64", None),
    "ZeroBasedCounter64": ("Counter64", None),
    "SnmpAdminString": ("OCTET STRING", None),
    "OCTET STRING": ("OCTET STRING", None),
    "DateAndTime": ("OCTET STRING", None),
    "InetAddress": ("OCTET STRING", None),
    "BITS": ("OCTET STRING", None),
}


class Object:
    """One object: its oid, wire type, access, labels (of an enumeration) or bits."""

    def __init__(self, name, oid, syntax, access):
        self.name, self.oid, self.syntax, self.access = name, oid, syntax, access
        self.type, self.labels, self.bits, self.text = None, None, None, False
        self.low = self.high = None
        self.table = None  # name of the table a column belongs to
        self.default = None  # DEFVAL, as decode() gives values

    @property
    def readable(self):
        return self.access in ("read-only", "read-write", "read-create")

    def encode(self, value):
        """Python value -> value on the wire."""
        if isinstance(value, str) and self.labels:
            return self.labels[value]
        if self.bits is not None and not isinstance(value, (bytes, int)):
            octets = bytearray(1)
            for name in value:
                octets[self.bits[name] // 8] |= 0x80 >> self.bits[name] % 8
            return bytes(octets)
        return value.encode() if isinstance(value, str) else value

    def decode(self, value):
        """Value on the wire -> label, set of bits, str, bytes or int. Exceptions of SNMP come as they are."""
        if isinstance(value, int) and self.labels:
            return {v: k for k, v in self.labels.items()}.get(value, value)
        if isinstance(value, bytes) and self.bits is not None:
            return frozenset(k for k, v in self.bits.items() if v // 8 < len(value) and value[v // 8] & 0x80 >> v % 8)
        if isinstance(value, bytes) and self.text:
            return value.decode("utf-8")
        return value


class Mib:
    def __init__(self, path=MIB_FILE):
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"--[^\n]*", "", file.read())
        text = re.sub(r'"[^"]*"', '""', text)
        text = re.sub(r"IMPORTS.*?;", "", text, count=1, flags=re.S)
        self.root = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 7273)
        self.objects, self.tables, self.notifications = {}, {}, {}
        self._oids = {"netSnmpPlaypen": self.root[:-1]}
        self._conventions = {}
        for match in re.finditer(r"(\w+) ::= TEXTUAL-CONVENTION.*?SYNTAX\s+(.*?)(?=\n\n|\n\w)", text, re.S):
            self._conventions[match[1]] = match[2]
        for match in re.finditer(r"^(\w+)\s+(OBJECT IDENTIFIER|MODULE-IDENTITY|OBJECT-TYPE|NOTIFICATION-TYPE)\b"
                                 r"(.*?)::=\s*\{\s*(\w+)\s+(\d+)\s*\}", text, re.S | re.M):
            self._add(match[1], match[2], match[3], self._oids[match[4]] + (int(match[5]),))
        self._by_oid = {o.oid: o for o in self.objects.values()}

    def _add(self, name, macro, body, oid):
        self._oids[name] = oid
        if macro == "NOTIFICATION-TYPE":
            self.notifications[name] = re.findall(r"\w+", re.search(r"OBJECTS\s*\{(.*?)\}", body, re.S)[1])
        if macro != "OBJECT-TYPE":
            return
        syntax = " ".join(re.search(r"SYNTAX\s+(.*?)\s+(?:UNITS|MAX-ACCESS)", body, re.S)[1].split())
        access = re.search(r"MAX-ACCESS\s+(\S+)", body)[1]
        if syntax.startswith("SEQUENCE OF"):
            self.tables[name] = []
            return
        if re.search(r"\b(INDEX|AUGMENTS)\b", body):
            return
        obj = Object(name, oid, syntax, access)
        self._resolve(obj, syntax)
        for table, columns in self.tables.items():
            if oid[:-2] == self._oids[table]:
                obj.table = table
                if obj.readable:
                    columns.append(name)
        default = re.search(r"DEFVAL\s*\{(.*)\}", body, re.S)
        if default:
            obj.default = self._default(default[1].strip())
        self.objects[name] = obj

    @staticmethod
    def _default(text):
        if text.startswith("{"):
            return frozenset(re.findall(r"\w+", text))
        if text in ('""', "''H"):
            return "" if text == '""' else b""
        return int(text) if text.isdigit() else text

    def _resolve(self, obj, syntax):
        numbers = {k: int(v) for k, v in re.findall(r"(\w+)\s*\(\s*(\d+)\s*\)", syntax)}
        base = re.match(r"OCTET STRING|\w+", syntax)[0]
        bounds = re.search(r"\(\s*(?:SIZE\s*\(\s*)?(\d+)\.\.(\d+)\s*\)", syntax)
        if bounds and obj.low is None:
            obj.low, obj.high = int(bounds[1]), int(bounds[2])
        if base in self._conventions:
            self._resolve(obj, self._conventions[base])
            return
        obj.type, labels = IMPORTED[base]
        obj.labels = obj.labels or labels
        obj.text = base == "SnmpAdminString"
        if "{" in syntax and base == "BITS":
            obj.bits = numbers
        elif "{" in syntax:
            obj.labels = numbers

    def oid(self, name):
        """'rasConnAction.7', '.1.3.6', (1, 3, 6) -> tuple. Any name of the module can stand first."""
        if isinstance(name, tuple):
            return name
        first, _, rest = name.lstrip(".").partition(".")
        tail = tuple(int(x) for x in rest.split(".")) if rest else ()
        return ((int(first),) if first.isdigit() else self._oids[first]) + tail

    def find(self, oid):
        """The object that an instance belongs to, and the instance: (Object or None, tuple)."""
        for cut in range(len(oid), len(self.root), -1):
            if oid[:cut] in self._by_oid:
                return self._by_oid[oid[:cut]], oid[cut:]
        return None, oid

    def name(self, oid):
        obj, rest = self.find(oid)
        return ".".join([obj.name if obj else ""] + [str(x) for x in rest])

    def notification(self, oid):
        return next((n for n in self.notifications if self._oids[n] == oid), None)

    @property
    def scalars(self):
        return [o for o in self.objects.values() if o.table is None and o.readable]


MIB = Mib()
