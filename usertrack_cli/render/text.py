"""The one guard for stored text on its way to a terminal, a picture, a page or a table.

Whatever a visitor's browser sent is hostile: escape sequences, bidirectional overrides, invisible and
stacking characters. ``safe_text`` leaves only what a reader sees as it stands, and counts its cells.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "·"
"""Stands where a character was that no reader should meet raw."""
ELLIPSIS = "…"
BRAILLE = range(0x2800, 0x2900)
"""Braille characters; the first of them is blank."""
MARKS_MAX = 2
"""Combining marks kept on one character: enough for Vietnamese and Thai, too few to smear over lines."""

_VARIATION_SELECTORS = frozenset(
    [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x180B, 0x180C, 0x180D, 0x180F]
)
_EMOJI_MODIFIERS = frozenset(range(0x1F3FB, 0x1F400))
_INVISIBLE_MARKS = frozenset([0x034F, 0x17B4, 0x17B5])
_REMOVED = _VARIATION_SELECTORS | _EMOJI_MODIFIERS | _INVISIBLE_MARKS
_FILLERS = frozenset([0x115F, 0x1160, 0x3164, 0xFFA0, 0x1D159])
"""Letters by category, blank to the eye: they make two labels look equal that are not."""

_ASCII_STAND_INS = str.maketrans(
    "“”„‘’–—−…·•×→←↑↓ß" + "│─┘┐┤└┌├┴┬┼" + "╌┄━┃▮" + "▨░▶▫▪★◉○●✖↖▸◌≈",
    '"""\'\'---~.*x><^vs' + "|-+++++++++" + "-~=#V" + "%:>oi*XooX@>z~",
)
"""Drawings and typographic signs that have a fair likeness in ASCII."""


def safe_text(text: str, *, cells: int | None = None) -> str:
    """Return ``text`` as it may be shown anywhere, at most ``cells`` wide.

    White space of every sort (line and paragraph separators, tabs, no-break spaces) becomes one plain
    space each. Format characters (bidirectional controls, zero-width, soft hyphen, tags), variation
    selectors and emoji modifiers are removed: what is left has the width that terminals agree on.
    Everything else that is not printable (C0, C1, DEL, surrogates, private use, unassigned, blank
    letters) becomes a middle dot. Marks beyond the second on one character, and marks on nothing, are
    removed. The result is NFC, applying the guard twice changes nothing, and brackets stay as they are:
    hand it to Rich as ``Text``, never as markup.

    Args:
        text: Any string, lone surrogates included.
        cells: Terminal cells available; longer text ends in an ellipsis. ``None`` leaves the length.
    """
    clean = text if text.isascii() and text.isprintable() else _cleaned(text)
    if cells is None or cell_width(clean) <= cells:
        return clean
    return _cut(clean, cells=cells)


def end_of(text: str, *, cells: int) -> str:
    """Return guarded text at most ``cells`` wide; longer text begins with an ellipsis."""
    if cell_width(text) <= cells:
        return text
    kept: list[str] = []
    left = cells - 1
    for cluster, width in reversed(list(clusters(text))):
        left -= width
        if left < 0:
            break
        kept.append(cluster)
    return "…" + "".join(reversed(kept))


def cell_width(text: str) -> int:
    """Return how many terminal cells guarded text takes: East Asian wide 2, combining marks 0, else 1."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def clusters(text: str) -> Iterator[tuple[str, int]]:
    """Yield guarded text by character with its marks, each with its width of 1 or 2 cells."""
    if text.isascii():
        for character in text:
            yield character, 1
        return
    cluster = ""
    for character in text:
        if cluster and _character_width(character) == 0:
            cluster += character
            continue
        if cluster:
            yield cluster, _character_width(cluster[0])
        cluster = character
    if cluster:
        yield cluster, _character_width(cluster[0])


def ascii_text(text: str) -> str:
    """Return guarded text in ASCII, cell for cell: letters lose their accents, strangers become ``?``."""
    if text.isascii():
        return text
    return "".join(_ascii_cell(cluster[0], width) for cluster, width in clusters(text))


def _ascii_cell(character: str, width: int) -> str:
    if ord(character) in BRAILLE:
        return "."
    likeness = character.translate(_ASCII_STAND_INS)
    plain = unicodedata.normalize("NFKD", likeness)[0]
    return (plain if plain.isascii() else "?").ljust(width, "?")


def _cleaned(text: str) -> str:
    guarded = "".join(_guarded(character) for character in text)
    # Capped before normalising, which is quadratic in a run of marks, and after, which may add a mark.
    return _capped(unicodedata.normalize("NFC", _capped(guarded)))


def _capped(text: str) -> str:
    kept: list[str] = []
    marks = MARKS_MAX
    for character in text:
        if _character_width(character):
            marks = 0
        elif marks < MARKS_MAX:
            marks += 1
        else:
            continue
        kept.append(character)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _guarded(character: str) -> str:
    code = ord(character)
    if character.isspace() or code == BRAILLE.start:
        return " "
    if code in _REMOVED or unicodedata.category(character) == "Cf":
        return ""
    if code in _FILLERS or not character.isprintable():
        return HOSTILE
    return character


@lru_cache(maxsize=4096)
def _character_width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(text: str, *, cells: int) -> str:
    if cells < 1:
        return ""
    kept: list[str] = []
    left = cells - 1
    for cluster, width in clusters(text):
        if width > left:
            break
        kept.append(cluster)
        left -= width
    return "".join(kept).rstrip() + ELLIPSIS
