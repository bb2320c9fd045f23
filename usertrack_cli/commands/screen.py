"""The terminal while something has it: raw keys in, changed cells out, and given back as it was."""

from __future__ import annotations

import os
import select
import signal
import termios
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from usertrack_cli.render.grid import Capabilities, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SEQUENCE_BYTES_MAX = 32
"""Longest escape sequence waited for; more is noise and is thrown away."""

ENTER_SCREEN = "\x1b[?1049h\x1b[?25l\x1b[?7l"
# Cleared first: tmux 3.3 brings lines of a screen that was resized back into the one before.
LEAVE_SCREEN = "\x1b[0m\x1b[H\x1b[J\x1b[?7h\x1b[?25h\x1b[?1049l"
BEGIN_UPDATE, END_UPDATE = "\x1b[?2026h", "\x1b[?2026l"
ESCAPE = "escape"

_NAMES = {"\r": "enter", "\n": "enter", "\x03": "ctrl-c", "\x7f": "backspace", "\x08": "backspace"}
_SEQUENCES = {
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1bOC": "right",
    "\x1bOD": "left",
    "\x1b[1;2C": "shift-right",
    "\x1b[1;2D": "shift-left",
    "\x1b[c": "shift-right",
    "\x1b[d": "shift-left",
    "\x1b[H": "0",
    "\x1b[1~": "0",
}


class Stopped(BaseException):
    """A signal asks to end; raised in the main thread so that the terminal is restored on the way."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Screen:
    """The terminal while the player has it: raw keys in, changed cells out."""

    def __init__(self, input_fd: int, output_fd: int, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.was_away = False
        self._input_fd = input_fd
        self._output_fd = output_fd
        self._modes: list[Any] = []
        self._shown: Grid | None = None
        self._pending = b""
        self._is_stopping = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take the terminal, and give it back whatever happens."""
        self._modes = termios.tcgetattr(self._input_fd)
        handlers = {
            signal.SIGTERM: self._stop,
            signal.SIGHUP: self._stop,
            signal.SIGQUIT: self._stop,
            signal.SIGINT: self._stop,
            signal.SIGTSTP: self._suspend,
            signal.SIGCONT: self._resume,
        }
        previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            self._enter()
            yield
        finally:
            # From here on a signal has nothing to break off but this.
            self._is_stopping = True
            self._leave()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def size(self) -> tuple[int, int]:
        """Return columns and rows as they are now."""
        width, height = os.get_terminal_size(self._output_fd)
        return max(width, 1), max(height, 1)

    def show(self, grid: Grid) -> None:
        """Write what has changed since the last frame, in one synchronized update."""
        changes = grid.changes(self._shown, self.capabilities.colours)
        self._shown = grid
        if changes:
            self._write(f"{BEGIN_UPDATE}{changes}{END_UPDATE}")

    def keys(self, wait_s: float) -> list[str]:
        """Return the keys pressed within ``wait_s``, at once when there are any."""
        if not select.select([self._input_fd], [], [], wait_s)[0]:
            # An escape that nothing followed was the key of that name.
            was_escape, self._pending = self._pending == b"\x1b", b""
            return [ESCAPE] if was_escape else []
        data = os.read(self._input_fd, 1024)
        if not data:
            return ["q"]
        keys, self._pending = parsed_keys(self._pending + data)
        return keys

    def _enter(self) -> None:
        tty.setcbreak(self._input_fd, termios.TCSADRAIN)
        self._write(ENTER_SCREEN)
        self._shown = None

    def _leave(self) -> None:
        # Where the terminal itself is gone there is nothing left to give back.
        with suppress(OSError, termios.error):
            self._write(f"{END_UPDATE}{LEAVE_SCREEN}")
        with suppress(OSError, termios.error):
            termios.tcsetattr(self._input_fd, termios.TCSAFLUSH, self._modes)

    def _stop(self, number: int, _: FrameType | None) -> None:
        # A second signal must not break off giving the terminal back.
        if not self._is_stopping:
            self._is_stopping = True
            raise Stopped(number)

    def _suspend(self, number: int, _: FrameType | None) -> None:
        self._leave()
        handler = signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, handler)
        # Nothing stops a process whose shell is gone, and no SIGCONT follows then.
        self._resume(number, None)

    def _resume(self, _number: int, _: FrameType | None) -> None:
        self._enter()
        self.was_away = True

    def _write(self, text: str) -> None:
        encoding = "utf-8" if self.capabilities.is_unicode else "ascii"
        data = text.encode(encoding, errors="replace")
        while data:
            data = data[os.write(self._output_fd, data) :]


def parsed_keys(data: bytes) -> tuple[list[str], bytes]:
    """Return the keys in what a terminal sent, and the start of a sequence that is not complete yet."""
    text = data.decode("utf-8", errors="ignore")
    keys: list[str] = []
    while text:
        length = _sequence_length(text)
        if length == 0:
            is_noise = len(text) > SEQUENCE_BYTES_MAX
            return keys, b"" if is_noise else text.encode()
        sequence, text = text[:length], text[length:]
        if length == 1:
            keys.append(_NAMES.get(sequence, sequence))
        elif sequence in _SEQUENCES:
            keys.append(_SEQUENCES[sequence])
    return keys, b""


def _sequence_length(text: str) -> int:
    """Return how many characters the first key takes, or 0 where the rest of it is still to come."""
    if text[0] != "\x1b":
        return 1
    if len(text) == 1:
        return 0
    if text[1] == "O":
        return 3 if len(text) > 2 else 0
    if text[1] != "[":
        return 1
    return next((place + 1 for place in range(2, len(text)) if "@" <= text[place] <= "~"), 0)
