# SPDX-License-Identifier: BSD-2-Clause
"""What stands in the state directory, and what happens when it cannot be written to: full, read-only, used by another agent."""
import errno
import os
import re
import stat

from changes import ALLOW
from disk import Disk
from harness import *
from phonebook import Phonebook
from rowfiles import StateDir, read, write
from syscalls import Stepper, cannot_fail

SCALARS = ("rasMaxConcurrentDials.0", "rasSpinLock.0", "rasDialAttempts.0", "rasHistNewest.0", "rasHistRetainTime.0")
MIXED = [("rasEntryDescr.1", "changed"), ("rasEntryRowStatus.2", "destroy"), ("rasEntryRowStatus.50", "createAndGo"), ("rasEntryName.50", "new"),
         ("rasMaxConcurrentDials.0", 77), ("rasConnAction.3", "dial"), ("rasConnRequestId.3", 5)]

lab = Lab([line("of the file", 9, "setup=5ms"), line("permanent", 10, "setup=5ms", storage_type="permanent")], ALLOW, books=())


def rows(where, *indices):
    for index in indices:
        equal(where.set((f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", f"row {index}"),
                        (f"rasEntryDeviceType.{index}", "loopback"), (f"rasEntryDestination.{index}", "setup=5ms")), "noError")


class OnDisk:
    """A laboratory whose state directory is a small disk.

    with OnDisk() as at: at.lab, at.disk, at.state"""

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("mounting needs root")
        self.lab = Lab([line("of the file", 9, "setup=5ms,drop=60s")], ALLOW, books=())
        self.disk = Disk(self.lab, self.lab.state_dir)
        self.state = StateDir(self.lab)
        self.state.path, self.state.rows = self.disk.path, self.disk.path + "/entries"
        self.state.journal = self.disk.path + "/journal"
        self.lab.start_snmpd()
        self.start()
        return self

    def start(self):
        self.lab.start_agent(before=self.disk.inside)

    def again(self, end=None):
        (end or self.lab.stop_agent)()
        self.start()

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.lab.quiet()
                self.lab.finish()
            else:
                self.lab.tell()
        finally:
            self.lab.close()
            self.disk.close()

    def picture(self):
        """The tables and the files."""
        return Phonebook().learn(self.lab, *SCALARS).keep_dates(self.lab), self.state.everything()

    def unchanged(self, picture, when):
        model, files = picture
        model.check(self.lab, when)
        equal({k: v for k, v in self.state.everything().items() if k != "ballast"}, {k: v for k, v in files.items() if k != "ballast"},
              f"{when}: files")

    def refused(self, status, *pdus):
        """Each of these is a commitFailed that changes nothing; no attempt is begun; others are answered."""
        picture = self.picture()
        problems = self.lab.get("rasStorageProblems.0")
        for pairs in pdus:
            equal(self.lab.set(*pairs), "commitFailed", f"SET {pairs}")
            equal(self.lab.get("rasStorageStatus.0"), status, f"after {pairs}")
            now = self.lab.get("rasStorageProblems.0")
            check(now > problems, f"problems: {problems}, then {now}")
            problems = now
        until(lambda: self.lab.get("rasThreads.0") == sum(s == "up" for s in self.lab.column("rasConnOperStatus").values()), 5,
              "no thread is left of a dial that was refused")
        self.unchanged(picture, "refused")
        self.lab.check_sums()


def fill_journal(at):
    """The page in which the journal ends has room for some lines more."""
    for name in ("rasHistRetainTime.0", "rasNotifyMinInterval.0"):  # many octets a time, then few
        if not any(at.lab.set((name, value)) != "noError" for value in range(1000, 1300)):
            raise AssertionError("the disk is not full")


@test()
def full():
    """A full disk: commitFailed for rows, scalars and dials, nothing changes; a call that is up goes on; later all is well"""
    with OnDisk() as at:
        rows(at.lab, 1, 2, 3, 4)
        at.lab.dial(9)
        call = at.lab.wait(9, "up")["CallId"]
        at.disk.fill()
        fill_journal(at)
        at.refused("full", MIXED, [("rasEntryDescr.1", "x")], [("rasEntryRowStatus.60", "createAndGo"), ("rasEntryName.60", "x")],
                   [("rasMaxConcurrentDials.0", 5)], [("rasConnAction.3", "dial")], [(f"rasEntryDescr.{i}", "x" * 255) for i in (1, 2, 3, 4)])
        equal(at.lab.conn(9)["CallId"], call)
        equal(at.lab.status(9), "up")
        volatile = [("rasEntryRowStatus.70", "createAndGo"), ("rasEntryName.70", "volatile"), ("rasEntryStorageType.70", "volatile")]
        equal(at.lab.set(*volatile), "noError", "a volatile row needs no disk")
        equal(at.lab.set(("rasEntryRowStatus.70", "destroy")), "noError")
        picture = at.picture()
        at.again(at.lab.kill_agent)
        picture[0].restarted()
        picture[0].check(at.lab, "started with a full disk")
        equal(at.lab.conn(9)["CallId"], call, "the call is adopted")
        at.refused("full", MIXED)
        at.disk.empty()
        equal(at.lab.set(*MIXED), "noError", "there is room again")
        equal(at.lab.get("rasStorageStatus.0"), "ok")
        at.lab.wait(3, "up")
        model = Phonebook().learn(at.lab, "rasMaxConcurrentDials.0", "rasHistRetainTime.0").keep_dates(at.lab)
        at.again(at.lab.kill_agent)
        model.restarted()
        model.check(at.lab, "after it")
        equal(at.lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0])


@test()
def full_does_not_hide_damage():
    """What was damaged at the start shows again once the full disk has room"""
    with OnDisk() as at:
        rows(at.lab, 1, 2)
        at.lab.stop_agent()
        write(at.state.row(2), read(at.state.row(2))[:-3])
        at.start()
        equal(at.lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["damaged", 1])
        at.disk.fill()
        equal(at.lab.set(("rasEntryDescr.1", "x" * 255)), "commitFailed")
        equal(at.lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["full", 2])
        at.disk.empty()
        equal(at.lab.set(("rasEntryDescr.1", "x" * 255)), "noError")
        equal(at.lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["damaged", 2])
        at.again()
        equal(at.lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0])


@test()
def read_only_from_the_start():
    """Started with a read-only disk: everything is there, damage is told, SETs are commitFailed, no dial begins"""
    with OnDisk() as at:
        rows(at.lab, 1, 2, 3)
        at.lab.dial(3)
        at.lab.wait(3, "up")
        at.lab.hang_up(3)
        at.lab.quiet()
        model = Phonebook().learn(at.lab, *SCALARS).keep_dates(at.lab)
        at.lab.stop_agent()
        whole = read(at.state.row(1))
        for damage in (False, True):
            if damage:
                write(at.state.row(1), whole[:-3])
                model.apply([("rasEntryRowStatus.1", "destroy")])
            at.disk.mount("ro")
            at.start()
            model.restarted()
            model.check(at.lab, "read-only")
            if damage:
                check("entries/1.yaml" in at.lab.agent.log(), "the log tells of what is damaged")
                check(at.lab.get("rasStorageProblems.0") > 0, "it is counted")
            at.refused("readOnly", MIXED[1 if damage else 0:], [("rasEntryDescr.3", "x")], [("rasMaxConcurrentDials.0", 5)],
                       [("rasConnAction.3", "dial")])
            equal(len(at.lab.history()), 1)
            at.lab.stop_agent()
            equal(sorted(os.listdir(at.state.rows)), ["1.yaml", "2.yaml", "3.yaml"])
            equal(read(at.state.row(1)), whole[:-3] if damage else whole)
            at.disk.mount("rw")
        at.start()
        equal(at.lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["damaged", 1], "what was damaged is set aside now")
        equal(at.lab.set(*MIXED[1:]), "noError")


@test()
def damage_is_not_overwritten():
    """What was damaged and could not be set aside is not overwritten by a new row of its index either"""
    with OnDisk() as at:
        rows(at.lab, 1)
        at.lab.stop_agent()
        bad = read(at.state.row(1))[:-3]
        write(at.state.row(1), bad)
        at.disk.mount("ro")
        at.start()
        at.disk.mount("rw")
        rows(at.lab, 1)
        kept = [n for n in os.listdir(at.state.rows) if read(f"{at.state.rows}/{n}") == bad]
        check(kept, f"the damaged file is still there: {os.listdir(at.state.rows)}")
        at.again(at.lab.kill_agent)
        equal(at.lab.get("rasEntryName.1"), "row 1")


@test()
def read_only_and_empty():
    """A new, read-only state directory: the agent starts with the rows of the file"""
    with OnDisk() as at:
        at.lab.stop_agent()
        for name in ("journal", "lock"):
            os.unlink(f"{at.disk.path}/{name}")
        if os.path.exists(at.state.rows):
            os.rmdir(at.state.rows)
        at.disk.mount("ro")
        at.start()
        equal(at.lab.get("rasEntryName.9", "rasEntries.0"), ["of the file", 1])
        equal(at.lab.set(("rasEntryRowStatus.1", "createAndGo"), ("rasEntryName.1", "x")), "commitFailed")
        equal(at.lab.get("rasStorageStatus.0", "rasEntries.0"), ["readOnly", 1])


@test()
def read_only_meanwhile():
    """A disk that becomes read-only while the agent runs: commitFailed, nothing changes; well again later, and all is kept"""
    if cannot_fail():
        raise Skip(cannot_fail())
    rows(lab, 1, 2, 3)
    state = StateDir(lab)
    before, files = Phonebook().learn(lab, *SCALARS).keep_dates(lab), state.everything()
    with Stepper(lab.agent, state.path, lambda *_: errno.EROFS):
        for pairs in (MIXED, [("rasEntryDescr.1", "x")], [("rasMaxConcurrentDials.0", 5)], [("rasConnAction.3", "dial")], [("rasEntryUserName.10", "x")]):
            equal(lab.set(*pairs), "commitFailed", f"SET {pairs}")
            equal(lab.get("rasStorageStatus.0"), "readOnly")
        before.check(lab, "read-only")
        equal(state.everything(), files, "files")
        lab.check_sums()
        equal(lab.get("rasThreads.0"), 0)
    equal(lab.set(*MIXED), "noError")
    equal(lab.get("rasStorageStatus.0"), "ok")
    lab.wait(3, "up")
    lab.hang_up(3)
    lab.quiet()
    after = Phonebook().learn(lab, *SCALARS).keep_dates(lab)
    lab.kill_agent()
    lab.start_agent()
    after.restarted()
    after.check(lab, "after it")
    equal(lab.set(*((f"rasEntryRowStatus.{i}", "destroy") for i in (1, 3, 50))), "noError")


@test()
def one_agent_only():
    """A second agent on the same state or run directory does not start, says which and what to do, and disturbs nothing"""
    rows(lab, 1, 2)
    lab.dial(1)
    call = lab.wait(1, "up")["CallId"]
    state = StateDir(lab)
    before, files, journal = Phonebook().learn(lab, *SCALARS).keep_dates(lab), state.everything(), read(state.journal)

    def links():
        return sorted(n for n in os.listdir(lab.run_dir) if n.endswith(".link"))
    records = links()
    equal(len(records), 1, "records of links")
    for own, shared, option in ((("-r", lab.dir + "/other"), ("-s", lab.state_dir), "-s|state-dir"),
                                ((), ("-s", lab.state_dir, "-r", lab.run_dir), "-s|state-dir"),
                                (("-s", lab.dir + "/other"), ("-r", lab.run_dir), "-r|run-dir")):
        second = Process([RASDIALD, "-f", "-c", lab.config, "-x", lab.agentx, *own, *shared], lab.dir + "/second.log", lab.env())
        check(second.wait(10) not in (0, -6, -11), "its exit status")
        said = second.log()
        check(shared[1] in said, f"the message names the directory: {said}")
        check(re.search(rf"(^|\s)({option})\b", said), f"the message names the way out: {said}")
        second.close()
    before.check(lab, "after the second agent")
    equal((state.everything(), read(state.journal)), (files, journal), "files")
    equal(links(), records, "records of links")
    equal((lab.conn(1)["CallId"], lab.status(1)), (call, "up"))
    lab.hang_up(1)
    lab.wait(1, "down")
    equal(lab.set(("rasEntryRowStatus.1", "destroy"), ("rasEntryRowStatus.2", "destroy")), "noError")


@test()
def a_person_can_read_it():
    """The file of a row says in plain words what the row is; only the owner may read it"""
    equal(lab.set(("rasEntryRowStatus.7", "createAndGo"), ("rasEntryName.7", "head office"), ("rasEntryDescr.7", "Z\u00fcrich: 'main' line"),
                  ("rasEntryDeviceType.7", "loopback"), ("rasEntryDestination.7", "setup=250ms"), ("rasEntryUserName.7", "branch7"),
                  ("rasEntrySecret.7", b"open sesame"), ("rasEntryAuthMethods.7", ["chap", "mschapv2"]), ("rasEntryDialMode.7", "onDemand"),
                  ("rasEntryLinkMode.7", "alternates"), ("rasEntryRedialMax.7", 3), ("rasEntryRedialPause.7", 61), ("rasEntryRedialPauseMax.7", 600),
                  ("rasEntryRedialOnDrop.7", "true"), ("rasEntryDialTimeout.7", 45), ("rasEntryIdleTimeout.7", 300), ("rasEntryMaxDuration.7", 7200),
                  ("rasEntryOptions.7", ["defaultRoute", "usePeerDns"]), ("rasEntryNotifyTypes.7", ["dialFailed"]), ("rasEntryNotifyFailures.7", 2),
                  ("rasSubentryRowStatus.7.3", "createAndGo"), ("rasSubentryDestination.7.3", "setup=300ms"),
                  ("rasEntryRowStatus.8", "createAndGo"), ("rasEntryName.8", "7")), "noError")
    state = StateDir(lab)
    text = state.read_row(7).decode()
    for key, value in (("index", "7"), ("name", "head office"), ("device-type", "loopback"), ("destination", "setup=250ms"), ("user-name", "branch7"),
                       ("secret", "open sesame"), ("dial-mode", "on-demand"), ("link-mode", "alternates"), ("redial-max", "3"), ("redial-pause", "61"),
                       ("redial-pause-max", "600"), ("redial-on-drop", "true"), ("dial-timeout", "45"), ("idle-timeout", "300"),
                       ("max-duration", "7200"), ("notify-failures", "2"), ("storage-type", "non-volatile")):
        check(re.search(rf'^{key}: ["\']?{re.escape(value)}["\']?$', text, re.M), f"{key}: {value} is in\n{text}")
    for word in ("Z\u00fcrich", "chap", "mschapv2", "default-route", "use-peer-dns", "dial-failed", "setup=300ms"):
        check(word in text, f"{word} is in\n{text}")
    equal(lab.set(("rasEntryUserName.10", "somebody")), "noError")
    check("somebody" in state.read_row(10).decode(), "what SNMP has set of a permanent row")
    equal(lab.set(("rasEntryUserName.10", "")), "noError")
    lab.restart_agent()
    for folder, _, files in os.walk(lab.state_dir):
        equal(stat.S_IMODE(os.stat(folder).st_mode), 0o700, folder)
        for name in files:
            path = os.path.join(folder, name)
            equal((stat.S_IMODE(os.stat(path).st_mode), os.stat(path).st_uid), (0o600, os.geteuid()), path)
    equal(lab.set(("rasEntryRowStatus.7", "destroy"), ("rasEntryRowStatus.8", "destroy")), "noError")


@test()
def umask():
    """Only the owner may read what is stored, whatever the umask is"""
    other = Lab([line("hq", 9)], ALLOW, books=())
    old = os.umask(0)
    try:
        other.begin()
        rows(other, 1)
        for folder, _, files in os.walk(other.state_dir):
            check(os.stat(folder).st_mode & 0o077 == 0, f"mode of {folder}")
            for name in files:
                check(os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0, f"mode of {name}")
    finally:
        os.umask(old)
        other.finish()


run(lab)
