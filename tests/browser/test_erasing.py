"""A visitor is erased while their own browser goes on sending, and another visitor's too."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import FIRST_AGENT, Stage, wait_for
from tests.browser.scene import until
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

pytestmark = pytest.mark.browser

TICK_MS = 100
ANSWERS_AFTER = 5
SENDS = f"""() => setInterval(() => {{ usertrack.track("tick", {{}}); usertrack.flush(); }}, {TICK_MS})"""


def sending(browser: Browser, url: str) -> tuple[Page, str, list[int]]:
    """Open a page that sends all the time; return it, its session, and the answers it gets."""
    page, answers = browser.new_context().new_page(), list[int]()

    def note(answer: Response) -> None:
        if answer.request.method == "POST" and answer.url.endswith("/i"):
            answers.append(answer.status)

    page.on("response", note)
    page.goto(f"{url}/shop")
    page.wait_for_function("() => window.usertrack && usertrack.status().session")
    page.evaluate(SENDS)
    return page, page.evaluate("usertrack.status().session"), answers


def rows_of(stage: Stage, session: str) -> int:
    sql = "SELECT count(*) FROM events WHERE session = ?"
    return int(ask(stage.home, Filter(), lambda con: con.execute(sql, [session]).fetchall())[0][0])


def test_an_erasure_reaches_a_visitor_whose_browser_goes_on_sending(
    stage: Stage, first_browser: Browser, second_browser: Browser
) -> None:
    page, session, answers = sending(first_browser, stage.shop)
    other_page, other, _ = sending(second_browser, stage.shop)
    for each in (session, other):
        wait_for(stage.home, f"SELECT 1 FROM events WHERE session = '{each}' AND name = 'tick'")  # noqa: S608

    done = stage.usertrack("delete", "--ip", "127.0.0.1", "--ua", FIRST_AGENT, "--yes")

    assert done.returncode == 0, done.stderr
    assert "erased 1 session" in done.stdout
    page.wait_for_timeout(1)  # takes note of what was answered meanwhile
    heard, seen = len(answers), rows_of(stage, other)

    def is_answered() -> bool:
        page.wait_for_timeout(TICK_MS)
        return len(answers) >= heard + ANSWERS_AFTER

    until(is_answered, "answers to the batches of an erased session")
    until(lambda: rows_of(stage, other) > seen, "events of the other visitor after the erasure")
    assert page.evaluate("usertrack.status().session") == session, "it did not go on sending as it was"
    assert set(answers) <= {200, 204}
    assert rows_of(stage, session) == 0
    with closing(catalog.connect(stage.home)) as con:
        for table in ("batches", "sessions_open"):
            held = con.execute(f"SELECT count(*) FROM {table} WHERE session = ?", (session,))  # noqa: S608
            assert held.fetchone() == (0,), table
    again, new, _ = sending(first_browser, stage.shop)
    wait_for(stage.home, f"SELECT 1 FROM events WHERE session = '{new}'")  # noqa: S608
    for tab in (page, other_page, again):
        tab.context.close()
    verified = stage.usertrack("receipt", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
