# SPDX-License-Identifier: BSD-2-Clause
"""Networks of our own: the test program moves into a network namespace, and a second one, with a cable between both, is another
host. Nothing of the machine is touched, and the kernel takes all of it away when the processes end."""
import ctypes
import os
import shutil
import subprocess

from programs import LIBC, Process
from tap import check, until

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
HERE, HERE6 = "10.99.0.1", "fd99::1"


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
    check(done.returncode == 0, f"{' '.join(command)}: {done.stdout.decode('utf-8', 'replace')}")


def enter():
    """Moves this process into namespaces of its own, as root or as a user who may make some. Before it has threads. Returns why that
    cannot be, or ""."""
    for program in ("ip", "nsenter", "unshare"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"{program} is not installed"
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWNET | CLONE_NEWNS | (CLONE_NEWUSER if user else 0)
    if LIBC.unshare(flags) < 0:
        return f"no network namespace without root here ({os.strerror(ctypes.get_errno())})"
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    try:
        run("mount", "--make-rprivate", "/")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "name", "probe", "type", "veth", "peer", "name", "probe-far")
        run("ip", "link", "del", "name", "probe")
    except AssertionError as trouble:
        return f"no network of one's own here: {trouble}"
    return ""


def mapped():
    """Whether root is only another name of an ordinary user here."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return file.read().split() != ["0", "0", "4294967295"]


class Far:
    """Another host, at the end of a cable. number: the last part of its address."""

    def __init__(self, folder, number=2):
        self.holder = Process(["unshare", "--net", "sleep", "infinity"], f"{folder}/far.log")
        mine = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != mine, 5, "a namespace")
        self.prefix = ("nsenter", f"--net=/proc/{self.holder.pid}/ns/net")
        run("ip", "link", "add", "name", "cable", "type", "veth", "peer", "name", "cable", "netns", str(self.holder.pid))
        for prefix, last in (((), 1), (self.prefix, number)):
            run(*prefix, "ip", "address", "add", f"10.99.0.{last}/24", "dev", "cable")
            run(*prefix, "ip", "address", "add", f"fd99::{last}/64", "dev", "cable", "nodad")
            run(*prefix, "ip", "link", "set", "cable", "up")
        run(*self.prefix, "ip", "link", "set", "lo", "up")

    def cut(self):
        """Nothing gets through, and neither side is told."""
        run("ip", "link", "set", "cable", "down")

    def mend(self):
        run("ip", "link", "set", "cable", "up")
        run("ip", "address", "replace", f"{HERE6}/64", "dev", "cable", "nodad")  # it went with the link

    def vanish(self):
        """Power off: what runs there ends without a farewell. Its processes have to be ended before."""
        run("ip", "link", "del", "name", "cable")
        self.holder.kill()


def put_in_place(path, text, folder):
    """Another file in place of one of the machine's, for us and what we start. Writing to the returned path changes it."""
    mine = os.path.join(folder, os.path.basename(path))
    with open(mine, "w", encoding="utf-8") as file:
        file.write(text)
    run("mount", "--bind", mine, os.path.realpath(path))
    return mine
