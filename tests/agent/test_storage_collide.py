# SPDX-License-Identifier: BSD-2-Clause
"""The configuration file and rows made over SNMP that want the same name or index, at a start and at a reload."""
import os

from changes import ALLOW
from harness import *
from rowfiles import StateDir

QUICK = "setup=5ms"


class Case:
    """A laboratory with rows made over SNMP, and a file that changes.

    with Case({index: name}) as case: case.load([entries]); case.rows({index: (name, origin, status)})"""

    def __init__(self, stored, before=(), reload=False):
        self.lab = Lab(before, ALLOW, books=())
        self.state = StateDir(self.lab)
        self.reload, self.problems = reload, 0
        self.lab.begin()
        for index, name in stored.items():
            equal(self.lab.set((f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", name),
                               (f"rasEntryDeviceType.{index}", "loopback"), (f"rasEntryDestination.{index}", QUICK),
                               (f"rasEntryDescr.{index}", f"of {name}")), "noError")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.lab.quiet()
                self.lab.check_sums()
                self.lab.finish()
            else:
                self.lab.tell()
        finally:
            self.lab.close()

    def load(self, entries):
        """The agent is given another file: at a start, or while it runs."""
        if self.reload:
            self.lab.write_config(entries)
            seen = self.lab.agent.log().count(RELOADED)
            self.lab.hup()
            until(lambda: self.lab.agent.log().count(RELOADED) > seen, 10, lambda: f"reloaded: {self.lab.agent.log()[-2000:]}")
        else:
            self.lab.stop_agent()
            self.lab.write_config(entries)
            self.lab.start_agent()

    def rows(self, wanted, aside=()):
        """These rows {index: (name, origin, status)}, these files of rows set aside; another start changes nothing."""
        for time_ in ("now", "after another start", "after kill -9"):
            rows = self.lab.table("rasPhonebookTable", "rasEntry")
            equal({i: (r["Name"], r["Origin"], r["RowStatus"]) for i, r in rows.items()}, wanted, time_)
            names = {bytes(k[1:]).decode(): v["EntryIndex"] for k, v in self.lab.table("rasNameTable", "rasName").items()}
            equal(names, {name: i for i, (name, _, _) in wanted.items()}, f"rasNameTable {time_}")
            equal(sorted(self.lab.column("rasConnOperStatus")), sorted(wanted), f"rasConnTable {time_}")
            files = sorted([f"{i}.yaml" for i, (_, origin, _) in wanted.items() if origin == "snmp"] + list(aside))
            equal(sorted(os.listdir(self.state.rows)), files, f"files {time_}")
            for index, (name, origin, _) in wanted.items():
                if origin == "snmp":
                    equal(rows[index]["Descr"], f"of {name}", time_)
            status, problems = self.lab.get("rasStorageStatus.0", "rasStorageProblems.0")
            if time_ == "now":
                check(problems == len(aside), f"{problems} problems, {len(aside)} files set aside")
                for name in aside:
                    check(name in self.lab.agent.log(), f"the log tells of {name}")
                self.lab.restart_agent()
            else:
                equal((status, problems), ("ok", 0), time_)
                check("warning:" not in self.lab.agent.log(), f"{time_}: {self.lab.agent.log()}")
                self.lab.kill_agent()
                self.lab.start_agent()

    def says(self, *words):
        log = [text for text in self.lab.agent.log().splitlines() if "warning:" in text]
        check(any(all(w in text for w in words) for text in log), f"a warning with {words}: {log}")


RELOADED = "read again"
FILE, SNMP, UP, OUT = "file", "snmp", "active", "notInService"


def both(function):
    """A test for a start, and one for a reload."""
    for reload in (False, True):
        def one(reload=reload):
            function(reload)
        one.__name__ = f"{function.__name__}_{'reload' if reload else 'start'}"
        one.__doc__ = f"{'Reload' if reload else 'Start'}: {function.__doc__}"
        test(60)(one)
    return function


@both
def same_name(reload):
    """the file has the name of a stored row, in other letters, without index: it wins, and has the index of the name"""
    with Case({5: "Branch", 6: "other"}, reload=reload) as case:
        case.load([line("BRANCH", None, QUICK)])
        case.says("ranch" if reload else "5.yaml", "replaced")
        case.rows({5: ("BRANCH", FILE, UP), 6: ("other", SNMP, UP)}, ["5.yaml.replaced-1"])


@both
def same_name_other_index(reload):
    """the same with an index of its own: the stored row's index is free"""
    with Case({5: "branch", 6: "other"}, reload=reload) as case:
        case.load([line("Branch", 7, QUICK)])
        case.rows({7: ("Branch", FILE, UP), 6: ("other", SNMP, UP)}, ["5.yaml.replaced-1"])


@both
def same_index(reload):
    """the file gives the index of a stored row to another name: the row has a new one and is out of service"""
    with Case({5: "a", 1: "b", 2: "c"}, reload=reload) as case:
        case.load([line("x", 5, QUICK)])
        case.says("a", "5", "3")
        case.rows({5: ("x", FILE, UP), 3: ("a", SNMP, OUT), 1: ("b", SNMP, UP), 2: ("c", SNMP, UP)})
        equal(case.lab.set(("rasEntryRowStatus.3", "active")), "noError", "it is put into service again")
        case.lab.restart_agent()
        equal(case.lab.get("rasEntryRowStatus.3"), "active")


@both
def name_and_index(reload):
    """the file has the name of one stored row and the index of another one"""
    with Case({5: "a", 6: "b"}, reload=reload) as case:
        case.load([line("a", 6, QUICK)])
        rows = {i: n for i, n in case.lab.column("rasEntryName").items() if n == "b"}
        (new,) = rows
        check(new != 6, "b has another index")
        case.rows({6: ("a", FILE, UP), new: ("b", SNMP, OUT)}, ["5.yaml.replaced-1"])


@both
def all_at_once(reload):
    """ten rows of the file with the names of stored rows in turn, each with the index of the next one"""
    with Case({i: f"n{i}" for i in range(1, 11)}, reload=reload) as case:
        case.load([line(f"N{i}", i % 10 + 1, QUICK) for i in range(1, 11)])
        case.rows({i % 10 + 1: (f"N{i}", FILE, UP) for i in range(1, 11)}, [f"{i}.yaml.replaced-1" for i in range(1, 11)])


@both
def remembered(reload):
    """the new index of a stored row is not one that is remembered for a name that is away"""
    with Case({}, [line("away 1", None, QUICK), line("away 2", None, QUICK), line("away 3", 3, QUICK)], reload=reload) as case:
        equal(case.lab.set(("rasEntryRowStatus.9", "createAndGo"), ("rasEntryName.9", "own"), ("rasEntryDescr.9", "of own"),
                           ("rasEntryDeviceType.9", "loopback")), "noError")
        case.load([line("x", 9, QUICK)])
        case.rows({9: ("x", FILE, UP), 4: ("own", SNMP, OUT)})
        case.load([line("x", 9, QUICK), line("away 2", None, QUICK), line("new", None, QUICK), line("away 1", None, QUICK)])
        case.rows({9: ("x", FILE, UP), 4: ("own", SNMP, OUT), 2: ("away 2", FILE, UP), 1: ("away 1", FILE, UP), 5: ("new", FILE, UP)})


@both
def again_and_again(reload):
    """a row that is moved by each new file, also to where it was, loses nothing; names that come and go"""
    with Case({5: "own"}, reload=reload) as case:
        at = 5
        for turn in range(4):
            case.load([line(f"x{turn}", at, QUICK)])
            (now,) = [i for i, n in case.lab.column("rasEntryName").items() if n == "own"]
            check(now != at, "it was moved")
            equal(case.lab.get(f"rasEntryDescr.{now}", f"rasEntryRowStatus.{now}"), ["of own", "notInService"])
            at = now
        case.load([])
        case.rows({at: ("own", SNMP, OUT)})


@both
def other_ways_round(reload):
    """the file's rows change their names and indices with each other, and a stored row stands in between"""
    with Case({3: "own"}, [line("a", 1, QUICK), line("b", 2, QUICK)], reload=reload) as case:
        case.load([line("b", 1, QUICK), line("a", 3, QUICK)])
        rows = case.lab.column("rasEntryName")
        (new,) = [i for i, n in rows.items() if n == "own"]
        check(new not in (1, 3), "own has another index")
        case.rows({1: ("b", FILE, UP), 3: ("a", FILE, UP), new: ("own", SNMP, OUT)})


@both
def permanent_rows(reload):
    """what SNMP has set of permanent rows goes with the name, also when two of them change places"""
    def entries(p, q):
        return [line("p", p, QUICK, storage_type="permanent"), line("q", q, QUICK, storage_type="permanent")]
    with Case({4: "own"}, entries(1, 2), reload=reload) as case:
        equal(case.lab.set(("rasEntryUserName.1", "user p"), ("rasEntryUserName.2", "user q"), ("rasEntrySecret.2", b"x")), "noError")
        for p, q in ((2, 1), (1, 2), (7, 4), (4, 7)):
            case.load(entries(p, q))
            for end in (case.lab.stop_agent, case.lab.kill_agent):
                names = [f"rasEntryUserName.{p}", f"rasEntryUserName.{q}", f"rasEntrySecretStored.{p}", f"rasEntrySecretStored.{q}"]
                equal(case.lab.get(*names), ["user p", "user q", "false", "true"], f"p is {p}, q is {q}")
                end()
                case.lab.start_agent()
        (own,) = [i for i, n in case.lab.column("rasEntryName").items() if n == "own"]
        equal(case.lab.get(f"rasEntryDescr.{own}"), "of own")
        equal(case.lab.get("rasStorageStatus.0"), "ok")


@both
def while_up(reload):
    """a stored row whose name the file takes keeps its call; nothing is lost of one whose index is taken"""
    with Case({5: "taken", 6: "moved"}, reload=reload) as case:
        case.lab.dial(5, 6)
        case.lab.wait_all((5, 6), "up")
        calls = [case.lab.conn(5), case.lab.conn(6)]
        case.load([line("taken", None, QUICK), line("x", 6, QUICK)])
        row = case.lab.wait(5, "up")
        equal((row["CallId"], row["StartTime"], row["Attempts"]), (calls[0]["CallId"], calls[0]["StartTime"], 1), "the call goes on")
        (new,) = [i for i, n in case.lab.column("rasEntryName").items() if n == "moved"]
        row = case.lab.wait(new, "up", "notReady", "down", "failed")
        equal((row["CallId"], row["Attempts"], row["Successes"]), (calls[1]["CallId"], 1, 1), "the past of the row that was moved")
        case.lab.check_sums()
        if row["OperStatus"] == "up":
            case.lab.hang_up(new)
        case.lab.wait(new, "notReady")
        equal(case.lab.conn(6)["Attempts"], 0, "the new row has no past")
        case.lab.hang_up(5)
        case.lab.wait(5, "down")
        equal(sorted((r["EntryName"], r["CallId"], r["Connected"]) for r in case.lab.history()),
              sorted((n, c["CallId"], "true") for n, c in zip(("taken", "moved"), calls)), "history")
        case.rows({5: ("taken", FILE, UP), 6: ("x", FILE, UP), new: ("moved", SNMP, OUT)}, ["5.yaml.replaced-1"])


@both
def volatile_rows(reload):
    """volatile rows collide, too: without files; after a start they are gone anyway"""
    with Case({}, reload=reload) as case:
        for index, name in ((5, "same"), (6, "index")):
            equal(case.lab.set((f"rasEntryRowStatus.{index}", "createAndGo"), (f"rasEntryName.{index}", name), (f"rasEntryDescr.{index}", name),
                               (f"rasEntryStorageType.{index}", "volatile")), "noError")
        case.load([line("SAME", None, QUICK), line("x", 6, QUICK)])
        names = case.lab.column("rasEntryName")
        stays = reload and HOST == "agent"  # in snmpd a reload is the start of another engine
        equal(sorted(names.values()), sorted(["SAME", "x"] + (["index"] if stays else [])))
        equal(names[6], "x")
        if stays:
            (new,) = [i for i, n in names.items() if n == "index"]
            equal(case.lab.get(f"rasEntryRowStatus.{new}", f"rasEntryDescr.{new}"), ["notInService", "index"])
        equal(os.listdir(case.state.rows), [])
        equal(case.lab.get("rasStorageProblems.0"), 0)


@test()
def bad_file():
    """A file with an error changes nothing, also where it would have taken names and indices"""
    with Case({5: "a", 6: "b"}, reload=True) as case:
        case.lab.write_config([line("a", 6, QUICK), line("bad", 6, QUICK)])
        case.lab.hup()
        case.lab.agent.log_says(r"rasdial\.yaml:\d+:\d+")
        equal(case.lab.column("rasEntryName"), {5: "a", 6: "b"})
        equal(sorted(os.listdir(case.state.rows)), ["5.yaml", "6.yaml"])
        case.lab.write_config([])


run()
