# SPDX-License-Identifier: BSD-2-Clause
"""Shows how far the tests are: a line for each program that has ended, what runs at the moment below it on a
terminal, failures in full, and the line of counts."""

import contextlib
import os
import threading
import time

import tapreader

LAST_LINES = 40  # of the standard error of a program that failed
HEARTBEAT = 60  # seconds between signs of life where the output is no terminal
_COLOURS = {"red": "31", "green": "32", "yellow": "33"}


class Report:
    def __init__(self, stream):
        self.stream = stream
        self.terminal = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.lock = threading.RLock()
        self.counts = dict.fromkeys((tapreader.PASSED, tapreader.FAILED, tapreader.SKIPPED), 0)
        self.running = {}  # name -> time of the start
        self.failures = []
        self.beat = time.monotonic()

    def _paint(self, colour, text):
        return f"\033[{_COLOURS[colour]}m{text}\033[0m" if self.terminal else text

    def _line(self, text):
        with self.lock:
            clear = "\r\033[K" if self.terminal else ""
            self.stream.write(f"{clear}{text}\n")
            self._status()
            self.stream.flush()

    def _status(self):
        if not self.terminal or not self.running:
            return
        now = time.monotonic()
        text = "  ".join(f"{name} {now - began:.0f} s" for name, began in self.running.items())
        columns = os.get_terminal_size(self.stream.fileno()).columns or 80
        self.stream.write("\r\033[K" + ("  ... " + text)[: columns - 1])
        self.stream.flush()

    def _tick(self):
        with self.lock:
            self._status()
            now = time.monotonic()
            if not self.terminal and self.running and now - self.beat >= HEARTBEAT:
                self.beat = now
                names = ", ".join(f"{name} for {now - began:.0f} s" for name, began in self.running.items())
                self._line(f"  ...  {names}")

    @contextlib.contextmanager
    def ticking(self):
        """Keeps the display alive meanwhile."""
        end = threading.Event()

        def tick():
            while not end.wait(1):
                self._tick()

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def start(self, name):
        with self.lock:
            self.running[name] = time.monotonic()
            self._status()

    def finish(self, name, results, seconds, output=""):
        """Results of a program. output: its standard error, shown if it failed."""
        with self.lock:
            self.running.pop(name, None)
            self.beat = time.monotonic()
            for result in results:
                self.counts[result.outcome] += 1
            failed = [result for result in results if result.outcome == tapreader.FAILED]
            skipped = [result for result in results if result.outcome == tapreader.SKIPPED]
            if failed:
                word = self._paint("red", "FAIL")
            elif len(skipped) == len(results):
                word = self._paint("yellow", "skip")
            else:
                word = self._paint("green", " ok ")
            tests = "test " if len(results) == 1 else "tests"
            self._line(f" {word}  {name:<36} {len(results):>4} {tests} {seconds:8.1f} s")
            for result in skipped:
                self._line(f"         skipped: {result.name}: {' '.join(result.detail)}")
            for result in failed:
                self._show(name, result)
            if failed and output:
                self._line("       last lines of its standard error:")
                for line in output.splitlines()[-LAST_LINES:]:
                    self._line(f"       | {line}")

    def _show(self, name, result):
        self.failures.append(f"{name}: {result.name}")
        self._line(f"       {self._paint('red', 'failed')}: {result.name}")
        for line in result.detail:
            self._line(f"         {line}")

    def failed(self, name, what):
        """A failure that belongs to no test of its own."""
        with self.lock:
            self.counts[tapreader.FAILED] += 1
            self._line(f" {self._paint('red', 'FAIL')}  {name}")
            self._show(name, tapreader.Result(tapreader.FAILED, what))

    def close(self):
        """Writes the last line. True: all went well."""
        with self.lock:
            self.running.clear()
            if len(self.failures) > 1:
                self._line("\nfailed:")
                for failure in self.failures:
                    self._line(f"  {failure}")
            passed, failed, skipped = (self.counts[key] for key in (tapreader.PASSED, tapreader.FAILED, tapreader.SKIPPED))
            self._line(f"{passed} passed, {failed} failed, {skipped} skipped")
            return failed == 0 and passed > 0
