# SPDX-License-Identifier: BSD-2-Clause
"""Ethernet cables to the far side, and access concentrators of PPPoE at their ends."""
import subprocess

from far_side import FOLDER, IN_FAR, NETWORK, write


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def cable(name, up=True):
    """An Ethernet interface here, and its other end on the far side."""
    ip("link", "add", name, "type", "veth", "peer", "name", f"{name}p", "netns", NETWORK)
    ip("-n", NETWORK, "link", "set", f"{name}p", "up")
    if up:
        ip("link", "set", name, "up")


class Concentrator:
    """pppoe-server at the far end of a cable; addresses 10.67.NUMBER.1 and, for callers, .100 and up."""

    def __init__(self, name, number, sessions):
        options = f"{FOLDER}/pppoe-{name}"
        write(options, "require-chap\nname far\nlocal\nnodefaultroute\nnoproxyarp\nms-dns 10.67.1.53\nlcp-restart 1\n")
        self.command = [*IN_FAR, "pppoe-server", "-F", "-I", f"{name}p", "-C", "concentrator", "-S", "internet",
                        "-L", f"10.67.{number}.1", "-R", f"10.67.{number}.100", "-N", str(sessions), "-O", options]
        self.child = None
        self.begin()

    def begin(self):
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)

    def restart(self):
        self.child.kill()
        self.child.wait()
        self.begin()
