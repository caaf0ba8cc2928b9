# SPDX-License-Identifier: BSD-2-Clause
"""Requests for single values and whole tables."""
from collections import namedtuple

import instructions
from lab import Lab
from lab_dlmod import DlmodLab
from plans import Plan, part_of, run, step
from snmp import GET, GETBULK, GETNEXT
from subjects import RASDIAL_ROOT, STOCK_ROOT, Stock, StockDlmod, Subject, all_subjects, rasdial, stock

TITLE = "Requests"
NOTE = """
rasConnTable with many rows, none of them dialed, and the same columns, types and values served by net-snmp's own helpers and by a
script in Python: .so in snmpd, the others as subagents, the script below snmpd. Every user has a view that excludes a few columns.
walk: the whole table, with each request 100 repetitions of one variable; rows 2, rows 10: the whole table, with each request so many
repetitions of all columns. 100, and 2, are what snmpd answers at the most unless maxGetbulkResponses is raised, as here. GET row: all
columns of a row in one GET. All is for each variable. server: processor time of all processes that answer; wall: until a client that waits for
each answer has it; instructions: of all processes that answer, counted by valgrind. part: how much of the table was walked; where
that is not all of it, all would have taken too long, and the requests that were made are spread evenly over the table.
"""
SYSTEM, IF_TABLE = (1, 3, 6, 1, 2, 1, 1), (1, 3, 6, 1, 2, 1, 2, 2)
SLICES = 5  # of a round, taken in turn: the shorter they are, the more alike are the times in which two subjects are measured
SECONDS = 0.05  # of a processor that requests of one measure need at most, in each slice
WALK_SECONDS, WALK_LESS = 3.0, 0.6  # that a walk needs at most, over the slices of a round; what a part of it needs otherwise
SHORT = {
    "GET": lambda plan: plan.get(500),
    "GET row": lambda plan: list(plan.get_rows(100)),
    "GETNEXT": lambda plan: plan.next(500),
    "GETBULK 10": lambda plan: plan.bulk(200, 10),
    "GETBULK 50": lambda plan: plan.bulk(100, 50),
    "GETBULK 200": lambda plan: plan.bulk(50, 200),
}
WALKS = {
    "walk": lambda plan: list(plan.walk(100)),
    "rows 2": lambda plan: list(plan.walk_rows(2)),
    "rows 10": lambda plan: list(plan.walk_rows(10)),
}
COUNTED = {
    "GET": lambda plan: plan.get(100),
    "GETBULK 50": lambda plan: plan.bulk(40, 50),
    "walk": lambda plan: list(plan.walk(100))[::100],
    "rows 2": lambda plan: list(plan.walk_rows(2))[::200],
    "rows 10": lambda plan: list(plan.walk_rows(10))[::200],
}
FLOOR = 500  # requests for what snmpd has itself

Job = namedtuple("Job", "key subject steps")


def do(bench, job):
    """A few requests first: one that has waited for its turn is slow to begin."""
    run(job.subject, job.steps[:1 + len(job.steps) // 20])
    server, wall = run(job.subject, job.steps)
    bench.record(f"{job.key}/server", server / 1000, "µs")
    bench.record(f"{job.key}/wall", wall / 1000, "µs")


def in_turn(jobs, number):
    """One way and back: none has always the same one in front of it."""
    return jobs[::-1] if number % 2 else jobs


def place(job):
    """By measure. What one snmpd does for both is measured side by side: it is as warm for the one as for the other."""
    name, _, subject = job.key.partition("/")
    return list(SHORT).index(name), {"rasdial.so": 0, "sysUpTime.0": 1}.get(subject, 2)


def slice_of(job, number):
    """Of a walk, which goes on where it was in the last one."""
    place = [len(job.steps) * n // SLICES for n in (number, number + 1)]
    return job._replace(steps=job.steps[slice(*place)] or job.steps[:1])


def floor(subject):
    """What snmpd has itself."""
    manager = subject.manager
    rows = [v.oid for v in manager.walk(IF_TABLE, 50)]
    for key, steps in (("GET/sysUpTime.0", [step(manager, GET, [SYSTEM + (3, 0)], SYSTEM + (3, 0))]),
                       ("GETNEXT/sysUpTime.0", [step(manager, GETNEXT, [SYSTEM + (2, 0)], SYSTEM + (3, 0))]),
                       ("GET/ifTable", [step(manager, GET, [oid], oid) for oid in rows]),
                       ("GETNEXT/ifTable", [step(manager, GETNEXT, [a], b) for a, b in zip(rows, rows[1:])]),
                       ("GETBULK 10/ifTable", [step(manager, GETBULK, [a], b, 10, 10) for a, b in zip(rows, rows[10:])])):
        yield Job(key, subject, steps * (FLOOR // len(steps)))


def jobs(bench, measures, subjects, seconds, less=None):
    """Each measure with each subject, and the share in percent that one of its requests has of the whole."""
    for name, make in measures.items():
        for subject in subjects:
            whole = make(Plan(subject, bench.rows))
            yield Job(f"{name}/{subject.name}", subject, part_of(subject, whole, seconds, less)), 100 / len(whole)


def count(bench, values):
    """Instructions of those that matter most."""
    rows = bench.rows
    for name, root, lab in (("rasdial.so", RASDIAL_ROOT, rasdial(DlmodLab, rows)), ("rasdiald", RASDIAL_ROOT, rasdial(Lab, rows)),
                            ("table_tdata.so", STOCK_ROOT, stock(StockDlmod, "table_tdata", rows, values)),
                            ("table_tdata, subagent", STOCK_ROOT, stock(Stock, "table_tdata", rows, values))):
        counter = instructions.Counter(bench.dir())
        subject = Subject(name, lab, root, bench.stack, counter.command)
        counter.begin(subject.pids)
        found = [Job(f"{measure_name}/{name}", subject, make(Plan(subject, rows))) for measure_name, make in COUNTED.items()]
        if name == "rasdial.so":
            found += [Job(job.key, subject, job.steps[:100]) for job in floor(subject) if job.key.startswith("GET/")]
        for job in found:
            bench.record(f"{job.key}/instructions", counter.for_each(subject.manager, job.steps), "")
        lab.close()


def measure(bench):
    subjects, values = all_subjects(bench)
    bench.say("all have the same rows")
    short = [job for job, _ in jobs(bench, SHORT, subjects, SECONDS)] + list(floor(subjects[0]))
    short.sort(key=place)
    walks = list(jobs(bench, WALKS, subjects, WALK_SECONDS, WALK_LESS))
    for _ in bench.rounds():
        for number in range(SLICES):
            for job in in_turn(short, number):
                do(bench, job)
            for job, _ in in_turn(walks, number):
                do(bench, slice_of(job, number))
        for job, share in walks:
            bench.record(f"{job.key}/part", share * len(job.steps), "%")
    if not instructions.is_there():
        bench.say("valgrind is not installed: no instructions are counted")
        return
    bench.say("instructions")
    count(bench, values)
