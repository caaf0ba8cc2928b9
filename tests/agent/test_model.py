# SPDX-License-Identifier: BSD-2-Clause
"""The phonebook over SNMP against a model of it: 500 entries made, changed and destroyed by chance, with restarts between.

SEED= repeats a run.
"""
import glob
import os
import random
import time

from changes import ALLOW, Changes
from harness import *
from phonebook import COUNTERS, Phonebook

SEED = int(os.environ.get("SEED") or random.randrange(1 << 31))
FILE = [line("file one", 11, "setup=20ms"), line("file two", 12, "setup=20ms", storage_type="permanent"),
        line("multi", 13, "setup=20ms", link_mode="alternates", subentries=[{"destination": "setup=30ms"}]),
        {"name": "no device", "index": 14}]
MOST = 500
SPARE = (11, 12, 13, 14)

lab = Lab(FILE, {**ALLOW, "max_concurrent_dials": 0}, books=())
model = Phonebook()
changes = Changes(SEED, model, SPARE)
answers = {"noError": 0}


def give(pairs, wanted="noError"):
    """One SET; the model learns what was done."""
    pdu = lab.set_pdu(*pairs)
    blamed = pairs[pdu.index - 1] if 0 < pdu.index <= len(pairs) else None
    equal(pdu.error, wanted, f"SET {pairs}, blamed {blamed}")
    answers[wanted] = answers.get(wanted, 0) + 1
    if wanted == "noError":
        model.apply(pairs)
    return blamed


def give_spoiled(pairs):
    """One SET of which one pair is wrong: it is blamed, or at least its row is."""
    bad, error = changes.poison(pairs)
    at = changes.random.randint(0, len(pairs))
    blamed = give(pairs[:at] + [bad] + pairs[at:], error)
    equal(MIB.oid(blamed[0])[-1], MIB.oid(bad[0])[-1], f"{error} is for {bad}; blamed {blamed}")


def many(count, **weights):
    for _ in range(count):
        pairs = changes.pdu(**weights)
        if len(model.rows) + sum(v == "createAndGo" for _, v in pairs) > MOST + len(FILE):
            pairs = changes.pdu(0, 2, 1)
        if changes.chance(0.15):
            give_spoiled(pairs)
        else:
            give(pairs)


def permanent():
    """The three columns of a permanent row of the file."""
    give([("rasEntryUserName.12", changes.text(255)), ("rasEntrySecret.12", changes.pick((b"", b"x\xff"))),
          ("rasEntryNotifyTypes.12", changes.value(MIB.objects["rasEntryNotifyTypes"]))])


def dial_some(count=12):
    """Some rows get a past, which must stay theirs."""
    ready = [i for i in model.rows if model.ready(i) and model.rows[i]["DeviceType"] == "loopback"
             and "stuck" not in model.rows[i]["Destination"]]
    for index in changes.random.sample(ready, min(len(ready), count)):
        lab.dial(index)
        lab.hang_up(index)
    lab.quiet()
    for counter in COUNTERS:
        for index, value in lab.column(f"rasConn{counter}").items():
            model.counters.setdefault(index, {})[counter] = value
    model.counters = {i: c for i, c in model.counters.items() if c["Attempts"]}


def row_files():
    return {int(os.path.basename(f)[:-5]) for f in glob.glob(lab.state_dir + "/entries/*.yaml")}


def again(end):
    end()
    lab.start_agent()
    model.restarted()
    model.check(lab, f"after {end.__name__}")
    equal(lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0])


@test(60)
def grows():
    """500 entries are made, several in a PDU, some of the PDUs spoiled; after SIGTERM all are there but the volatile ones"""
    say(f"SEED={SEED}")
    begin = time.monotonic()
    model.learn(lab)
    while len(model.rows) < MOST:
        many(1, create=8, change=3, destroy=1)
    say(f"{sum(answers.values())} SETs in {time.monotonic() - begin:.1f} s: {answers}")
    begin = time.monotonic()
    model.check(lab, "500 entries")
    say(f"walks took {time.monotonic() - begin:.1f} s")
    check(row_files() >= set(model.stored()), "each stored row has a file")
    again(lab.stop_agent)


@test(60)
def changes_and_kill():
    """300 PDUs of all kinds; after kill -9 every row is as it was answered"""
    many(150, create=2, change=4, destroy=2)
    permanent()
    model.check(lab, "after 150 SETs")
    many(150, create=2, change=4, destroy=2)
    again(lab.kill_agent)


@test(60)
def with_a_past():
    """Rows that were dialed keep their counters when they are renamed and changed; those that are made anew have none"""
    dial_some()
    gone = [i for i in model.counters if i not in SPARE][:3]
    reborn = [(i, model.rows[i]["Name"]) for i in gone]
    give([(f"rasEntryRowStatus.{i}", "destroy") for i in gone])
    give([p for i, name in reborn for p in ((f"rasEntryRowStatus.{i}", "createAndGo"), (f"rasEntryName.{i}", name))])
    renamed = [i for i in model.counters if i not in SPARE][:5]
    check(renamed, "rows with a past")
    for index in renamed:
        give([(f"rasEntryName.{index}", changes.name()), (f"rasEntryDescr.{index}", "renamed")])
    model.check(lab, "after dials")
    again(lab.kill_agent)
    many(60, create=1, change=4, destroy=2)
    again(lab.stop_agent)


@test(60)
def types_of_storage():
    """A row that becomes volatile loses its file and is gone after a restart; one that becomes nonVolatile stays"""
    mine = changes.random.sample(model.of_snmp(), 60)
    give([(f"rasEntryStorageType.{i}", "volatile") for i in mine[:30]])
    give([(f"rasEntryStorageType.{i}", "nonVolatile") for i in mine[30:]])
    check(not row_files() & set(mine[:30]), "no file of a volatile row")
    check(row_files() >= set(mine[30:]), "a file for each that is nonVolatile")
    permanent()
    again(lab.kill_agent)
    check(not set(mine[:30]) & model.rows.keys() and set(mine[30:]) <= model.rows.keys(), "the model agrees")


@test(60)
def shrinks():
    """All are destroyed, by chance first, then all that are left in one PDU each ten; nothing of them stays on the disk"""
    many(60, create=0, change=1, destroy=8)
    again(lab.kill_agent)
    rest = model.of_snmp()
    for at in range(0, len(rest), 10):
        give([p for i in rest[at:at + 10] for p in changes.destroy(i)])
    model.check(lab, "all destroyed")
    equal(set(model.rows), set(SPARE))
    again(lab.stop_agent)
    check(row_files() <= {12}, f"files of rows that are gone: {row_files()}")
    say(f"{answers}")


run(lab)
