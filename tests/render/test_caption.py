from __future__ import annotations

import numpy as np
import pytest

from usertrack_cli.render import caption as captions
from usertrack_cli.render import fonts, palette
from usertrack_cli.render.caption import Caption, Legend, PlacedCaption, PlacedText

LEGEND = Legend(
    palette.over_white(palette.colour_table(palette.Colormap.INFERNO), palette.alpha_table()),
    ((0.0, "0"), (0.25, "65,432"), (0.5, "260,000"), (0.75, "580,000"), (1.0, "1,045,678 or more")),
    ("pointer positions within 14 px of a point, logarithmic scale", "a second sentence"),
)


def caption(page: str = "/shop") -> Caption:
    return Caption(
        page=page,
        kind="click heatmap",
        width_class="wide",
        device="desktop",
        widths_px=(1200, 2560),
        dates="2026-10-24 to 2026-11-22",
        zone="America/Argentina/ComodRivadavia",
        session_count=1_234_567,
        event_count=98_765_432,
        anchored_count=98_000_000,
        notes=("layout changed inside this range: use --from 2026-11-03", "a second note"),
    )


def overlap(a: PlacedText, b: PlacedText) -> bool:
    return a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.h and b.y < a.y + a.h


def words(plan: PlacedCaption) -> str:
    return "".join("".join(line.text for line in plan.lines).split())


LONG_PAGE = "/a/path/" + "without-any-space" * 20 + "/\x1b[31m\u202e中"


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("width", [360, 390, 479, 480, 759, 760, 768, 1280, 1920])
@pytest.mark.parametrize("page", ["/shop", LONG_PAGE])
def test_nothing_is_clipped_and_no_line_covers_another(width: int, scale: float, page: str) -> None:
    plan = captions.placed(caption(page), LEGEND, width_px=round(width * scale), scale=scale)

    for line in plan.lines:
        assert fonts.text_width(line.text, size_px=line.size_px, bold=line.bold) == line.w
        assert line.x >= 0
        assert line.x + line.w <= plan.width_px
        assert line.y + line.h <= plan.height_px
    lines = plan.lines
    assert not any(overlap(a, b) for i, a in enumerate(lines) for b in lines[:i])


@pytest.mark.parametrize("width_px", [360, 1280])
def test_every_fact_is_said(width_px: int) -> None:
    said = words(captions.placed(caption(), LEGEND, width_px=width_px))

    for fact in (
        "/shop",
        "clickheatmap",
        "desktop",
        "widescreens",
        "2026-10-24to2026-11-22,America/Argentina/ComodRivadavia",
        "1,234,567sessions",
        "98,765,432clicks",
        "98,000,000placedontheelementtheyhit,765,432byposition",
        "logarithmicscale",
        "use--from2026-11-03",
        "1,045,678ormore",
    ):
        assert fact in said


def test_both_ends_of_the_legend_are_shown_where_the_middle_has_no_room() -> None:
    legend = Legend(LEGEND.colours, ((0.0, "0"), (0.5, "9" * 30), (1.0, "9,999,999 or more")), ("clicks",))

    said = words(captions.placed(caption(), legend, width_px=360))

    assert "9" * 30 not in said
    assert "9,999,999ormore" in said


def test_hostile_characters_do_not_reach_the_picture() -> None:
    plan = captions.placed(caption(LONG_PAGE), LEGEND, width_px=390)

    said = words(plan)
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_what_is_unknown_is_left_out() -> None:
    bare = Caption(
        page="/", kind="scrollmap", width_class="narrow", dates="x", zone="UTC", session_count=1, event_count=2
    )

    assert captions.sentences(bare) == ("scrollmap · narrow", "x, UTC", "1 session · 2 clicks")


def test_the_colour_bar_runs_through_the_colours_of_the_legend() -> None:
    plan = captions.placed(caption(), LEGEND, width_px=1280)
    picture = np.asarray(captions.caption_picture(caption(), LEGEND, width_px=1280))

    x, y, w, h = plan.bar
    row = picture[y + h // 2, x + 1 : x + w - 1].astype(int)
    assert np.abs(row[0] - LEGEND.colours[0]).max() < 12
    assert np.abs(row[-1] - LEGEND.colours[-1]).max() < 12


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.034, "0.034"),
        (0.96, "1"),
        (2, "2"),
        (3.14, "3.1"),
        (9.99, "10"),
        (12.4, "12"),
        (1e6, "1,000,000"),
    ],
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert captions.number_text(value) == text
