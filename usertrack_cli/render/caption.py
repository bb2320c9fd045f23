"""What stands above every picture: which page, whose sessions, when, and what the colours mean.

Text is wrapped, never clipped. Placing and painting are apart, so that a test can measure every line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from usertrack_cli.render import fonts
from usertrack_cli.render.density import UInt8Array
from usertrack_cli.render.numbers import count_text
from usertrack_cli.render.text import safe_text

WIDTH_MIN_PX = 360
"""Narrower pictures get a margin: below this the legend's numbers would not fit side by side."""

LEGEND_WIDTH_PX = 320
SIDE_BY_SIDE_MIN_PX = 760
"""From here on the legend stands to the right of the text, below it otherwise."""

TITLE_PX, TEXT_PX, SMALL_PX = 20, 14, 12
LINE_HEIGHT = 1.35
PAPER, INK, SOFT_INK, RULE = "#ffffff", "#1d2430", "#566071", "#d5dae2"
MARGIN = "#eceff3"
NOTE_INK, NOTE_PAPER = "#6d4200", "#fff4d9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """The facts of a picture.

    Attributes:
        kind: In words, for example ``click heatmap``.
        width_class: ``wide``, ``medium`` or ``narrow``; with ``widths_px`` the viewports it holds.
        dates: For example ``2026-10-24 to 2026-11-22``; days of ``zone``.
        session_total: All sessions of the page at this width, where ``session_count`` are some of them.
        unit: What the colours count, plural.
        counted: Said instead of the counts, where there are more than these.
        definition: What makes such an event, for the legend; empty where the unit says it.
        anchored_count: Events that stand on their element; the rest went by position. ``None`` where
            the question does not arise.
        bots: Sessions of bots that are left out.
        notes: Sentences that a reader must not overlook, one a line.
    """

    page: str
    kind: str
    width_class: str
    dates: str
    zone: str
    session_count: int
    event_count: int
    session_total: int | None = None
    unit: str = "clicks"
    counted: str = ""
    definition: str = ""
    device: str = ""
    widths_px: tuple[int, int] | None = None
    anchored_count: int | None = None
    bots: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Legend:
    """The colours and what they stand for.

    Attributes:
        colours: Shape ``(256, 3)``, as they look on a white page.
        ticks: Position (0 to 1) and label, from left to right; the first and the last are always shown.
        lines: What is counted and on which scale, a sentence a line.
    """

    colours: UInt8Array
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedText:
    """One line of text and the rectangle it fills."""

    text: str
    x: int
    y: int
    w: int
    h: int
    size_px: int
    bold: bool = False
    colour: str = INK


@dataclass(frozen=True, slots=True)
class PlacedCaption:
    """A caption laid out for one width: lines, colour bar ``(x, y, w, h)`` and note stripes."""

    width_px: int
    height_px: int
    lines: tuple[PlacedText, ...]
    bar: tuple[int, int, int, int]
    ticks_x: tuple[int, ...]
    stripes: tuple[tuple[int, int, int, int], ...]


@dataclass(slots=True)
class _Column:
    """Lines put one below the other."""

    x: int
    y: int
    w: int
    scale: float
    lines: list[PlacedText] = field(default_factory=list)

    def add(self, text: str, *, size: int, bold: bool = False, colour: str = INK) -> None:
        size_px = max(1, round(size * self.scale))
        line_h = round(size_px * LINE_HEIGHT)
        for line in fonts.wrapped(_clean(text), width_px=self.w, size_px=size_px, bold=bold):
            width = fonts.text_width(line, size_px=size_px, bold=bold)
            self.lines.append(PlacedText(line, self.x, self.y, width, line_h, size_px, bold, colour))
            self.y += line_h

    def space(self, height: float) -> None:
        self.y += round(height * self.scale)


def _clean(text: str) -> str:
    return fonts.drawable(safe_text(text))


def sentences(caption: Caption) -> tuple[str, str, str]:
    """Return what the picture shows, when, and from how much, in words."""
    shown = [caption.kind, caption.device, _width_text(caption)]
    sessions = count_text(caption.session_count, "session")
    if caption.session_total is not None and caption.session_total > caption.session_count:
        sessions = f"{caption.session_count:,} of {count_text(caption.session_total, 'session')}"
    counted = [sessions, count_text(caption.event_count, caption.unit.removesuffix("s"))]
    if caption.anchored_count is not None:
        by_position = caption.event_count - caption.anchored_count
        counted.append(
            f"{caption.anchored_count:,} placed on the element they hit, {by_position:,} by position"
        )
    if caption.bots:
        counted.append(f"{count_text(caption.bots, 'session')} of bots left out")
    when = ", ".join(filter(None, (caption.dates, caption.zone)))
    said = caption.counted or " · ".join(counted)
    return " · ".join(filter(None, shown)), when, said


def _width_text(caption: Caption) -> str:
    if caption.widths_px is None:
        return caption.width_class
    low, high = caption.widths_px
    widths = f"{low:,} px" if low == high else f"{low:,}–{high:,} px"
    return f"{caption.width_class} screens ({widths})"


def placed(caption: Caption, legend: Legend, *, width_px: int, scale: float = 1.0) -> PlacedCaption:
    """Lay a caption out.

    Args:
        width_px: Of the picture, at least ``WIDTH_MIN_PX * scale`` for everything to be legible.
        scale: 2 for a picture drawn at double size.
    """
    margin = round((20 if width_px >= 480 * scale else 14) * scale)
    inner_w = max(width_px - 2 * margin, 1)
    legend_w = min(round(LEGEND_WIDTH_PX * scale), inner_w)
    is_side_by_side = width_px >= SIDE_BY_SIDE_MIN_PX * scale
    text_w = inner_w - legend_w - 2 * margin if is_side_by_side else inner_w
    text = _Column(margin, margin, text_w, scale)
    text.add(caption.page, size=TITLE_PX, bold=True)
    text.space(2)
    shown, when, counted = sentences(caption)
    text.add(shown, size=TEXT_PX)
    text.add(when, size=TEXT_PX, colour=SOFT_INK)
    text.add(counted, size=TEXT_PX, colour=SOFT_INK)
    if is_side_by_side:
        key = _Column(width_px - margin - legend_w, margin, legend_w, scale)
        bar, ticks_x = _place_legend(key, legend, scale=scale)
    else:
        key = text
        key.space(10)
        key.w = legend_w
        bar, ticks_x = _place_legend(key, legend, scale=scale)
    notes = _Column(margin, max(text.y, key.y), inner_w, scale)
    stripes = _place_notes(notes, caption.notes, scale=scale)
    lines = [*text.lines, *(key.lines if key is not text else ()), *notes.lines]
    return PlacedCaption(width_px, notes.y + margin, tuple(lines), bar, ticks_x, stripes)


def _place_legend(
    column: _Column, legend: Legend, *, scale: float
) -> tuple[tuple[int, int, int, int], tuple[int, ...]]:
    """Put the colour bar, its numbers and its sentence; return the bar and the places of its ticks."""
    column.space(3)
    bar = (column.x, column.y, column.w, round(14 * scale))
    column.y += bar[3] + round(5 * scale)
    size_px = round(SMALL_PX * scale)
    line_h = round(size_px * LINE_HEIGHT)
    ends = [legend.ticks[0], legend.ticks[-1]]
    taken: list[tuple[int, int]] = []
    ticks_x = []
    for position, label in [*ends, *legend.ticks[1:-1]]:
        text = _clean(label)
        width = fonts.text_width(text, size_px=size_px)
        at = bar[0] + round(position * (bar[2] - 1))
        x = min(max(at - width // 2, bar[0]), bar[0] + bar[2] - width)
        gap = round(8 * scale)
        if any(x < right + gap and left < x + width + gap for left, right in taken):
            continue
        taken.append((x, x + width))
        ticks_x.append(at)
        column.lines.append(PlacedText(text, x, column.y, width, line_h, size_px, colour=SOFT_INK))
    column.y += line_h
    column.space(3)
    for line in legend.lines:
        column.add(line, size=SMALL_PX, colour=SOFT_INK)
    return bar, tuple(ticks_x)


def _place_notes(
    column: _Column, notes: tuple[str, ...], *, scale: float
) -> tuple[tuple[int, int, int, int], ...]:
    """Put each note on a stripe of its own."""
    pad = round(8 * scale)
    stripes = []
    for note in notes:
        column.space(10)
        top, left, width = column.y, column.x, column.w
        column.x, column.y, column.w = left + pad, top + pad // 2, width - 2 * pad
        column.add(note, size=TEXT_PX, colour=NOTE_INK)
        column.x, column.y, column.w = left, column.y + pad // 2, width
        stripes.append((left, top, width, column.y - top))
    return tuple(stripes)


def caption_picture(caption: Caption, legend: Legend, *, width_px: int, scale: float = 1.0) -> Image.Image:
    """Draw a caption ``width_px`` wide and as tall as its text needs."""
    plan = placed(caption, legend, width_px=width_px, scale=scale)
    image = Image.new("RGB", (plan.width_px, plan.height_px), PAPER)
    draw = ImageDraw.Draw(image)
    for x, y, w, h in plan.stripes:
        draw.rounded_rectangle((x, y, x + w - 1, y + h - 1), radius=round(4 * scale), fill=NOTE_PAPER)
    x, y, w, h = plan.bar
    colours = Image.fromarray(legend.colours[None, :, :]).resize((w, h), Image.Resampling.BILINEAR)
    image.paste(colours, (x, y))
    draw.rectangle((x, y, x + w - 1, y + h - 1), outline=RULE)
    for tick_x in plan.ticks_x:
        draw.line((tick_x, y + h, tick_x, y + h + round(3 * scale)), fill=SOFT_INK, width=round(scale) or 1)
    for line in plan.lines:
        face = fonts.font(line.size_px, bold=line.bold)
        draw.text((line.x, line.y + line.h // 2), line.text, font=face, fill=line.colour, anchor="lm")
    draw.line((0, plan.height_px - 1, plan.width_px, plan.height_px - 1), fill=RULE)
    return image


def stacked(header: Image.Image, body: Image.Image) -> Image.Image:
    """Return the header above the body; a body narrower than the header stands in the middle.

    Its left and upper edge are kept as ``info["body-at"]``, for those who say where in the picture the page is.
    """
    at = (header.width - body.width) // 2, header.height
    picture = Image.new("RGB", (header.width, header.height + body.height), MARGIN)
    picture.paste(header, (0, 0))
    picture.paste(body, at)
    picture.info["body-at"] = at
    return picture


def number_text(value: float) -> str:
    """Return a number as a legend says it: two digits below 10, whole above."""
    if value <= 0:
        return "0"
    if value < 10:
        return f"{value:.1f}".removesuffix(".0") if value >= 0.1 else f"{value:.2g}"
    return f"{np.rint(value):,.0f}"
