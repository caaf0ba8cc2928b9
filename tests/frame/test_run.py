# SPDX-License-Identifier: BSD-2-Clause
"""The test runner, given made-up test programs."""

import io
import os
import subprocess
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "agent"), os.path.join(TESTS, "runner")]

import tapreader  # noqa: E402
from catalogue import Program  # noqa: E402
from program import Runner  # noqa: E402
from report import Report  # noqa: E402
from tap import check, equal, main, test, until  # noqa: E402


def outcomes(text):
    return [(result.outcome, result.name) for result in tapreader.parse(text)]


@test()
def reads_good_tap():
    """Results, skips and plans are read"""
    equal(outcomes("1..3\nok 1 - one\nnot ok 2 - two\nok 3 - three # SKIP no line\n"),
          [("passed", "one"), ("failed", "two"), ("skipped", "three")])
    equal(outcomes("ok - one\nok\n1..2\n"), [("passed", "one"), ("passed", "")], "plan at the end")
    equal(outcomes("1..0 # SKIP no kernel\n"), [("skipped", "all")])


@test()
def reads_cmocka():
    """Groups of cmocka, each with its plan, are read"""
    text = "1..2\nok 1 - a\nnot ok 2 # SKIP b\n# ok - group\n1..1\nnot ok 1 - c\n# 0x1 != 0x2\n# ok - other\n"
    equal(outcomes(text), [("passed", "a"), ("skipped", "b"), ("failed", "c")])
    equal(tapreader.parse(text)[2].detail, ["# 0x1 != 0x2", "# ok - other"], "detail of a failure")


@test()
def reads_bad_tap():
    """No plan, another number of tests, Bail out! are failures"""
    equal(outcomes("")[-1], ("failed", "no plan (1..N) in the output"))
    equal(outcomes("1..2\nok 1 - a\n")[-1], ("failed", "2 tests planned, 1 told"))
    equal(outcomes("1..1\nok 1 - a\nok 2 - b\n")[-1], ("failed", "1 tests planned, 2 told"))
    equal(outcomes("1..2\nok 1 - a\nBail out! no snmpd\nok 2\n"), [("passed", "a"), ("failed", "Bail out! no snmpd")])
    equal(outcomes("1..1\nnot ok 1 - later # TO" "DO\n")[0][0], "failed", "nothing may be left to do")


class Trial:
    """Runs one shell script as a test program."""

    def __init__(self, script, limit=20, **more):
        with tempfile.TemporaryDirectory() as folder:
            self.stream = io.StringIO()
            report = Report(self.stream)
            runner = Runner(os.path.dirname(TESTS), "/nonexistent", folder, report)
            runner.run(Program("trial", "trial/script", ("/bin/sh", "-c", script), limit, **more))
            runner.check_machine()
            self.good = report.close()
            self.left_in_folder = os.listdir(folder)
        self.text = self.stream.getvalue()
        self.last = self.text.splitlines()[-1]

    def fails_with(self, words, last="0 passed, 1 failed, 0 skipped"):
        equal(self.last, last, self.text)
        check(words in self.text, f"{words!r} is not in:\n{self.text}")
        check(not self.good, "a failed run must not count as good")
        return self


def gone(pid):
    return not os.path.exists(f"/proc/{pid}")


@test()
def good_program():
    """A good program passes, with an own folder that is removed"""
    trial = Trial('[ -d "$RASDIAL_TMP" ] && touch "$RASDIAL_TMP/x" "$HOME/y" && echo ok - a; echo ok - b; echo 1..2')
    equal(trial.last, "2 passed, 0 failed, 0 skipped", trial.text)
    check(trial.good, "good")
    equal(trial.left_in_folder, [])


@test()
def failing_program():
    """A failure is shown with its detail and the standard error"""
    trial = Trial("echo 1..2; echo ok 1; echo not ok 2 - dial; echo '# wrong state'; echo hint >&2; exit 1")
    trial.fails_with("# wrong state", "1 passed, 1 failed, 0 skipped").fails_with("| hint", trial.last)


@test()
def exit_status():
    """An exit status, a signal, a missing program are failures"""
    Trial("echo 1..1; echo ok; exit 3").fails_with("exit status 3", "1 passed, 1 failed, 0 skipped")
    Trial("echo 1..1; echo ok; kill -SEGV $$").fails_with("ended by signal 11", "1 passed, 1 failed, 0 skipped")
    Trial("exec /nonexistent/test").fails_with("exit status 127", "0 passed, 2 failed, 0 skipped")


@test()
def time_limit():
    """A program over its time limit fails and is ended with its children"""
    trial = Trial("sleep 1000 & echo $! >&2; echo $$ >&2; trap '' TERM; while :; do sleep 1; done", limit=0.5)
    trial.fails_with("not finished after 0.5 s", "0 passed, 2 failed, 0 skipped")
    pids = [line.split("|")[1].strip() for line in trial.text.splitlines() if "|" in line]
    check(len(pids) == 2 and all(gone(pid) for pid in pids), f"{pids} must be gone")


@test()
def leftover_process():
    """A daemon that is left is named, counted and ended"""
    trial = Trial("setsid sleep 1234 & echo pid $! >&2; echo 1..1; echo ok")
    trial.fails_with("sleep 1234", "1 passed, 1 failed, 0 skipped")
    pid = next(line.split()[-1] for line in trial.text.splitlines() if "| pid" in line)
    until(lambda: gone(pid), 5, f"{pid} is gone")


@test()
def patience_with_processes():
    """A child that ends by itself a moment later is no leftover"""
    equal(Trial("sleep 0.3 & echo 1..1; echo ok").last, "1 passed, 0 failed, 0 skipped")


@test()
def leftover_files():
    """Files beside the own folder and in shared places are named"""
    Trial('touch "$RASDIAL_TMP/../stray"; echo 1..1; echo ok').fails_with("leftover: file stray",
                                                                           "1 passed, 1 failed, 0 skipped")
    path = f"/dev/shm/rasdial-test-{os.getpid()}"
    try:
        Trial(f"touch {path}; echo 1..1; echo ok").fails_with(f"leftover: file {path}", "1 passed, 1 failed, 0 skipped")
    finally:
        os.unlink(path)


@test()
def sanitizer_report():
    """A report of a sanitizer, from any process, is a failure"""
    Trial('log=${TSAN_OPTIONS#log_path=}; echo "data race" > "${log%%:*}.7"; echo 1..1; echo ok').fails_with(
        "data race", "1 passed, 1 failed, 0 skipped")


@test()
def skipped_program():
    """A program that cannot run is skipped with its reason, or fails where it is required"""
    trial = Trial("exit 1", skip="no user-mode-linux")
    equal(trial.last, "0 passed, 0 failed, 1 skipped")
    check("no user-mode-linux" in trial.text, trial.text)
    check(not trial.good, "nothing was run")
    Trial("exit 0", skip="no user-mode-linux", required=True).fails_with("no user-mode-linux")
    Trial("echo '1..0 # SKIP no kernel'", required=True).fails_with("no kernel")


def command(*arguments):
    return subprocess.run([os.path.join(TESTS, "run"), *arguments], capture_output=True, text=True, check=False)


@test()
def selection():
    """Words choose tiers and programs; nothing chosen is a failure"""
    listed = command("--list", "frame/test_r").stdout.split()
    equal(listed, ["frame/test_run"])
    check("frame/test_run" in command("--list", "frame").stdout.split(), "a tier")
    check(not any(name.startswith("lint") for name in command("--list").stdout.split()), "lint only when asked for")
    nothing = command("no-such-test")
    equal(nothing.stdout.splitlines()[-1], "0 passed, 0 failed, 0 skipped")
    equal(nothing.returncode, 1)
    check("no test is called no-such-test" in nothing.stderr, nothing.stderr)


sys.exit(main())
