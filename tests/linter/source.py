# SPDX-License-Identifier: BSD-2-Clause
"""The files of the project, by path from the top of the tree."""

import os

FOLDERS = ("plugin", "mibs", "config", "tests", ".ci")
TOP_LEVEL = {"Makefile", "plugin", "mibs", "config", "tests", "README.md", "LICENSE"}  # and names with a dot in front


def files(top):
    for name in sorted(os.listdir(top)):
        if os.path.isfile(os.path.join(top, name)):
            yield name
    for folder in FOLDERS:
        for where, below, names in os.walk(os.path.join(top, folder)):
            below[:] = sorted(set(below) - {"__pycache__"})
            for name in sorted(names):
                yield os.path.relpath(os.path.join(where, name), top)


def c_files(top, *endings):
    """Sources and headers."""
    return [path for path in files(top) if path.endswith(endings or (".c", ".h"))]


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as file:
        return file.read()
