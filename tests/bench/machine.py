# SPDX-License-Identifier: BSD-2-Clause
"""Where and with what it was measured, and how much processor time a process has used."""
import os
import platform
import re
import shutil
import subprocess
import time

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def _first_line(pattern, *command):
    """What a program says of its version."""
    if not shutil.which(command[0], path=PATH):
        return "none"
    done = subprocess.run(command, env=os.environ | {"PATH": PATH}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search(pattern, done.stdout)
    return found[1] if found else "unknown"


def _field(path, pattern, unknown="unknown"):
    with open(path, encoding="utf-8") as file:
        found = re.search(pattern, file.read())
    return found[1].strip() if found else unknown


def describe():
    compiler = os.environ.get("CC", "cc").split() or ["cc"]
    processor = _field("/proc/cpuinfo", r"model name\s*: (.*)", platform.machine())
    memory = int(_field("/proc/meminfo", r"MemTotal:\s*(\d+)", "0")) / (1 << 20)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": f"{len(os.sched_getaffinity(0))} processors {processor}, {memory:.0f} GiB",
        "versions": {
            "rasdial": _first_line(r"rasdiald (\S+)", os.path.join(os.environ["RASDIAL_BUILD"], "rasdiald"), "-V"),
            "net-snmp": _first_line(r"version:\s*(\S+)", "snmpd", "-v"),
            "compiler": _first_line(r"(.*)", *compiler, "--version"),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "valgrind": _first_line(r"valgrind-(\S+)", "valgrind", "--version"),
        },
    }


def cpu_ns(*pids):
    """Processor time that processes have used, with all their threads, those that have ended too."""
    return sum(time.clock_gettime_ns(~pid << 3 | 2) for pid in pids)  # the clock of another process, clock_getcpuclockid(3)
