"""Whatever leaves bots out says how many they were, and counts them where it is told to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli import console
from usertrack_cli.render.picture import texts_of
from usertrack_cli.store.home import Home

LEFT_OUT = re.compile(r"(\d+) sessions? of bots left out; --include-bots counts them")
COMMANDS = (
    "sessions",
    "pages",
    "stats",
    "stats --by page --suggest",
    "elements --page /p/1",
    "heatmap --page /p/1",
    "heatmap --page /p/1 --kind move",
    "scrollmap --page /p/1",
    "compare --page /p/1 --a-device desktop --b-device mobile",
    "funnel /p/1 /cart",
    "tags list",
    "tags test true",
    "export --view clicks --format csv",
    "export --view sessions -o sessions.csv",
    "report --pages 1 -o report.html",
    "replay --next --transcript",
)


@pytest.fixture
def visited(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Six visits of one page by people, one by a bot, and one that gave itself away on the page after it."""
    monkeypatch.chdir(tmp_path)
    moves = ["m", 500, 0, 0, 10, 40, [60, 10, 10]]
    for number in range(8):
        is_mobile = number % 2
        sender = Sender(
            home,
            session_id(number),
            ip=SECOND_IP if is_mobile else "203.0.113.7",
            agent=SECOND_AGENT,
            page="/p/1",
            meta=(("device", "mobile" if is_mobile else "desktop"), ("is_bot", number == 6)),
        )
        more = [pageview(2_000 + page, f"/p/{page}", number=page) for page in range(2, 9)]
        sender.send(0, pageview(0, "/p/1"), moves, click(900, 40, 50), ["g", 950, "seen"], *more)
        sender.again(
            page="/cart", meta=(("device", "mobile" if is_mobile else "desktop"), ("is_bot", number >= 6))
        ).send(1, pageview(9_000, "/cart", number=9))
    return home


def left_out(said: str) -> int:
    return sum(int(each) for each in LEFT_OUT.findall(said))


@pytest.mark.parametrize("call", COMMANDS)
def test_the_number_of_bots_stands_beside_every_answer_once(run: Run, visited: Home, call: str) -> None:
    done = run(*call.split())
    with_bots = run(*call.split(), "--include-bots")

    assert (done.code, with_bots.code) == (0, 0), done.err
    assert left_out(done.err) == 2
    assert "left out" not in with_bots.err


def test_a_comparison_says_it_of_each_side(run: Run, visited: Home) -> None:
    done = run("compare", "--page", "/p/1", "--a-device", "desktop", "--b-device", "mobile")

    assert "desktop: 1 session of bots left out" in done.err
    assert "mobile: 1 session of bots left out" in done.err


def test_a_bot_in_a_list_is_marked(run: Run, visited: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = json.loads(run("sessions", "--include-bots", "--json").out)
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    people, everybody = run("sessions").out, run("sessions", "--include-bots").out

    assert {row["session"] for row in rows if row["is_bot"]} == {session_id(6), session_id(7)}
    assert "BOT" not in people
    assert "BOT" in everybody.splitlines()[0]
    assert sum(" bot " in line for line in everybody.splitlines()) == 2


def test_a_picture_says_it_itself(run: Run, visited: Home) -> None:
    for command in ("heatmap", "scrollmap"):
        run(command, "--page", "/p/1", "-o", "p.png")
        assert texts_of(Path("p.png"))["usertrack:bots-left-out"] == "2"
        run(command, "--page", "/p/1", "-o", "p.png", "--include-bots")
        assert "usertrack:bots-left-out" not in texts_of(Path("p.png"))

    shown = run("heatmap", "--page", "/p/1", "--preview")

    assert "6 clicks" in shown.out
    assert "2 sessions of bots left out" in shown.out


def test_where_only_bots_were_the_hint_says_so(run: Run, home: Home) -> None:
    Sender(home, session_id(1), meta=(("is_bot", True),)).send(0, pageview(), click(900, 40, 50))

    for call in ("heatmap --page /shop", "elements --page /shop", "export --view clicks --format csv"):
        done = run(*call.split())

        assert done.code == 3
        assert "hint: 1 session of bots left out; --include-bots counts them" in done.err
