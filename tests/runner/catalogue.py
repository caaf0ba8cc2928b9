# SPDX-License-Identifier: BSD-2-Clause
"""All test programs there are, in the order in which they run."""

import glob
import os
import random
import shutil
from dataclasses import dataclass, field

PLAIN, ASAN, TSAN = "", "address,undefined", "thread"  # values of SANITIZE=

TSAN_MARK = "# tsan: yes"  # a line of an agent test that also runs in the build with the thread sanitizer

# Agent tests run with rasdiald (agent/...) and with the agent as a part of snmpd (dlmod/...), but for these programs, each of which
# is about one of the two. Single tests say so where they are, by only=.
ONE_HOST = {
    "test_config_cli": ("agent", "command line, background and service manager are rasdiald's"),
    "test_contexts": ("agent", "several rasdiald behind one snmpd, and their sessions"),
    "test_master": ("agent", "the AgentX session: lost, refused, frozen, between the phases of a SET"),
    "test_pdus": ("agent", "AgentX has PDUs of 64 KiB and asks again after a second; within snmpd there are none"),
    "test_remote": ("agent", "a master on another host"),
    "test_reload": ("agent", "a reload in which the engine goes on; in snmpd another one begins (test_dlmod)"),
    "test_reload_load": ("agent", "likewise"),
    "test_reload_moments": ("agent", "likewise"),
    "test_storage_kill": ("agent", "what a crash leaves on the disk is of the same code in both, and a snmpd that was killed answers nobody:"
                                   " each of hundreds of kills would wait for a time-out (test_restart has some)"),
    "test_storage_steps": ("agent", "likewise"),
    "test_dlmod": ("dlmod", "processes and users of snmpd, its configuration, agents beside ours"),
    "test_sighup": ("dlmod", "unloading and loading"),
}

# One after the other; so many programs of a phase run beside each other. Agent tests wait for most of their time.
PHASES = {"most": lambda jobs: jobs, "agents": lambda jobs: 2 * jobs, "guests": lambda jobs: jobs, "alone": lambda jobs: 1}

# Agent tests that keep the machine busy, so that others beside them would miss their deadlines.
ALONE = ("test_scale",)

# Agent tests that begin first, since they take longest.
LONGEST = ("test_storage_fails", "test_secret", "test_storage_kill", "test_exec", "test_storage_steps")


@dataclass(frozen=True)
class Program:
    tier: str
    name: str
    command: tuple
    limit: int  # seconds
    variant: str = PLAIN
    builds: tuple = ()  # (variant, target of make) that must be there before
    phase: str = "most"
    skip: str = ""  # why it cannot run here
    required: bool = False  # what is skipped has failed
    environment: dict = field(default_factory=dict, hash=False)


def output_folder(build, variant):
    """As the Makefile has it."""
    return os.path.join(build, variant.replace(",", "-")) if variant else build


def _programs(top, pattern):
    """(path, name) of the files that match, sorted."""
    for path in sorted(glob.glob(os.path.join(top, pattern))):
        yield path, os.path.splitext(os.path.basename(path))[0]


def _frame(top, build):
    for path, name in _programs(top, "tests/frame/test_*.py"):
        yield Program("frame", f"frame/{name}", ("python3", path), 300, builds=((PLAIN, "programs"), (PLAIN, "benchers")))


def _mib(top, build):
    yield Program("mib", "mib", (os.path.join(top, "tests/lint"), "mib"), 60)


def _unit(top, build, tier, variant, limit):
    for _, name in _programs(top, "tests/unit/test_*.c"):
        binary = os.path.join(output_folder(build, variant), "tests/unit", name)
        yield Program(tier, f"{tier}/{name}", (binary,), limit, variant, ((variant, "tests"),))


def _agents(top, build):
    """Those of both hosts, and some once more with the thread sanitizer."""
    programs = []
    for path, name in _programs(top, "tests/agent/test_*.py"):
        with open(path, encoding="utf-8") as file:
            marked = TSAN_MARK in file.read().splitlines()
        for host in ("agent", "dlmod"):
            if ONE_HOST.get(name, (host,))[0] != host:
                continue
            keys = {"phase": "alone" if name in ALONE else "agents", "environment": {"RASDIAL_TEST_HOST": host}}
            programs.append(Program(host, f"{host}/{name}", ("python3", path), 300, PLAIN, ((PLAIN, "programs"),), **keys))
            if marked:
                folder = "tsan" if host == "agent" else f"tsan/{host}"
                programs.append(Program("tsan", f"{folder}/{name}", ("python3", path), 600, TSAN, ((TSAN, "programs"),), **keys))
    return sorted(programs, key=lambda p: (not p.name.endswith(LONGEST), p.tier, p.name))


def _link(top, build):
    run = os.path.join(top, "tests/link/run")
    missing = "" if shutil.which("linux.uml") else "linux.uml is missing (apt-get install user-mode-linux)"
    for _, name in _programs(top, "tests/link/test_*.py"):
        yield Program("link", f"link/{name}", (run, name), 900, builds=((PLAIN, "programs"), (PLAIN, "peers")), phase="guests", skip=missing,
                      required=os.environ.get("LINK") == "required")


def _soak(top, build):
    minutes, count = os.environ.get("MINUTES") or "2", os.environ.get("COUNT") or "10000"
    seed = os.environ.get("SEED") or str(random.randrange(1 << 31))
    seconds = int(float(minutes) * 60)
    for name, variant in (("soak/chaos", PLAIN), ("soak/chaos-tsan", TSAN)):
        binary = os.path.join(output_folder(build, variant), "tests/soak/chaos")
        yield Program("soak", name, (binary, seed, minutes), seconds + 120, variant, ((variant, "soakers"),))
    for name, host in (("soak/load", "agent"), ("soak/load-dlmod", "dlmod")):
        yield Program("soak", name, ("python3", os.path.join(top, "tests/soak/load.py"), seed, minutes, count),
                      3 * seconds + int(count) // 2 + 1200, builds=((PLAIN, "programs"),), phase="alone",
                      environment={"RASDIAL_TEST_HOST": host})


def _lint(top, build):
    path = os.path.join(top, "tests/lint")
    for check in ("rules", "mib", "format", "service", "scripts", "gcc", "clang", "cppcheck", "tidy"):
        yield Program("lint", f"lint/{check}", (path, check), 600)


def catalogue(top, build):
    return [
        *_unit(top, build, "unit", PLAIN, 120),
        *_unit(top, build, "asan", ASAN, 240),
        *_agents(top, build),
        *_frame(top, build),
        *_mib(top, build),
        *_link(top, build),
        *_soak(top, build),
        *_lint(top, build),
    ]
