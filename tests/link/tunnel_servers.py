# SPDX-License-Identifier: BSD-2-Clause
"""Servers of tunnels on the far side, and the way there: xl2tpd and pptpd at FAR; at FULL an xl2tpd that has one address for its callers,
at STRICT one that wants a secret for the tunnel; at NOBODY nobody listens; at BLOCKED and REFUSED
calls of PPTP are taken and GRE is dropped or refused; at MUTE nobody says a word, be he asked for a call or a name."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from far_side import FOLDER, IN_FAR, NETWORK, write
from watchers import network, read

NEAR, FAR, NOBODY, BLOCKED, REFUSED, MUTE, FULL, STRICT = (f"10.8.0.{n}" for n in (2, 1, 3, 4, 5, 6, 7, 8))
HOST = "lns.test"
PPP = "nodefaultroute\nnoproxyarp\nname far\nnoccp\nlcp-restart 1\n"
PPTP_PORT = 1723
DNS_PORT = 53
GRE = 47


def command(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def connect():
    """A cable between both sides, a name for the far one, and a name server."""
    command("ip", "link", "add", "near0", "type", "veth", "peer", "name", "far0")
    command("ip", "link", "set", "far0", "netns", NETWORK)
    command("ip", "addr", "add", f"{NEAR}/24", "dev", "near0")
    command("ip", "link", "set", "near0", "up")
    for address in (FAR, NOBODY, BLOCKED, REFUSED, MUTE, FULL, STRICT):
        command("ip", "-n", NETWORK, "addr", "add", f"{address}/24", "dev", "far0")
    command("ip", "-n", NETWORK, "link", "set", "far0", "up")
    for name, text in (("hosts", f"127.0.0.1 localhost\n{FAR} {HOST}\n"),
                       ("resolv.conf", f"nameserver {MUTE}\noptions timeout:5 attempts:1\n")):
        write(f"/tmp/{name}", text, 0o644)
        command("mount", "--bind", f"/tmp/{name}", f"/etc/{name}")


class Server:
    """A program on the far side that can be started again."""

    def __init__(self, *argv):
        self.argv = argv
        self.child = None
        self.start()

    def start(self):
        self.child = subprocess.Popen([*IN_FAR, *self.argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, start_new_session=True)

    def send(self, number):
        os.killpg(self.child.pid, number)

    def end(self, number=signal.SIGTERM):
        self.send(number)
        self.child.wait(10)


def lns(address=FAR, addresses="10.97.0.10-10.97.0.50", more="", options="require-chap\nms-dns 10.97.0.1\n", before=()):
    """before: a command that becomes xl2tpd."""
    path = f"{FOLDER}/lns-{address}"
    write(f"{path}.ppp", PPP + options)
    write(f"{path}.secrets", "* * secret-of-the-tunnel\n")
    write(f"{path}.conf", f"[global]\nlisten-addr = {address}\nauth file = {path}.secrets\n[lns default]\nip range = {addresses}\n"
          f"local ip = 10.97.0.1\nname = far\npppoptfile = {path}.ppp\n{more}")
    return Server(*before, "/usr/sbin/xl2tpd", "-D", "-c", f"{path}.conf", "-p", f"{path}.pid", "-C", f"{path}.control")


def pptp(address=FAR, options="require-mschap-v2\n"):
    path = f"{FOLDER}/pptpd-{address}"
    write(f"{path}.ppp", PPP + "local\nnolock\n" + options)
    write(f"{path}.conf", f"option {path}.ppp\nlocalip 10.96.0.1\nremoteip 10.96.0.10-50\nlisten {address}\n")
    return Server("/usr/sbin/pptpd", "-f", "-c", f"{path}.conf", "-p", f"{path}.pid")


def stand_in():
    return Server(sys.executable, os.path.abspath(__file__))


def listening(where):
    """Does somebody on the far side, be it over UDP or TCP?"""
    text = subprocess.run([*IN_FAR, "/bin/cat", "/proc/net/udp", "/proc/net/tcp"], stdout=subprocess.PIPE, check=True).stdout
    host, port = where
    octets = socket.inet_aton(host)
    return f" {int.from_bytes(octets, sys.byteorder):08X}:{port:04X} ".encode() in text


def far_pids(*names):
    ours = network("self")
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and network(pid) not in (None, ours)
            and read(f"/proc/{pid}/comm").decode().strip() in names]


def kill_far(number, *names):
    for pid in far_pids(*names):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


# ---- on the far side: PPTP (RFC 2637) as far as a client needs it to believe in a call ----

def message(kind, body):
    return struct.pack(">HHIHH", 12 + len(body), 1, 0x1A2B3C4D, kind, 0) + body


def take_call(connection):
    with connection:
        while True:
            head = connection.recv(12, socket.MSG_WAITALL)
            if len(head) < 12:
                return
            length, kind = struct.unpack(">H6xH2x", head)
            body = connection.recv(length - 12, socket.MSG_WAITALL)
            if kind == 1:
                connection.sendall(message(2, struct.pack(">HBBIIHH64s64s", 0x100, 1, 0, 3, 3, 1, 1, b"far", b"far")))
            elif kind == 7:
                connection.sendall(message(8, struct.pack(">HHBBHIHHI", 77, *struct.unpack(">H", body[:2]), 1, 0, 0, 100000, 64, 0, 0)))


def listen(address, serve):
    with socket.create_server((address, PPTP_PORT)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


def main():
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind((MUTE, DNS_PORT))
    # Where somebody takes GRE, the kernel does not answer that nobody does.
    dropped = socket.socket(socket.AF_INET, socket.SOCK_RAW, GRE)
    dropped.bind((BLOCKED, 0))
    for address, serve in ((MUTE, lambda _: time.sleep(1000)), (REFUSED, take_call)):
        threading.Thread(target=listen, args=(address, serve), daemon=True).start()
    listen(BLOCKED, take_call)


if __name__ == "__main__":
    main()
