"""Cells, wide characters, and what a terminal is told about them."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usertrack_cli.render.grid import PLAIN, Capabilities, Colours, Grid, Role, Style, escape_codes
from usertrack_cli.render.text import cell_width

WRITES = st.lists(
    st.tuples(
        st.integers(-2, 14),
        st.integers(-1, 3),
        st.text("ab漢字é\u0301[\x1b\u202e ", max_size=9),
        st.sampled_from([PLAIN, Style(bold=True), Style(Role.RAGE, reverse=True)]),
    ),
    max_size=8,
)


def drawn(writes: list[tuple[int, int, str, Style]]) -> Grid:
    grid = Grid(12, 3)
    for x, y, text, style in writes:
        grid.write(x, y, text, style)
    return grid


@given(WRITES)
def test_a_row_is_never_wider_than_the_grid(writes: list[tuple[int, int, str, Style]]) -> None:
    grid = drawn(writes)

    assert [sum(cell_width(cell) for cell in row) for row in grid.characters] == [12, 12, 12]


@example([(1, 1, "字", PLAIN)], 2, "aaaaaa")
@given(WRITES, st.integers(-3, 12), st.text("a漢", min_size=6, max_size=6))
def test_laying_a_cut_row_over_another_leaves_no_half_character(
    writes: list[tuple[int, int, str, Style]], shift: int, text: str
) -> None:
    grid, source = drawn(writes), Grid(12, 1)
    source.write(0, 0, text)
    start, end = max(-shift, 0), 12 - max(shift, 0)

    grid.lay(max(shift, 0), 1, source.characters[0][start:end], source.styles[0][start:end])

    assert sum(cell_width(cell) for cell in grid.characters[1]) == 12


@given(WRITES, WRITES)
def test_changes_turn_one_screen_into_the_next(
    before: list[tuple[int, int, str, Style]], after: list[tuple[int, int, str, Style]]
) -> None:
    screen = pyte.Screen(12, 3)
    stream = pyte.Stream(screen)
    # pyte loses marks on wide characters and at the edge.
    before, after = ([(x, y, t.replace("\u0301", ""), s) for x, y, t, s in w] for w in (before, after))
    first, second = drawn(before), drawn(before + after)

    stream.feed(first.changes(None, Colours.TRUECOLOR))
    stream.feed(second.changes(first, Colours.TRUECOLOR))

    assert [line.rstrip() for line in screen.display] == second.lines()


def test_nothing_is_written_where_nothing_changed() -> None:
    grid = Grid(5, 2)
    grid.write(0, 0, "same")

    assert grid.copy().changes(grid, Colours.TRUECOLOR) == ""


def test_ascii_keeps_every_cell_in_its_column() -> None:
    grid = Grid(10, 1)
    grid.write(0, 0, "漢│⠿↖é…")

    assert grid.in_ascii().lines() == ["??|.@e~"]


@pytest.mark.parametrize(
    ("colours", "codes"),
    [
        (Colours.TRUECOLOR, "\x1b[1;38;2;226;48;58m"),
        (Colours.INDEXED, "\x1b[1;38;5;196m"),
        (Colours.NONE, "\x1b[1m"),
    ],
)
def test_colours_are_those_that_the_terminal_has(colours: Colours, codes: str) -> None:
    assert escape_codes(Style(Role.RAGE, bold=True), colours) == codes


@pytest.mark.parametrize(
    ("environment", "encoding", "capabilities"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "utf-8", Capabilities()),
        ({"TERM": "xterm-256color"}, "UTF-8", Capabilities(is_unicode=True, colours=Colours.INDEXED)),
        ({"TERM": "xterm-256color"}, "latin-1", Capabilities(is_unicode=False, colours=Colours.INDEXED)),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "utf-8", Capabilities(is_unicode=False, colours=Colours.NONE)),
        ({"TERM": "dumb"}, "utf-8", Capabilities(is_unicode=False, colours=Colours.NONE)),
        ({}, None, Capabilities(is_unicode=False, colours=Colours.NONE)),
    ],
)
def test_capabilities_follow_the_environment(
    environment: dict[str, str], encoding: str | None, capabilities: Capabilities
) -> None:
    assert Capabilities.detected(environment, encoding=encoding) == capabilities
