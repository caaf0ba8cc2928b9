# SPDX-License-Identifier: BSD-2-Clause
"""The rules of the house that a compiler does not know: who may include what, and what may stand where."""

import os
import re

from source import TOP_LEVEL, c_files, files, read

# Folder below plugin/ -> the folders, or single headers, that it may include. Dependencies point one way.
MAY_INCLUDE = {
    "sys": {"sys"},
    "ras": {"ras", "sys"},
    "driver": {"driver", "ras", "sys", "pppd-plugin/wire.h"},
    "config": {"config", "ras", "sys"},
    "control": {"control", "ras", "sys"},
    "agent": {"agent", "config", "control", "driver", "ras", "sys"},
    "helpers": {"sys"},
    "cli": {"cli", "config", "control", "driver", "ras", "sys"},
    "pppd-plugin": {"pppd-plugin", "sys"},
}
# Headers of libraries -> the only folders that may include them; "test_X" stands for programs of tests/unit.
LIBRARIES = (
    (re.compile(r"net-snmp/"), {"agent", "test_agent", "bench"}),
    (re.compile(r"yaml\.h$"), {"config"}),
    (re.compile(r"pppd/"), {"pppd-plugin"}),
    (re.compile(r"cmocka\.h$"), {"test", "test_agent"}),
)
FUNCTION_MAX, FILE_MAX = 80, 600  # lines
OID_ROOT = "7273"  # the last number of the root: in one place in C and one in the MIB

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
MACHINE_PATH = re.compile(r"(?<![\w.$/)}-])/(?:home|root|work|workspace|builds)/")
LEFT_TO_DO = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
SPDX = "SPDX-License-Identifier: BSD-2-Clause"


def _place(path):
    """What a C file counts as: its folder below plugin/, or the kind of test."""
    if path.startswith(("plugin/", "tests/bench/")):
        return path.split("/")[1]
    return "test_agent" if os.path.basename(path).startswith("test_agent_") else "test"


def includes(top):
    for path in c_files(top):
        place = _place(path)
        for number, line in enumerate(read(top, path).splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            own, library = match.groups()
            if own and place not in MAY_INCLUDE:
                if own.startswith("agent/") and place != "test_agent":
                    yield f'{path}:{number}: only tests named test_agent_* may include "{own}"'
            elif own and not {own, own.split("/")[0]} & MAY_INCLUDE[place]:
                yield f'{path}:{number}: {place}/ must not include "{own}"'
            if own and place in MAY_INCLUDE and not os.path.exists(os.path.join(top, "plugin", own)):
                yield f'{path}:{number}: "{own}" is not below plugin/'
            for pattern, places in LIBRARIES:
                if pattern.match(own or library) and place not in places:
                    yield f"{path}:{number}: only {' and '.join(sorted(places))} may include <{own or library}>"


def top_level(top):
    for name in sorted(os.listdir(top)):
        if name not in TOP_LEVEL and not name.startswith(".") and name != "build":
            yield f"{name}: does not belong at the top of the tree"
    for name in sorted(TOP_LEVEL - set(os.listdir(top))):
        yield f"{name}: is missing"


def _lines_with(top, paths, pattern):
    for path in paths:
        for number, line in enumerate(read(top, path).splitlines(), 1):
            if pattern.search(line):
                yield f"{path}:{number}: {line.strip()}"


def oid_root(top):
    number = re.compile(rf"\b{OID_ROOT}\b")
    code = "\n".join(re.sub(r"(?s)/\*.*?\*/", "", read(top, path)) for path in c_files(top) if path.startswith("plugin/"))
    count = len(number.findall(code))
    if count != 1:
        yield from [f"plugin: {count} times in C"] + list(_lines_with(top, c_files(top), number))
    places = list(_lines_with(top, [path for path in files(top) if path.startswith("mibs/")], number))
    if len(places) != 1:
        yield from [f"mibs: {len(places)} times"] + places


def machine_paths(top):
    yield from _lines_with(top, files(top), MACHINE_PATH)


def left_to_do(top):
    yield from _lines_with(top, files(top), LEFT_TO_DO)


def licence(top):
    for path in files(top):
        text = read(top, path)
        named = path.endswith((".c", ".h", ".py")) or path == "Makefile" or text.startswith("#!")
        if named and SPDX not in "".join(text.splitlines(True)[:3]):
            yield f"{path}: the first lines lack {SPDX}"


def _functions(text):
    """(first line, number of lines) of each function: from its head to the brace in the first column."""
    lines = text.splitlines()
    head = None
    for number, line in enumerate(lines):
        if line == "{":
            head = number
        elif line == "}" and head is not None:
            yield head, number - head - 1
            head = None


def lengths(top):
    for path in c_files(top):
        text = read(top, path)
        lines = text.count("\n")
        if lines > FILE_MAX and path.startswith("plugin/"):
            yield f"{path}: {lines} lines; a file is one thought, of at most {FILE_MAX}"
        for number, length in _functions(text):
            if length > FUNCTION_MAX:
                yield f"{path}:{number}: a function of {length} lines; at most {FUNCTION_MAX}"


def check(top):
    """(name, complaints) of each rule."""
    for name, rule in (
        ("includes point one way", includes),
        ("nothing else stands at the top of the tree", top_level),
        ("the root of the MIB stands in one place in C and one in the MIB", oid_root),
        ("no paths of a machine", machine_paths),
        ("nothing is left to do", left_to_do),
        ("every source names its licence", licence),
        ("files and functions are short", lengths),
    ):
        yield name, list(rule(top))
