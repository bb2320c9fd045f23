"""``usertrack live``: the present, the inbox included, each event once; and a terminal given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.commands.conftest import Run
from tests.commands.terminal import Terminal, usertrack
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import api, clock
from usertrack_cli.commands.screen import ENTER_SCREEN, LEAVE_SCREEN
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import WRITER, held


def sender(home: Home, number: int, *, ago_ms: int = 5_000) -> Sender:
    now_ms = clock.now_ms()
    return Sender(home, session_id(number), started_at=now_ms - ago_ms, received_at=now_ms)


@contextmanager
def busy_writer(home: Home) -> Iterator[None]:
    """Nobody can drain: what arrives stays in the inbox."""
    with held(home, WRITER, timeout_s=5, doing="testing"):
        yield


def test_what_was_acknowledged_a_moment_ago_shows_at_once(run: Run, home: Home) -> None:
    sender(home, 1).send(0, pageview(), click(900, 40, 50))
    run("sessions")  # drained

    with busy_writer(home):
        sender(home, 2).send(0, pageview(path="/cart"), click(1_000, 1, 2, text="Pay", selector="#pay"))
        done = run("live", "--count", "1")

    assert done.code == 0
    assert "2 sessions" in done.out
    assert "/cart 1, /shop 1" in done.out
    assert "clicked “Pay” on /cart" in done.out
    assert "pending" not in done.err


def test_what_is_in_a_segment_and_in_the_inbox_counts_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from usertrack_cli.store import waiting

    sender(home, 1).send(0, pageview(), click(900, 40, 50))
    read = waiting.waiting_rows

    def read_then_drained(*arguments: object, **named: object) -> object:
        table = read(*arguments, **named)  # type: ignore[arg-type]
        api.sessions(home, api.Filter(site="default"))
        return table

    monkeypatch.setattr(waiting, "waiting_rows", read_then_drained)

    now = api.present(home)

    assert (now.sessions, sum(now.events), now.pageviews, len(now.clicks)) == (1, 2, 1, 1)


def test_who_has_left_or_is_silent_is_not_there(run: Run, home: Home) -> None:
    sender(home, 1).send(0, pageview(), ["u", 3_000])
    sender(home, 2, ago_ms=6 * 60_000).send(0, pageview())
    sender(home, 3).send(0, pageview(), ["u", 1_000], pageview(1_100, "/cart", number=2))
    sender(home, 4).again(meta=(("is_bot", True),)).send(0, pageview())

    now = api.present(home)

    assert [(page.page, page.sessions) for page in now.pages] == [("/cart", 1)]
    assert now.bots == 1
    assert "1 session of bots left out" in run("live", "--count", "1").out
    assert (api.present(home, includes_bots=True).sessions, api.present(home, includes_bots=True).bots) == (
        2,
        0,
    )
    assert api.present(home, within_ms=10 * 60_000).sessions == 2


def test_a_group_of_pages_counts_as_one_and_a_click_names_its_page(run: Run, home: Home) -> None:
    (home.root / "usertrack.toml").write_text('[[page]]\nmatch = "/p/*"\nname = "/p/…"\n', encoding="utf-8")
    sender(home, 1).again(page="/p/1").send(0, pageview(path="/p/1"))
    sender(home, 2).again(page="/p/2").send(0, pageview(path="/p/2"), click(900, 1, 2, text="Pay"))

    done = run("live", "--count", "1")

    assert "/p/… 2 · clicked “Pay” on /p/2" in done.out


def test_a_restricted_session_does_not_show(run: Run, home: Home) -> None:
    visitor = sender(home, 1)
    visitor.send(0, pageview())
    assert run("restrict", "--ip", visitor.ip).code == 0

    with busy_writer(home):
        visitor.send(1, click(900, 40, 50))
        assert api.present(home).sessions == 0


def test_an_empty_site_is_no_error(run: Run) -> None:
    done = run("live", "--count", "1")

    assert done.code == 0
    assert "0 sessions · 0.0 events/s" in done.out


@pytest.mark.parametrize("arguments", [("--every", "soon"), ("--within", "10s"), ("--count", "0")])
def test_a_wrong_call_says_why(run: Run, arguments: tuple[str, str]) -> None:
    done = run("live", *arguments)

    assert done.code == 2
    assert arguments[0] in done.err


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_on_a_terminal_it_draws_and_gives_the_terminal_back(home: Home, key: str) -> None:
    sender(home, 1).send(0, pageview(path="/déjà"))
    call = usertrack(
        "live", "--every", "1s", "--data", str(home.root), environment={"LINES": "", "COLUMNS": ""}
    )
    terminal = Terminal(call, width=100, height=30)

    try:
        terminal.wait_for("q quits")
        terminal.type(key)
        status = terminal.exit_status()
        is_given_back = terminal.is_given_back
    finally:
        terminal.close()

    text = terminal.written.decode()
    assert (status, is_given_back) == (0, True)
    assert text.index(ENTER_SCREEN) < text.index(LEAVE_SCREEN)
    assert "/déjà" in text
    assert "Traceback" not in text
