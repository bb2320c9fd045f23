"""A page drawn from its layout alone: cards, headings, buttons, fields and pictures, in pale greys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

from usertrack_cli.render import fonts
from usertrack_cli.render.backdrop import Backdrop, blank
from usertrack_cli.render.layout import Box, BoxKind, Layout, cut_text
from usertrack_cli.render.text import ELLIPSIS, safe_text

CARD, RULE = "#ffffff", "#dde1e8"
INK, SOFT_INK, LINK_INK, BAR = "#39414e", "#667080", "#4a6289", "#e3e6eb"
BUTTON, BUTTON_INK, FIELD_RULE = "#cdd5e1", "#2f3a4c", "#b4bcc9"
IMAGE, IMAGE_GLYPH = "#eff1f5", "#d9dee7"

LINE_PX = 22
"""Height of a line of running text where a layout says only how tall the paragraph is."""
GLYPH_PX_MAX = 180
LABEL_PX_MIN = 9
"""Smaller labels become grey bars, which say as much."""
PADDING_PX_MIN = 4
"""A card keeps words away from its edge; what does not is a group of them, and its edge is not to be seen."""
_WORDS = frozenset({BoxKind.HEADING, BoxKind.LINK, BoxKind.TEXT})

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in picture px; right and bottom lie outside."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    draw: ImageDraw.ImageDraw
    scale: float

    def px(self, length: float) -> int:
        """Return document px as picture px, at least 1."""
        return max(1, round(length * self.scale))


def wireframe(layout: Layout, *, scale: float = 1.0) -> Backdrop:
    """Return a page drawn from nothing but its layout.

    Boxes are drawn from the outermost to the innermost; fixed ones once, last, where the layout has them.

    Args:
        scale: 2 for a picture at double size; less is used where the page is too tall.
    """
    backdrop = blank(layout.document_w, layout.document_h, scale=scale)
    sheet = _Sheet(ImageDraw.Draw(backdrop.image), backdrop.scale)
    rects = [_visible_rect(box, layout, scale=backdrop.scale, size=backdrop.image.size) for box in layout.boxes]
    _indent(rects, layout, scale=backdrop.scale)
    labels = _labels(layout)
    order = sorted(
        range(len(rects)), key=lambda i: (layout.boxes[i].is_fixed, -layout.boxes[i].w * layout.boxes[i].h)
    )
    texts = [each for each in layout.boxes if each.kind is BoxKind.TEXT]
    for index in order:
        rect, box = rects[index], layout.boxes[index]
        if rect is None or _is_unseen(box, layout):
            continue
        if box.is_fixed and box.kind is BoxKind.CONTAINER:
            _shadow(sheet, rect)
        if box.kind is BoxKind.LINK and any(text.holds(box) for text in texts):
            sheet.draw.rectangle((rect[0], rect[1], rect[2] - 1, rect[3] - 1), fill=CARD)
        _PAINTERS[box.kind](sheet, rect, labels[index])
    return backdrop


def _is_unseen(box: Box, layout: Layout) -> bool:
    """Tell whether a container is but the frame of the whole page, or holds words together without an edge."""
    if box.kind is not BoxKind.CONTAINER or box.w >= 0.97 * layout.document_w:
        return _is_page_itself(box, layout)
    edge = box.x + PADDING_PX_MIN
    return any(
        each.kind in _WORDS and each.x < edge < each.x + each.w and box.y <= each.y < box.y + box.h
        for each in layout.boxes
    )


def _is_page_itself(box: Box, layout: Layout) -> bool:
    """Tell whether a container is but the frame of the whole page."""
    is_all = box.w >= 0.97 * layout.document_w and box.h >= 0.9 * layout.document_h
    return is_all and box.kind is BoxKind.CONTAINER


def _visible_rect(box: Box, layout: Layout, *, scale: float, size: tuple[int, int]) -> Rect | None:
    """Return what of a box is on the picture and inside its scroller, or ``None``."""
    left, top, right, bottom = box.x, box.y, box.x + box.w, box.y + box.h
    if 0 <= box.container < len(layout.boxes):
        frame = layout.boxes[box.container]
        left, top = max(left, frame.x), max(top, frame.y)
        right, bottom = min(right, frame.x + frame.w), min(bottom, frame.y + frame.h)
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right, layout.document_w), min(bottom, layout.document_h)
    if right <= left or bottom <= top:
        return None
    x0, y0 = round(left * scale), round(top * scale)
    x1, y1 = min(max(round(right * scale), x0 + 1), size[0]), min(max(round(bottom * scale), y0 + 1), size[1])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _indent(rects: list[Rect | None], layout: Layout, *, scale: float) -> None:
    """Begin words where a page shows them: beside an icon in the same box, and inside a page's margin.

    A layout has the outer edges of a paragraph; one as wide as the page holds its margin within.
    """
    inner = [b.x for b in layout.boxes if b.kind is not BoxKind.CONTAINER and b.x > 0 and not b.is_fixed]
    margin = round(min(inner, default=0) * scale)
    icons = [rects[i] for i, box in enumerate(layout.boxes) if box.kind is BoxKind.IMAGE]
    for index, box in enumerate(layout.boxes):
        rect = rects[index]
        if rect is None or box.kind not in {BoxKind.TEXT, BoxKind.LINK}:
            continue
        left, top, right, bottom = rect
        if box.kind is BoxKind.TEXT and box.x <= 0 and box.w >= layout.document_w and right > 4 * margin:
            rects[index] = margin, top, right - margin, bottom
        for icon in icons:
            if icon and icon[0] - left in range(4) and top <= icon[1] and icon[3] <= bottom and icon[2] < right:
                rects[index] = min(icon[2] + round(8 * scale), right), top, right, bottom


def _labels(layout: Layout) -> list[str]:
    """Return what each box says; of a label that two nested boxes share, one is kept.

    Headings and buttons keep theirs, other boxes leave it to what they hold.
    """
    labels = [safe_text(cut_text(box.text)).strip() for box in layout.boxes]
    named = [index for index, label in enumerate(labels) if label]
    edges = np.array([(b.x, b.y, b.x + b.w, b.y + b.h) for b in (layout.boxes[i] for i in named)])
    for row, index in enumerate(named):
        x0, y0, x1, y1 = edges[row]
        inside = (edges[:, 0] >= x0) & (edges[:, 1] >= y0) & (edges[:, 2] <= x1) & (edges[:, 3] <= y1)
        inside[row] = False
        keeps = layout.boxes[index].kind in {BoxKind.HEADING, BoxKind.BUTTON}
        for held in np.flatnonzero(inside):
            labels[named[held] if keeps else index] = ""
    return labels


def _write(
    sheet: _Sheet, rect: Rect, text: str, *, size: float, ink: str, bold: bool = False, middle: bool = False
) -> int:
    """Write a label into a rectangle as large as fits; return the width of its last line, 0 if none fits."""
    x0, y0, x1, y1 = rect
    width, height = x1 - x0, y1 - y0
    if not text or not fonts.covers(text):
        return 0
    smallest = max(6, round(LABEL_PX_MIN * sheet.scale))
    for size_px in range(max(sheet.px(size), smallest), smallest - 1, -2):
        lines = fonts.wrapped(text, width_px=width, size_px=size_px, bold=bold)
        line_h = round(size_px * 1.25)
        if len(lines) * line_h <= height + size_px // 3 and _is_unbroken(text, lines):
            break
    else:
        size_px, line_h = smallest, height
        lines = [fonts.shortened(text, width_px=width, size_px=size_px, bold=bold)]
        if size_px > height + 3 or not lines[0]:
            return 0
    y = y0 + (height - len(lines) * line_h) // 2 + line_h // 2
    face = fonts.font(size_px, bold=bold)
    for line in lines:
        at, anchor = ((x0 + width // 2, y), "mm") if middle else ((x0, y), "lm")
        sheet.draw.text(at, line, font=face, fill=ink, anchor=anchor)
        y += line_h
    return fonts.text_width(lines[-1], size_px=size_px, bold=bold)


def _is_unbroken(text: str, lines: list[str]) -> bool:
    return " ".join(lines) == " ".join(text.split())


def _bars(sheet: _Sheet, rect: Rect, *, first_x: int = 0) -> None:
    """Draw running text as grey bars; the first begins ``first_x`` px further right, the last is short."""
    x0, y0, x1, y1 = rect
    count = max(1, round((y1 - y0) / (LINE_PX * sheet.scale)))
    pitch = (y1 - y0) / count
    thick = max(1, round(min(pitch * 0.42, sheet.px(9))))
    for line in range(count):
        left = x0 + (first_x if line == 0 else 0)
        right = x0 + round((x1 - x0) * 0.6) if line == count - 1 and count > 1 else x1
        top = round(y0 + pitch * (line + 0.5) - thick / 2)
        if right - left > thick:
            sheet.draw.rounded_rectangle((left, top, right - 1, top + thick - 1), thick // 2, fill=BAR)


def _paint_heading(sheet: _Sheet, rect: Rect, label: str) -> None:
    size = min((rect[3] - rect[1]) / sheet.scale * 0.74, 34)
    if not _write(sheet, rect, label, size=size, ink=INK, bold=True):
        _bars(sheet, rect)


def _paint_link(sheet: _Sheet, rect: Rect, label: str) -> None:
    _write(sheet, rect, label, size=15, ink=LINK_INK)


def _paint_text(sheet: _Sheet, rect: Rect, label: str) -> None:
    is_whole = bool(label) and not label.endswith(ELLIPSIS)
    if is_whole and _write(sheet, rect, label, size=14, ink=SOFT_INK):
        return
    x0, y0, x1, y1 = rect
    count = max(1, round((y1 - y0) / (LINE_PX * sheet.scale)))
    first = x0, y0, x1, y0 + round((y1 - y0) / count)
    written = _write(sheet, first, label, size=14, ink=SOFT_INK)
    if count > 1 or not written:
        _bars(sheet, rect, first_x=written + sheet.px(8) if written else 0)


def _paint_button(sheet: _Sheet, rect: Rect, label: str) -> None:
    _box(sheet, rect, radius=7, fill=BUTTON)
    pad = min(sheet.px(6), (rect[2] - rect[0]) // 8)
    inner = rect[0] + pad, rect[1], rect[2] - pad, rect[3]
    _write(sheet, inner, label, size=15, ink=BUTTON_INK, bold=True, middle=True)


def _paint_field(sheet: _Sheet, rect: Rect, label: str) -> None:
    _box(sheet, rect, radius=5, fill=CARD, outline=FIELD_RULE)
    pad = sheet.px(10)
    _write(sheet, (rect[0] + pad, rect[1], rect[2] - pad, rect[3]), label, size=14, ink=SOFT_INK)


def _paint_image(sheet: _Sheet, rect: Rect, label: str) -> None:
    """Draw a tinted box with a sun over two hills; its label, where it fits, below them."""
    _box(sheet, rect, radius=6, fill=IMAGE)
    x0, y0, x1, y1 = rect
    unit = min(x1 - x0, y1 - y0, sheet.px(GLYPH_PX_MAX)) * 0.5
    if unit < 8:
        return
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    base = cy + unit * 0.4
    sun = unit * 0.11
    sun_x, sun_y = cx + unit * 0.42, cy - unit * 0.3
    sheet.draw.ellipse((sun_x - sun, sun_y - sun, sun_x + sun, sun_y + sun), fill=IMAGE_GLYPH)
    for peak_x, peak_y, half in (
        (cx - unit * 0.2, cy - unit * 0.35, 0.5),
        (cx + unit * 0.3, cy - unit * 0.02, 0.4),
    ):
        hill = [(peak_x - unit * half, base), (peak_x, peak_y), (peak_x + unit * half, base)]
        sheet.draw.polygon(hill, fill=IMAGE_GLYPH)
    below = round(base) + sheet.px(6), y1 - sheet.px(4)
    if below[1] - below[0] >= sheet.px(16):
        line = x0 + sheet.px(8), below[0], x1 - sheet.px(8), below[0] + sheet.px(18)
        _write(sheet, line, label, size=12, ink=SOFT_INK, middle=True)


def _paint_media(sheet: _Sheet, rect: Rect, _label: str) -> None:
    """Draw a tinted box with the triangle of a play button."""
    _box(sheet, rect, radius=6, fill=IMAGE)
    x0, y0, x1, y1 = rect
    half = min(x1 - x0, y1 - y0, sheet.px(GLYPH_PX_MAX)) * 0.2
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    triangle = [(cx - half * 0.7, cy - half), (cx - half * 0.7, cy + half), (cx + half, cy)]
    sheet.draw.polygon(triangle, fill=IMAGE_GLYPH)


def _paint_container(sheet: _Sheet, rect: Rect, _label: str) -> None:
    # A section across the whole page has no corners to round.
    is_section = rect[0] == 0 and rect[2] >= sheet.draw.im.size[0]
    _box(sheet, rect, radius=0 if is_section else 9, fill=CARD, outline=RULE)


def _shadow(sheet: _Sheet, rect: Rect) -> None:
    """Set a fixed container off from the page that scrolls beneath it."""
    x0, y0, x1, y1 = rect
    _box(sheet, (x0, y0 + sheet.px(2), x1, y1 + sheet.px(3)), radius=9, fill=RULE)


def _box(sheet: _Sheet, rect: Rect, *, radius: float, fill: str, outline: str | None = None) -> None:
    x0, y0, x1, y1 = rect
    corner = min(sheet.px(radius), (x1 - x0) // 2, (y1 - y0) // 2)
    width = max(1, round(sheet.scale))
    sheet.draw.rounded_rectangle((x0, y0, x1 - 1, y1 - 1), corner, fill=fill, outline=outline, width=width)


_PAINTERS: dict[BoxKind, Callable[[_Sheet, Rect, str], None]] = {
    BoxKind.HEADING: _paint_heading,
    BoxKind.LINK: _paint_link,
    BoxKind.BUTTON: _paint_button,
    BoxKind.FIELD: _paint_field,
    BoxKind.IMAGE: _paint_image,
    BoxKind.MEDIA: _paint_media,
    BoxKind.TEXT: _paint_text,
    BoxKind.CONTAINER: _paint_container,
}
