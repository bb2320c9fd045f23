"""A drawn picture: the image, its file name, and the text that a PNG carries about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from usertrack_cli import __version__, clock
from usertrack_cli.api.bots import bots_text
from usertrack_cli.queries.filters import Filter

if TYPE_CHECKING:
    from PIL.Image import Image

    from usertrack_cli.api.pages_drawn import PageDrawn
    from usertrack_cli.render.backdrop import Backdrop
    from usertrack_cli.render.caption import Caption

OnStep = Callable[[float, str], None]
"""Told the share that is done, 0 to 1, and what is being done."""

NAME_CHARS_MAX = 80
_APART = frozenset({"site", "page", "from_ms", "to_ms", "width_class", "groups", "rules"})
"""Fields of the filter that the metadata says in other words, or that stand in the settings."""


def silent(_share: float, _what: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawn picture and what is to be said with it.

    Attributes:
        metadata: Text fields of the PNG: the filters, the counts, the version.
        notes: Sentences for the reader that do not fit the picture.
        facts: What the caption says, for where the picture is too small to be read.
        name: File name that says what it shows, without a folder.
    """

    image: Image
    metadata: dict[str, str]
    notes: tuple[str, ...]
    facts: tuple[str, ...]
    name: str

    @property
    def page_top_px(self) -> int:
        """Where the caption ends and the page begins, picture px."""
        return int(self.metadata["usertrack:page-at"].partition(",")[2])


def picture_of(
    image: Image,
    chosen: Filter,
    *,
    what: str,
    kind: str,
    page: PageDrawn,
    backdrop: Backdrop,
    caption: Caption,
    zone: ZoneInfo | None,
    facts: dict[str, Any],
) -> Picture:
    """Return the picture with its name, its notes and its metadata.

    Args:
        what: Beginning of the file name, for example ``heatmap``.
        kind: What is drawn; also in the file name where it differs from ``what``.
        facts: More for the metadata, for example counts and thresholds; ``None`` values are left out.
    """
    from usertrack_cli.render.caption import sentences

    slug = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in chosen.page or "")
    middle = "" if kind == what else f"-{kind}"
    left, top = image.info["body-at"]
    metadata = {
        "Software": f"usertrack {__version__}",
        "usertrack:page": chosen.page or "",
        "usertrack:kind": kind,
        "usertrack:site": chosen.site or "",
        "usertrack:width-class": page.width.width_class,
        "usertrack:dates": f"{dates(chosen, zone)} {zone or 'UTC'}",
        **_texts({f.name: getattr(chosen, f.name) for f in fields(chosen) if f.name not in _APART}),
        **_texts(facts | {"bots_left_out": page.width.bots or None}),
        # Where in the picture the page stands, for those who read it by program.
        "usertrack:page-at": f"{left},{top}",
        "usertrack:page-size": f"{backdrop.document_w}x{backdrop.document_h}",
        "usertrack:page-scale": f"{backdrop.scale:g}",
    }
    notes = tuple(each for each in (page.other_widths, bots_text(chosen, page.width.bots)) if each)
    name = f"{what}-{slug.strip('-')[:NAME_CHARS_MAX] or 'home'}{middle}-{page.width.width_class}.png"
    said = (caption.page, *sentences(caption), *caption.notes)
    return Picture(image=image, metadata=metadata, notes=notes, facts=said, name=name)


def _texts(facts: dict[str, Any]) -> dict[str, str]:
    """Return keyword and text of every fact that says something."""
    return {
        f"usertrack:{name.replace('_', '-')}": " ".join(map(str, value))
        if isinstance(value, list | tuple)
        else str(value)
        for name, value in facts.items()
        if value not in (None, False, (), [])
    }


def dates(chosen: Filter, zone: ZoneInfo | None) -> str:
    """Return the range of the filter in whole days, as a caption says it."""
    first = "the beginning" if chosen.from_ms is None else _day(chosen.from_ms, zone)
    last = _day(clock.now_ms() if chosen.to_ms is None else chosen.to_ms - 1, zone)
    return first if first == last else f"{first} to {last}"


def _day(moment_ms: int, zone: ZoneInfo | None) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, tz=zone or ZoneInfo("UTC")).strftime("%Y-%m-%d")
