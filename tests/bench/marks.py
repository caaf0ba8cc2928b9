# SPDX-License-Identifier: BSD-2-Clause
"""What is to be reached, as ratios of what one run has measured or as values of it."""
from collections import namedtuple

# value: function of median(key). why: the reason, to be told where the mark is not reached.
Mark = namedtuple("Mark", "text limit direction value unit why", defaults=("",))
AT_LEAST, AT_MOST = "at least", "at most"


def ratio(above, below):
    return lambda median: median(above) / median(below)


def value(key):
    return lambda median: median(key)


def ours(measure, than, what="server"):
    """How many times as much rasdial.so takes."""
    return ratio(f"{measure}/rasdial.so/{what}", f"{measure}/{than}/{what}")


def faster(measure, than, subject="rasdial.so"):
    """How many times as long the other's server takes."""
    return ratio(f"{measure}/{than}/server", f"{measure}/{subject}/server")


THE_DISK = ("the answer comes when the wish is on the disk, since an accepted dial outlives a crash of the host, and a disk that has rested is slow "
            "to begin. snmpd answers first, writes then, and waits for no disk. The line \"state in memory\" is without the disk.")
THE_DISK_FIRST = "the thread is let go when the wish is on the disk, and counted as running when its own record is written: compare \"to answer\"."
THE_DISK_EACH = "each SET waits for the disk, and a manager that waits for each answer waits for it 10,000 times."
THE_SCRIPT = ("a shell starts a program and answers; it keeps nothing, knows no states, and what it starts is not counted but for its beginning. "
              "Of rasdial's time the disk has the most (see \"state in memory\"), and the server's time has the records of the attempt in it.")

THE_LIBRARY = ("the most of it is what libnetsnmp does with a variable in snmpd and in the subagent, with AgentX between them, and "
               "that is the same for both tables: of rasdiald's instructions less than a tenth are of its table.")

THE_LOOP = ("snmpd asks for one value at a time, and for each of them both go three times through the loop of libnetsnmp. rasdiald's table takes fewer "
            "instructions (see the next line); its loop waits for six descriptors and not for three, which the kernel looks at each time: the others "
            "are for its threads, for signals and for the rasdial command.")

DIAL_MARKS = (
    *(Mark(f"SET dial, accepted, {host} against SET of sysName.0 in {other}: time until the answer, {how}", 1.5, AT_MOST,
           ratio(f"SET {how}/dial in {host}/wall", f"SET {how}/sysName.0 in {other}/wall"), "times", THE_DISK)
      for host, other in (("rasdial.so", "snmpd"), ("rasdiald", "a subagent")) for how in ("in a row", "by itself")),
    *(Mark(f"SET dial, in a row, a pass_persist script against {dial[8:]}: {text}", 10, AT_LEAST,
           ratio(f"SET in a row/dial by pass_persist/{what}", f"SET in a row/{dial}/{what}"), "times", THE_SCRIPT)
      for dial in ("dial in rasdial.so", "dial in rasdial.so, state in memory")
      for text, what in (("time until the answer", "wall"), ("server's time", "server"))),
    *(Mark(f"SET to thread running, {host}, 10,000 up: {name}", limit, AT_MOST, value(f"to thread running, {name}/{host}, all up/wall"), "ms",
           THE_DISK_FIRST)
      for host in ("rasdial.so", "rasdiald") for name, limit in (("median", 1), ("99 %", 10))),
    *(Mark(f"failure to notification received, {host}, nothing else up: median", 5, AT_MOST,
           value(f"to notification, median/{host}, none up/wall"), "ms") for host in ("rasdial.so", "rasdiald")),
    *(Mark(f"10,000 lines with a set-up of 1 s, {how}, from the first SET to all up, rasdiald", 30, AT_MOST,
           value(f"{how}/rasdiald/until all are up"), "s", THE_DISK_EACH) for how in ("50 in a SET", "one in a SET")),
    *(Mark(f"the same lines, 50 in a SET, {host}: longest wait for an answer", 1000, AT_MOST, value(f"50 in a SET/{host}/longest answer"), "ms")
      for host in ("rasdial.so", "rasdiald")),
    *(Mark(f"memory of one of 10,000 connections, {state}, {host}: resident", 24, AT_MOST, value(f"{state}/{host}, all/resident"), "KiB")
      for state in ("up", "dialing") for host in ("rasdial.so", "rasdiald")),
    Mark("the same: stack reserved", 64, AT_MOST, value("up/rasdiald, all/stack"), "KiB"),
    *(Mark(f"10,000 connections up and quiet, {host}: share of a processor", 2, AT_MOST, value(f"up/{host}, all/quiet"), "%")
      for host in ("rasdial.so", "rasdiald")),
    *(Mark(f"server's time of a dial {what}, rasdiald: with 10,000 connections against 1,000", 1.5, AT_MOST,
           ratio(f"{what}/rasdiald, all/server", f"{what}/rasdiald, a tenth/server"), "times") for what in ("to up", "to down")),
    *(Mark(f"instructions of a {what}: with 10,000 rows against 10", 4, AT_MOST,
           ratio(f"{what}/all of the rows/instructions", f"{what}/a thousandth of the rows/instructions"), "times") for what in ("GET", "GETNEXT", "SET dial")),
)

MARKS = (
    Mark("GETBULK 50 in snmpd, views checked: instructions, rasdial.so against table_tdata",
         1 / 3, AT_MOST, ours("GETBULK 50", "table_tdata.so", "instructions"), "times"),
    Mark("walk of the connection table, in snmpd: speed, rasdial.so against table_tdata",
         2.5, AT_LEAST, faster("walk", "table_tdata.so"), "times"),
    Mark("the same walk, in instructions",
         2.5, AT_LEAST, ratio("walk/table_tdata.so/instructions", "walk/rasdial.so/instructions"), "times"),
    Mark("the same walk as subagents: speed, rasdiald against table_tdata",
         1.0, AT_LEAST, faster("walk", "table_tdata, subagent", "rasdiald"), "times", THE_LOOP),
    Mark("the same walk as subagents, in instructions",
         1.0, AT_LEAST, ratio("walk/table_tdata, subagent/instructions", "walk/rasdiald/instructions"), "times"),
    Mark("all columns of 2 rows in one GETBULK, as subagents: speed, rasdiald against table_tdata",
         1.3, AT_LEAST, faster("rows 2", "table_tdata, subagent", "rasdiald"), "times", THE_LIBRARY),
    Mark("all columns of 10 rows in one GETBULK, as subagents: speed, rasdiald against table_tdata",
         1.3, AT_LEAST, faster("rows 10", "table_tdata, subagent", "rasdiald"), "times", THE_LIBRARY),
    Mark("the same 10 rows, in instructions",
         1.3, AT_LEAST, ratio("rows 10/table_tdata, subagent/instructions", "rows 10/rasdiald/instructions"), "times", THE_LIBRARY),
    Mark("GET of a column: server's time, rasdial.so against sysUpTime.0",
         1.15, AT_MOST, ours("GET", "sysUpTime.0"), "times"),
    Mark("the same GET, in instructions",
         1.15, AT_MOST, ours("GET", "sysUpTime.0", "instructions"), "times"),
    Mark("GET: speed, rasdial.so against a pass_persist script",
         10, AT_LEAST, faster("GET", "pass_persist"), "times",
         "a request that asks for one value is snmpd's own work for the most part, here as there. Even sysUpTime.0, which snmpd "
         "has at hand, is far from ten times as fast as the script (see the table)."),
    Mark("GET of all columns of a row: speed, rasdial.so against a pass_persist script",
         10, AT_LEAST, faster("GET row", "pass_persist"), "times"),
    Mark("walk: speed, rasdial.so against a pass_persist script",
         10, AT_LEAST, faster("walk", "pass_persist"), "times"),
    *DIAL_MARKS,
)


def judge(mark, median):
    """The mark with what was measured, and whether it is reached; None where it was not measured."""
    try:
        value = mark.value(median)
    except KeyError:
        value = None
    reached = None if value is None else value >= mark.limit if mark.direction == AT_LEAST else value <= mark.limit
    return {"text": mark.text, "limit": mark.limit, "direction": mark.direction, "unit": mark.unit, "value": value, "reached": reached,
            "why": mark.why}
