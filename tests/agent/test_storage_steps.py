# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at every single step of a SET: what was answered is there; what was not is there or not, but whole."""
import os
import re
import threading

from harness import *
from kills import PDUS, fresh, lab, learned, one_of, state
from syscalls import Stepper, why_not


def killed_at(number, pairs):
    """Gives the SET to a fresh agent that is killed at one step. Returns (models before and after, error or None, was it killed)."""
    fresh()
    before = learned()
    wanted = before.copy()
    wanted.apply(pairs)
    killed = threading.Event()

    def decide(at, _):
        if at != number:
            return None
        killed.set()
        return "kill"
    with Stepper(lab.agent, state.path, decide):
        try:
            error = lab.set(*pairs)
        except SnmpTimeout:
            error = None
    return before, wanted, error, killed.is_set()


def steps_of(what):
    if why_not():
        raise Skip(why_not())
    pairs = PDUS[what]
    for number in range(1, 100):
        before, wanted, error, killed = killed_at(number, pairs)
        lab.kill_agent()
        lab.start_agent()
        for version in (before, wanted):
            version.restarted()
        models = (wanted,) if error == "noError" else (before, wanted)
        one_of(models, f"{what}, killed at step {number} (answer: {error})")
        equal(lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0])
        left = [n for n in os.listdir(state.rows) if not re.fullmatch(r"\d+\.yaml", n)]
        equal(left, [], f"{what}, step {number}: what a crash left")
        if not killed:
            say(f"{what}: {number - 1} steps")
            equal(error, "noError")
            return


def each_pdu():
    """A test for each of the PDUs."""
    for what in PDUS:
        def one(what=what):
            steps_of(what)
        one.__name__, one.__doc__ = "killed_" + what.replace(" ", "_"), f"kill -9 at every step of a SET: {what}"
        test(90)(one)


each_pdu()
run(lab)
