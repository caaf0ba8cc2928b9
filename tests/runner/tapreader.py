# SPDX-License-Identifier: BSD-2-Clause
"""Reads what a test program says: "ok N - name", "not ok N - name", "# SKIP reason", "1..N".

A program may hold several plans one after the other, as cmocka groups do. A skipped test is a skipped test
whether it is called ok or not (cmocka says "not ok N # SKIP")."""

import re
from dataclasses import dataclass, field

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

_RESULT = re.compile(r"(not )?ok\b *(\d+)?\s*(?:- )?(.*)$")
_PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$", re.IGNORECASE)
_SKIP = re.compile(r"(.*?)#\s*SKIP\b\s*(.*)$", re.IGNORECASE)
_BAIL_OUT = "Bail out!"


@dataclass
class Result:
    outcome: str
    name: str
    detail: list = field(default_factory=list)  # what the program said about it, line by line


def _result(match):
    is_not, _, name = match.groups()
    skip = _SKIP.match(name)
    if skip:
        return Result(SKIPPED, skip.group(1).strip() or skip.group(2).strip(), [skip.group(2).strip()])
    return Result(FAILED if is_not else PASSED, name.strip())


def parse(text):
    """Results of a program from its standard output. What is wrong with the output is a failed result too."""
    results, planned, said = [], None, []
    for line in text.splitlines():
        plan, result = _PLAN.match(line), _RESULT.match(line)
        if plan:
            planned, said = (planned or 0) + int(plan.group(1)), []
            if int(plan.group(1)) == 0 and plan.group(2) is not None:
                planned += 1
                results.append(Result(SKIPPED, "all", [plan.group(2).strip()]))
        elif result:
            results.append(_result(result))
            # The lines before a failure are as telling as those behind it.
            if results[-1].outcome == FAILED:
                results[-1].detail += said
            said = []
        elif line.startswith(_BAIL_OUT):
            results.append(Result(FAILED, line))
            planned = len(results)
            break
        elif results and results[-1].outcome == FAILED and line.startswith("#"):
            results[-1].detail.append(line)
        else:
            said.append(line)
    if planned is None:
        results.append(Result(FAILED, "no plan (1..N) in the output", said))
    elif planned != len(results):
        results.append(Result(FAILED, f"{planned} tests planned, {len(results)} told", said))
    return results
