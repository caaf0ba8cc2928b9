# SPDX-License-Identifier: BSD-2-Clause
"""An AgentX master (RFC 2741) for tests: it speaks properly to one subagent and dies when told to.

Also masters that are no masters: one that accepts and is silent, one that cannot be connected to.
"""
import os
import socket
import struct
import time
from collections import namedtuple

OPEN, CLOSE, REGISTER, UNREGISTER, GET, GETNEXT, GETBULK = 1, 2, 3, 4, 5, 6, 7
TESTSET, COMMITSET, UNDOSET, CLEANUPSET, NOTIFY, PING = 8, 9, 10, 11, 12, 13
ADDAGENTCAPS, REMOVEAGENTCAPS, RESPONSE = 16, 17, 18
NETWORK_ORDER, CONTEXT = 0x10, 0x08
STRINGS = (4, 64, 68)  # OCTET STRING, IpAddress, Opaque
WORDS = (2, 65, 66, 67)  # INTEGER, Counter32, Gauge32, TimeTicks
ERRORS = {0: "noError", 5: "genErr", 6: "noAccess", 7: "wrongType", 8: "wrongLength", 10: "wrongValue", 11: "noCreation",
          12: "inconsistentValue", 13: "resourceUnavailable", 14: "commitFailed", 15: "undoFailed", 17: "notWritable",
          18: "inconsistentName"}

Message = namedtuple("Message", "kind flags session transaction packet body order")
Answer = namedtuple("Answer", "error index varbinds")


def encode_oid(oid):
    return struct.pack(">BBBB", len(oid), 0, 0, 0) + b"".join(struct.pack(">I", s) for s in oid)


def encode_octets(octets):
    return struct.pack(">I", len(octets)) + octets + b"\0" * (-len(octets) % 4)


def encode_varbind(oid, tag, value):
    head = struct.pack(">HH", tag, 0) + encode_oid(oid)
    if tag in WORDS:
        return head + struct.pack(">i" if tag == 2 else ">I", value)
    return head + (encode_octets(value) if tag in STRINGS else b"")


def header(kind, size, session=77, transaction=1, packet=1):
    return struct.pack(">BBBBIIII", 1, kind, NETWORK_ORDER, 0, session, transaction, packet, size)


def decode_oid(body, at, order):
    count, prefix = body[at], body[at + 1]
    subs = struct.unpack_from(f"{order}{count}I", body, at + 4)
    return ((1, 3, 6, 1, prefix) if prefix else ()) + subs, at + 4 + 4 * count


def decode_varbinds(body, at, order):
    found = []
    while at < len(body):
        (tag,) = struct.unpack_from(order + "H", body, at)
        oid, at = decode_oid(body, at + 4, order)
        value = None
        if tag in WORDS:
            (value,) = struct.unpack_from(order + ("i" if tag == 2 else "I"), body, at)
            at += 4
        elif tag == 70:
            (value,) = struct.unpack_from(order + "Q", body, at)
            at += 8
        elif tag == 6:
            value, at = decode_oid(body, at, order)
        elif tag in STRINGS:
            (size,) = struct.unpack_from(order + "I", body, at)
            value, at = body[at + 4:at + 4 + size], at + 4 + (size + 3) // 4 * 4
        found.append((oid, tag, value))
    return found


class Master:
    """Listens on a Unix socket. serve() answers what a subagent asks until a condition holds; the other functions ask it."""

    def __init__(self, path):
        if os.path.lexists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.peer, self.session, self.packet = None, 77, 0
        self.registered, self.capabilities, self.notifications = [], [], []
        self.begin = time.monotonic()

    # ---- the subagent asks ----

    def accept(self, timeout=10):
        """Waits for a subagent and serves it until it has registered something."""
        self.listener.settimeout(timeout)
        self.peer, _ = self.listener.accept()
        self.registered, self.capabilities = [], []
        self.serve(lambda: self.registered and self.capabilities, timeout)

    def serve(self, condition, timeout=10):
        end = time.monotonic() + timeout
        while not condition():
            message = self.read(max(0.01, end - time.monotonic()))
            if message:
                self.answer(message)
            elif time.monotonic() >= end:
                raise AssertionError(f"subagent did not say what was expected within {timeout} s")

    def read(self, timeout):
        """The next message, or None."""
        self.peer.settimeout(timeout)
        try:
            head = self._exactly(20)
        except TimeoutError:
            return None
        version, kind, flags, _ = head[:4]
        assert version == 1, f"AgentX version {version}"
        order = ">" if flags & NETWORK_ORDER else "<"
        session, transaction, packet, size = struct.unpack(order + "IIII", head[4:])
        assert size % 4 == 0, "AgentX payload is not a multiple of four"
        self.peer.settimeout(5)
        return Message(kind, flags, session, transaction, packet, self._exactly(size), order)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.peer.recv(size - len(data))
            if not more:
                raise ConnectionError("subagent closed the connection")
            data += more
        return data

    def answer(self, message):
        at = 0
        if message.flags & CONTEXT:
            (size,) = struct.unpack_from(message.order + "I", message.body, 0)
            at = 4 + (size + 3) // 4 * 4
        if message.kind == REGISTER:
            self.registered.append(decode_oid(message.body, at + 4, message.order)[0])
        elif message.kind == ADDAGENTCAPS:
            self.capabilities.append(decode_oid(message.body, at, message.order)[0])
        elif message.kind == NOTIFY:
            self.notifications.append(decode_varbinds(message.body, at, message.order))
        if message.kind != RESPONSE:
            uptime = int((time.monotonic() - self.begin) * 100)
            self._send(RESPONSE, struct.pack(">IHH", uptime, 0, 0), message.transaction, message.packet)

    # ---- the master asks ----

    def _send(self, kind, body, transaction, packet):
        self.peer.sendall(header(kind, len(body), self.session, transaction, packet) + body)

    def ask(self, kind, body=b"", transaction=None, timeout=5):
        """Sends a request, in a transaction of its own if none is given, and gives the answer back; serves what comes between."""
        self.packet += 1
        self._send(kind, body, transaction or 1000 + self.packet, self.packet)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            message = self.read(max(0.01, end - time.monotonic()))
            if message and message.kind == RESPONSE and message.packet == self.packet:
                _, error, index = struct.unpack_from(message.order + "IHH", message.body, 0)
                return Answer(ERRORS.get(error, error), index, decode_varbinds(message.body, 8, message.order))
            if message:
                self.answer(message)
        raise AssertionError(f"subagent did not answer request {kind}")

    def test_set(self, transaction, *varbinds):
        return self.ask(TESTSET, b"".join(encode_varbind(*v) for v in varbinds), transaction)

    def commit_set(self, transaction):
        return self.ask(COMMITSET, b"", transaction)

    def undo_set(self, transaction):
        return self.ask(UNDOSET, b"", transaction)

    def cleanup_set(self, transaction):
        """It has no answer."""
        self.packet += 1
        self._send(CLEANUPSET, b"", transaction, self.packet)

    def get(self, *oids):
        ranges = b"".join(encode_oid(o) + encode_oid(()) for o in oids)
        return [value for _, _, value in self.ask(GET, ranges).varbinds]

    def hang_up(self):
        """Ends the connection as a master that was killed does."""
        if self.peer:
            self.peer.close()
            self.peer = None

    def close(self):
        self.hang_up()
        self.listener.close()


class SilentMaster:
    """Accepts and never says anything. address: what rasdiald -x takes."""

    def __init__(self, path=None, ip=None):
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.address = f"unix:{path}"
        else:
            self.listener = socket.create_server((ip, 0))
            self.address = "tcp:%s:%d" % self.listener.getsockname()
        self.listener.listen(16)
        self.peers = []

    def accept(self, timeout=10):
        """Waits until a subagent has connected and said something."""
        self.listener.settimeout(timeout)
        peer, _ = self.listener.accept()
        peer.settimeout(timeout)
        assert peer.recv(1, socket.MSG_PEEK), "subagent closed the connection"
        self.peers.append(peer)

    def close(self):
        for peer in self.peers:
            peer.close()
        self.listener.close()


class FullMaster:
    """Cannot be connected to: its queue is full, so a connect waits for good."""

    def __init__(self, path=None, ip=None):
        family = socket.AF_UNIX if path else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.bind(path or (ip, 0))
        self.listener.listen(0)
        where = self.listener.getsockname()
        self.address = f"unix:{path}" if path else "tcp:%s:%d" % where
        self.guests = []
        for _ in range(4):
            guest = socket.socket(family)
            guest.setblocking(False)
            self.guests.append(guest)
            guest.connect_ex(where)

    def close(self):
        for guest in self.guests:
            guest.close()
        self.listener.close()
