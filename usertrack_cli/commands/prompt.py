"""One line that a watcher types into the player: a tag, a note, an instant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.commands.screen import ESCAPE
from usertrack_cli.errors import UsageError
from usertrack_cli.render.grid import Role, Style
from usertrack_cli.render.text import cell_width, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from usertrack_cli.render.grid import Grid

CHARACTERS_MAX = 500
_INSTANT = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6}(?:\.\d{1,3})?)\Z", re.ASCII)


@dataclass
class Prompt:
    """What is being typed, and what happens with it.

    Attributes:
        action: Called with the text once it is complete.
        takes_nothing: True where an empty text is an answer too.
    """

    title: str
    action: Callable[[str], None]
    text: str = ""
    takes_nothing: bool = False
    is_done: bool = False

    def press(self, key: str) -> str | None:
        """Take a key; return the text when it is complete, else ``None``.

        Enter completes, escape gives up.
        """
        if key == "enter":
            self.is_done = True
            text = self.text.strip()
            return text if text or self.takes_nothing else None
        if key == ESCAPE:
            self.is_done = True
        elif key == "backspace":
            self.text = self.text[:-1]
        elif len(key) == 1 and key.isprintable() and len(self.text) < CHARACTERS_MAX:
            self.text += key
        return None

    def draw(self, grid: Grid, y: int) -> None:
        """Draw the line; of a long text its end shows."""
        grid.clear(0, y, grid.width)
        x = 1 + grid.write(1, y, f"{self.title}: ", Style(Role.POINTER, bold=True))
        room = max(grid.width - x - 2, 1)
        shown = safe_text(self.text)
        while cell_width(shown) > room:
            shown = shown[1:]
        x += grid.write(x, y, shown, Style(bold=True))
        grid.put(x, y, " ", Style(reverse=True))


def instant_ms(text: str) -> int:
    """Return milliseconds of ``90``, ``12.5``, ``1:30`` or ``1:02:03``.

    Raises:
        UsageError: It is none of them.
    """
    match = _INSTANT.match(text.strip())
    if match is None:
        raise UsageError(f"{safe_text(text, cells=20)} is no instant", hint="write 90, 12.5, 1:30 or 1:02:03")
    hours, minutes, seconds = match.groups()
    return int((int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)) * 1000)
