"""What must never leave a browser, or never be left in one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.scene import Requests, Scene, flush, scene, status, storage, tab, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

TYPES = [
    "text",
    "search",
    "email",
    "url",
    "tel",
    "number",
    "password",
    "hidden",
    "file",
    "date",
    "datetime-local",
    "month",
    "week",
    "time",
    "color",
    "range",
    "checkbox",
    "radio",
]
TYPEABLE = ("text", "search", "email", "url", "tel", "number", "password")
COMPLETIONS = ("cc-number", "cc-csc", "cc-exp", "cc-name", "one-time-code", "current-password", "new-password")
SECRETS = ("api_key", "user_pin", "iban", "cvv", "ssn", "Kennwort")
"""Names that say what a field is for."""
SETTINGS = """
[site.plain]
inputs = "plain"
exclude_fields = ["#left-out"]
mask_selectors = [".customer"]
[site.mask]
[site.off]
inputs = "off"
[site.few]
record = ["click"]
exclude_pages = ["/few/admin*"]
[site.none]
sample_ratio = 0
[site.away]
ignore_addresses = ["127.0.0.0/8"]
[site.open]
respect_dnt = false
respect_gpc = false
"""


def form(extra: str = "") -> str:
    fields = [f'<input type="{kind}" id="t-{kind}" value="{"1" if kind == "range" else ""}">' for kind in TYPES]
    fields += [f'<input id="c-{name}" autocomplete="{name}">' for name in COMPLETIONS]
    fields += [f'<input id="s-{number}" name="{name}">' for number, name in enumerate(SECRETS)]
    return f"""<!doctype html>
<html lang="en"><head><title>Form of ada@example.org</title><!--tag--></head><body>
<h1>Hello <b data-ust-mask>Ada Lovelace</b></h1>
<p class="customer">Ada Lovelace of Ockham Park</p>
{"<br>".join(fields)}
<textarea id="area"></textarea>
<div id="rich" contenteditable style="border:1px solid;height:40px;width:200px"></div>
<input type="password" id="flip">
<button id="show" onclick="document.querySelector('#flip').type='text'">Show</button>
<span data-ust-ignore><input id="ignored"></span>
<span data-ust-mask><input id="masked"></span>
<input id="left-out">
<div id="host"></div>
<iframe srcdoc="<input id='framed'><script src='about:blank'></script>" id="frame"></iframe>
<button id="hello">Ada Lovelace</button><button id="account">Account of ada@example.org 4711</button>
{extra}
<script>
 document.querySelector('#host').attachShadow({{mode: 'open'}}).innerHTML =
   '<input id="shady"><input type="password" id="shady-secret">';
</script></body></html>"""


SMALL = """<!doctype html><html lang="en"><head><title>Small</title><!--tag--></head><body>
<button id="go" onclick="this.textContent='Done'">Go</button><input id="name"></body></html>"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    pages = {f"/{site}/form": form() for site in ("plain", "mask", "off")}
    pages |= {f"/{site}/small": SMALL for site in ("mask", "few", "none", "away", "open")}
    pages |= dict.fromkeys(
        ("/few/admin/users", "/mask/out", "/mask/gpc", "/mask/dnt", "/open/gpc", "/open/dnt"), SMALL
    )
    with scene(tmp_path_factory.mktemp("privacy") / "data", pages, settings=SETTINGS, site_of="path") as made:
        yield made


def fill(page: Page) -> None:
    """Type a word that is found nowhere else into everything that takes one."""
    for kind in TYPEABLE:
        page.focus(f"#t-{kind}")
        page.keyboard.type("4711" if kind == "number" else "canary1")
    for kind in ("checkbox", "radio"):
        page.check(f"#t-{kind}")
    page.evaluate("document.querySelector('#t-hidden').value = 'canary1'")
    page.fill("#t-date", "1815-12-10")
    page.fill("#t-color", "#4711aa")
    page.set_input_files("#t-file", {"name": "canary1.txt", "mimeType": "text/plain", "buffer": b"x"})
    for name in (*(f"c-{each}" for each in COMPLETIONS), *(f"s-{n}" for n in range(len(SECRETS)))):
        page.focus(f"#{name}")
        page.keyboard.type("canary1")
    for name in ("area", "rich", "flip"):
        page.click(f"#{name}")
        page.keyboard.type("canary1")
    page.click("#show")
    page.click("#flip")
    page.keyboard.type("canary2")
    for name in ("ignored", "masked", "left-out"):
        page.click(f"#{name}")
        page.keyboard.type("canary1")
    for name in ("#shady", "#shady-secret"):
        page.locator("#host").locator(name).click()
        page.keyboard.type("canary1")
    page.frame_locator("#frame").locator("#framed").click()
    page.keyboard.type("canary1")
    page.click("#hello")
    page.click("#account")
    page.locator("h1 b").click()
    page.locator(".customer").click()


def visit_form(stage: Scene, browser: Browser, site: str) -> tuple[dict[str, tuple[int, Any]], str]:
    """Fields that were recorded, and all that was sent."""
    with tab(browser) as page:
        page.goto(f"{stage.origin}/{site}/form")
        fill(page)
        flush(page)
        until(lambda: not storage(page)[0], "an acknowledged queue")
        page.goto("about:blank")
    stage.wait_for(f"site = '{site}' AND kind = 'leave'")
    fields = stage.rows(f"site = '{site}' AND kind = 'input'", select="selector, value_length, value")
    return {name: (length, value) for name, length, value in fields}, json.dumps(
        [each.body for each in stage.board.of_site(site)]
    )


NEVER = {
    "#t-password",
    "#t-hidden",
    "#t-file",
    "#flip",
    "#rich",
    "#ignored",
    "#shady-secret",
    "#framed",
    *(f"#c-{name}" for name in COMPLETIONS),
    *(f"#s-{number}" for number in range(len(SECRETS))),
}


def test_by_default_a_field_tells_how_long_it_is(stage: Scene, browser: Browser) -> None:
    fields, sent = visit_form(stage, browser, "mask")

    assert NEVER.isdisjoint(fields)
    assert fields["#t-text"] == fields["#masked"] == fields["#shady"] == fields["#area"] == (7, None)
    assert fields["#t-checkbox"] == (1, None)
    assert "canary" not in sent
    assert "ada@" not in sent
    # The control: without data-ust-mask or mask_selectors a name is a text like any other.
    texts = dict(stage.rows("site = 'mask' AND kind = 'click'", select="selector, text"))
    assert (texts["#hello"], texts["#account"]) == ("Ada Lovelace", "Account of x x")
    assert "Lovelace" not in next(text for selector, text in texts.items() if "h1" in selector)


def test_plain_text_is_sent_only_where_chosen_and_never_a_secret(stage: Scene, browser: Browser) -> None:
    fields, sent = visit_form(stage, browser, "plain")

    assert NEVER.isdisjoint(fields)
    assert "#left-out" not in fields
    assert fields["#t-text"] == (7, "canary1")
    assert fields["#masked"] == (7, None)
    assert "canary2" not in sent
    assert "Ockham" not in sent


def test_with_inputs_off_nothing_is_said_about_fields(stage: Scene, browser: Browser) -> None:
    fields, sent = visit_form(stage, browser, "off")

    assert fields == {}
    assert '["i",' not in sent


def test_opting_out_leaves_one_key_and_no_request(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/mask/small")
        page.click("#go")
        session = status(page)["session"]
        stage.wait_for(f"session = '{session}' AND kind = 'pageview'", page=page)
        page.goto(stage.origin + "/mask/out?ust-opt-out")
        page.get_by_role("status").get_by_text("opted out").wait_for()
        page.get_by_role("button", name="Close").click()
        page.click("#go")
        page.clock.install()
        page.goto(stage.origin + "/mask/out")
        page.click("#go")
        page.clock.run_for(30_000)
        keys, told = storage(page), status(page)
        assert stage.board.of_page("/mask/out") == []
        assert {each.path for each in stage.board.of_site("mask")} == {"/i"}

        page.goto(stage.origin + "/mask/small?ust-opt-in")
        page.get_by_role("status").get_by_text("opted in").wait_for()
        again = status(page)

    assert keys == (["ust.o"], [])
    assert (told["recording"], told["reason"]) == (False, "opt-out")
    assert again["recording"] is True


@pytest.mark.parametrize(
    ("signal", "reason"), [("globalPrivacyControl: true", "gpc"), ("doNotTrack: '1'", "dnt")]
)
def test_a_signal_of_the_browser_leaves_nothing(
    stage: Scene, browser: Browser, signal: str, reason: str
) -> None:
    for site, expected in (("mask", reason), ("open", "")):
        with tab(browser) as page:
            name, _, value = signal.partition(": ")
            page.add_init_script(
                f"Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}})"
            )
            path = f"/{site}/{reason}"
            page.clock.install()
            page.goto(stage.origin + path)
            page.click("#go")
            page.clock.run_for(30_000)
            page.goto(f"{stage.origin}{path}?x")
            told, keys = status(page), storage(page)
            if not expected:
                until(lambda: stage.board.of_page(path), "what an allowed page tells")  # noqa: B023
            page.goto("about:blank")
            sent = stage.board.of_page(path)

        assert told["reason"] == expected
        assert (keys == ([], [])) == bool(expected)
        assert (not sent) == bool(expected)


def test_only_the_chosen_kinds_are_recorded(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.clock.install()
        page.goto(stage.origin + "/few/small")
        page.mouse.move(300, 300, steps=5)
        page.click("#go")
        page.click("#name")
        page.keyboard.type("word")
        page.mouse.wheel(0, 100)
        page.clock.run_for(15_000)
        page.goto("about:blank")
    stage.wait_for("page = '/few/small' AND kind = 'active'")
    stage.wait_for("page = '/few/small' AND kind = 'click'")
    codes = {event[0] for each in stage.board.batches() if each["k"] == "few" for event in each["e"]}

    assert codes <= {"p", "c", "a", "u"}
    assert {"p", "c"} <= codes


def test_an_excluded_page_is_as_if_there_were_no_tracker(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        requests = Requests(page)
        page.clock.install()
        page.goto(stage.origin + "/few/admin/users")
        page.click("#go")
        page.clock.run_for(30_000)
        assert status(page)["reason"] == "excluded"
        assert storage(page) == ([], [])
        assert stage.board.of_page("/few/admin/users") == []

        page.evaluate("history.pushState(0, '', '/few/beside')")
        page.click("#go")
        page.clock.run_for(5_000)
        until(lambda: stage.board.of_page("/few/beside"), "a batch of the other page")
        page.evaluate("history.pushState(0, '', '/few/admin/users')")
        page.click("#go")
        page.clock.run_for(5_000)
        requests.settle()
        page.goto("about:blank")
    assert "admin" not in json.dumps([each.body for each in stage.board.of_site("few")])


def test_a_share_of_none_sends_nothing_and_an_ignored_address_is_not_kept(
    stage: Scene, browser: Browser
) -> None:
    with tab(browser) as page:
        page.clock.install()
        page.goto(stage.origin + "/none/small")
        page.click("#go")
        page.clock.run_for(30_000)
        assert stage.board.of_site("none") == []
        page.goto(stage.origin + "/away/small")
        page.click("#go")
        page.clock.run_for(30_000)
        until(lambda: stage.board.of_site("away"), "a batch that is refused")
        # What comes later is stored later: the control.
        page.goto(stage.origin + "/open/small")

        def is_stored() -> bool:
            page.clock.run_for(30_000)  # what was cut off as the page changed is sent again first
            return bool(stage.rows("page = '/open/small' AND kind = 'pageview'"))

        until(is_stored, "the pageview of a page that is recorded")

    assert stage.rows("site IN ('none', 'away')") == []


def test_what_a_visitor_is_known_by_can_be_read_and_copied(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.goto(stage.origin + "/mask/small?ust-info")
        panel = page.get_by_role("status")
        panel.get_by_text("127.0.0.1").wait_for()
        text = panel.inner_text()
        session = status(page)["session"]
        agent = page.evaluate("navigator.userAgent")
        page.goto(stage.origin + "/few/admin/users?ust-debug")
        why = page.get_by_role("status").inner_text()

    assert session in text and agent in text
    assert "exclude_pages" in why and "no:" in why
    assert stage.rows(f"session = '{session}' AND url_query LIKE '%ust%'") == []


def test_a_page_may_say_no_and_its_early_calls_are_heard(stage: Scene, browser: Browser) -> None:
    with tab(browser) as page:
        page.add_init_script("window.UST = {onTrackingStarted: () => false}")
        page.goto(stage.origin + "/mask/small")
        told, keys = status(page), storage(page)
    with tab(browser) as page:
        page.add_init_script("(window.usertrack = window.usertrack || []).push(['track', 'early', {n: 1}])")
        page.goto(stage.origin + "/mask/small")
        rows = stage.wait_for("kind = 'custom' AND name = 'early'", select="props", page=page)

    assert (told["recording"], told["reason"], keys) == (False, "page", ([], []))
    assert json.loads(rows[0][0]) == {"n": 1}
