# SPDX-License-Identifier: BSD-2-Clause
"""The bench, with few rows and one round: it measures all that it says, and leaves nothing behind however it ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", "bench"), os.path.join(TOP, "tests", "agent")]
sys.dont_write_bytecode = True

from bench import SECTIONS  # noqa: E402
from marks import MARKS  # noqa: E402
from plans import Step, part_of  # noqa: E402
from tap import Skip, check, equal, main, test  # noqa: E402

BUILD = os.environ.get("RASDIAL_BUILD", os.path.join(TOP, "build"))
ROWS = 50
BY_VALGRIND = re.compile(r"\binstructions\b")
measured = set()  # marks


def begin(folder, *arguments):
    return subprocess.Popen([sys.executable, "tests/bench/bench.py", "--build", BUILD, "--rounds", "1", "--rows", str(ROWS), *arguments],
                            cwd=TOP, env=os.environ | {"RASDIAL_TMP": folder}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(section):
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("RASDIAL_TMP", "/tmp")) as folder:
        json_path, results = os.path.join(folder, "json"), os.path.join(folder, "results")
        process = begin(folder, "--only", section, "--json", json_path, "--results", results)
        output, told = process.communicate()
        equal(process.returncode, 0, told)
        equal(sorted(os.listdir(folder)), ["json", "results"], "what is left")
        with open(json_path, encoding="utf-8") as file:
            found = json.load(file)
        with open(results, encoding="utf-8") as file:
            equal(file.read(), output, "the table of --results and the one that is printed")
    for name in ("date", "machine"):
        check(found[name] and found[name] in output, f"{name}: {found[name]}")
    check(all(found["versions"].values()), found["versions"])
    check(found["values"], "something is measured")
    for key, entry in found["values"].items():
        check(entry["values"] and all(isinstance(x, (int, float)) for x in (entry["median"], *entry["values"])), f"{key}: {entry}")
    equal([mark["text"] for mark in found["marks"]], [mark.text for mark in MARKS], "marks")
    measured.update(mark["text"] for mark in found["marks"] if mark["reached"] is not None)


for name in SECTIONS:
    def measures(section=name):
        run(section)
    measures.__doc__ = f"Section {name} measures and tells"
    measures.__name__ = f"measures_{name}"
    test(200)(measures)


class Slow:
    """A subject that needs a second of a processor for each request."""

    def __init__(self):
        self.manager, self.socket, self.seconds = self, self, 0

    def send(self, _):
        self.seconds += 1

    def recv(self, _):
        return b"last"

    def cpu_ns(self):
        return self.seconds * 10**9


@test()
def a_part_is_something():
    """However slow a subject is, one request is made of each kind"""
    equal([len(part_of(Slow(), [Step(b"", b"last", 1)] * n, 0.05)) for n in (1, 2, 50)], [1, 1, 1])


@test()
def every_mark():
    """Every mark was measured by one of the sections"""
    if not measured:
        raise Skip("no section was run")
    valgrind = shutil.which("valgrind") and shutil.which("vgdb")
    equal([mark.text for mark in MARKS if mark.text not in measured and (valgrind or not BY_VALGRIND.search(mark.text))], [])


@test(60)
def ends_at_interrupt():
    """An interrupt in the middle ends all that was started"""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("RASDIAL_TMP", "/tmp")) as folder:
        process = begin(folder, "--json", os.path.join(folder, "json"))
        for line in process.stderr:
            if "round 1" in line:
                break
        process.send_signal(signal.SIGINT)
        process.communicate()
        equal(process.returncode, 130)
        equal(os.listdir(folder), [], "what is left")


sys.exit(main())
