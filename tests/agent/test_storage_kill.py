# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at random while SETs are answered, and at every step of a start: what was answered is there; what was not is there or
not, but whole.

SEED= repeats a run (as far as moments can be repeated).
"""
import os
import random
import signal
import threading

from changes import Changes
from harness import *
from kills import FAIL, LINES, SCALARS, fresh, lab, learned, make_lines, one_of, settled, state
from phonebook import Phonebook
from rowfiles import change_list, read, write
from syscalls import Stepper, why_not

SEED = int(os.environ.get("SEED") or random.randrange(1 << 31))
SETS = 200

class Storm(Changes):
    """SETs of all kinds: rows, subentries, scalars, dials."""

    def __init__(self, seed, model):
        super().__init__(seed, model, (11, 12, *LINES))
        self.request = 0

    def give(self):
        pairs = self.pdu(3, 3, 2, self.pick((1, 1, 4, 8)))
        if self.chance(0.2):
            pairs += [("rasMaxConcurrentDials.0", self.random.randint(1000, 60000)), ("rasSpinLock.0", self.model.scalars["rasSpinLock.0"])]
        if self.chance(0.1):
            pairs += [("rasHistRetainTime.0", self.random.randint(1000, 500000))]
        if self.chance(0.1):
            pairs += [("rasEntryUserName.12", self.text(255)), ("rasEntrySecret.12", b"x" * self.random.randint(0, 9))]
        if self.chance(0.3):
            self.request += 1
            index = self.pick(LINES)
            pairs += [(f"rasEntryDescr.{index}", self.text(255)), (f"rasConnAction.{index}", "dial"),
                      (f"rasConnRequestId.{index}", self.request)]
        if self.chance(0.1):
            pairs = pairs[-3:] if pairs[-1][0].startswith("rasConn") else [("rasHistRetainTime.0", self.random.randint(1000, 500000))]
        self.random.shuffle(pairs)
        return pairs


def until_killed(storm, delay):
    """SETs until the agent is dead. Returns the one that was not answered, and how many were."""
    killer, answered = threading.Timer(delay, os.kill, (lab.agent.pid, signal.SIGKILL)), 0
    killer.start()
    try:
        while True:
            pairs = storm.give()
            dialed = [i for i in LINES if any(n == f"rasConnAction.{i}" for n, _ in pairs)]
            try:
                if dialed:  # a dial while another one is under way would not be an attempt
                    until(lambda: lab.raw(f"rasConnOperStatus.{dialed[0]}").value in (1, 7), 5, "the last dial ends")  # pylint: disable=cell-var-from-loop
                error = lab.set(*pairs)
            except (SnmpTimeout, AssertionError) as trouble:
                error = str(trouble)
            if error != "noError":
                check(lab.agent.wait(5) == -9, f"{pairs}: {error}")
                return pairs, answered
            answered += 1
            storm.model.apply(pairs)
    finally:
        killer.cancel()
        killer.join()


@test(110)
def at_random():
    """200 SETs of all kinds, kill -9 at random moments: what was answered is there, the rest is whole"""
    say(f"SEED={SEED}")
    make_lines()
    model, done, kills, there = Phonebook().learn(lab, *SCALARS), 0, 0, 0
    picker = random.Random(SEED)
    storm = Storm(SEED, model)
    while done < SETS or kills < 25:
        pairs, answered = until_killed(storm, picker.uniform(0, 0.12))
        done, kills = done + answered + 1, kills + 1
        lab.kill_agent()
        lab.start_agent()
        wanted = model.copy()
        wanted.apply(pairs)
        for version in (model, wanted):
            version.restarted()
        model = one_of((model, wanted), f"kill {kills}, SET {pairs}")
        there += model is wanted
        storm.model = model
        equal(lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0], lab.agent.log()[-1500:])
    say(f"{done} SETs, {kills} times killed, {there} SETs without an answer were there all the same")
    lab.restart_agent()
    model.restarted()
    one_of((model,), "at the end")


@test(90)
def start_is_killed():
    """kill -9 at every step of a start that has to mend what an earlier crash left: the next one does it"""
    if why_not():
        raise Skip(why_not())
    fresh()
    before = learned()
    template = state.read_row(44)
    for number in range(1, 100):
        lab.kill_agent()
        state.restore(".steps")
        write(state.rows + "/.43.yaml.1", state.variant(template, 43, "put"))
        write(state.rows + "/.50.yaml.1", state.variant(template, 50, "put new"))
        write(state.rows + "/change", change_list(("put", 43, True), ("remove", 42, True), ("put", 50, False)))
        write(state.row(60), template[:-9])
        with open(state.journal, "ab") as file:
            file.write(b'conn name="cut')
        killed = threading.Event()

        def decide(at, _, number=number, killed=killed):
            if at == number:
                killed.set()
                return "kill"
            return None
        lab.start_agent(wait=False, before=("sh", "-c", 'kill -STOP $$; exec "$0" "$@"'))
        until(lambda: ") T " in read(f"/proc/{lab.agent.pid}/stat").decode(), 5, "the agent waits")
        with Stepper(lab.agent, state.path, decide):
            os.kill(lab.agent.pid, signal.SIGCONT)
            until(lambda: killed.is_set() or isinstance(lab.raw("rasVersion.0").value, bytes), 10, "it is killed, or answers")
        lab.kill_agent()
        lab.start_agent()
        names = {i: n for i, n in lab.column("rasEntryName").items() if i not in (11, 12)}
        equal(names, {**{i: f"line {i}" for i in LINES}, 40: "row 40", 41: "row 41", 43: "put", 44: "row 44", 50: "put new"},
              f"killed at step {number}")
        attempts = lab.column("rasConnAttempts")
        equal({i: attempts[i] for i in before.rows if i in attempts},
              {i: before.counters.get(i, {}).get("Attempts", 0) for i in before.rows if i in attempts}, "attempts")
        equal(read(state.row(60) + ".damaged-1"), template[:-9], "what was damaged")
        kept = [n for n in os.listdir(state.path) if n.startswith("journal.lines")]
        check(any(b'conn name="cut' in read(os.path.join(state.path, n)) for n in kept), f"the line that was cut is kept: {kept}")
        if not killed.is_set():
            say(f"{number - 1} steps")
            return


def many_lines():
    """Forty rows more that fail at once. Returns their indices."""
    indices = list(range(200, 240))
    for at in range(0, 40, 10):
        equal(lab.set(*(p for i in indices[at:at + 10] for p in
                        ((f"rasEntryRowStatus.{i}", "createAndGo"), (f"rasEntryName.{i}", f"many {i}"), (f"rasEntryDeviceType.{i}", "loopback"),
                         (f"rasEntryDestination.{i}", FAIL)))), "noError")
    return indices


def same_after_restarts(when):
    """No attempt is made or counted by a start after which nothing is wanted any more."""
    settled()
    attempts, history = lab.column("rasConnAttempts"), lab.get("rasHistNewest.0")
    for end in (lab.kill_agent, lab.stop_agent, lab.kill_agent):
        end()
        lab.start_agent()
        settled()
        more = {i: (attempts[i], n) for i, n in lab.column("rasConnAttempts").items() if n != attempts[i]}
        equal((more, lab.get("rasHistNewest.0")), ({}, history), f"{when}: attempts before and after {end.__name__}")


@test(90)
def hung_up_stays_down():
    """A dial that was hung up right after it is not dialed again by a later start"""
    fresh()
    indices = many_lines()
    for round_ in range(3):
        for index in indices:
            lab.dial(index)
            lab.hang_up(index)
        settled()
        for at in range(0, 40, 5):
            lab.dial(*indices[at:at + 5])
            lab.hang_up(*indices[at:at + 5])
        same_after_restarts(f"hung up, round {round_}")


@test(90)
def counted_once():
    """Dials that were answered right before kill -9 are one attempt each, however often the agent starts after it"""
    fresh()
    indices = many_lines()
    for round_ in range(1, 4):
        for at in range(0, 40, 10):
            equal(lab.set(*((f"rasConnAction.{i}", "dial") for i in indices[at:at + 10])), "noError")
        lab.kill_agent()
        lab.start_agent()
        settled()
        attempts = lab.column("rasConnAttempts")
        equal({i: attempts[i] for i in indices if attempts[i] != round_}, {}, f"not {round_} attempts")
        same_after_restarts(f"round {round_}")


run(lab)
