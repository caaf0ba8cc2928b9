#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A modem on a pseudo-terminal.

    modem_emulator.py DEVICE TABLE

DEVICE is made as a link to the line. TABLE is a JSON file: what the modem does when a number is dialed:
    {"5550100": {"say": "BUSY"}, "5550107": {"say": "CONNECT 57600", "run": ["/usr/sbin/pppd", ...]}}
say: the answer, none for silence; after: seconds before it; run: the program that then has the line; echo: the far end sends everything
back; without both the far end is silent, with mute also without having said anything. A command in place of a number ("AT+CPIN=1234")
is answered likewise; other commands are OK. "~", with which PPP begins, is for a line on which nobody dials: a leased one, or a null
modem cable. Commands are written down, a line each, in TABLE.said. TABLE.rests is there while nobody has
the line open. SIGUSR1 is the loss of the carrier: the line hangs up."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
import tty


class CarrierLost(Exception):
    pass


def lose_carrier(*_):
    raise CarrierLost


class Modem:
    def __init__(self, device, table, said, rests):
        self.device, self.table, self.said, self.rests = device, table, said, rests
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        path = os.ttyname(slave)
        os.close(slave)
        temporary = f"{device}.new"
        os.symlink(path, temporary)
        os.replace(temporary, device)
        self.far = None

    def read(self):
        """One octet; "" when nobody has the line open."""
        try:
            return os.read(self.master, 1).decode("latin-1")
        except OSError:
            time.sleep(0.05)
            return ""

    def write(self, text):
        try:
            os.write(self.master, text.encode("latin-1"))
        except OSError:
            pass

    def tell_rest(self, rests):
        if rests == os.path.exists(self.rests):
            return
        if rests:
            open(self.rests, "w", encoding="ascii").close()
        else:
            os.unlink(self.rests)

    def say(self, text):
        self.write(f"\r\n{text}\r\n")

    def commands(self):
        """Answers commands, for as long as the line lives."""
        command = ""
        while True:
            octet = self.read()
            self.tell_rest(not octet)
            if octet == "~" and octet in self.table():
                self.act(self.table()[octet])
            self.write(octet)
            if octet != "\r":
                command = command + octet if octet else ""
                continue
            command, done = "", command.strip()
            print(done, file=self.said, flush=True)
            if done.upper().startswith("ATD"):
                self.act({"after": 0.2, **self.table().get(done[3:], {"say": "NO CARRIER"})})
            elif done in self.table():
                self.act(self.table()[done])
            elif done.upper().startswith("AT"):
                self.say("OK")
            elif done:
                self.say("ERROR")

    def act(self, action):
        time.sleep(action.get("after", 0))
        if "say" in action:
            self.say(action["say"])
        if "run" in action:
            self.far = subprocess.Popen(action["run"], stdin=self.master, stdout=self.master, stderr=subprocess.DEVNULL)
            self.far.wait()
            raise CarrierLost
        while action.get("say", "").startswith("CONNECT") or action.get("mute"):
            octet = self.read()
            if not octet:
                raise CarrierLost
            if action.get("echo"):
                self.write(octet)

    def close(self):
        """Hangs up: who has the line open reads its end."""
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        if self.far and self.far.poll() is None:
            self.far.kill()
            self.far.wait()
        os.close(self.master)
        signal.signal(signal.SIGUSR1, lose_carrier)


def main():
    device, table_file = sys.argv[1:]

    def table():
        with open(table_file, encoding="utf-8") as file:
            return json.load(file)

    said = open(f"{table_file}.said", "a", encoding="utf-8")  # pylint: disable=consider-using-with
    signal.signal(signal.SIGUSR1, lose_carrier)
    while True:
        modem = None
        with contextlib.suppress(CarrierLost):
            modem = Modem(device, table, said, f"{table_file}.rests")
            modem.commands()
        if modem:
            modem.close()


if __name__ == "__main__":
    main()
