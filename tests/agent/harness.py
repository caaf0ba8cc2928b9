# SPDX-License-Identifier: BSD-2-Clause
"""What a test program imports: the laboratory, the manager, the MIB, and the runner.

    from harness import *
    lab = Lab([line("hq", 1)])

    @test()
    def dials():
        \"\"\"A dial comes up.\"\"\"
        lab.dial(1)
        lab.wait(1, "up")

    run(lab)

Run with: python3 tests/agent/test_X.py [part of a function's name]. Environment: RASDIAL_BUILD (folder with rasdiald), RASDIAL_TMP
(folder for what the programs write), RASDIAL_KEEP=1 (leave that), RASDIAL_TEST_PATIENCE (factor for deadlines), RASDIAL_TEST_HOST
(agent: rasdiald has the agent; dlmod: snmpd has it).
"""
import os
import shutil
import sys

import tap
from books import SUM_SCALARS, SYS_UP_TIME, Watch  # noqa: F401
from config_text import line  # noqa: F401
from host_lab import Lab  # noqa: F401
from lab import RASDIALD, parse_tool  # noqa: F401
from mib import MIB, MIB_FILE  # noqa: F401
from programs import Process  # noqa: F401
from snmp import SET, Manager, SnmpTimeout  # noqa: F401
from tap import HOST, Skip, check, equal, say, test, until  # noqa: F401


def run(lab=None):
    """Runs the tests of the calling program and exits. With a lab it is begun first, checked after each test and at the end."""
    for program in ("snmpd", "snmptrapd", "snmpget"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin"):
            print(f"1..0 # SKIP {program} is not installed")
            sys.exit(0)
    if not os.access(RASDIALD, os.X_OK):
        print(f"Bail out! {RASDIALD} is not built")
        sys.exit(1)
    if lab is None:
        sys.exit(tap.main())

    def finish():
        """Ends in time with status 0, no process and no report of a sanitizer left"""
        lab.finish()

    trouble = tap.attempt(lab.begin, 60)
    if trouble:
        print("Bail out! The laboratory does not start")
        tap.say(trouble)
        lab.tell()
        sys.exit(1)
    sys.exit(tap.main(lab.after_test, finish, lab.tell))
