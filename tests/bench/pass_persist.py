#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rows of rasConnTable as one would serve them with a script: the protocol of pass_persist, see snmpd.conf(5).

    pass_persist.py ROOT ROWS VALUES

VALUES: as STOCK_VALUES of stock.h."""
import sys

ROOT, ROWS = sys.argv[1].lstrip("."), int(sys.argv[2])
TYPES = {0x02: "integer", 0x41: "counter", 0x42: "gauge", 0x43: "timeticks"}


def read_value(line):
    """How pass_persist wants type and value."""
    kind, _, octets = line.strip().partition(" ")
    octets = bytes.fromhex(octets)
    if int(kind, 16) in TYPES:
        return TYPES[int(kind, 16)], int.from_bytes(octets, "little", signed=True)
    return ("string", octets.decode()) if octets.isascii() and b"\0" not in octets else ("octet", octets.hex(" "))


with open(sys.argv[3], encoding="ascii") as file:
    VALUES = [read_value(line) for line in file]


def parse(oid):
    """The numbers behind the root; None: it is not below it."""
    oid = oid.lstrip(".")
    if oid == ROOT:
        return []
    return [int(x) for x in oid[len(ROOT) + 1:].split(".")] if oid.startswith(ROOT + ".") else None


def following(numbers):
    """Column and row behind what was asked for."""
    column, row = (*numbers, 0, 0)[:2]
    column, row = (1, 1) if column < 1 else (column, row + 1)
    return (column + 1, 1) if row > ROWS else (column, row)


def answer(column, row):
    if 1 <= column <= len(VALUES) and 1 <= row <= ROWS:
        kind, value = VALUES[column - 1]
        print(f".{ROOT}.{column}.{row}\n{kind}\n{value}", flush=True)
    else:
        print("NONE", flush=True)


for command in sys.stdin:
    command = command.strip()
    if command == "PING":
        print("PONG", flush=True)
    elif command in ("get", "getnext"):
        numbers = parse(sys.stdin.readline().strip())
        if numbers is None or command == "get" and len(numbers) != 2:
            print("NONE", flush=True)
        else:
            answer(*(numbers if command == "get" else following(numbers)))
    elif command == "set":
        sys.stdin.readline()
        sys.stdin.readline()
        print("not-writable", flush=True)
    elif not command:
        break
