# SPDX-License-Identifier: BSD-2-Clause
"""The same laboratory with the other host: snmpd has the agent loaded, and is both of the programs."""
import functools
import os
import re
import signal
import subprocess

from lab import BUILD, Lab
from mib import TOP
from programs import Process
from snmp import SnmpTimeout
from tap import check, until

RASDIAL_SO = os.path.join(BUILD, "rasdial.so")


@functools.cache
def sanitizer():
    """The library of the sanitizer that the object was built with, which wants to be the first in snmpd; empty: none."""
    try:
        told = subprocess.run(["ldd", RASDIAL_SO], stdout=subprocess.PIPE, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(r"lib[at]san\.so\S* => (\S+)", told)
    return found[1] if found else ""


class DlmodLab(Lab):
    """As Lab. snmpd and the agent begin and end as one: starting the agent is starting snmpd, and the other way round."""

    def start_snmpd(self):
        """It comes with the agent."""

    def log_of(self, program):
        return super().log_of("snmpd")

    def logs(self):
        return [self.log_of("snmpd")]

    def snmpd_lines(self):
        """Those of config/snmpd.conf."""
        with open(os.path.join(TOP, "config/snmpd.conf"), encoding="utf-8") as file:
            text = "".join(re.findall(r"(?m)^#(dlmod .*\n|rasdial\w+ /.*\n)", file.read()))
        for written, here in (("/usr/lib/rasdial/rasdial.so", RASDIAL_SO), ("/etc/rasdial/rasdial.yaml", self.config),
                              ("/var/lib/rasdial", self.state_dir), ("/run/rasdial", self.run_dir)):
            check(text.count(written + "\n") == 1, f"config/snmpd.conf has {written}")
            text = text.replace(written + "\n", here + "\n")
        return super().snmpd_lines() + text

    def snmpd_command(self, *arguments):
        """It reads our configuration alone."""
        return [*(["env", f"LD_PRELOAD={sanitizer()}"] if sanitizer() else []),
                "snmpd", "-C", "-c", self.write_snmpd_conf(), "-I", "-smux", *arguments]

    def start_agent(self, *arguments, wait=True, before=()):
        self.agent = self.snmpd = Process([*before, *self.snmpd_command("-f", "-Le", *arguments)], self.log_of("snmpd"), self.env())
        if wait:
            self.wait_agent()

    def wait_agent(self, timeout=15):
        until(self.snmpd_answers, timeout, lambda: "snmpd answers\n" + self.agent.log()[-3000:])
        super().wait_agent(timeout)

    def agent_fds(self):
        """Without those of snmpd to the network: it forgets one at each SIGHUP."""
        with open("/proc/net/udp", encoding="ascii") as file:
            own = {f"socket:[{line.split()[9]}]" for line in file.readlines()[1:]}
        return [fd for fd in super().agent_fds() if fd not in own]

    def agent_away(self, timeout=10):
        """Nobody answers any more."""
        def silent():
            try:
                self.raw("rasVersion.0")
                return False
            except SnmpTimeout:
                return True
        until(silent, timeout, "snmpd has ended")

    def stop_agent(self, limit=5.0):
        super().stop_agent(limit)
        self.snmpd = None

    def hup(self):
        """Another engine begins: it counts notifications anew, and adopts links."""
        super().hup()
        self.restarts += 1

    def reload(self, timeout=15):
        """SIGHUP, until it is done. Returns what was logged."""
        seen = len(self.agent.log())
        self.hup()
        until(lambda: "read again: " in self.agent.log()[seen:], timeout, lambda: self.agent.log()[seen:])
        return self.agent.log()[seen:]

    def kill_agent(self, asks=True):
        super().kill_agent(asks)
        self.snmpd = None

    def stop_snmpd(self, number=signal.SIGTERM):
        check(number == signal.SIGTERM, "snmpd is the agent")
        self.stop_agent()

    def close(self):
        self.snmpd = None
        super().close()
