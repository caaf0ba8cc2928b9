# SPDX-License-Identifier: BSD-2-Clause
"""A small SNMPv2c manager: BER, GET, GETNEXT, GETBULK, SET over UDP, and the reading of notifications. usm.py adds SNMPv3.

Much faster than a process for each request, and it can send what the tools refuse to send.
"""
import itertools
import socket
import time
from collections import namedtuple

TYPES = {0x02: "INTEGER", 0x04: "OCTET STRING", 0x05: "NULL", 0x06: "OBJECT IDENTIFIER", 0x40: "IpAddress",
         0x41: "Counter32", 0x42: "Gauge32", 0x43: "TimeTicks", 0x44: "Opaque", 0x46: "Counter64", 0x80: "noSuchObject",
         0x81: "noSuchInstance", 0x82: "endOfMibView"}
TAGS = {name: tag for tag, name in TYPES.items()}
NUMBERS = ("INTEGER", "Counter32", "Gauge32", "TimeTicks", "Counter64")
GET, GETNEXT, RESPONSE, SET, GETBULK, TRAP = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA7
ERRORS = ("noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength",
          "wrongEncoding", "wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed",
          "undoFailed", "authorizationError", "notWritable", "inconsistentName")

VarBind = namedtuple("VarBind", "oid type value")
Pdu = namedtuple("Pdu", "kind request_id error index varbinds")  # error: its name; index: of the varbind, from 1


class SnmpTimeout(Exception):
    pass


class Missing:
    """What an SNMPv2 exception reads as; false, so that 'not value' works for all three."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name

    def __bool__(self):
        return False


NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB = Missing("noSuchObject"), Missing("noSuchInstance"), Missing("endOfMibView")
EXCEPTIONS = {"noSuchObject": NO_SUCH_OBJECT, "noSuchInstance": NO_SUCH_INSTANCE, "endOfMibView": END_OF_MIB}


# ---- BER ----

def tlv(tag, body):
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes(4, "big").lstrip(b"\0")
    return bytes((tag, 0x80 | len(size))) + size + body


def encode_int(tag, value):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def encode_oid(oid):
    out = bytearray([oid[0] * 40 + oid[1]])
    for sub in oid[2:]:
        octets = [sub & 0x7F]
        while sub > 0x7F:
            sub >>= 7
            octets.append(sub & 0x7F | 0x80)
        out += bytes(reversed(octets))
    return tlv(0x06, bytes(out))


def encode_value(kind, value):
    if kind in NUMBERS:
        return encode_int(TAGS[kind], value)
    if kind == "OBJECT IDENTIFIER":
        return encode_oid(value)
    return tlv(TAGS[kind], value or b"")


def read_tlv(data, at):
    tag, size = data[at], data[at + 1]
    at += 2
    if size & 0x80:
        n = size & 0x7F
        size, at = int.from_bytes(data[at:at + n], "big"), at + n
    if at + size > len(data):
        raise ValueError("BER: value reaches over the end")
    return tag, data[at:at + size], at + size


def read_all(data):
    at = 0
    while at < len(data):
        tag, body, at = read_tlv(data, at)
        yield tag, body


def decode_oid(body):
    subs, sub = [], 0
    for octet in body:
        sub = sub << 7 | octet & 0x7F
        if not octet & 0x80:
            subs.append(sub)
            sub = 0
    first = min(subs[0] // 40, 2)
    return (first, subs[0] - 40 * first, *subs[1:])


def decode_value(tag, body):
    kind = TYPES[tag]
    if kind in NUMBERS:
        return kind, int.from_bytes(body, "big", signed=kind == "INTEGER" or body[:1] < b"\x80")
    if kind == "OBJECT IDENTIFIER":
        return kind, decode_oid(body)
    return kind, EXCEPTIONS.get(kind, body)


def encode_pdu(kind, number, first, second, varbinds):
    """first, second: error and index, or what GETBULK has there."""
    rows = b"".join(tlv(0x30, encode_oid(oid) + encode_value(t, v)) for oid, t, v in varbinds)
    return tlv(kind, b"".join(encode_int(2, n) for n in (number, first, second)) + tlv(0x30, rows))


def decode_pdu(kind, pdu):
    request_id, error, index, (_, rows) = read_all(pdu)
    number = [int.from_bytes(x[1], "big", signed=True) for x in (request_id, error, index)]
    varbinds = []
    for _, row in read_all(rows):
        (_, oid), (tag, value) = read_all(row)
        varbinds.append(VarBind(decode_oid(oid), *decode_value(tag, value)))
    return Pdu(kind, number[0], ERRORS[number[1]] if kind != GETBULK else number[1], number[2], varbinds)


def decode_message(data):
    """Message -> (community, Pdu)."""
    _, body, _ = read_tlv(data, 0)
    (_, _), (_, community), (kind, pdu) = read_all(body)
    return community, decode_pdu(kind, pdu)


# ---- manager ----

class Manager:
    """Sends requests to one agent, by SNMPv2c or (v1) SNMPv1. Varbinds of a SET are (oid, type, value)."""

    _request_ids = itertools.count(1000)

    def __init__(self, address, community="rw", timeout=3.0, retries=1, v1=False):
        self.address, self.community, self.timeout, self.retries = address, community, timeout, retries
        self.version = 0 if v1 else 1
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address[0], 0))
        self.socket.connect(address)

    def close(self):
        self.socket.close()

    def packet(self, kind, varbinds, first=0, second=0, request_id=None):
        number = next(self._request_ids) if request_id is None else request_id
        pdu = encode_pdu(kind, number, first, second, varbinds)
        return tlv(0x30, encode_int(2, self.version) + tlv(4, self.community.encode()) + pdu), number

    def decode(self, data):
        return decode_message(data)[1]

    def receive(self, request_id, deadline):
        while True:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                pdu = self.decode(self.socket.recv(65535))
            except (TimeoutError, ConnectionRefusedError) as error:
                if time.monotonic() >= deadline:
                    raise SnmpTimeout(f"no answer from {self.address}") from error
                time.sleep(0.005)  # refused: the port is closed for now
                continue
            if pdu.request_id == request_id:
                return pdu

    def request(self, kind, varbinds, first=0, second=0, timeout=None, retries=None):
        """Sends and waits. A SET is sent once: a second one would be another SET."""
        retries = 0 if kind == SET else self.retries if retries is None else retries
        packet, request_id = self.packet(kind, varbinds, first, second)
        for attempt in range(retries + 1):
            try:
                self.socket.send(packet)
            except ConnectionRefusedError:
                pass  # the answer to an earlier packet
            try:
                return self.receive(request_id, time.monotonic() + (timeout or self.timeout))
            except SnmpTimeout:
                if attempt == retries:
                    raise
        return None

    def get(self, *oids, **kw):
        return self.request(GET, [(o, "NULL", None) for o in oids], **kw)

    def next(self, *oids, **kw):
        return self.request(GETNEXT, [(o, "NULL", None) for o in oids], **kw)

    def bulk(self, *oids, repetitions=10, non_repeaters=0, **kw):
        return self.request(GETBULK, [(o, "NULL", None) for o in oids], non_repeaters, repetitions, **kw)

    def set(self, *varbinds, timeout=10.0):
        return self.request(SET, varbinds, timeout=timeout)

    def walk(self, root, repetitions=0):
        """All varbinds below root, by GETNEXT or (repetitions > 0) by GETBULK. Raises on disorder."""
        at = root
        while True:
            pdu = self.next(at) if repetitions == 0 else self.bulk(at, repetitions=repetitions)
            if pdu.error != "noError":
                raise AssertionError(f"walk of {root} at {at}: {pdu.error}")
            for varbind in pdu.varbinds:
                if varbind.type == "endOfMibView" or varbind.oid[:len(root)] != root:
                    return
                if varbind.oid <= at:
                    raise AssertionError(f"walk is not ordered: {varbind.oid} after {at}")
                at = varbind.oid
                yield varbind
