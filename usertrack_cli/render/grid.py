"""A screen of character cells with styles, and how it is written for a terminal or as plain text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from usertrack_cli.render.text import ascii_text, cell_width, clusters, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

BLANK = " "
HIDDEN = ""
"""The second cell of a wide character: nothing is written there."""
RESET = "\x1b[0m"


class Role(StrEnum):
    """What a cell is about; the colour follows from it."""

    TEXT = "text"
    MUTED = "muted"
    LINE = "line"
    FAINT = "faint"
    LINK = "link"
    BUTTON = "button"
    FIELD = "field"
    IMAGE = "image"
    POINTER = "pointer"
    TRAIL = "trail"
    TRAIL_OLD = "trail_old"
    CLICK = "click"
    RAGE = "rage"
    CUSTOM = "custom"


class Colours(StrEnum):
    """How many colours the terminal shows."""

    TRUECOLOR = "truecolor"
    INDEXED = "256"
    NONE = "none"


class Style(NamedTuple):
    """How a cell looks."""

    role: Role = Role.TEXT
    bold: bool = False
    dim: bool = False
    underline: bool = False
    reverse: bool = False


PLAIN = Style()

# Red, green, blue, and the nearest of the 256; middle tones, to be read on dark and on light ground.
_COLOURS: dict[Role, tuple[int, int, int, int]] = {
    Role.MUTED: (138, 142, 150, 245),
    Role.LINE: (122, 128, 140, 244),
    Role.FAINT: (98, 102, 112, 241),
    Role.LINK: (64, 140, 232, 33),
    Role.BUTTON: (46, 160, 112, 35),
    Role.FIELD: (184, 134, 40, 136),
    Role.IMAGE: (132, 118, 168, 103),
    Role.POINTER: (255, 160, 0, 214),
    Role.TRAIL: (214, 138, 16, 172),
    Role.TRAIL_OLD: (138, 104, 58, 94),
    Role.CLICK: (240, 110, 20, 208),
    Role.RAGE: (226, 48, 58, 196),
    Role.CUSTOM: (196, 88, 214, 170),
}


GROUND, INK = (17, 20, 26), (216, 220, 228)
"""Of pictures, red, green, blue; a terminal has the reader's own."""


def rgb_of(role: Role) -> tuple[int, int, int]:
    """Return the colour of a role in a picture."""
    return _COLOURS[role][:3] if role in _COLOURS else INK


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the reader's terminal can show.

    Attributes:
        is_unicode: False draws with ASCII alone, stored text included.
    """

    is_unicode: bool = True
    colours: Colours = Colours.TRUECOLOR

    @classmethod
    def detected(cls, environment: Mapping[str, str], *, encoding: str | None) -> Capabilities:
        """Return what ``NO_COLOR``, ``TERM``, ``COLORTERM`` and the stream's encoding promise."""
        term = environment.get("TERM", "")
        is_plain = term in {"", "dumb"} or bool(environment.get("NO_COLOR"))
        is_utf8 = (encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
        if is_plain:
            colours = Colours.NONE
        elif environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or term.endswith("-direct"):
            colours = Colours.TRUECOLOR
        else:
            colours = Colours.INDEXED
        return cls(is_unicode=is_utf8 and not is_plain, colours=colours)


class Grid:
    """Rows of cells; ``characters[y][x]`` is one character with its marks, ``styles[y][x]`` its look.

    A wide character takes its cell and a ``HIDDEN`` one to the right. What is written outside is lost.
    """

    __slots__ = ("characters", "height", "styles", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width = max(width, 0)
        self.height = max(height, 0)
        self.characters = [[BLANK] * self.width for _ in range(self.height)]
        self.styles = [[PLAIN] * self.width for _ in range(self.height)]

    def put(self, x: int, y: int, character: str, style: Style = PLAIN) -> None:
        """Set one cell to a character of width 1."""
        if 0 <= x < self.width and 0 <= y < self.height:
            row = self.characters[y]
            if row[x] == HIDDEN or (x + 1 < self.width and row[x + 1] == HIDDEN):
                self._part_wide(y, x, x + 1)
            row[x] = character
            self.styles[y][x] = style

    def write(self, x: int, y: int, text: str, style: Style = PLAIN, *, cells: int | None = None) -> int:
        """Write stored or own text through the guard, cut to ``cells`` and to the row.

        Returns:
            The number of cells written.
        """
        if not 0 <= y < self.height or not 0 <= x < self.width:
            return 0
        room = self.width - x if cells is None else min(cells, self.width - x)
        shown = safe_text(text, cells=room)
        if shown.isascii():
            written = list(shown)
        else:
            written = [part for cluster, width in clusters(shown) for part in (cluster, HIDDEN)[:width]]
        end = x + len(written)
        self._part_wide(y, x, end)
        self.characters[y][x:end] = written
        self.styles[y][x:end] = [style] * len(written)
        return len(written)

    def restyle(self, x: int, y: int, width: int, style: Style) -> None:
        """Give ``width`` cells another look and leave what they say."""
        start, end = max(x, 0), min(x + width, self.width)
        if 0 <= y < self.height and start < end:
            self.styles[y][start:end] = [style] * (end - start)

    def lay(self, x: int, y: int, characters: list[str], styles: list[Style]) -> None:
        """Lay part of another grid's row over this one; its blank cells let this one show through.

        Faint cells are laid on blank ones alone.
        """
        row, looks = self.characters[y], self.styles[y]
        end = x + len(characters)
        was_wide = HIDDEN in row
        if row[x:end] == [BLANK] * len(characters):
            row[x:end] = characters
            looks[x:end] = styles
        else:
            for place, (character, style) in enumerate(zip(characters, styles, strict=True), start=x):
                is_seen = character != BLANK or (style.underline and row[place] == BLANK)
                if is_seen and (style.role is not Role.FAINT or row[place] == BLANK):
                    row[place] = character
                    looks[place] = style
        # Half of a wide character may have been covered, or half of one laid.
        if was_wide or HIDDEN in row or cell_width(row[end - 1]) > 1:
            self._mend_wide(y)

    def clear(self, x: int, y: int, width: int) -> None:
        """Blank ``width`` cells."""
        start, end = max(x, 0), min(x + width, self.width)
        if 0 <= y < self.height and start < end:
            self._part_wide(y, start, end)
            self.characters[y][start:end] = [BLANK] * (end - start)
            self.styles[y][start:end] = [PLAIN] * (end - start)

    def copy(self) -> Grid:
        """Return a grid that can be drawn on without changing this one."""
        twin = Grid(0, 0)
        twin.width, twin.height = self.width, self.height
        twin.characters = [row[:] for row in self.characters]
        twin.styles = [row[:] for row in self.styles]
        return twin

    def in_ascii(self) -> Grid:
        """Return the same picture with every cell in ASCII; drawings have stand-ins of their own."""
        twin = self.copy()
        for row in twin.characters:
            line = "".join(row)
            if not line.isascii():
                row[:] = ascii_text(line)
        return twin

    def lines(self) -> list[str]:
        """Return the rows as plain text without styles and without blanks at the end."""
        return ["".join(row).rstrip() for row in self.characters]

    def ansi_lines(self, colours: Colours) -> list[str]:
        """Return the rows with their styles as escape sequences, each ending reset."""
        return [self._ansi_run(y, 0, self.width, colours) for y in range(self.height)]

    def changes(self, previous: Grid | None, colours: Colours) -> str:
        """Return what turns a terminal that shows ``previous`` into this grid, or "" where nothing does.

        Without a previous grid of the same size the screen is cleared and written whole.
        """
        if previous is None or (previous.width, previous.height) != (self.width, self.height):
            lines = self.ansi_lines(colours)
            return f"{RESET}\x1b[2J" + "".join(f"\x1b[{y + 1};1H{line}" for y, line in enumerate(lines))
        parts = []
        for y in range(self.height):
            span = self._changed_span(y, previous)
            if span:
                start, end = span
                parts.append(f"\x1b[{y + 1};{start + 1}H{self._ansi_run(y, start, end, colours)}")
        return "".join(parts)

    def _changed_span(self, y: int, previous: Grid) -> tuple[int, int] | None:
        characters, styles = self.characters[y], self.styles[y]
        old_characters, old_styles = previous.characters[y], previous.styles[y]
        if characters == old_characters and styles == old_styles:
            return None
        differing = [
            x for x in range(self.width) if characters[x] != old_characters[x] or styles[x] != old_styles[x]
        ]
        start, end = differing[0], differing[-1] + 1
        while start > 0 and (characters[start] == HIDDEN or old_characters[start] == HIDDEN):
            start -= 1
        while end < self.width and (characters[end] == HIDDEN or old_characters[end] == HIDDEN):
            end += 1
        return start, end

    def _ansi_run(self, y: int, start: int, end: int, colours: Colours) -> str:
        parts: list[str] = []
        characters = self.characters[y]
        x = start
        for style, cells in groupby(self.styles[y][start:end]):
            width = sum(1 for _ in cells)
            run = "".join(characters[x : x + width])
            codes = escape_codes(style, colours)
            parts.append(f"{codes}{run}{RESET}" if codes else run)
            x += width
        return "".join(parts)

    def _part_wide(self, y: int, start: int, end: int) -> None:
        """Blank the other half of wide characters that are about to lose one to ``[start, end)``."""
        row = self.characters[y]
        if start > 0 and row[start] == HIDDEN:
            row[start - 1] = BLANK
        if end < self.width and row[end] == HIDDEN:
            row[end] = BLANK

    def _mend_wide(self, y: int) -> None:
        """Blank the halves of wide characters whose other half was covered or cut off."""
        row = self.characters[y]
        for x, character in enumerate(row):
            is_lone_right = character == HIDDEN and (x == 0 or cell_width(row[x - 1]) < 2)
            is_lone_left = cell_width(character) > 1 and (x + 1 == self.width or row[x + 1] != HIDDEN)
            if is_lone_left or is_lone_right:
                row[x] = BLANK


@lru_cache(maxsize=512)
def escape_codes(style: Style, colours: Colours) -> str:
    """Return the SGR sequence that switches a style on, or "" where it looks like plain text."""
    switches = ((style.bold, "1"), (style.dim, "2"), (style.underline, "4"), (style.reverse, "7"))
    codes = [code for is_on, code in switches if is_on]
    if colours is not Colours.NONE and style.role in _COLOURS:
        red, green, blue, index = _COLOURS[style.role]
        codes.append(f"38;2;{red};{green};{blue}" if colours is Colours.TRUECOLOR else f"38;5;{index}")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
