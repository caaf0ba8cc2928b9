# SPDX-License-Identifier: BSD-2-Clause
"""Requests and answers that are too large for AgentX, and those that take so long that the master sends them again: each has the
right answer, and the session stands."""
import threading
import time

from harness import *
from syscalls import Stepper, why_not

TEXT = "x" * 255
SLOW = 1.6  # s; the master sends a message again after one
lab = Lab([line(f"row{i}", i, "setup=10ms", descr=TEXT) for i in range(1, 10)],
          agent={"allow_snmp_entries": True, "allow_destinations": ["*"]})


def sessions():
    return lab.agent.log().count("connected to the master agent")


def in_one_session(work):
    """Does it, and sees that the agent has neither lost the master nor ended, and still answers."""
    before, agent = sessions(), lab.agent.pid
    work()
    equal(lab.get("rasEntryName.1"), "row1", "another request")
    equal((sessions(), lab.agent.pid), (before, agent), "the session stands\n" + lab.agent.log()[-1000:])


def asked(function, count):
    """(error, seconds) of a request for so many long texts."""
    started = time.monotonic()
    error = function(*(MIB.oid(f"rasEntryDescr.{1 + i % 8}") for i in range(count)), timeout=15, retries=0).error
    return error, time.monotonic() - started


@test(60)
def answers():
    """An answer over 64 KiB is tooBig, at once"""
    def work():
        for function in (lab.manager.get, lab.manager.next):
            equal(asked(function, 150)[0], "noError")
            for count in (230, 600, 1300):  # from 1,200 on the question is too large, too
                error, seconds = asked(function, count)
                equal(error, "tooBig", f"{count} texts")
                check(seconds < 5, f"{count} texts took {seconds:.1f} s")
    in_one_session(work)
    lab.agent.log_says("its answer is larger than the 65536 octets")
    lab.agent.log_says("it is larger than the 65536 octets")


def log_count(text):
    """How often the log has it. AgentX acknowledges no CleanupSet, so the manager may have its answer before the agent commits; what
    is asked of the agent after that is not answered sooner."""
    lab.get("rasVersion.0")
    return lab.agent.log().count(text)


def rows(count, status="createAndGo"):
    return [pair for i in range(100, 100 + count) for pair in
            ((f"rasEntryName.{i}", f"e{i}"), (f"rasEntryDeviceType.{i}", "loopback"), (f"rasEntryRowStatus.{i}", status))]


@test(60)
def sets():
    """A SET over 64 KiB is tooBig, and nothing of it happens; of one that fits all happens"""
    def work():
        names = lab.column("rasEntryName")
        equal(lab.set(*rows(450)), "tooBig")
        equal(lab.column("rasEntryName"), names)
        equal(lab.set(*((f"rasEntryRowStatus.{i}", "destroy") for i in range(100, 1150))), "noError")
        equal(lab.set(*rows(60)), "noError")
        equal(len(lab.column("rasEntryName")), len(names) + 60)
        equal(lab.set(*((f"rasEntryRowStatus.{i}", "destroy") for i in range(100, 160))), "noError")
        equal(lab.column("rasEntryName"), names)
    in_one_session(work)


@test(60)
def slow_disk():
    """A disk that takes its time: the SET is answered once, with success, though the master has asked again"""
    if why_not():
        raise Skip(why_not())

    def slowly(_, name):
        if name in ("fsync", "fdatasync"):
            time.sleep(SLOW)

    def work():
        for at in range(3):
            with Stepper(lab.agent, lab.state_dir, slowly) as steps:
                equal(lab.set(*rows(1), timeout=20), "noError", steps.calls)
            equal(lab.get("rasEntryName.100"), "e100")
            with Stepper(lab.agent, lab.state_dir, slowly) as steps:
                equal(lab.set(("rasEntryRowStatus.100", "destroy"), timeout=20), "noError", steps.calls)
            equal(log_count("set entry 100 (e100): removed"), before + at + 1)
    before = log_count("set entry 100 (e100): removed")
    in_one_session(work)


@test(60)
def frozen():
    """The agent stands still between the phases of a SET: it is done once"""
    def work():
        for at in range(3):
            answers = []
            lab.agent.freeze()
            thread = threading.Thread(target=lambda: answers.append(  # pylint: disable=cell-var-from-loop
                lab.set(*(pair for pair in rows(2)), timeout=20)))
            thread.start()
            time.sleep(SLOW)  # what is waited for does not show
            lab.agent.thaw()
            thread.join()
            equal(answers, ["noError"])
            equal(log_count("set entry 100 (e100): created"), before + at + 1)
            equal(lab.set(*((f"rasEntryRowStatus.{i}", "destroy") for i in (100, 101))), "noError")
    before = log_count("set entry 100 (e100): created")
    in_one_session(work)


run(lab)
