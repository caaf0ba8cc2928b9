# SPDX-License-Identifier: BSD-2-Clause
# tsan: yes
"""Fifty connections that dial, fail, are lost, redial and are hung up while everything is walked: sums hold all the time.

This program is run again with rasdiald built with the thread sanitizer; what it reports is a failure."""
import random
import threading
import time

from harness import *

KINDS = ("setup=30ms", "setup=50ms,fail=678", "setup=20ms,drop=80ms", "setup=400ms", "setup=40ms,fail=676,fails=1")
SECONDS = 6
lab = Lab([line(f"e{i}", i, KINDS[i % len(KINDS)], redial_max=2, redial_pause=1, redial_on_drop=i % 2 == 0,
                notify_types=["connected", "disconnected", "dial-failed", "redial-exhausted", "state-change", "thread-stuck"])
           for i in range(1, 51)])


@test(90)
def storm():
    """50 connections, random requests, walks, notifications and a reload at the same time"""
    end = time.monotonic() + SECONDS
    trouble = []

    def walk():
        manager = Manager(lab.manager.address, timeout=20)
        try:
            while time.monotonic() < end:
                list(manager.walk(MIB.root, random.choice((0, 5, 50))))
        except (AssertionError, SnmpTimeout) as error:
            trouble.append(error)
        finally:
            manager.close()

    walker = threading.Thread(target=walk, daemon=True)
    walker.start()
    picker = random.Random(7)
    requests = 0
    reload_at = time.monotonic() + SECONDS / 2
    with Watch(lab, range(1, 51), pause=0.03):
        while time.monotonic() < end:
            rows = picker.sample(range(1, 51), picker.choice((1, 1, 3, 10)))
            action = picker.choice(("dial", "dial", "hangUp", "redial", "clearError"))
            error = lab.set(*((f"rasConnAction.{i}", action) for i in rows), timeout=30)
            check(error in ("noError", "inconsistentValue"), f"{action} {rows}: {error}")
            requests += 1
            if time.monotonic() > reload_at:
                lab.hup()
                reload_at = end
            time.sleep(0.01)
    walker.join(30)
    equal(trouble, [])
    say(f"{requests} requests, {lab.get('rasDialAttempts.0')} attempts")
    check(lab.get("rasDialAttempts.0") > 100, "there was a storm")


@test(60)
def scalars_meanwhile():
    """Settings change while connections come and go"""
    lab.dial(*range(1, 51))
    for number in range(10):
        equal(lab.set(("rasMaxConcurrentDials.0", 100 + number), ("rasNotifyMinInterval.0", 0), ("rasHistRetainTime.0", 0)), "noError")
        rows = [i for i, status in lab.column("rasConnOperStatus").items() if status in ("up", "failed")][:20] or [1]
        if number % 2 == 0:
            lab.hang_up(*rows)
            continue
        for row in rows:
            error = lab.set((f"rasConnAction.{row}", "redial"))
            # One whose line is lost just now is hung up, and cannot be redialed until it is.
            check(error in ("noError", "inconsistentValue"), f"redial {row}: {error}")
    equal(lab.set(("rasMaxConcurrentDials.0", 0)), "noError")


run(lab)
