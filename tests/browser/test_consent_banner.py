"""Consent: asked for decently, carried to the server, and taken back as easily as it was given."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.scene import Scene, Sent, scene, status, storage, tab, until
from usertrack_cli.lifecycle.erasure import finish_erasures

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Page

    IntArray = NDArray[np.int32]
    FloatArray = NDArray[np.float64]

pytestmark = pytest.mark.browser

HTML = """<!doctype html><html lang="{lang}"><head><title>Consent</title><!--tag--></head>
<body style="height:2000px"><a href="#one">One</a> <button id="go">Go</button></body></html>"""
SETTINGS = """
[site.asks]
consent = "banner"
privacy_url = "/privacy"
[site.strict]
consent = "banner"
[site.api]
consent = "api"
[site.counts]
consent = "banner"
before_consent = "count"
[site.keeps]
consent = "banner"
erase_on_withdrawal = false
banner_title = "A title of our own"
banner_accept = "Yes, do"
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    pages = {f"/{site}/one": HTML.format(lang="en") for site in ("asks", "strict", "api", "counts", "keeps")}
    others = ("/asks/before", "/asks/declined", "/counts/control")
    pages |= dict.fromkeys(others, HTML.format(lang="en")) | {"/asks/de": HTML.format(lang="de-AT")}
    with scene(tmp_path_factory.mktemp("consent") / "data", pages, settings=SETTINGS, site_of="path") as made:
        yield made


def banner(page: Page, name: str = "May we record this visit?") -> Any:
    return page.get_by_role("region", name=name)


def decisions(stage: Scene, site: str) -> list[Sent]:
    """What the server was told about consent, of one site."""
    return [each for each in stage.board.of_site(site) if each.path == "/c"]


def catalog_rows(stage: Scene, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{stage.home.catalog}?mode=ro", uri=True)) as con:
        return con.execute(sql).fetchall()


def test_before_the_answer_nothing_is_stored_or_sent(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.clock.install()
        page.goto(stage.origin + "/asks/before")
        banner(page).wait_for()
        page.mouse.move(200, 200)
        page.click("#go")
        page.clock.run_for(30_000)
        told, keys = status(page), storage(page)
        page.keyboard.press("Escape")
        page.clock.run_for(1_000)
        assert banner(page).count() == 0
        later = storage(page)
        page.goto(stage.origin + "/asks/before")
        banner(page).wait_for()

    assert (told["reason"], keys, later) == ("consent", ([], []), ([], []))
    assert stage.board.of_page("/asks/before") == []


def test_the_banner_is_first_in_the_page_and_leaves_the_focus_alone(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/asks/one")
        banner(page).wait_for()
        focused = page.evaluate("document.activeElement.tagName")
        order = []
        for _ in range(5):
            page.keyboard.press("Tab")
            order.append(
                page.evaluate("""() => {
                  let at = document.activeElement;
                  while (at.shadowRoot) at = at.shadowRoot.activeElement;
                  return at.textContent;
                }""")
            )
        sizes = [
            (round(box["width"]), round(box["height"]))
            for name in ("Decline", "Accept")
            if (box := banner(page).get_by_role("button", name=name).bounding_box())
        ]
        styles = [
            banner(page)
            .get_by_role("button", name=name)
            .evaluate(
                "(e) => (({color, backgroundColor, fontWeight}) => [color, backgroundColor, fontWeight])"
                "(getComputedStyle(e))"
            )
            for name in ("Decline", "Accept")
        ]

    assert focused == "BODY"
    assert order == ["Privacy policy", "Decline", "Accept", "One", "Go"]
    assert sizes[0] == sizes[1] and sizes[0][1] >= 44
    assert styles[0] == styles[1]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_the_banner_fits_and_can_be_read(stage: Scene, browser: Browser, width: int, scheme: Any) -> None:
    with tab(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        page.goto(stage.origin + "/strict/one")
        banner(page).wait_for()
        box = banner(page).bounding_box()
        colours = banner(page).evaluate(
            "(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        )
    light, dark = sorted(sum(int(part) for part in each[4:-1].split(", ")) for each in colours)[::-1]

    assert box is not None and box["x"] == 0 and box["width"] == width and box["height"] < 330
    assert light - dark > 500
    assert (colours[1] == "rgb(255, 255, 255)") == (scheme == "light")


def luminance(pixels: IntArray) -> FloatArray:
    """Relative luminance as WCAG 2.2 defines it, of sRGB pixels in the last axis."""
    share = pixels / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def seen(page: Page) -> IntArray:
    with Image.open(BytesIO(page.screenshot())) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int32)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_goes_by_keyboard_sees_where_they_are(stage: Scene, browser: Browser, scheme: Any) -> None:
    with tab(browser, color_scheme=scheme) as page:
        page.goto(stage.origin + "/asks/one")
        banner(page).wait_for()
        before = seen(page)
        for role, name in (("link", "Privacy policy"), ("button", "Decline"), ("button", "Accept")):
            page.keyboard.press("Tab")
            box = banner(page).get_by_role(role, name=name).bounding_box()
            assert box is not None
            after = seen(page)
            rows, columns = np.nonzero((before != after).any(axis=2))

            # A ring around this one and no other, as thick as two pixels all along it.
            assert box["x"] - 6 <= columns.min() < box["x"] and box["y"] - 6 <= rows.min() < box["y"], name
            assert box["x"] + box["width"] <= columns.max() <= box["x"] + box["width"] + 6, name
            assert box["y"] + box["height"] <= rows.max() <= box["y"] + box["height"] + 6, name
            assert rows.size >= 2 * 2 * (box["width"] + box["height"]), name
            # And told apart from what was there: three to one is what WCAG 2.2 asks for, round corners aside.
            dark, light = np.sort([luminance(shot[rows, columns]) for shot in (before, after)], axis=0)
            assert np.mean((light + 0.05) / (dark + 0.05) >= 3) > 0.9, name


def test_it_speaks_the_language_of_the_page_or_the_operators_words(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/asks/de")
        german = banner(page, "Dürfen wir diesen Besuch aufzeichnen?")
        german.get_by_role("button", name="Ablehnen").wait_for()
        assert german.get_by_role("link", name="Datenschutzerklärung").count() == 1
        page.goto(stage.origin + "/keeps/one")
        banner(page, "A title of our own").get_by_role("button", name="Yes, do").wait_for()


def test_accepting_starts_and_withdrawing_erases(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/strict/one")
        banner(page).get_by_role("button", name="Accept").click()
        page.click("#go")
        session = status(page)["session"]
        stage.wait_for(f"session = '{session}'", page=page)
        basis = stage.rows(
            f"session = '{session}'", select="DISTINCT basis, consent_version, session, seq, idx"
        )
        granted = until(lambda: decisions(stage, "strict"), "the consent at the server")[-1]

        page.goto(stage.origin + "/strict/one?ust-consent")
        banner(page).get_by_role("button", name="Decline").click()
        withdrawn = until(lambda: decisions(stage, "strict")[1:], "the withdrawal at the server")[-1]
        until(lambda: storage(page) == (["ust.c"], []), "an empty browser")
        answer = page.evaluate("localStorage['ust.c']")
        already = len(stage.board.of_site("strict"))
        page.click("#go")
        page.goto(stage.origin + "/strict/one")
        assert banner(page).count() == 0
        assert status(page)["reason"] == "consent"

    assert {row[:2] for row in basis} == {("granted", "1")}
    assert (granted.status, granted.body["granted"], len(granted.body["token"])) == (204, 1, 22)
    assert granted.body["token"] == next(
        each.body["c"][0] for each in stage.board.of_site("strict") if "c" in each.body
    )
    assert (withdrawn.status, withdrawn.body["withdrawn"]) == (204, session)
    assert withdrawn.body["token"] == granted.body["token"]
    assert answer == '[false,"1",false]'
    assert len(stage.board.of_site("strict")) == already
    # Hidden at once, and gone with the writer's next round.
    assert stage.rows(f"session = '{session}'") == []
    assert (session,) in catalog_rows(stage, "SELECT session FROM tombstones")
    finish_erasures(stage.home)
    assert (session,) not in catalog_rows(stage, "SELECT session FROM batches")


def test_where_the_setting_says_so_a_withdrawal_erases_nothing(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/keeps/one")
        page.evaluate("usertrack.consent(true)")
        session = status(page)["session"]
        stage.wait_for(f"session = '{session}'", page=page)
        told = len(until(lambda: decisions(stage, "keeps"), "the consent"))
        page.evaluate("usertrack.consent(false)")
        until(lambda: decisions(stage, "keeps")[told:], "the withdrawal")
        until(lambda: storage(page) == (["ust.c"], []), "an empty browser")

    assert stage.rows(f"session = '{session}'") != []


def test_a_decision_the_server_could_not_hear_is_said_again(stage: Scene, browser: Browser) -> None:
    stage.board.only, stage.board.says = ("/c",), (503, {}, b"")
    try:
        with tab(browser) as page:
            page.goto(stage.origin + "/asks/one")
            told = len(decisions(stage, "asks"))
            banner(page).get_by_role("button", name="Accept").click()
            until(lambda: decisions(stage, "asks")[told:], "a first try")
            until(lambda: "ust.p" in storage(page)[0], "what waits to be said again")
            stage.board.says = None
            page.reload()
            until(lambda: decisions(stage, "asks")[-1].status == 204, "a second try")
            until(lambda: "ust.p" not in storage(page)[0], "its end")
        first, *_, last = decisions(stage, "asks")[told:]
        assert (first.status, last.status) == (503, 204)
        assert last.body["token"] == first.body["token"]
    finally:
        stage.board.says, stage.board.only = None, ("/i",)


def test_an_own_dialog_decides_by_the_api(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/api/one")
        assert banner(page).count() == 0
        assert status(page)["reason"] == "consent"
        page.evaluate("usertrack.consent(true)")
        session = status(page)["session"]
        stage.wait_for(f"session = '{session}' AND basis = 'granted'", page=page)


def test_declining_is_remembered_without_a_number(stage: Scene, browser: Browser) -> None:
    told = len(decisions(stage, "asks"))
    with tab(browser) as page:
        page.goto(stage.origin + "/asks/declined")
        banner(page).get_by_role("button", name="Decline").click()
        page.goto(stage.origin + "/asks/declined")
        assert banner(page).count() == 0
        assert page.evaluate("({...localStorage})") == {"ust.c": '[false,"1",false]'}
        assert storage(page)[1] == []
    assert stage.board.of_page("/asks/declined") == []
    assert len(decisions(stage, "asks")) == told


def test_the_counting_tier_adds_up_and_names_nobody(stage: Scene, browser: Browser) -> None:
    def said() -> list[dict[str, Any]]:
        return [each.body for each in stage.board.to("/a") if each.body["p"] == "/counts/one"]

    for button, so_far in (("Accept", 3), ("Decline", 6), (None, 8)):
        with tab(browser) as page:
            page.goto(stage.origin + "/counts/one?utm_source=secret")
            banner(page).wait_for()
            if button:
                banner(page).get_by_role("button", name=button).click()
            else:
                assert storage(page) == ([], [])
            # A tab that is closed takes with it what is still on its way.
            until(lambda: len(said()) == so_far, "what is counted of a visit")  # noqa: B023

    def totals() -> dict[str, int]:
        return dict(
            catalog_rows(stage, "SELECT name, sum(total) FROM counts WHERE page = '/counts/one' GROUP BY name")
        )

    expected = {"pageview": 3, "banner_shown": 3, "banner_accepted": 1, "banner_declined": 1}
    until(lambda: totals() == expected, "the totals")
    rows = catalog_rows(
        stage,
        "SELECT DISTINCT site, hour_at % 3600000, page, referrer, width_class FROM counts"
        " WHERE page = '/counts/one'",
    )
    assert rows == [("counts", 0, "/counts/one", "", "wide")]
    assert {tuple(sorted(each)) for each in said()} == {("e", "k", "p", "r", "w")}


def test_without_the_setting_nothing_is_counted(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/asks/one")
        banner(page).wait_for()
        page.evaluate(
            "fetch(usertrack.status().urlOf('a'), {method: 'POST', body: JSON.stringify("
            "{k: 'asks', e: 'pageview', p: '/asks/one', r: '', w: 1280})})"
        )
    # What is counted elsewhere, later, is there: the control.
    with tab(browser) as page:
        page.goto(stage.origin + "/counts/control")
        control = "SELECT * FROM counts WHERE page = '/counts/control'"
        until(lambda: catalog_rows(stage, control), "what is counted elsewhere")

    assert catalog_rows(stage, "SELECT * FROM counts WHERE site = 'asks'") == []
