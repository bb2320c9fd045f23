"""The report in a real browser: nothing runs that should not, nothing is loaded, keys are enough."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.test_hostile import HOSTILE, hostile_session
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import api
from usertrack_cli.commands.init import prepare
from usertrack_cli.naming import Conversion
from usertrack_cli.store.home import Home, create_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Dialog, Page

pytestmark = pytest.mark.browser

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "'onmouseover='alert(1)",
    "javascript:alert(1)",
    "<svg/onload=alert(1)>",
    "<img src=http://evil.example/x.png>",
    "<!--<script>",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
)


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1280, scheme: str = "light"
) -> Iterator[tuple[Page, list[str]]]:
    """Open a file and note everything that a harmless page never does."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    noted: list[str] = []
    page.on("dialog", lambda dialog: dismissed(dialog, noted))
    page.on("console", lambda message: noted.append(f"console {message.text}"))
    page.on("pageerror", lambda error: noted.append(f"error {error}"))
    page.on("request", lambda request: None if is_own(request.url, path) else noted.append(request.url))
    page.goto(path.as_uri())
    yield page, noted
    context.close()


def dismissed(dialog: Dialog, noted: list[str]) -> None:
    noted.append(f"dialog {dialog.message}")
    dialog.dismiss()


def is_own(url: str, path: Path) -> bool:
    return url.startswith("data:") or url.partition("#")[0] == path.as_uri()


def written(home: Home, path: Path, *, replays: int = 2) -> Path:
    made = api.report(
        home,
        api.Filter(site="default"),
        replay_count=replays,
        funnels=[Conversion("/shop → /cart", ("/shop", "/cart"))],
    )
    api.write_report(home, made, path)
    return path


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on sessions that mean no harm."""
    home = create_home(tmp_path_factory.mktemp("report") / "data")
    prepare(home)
    rage = [click(1_000 + 100 * n, 40, 50, reaction_ms=-1) for n in range(4)]
    for number in range(1, 3):
        sender = Sender(home, session_id(number))
        sender.send(0, pageview(), *rage, pageview(9_000, "/cart", title="Cart", number=2))
    return written(home, home.root.parent / "r.html")


def test_no_stored_text_runs_or_loads_anything(browser: Browser, home: Home, tmp_path: Path) -> None:
    for number, text in enumerate((*ATTACKS, *HOSTILE), start=1):
        hostile_session(home, session_id(number), text, *ATTACKS)
    path = written(home, tmp_path / "r.html", replays=6)

    with opened(browser, path) as (page, noted):
        for button in page.query_selector_all(".player [data-does=after]"):
            button.click()
            button.click()
        page.hover("h1")
        shown = page.inner_text("body")

        assert noted == []
    assert "<script>alert(1)</script>" in shown
    assert "\x1b" not in shown


def test_without_escaping_the_policy_still_holds(
    browser: Browser, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile_session(home, session_id(1), '"><img src=http://evil.example/x.png onerror=alert(1)>', *ATTACKS)
    monkeypatch.setattr("usertrack_cli.render.report.markup.escape", lambda text, **_: text)
    path = written(home, tmp_path / "r.html", replays=1)

    with opened(browser, path) as (_, noted):
        assert not [each for each in noted if each.startswith("dialog")]
        # The control: what got through was refused by the browser, which says so.
        assert [each for each in noted if "Content Security Policy" in each]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_screen_and_is_quiet(browser: Browser, quiet: Path, width: int, scheme: str) -> None:
    with opened(browser, quiet, width=width, scheme=scheme) as (page, noted):
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 300)") is True
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(20, 22, 27)") is (scheme == "dark")
        assert noted == []


def test_a_long_page_is_broken_and_pushes_no_column_out(browser: Browser, home: Home, tmp_path: Path) -> None:
    long = "/journal/" + "-".join(["how-we-oil-oak"] * 8)
    rage = [click(1_000 + 100 * n, 40, 50, reaction_ms=-1) for n in range(4)]
    Sender(home, session_id(1), page=long).send(0, pageview(0, long), *rage, ["e", 3_000, "x", "/a.js", 1, 2])
    path = written(home, tmp_path / "r.html", replays=0)

    with opened(browser, path) as (page, _):
        cut = page.evaluate(
            """[...document.querySelectorAll('.scroll')]
              .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.ariaLabel)"""
        )

        assert cut == []


def test_a_replay_is_played_by_keys_alone(browser: Browser, quiet: Path) -> None:
    with opened(browser, quiet) as (page, noted):
        stage = page.query_selector(".player")
        assert stage is not None
        said, screen = stage.query_selector("output"), stage.query_selector(".screen")
        assert said is not None and screen is not None
        page.focus(".player [data-does=first]")
        page.keyboard.press("Enter")
        assert said.inner_text().startswith("00:00.0")
        before = screen.inner_text()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.wait_for_selector(".player output:has-text('Cart')")
        assert screen.inner_text() != before
        page.focus(".player .moments li:first-child button")
        page.keyboard.press("Enter")
        assert screen.inner_text() == before
        assert page.get_attribute(".player .moments li:first-child button", "aria-current") == "step"
        assert noted == []


def test_everything_has_a_name_for_those_who_listen(browser: Browser, quiet: Path) -> None:
    with opened(browser, quiet) as (page, _):
        nameless = page.evaluate(
            """[...document.querySelectorAll("img, svg[role=img], button, input, [role=region], table")]
              .filter((each) => !(each.alt || each.ariaLabel || each.getAttribute("aria-labelledby")
                || each.caption?.textContent || each.textContent.trim() || each.ariaHidden))
              .map((each) => each.outerHTML.slice(0, 100))"""
        )
        levels = page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3')].map((each) => Number(each.tagName[1]))"
        )
        links = page.evaluate("[...document.querySelectorAll('a')].map((each) => each.getAttribute('href'))")
        lost = [link for link in links if page.query_selector(link) is None]

        assert nameless == []
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert lost == []


def test_printed_nothing_is_wider_than_a_sheet(browser: Browser, quiet: Path) -> None:
    sheet_px = round((210 - 2 * 14) / 25.4 * 96)  # A4 within the margins of @page

    with opened(browser, quiet, width=sheet_px) as (page, _):
        page.emulate_media(media="print")

        assert page.evaluate("document.documentElement.scrollWidth") <= sheet_px
        assert page.is_visible("text=Sessions to watch")


def test_printed_it_hides_controls_and_shows_lists_whole(browser: Browser, quiet: Path) -> None:
    with opened(browser, quiet, scheme="dark") as (page, _):
        page.emulate_media(media="print")

        assert not page.is_visible(".controls")
        assert not page.is_visible("nav")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        cut = page.evaluate(
            """[...document.querySelectorAll('.moments, .paper')]
              .filter((each) => each.scrollHeight > each.clientHeight + 2).length"""
        )
        assert cut == 0
