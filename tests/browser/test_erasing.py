"""A visitor is erased while browsers go on sending, and what they brought for all is asked of the next one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import FIRST_AGENT, Stage, wait_for, wait_for_layouts
from tests.browser.scene import until
from usertrack_cli.api.layouts import layouts
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response, Route

    from usertrack_cli.render.layout import Box, Layout

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


@dataclass
class Said:
    """Hashes of the layouts that the server asked a page for, and of those that it brought."""

    needs: list[str]
    brought: list[str]


def visit(browser: Browser, url: str, *, is_deaf: bool = False) -> tuple[Page, Said]:
    """Open a page with a storage of its own; one that is deaf does not hear for what layouts it is asked."""
    said = Said([], [])

    def pass_on(route: Route) -> None:
        events = (route.request.post_data_json or {}).get("e", [])
        said.brought += [event[2] for event in events if event[0] == "K"]
        answer = route.fetch()
        told = answer.json() if answer.status == 200 else {}
        said.needs += told.get("need", [])
        if is_deaf and told:
            route.fulfill(response=answer, json=told | {"need": []})
        else:
            route.fulfill(response=answer)

    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.route("**/i", pass_on)
    page.goto(f"{url}/shop")
    page.wait_for_function("() => window.usertrack && usertrack.status().session")
    return page, said


def leave(page: Page) -> None:
    page.unroute_all(behavior="wait")
    page.context.close()


def stored_layout(stage: Stage, name: str) -> tuple[Layout, int, str | None]:
    """The layout as the store has it, whether its texts are wanted, and whose session brought them."""
    [found] = layouts(stage.home, "default", {("/shop", name)})
    with closing(catalog.connect(stage.home)) as con:
        row = con.execute("SELECT needs_text, brought_by FROM layouts WHERE hash = ?", (name,)).fetchone()
    return found, *row


def geometry(layout: Layout) -> list[Box]:
    return [replace(box, text="") for box in layout.boxes]


def test_texts_of_an_erased_visitors_layout_are_blanked_and_the_next_visitor_is_asked(
    stage: Stage, first_browser: Browser, second_browser: Browser
) -> None:
    page, said = visit(first_browser, stage.shop)
    wait_for_layouts(stage.home, [page])
    session = page.evaluate("usertrack.status().session")
    [name] = said.needs
    assert said.brought == [name]
    before, is_wanted, brought_by = stored_layout(stage, name)
    assert (is_wanted, brought_by) == (0, session)
    assert "Desks" in {box.text for box in before.boxes}
    leave(page)

    done = stage.usertrack("delete", "--session", session, "--yes")

    assert done.returncode == 0, done.stderr
    blanked, is_wanted, brought_by = stored_layout(stage, name)
    assert (is_wanted, brought_by) == (1, None)
    assert {box.text for box in blanked.boxes} == {""}
    assert geometry(blanked) == geometry(before)

    # Texts come back because they are asked for, and in no other way: who does not hear it leaves them blank.
    page, said = visit(second_browser, stage.shop, is_deaf=True)
    until(lambda: said.needs or page.evaluate("usertrack.flush()"), "a visitor who is asked and does not hear")
    page.evaluate("usertrack.track('after', {})")
    wait_for(stage.home, "SELECT 1 FROM events WHERE name = 'after'", pages=[page])
    assert (said.needs[0], said.brought) == (name, [])
    assert stored_layout(stage, name) == (blanked, 1, None)
    leave(page)

    page, said = visit(second_browser, stage.shop)
    other = page.evaluate("usertrack.status().session")

    def has_come() -> bool:
        page.evaluate("usertrack.flush()")
        return stored_layout(stage, name)[1] == 0

    until(has_come, "the texts, from the next visitor")
    assert (said.needs, said.brought) == ([name], [name])
    assert stored_layout(stage, name) == (before, 0, other)
    leave(page)
    verified = stage.usertrack("receipt", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
