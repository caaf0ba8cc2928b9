# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: it tells the whole story, and leaves nothing behind however it ends."""

import os
import re
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "agent"))

from tap import check, equal, main, test, until  # noqa: E402

BUILD = os.environ.get("RASDIAL_BUILD", os.path.join(TOP, "build"))
TMP = os.environ.get("RASDIAL_TMP", "/tmp")
FOLDER = re.compile(r"rasdial-demo\.\w+")
STORY = (
    r"head-office +connects +loopback",
    r"\$ snmpset .* rasConnAction\.1 = dial",
    r"rasConnOperStatus\.1 = dialing",
    r"rasConnOperStatus\.1 = up +rasConnState\.1 = connected",
    r"rasConnIfName\.1 = lo",
    r"snmpTrapOID\.0 = rasConnected",
    r"rasConnOperStatus\.2 = failed",
    r"snmpTrapOID\.0 = rasDialFailed",
    r"rasConnLastErrorCode\.2 = 691",
    r"snmpTrapOID\.0 = rasRedialExhausted",
    r"rasConnLastCause\.2 = authFailure",
    r"\$ snmpset .* rasConnAction\.1 = hangUp",
    r"rasConnOperStatus\.1 = down",
    r"snmpTrapOID\.0 = rasDisconnected",
    r" branch +snmp ",
    r"false +authFailure +691 ",
    r"true +localRequest +631 ",
    r"That was it\.",
)


def demo(**environment):
    return subprocess.Popen(["tests/demo/demo.sh"], cwd=TOP, env=os.environ | {"BUILD": BUILD, "KEEP": ""} | environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


def nothing_left():
    equal([name for name in os.listdir(TMP) if FOLDER.match(name)], [], "folders left")


@test(90)
def tells_the_story():
    """The story is told, step by step, with names, and ends with 0"""
    process = demo()
    output, _ = process.communicate()
    equal(process.returncode, 0, output)
    place = 0
    for pattern in STORY:
        found = re.search(pattern, output[place:])
        check(found, f"{pattern!r} does not follow in\n{output[place:]}")
        place += found.end()
    check("\033[" not in output, "no colours outside of a terminal")
    check("SNMPv2-SMI::" not in output and "iso.3" not in output, "names, not numbers: " + output)
    nothing_left()


@test(60)
def ends_at_interrupt():
    """Ctrl-C in the middle ends all of it"""
    process = demo()
    for line in process.stdout:
        if "rasConnAction.1 = dial" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    equal(process.returncode, 130)
    nothing_left()


@test(90)
def keeps_running():
    """KEEP=1 leaves it running, and the command that it tells ends it"""
    process = demo(KEEP="1")
    output, _ = process.communicate()
    equal(process.returncode, 0, output)
    stop = re.search(r"To end it: (\S+)", output).group(1)
    query = re.search(r"snmpwalk (.*) rasConnTable", output).group(1)
    try:
        answer = subprocess.run(f". {os.path.dirname(stop)}/env; snmpget {query} rasConnOperStatus.2", shell=True,
                                capture_output=True, text=True, check=False)
        equal(answer.stdout.strip(), "rasConnOperStatus.2 = failed", answer.stderr)
    finally:
        subprocess.run([stop], check=True)
    until(lambda: not [name for name in os.listdir(TMP) if FOLDER.match(name)], 10, "its folder is gone")


@test(20)
def says_what_is_missing():
    """Without a build it says so, and fails"""
    process = demo(BUILD="/nonexistent")
    output, _ = process.communicate()
    check(process.returncode != 0 and "nonexistent" in output, output)


sys.exit(main())
