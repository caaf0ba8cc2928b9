# SPDX-License-Identifier: BSD-2-Clause
"""SNMPv3 with authentication and privacy: HMAC-SHA-96 and AES-128 of the user-based security model (RFC 3414, RFC 3826).

For tests that send thousands of requests: a process of net-snmp's tools for each would take minutes."""
import hashlib
import hmac
import os
import time

from snmp import Manager, decode_pdu, encode_int, encode_pdu, read_all, read_tlv, tlv

REPORT = 0xA8
SHA_ROOM, DIGEST = 12, hashlib.sha1
PRIV, AUTH, REPORTABLE = 2, 1, 4
NOT_IN_TIME = (1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0)  # usmStatsNotInTimeWindows.0


# ---- AES-128 (FIPS 197), one block, encryption only: all that the cipher feedback mode needs ----

def double(octet):
    return (octet << 1 ^ (0x11B if octet & 0x80 else 0)) & 0xFF


def substitutions():
    """The inverse in GF(2^8) of each octet by powers of 3, then the affine map."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value ^= double(value)
    logs = {p: n for n, p in enumerate(powers)}
    table = []
    for octet in range(256):
        inverse = powers[-logs[octet] % 255] if octet else 0
        table.append(0x63 ^ inverse ^ ((inverse << 1 | inverse >> 7) ^ (inverse << 2 | inverse >> 6) ^ (inverse << 3 | inverse >> 5)
                                       ^ (inverse << 4 | inverse >> 4)) & 0xFF)
    return table


SBOX = substitutions()
DOUBLE = [double(n) for n in range(256)]
ROWS_SHIFTED = [(n + 4 * (n % 4)) % 16 for n in range(16)]


class Aes:
    def __init__(self, key):
        words, factor = [key[n:n + 4] for n in range(0, 16, 4)], 1
        while len(words) < 44:
            word = words[-1]
            if len(words) % 4 == 0:
                word = bytes(SBOX[b] for b in word[1:] + word[:1])
                word, factor = bytes((word[0] ^ factor,)) + word[1:], double(factor)
            words.append(bytes(a ^ b for a, b in zip(word, words[-4])))
        self.keys = [b"".join(words[n:n + 4]) for n in range(0, 44, 4)]

    def block(self, octets):
        state = [a ^ b for a, b in zip(octets, self.keys[0])]
        for number, key in enumerate(self.keys[1:], 1):
            state = [SBOX[state[n]] for n in ROWS_SHIFTED]
            if number < 10:
                mixed = []
                for n in range(0, 16, 4):
                    a, b, c, d = state[n:n + 4]
                    every = a ^ b ^ c ^ d
                    mixed += [a ^ every ^ DOUBLE[a ^ b], b ^ every ^ DOUBLE[b ^ c], c ^ every ^ DOUBLE[c ^ d], d ^ every ^ DOUBLE[d ^ a]]
                state = mixed
            state = [a ^ b for a, b in zip(state, key)]
        return bytes(state)

    def feedback(self, text, vector, decrypt):
        """Cipher feedback mode, 128 bits."""
        out = b""
        for at in range(0, len(text), 16):
            part = text[at:at + 16]
            done = bytes(a ^ b for a, b in zip(part, self.block(vector)))
            out, vector = out + done, part if decrypt else done
        return out


def localized_key(password, engine):
    once = password.encode()
    key = DIGEST((once * (1048576 // len(once) + 1))[:1048576]).digest()
    return DIGEST(key + engine + key).digest()


class UserManager(Manager):
    """A Manager that speaks as a user, authPriv with SHA and AES."""

    def __init__(self, address, user, auth, priv, **kw):
        super().__init__(address, **kw)
        self.user, self.passwords = user.encode(), (auth, priv)
        self.engine, self.auth_key, self.cipher = b"", b"", None
        self.boots, self.time, self.seen = 0, 0, time.monotonic()

    def message(self, number, flags, digest, salt, data):
        now = self.time + int(time.monotonic() - self.seen) if self.engine else 0
        head = encode_int(2, number) + encode_int(2, 65507) + tlv(4, bytes((flags,))) + encode_int(2, 3)
        model = tlv(4, self.engine) + encode_int(2, self.boots) + encode_int(2, now) + tlv(4, self.user if flags & AUTH else b"")
        model += tlv(4, digest) + tlv(4, salt)
        return tlv(0x30, encode_int(2, 3) + tlv(0x30, head) + tlv(4, tlv(0x30, model)) + data), now

    def packet(self, kind, varbinds, first=0, second=0, request_id=None):
        if not self.engine:
            self.discover()
        number = next(self._request_ids) if request_id is None else request_id
        scoped = tlv(0x30, tlv(4, self.engine) + tlv(4, b"") + encode_pdu(kind, number, first, second, varbinds))
        salt, room = os.urandom(8), bytes(SHA_ROOM)
        now = self.time + int(time.monotonic() - self.seen)
        data = tlv(4, self.cipher.feedback(scoped, self.vector(self.boots, now, salt), False))
        packet, sent = self.message(number, AUTH | PRIV | REPORTABLE, room, salt, data)
        if sent != now:  # a second has gone by meanwhile
            return self.packet(kind, varbinds, first, second, number)
        digest = hmac.new(self.auth_key, packet, DIGEST).digest()[:SHA_ROOM]
        at = packet.index(tlv(4, room) + tlv(4, salt)) + 2
        return packet[:at] + digest + packet[at + SHA_ROOM:], number

    @staticmethod
    def vector(boots, now, salt):
        return boots.to_bytes(4, "big") + now.to_bytes(4, "big") + salt

    def open(self, data):
        """Message -> (engine, boots, time, digest is right, PDU)."""
        _, body, _ = read_tlv(data, 0)
        _, (_, head), (_, model), (tag, rest) = read_all(body)
        flags = list(read_all(head))[2][1][0]
        engine, boots, now, _, digest, salt = (v for _, v in read_all(read_tlv(model, 0)[1]))
        boots, now = int.from_bytes(boots, "big"), int.from_bytes(now, "big")
        if flags & PRIV:
            rest = read_tlv(self.cipher.feedback(rest, self.vector(boots, now, salt), True), 0)[1]
        right = flags & AUTH and hmac.compare_digest(
            digest, hmac.new(self.auth_key, data.replace(digest, bytes(SHA_ROOM), 1), DIGEST).digest()[:SHA_ROOM])
        _, _, (kind, pdu) = read_all(rest)
        return engine, boots, now, bool(right), decode_pdu(kind, pdu)

    def discover(self):
        """Asks for engine, boots and time."""
        number = next(self._request_ids)
        scoped = tlv(0x30, tlv(4, b"") + tlv(4, b"") + encode_pdu(0xA0, number, 0, 0, []))
        for _ in range(10):
            self.socket.send(self.message(number, REPORTABLE, b"", b"", scoped)[0])
            self.socket.settimeout(self.timeout)
            try:
                engine, boots, now, _, _ = self.open(self.socket.recv(65535))
            except (TimeoutError, ConnectionRefusedError):
                continue
            self.engine, self.boots, self.time, self.seen = engine, boots, now, time.monotonic()
            self.auth_key = localized_key(self.passwords[0], engine)
            self.cipher = Aes(localized_key(self.passwords[1], engine)[:16])
            return
        raise AssertionError("no engine is discovered")

    def decode(self, data):
        engine, boots, now, right, pdu = self.open(data)
        if not right or engine != self.engine:
            raise AssertionError(f"answer that nobody vouches for: {pdu}")
        self.boots, self.time, self.seen = boots, now, time.monotonic()
        if pdu.kind == REPORT and pdu.varbinds[0].oid != NOT_IN_TIME:
            raise AssertionError(f"report: {pdu.varbinds}")
        return pdu

    def request(self, *arguments, **kw):
        pdu = super().request(*arguments, **kw)
        return super().request(*arguments, **kw) if pdu.kind == REPORT else pdu  # now with the right time
