"""Every figure and picture that lost pointer movements to age says so, and no other does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS
from usertrack_cli.store.home import Home

SAID = "were removed by age and are not included"
MOVES = ["m", 100, 0, 0, 10, 10, [50, 5, 5, 50, 5, 5]]


@pytest.fixture
def _aged(home: Home, run: Run) -> None:
    """A session of 40 days ago that lost its movements, and one of today that has them."""
    for number, age_d in ((1, 40), (2, 0)):
        when = clock.now_ms() - age_d * DAY_MS
        sender = Sender(home, session_id(number), started_at=when - 60_000, received_at=when)
        sender.send(0, pageview(), MOVES, click(900, 40, 50))
    assert run("prune").code == 0


@pytest.mark.usefixtures("_aged")
def test_what_counts_movements_says_that_some_are_gone(run: Run, tmp_path: Path) -> None:
    wide, picture = ["--last", "60d"], ["-o", str(tmp_path / "p.png")]
    for command in (
        ["heatmap", "--page", "/shop", "--kind", "move", *wide, *picture],
        ["heatmap", "--page", "/shop", "--kind", "attention", *wide, *picture],
        ["sessions", *wide],
        ["sql", "SELECT count(*) FROM events"],
        ["replay", session_id(1)],
        ["export", "--session", session_id(1)],
    ):
        assert SAID in run(*command).err, command


@pytest.mark.usefixtures("_aged")
def test_what_counts_none_or_none_of_that_time_says_nothing(run: Run, tmp_path: Path) -> None:
    wide, picture = ["--last", "60d"], ["-o", str(tmp_path / "p.png")]
    for command in (
        ["heatmap", "--page", "/shop", *wide, *picture],
        ["heatmap", "--page", "/shop", "--kind", "move", "--last", "10d", *picture],
        ["scrollmap", "--page", "/shop", *wide, *picture],
        ["stats", *wide],
        ["sessions", "--last", "10d"],
        ["replay", session_id(2)],
    ):
        done = run(*command)
        assert (done.code, SAID in done.err) == (0, False), command


@pytest.mark.usefixtures("_aged")
def test_the_picture_itself_says_it(home: Home) -> None:
    from usertrack_cli import api

    picture = api.heatmap(home, api.Filter(site="default", page="/shop"), kind="move")

    assert any(SAID in fact for fact in picture.facts)
