"""The typeface of the pictures: Inter from its font package, else the face that Pillow carries.

Inter has Latin, Greek and Cyrillic; Pillow's own face has little more than ASCII. Text is laid out glyph by
glyph (Pillow's basic engine): the widths are the same on every build, and labels that visitors' pages
sent never reach a shaping engine.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

from PIL import ImageFont

from usertrack_cli.errors import UsertrackError

REGULAR = 400
BOLD = 650
OPTICAL_SIZE_MIN, OPTICAL_SIZE_MAX = 14, 32

ASCII_STANDINS = str.maketrans(
    {"–": "-", "—": "-", "×": "x", "→": "->", "≥": ">=", "≤": "<=", "·": "-", "…": "...", "“": '"', "”": '"'}
)


@cache
def packaged(package: str, name: str) -> Path | None:
    """Return the path of a face in its font package, or ``None`` where that is not installed."""
    try:
        path = Path(str(resources.files(package))) / "files" / name
    except ModuleNotFoundError:
        return None
    return path if path.is_file() else None


def font_file() -> Path | None:
    """Return the path of Inter, or ``None`` where its package is not installed."""
    return packaged("fontpkg_inter", "Inter[opsz,wght].ttf")


@lru_cache(maxsize=128)
def font(size_px: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the face at a size; its line needs about 1.25 times that height."""
    path = font_file()
    if path is not None:
        face = ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)
        optical_size = min(max(size_px, OPTICAL_SIZE_MIN), OPTICAL_SIZE_MAX)
        face.set_variation_by_axes([optical_size, BOLD if bold else REGULAR])
        return face
    carried = ImageFont.load_default(size_px)
    if not isinstance(carried, ImageFont.FreeTypeFont):
        raise UsertrackError(
            "this build of Pillow cannot draw scalable text", hint="install Pillow from its wheel"
        )
    return carried


def text_width(text: str, *, size_px: int, bold: bool = False) -> int:
    """Return the width of one line, rounded up, in px."""
    return -int(-font(size_px, bold=bold).getlength(text) // 1)


@lru_cache(maxsize=8192)
def has_glyph(face: ImageFont.FreeTypeFont, character: str) -> bool:
    """Tell whether a face can draw a character."""
    # One that it lacks is drawn as the same box as a code point that no face has.
    return character.isspace() or _glyph(face, character) != _glyph(face, "\U0010fffd")


def _glyph(face: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = face.getmask(character)
    return mask.size, bytes(mask)


def _has_glyph(character: str) -> bool:
    return has_glyph(font(20), character)


def covers(text: str) -> bool:
    """Tell whether the face has every character of ``text``."""
    return all(map(_has_glyph, text))


def drawable(text: str) -> str:
    """Return ``text`` with stand-ins for the characters that the face lacks."""
    if covers(text):
        return text
    return "".join(
        standin if _has_glyph(standin) else "?"
        for character in text
        for standin in (character if _has_glyph(character) else character.translate(ASCII_STANDINS))
    )


def wrapped(text: str, *, width_px: int, size_px: int, bold: bool = False) -> list[str]:
    """Break ``text`` into lines of at most ``width_px``, inside a word where that alone is too long."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if text_width(longer, size_px=size_px, bold=bold) <= width_px:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width_px=width_px, size_px=size_px, bold=bold)
        lines.extend(full)
    return [*lines, line] if line else lines


def _broken(word: str, *, width_px: int, size_px: int, bold: bool) -> list[str]:
    """Cut one word into pieces that fit; a piece has at least one character."""
    pieces = []
    while text_width(word, size_px=size_px, bold=bold) > width_px and len(word) > 1:
        kept = _fitting_length(word, width_px=width_px, size_px=size_px, bold=bold)
        pieces.append(word[:kept])
        word = word[kept:]
    return [*pieces, word]


def _fitting_length(text: str, *, width_px: int, size_px: int, bold: bool) -> int:
    """Return how many leading characters fit, at least 1."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle], size_px=size_px, bold=bold) <= width_px:
            low = middle
        else:
            high = middle - 1
    return low


def shortened(text: str, *, width_px: int, size_px: int, bold: bool = False) -> str:
    """Return ``text`` on one line of at most ``width_px``, an ellipsis in place of what was cut off."""
    if text_width(text, size_px=size_px, bold=bold) <= width_px:
        return text
    room = width_px - text_width(drawable("…"), size_px=size_px, bold=bold)
    if room <= 0:
        return ""
    kept = text[: _fitting_length(text, width_px=room, size_px=size_px, bold=bold)].rstrip()
    return kept + drawable("…") if text_width(kept, size_px=size_px, bold=bold) <= room else ""
