"""A child process with a terminal of its own, and the screen that its output makes."""

from __future__ import annotations

import fcntl
import os
import pty
import resource
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping

import pyte

DEADLINE_S = 60.0


_AT = """
from usertrack_cli import app, clock
clock.now_ms = lambda: {now_ms}
app.run()
"""


def usertrack(
    *arguments: str, environment: Mapping[str, str] | None = None, now_ms: int | None = None
) -> Callable[[], None]:
    """Return what turns a child into the command as an operator calls it.

    Args:
        now_ms: Time stands still there, for what shows it.
    """
    start = ["-m", "usertrack_cli"] if now_ms is None else ["-c", _AT.format(now_ms=now_ms)]
    command = [sys.executable, *start, *arguments]
    settings = os.environ | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | dict(environment or {})

    def run() -> None:
        os.execve(command[0], command, settings)  # noqa: S606 - the shell has no part in it

    return run


class Terminal:
    """The outer side of a terminal.

    Attributes:
        written: All that the child wrote, as it came.
    """

    def __init__(self, child: Callable[[], None], *, width: int = 80, height: int = 24) -> None:
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                # Whoever runs the tests in the background has them ignored.
                signal.signal(signal.SIGINT, signal.default_int_handler)
                signal.signal(signal.SIGHUP, signal.SIG_DFL)
                signal.signal(signal.SIGQUIT, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                termios.tcsetwinsize(0, (height, width))
                child()
            finally:
                os._exit(70)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen.resize(height, width)

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def read(self, wait_s: float = 0.05) -> None:
        deadline_s = time.monotonic() + wait_s
        while select.select([self.fd], [], [], max(deadline_s - time.monotonic(), 0))[0]:
            try:
                data = os.read(self.fd, 65_536)
            except OSError:  # the other side is gone
                return
            if not data:
                return
            self.written += data
            self._stream.feed(data)

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def wait_for(self, text: str) -> None:
        self.wait_until(lambda: text in self.text(), f"{text!r} never came")

    def wait_until(self, holds: Callable[[], bool], otherwise: str) -> None:
        deadline_s = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline_s, f"{otherwise}; the screen was\n{self.text()}"
            self.read()

    def exit_status(self) -> int:
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                self.read()
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline_s, f"the child did not end; the screen was\n{self.text()}"

    @property
    def is_given_back(self) -> bool:
        modes = termios.tcgetattr(self.fd)[3]
        is_cooked = bool(modes & termios.ICANON) and bool(modes & termios.ECHO)
        end = self.written[self.written.rfind(b"\x1b[?1049h") :]
        return is_cooked and b"\x1b[?1049l" in end and b"\x1b[?25h" in end

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
