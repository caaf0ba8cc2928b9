# SPDX-License-Identifier: BSD-2-Clause
"""The state directory from outside: files of rows, lines of the journal, and what a start says of them."""
import os
import re
import shutil
import stat
import zlib

from tap import check, equal


def seal_row(text):
    """The text of a row with the sum that belongs to it."""
    return text + b"# sum=%08x\n" % zlib.crc32(text)


def unseal_row(octets):
    text, sum_line = octets[:-15], octets[-15:]
    equal(sum_line, b"# sum=%08x\n" % zlib.crc32(text), "last line of a row's file")
    return text


def seal_line(line):
    """A line of the journal, with its sum and newline."""
    return line + b" sum=%08x\n" % zlib.crc32(line)


def unseal_line(line):
    return re.sub(rb" sum=[0-9a-f]{8}\n?$", b"", line)


def change_list(*steps):
    """What is written down before several rows change: ("put" or "remove", index, is there a file before)."""
    return b"".join(seal_line(b"%s index=%d before=%d of=%d" % (kind.encode(), index, before, len(steps))) for kind, index, before in steps)


class StateDir:
    """The state directory of a laboratory."""

    def __init__(self, lab):
        self.lab, self.path, self.rows = lab, lab.state_dir, os.path.join(lab.state_dir, "entries")
        self.journal = os.path.join(self.path, "journal")

    def row(self, index):
        return os.path.join(self.rows, f"{index}.yaml")

    def read_row(self, index):
        return read(self.row(index))

    def write_row(self, index, octets):
        write(self.row(index), octets)

    def variant(self, template, index, name):
        """The file of a row that is like another one but for index and name."""
        text = unseal_row(template)
        text = re.sub(rb'^name: .*$', lambda _: b'name: "%s"' % name.encode(), text, count=1, flags=re.M)
        return seal_row(re.sub(rb"^index: .*$", b"index: %d" % index, text, count=1, flags=re.M))

    def everything(self):
        """{path: what is there}, but for the journal and the lock, whose affairs are others."""
        found = {}
        for folder, names, files in os.walk(self.path):
            for name in names + files:
                path = os.path.join(folder, name)
                if os.path.relpath(path, self.path) not in ("journal", "lock"):
                    found[os.path.relpath(path, self.path)] = describe(path)
        return found

    def clear(self):
        """No state at all; the agent does not run."""
        for top in (self.path, self.lab.run_dir):
            shutil.rmtree(top, ignore_errors=True)

    def save(self, name=".saved"):
        """A copy of the directory, for restore()."""
        copy = self.path + name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.path, copy, symlinks=True)

    def restore(self, name=".saved"):
        self.clear()
        shutil.copytree(self.path + name, self.path, symlinks=True)

    # ---- what a start did ----

    def check_aside(self, name, wanted, why="damaged"):
        """The file is gone, stands beside under a new name as it was, and the log tells both."""
        path, aside = os.path.join(self.path, name), f"{name}.{why}-1"
        check(not os.path.lexists(path), f"{name} is still there")
        check(os.path.lexists(os.path.join(self.path, aside)), f"there is no {aside}: {sorted(os.listdir(os.path.dirname(path)))[:40]}")
        equal(describe(os.path.join(self.path, aside)), wanted, f"content of {aside}")
        log = self.lab.agent.log()
        check(re.search(rf"warning:.*{re.escape(name)}\b.*{re.escape(aside)}\b", log), f"the log tells of {aside}: {log[-2000:]}")

    def check_quiet(self):
        """Another start finds nothing wrong and changes nothing."""
        self.lab.stop_agent()
        before = self.everything()
        self.lab.start_agent()
        equal(self.lab.get("rasStorageStatus.0", "rasStorageProblems.0"), ["ok", 0], "second start")
        equal(self.everything(), before, "second start")
        log = self.lab.agent.log()
        check(not re.search("warning:|error:", log), f"second start: {log[-2000:]}")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, octets):
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(octets)


def describe(path):
    """What stands under a name, without opening what is no file."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return "link", os.readlink(path)
    if stat.S_ISREG(mode):
        size = os.path.getsize(path)
        return "file", read(path) if size < 1 << 20 else size
    return stat.filemode(mode)[0], sorted(os.listdir(path)) if stat.S_ISDIR(mode) else ""
