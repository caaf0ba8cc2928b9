# SPDX-License-Identifier: BSD-2-Clause
"""Tests as functions, results as TAP (Test Anything Protocol), a deadline for each."""
import contextlib
import os
import signal
import sys
import time
import traceback

TESTS = []
SCALE = float(os.environ.get("RASDIAL_TEST_PATIENCE", "1"))
HOST = os.environ.get("RASDIAL_TEST_HOST", "agent")


class Skip(Exception):
    pass


class Deadline(BaseException):
    """Not an Exception: no handler of a test may swallow it."""


def test(deadline=30, only=None):
    """Marks a function as a test; its first line of documentation is its name. only: the host that it is about (HOST)."""
    def mark(function):
        if only in (None, HOST):
            TESTS.append((function, deadline))
        return function
    return mark


def say(text):
    for line in str(text).splitlines():
        print(f"# {line}", flush=True)


def until(condition, timeout=10.0, what="", pause=0.02):
    """Polls until condition() is true and returns that value; fails with what (text or function) at the end."""
    end = time.monotonic() + timeout * SCALE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:g} s: {what() if callable(what) else what}; last: {value!r}")
        time.sleep(pause)


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what + ': ' if what else ''}got {got!r}, not {wanted!r}")


def check(condition, what):
    if not condition:
        raise AssertionError(what)


@contextlib.contextmanager
def alarm(seconds):
    def ring(*_):
        raise Deadline(f"test took more than {seconds} s")
    old = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def attempt(function, deadline):
    """Runs one step. Returns None, or the text of what went wrong. Skip goes through."""
    try:
        with alarm(deadline):
            function()
    except Skip:
        raise
    except (Exception, Deadline):  # pylint: disable=broad-except
        return traceback.format_exc()
    return None


def main(after=None, finish=None, on_failure=None):
    """Runs the tests of the calling program, those whose name holds the first argument. after(): checks after every test;
    finish(): checks at the end, a test of its own; on_failure(): tells what may help."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = [t for t in TESTS if wanted in t[0].__name__]
    steps = tests + ([(finish, 60)] if finish else [])
    failed = 0
    print(f"1..{len(steps)}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for number, (function, deadline) in enumerate(steps, 1):
        name = (function.__doc__ or function.__name__).strip().splitlines()[0].rstrip(".")
        begin = time.monotonic()
        try:
            trouble = attempt(function, deadline * SCALE)
            if function is not finish and after:
                later = attempt(after, 60 * SCALE)
                if later:
                    trouble = (trouble or "") + "checks after the test:\n" + later
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
            continue
        took = time.monotonic() - begin
        if trouble:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            say(f"{function.__name__}, {took:.1f} s")
            say(trouble)
            if on_failure:
                on_failure()
        else:
            print(f"ok {number} - {name}", flush=True)
            if took > 1:
                say(f"{took:.1f} s")
    return 1 if failed else 0
