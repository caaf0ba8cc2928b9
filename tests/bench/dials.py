# SPDX-License-Identifier: BSD-2-Clause
"""How soon a dial begins and how soon its failure is told, while many other connections are up."""
import contextlib
import ctypes
import os
import select
import socket
import statistics
import struct
import time

from crowd import ACTION, HOSTS, PATIENCE, SLOW, begin, lab_of, rounds
from lab import ROWS_AT_ONCE
from mib import MIB
from programs import LIBC, SO_RCVBUFFORCE
from snmp import SET, decode_message
from tap import check, equal, until

TITLE = "Dials"
SAID = """
While none, some ({some:,}) or all ({all:,}) of many connections are up, other lines are dialed one after the other, and each step is
timed by the same process. To thread running: from sending the SET until the record of the attempt is in the run directory; the dial's
own thread writes it when it enters the first state. To notification: from there until rasDialFailed has come to the receiver, by way
of snmpd; these lines fail in the first state. Until all are up: lines with a set-up of 1 s, from the first SET on; the next SET is
sent when the one before is answered, and each answer waits for the disk. Longest answer: to one of these SETs. {rounds} rounds at most.
"""
ALL, SOME, PROBES = 10000, 1000, 200
ROUNDS = 3
IN_MOVED_TO = 0x80
INOTIFY_EVENT = struct.Struct("iIII")
FAILING = "fail=678,at=openPort", {"redial_max": 0, "notify_types": ["dial-failed"]}


class Receiver:
    """In the place of a Sink, without a thread: notifications are read where the time is taken."""

    def __init__(self, ip):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, 0))
        self.address = self.socket.getsockname()
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        except OSError:
            pass  # the usual size will do

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        """The entry that it is about."""
        _, pdu = decode_message(self.socket.recv(65535))
        found = [MIB.find(v.oid) for v in pdu.varbinds[2:]]
        return [instance[0] for obj, instance in found if obj and obj.name == "rasConnCallId"]

    def close(self):
        self.socket.close()


class Records:
    """Tells when a record of an attempt has come into the run directory."""

    def __init__(self, folder):
        self.fd = LIBC.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        check(self.fd >= 0 and LIBC.inotify_add_watch(self.fd, os.fsencode(folder), IN_MOVED_TO) >= 0,
              f"inotify: {os.strerror(ctypes.get_errno())}")

    def fileno(self):
        return self.fd

    def read(self):
        """Names of the files."""
        data, at, names = os.read(self.fd, 65536), 0, []
        while at < len(data):
            size = INOTIFY_EVENT.unpack_from(data, at)[3]
            at += INOTIFY_EVENT.size + size
            names.append(data[at - size:at].rstrip(b"\0").decode())
        return [name for name in names if name.endswith(".link")]

    def forget(self):
        """What has come so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                os.read(self.fd, 65536)

    def close(self):
        os.close(self.fd)


class Probes:
    """Dials single lines and takes the times."""

    def __init__(self, lab):
        self.lab, self.records = lab, Records(lab.run_dir)
        self.action = MIB.oid("rasConnAction")

    def dial(self, index, told):
        """Returns the moments of sending, of the answer, of the record, and (told) of the notification."""
        manager, came = self.lab.manager, {}
        waits = {manager.socket: "answer", self.records: "record", **({self.lab.sink: "told"} if told else {})}
        packet, number = manager.packet(SET, [((*self.action, index), "INTEGER", ACTION["dial"])])
        came["sent"] = time.perf_counter_ns()
        manager.socket.send(packet)
        while waits:
            ready, _, _ = select.select(list(waits), [], [], PATIENCE)
            now = time.perf_counter_ns()
            check(ready, f"dial of {index}: no {list(waits.values())}")
            for source in ready:
                if self.read(source, index, number):
                    came[waits.pop(source)] = now
        return came

    def read(self, source, index, number):
        """Is this what is waited for?"""
        if source is not self.lab.manager.socket:
            return index in source.read() if source is self.lab.sink else source.read()
        pdu = self.lab.manager.decode(source.recv(65535))
        equal((pdu.request_id, pdu.error), (number, "noError"), "answer")
        return True

    def close(self):
        self.records.close()


def record_times(bench, subject, measure, times_ns):
    times = sorted(times_ns)
    bench.record(f"{measure}, median/{subject}/wall", statistics.median(times) / 1e6, "ms")
    bench.record(f"{measure}, 99 %/{subject}/wall", times[len(times) * 99 // 100] / 1e6, "ms")


class Host:
    """One life of a host: first the lines that stay up, then those that take long, then those that fail."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.live, self.n = bench.at_most(ALL), bench.at_most(PROBES)
        self.lab = lab_of(bench, HOSTS[name], ["setup=1s"] * self.live + [SLOW] * self.n + [FAILING] * self.n)
        self.lab.sink.close()
        self.lab.sink = Receiver(self.lab.ip)
        begin(self.lab)
        self.probes = Probes(self.lab)

    def dial(self, count, at_once):
        """The first lines, until all are up. Returns the seconds until each answer, and until all are up."""
        begin_s = time.monotonic()
        answers = self.lab.act_in_turn("dial", range(1, count + 1), at_once)
        until(lambda: self.lab.get("rasEntriesUp.0") == count, PATIENCE, "all are up")
        return answers, time.monotonic() - begin_s

    def probe(self, how_many, live):
        subject = f"{self.name}, {how_many} up"
        self.probes.records.forget()
        slow = [self.probes.dial(self.live + i, False) for i in range(1, self.n + 1)]
        self.lab.act_in_turn("hangUp", range(self.live + 1, self.live + self.n + 1))
        until(lambda: self.lab.get("rasThreads.0") == live, PATIENCE, "the others are down")
        failing = [self.probes.dial(self.live + self.n + i, True) for i in range(1, self.n + 1)]
        record_times(self.bench, subject, "to answer", [t["answer"] - t["sent"] for t in slow])
        record_times(self.bench, subject, "to thread running", [t["record"] - t["sent"] for t in slow])
        record_times(self.bench, subject, "to notification", [t["told"] - t["record"] for t in failing])

    def time_all(self, at_once, how):
        answers, up = self.dial(self.live, at_once)
        self.bench.record(f"{how}/{self.name}/dials accepted", self.live / sum(answers), "per s")
        self.bench.record(f"{how}/{self.name}/longest answer", 1000 * max(answers), "ms")
        self.bench.record(f"{how}/{self.name}/until all are up", up, "s")

    def measure(self):
        some = self.bench.at_most(SOME)
        self.probe("none", 0)
        self.dial(some, ROWS_AT_ONCE)
        self.probe("some", some)
        self.lab.quiet(PATIENCE)
        self.time_all(ROWS_AT_ONCE, f"{ROWS_AT_ONCE} in a SET")
        self.lab.quiet(PATIENCE)
        self.time_all(1, "one in a SET")
        self.probe("all", self.live)
        self.probes.close()
        self.lab.close()


def measure(bench):
    global NOTE  # pylint: disable=global-statement
    NOTE = SAID.format(rounds=ROUNDS, some=bench.at_most(SOME), all=bench.at_most(ALL))
    for _ in rounds(bench, ROUNDS):
        for name in HOSTS:
            Host(bench, name).measure()
