# SPDX-License-Identifier: BSD-2-Clause
"""A small disk for the state directory, in a mount namespace of its own, so that it can be full or read-only."""
import os
import shutil
import subprocess

from programs import Process
from tap import Skip, until


class Disk:
    """A tmpfs on the folder. The program that is started with before=disk.inside sees it; from outside it is disk.path."""

    def __init__(self, lab, folder, size="256k"):
        for program in ("unshare", "nsenter", "mount"):
            if not shutil.which(program):
                raise Skip(f"{program} is not installed")
        os.makedirs(folder, exist_ok=True)
        log = lab.dir + "/disk.log"
        self.folder = folder
        self.holder = Process(["unshare", "-m", "--propagation", "private", "sh", "-c",
                               'mount -t tmpfs -o mode=0700,size="$1" tmpfs "$0" && echo mounted && exec sleep 1000', folder, size],
                              log, {**lab.env(), "RASDIAL_LAB": "disk"})
        until(lambda: "mounted" in self.holder.log() or not self.holder.alive, 10, "a tmpfs is mounted")
        if not self.holder.alive:
            raise Skip(f"no mount namespace: {self.holder.log().strip()}")
        self.path = f"/proc/{self.holder.pid}/root{folder}"
        self.inside = ("nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt")

    def mount(self, how):
        """ro or rw. Nobody may have a file open for writing."""
        subprocess.run([*self.inside, "mount", "-o", f"remount,{how}", self.folder], check=True)

    def fill(self):
        """Takes all the room there is."""
        with open(self.path + "/ballast", "ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def empty(self):
        os.unlink(self.path + "/ballast")

    def close(self):
        self.holder.kill()
