# SPDX-License-Identifier: BSD-2-Clause
"""Runs one test program inside a time limit, and ends whatever it leaves behind.

    python3 supervise.py [--sanitized] FOLDER LIMIT COMMAND...

FOLDER gets: out and err (its output), result.json, tmp (RASDIAL_TMP, also TMPDIR), home (HOME) and report (what the
sanitizers say). This process is the reaper of all orphans below it: no daemon of a test can escape it."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time

import leftover

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ADDR_NO_RANDOMIZE = 0x0040000
PATIENCE = 2  # seconds for children that are about to end by themselves
NOT_STARTED = 127  # exit status, as of a shell
MERCY = 5  # seconds from SIGTERM to SIGKILL


class Ordered(Exception):
    """The runner wants the end."""


def environment(folder):
    report = os.path.join(folder, "report", "sanitizer")
    return {
        "RASDIAL_TMP": os.path.join(folder, "tmp"),
        "TMPDIR": os.path.join(folder, "tmp"),
        "HOME": os.path.join(folder, "home"),
        "CMOCKA_MESSAGE_OUTPUT": "TAP",
        "PYTHONDONTWRITEBYTECODE": "1",
        "ASAN_OPTIONS": f"log_path={report}:strict_string_checks=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": f"log_path={report}:print_stacktrace=1",
        "TSAN_OPTIONS": f"log_path={report}:second_deadlock_stack=1",
    }


def reap_orphans():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def wait_for_none(seconds):
    """Waits for the end of everything below. Returns what is still there."""
    deadline = time.monotonic() + seconds
    while True:
        left = leftover.descendants(os.getpid())
        reap_orphans()
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def end_all():
    """Ends everything below, and returns what withstood."""
    for number, seconds in ((signal.SIGTERM, 1), (signal.SIGKILL, MERCY)):
        for pid in leftover.descendants(os.getpid()):
            try:
                os.kill(pid, number)
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        left = wait_for_none(seconds)
        if not left:
            break
    return left


def stop(process):
    process.terminate()
    try:
        process.wait(MERCY)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(folder, limit, command):
    for name in ("tmp", "home", "report"):
        os.mkdir(os.path.join(folder, name))
    result = {"timed_out": False, "leftovers": []}
    with open(os.path.join(folder, "out"), "wb") as out, open(os.path.join(folder, "err"), "wb") as err:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       start_new_session=True, env=os.environ | environment(folder))
        except OSError as error:
            err.write(f"cannot be started: {error}\n".encode())
            return result | {"status": NOT_STARTED}
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        result["timed_out"] = True
        stop(process)
    result["status"] = process.returncode
    if not result["timed_out"]:
        left = wait_for_none(PATIENCE)
        result["leftovers"] = [f"process {pid}: {command}" for pid, command in left.items()]
    known = {"tmp", "home", "report", "out", "err"}
    result["leftovers"] += [f"file {name}" for name in os.listdir(folder) if name not in known]
    return result


def main():
    arguments = sys.argv[1:]
    libc = ctypes.CDLL(None)
    if arguments[0] == "--sanitized":
        # Sanitizers of older compilers do not bear much randomness of addresses.
        libc.personality(ADDR_NO_RANDOMIZE)
        del arguments[0]
    folder, limit, command = arguments[0], float(arguments[1]), arguments[2:]
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    def ordered(*_):
        raise Ordered

    signal.signal(signal.SIGTERM, ordered)
    # The runner's affair. A handler, because what is ignored would be so in the test program, too.
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        result = run(folder, limit, command)
    except Ordered:
        result = {"timed_out": False, "leftovers": [], "status": -signal.SIGTERM}
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    result["leftovers"] += [f"process {pid}, which does not end: {command}" for pid, command in end_all().items()]
    with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)


if __name__ == "__main__":
    main()
