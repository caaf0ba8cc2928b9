#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How fast the agent is, beside what else could do the same on this machine: several rounds in turn, medians, marks.

    tests/bench/bench.py [--build DIR] [--rounds N] [--rows N] [--only SECTION...] [--json FILE] [--results FILE]

Prints tables in Markdown and writes them where --results says, and all values as JSON where --json says, into DIR/bench.json
otherwise. A mark that is not reached is told and is no failure. Usually called by "make bench"."""
import argparse
import atexit
import contextlib
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
BENCH = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(BENCH))
sys.path[:0] = [BENCH, os.path.join(TOP, "tests", "agent")]

import report  # noqa: E402
from machine import describe  # noqa: E402
from marks import MARKS, judge  # noqa: E402

SECTIONS = ("requests", "actions", "dials", "growth")  # modules, in the order in which they run


class Bench:
    """What a section is given. Its measure(bench) records values; whatever it starts it gives to bench.stack, which ends it."""

    def __init__(self, build, rounds, rows):
        self.build, self.rows, self._rounds = build, rows, rounds
        self.values, self.units = {}, {}
        self.stack = contextlib.ExitStack()
        self._root = tempfile.mkdtemp(prefix="rasdial-bench-", dir=os.environ.get("RASDIAL_TMP", "/tmp"))
        atexit.register(shutil.rmtree, self._root, ignore_errors=True)

    def record(self, key, value, unit):
        """One value of what is measured: once in each round. The parts of a key are "measure/subject/what"."""
        self.values.setdefault(key, []).append(value)
        self.units[key] = unit

    def median(self, key):
        """Of all rounds. KeyError if it was not measured."""
        return statistics.median(self.values[key])

    def rounds(self):
        for number in range(1, self._rounds + 1):
            self.say(f"round {number} of {self._rounds}")
            yield number

    def at_most(self, number):
        """A number of rows or connections, less in a small run."""
        return min(number, self.rows)

    def dir(self):
        """A fresh folder, removed at the end."""
        return tempfile.mkdtemp(dir=self._root)

    @staticmethod
    def say(text):
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def run(self, name):
        """Runs one section. Returns it with the keys it has recorded, and whether it came to its end."""
        section = __import__(name)
        self.say(f"{name}: {section.TITLE}")
        before, good = set(self.values), True
        try:
            with self.stack:
                section.measure(self)
        except Exception:  # pylint: disable=broad-except
            self.say(f"{name} failed\n{traceback.format_exc()}")
            good = False
        return report.Part(section.TITLE, getattr(section, "NOTE", ""), [k for k in self.values if k not in before]), good


def arguments():
    parser = argparse.ArgumentParser(description="Measures rasdial beside what else could do the same.")
    parser.add_argument("--build", default=os.path.join(TOP, "build"), metavar="DIR", help="build folder (build)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds, in each of which everything is measured (3)")
    parser.add_argument("--rows", type=int, default=10000, metavar="N", help="of the greatest table, and connections (10000)")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="SECTION", help=" ".join(SECTIONS))
    parser.add_argument("--json", metavar="FILE", help="where all values are written (DIR/bench.json)")
    parser.add_argument("--results", metavar="FILE", help="where the tables are written, too")
    return parser.parse_args()


def main():
    given = arguments()
    build = os.environ["RASDIAL_BUILD"] = os.path.abspath(given.build)  # the laboratories look for it there
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(build, given.rounds, given.rows)
    parts, good = zip(*[bench.run(name) for name in SECTIONS if name in given.only])
    facts = {**describe(), "rounds": given.rounds, "rows": given.rows}
    marks = [judge(mark, bench.median) for mark in MARKS]

    values = {key: {"unit": bench.units[key], "median": bench.median(key), "values": values} for key, values in bench.values.items()}
    with open(given.json or os.path.join(build, "bench.json"), "w", encoding="utf-8") as file:
        json.dump({**facts, "values": values, "marks": marks}, file, indent=1)
        file.write("\n")
    text = report.text(facts, parts, values, marks)
    print(text, end="")
    if given.results:
        with open(given.results, "w", encoding="utf-8") as file:
            file.write(text)
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
