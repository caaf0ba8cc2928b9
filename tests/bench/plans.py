# SPDX-License-Identifier: BSD-2-Clause
"""Requests made before they are timed, each with what must be in its answer: the name of the last variable that it asks for."""
import math
import statistics
import time
from collections import namedtuple

from snmp import GET, GETBULK, GETNEXT, encode_oid
from subjects import COLUMNS

Step = namedtuple("Step", "packet last variables")


def step(manager, kind, oids, last, repetitions=0, variables=1):
    packet, _ = manager.packet(kind, [(oid, "NULL", None) for oid in oids], 0, repetitions)
    return Step(packet, encode_oid(last), variables)


class Plan:
    """Requests to a subject for a table with so many rows."""

    def __init__(self, subject, rows):
        self.manager, self.root, self.rows = subject.manager, subject.root, rows

    def _spread(self, count, reach=0):
        """(column, row) all over the table, with reach more rows behind."""
        room = self.rows - reach
        return [(i % COLUMNS + 1, i * 7919 % room + 1) for i in range(min(count, self.rows))]

    def get(self, count):
        return [step(self.manager, GET, [self.root + at], self.root + at) for at in self._spread(count)]

    def get_rows(self, count):
        """All columns of a row with each request."""
        for _, row in self._spread(count):
            oids = [self.root + (c, row) for c in range(1, COLUMNS + 1)]
            yield step(self.manager, GET, oids, oids[-1], 0, COLUMNS)

    def next(self, count):
        return [step(self.manager, GETNEXT, [self.root + at], self.root + (at[0], at[1] + 1)) for at in self._spread(count, 1)]

    def bulk(self, count, repetitions):
        repetitions = min(repetitions, self.rows - 1)
        return [step(self.manager, GETBULK, [self.root + at], self.root + (at[0], at[1] + repetitions), repetitions, repetitions)
                for at in self._spread(count, repetitions)]

    def walk(self, repetitions):
        """Everything, column by column."""
        def at(place):
            column, row = divmod(place - 1, self.rows)
            return self.root + (column + 1, row + 1) if place else self.root
        end = COLUMNS * self.rows
        for place in range(0, end, repetitions):
            n = min(repetitions, end - place)
            yield step(self.manager, GETBULK, [at(place)], at(place + n), n, n)

    def walk_rows(self, repetitions):
        """Everything, so many whole rows with each request."""
        for row in range(0, self.rows, repetitions):
            n = min(repetitions, self.rows - row)
            yield step(self.manager, GETBULK, [self.root + (c, row) if row else self.root + (c,) for c in range(1, COLUMNS + 1)],
                       self.root + (COLUMNS, row + n), n, COLUMNS * n)


def ask(manager, one):
    manager.socket.send(one.packet)
    data = manager.socket.recv(65535)
    if one.last not in data:
        raise AssertionError(f"an answer lacks its last variable: {manager.decode(data)}")


def part_of(subject, steps, seconds, less=None):
    """All of them, or, where the server would need more than these seconds of a processor, every n-th, so that it needs these, or
    less; one of them if that needs more already."""
    used = []
    for one in (steps[0], steps[len(steps) // 3], steps[len(steps) // 2], steps[-1]):
        before = subject.cpu_ns()
        ask(subject.manager, one)
        used.append(subject.cpu_ns() - before)
    whole = statistics.median(used) * len(steps) / 1e9
    every = min(math.ceil(whole / (less or seconds)), len(steps)) if whole > seconds else 1
    return steps[every // 2::every]


def run(subject, steps):
    """Asks all. Returns nanoseconds of the server's processors and of the wall clock for each variable."""
    cpu, wall = subject.cpu_ns(), time.monotonic_ns()
    for one in steps:
        ask(subject.manager, one)
    wall, cpu = time.monotonic_ns() - wall, subject.cpu_ns() - cpu
    variables = sum(one.variables for one in steps)
    return cpu / variables, wall / variables
