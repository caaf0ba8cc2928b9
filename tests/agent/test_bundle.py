# SPDX-License-Identifier: BSD-2-Clause
"""Link mode dialAll: the links of an entry as rasLinkTable and rasLinkChange show them."""

from harness import *

GOOD = "setup=30ms"


def bundle(name, index, *destinations, link_mode="dial-all", **more):
    return line(name, index, destinations[0], link_mode=link_mode, subentries=[{"destination": d} for d in destinations[1:]],
                notify_types=["connected", "disconnected", "dial-failed", "link-change"], **more)


lab = Lab([
    bundle("both", 1, GOOD, "setup=300ms"),
    bundle("second lost", 2, GOOD, "setup=300ms,drop=1s,dropcode=629"),
    bundle("all fail", 3, "setup=20ms,fail=676", "setup=40ms,fail=678"),
    bundle("alone", 4, GOOD),
    bundle("needed", 5, "setup=30ms,load=90", "setup=30ms,load=0", link_mode="dial-as-needed",
           bandwidth={"add_percent": 75, "add_time": 2, "drop_percent": 50, "drop_time": 3}),
])


def link(entry, subentry=1):
    return lab.table("rasLinkTable", "rasLink")[entry, subentry]


def links_up(entry, n):
    until(lambda: lab.conn(entry)["LinksUp"] == n, 15, f"{n} links are up")


@test()
def both():
    """Both links come up: rows and notifications of both, one rasConnected, one row of the history"""
    lab.dial(1)
    links_up(1, 2)
    row = link(1)
    equal((row["OperStatus"], row["State"], row["Attempts"], row["Failures"]), ("up", "connected", 1, 0))
    check(row["IfIndex"] > 0, row)
    told = lab.notifications("rasLinkChange", 1, 2)
    equal([t["rasLinkOperStatus"] for t in told], ["up", "up"])
    equal([t["rasConnLinksUp"] for t in told], [1, 2])
    lab.hang_up(1)
    row = lab.wait(1, "down")
    equal((row["LinksUp"], row["Attempts"], row["Failures"]), (0, 1, 0))
    equal(link(1)["OperStatus"], "down")
    equal(len(lab.history(1)), 1)


@test()
def second_lost():
    """The second is lost: up with the other one"""
    lab.dial(2)
    links_up(2, 2)
    until(lambda: link(2)["OperStatus"] == "failed", 15, "the second is lost")
    row = link(2)
    equal((row["LastCause"], row["LastErrorCode"], row["IfIndex"], row["Failures"]), ("remoteHangup", 629, 0, 0))
    row = lab.conn(2)
    equal((row["OperStatus"], row["LinksUp"], row["LastErrorCode"]), ("up", 1, 0))
    lost = lab.notifications("rasLinkChange", 2, 3)[2]
    equal((lost["rasLinkOperStatus"], lost["rasLinkLastErrorCode"], lost["rasConnLinksUp"]), ("failed", 629, 1))
    lab.hang_up(2)
    lab.wait(2, "down")


@test()
def all_fail():
    """All fail: one failed attempt"""
    lab.dial(3)
    row = lab.wait(3, "failed")
    equal((row["LastErrorCode"], row["Attempts"], row["Failures"]), (676, 1, 1))
    row = link(3)
    equal((row["OperStatus"], row["LastErrorCode"], row["Attempts"], row["Failures"]), ("failed", 678, 1, 1))
    equal(len(lab.notifications("rasDialFailed", 3)), 1)


@test(60)
def as_needed():
    """dialAsNeeded: a link is added under load, and dropped when there is too little of it for both"""
    lab.dial(5)
    row = lab.wait(5, "up")
    equal((row["LinksUp"], row["Speed"]), (1, 56000))
    links_up(5, 2)
    equal(link(5)["OperStatus"], "up")
    links_up(5, 1)
    row = link(5)
    equal((row["OperStatus"], row["LastErrorCode"], row["Failures"]), ("down", 936, 0))
    lab.hang_up(5)
    lab.wait(5, "down")


@test(60)
def kill():
    """kill -9 with two links up: both are adopted"""
    lab.dial(1)
    links_up(1, 2)
    before = lab.conn(1)
    lab.kill_agent()
    lab.start_agent()
    links_up(1, 2)
    row = lab.conn(1)
    equal([row[c] for c in ("OperStatus", "CallId", "StartTime")], [before[c] for c in ("OperStatus", "CallId", "StartTime")])
    equal(link(1)["OperStatus"], "up")
    lab.hang_up(1)
    lab.wait(1, "down")


@test()
def other_mode():
    """Of an entry that is none of links any more, rasLinkTable shows nothing that was"""
    lab.dial(3)
    lab.wait(3, "failed")
    equal(link(3)["LastErrorCode"], 678)
    entries = lab.entries
    lab.write_config([{**e, "link_mode": "single"} if e["index"] == 3 else e for e in entries])
    lab.hup()
    until(lambda: (link(3)["OperStatus"], link(3)["LastErrorCode"], link(3)["Attempts"]) == ("down", 0, 0), 10, lambda: link(3))
    lab.write_config(entries)
    lab.hup()
    until(lambda: lab.get("rasEntryLinkMode.3") == "dialAll", 10, "read again")


@test()
def alone():
    """dialAll without a subentry is refused"""
    equal(lab.set(("rasConnAction.4", "dial")), "inconsistentValue")


run(lab)
