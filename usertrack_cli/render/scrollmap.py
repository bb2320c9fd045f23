"""Scrollmaps: how far down the page sessions came, and where they stayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from usertrack_cli.render import fonts, palette
from usertrack_cli.render.backdrop import Backdrop
from usertrack_cli.render.caption import Caption, Legend, number_text
from usertrack_cli.render.density import Float32Array
from usertrack_cli.render.heatmap import captioned, lay_over
from usertrack_cli.render.palette import Colormap
from usertrack_cli.render.reach import BAND_PX, Fold, band_count

SHARES = (0.9, 0.75, 0.5, 0.25, 0.1)
OPACITY = 0.55
"""Every part of the page is lay_over, so the colour must let more of it through than on a heatmap."""

LABEL_PX, LABEL_PAD_PX = 13, 8
STRIP_PX = 96
INK, LINE_INK, FOLD_INK = "#1d2430", "#ffffff", "#0b6e4f"
STRIP_PAPER_RGB, STRIP_BAR_RGB = (246, 247, 249), (116, 134, 168)


@dataclass(frozen=True, slots=True)
class DepthLine:
    """A depth and what it says: a share of the sessions came at least this far, or the fold."""

    y_px: int
    text: str
    is_fold: bool = False


def depth_lines(reach: Float32Array) -> list[DepthLine]:
    """Return the lowest depth that 90, 75, 50, 25 and 10 % of the sessions reached.

    A share that reached the very end of the page has no line: nothing was left to scroll.

    Args:
        reach: Share of the sessions (0 to 1) that saw each band, from the top, never rising.
    """
    shares_at: dict[int, list[float]] = {}
    for share in SHARES:
        # A mean of float32 may miss 0.9 by its last bit.
        bands = int(np.count_nonzero(reach >= share - 1e-6))
        if bands < len(reach):
            shares_at.setdefault(bands, []).append(share)
    return [
        DepthLine(
            bands * BAND_PX, f"{_range_text(shares)} reached {bands * BAND_PX:,} px ({bands / len(reach):.0%})"
        )
        for bands, shares in shares_at.items()
    ]


def _range_text(shares: Sequence[float]) -> str:
    """Return ``50%``, or ``90–50%`` where all these stopped at one depth."""
    return f"{shares[0]:.0%}" if len(shares) == 1 else f"{shares[0]:.0%}".rstrip("%") + f"–{shares[-1]:.0%}"


def spread(wanted_y: Sequence[float], *, height: float, gap: float, limit: float) -> list[float]:
    """Return tops for labels of one height, in the order given: as near as wanted, none overlapping.

    Args:
        wanted_y: Tops as they would stand alone, ascending.
        limit: Bottom of the last label at most. Where they do not all fit between 0 and ``limit``
            they run over it rather than over each other.
    """
    tops: list[float] = []
    for wanted in wanted_y:
        lowest = tops[-1] + height + gap if tops else 0.0
        tops.append(max(wanted, lowest))
    bottom = max(limit, len(tops) * (height + gap) - gap)
    for index in range(len(tops) - 1, -1, -1):
        tops[index] = min(tops[index], bottom - height)
        bottom = tops[index] - gap
    return tops


def scrollmap_picture(
    reach: Float32Array,
    *,
    backdrop: Backdrop,
    caption: Caption,
    fold: Fold | None = None,
    attention: Float32Array | None = None,
    colormap: Colormap = Colormap.INFERNO,
) -> Image.Image:
    """Draw a scrollmap with its caption above it.

    Args:
        reach: Shape ``(bands,)``: share of the sessions (0 to 1) that saw each band of ``BAND_PX``
            document px, from the top, never rising. Bands below its end were seen by nobody.
        fold: Drawn as a line with a band for the middle half of the sessions.
        attention: Seconds per session that each band was in view; drawn as a strip to the right of the page.
    """
    bands = band_count(backdrop.document_h)
    curve = np.zeros(bands, dtype=np.float32)
    curve[: len(reach)] = reach[:bands]
    table, alpha = palette.colour_table(colormap), palette.flat_alpha_table(OPACITY)
    levels = np.rint(np.clip(curve, 0, 1) * 255).astype(np.uint8)[:, None]
    shown = 0, 0, 1, backdrop.document_h / BAND_PX
    column = Image.fromarray(levels).resize(backdrop.image.size, Image.Resampling.BILINEAR, box=shown)
    body = backdrop.image.copy()
    lay_over(body, column, table=table, alpha=alpha)
    body = _marked(body, depth_lines(curve), fold=fold, page=backdrop)
    if attention is not None:
        body = _with_strip(body, attention, page=backdrop)
    legend = Legend(
        palette.over_white(table, alpha),
        tuple((at, f"{at:.0%}") for at in (0.0, 0.25, 0.5, 0.75, 1.0)),
        _legend_lines(fold=fold, has_strip=attention is not None, document_h=backdrop.document_h),
    )
    return captioned(body, backdrop=backdrop, caption=caption, legend=legend)


def _legend_lines(*, fold: Fold | None, has_strip: bool, document_h: int) -> tuple[str, ...]:
    lines = ["share of sessions that scrolled this far"]
    if fold is not None and fold.median_px >= document_h:
        lines.append(f"the fold, {fold.median_px:,} px, lies below the end of the page")
    elif fold is not None:
        lines.append("green: the fold, where the first screen ends; half of the screens end beside the bars")
    if has_strip:
        lines.append("bars on the right: time in view, seconds per session")
    return tuple(lines)


def _marked(body: Image.Image, lines: list[DepthLine], *, fold: Fold | None, page: Backdrop) -> Image.Image:
    """Draw the lines across the page and their labels at its left edge."""
    scale, type_scale = page.scale, page.type_scale
    if fold is not None and fold.median_px * scale < body.height:
        middle = f"fold {fold.median_px:,} px ({fold.p25_px:,}–{fold.p75_px:,})"
        lines = [*lines, DepthLine(fold.median_px, middle, is_fold=True)]
    lines = sorted(lines, key=lambda line: line.y_px)
    label_h, gap = round(22 * type_scale), round(4 * type_scale)
    wanted = [line.y_px * scale - label_h / 2 for line in lines]
    tops = spread(wanted, height=label_h, gap=gap, limit=body.height)
    needed = round(tops[-1] + label_h) if tops else 0
    if needed > body.height:
        taller = Image.new("RGB", (body.width, needed), STRIP_PAPER_RGB)
        taller.paste(body)
        body = taller
    draw = ImageDraw.Draw(body)
    if fold is not None:
        _draw_fold_range(draw, fold, width_px=body.width, page=page)
    for line in lines:
        _draw_line(draw, line, width_px=body.width, page=page)
    leader_x = max((_label_right(line, type_scale) for line in lines), default=0) + round(8 * type_scale)
    for line, top in zip(lines, tops, strict=True):
        y, middle_y = round(line.y_px * scale), round(top) + label_h // 2
        if abs(y - middle_y) > label_h // 2:
            start = _label_right(line, type_scale), middle_y
            colour, thick = FOLD_INK if line.is_fold else INK, max(1, round(type_scale))
            draw.line((*start, leader_x, middle_y, leader_x, y), fill=colour, width=thick)
        _draw_label(draw, line, top=round(top), height=label_h, type_scale=type_scale)
    return body


def _draw_fold_range(draw: ImageDraw.ImageDraw, fold: Fold, *, width_px: int, page: Backdrop) -> None:
    """Draw a bar at either edge of the page from the first to the third quarter of the folds.

    A tint across the page would change the colours that say how many came so far.
    """
    thick = round(5 * page.type_scale)
    top, bottom = round(fold.p25_px * page.scale), round(fold.p75_px * page.scale)
    for left in (0, width_px - thick):
        draw.rectangle((left, top, left + thick - 1, max(bottom, top + 1) - 1), fill=FOLD_INK)


def _draw_line(draw: ImageDraw.ImageDraw, line: DepthLine, *, width_px: int, page: Backdrop) -> None:
    y = round(line.y_px * page.scale)
    thick = max(1, round(page.type_scale))
    if line.is_fold:
        dash = round(10 * page.type_scale)
        for x in range(0, width_px, 2 * dash):
            draw.line((x, y, x + dash, y), fill=FOLD_INK, width=2 * thick)
        return
    draw.line((0, y + thick, width_px, y + thick), fill=INK, width=thick)
    draw.line((0, y, width_px, y), fill=LINE_INK, width=thick)


def _label_right(line: DepthLine, type_scale: float) -> int:
    """Return the right edge of a label's plate, which begins at the left margin."""
    text_w = fonts.text_width(fonts.drawable(line.text), size_px=round(LABEL_PX * type_scale), bold=True)
    return text_w + 3 * round(LABEL_PAD_PX * type_scale)


def _draw_label(
    draw: ImageDraw.ImageDraw, line: DepthLine, *, top: int, height: int, type_scale: float
) -> None:
    pad = round(LABEL_PAD_PX * type_scale)
    plate = pad, top, _label_right(line, type_scale), top + height - 1
    draw.rounded_rectangle(plate, round(4 * type_scale), fill=FOLD_INK if line.is_fold else INK)
    face = fonts.font(round(LABEL_PX * type_scale), bold=True)
    at = 2 * pad, top + height // 2
    draw.text(at, fonts.drawable(line.text), font=face, fill=LINE_INK, anchor="lm")


def _with_strip(body: Image.Image, attention: Float32Array, *, page: Backdrop) -> Image.Image:
    """Return the page with the time in view as bars to its right; the longest is labelled."""
    type_scale = page.type_scale
    width, pad = round(STRIP_PX * type_scale), round(6 * type_scale)
    strip = np.full((body.height, width, 3), STRIP_PAPER_RGB, dtype=np.uint8)
    peak = float(attention.max(initial=0.0))
    if peak > 0:
        bands = (np.arange(page.image.height) / page.scale / BAND_PX).astype(np.intp)
        seconds = np.append(attention, 0)[np.minimum(bands, len(attention))]
        lengths = np.rint(seconds / peak * (width - 2 * pad)).astype(np.intp)
        columns = np.arange(width) - pad
        strip[: len(bands)][(columns >= 0) & (columns < lengths[:, None])] = STRIP_BAR_RGB
    result = Image.new("RGB", (body.width + width, body.height))
    result.paste(body)
    result.paste(Image.fromarray(strip), (body.width, 0))
    if peak > 0:
        size_px = round(LABEL_PX * type_scale)
        half = round(size_px * 0.75)
        middle = min(max(int(np.argmax(seconds)), half), result.height - half)
        at = body.width + pad + pad // 2, middle
        face = fonts.font(size_px, bold=True)
        label = f"{number_text(peak)} s"
        ImageDraw.Draw(result).text(
            at, label, font=face, fill=LINE_INK, stroke_width=pad // 4, stroke_fill=INK, anchor="lm"
        )
    return result
