# SPDX-License-Identifier: BSD-2-Clause
"""SETs by chance: changes of the phonebook that are fine, and what spoils them."""
import random
import string

from mib import MIB

ALLOW = {"allow_snmp_entries": True, "allow_snmp_secrets": True, "allow_device_types": ["other", "loopback", "modem"],
         "allow_devices": ["/dev/tty*"], "allow_destinations": ["*"]}

# Texts that a careless writer or reader of YAML changes.
TEXTS = ("", " ", "~", "null", "yes", "No", "on", "1", "007", "0x1F", "1e3", "-1", ".5", ".inf", "2026-11-24", "12:30:45", "- a", "-",
         "--- a", "...", "a: b", "a:", ":", "? b", "a #b", "#c", " lead", "trail ", "\u00a0", "'", '"', "''", "it's", 'say "so"', "\\", "\\n",
         "%TAG", "&a", "*a", "!!str a", "|", ">", "@", "`", "{a: b}", "[a, b]", "{", "]", ",", "<<", "=", "# sum=00000000",
         "\u00fc\u00df\u4e2d\u6587", "\U0001f4de", "\ufeffbom", "\u2028line\u2029", "e\u0301", "$(id)", "x" * 255, "\u00e4" * 127)
SECRETS = (b"", b"secret", b" ", b"\x01\x02\x7f", b"\xff\xfe\x80", b"a: b # c", b"'\"\\", bytes(range(14, 256)), b"s" * 255, "\u00fc".encode())
LINES = ("", "setup=5ms", "setup=5ms,fail=678", "fail=691", "setup=20ms,drop=9s", "stuck")


class Changes:
    """Makes SETs that fit the rows of a model. Rows whose index is in spare are left alone."""

    def __init__(self, seed, model, spare=()):
        self.random = random.Random(seed)
        self.model, self.spare = model, set(spare)
        self.created = 0

    def chance(self, share):
        return self.random.random() < share

    def pick(self, values):
        return self.random.choice(values)

    # ---- values ----

    def text(self, high):
        if self.chance(0.5):
            value = self.pick(TEXTS)
        else:
            value = "".join(self.pick(string.printable[:95] + "\u00e9\u0416\u20ac") for _ in range(self.random.randint(0, high)))
        while len(value.encode()) > high:
            value = value[:-1]
        return value

    def name(self):
        """One that no row has, whatever the case of its letters, and never had."""
        self.created += 1
        return f"{self.text(40)}{self.pick('.- /:#')}{self.created}"

    def value(self, obj):
        if obj.bits is not None:
            return [b for b in obj.bits if self.chance(0.4)]
        if obj.labels:
            return self.pick(list(obj.labels))
        if obj.type == "OCTET STRING":
            return self.text(obj.high)
        return self.pick((obj.low, obj.high, obj.default, self.random.randint(obj.low, obj.high)))

    def destination(self, device_type):
        if device_type == "loopback":
            return self.pick(LINES)
        return f"+1555{self.random.randint(0, 9999):04}" if device_type == "modem" else self.text(255)

    def columns(self, row):
        """New values of some columns of a row that is made or changed: {column: value}."""
        new = {}
        for column in ("Descr", "UserName", "AuthMethods", "RedialMax", "RedialPause", "RedialPauseMax", "RedialOnDrop", "DialTimeout",
                       "IdleTimeout", "MaxDuration", "Options", "NotifyTypes", "NotifyFailures"):
            if self.chance(0.25):
                new[column] = self.value(MIB.objects["rasEntry" + column])
        if self.chance(0.2):
            new["Secret"] = self.pick(SECRETS)
        if self.chance(0.2):
            new["DialMode"] = self.pick(("manual", "onDemand"))
        if self.chance(0.2):
            new["LinkMode"] = self.pick(("single", "alternates"))
        if self.chance(0.15):
            new["StorageType"] = self.pick(("volatile", "nonVolatile"))
        if row is None or (self.chance(0.1) and not row["subs"]):
            kind = new["DeviceType"] = self.pick(("loopback", "loopback", "loopback", "modem", "other"))
            new["Destination"] = self.destination(kind)
            new["DeviceName"] = self.pick(("", "/dev/ttyLAB1")) if kind == "modem" else ""
        elif self.chance(0.3):
            new["Destination"] = self.destination(row["DeviceType"])
        return new

    def subentry(self, index, number):
        pairs = [(f"rasSubentryRowStatus.{index}.{number}", "createAndGo")]
        if self.chance(0.7):
            pairs.append((f"rasSubentryDestination.{index}.{number}", self.pick(LINES)))
        if self.chance(0.5):
            pairs.append((f"rasSubentryDeviceType.{index}.{number}", "loopback"))
        return pairs

    # ---- changes of one row ----

    def create(self, index):
        new = self.columns(None)
        pairs = [(f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", self.name())]
        pairs += [(f"rasEntry{c}.{index}", v) for c, v in new.items()]
        if new["DeviceType"] == "loopback":
            for number in self.random.sample((1, 2, 3, 17, 255), self.pick((0, 0, 0, 1, 2, 3))):
                pairs += self.subentry(index, number)
        return pairs

    def change(self, index):
        subs = sorted(n for i, n in self.model.subs if i == index)
        row = {**self.model.rows[index], "subs": subs}
        pairs = [(f"rasEntry{c}.{index}", v) for c, v in self.columns(row).items()]
        if self.chance(0.1):
            pairs.append((f"rasEntryName.{index}", self.name()))
        if self.chance(0.2):
            pairs.append((f"rasEntryRowStatus.{index}", self.pick(("active", "notInService"))))
        if subs and self.chance(0.5):
            number = self.pick(subs)
            pairs += self.pick(([(f"rasSubentryRowStatus.{index}.{number}", "destroy")],
                                [(f"rasSubentryDestination.{index}.{number}", self.pick(LINES))],
                                [(f"rasSubentryRowStatus.{index}.{number}", self.pick(("active", "notInService")))]))
        elif row["DeviceType"] == "loopback" and not any(n.startswith("rasEntryDeviceType") for n, _ in pairs) and self.chance(0.3):
            pairs += self.subentry(index, self.random.choice([n for n in range(1, 256) if n not in subs]))
        return pairs or [(f"rasEntryDescr.{index}", self.text(255))]

    @staticmethod
    def destroy(index):
        return [(f"rasEntryRowStatus.{index}", "destroy")]

    # ---- PDUs ----

    def free(self, count):
        """Indices that no row has, some of them at the edges."""
        found = set()
        while len(found) < count:
            index = self.pick((self.random.randint(1, 2 ** 31 - 1), self.random.randint(1, 3000), 2 ** 31 - 1))
            if index not in self.model.rows and index not in self.spare:
                found.add(index)
        return list(found)

    def pdu(self, create, change, destroy, size=6):
        """Changes of up to so many rows; the numbers are weights. The order of the varbinds is by chance."""
        kinds = self.random.choices("ncd", (create, change, destroy), k=self.random.randint(1, size))
        mine = [i for i in self.model.of_snmp() if i not in self.spare]
        there = self.random.sample(mine, min(len(mine), sum(k != "n" for k in kinds)))
        new = self.free(sum(k == "n" for k in kinds) or not there)
        pairs = [p for i in new for p in self.create(i)]
        for index, kind in zip(there, [k for k in kinds if k != "n"]):
            pairs += self.change(index) if kind == "c" else self.destroy(index)
        self.random.shuffle(pairs)
        return pairs

    def poison(self, pairs):
        """One pair that must not be among them, and the answer: ((name, value[, type]), error)."""
        used = {MIB.find(MIB.oid(n))[1][0] for n, _ in pairs}
        others = [i for i in self.model.of_snmp() if i not in used and i not in self.spare]
        index = self.pick(others) if others else None
        missing = self.free(1)[0]
        while missing in used:
            missing = self.free(1)[0]
        of_file = [i for i, row in self.model.rows.items() if row["Origin"] == "file"]
        found = [
            ((f"rasEntryRedialMax.{missing}", 3), "inconsistentName"), ((f"rasEntryRowStatus.{missing}", "createAndGo"), "inconsistentValue"),
            ((f"rasEntryRowStatus.{missing}", "active"), "inconsistentValue"), ((f"rasConnAction.{missing}", "dial"), "inconsistentName"),
            ((f"rasSubentryRowStatus.{missing}.1", "createAndGo"), "inconsistentName"), (("rasSpinLock.0", 123456789), "inconsistentValue"),
            (("rasEntryRowStatus.0", "createAndGo"), "noCreation"), (("rasAdminMode.0", 9), "wrongValue"), (("rasEntries.0", 5), "notWritable"),
        ]
        if index:
            taken = self.pick([r["Name"] for i, r in self.model.rows.items() if i != index and i not in used]).swapcase()
            found += [
                ((f"rasEntryRowStatus.{index}", "createAndGo"), "inconsistentValue"), ((f"rasEntryRedialPause.{index}", 0), "wrongValue"),
                ((f"rasEntryDescr.{index}", b"\xff"), "wrongValue"), ((f"rasEntryDescr.{index}", b"x" * 256), "wrongLength"),
                ((f"rasEntryDescr.{index}", 5, "INTEGER"), "wrongType"), ((f"rasEntryOrigin.{index}", "file"), "notWritable"),
                ((f"rasEntryStorageType.{index}", "permanent"), "wrongValue"), ((f"rasEntryRowStatus.{index}", "createAndWait"), "wrongValue"),
                ((f"rasEntryDeviceType.{index}", "pty"), "inconsistentValue"), ((f"rasSubentryDestination.{index}.200", "x"), "inconsistentName"),
            ]
            if taken.isascii():
                found.append(((f"rasEntryName.{index}", taken), "inconsistentValue"))
        if of_file:
            found += [((f"rasEntryDescr.{of_file[0]}", "x"), "notWritable"), ((f"rasEntryRowStatus.{of_file[0]}", "destroy"), "inconsistentValue")]
        return self.pick(found)
