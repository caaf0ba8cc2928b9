# SPDX-License-Identifier: BSD-2-Clause
"""Every single step of a SET fails once: commitFailed, and nothing has changed, now and after another start."""
import errno

from harness import *
from kills import PDUS, fresh, lab, learned, one_of, state
from syscalls import Stepper, cannot_fail


def failures_of(what):
    if cannot_fail():
        raise Skip(cannot_fail())
    pairs = PDUS[what]
    refused = 0
    for number in range(1, 100):
        code = (errno.ENOSPC, errno.EIO, errno.EROFS)[number % 3]
        fresh()
        before, files = learned(), state.everything()
        wanted = before.copy()
        wanted.apply(pairs)
        # Of the thread that answers: what a dial writes after that is not of the SET.
        with Stepper(lab.agent, state.path, lambda at, _: code if at == number else None, first_only=True) as steps:  # pylint: disable=cell-var-from-loop
            error = lab.set(*pairs)
            failed = len(steps.calls) >= number
        when = f"{what}, {errno.errorcode[code]} at step {number} of {steps.calls}, answer {error}"
        check(error in ("noError", "commitFailed"), when)
        status, problems = lab.get("rasStorageStatus.0", "rasStorageProblems.0")
        if error == "commitFailed":
            refused += 1
            check(problems > 0, when)
            check(status in ("full" if code == errno.ENOSPC else "readOnly", "ok"), f"{status}; {when}")  # ok: it was taken back
            one_of((before,), when)
            equal(state.everything(), files, f"files; {when}")
        else:
            one_of((wanted,), when)
        lab.kill_agent()
        lab.start_agent()
        for version in (before, wanted):
            version.restarted()
        one_of((before,) if error == "commitFailed" else (wanted,), f"after another start; {when}")
        equal(lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0], f"after another start; {when}")
        if not failed:
            say(f"{what}: {number - 1} steps, {refused} of them refused the SET")
            check(refused > 0, "some step is needed")
            return


def each_pdu():
    """A test for each of the PDUs."""
    for what in [p for p in PDUS if p not in ("a change", "another name")]:  # on the disk they are as a new row
        def one(what=what):
            failures_of(what)
        one.__name__, one.__doc__ = "failing_" + what.replace(" ", "_"), f"Every step of a SET fails once: {what}"
        test(90)(one)


each_pdu()
run(lab)
