"""Where the pointer went and rested."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.moves import REST_MS_MAX, Drawn, crowded_cells, rest_cells, sample_cells
from usertrack_cli.queries.widths import widths
from usertrack_cli.store.home import Home

CHOSEN = Filter(site="default", page="/shop")


def drawn(*, sessions_min: int = 1) -> Drawn:
    return Drawn(width_px=640, height_px=400, cell_px=4, sessions_min=sessions_min)


def rests(home: Home, *, sessions_min: int = 1) -> dict[int, float]:
    """Cell to ms."""
    cells, ms = ask(home, CHOSEN, lambda con: rest_cells(con, CHOSEN, drawn(sessions_min=sessions_min)))
    return dict(zip(cells.tolist(), ms.tolist(), strict=True))


def cell(x: int, y: int) -> int:
    """Of a place on the 1280 px page, drawn at half its width."""
    return y // 4 * 160 + x // 2 // 4


def run(at_ms: int, x: int, y: int) -> list[object]:
    """A pointer that comes to rest at a place."""
    return ["m", at_ms, 0, 0, x, y, []]


def every_cell(home: Home) -> NDArray[np.int64]:
    found = ask(home, CHOSEN, lambda con: widths(con, CHOSEN, ("move",)))
    return np.concatenate([sample_cells(found.samples(each.width_class), drawn()) for each in found.counts])


def test_a_rest_lasts_until_the_next_act(sender: Sender) -> None:
    sender.send(0, pageview(), run(1000, 100, 40), run(3500, 600, 80), click(4000, 600, 80), ["s", 4700, 0, 90])

    assert rests(sender.home) == {cell(100, 40): 2500, cell(600, 80): 500 + 700}


def test_after_scrolling_the_pointer_counts_from_its_next_movement(sender: Sender) -> None:
    sender.send(0, pageview(), run(1000, 100, 40), ["s", 1200, 0, 200], run(9000, 104, 44), ["u", 9100])

    assert sum(rests(sender.home).values()) == 200 + 100


@pytest.mark.parametrize("extra_ms", [-1, 0, 1])
def test_a_rest_is_at_most_thirty_seconds(sender: Sender, extra_ms: int) -> None:
    sender.send(0, pageview(), run(1000, 100, 40), ["u", 1000 + REST_MS_MAX + extra_ms])

    assert rests(sender.home) == {cell(100, 40): min(REST_MS_MAX + extra_ms, REST_MS_MAX)}


def test_the_last_sample_of_a_pageview_has_no_end_and_no_time(sender: Sender) -> None:
    sender.send(0, pageview(), run(1000, 100, 40), pageview(2000, number=2), run(2500, 300, 40))

    assert rests(sender.home) == {}


def test_fingers_keys_and_scripts_leave_no_pointer(sender: Sender) -> None:
    for flag in (2, 4, 8):
        sender.send(flag, pageview(), click(1000 * flag, 100, 40, flags=flag), ["u", 1000 * flag + 500])

    assert rests(sender.home) == {}


def test_squares_with_few_sessions_are_left_out(home: Home) -> None:
    for number in range(3):
        alone = [run(3000, 900, 300), ["u", 4000]] if number == 0 else [["u", 3500]]
        Sender(home, session_id(number)).send(0, pageview(), run(1000, 100 + number, 40), *alone)

    assert set(rests(home, sessions_min=3)) == {cell(100, 40), cell(102, 40)}
    assert cell(900, 300) in rests(home, sessions_min=1)
    crowded = ask(home, CHOSEN, lambda con: crowded_cells(con, CHOSEN, drawn(sessions_min=2)))
    everything = every_cell(home)
    assert np.isin(crowded, [cell(100, 40), cell(102, 40)]).all()
    assert (len(crowded), len(everything)) == (3, 4)


def test_both_ways_to_the_cells_agree(home: Home) -> None:
    rng = np.random.default_rng(2)
    for number, width in enumerate((1280, 1366, 1921)):
        points = [run(1000 + 60 * n, int(x), int(y)) for n, (x, y) in enumerate(rng.integers(0, 700, (40, 2)))]
        view = ["p", 0, 1, "load", "/shop", "Shop", "", width, 800, width, 2400, 0, 0]
        Sender(home, session_id(number), size=(width, 800, width, 2400)).send(0, view, *points)
    coarse = Drawn(width_px=640, height_px=400, cell_px=4, block_px=100_000, sessions_min=2)

    in_numpy = every_cell(home)
    in_sql = ask(home, CHOSEN, lambda con: crowded_cells(con, CHOSEN, coarse))

    assert sorted(in_numpy.tolist()) == sorted(in_sql.tolist())
    assert len(in_numpy) > 50


def test_samples_beyond_the_page_are_left_out(sender: Sender) -> None:
    far = 2**31 - 1
    sender.send(0, pageview(), run(1000, far, 40), run(2000, 40, far), run(3000, -5, -5), run(4000, 40, 40))

    cells = every_cell(sender.home)

    assert cells.tolist() == [cell(40, 40)]
