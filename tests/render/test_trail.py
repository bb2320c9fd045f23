"""The trail of the pointer: dots over what says nothing, fading, gone in time."""

from __future__ import annotations

from usertrack_cli.render.grid import Grid, Role, Style
from usertrack_cli.render.trail import FADING_MS, GONE_MS, TrailPoint, draw_trail


def trail(*ages_ms: int) -> list[TrailPoint]:
    """A line across row 1, one sample every four cells."""
    return [TrailPoint(age_ms, 8 * place, 5) for place, age_ms in enumerate(ages_ms)]


def test_it_passes_over_blanks_and_lines_and_under_words() -> None:
    grid = Grid(21, 3)
    grid.write(4, 1, "Buy")
    grid.write(10, 1, "──│", Style(Role.LINE))

    draw_trail(grid, trail(50, 40, 30, 20, 10, 0))

    row = "".join(grid.characters[1])
    assert row[4:7] == "Buy"
    assert all("\u2800" < cell <= "\u28ff" for cell in row[:4] + row[7:20])
    assert "".join(grid.characters[0] + grid.characters[2]).strip() == ""


def test_it_fades_and_goes() -> None:
    grid = Grid(21, 3)

    draw_trail(grid, trail(GONE_MS + 2, GONE_MS + 1, GONE_MS, FADING_MS, 100, 0))

    assert "".join(grid.characters[1][:4]).strip() == ""
    tones = [grid.styles[1][x].role for x in (6, 10, 14, 18)]
    assert tones == [Role.TRAIL_OLD, Role.TRAIL, Role.POINTER, Role.POINTER]
