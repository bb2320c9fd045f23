"""Batches arrive once, whatever network and server do; a tab is one session as long as it is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import FIRST_AGENT
from tests.browser.scene import Requests, Scene, flush, scene, status, storage, tab, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

HTML = """<!doctype html><html><head><title>Page</title><!--tag--></head><body style="height:3000px">
<button id="go" onclick="this.textContent = +new Date()">Go</button> <a id="link" href="/two">Two</a>
<a id="tab" href="/two" target="_blank" rel="opener">Tab</a> <input id="name"></body></html>"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    pages = dict.fromkeys(("/one", "/two", "/shut", "/long", "/off"), HTML)
    with scene(tmp_path_factory.mktemp("delivery") / "data", pages) as made:
        yield made


@pytest.fixture(autouse=True)
def _sound(stage: Scene) -> Iterator[None]:
    yield
    stage.board.says = None


def own(stage: Scene, session: str) -> list[dict[str, Any]]:
    return [each for each in stage.board.batches(kept=True) if each["s"] == session]


def test_a_tab_that_is_closed_at_once_is_still_told(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/shut")
        page.click("#go")
        session = status(page)["session"]
        page.close(run_before_unload=True)
        rows = stage.wait_for("page = '/shut' AND kind IN ('pageview', 'click', 'leave')", count=3)
        # The number dies with its tab.
        page = page.context.new_page()
        page.goto(stage.origin + "/one")
        assert status(page)["session"] != session
        assert session not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")

    assert [row[0] for row in rows] == ["pageview", "click", "leave"]


def test_what_the_server_could_not_take_is_sent_again_and_stored_once(stage: Scene, browser: Browser) -> None:
    sessions = {}
    for answered in (500, 503, 429, 507, 408, 0):
        stage.board.says = (answered, {}, b"")
        with tab(browser) as page:
            requests = Requests(page)
            page.goto(stage.origin + "/one")
            sessions[answered] = session = status(page)["session"]

            def tries() -> list[Any]:
                flush(page)
                return [b for b in stage.board.batches() if b["s"] == session]  # noqa: B023

            until(tries, "a first try")
            requests.settle()
            assert f"ust.q.{session}.0" in storage(page)[0], answered
            stage.board.says = None
            page.evaluate("dispatchEvent(new Event('online'))")
            until(lambda: not storage(page)[0], "an empty queue")
            page.goto("about:blank")
    listed = ", ".join(f"'{each}'" for each in sessions.values())
    rows = stage.wait_for(f"session IN ({listed}) AND kind = 'pageview'", select="session", count=len(sessions))

    assert Counter(row[0] for row in rows) == dict.fromkeys(sessions.values(), 1)


def test_the_tracker_waits_as_long_as_the_server_asks(stage: Scene, browser: Browser) -> None:
    stage.board.says = (429, {"Retry-After": "120"}, b"")
    with tab(browser) as page:
        requests = Requests(page)
        page.clock.install()
        page.goto(stage.origin + "/one")
        session = status(page)["session"]

        def tries() -> int:
            return len([b for b in stage.board.batches() if b["s"] == session])

        page.clock.run_for(2_100)
        until(lambda: tries() == 1, "a first try")
        requests.settle()
        stage.board.says = None
        page.clock.run_for(110_000)
        requests.settle()
        assert tries() == 1
        page.clock.run_for(20_000)
        until(lambda: tries() > 1, "a second try")


@pytest.mark.parametrize(
    "says", [(410, {}, b""), (403, {}, b""), (200, {"Content-Type": "application/json"}, b'{"off":1}')]
)
def test_a_server_that_says_stop_is_obeyed(
    stage: Scene, browser: Browser, says: tuple[int, dict[str, str], bytes]
) -> None:
    stage.board.says = says
    with tab(browser) as page:
        page.clock.install()
        page.goto(stage.origin + "/off")
        page.click("#go")
        page.clock.run_for(2_100)
        until(lambda: not status(page)["recording"], "the end")
        keys, reason, already = storage(page), status(page)["reason"], len(stage.board.sent)
        page.click("#go")
        page.clock.run_for(60_000)
        assert len(stage.board.sent) == already

    assert (keys, reason) == (([], []), "off")


def test_a_batch_that_can_never_be_taken_is_dropped(stage: Scene, browser: Browser) -> None:
    stage.board.says = (400, {}, b"")
    with tab(browser) as page:
        page.goto(stage.origin + "/one")
        session = status(page)["session"]

        def is_refused() -> bool:
            flush(page)
            return any(each.status == 400 for each in stage.board.sent if each.body["s"] == session)

        until(is_refused, "a batch that is refused")
        until(lambda: storage(page) == ([], ["ust.s"]), "an empty queue")
        assert status(page)["recording"] is True


def test_offline_and_back_loses_nothing(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/one")
        session = status(page)["session"]
        page.context.set_offline(True)
        for _ in range(3):
            page.click("#go")
            page.evaluate("usertrack.track('offline')")

        def held() -> list[str]:
            flush(page)  # what follows a click stays open until the page has reacted
            return storage(page)[0]

        until(held, "a batch that waits")
        page.context.set_offline(False)
        until(lambda: not storage(page)[0], "an empty queue")
        rows = stage.wait_for(f"session = '{session}' AND kind = 'custom'", count=3, page=page)

    assert len(rows) == 3


def test_full_or_forbidden_storage_is_no_reason_to_lose_anything(stage: Scene, browser: Browser) -> None:
    full = (
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty("
        "window, name, {get: () => new Proxy({}, {set() { throw new Error('full') }})})"
    )
    for breakage in (
        full,
        full.replace("get: () => new Proxy({}, {set() { throw new Error('full') }})", "get() { throw 1 }"),
    ):
        with tab(browser) as page:
            page.add_init_script(breakage)
            page.goto(stage.origin + "/one")
            page.click("#go")
            session = status(page)["session"]
            rows = stage.wait_for(f"session = '{session}' AND kind = 'pageview'", page=page)

        assert rows == [("pageview",)]


def test_reloads_and_links_keep_the_session_and_a_copied_tab_gets_its_own(
    stage: Scene, browser: Browser
) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/one")
        first = status(page)["session"]
        seen = {first}
        for step in range(6):
            if step % 2:
                page.goto(f"{stage.origin}/{'two' if step % 4 == 1 else 'one'}")
            else:
                page.reload()
            seen.add(status(page)["session"])
        with page.expect_popup() as popup:
            page.click("#tab")
        copy = popup.value
        copy.wait_for_load_state()
        assert copy.evaluate("!!opener")
        other = status(copy)["session"]
        flush(copy)
        flush(page)
        stage.wait_for(f"session = '{first}' AND kind = 'pageview'", count=7)
        stage.wait_for(f"session = '{other}' AND kind = 'pageview'")

    assert seen == {first}
    assert other != first
    numbers = stage.rows(f"session = '{first}' AND kind = 'pageview'", select="pageview")
    assert [row[0] for row in numbers] == [1, 2, 3, 4, 5, 6, 7]


def test_a_page_out_of_the_back_forward_cache_goes_on(stage: Scene, driver: Any, chromium: str) -> None:
    from usertrack_cli.demo.visitors import launch_options

    options = launch_options(chromium, user_agent=FIRST_AGENT)
    options["ignore_default_args"] = ["--disable-back-forward-cache"]
    own_browser = driver.chromium.launch(**options)
    with tab(own_browser) as page:
        page.goto(stage.origin + "/one")
        session = status(page)["session"]
        page.evaluate("window.kept = 1")
        page.goto(stage.origin + "/two")
        page.evaluate("setTimeout(() => history.back())")
        page.wait_for_url("**/one", wait_until="commit")
        page.wait_for_function("window.kept === 1")

        def is_told() -> bool:
            flush(page)  # a pageview stays open until the page has settled
            return any(e[0] == "p" and e[3] == "bfcache" for b in own(stage, session) for e in b["e"])

        until(is_told, "the pageview of the kept page")
        stage.wait_for(f"session = '{session}' AND kind = 'pageview' AND name = 'bfcache'")
        assert status(page)["session"] == session
    own_browser.close()

    assert sorted(b["q"] for b in own(stage, session)) == list(range(len(own(stage, session))))


def test_half_an_hour_of_nothing_ends_the_session_and_so_does_a_day(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.clock.install()
        page.goto(stage.origin + "/long")
        first = status(page)["session"]
        page.mouse.move(200, 200)
        page.clock.run_for(29 * 60_000)
        page.mouse.move(300, 300)
        assert status(page)["session"] == first
        page.clock.run_for(31 * 60_000)
        assert status(page)["session"] == first
        # The browser asks who listens a moment after the hand moved: the session begins after its first move.
        page.evaluate(
            "() => { const { get } = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp');"
            " Object.defineProperty(Event.prototype, 'timeStamp', {get() { return get.call(this) - 40; }}); }"
        )
        page.mouse.move(200, 200)
        second = status(page)["session"]
        # The clock of a session begins anew, and so does the way of the pointer in it.
        for step in range(4):
            page.mouse.move(240 + 40 * step, 200)
            page.clock.run_for(100)
        stage.wait_for(f"session = '{second}' AND kind = 'move'", count=4, page=page)
        for _ in range(50):
            page.clock.fast_forward(29 * 60_000)
            page.mouse.move(300, 300)
            page.mouse.move(200, 200)
        third = status(page)["session"]

    assert len({first, second, third}) == 3


def test_twenty_minutes_are_one_session_without_gap_or_repeat(stage: Scene, browser: Browser) -> None:
    queue: list[int] = []
    clicks = 0
    with tab(browser) as page:
        # The driver's clock shows fractions of a millisecond after a wait that has some; no real one does.
        page.add_init_script("Math.random = () => 0.5")
        requests = Requests(page)
        page.clock.install()
        page.goto(stage.origin + "/long")
        session = status(page)["session"]
        for minute in range(20):
            # Every fourth minute the server is away.
            stage.board.says = (503, {}, b"") if minute % 4 == 2 else None
            for step in range(4):
                page.mouse.move(100 + 40 * step, 100 + 7 * minute, steps=3)
                page.mouse.wheel(0, 50)
                page.click("#go")
                clicks += 1
                page.clock.run_for(15_000)
            # A quarter of a minute passes in a moment here, which is no time for an answer.
            requests.settle()
            queue.append(len(storage(page)[0]))
        stage.board.says = None
        page.evaluate("dispatchEvent(new Event('online'))")
        page.clock.run_for(20_000)
        until(lambda: not storage(page)[0], "an empty queue")
        assert status(page)["session"] == session
        page.goto("about:blank")
    stage.wait_for(f"session = '{session}' AND kind = 'leave'")

    batches = Counter(each["q"] for each in own(stage, session))
    stored = [row[0] for row in stage.rows(f"session = '{session}'", select="DISTINCT seq, session, idx")]
    assert sorted(set(stored)) == list(range(max(batches) + 1)) == sorted(batches)
    assert len(stage.rows(f"session = '{session}' AND kind = 'click'")) == clicks
    # What waits during an outage is gone after it: the queue does not grow with the time.
    assert max(queue) <= 12 and max(queue[-8:]) <= max(queue[:8]) + 4
