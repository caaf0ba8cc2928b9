# SPDX-License-Identifier: BSD-2-Clause
"""Runs test programs under their supervisors, and judges what came of them."""

import glob
import json
import os
import subprocess
import sys
import threading
import time

import leftover
import tapreader
from catalogue import output_folder

SUPERVISE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supervise.py")
MAX_REPORT = 200  # lines


def _read(*path):
    try:
        with open(os.path.join(*path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def failure(name, *lines):
    return tapreader.Result(tapreader.FAILED, name, list(lines))


def _how_it_ended(program, outcome):
    if outcome["timed_out"]:
        return f"not finished after {program.limit} s"
    if outcome["status"] < 0:
        return f"ended by signal {-outcome['status']}"
    return f"exit status {outcome['status']}"


def judge(program, folder):
    """Results of a program that was run in a folder."""
    try:
        outcome = json.loads(_read(folder, "result.json"))
    except ValueError:
        return [failure("the supervisor died", *_read(folder, "supervisor").splitlines())]
    output = _read(folder, "out")
    results = tapreader.parse(output)
    # A program whose tests fail may well say so by its exit status, too.
    told = any(line.startswith("not ok") for line in output.splitlines())
    if outcome["timed_out"] or outcome["status"] < 0 or (outcome["status"] != 0 and not told):
        results.append(failure(_how_it_ended(program, outcome)))
    for path in sorted(glob.glob(os.path.join(folder, "report", "*"))):
        results.append(failure("report of a sanitizer", *_read(path).splitlines()[:MAX_REPORT]))
    results += [failure(f"leftover: {name}") for name in outcome["leftovers"]]
    return results


class Runner:
    """Thread-safe but for build() and check_machine(), which run while no test does."""

    def __init__(self, top, build, folder, report):
        self.top, self.build_folder, self.folder, self.report = top, build, folder, report
        self.lock = threading.Lock()
        self.running = {}  # program name -> supervisor
        self.number = 0
        self.stopped = False
        self.broken = set()  # builds that failed
        self.machine = leftover.machine()
        self.suspects = {}  # thing on the machine -> names of the programs that may have left it

    def build(self, build):
        variant, target = build
        name = "build" + (f"/{variant}" if variant else "") + f"/{target}"
        command = ["make", "--no-print-directory", f"-j{os.cpu_count() or 2}", "-C", self.top,
                   f"BUILD={self.build_folder}", f"SANITIZE={variant}", target]
        self.report.start(name)
        began = time.monotonic()
        outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
        environment = {key: value for key, value in os.environ.items() if key not in outer}
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=environment, check=False)
        if done.returncode == 0:
            result = tapreader.Result(tapreader.PASSED, target)
        else:
            result = failure(" ".join(command), *done.stdout.decode(errors="replace").splitlines()[-60:])
            self.broken.add(build)
        self.report.finish(name, [result], time.monotonic() - began)

    def _impossible(self, program):
        if program.skip:
            return [tapreader.Result(tapreader.SKIPPED, program.name, [program.skip])]
        if self.broken.intersection(program.builds):
            return [failure("not run, because its build failed")]
        return None

    def run(self, program):
        if self.stopped:
            return
        self.report.start(program.name)
        began = time.monotonic()
        results = self._impossible(program)
        if results is None:
            results, output = self._supervised(program)
        else:
            output = ""
        if program.required:
            results = [failure(f"skipped: {result.name}", *result.detail)
                       if result.outcome == tapreader.SKIPPED else result for result in results]
        self.report.finish(program.name, results, time.monotonic() - began, output)

    def _supervised(self, program):
        with self.lock:
            self.number += 1
            folder = os.path.join(self.folder, str(self.number))
        os.mkdir(folder)
        command = [sys.executable, SUPERVISE, *(["--sanitized"] if program.variant else []), folder,
                   str(program.limit), *program.command]
        environment = os.environ | {"RASDIAL_BUILD": output_folder(self.build_folder, program.variant),
                                    "RASDIAL_TOP": self.top} | program.environment
        with open(os.path.join(self.folder, f"{os.path.basename(folder)}.supervisor"), "wb") as complaints:
            supervisor = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=complaints, stderr=complaints,
                                          start_new_session=True, env=environment, cwd=self.top)
        with self.lock:
            self.running[program.name] = supervisor
        supervisor.wait()
        os.rename(complaints.name, os.path.join(folder, "supervisor"))
        results = judge(program, folder)
        self._look_at_machine(program.name)
        output = _read(folder, "err")
        subprocess.run(["rm", "-rf", folder], check=False)
        return results, output

    def _look_at_machine(self, name):
        """Something new may belong to a program that still runs: it is only suspected here."""
        with self.lock:
            for thing in leftover.machine() - self.machine:
                self.suspects.setdefault(thing, set()).update(self.running)
            del self.running[name]

    def check_machine(self):
        left = leftover.machine() - self.machine
        for thing in sorted(left):
            names = " or ".join(sorted(self.suspects.get(thing, {"tests/run"})))
            self.report.failed(names, f"leftover: {thing}")
        self.machine |= left
        self.suspects.clear()

    def stop(self):
        """Ends everything that runs."""
        self.stopped = True
        with self.lock:
            supervisors = list(self.running.values())
        for supervisor in supervisors:
            supervisor.terminate()
        for supervisor in supervisors:
            supervisor.wait()
