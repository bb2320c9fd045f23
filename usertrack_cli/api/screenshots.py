"""Screenshots of pages: where they lie, which still show the page as its visitors saw it, and taking one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usertrack_cli.api.pictures import OnStep, silent
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import DIR_MODE, Home

if TYPE_CHECKING:
    from usertrack_cli.api.pages_drawn import PageDrawn
    from usertrack_cli.render.layout import Layout

FITTING_SHARE = 0.9
"""So much of a layout's boxes must stand where they stood when the screenshot was taken."""
FITTING_PX = 8
"""Half a step of the layout hash: what moved less is the same layout there too."""
HEIGHT_OFF_MAX = 0.02
SHOT_KEY = "usertrack:shot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What a screenshot shows.

    Attributes:
        boxes: Selector to ``x, y, w, h`` in document px, of the elements that layouts named then.
    """

    document_w: int
    document_h: int
    boxes: Mapping[str, tuple[int, int, int, int]]

    def text(self) -> str:
        """Return it as the PNG carries it."""
        boxes = {selector: list(box) for selector, box in sorted(self.boxes.items())}
        return json.dumps({"w": self.document_w, "h": self.document_h, "boxes": boxes}, separators=(",", ":"))


def shot_of(text: str) -> Shot | None:
    """Return what :meth:`Shot.text` said, ``None`` where it is none."""
    try:
        found: dict[str, Any] = json.loads(text)
        boxes = {str(name): tuple(map(int, box)) for name, box in found["boxes"].items()}
        if any(len(box) != 4 for box in boxes.values()):
            return None
        return Shot(document_w=int(found["w"]), document_h=int(found["h"]), boxes=boxes)  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def place(home: Home, *, site: str, page: str, width_class: str) -> Path:
    """Return where the screenshot of a page at a width class lies; a page's path is never a file name."""
    digest = hashlib.sha256(page.encode()).hexdigest()[:32]
    return home.root / "screenshots" / f"site={site}" / f"{digest}-{width_class}.png"


def fitting(home: Home, chosen: Filter, page: PageDrawn) -> Path | None:
    """Return the stored screenshot while it shows what the drawn layout says, else ``None``."""
    if chosen.page is None:
        return None
    # Of a group of pages one is drawn, and its screenshot lies under its own path.
    name = page.layout.page if page.layout is not None else chosen.page
    path = place(home, site=chosen.site or "default", page=name, width_class=page.width.width_class)
    if not path.is_file():
        return None
    from usertrack_cli.render.picture import texts_of

    shot = shot_of(texts_of(path).get(SHOT_KEY, ""))
    if shot is None or not fits(shot, page.layout, width_px=page.width_px, height_px=page.height_px):
        return None
    return path


def fits(shot: Shot, layout: Layout | None, *, width_px: int, height_px: int) -> bool:
    """Tell whether a screenshot shows a page as its layout has it.

    Width and height must agree, and where a layout is known nine in ten of its named boxes.
    """
    if shot.document_w != width_px or abs(shot.document_h - height_px) > HEIGHT_OFF_MAX * height_px:
        return False
    named = [] if layout is None else [box for box in layout.boxes if box.selector]
    if not named or not shot.boxes:
        return layout is None or not named
    together = 0
    for box in named:
        then = shot.boxes.get(box.selector)
        now = (box.x, box.y, box.w, box.h)
        together += then is not None and all(abs(a - b) <= FITTING_PX for a, b in zip(then, now, strict=True))
    return together >= FITTING_SHARE * len(named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A screenshot that was just stored; ``refused`` names hosts that the page asked for in vain."""

    width_class: str
    document_w: int
    document_h: int
    path: Path
    refused: tuple[str, ...]


def take_screenshots(
    home: Home,
    *,
    site: str,
    page: str,
    url: str,
    width_classes: Sequence[str] | None = None,
    allows_loopback: bool = False,
    wait_s: float = 1.0,
    on_step: OnStep = silent,
) -> list[Stored]:
    """Open ``url`` in a browser and store what it looks like, once for each width class.

    Args:
        url: Typed by the operator or made of a setting; never anything that visitors sent.
        width_classes: Those that were recorded on the page where ``None``, ``wide`` where none was.
        allows_loopback: True where the operator said that the address is on this machine.

    Raises:
        UsageError: The address may not be opened, does not load, or there is no browser.
    """
    from usertrack_cli.api.camera import VIEWPORTS, photograph
    from usertrack_cli.api.gate import allowed_url
    from usertrack_cli.store.workspace import workspace

    door = allowed_url(url, allows_loopback=allows_loopback)
    known = _recorded(home, site, page)
    stored = []
    classes = width_classes or tuple(known) or ("wide",)
    with workspace(home) as folder:
        for index, width_class in enumerate(classes):
            on_step(index / len(classes), f"opening the page on {width_class} screens")
            layout = known.get(width_class)
            taken = photograph(
                url,
                folder / f"{width_class}.png",
                viewport=(layout.viewport_w, layout.viewport_h) if layout else VIEWPORTS[width_class],
                selectors=sorted({box.selector for box in layout.boxes if box.selector}) if layout else (),
                loopback=door,
                wait_s=wait_s,
            )
            path = keep(home, taken.picture, site=site, page=page, width_class=width_class, shot=taken.shot)
            stored.append(
                Stored(
                    width_class=width_class,
                    document_w=taken.shot.document_w,
                    document_h=taken.shot.document_h,
                    path=path,
                    refused=taken.refused,
                )
            )
    return stored


def _recorded(home: Home, site: str, page: str) -> dict[str, Layout | None]:
    """Return the width classes that were recorded on a page, with the layout that is drawn for each."""
    from usertrack_cli.api.pages_drawn import page_drawn
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.widths import widths

    chosen = Filter(site=site, page=page)
    found = ask(home, chosen, lambda con: widths(con, chosen, ("pageview",)).counts)
    return {
        each.width_class: page_drawn(
            home, replace(chosen, width_class=each.width_class), kinds=("pageview",), what="pageviews"
        ).layout
        for each in found
    }


def keep(home: Home, picture: Path, *, site: str, page: str, width_class: str, shot: Shot) -> Path:
    """Store a screenshot, readable by its owner only, in place of the one before; return its place.

    Raises:
        UsageError: The file is no picture.
    """
    from usertrack_cli.render.backdrop import opened
    from usertrack_cli.render.picture import write_png
    from usertrack_cli.store.home import private_umask

    path = place(home, site=site, page=page, width_class=width_class)
    with private_umask():
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=DIR_MODE, exist_ok=True)
        image = opened(picture)
        if image.width < 1 or image.height < 1:
            raise UsageError("the screenshot is empty")
        write_png(image, path, metadata={"usertrack:page": page, SHOT_KEY: shot.text()})
    return path
