# SPDX-License-Identifier: BSD-2-Clause
"""Stops a program at the calls with which it changes files below a folder: to end it there, or to make the call fail.

So every step of a write can be tried, not only those that a kill at random happens to hit.
"""
import ctypes
import errno
import os
import platform
import signal
import struct
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.restype = ctypes.c_long
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
POKEUSER, CONT, DETACH, SYSCALL, SEIZE, INTERRUPT, SYSCALL_INFO = 6, 7, 17, 24, 0x4206, 0x4207, 0x420E
TRACESYSGOOD, TRACECLONE = 1, 8
WALL, NO_THREAD = 0x40000000, 0x20000000
ENTRY, EXIT = 1, 2  # kinds of struct ptrace_syscall_info

# What the numbers mean, and which arguments are descriptors of what is changed. open for writing is told by its flags.
NAMES = {
    "x86_64": {1: "write", 20: "writev", 18: "pwrite64", 74: "fsync", 75: "fdatasync", 76: "truncate", 77: "ftruncate", 82: "rename",
               83: "mkdir", 86: "link", 87: "unlink", 2: "open", 257: "openat", 258: "mkdirat", 263: "unlinkat", 264: "renameat",
               265: "linkat", 316: "renameat2", 285: "fallocate"},
    "aarch64": {64: "write", 66: "writev", 68: "pwrite64", 82: "fsync", 83: "fdatasync", 46: "ftruncate", 34: "mkdirat", 35: "unlinkat",
                37: "linkat", 38: "renameat", 276: "renameat2", 56: "openat", 47: "fallocate"},
}
OPENS_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
WITHOUT_DESCRIPTOR = ("open", "rename", "mkdir", "link", "unlink", "truncate")


def why_not():
    """Why calls cannot be looked at here; empty: they can."""
    if platform.machine() not in NAMES:
        return f"the numbers of system calls on {platform.machine()} are not known"
    child = os.fork()
    if child == 0:
        signal.pause()
    try:
        if LIBC.ptrace(SEIZE, child, None, None) < 0:
            return f"ptrace: {os.strerror(ctypes.get_errno())}"
        return ""
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, WALL)


def cannot_fail():
    """Why calls cannot be made to fail here; empty: they can."""
    return why_not() or ("" if platform.machine() == "x86_64" else f"not written for {platform.machine()}")


class Stepper:
    """Looks at a program while it is in the block. decide(number, name) is asked at each call that changes something below the
    folder, numbered from 1, and returns None (go on), "kill", or an errno. The calls are in self.calls then.

    The program's threads are all looked at; with first_only calls of the first one alone count. Nobody may ask for its end (Process.alive) meanwhile: the answer would be taken away
    from us."""

    def __init__(self, process, folder, decide, first_only=False):
        self.pid, self.folder, self.decide, self.first_only = process.pid, os.path.realpath(folder), decide, first_only
        self.names = NAMES[platform.machine()]
        self.calls, self.failing, self.trouble = [], {}, None
        self.seen, self.over = set(), threading.Event()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(10)
        if self.trouble:
            raise self.trouble

    @staticmethod
    def _ptrace(request, tid, addr=0, data=0):
        result = LIBC.ptrace(request, tid, ctypes.c_void_p(addr), data if isinstance(data, ctypes.Array) else ctypes.c_void_p(data))
        if result < 0 and ctypes.get_errno() != errno.ESRCH:
            raise OSError(ctypes.get_errno(), f"ptrace({request}): {os.strerror(ctypes.get_errno())}")
        return result

    def _run(self):
        try:
            for tid in map(int, os.listdir(f"/proc/{self.pid}/task")):
                self._ptrace(SEIZE, tid, 0, TRACESYSGOOD | TRACECLONE)
                self._ptrace(INTERRUPT, tid)
                self.seen.add(tid)
            self.ready.set()
            while not self.over.is_set():
                if not self._turn():
                    self.over.wait(0.0005)
            self._leave()
        except ChildProcessError:
            pass  # the program is gone
        except Exception as error:  # pylint: disable=broad-except
            self.trouble = error
        finally:
            self.ready.set()

    def _turn(self):
        """Handles one stop. False: there is none."""
        tid, status = os.waitpid(-1, WALL | NO_THREAD | os.WNOHANG)
        if tid == 0:
            return False
        if not os.WIFSTOPPED(status):
            self.seen.discard(tid)
            return True
        self.seen.add(tid)
        number, event = os.WSTOPSIG(status), status >> 16
        if number == signal.SIGTRAP | 0x80:
            self._at_call(tid)
        deliver = 0 if number & 0x80 or event or number == signal.SIGTRAP else number
        self._ptrace(SYSCALL, tid, 0, deliver)
        return True

    def _leave(self):
        """Lets every thread go on by itself; each must be stopped for that."""
        waiting = set(self.seen)
        for tid in waiting:
            self._ptrace(INTERRUPT, tid)
        while waiting:
            tid, status = os.waitpid(-1, WALL | NO_THREAD)
            if os.WIFSTOPPED(status):
                number, event = os.WSTOPSIG(status), status >> 16
                if number == signal.SIGTRAP | 0x80:
                    self._finish(tid)
                self._ptrace(DETACH, tid, 0, 0 if number & 0x80 or event or number == signal.SIGTRAP else number)
            waiting.discard(tid)

    def _info(self, tid):
        """(kind, number, arguments) of the call at which it stands."""
        room = ctypes.create_string_buffer(88)
        if self._ptrace(SYSCALL_INFO, tid, len(room), room) < 0:
            return None, None, ()
        kind = room.raw[0]
        number, *arguments = struct.unpack_from("7Q", room.raw, 24)
        return kind, number, arguments

    def _finish(self, tid):
        """A call that was to fail is over: its answer."""
        if tid in self.failing and self._info(tid)[0] == EXIT:
            self._ptrace(POKEUSER, tid, 10 * 8, (1 << 64) - self.failing.pop(tid))  # rax

    def _at_call(self, tid):
        kind, number, arguments = self._info(tid)
        self._finish(tid)
        name = self.names.get(number)
        if kind != ENTRY or name is None or not self._changes(name, arguments) or (self.first_only and tid != self.pid):
            return
        self.calls.append(name)
        verdict = self.decide(len(self.calls), name)
        if verdict == "kill":
            os.kill(self.pid, signal.SIGKILL)
        elif verdict:
            self.failing[tid] = verdict
            self._ptrace(POKEUSER, tid, 15 * 8, (1 << 64) - 1)  # orig_rax: no call

    def _changes(self, name, arguments):
        if name in ("open", "openat") and not arguments[1 if name == "open" else 2] & OPENS_TO_WRITE:
            return False
        if name in WITHOUT_DESCRIPTOR:
            return True
        number = ctypes.c_int(arguments[0]).value
        if number < 0:
            return True  # AT_FDCWD
        try:
            where = os.readlink(f"/proc/{self.pid}/fd/{number}")
        except OSError:
            return False
        return where.startswith(self.folder)
