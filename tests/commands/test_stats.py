"""Figures and funnels from the command line."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.store.home import Home


def test_the_total_stands_last_and_range_and_bots_are_named(
    run: Run, two_visitors: tuple[Sender, Sender]
) -> None:
    two_visitors[0].again(session=session_id(9), meta=(("is_bot", True),)).send(0, pageview())

    done = run("stats", "--by", "page", "--json", "--tz", "Europe/Berlin")

    rows = json.loads(done.out)
    assert [(row["key"], row["sessions"], row["pageviews"]) for row in rows] == [
        ("/shop", 2, 2),
        ("/cart", 1, 1),
        ("total", 2, 3),
    ]
    assert "Europe/Berlin; 1 session of bots left out" in done.err


def test_the_span_before_stands_beside(run: Run, home: Home) -> None:
    for number, days in enumerate((1, 2, 9)):
        when = clock.now_ms() - days * clock.DAY_MS
        Sender(home, session_id(number), started_at=when - 1000, received_at=when).send(0, pageview())

    rows = json.loads(run("stats", "--last", "7d", "--compare", "previous", "--json").out)

    assert [(row["key"], row["sessions"]) for row in rows] == [("before", 1), ("total", 2)]


def test_every_hour_and_day_is_there_and_of_fewer_days_the_newest(run: Run, home: Home) -> None:
    for number in range(25):
        when = clock.now_ms() - number * 25 * clock.HOUR_MS - clock.MINUTE_MS
        Sender(home, session_id(number), started_at=when, received_at=when).send(0, pageview())

    def keys(*arguments: str) -> list[str]:
        return [row["key"] for row in json.loads(run("stats", "--tz", "UTC", "--json", *arguments).out)[:-1]]

    days = keys("--by", "day")
    assert keys("--by", "hour") == [f"{hour:02}:00" for hour in range(24)]
    assert (len(days), days) == (25, sorted(days))
    assert keys("--by", "day", "--limit", "3") == days[-3:]
    assert len(keys("--by", "page", "--limit", "1")) == 1


def test_a_list_that_was_cut_says_so(run: Run, sender: Sender) -> None:
    sender.send(0, pageview(), pageview(1_000, "/cart", number=2))

    cut, whole = (run("stats", "--by", "page", "--limit", limit) for limit in ("1", "2"))

    assert "there are more than these 1; --limit says how many to list" in cut.err
    assert "there are more" not in whole.err


def test_a_pipe_gets_the_days_as_json(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    (row,) = csv.DictReader(io.StringIO(run("stats", "--csv").out))

    assert [sessions for _, sessions in json.loads(row["days"])] == [2]


def test_a_figure_is_defined_on_request(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    assert "under 10 s" in run("stats", "--define", "bounce").out
    assert run("stats", "--define", "happiness").code == 2


def test_a_funnel_gives_shares_and_the_lost(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    rows = json.loads(run("funnel", "/shop", "/cart", "--json").out)

    assert [(row["step"], row["sessions"], row["kept"]) for row in rows] == [
        ("/shop", 2, 1.0),
        ("/cart", 1, 0.5),
    ]
    assert run("funnel", "/shop", "/cart", "--dropped", "1").out == f"{session_id(1)}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["stats", "--by", "mood"],
        ["stats", "--compare", "tomorrow"],
        ["funnel", "/shop"],
        ["funnel", "/shop", "cart"],
        ["funnel", "/shop", "event:"],
        ["funnel", "/shop", "/cart", "--within", "soon"],
        ["funnel", "/shop", "/cart", "--dropped", "2"],
    ],
    ids=" ".join,
)
def test_a_wrong_question_is_exit_code_2(
    run: Run, two_visitors: tuple[Sender, Sender], arguments: list[str]
) -> None:
    assert run(*arguments).code == 2


def test_a_funnel_that_nobody_entered_is_exit_code_3(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    assert run("funnel", "/nowhere", "/cart").code == 3
