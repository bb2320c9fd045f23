"""Sessions recorded in Chromium, replayed: the pointer is over what was clicked, in every page width."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Stage, wait_for, wait_for_layouts
from tests.browser.scene import stand_still, until
from usertrack_cli import api
from usertrack_cli.api.snippet import script_tag
from usertrack_cli.demo.collector import collector
from usertrack_cli.demo.shop import shop
from usertrack_cli.queries.filters import Filter
from usertrack_cli.render.frames import Screenplay, _scale
from usertrack_cli.render.grid import Capabilities
from usertrack_cli.render.recording import Recording
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WIDTHS = ((1280, 800), (1920, 1080), (768, 1024), (390, 844))
SIZES = ((80, 24), (100, 30), (160, 50))
CLICKED = ("[data-filter=desks]", "[data-filter=all]", "#view-2")
RRWEB = ("rrweb@2.0.0-alpha.4", "rrweb-player@1.0.0-alpha.4")


def visit(browser: Browser, url: str, home: Home) -> None:
    """Read a page in every width at once, scroll, and click three things that are on it."""
    pages = []
    for width, height in WIDTHS:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
        pages.append(context.new_page())
        pages[-1].goto(url)
    wait_for_layouts(home, pages)
    for selector in CLICKED:
        for page in pages:
            page.locator(selector).first.scroll_into_view_if_needed()
        for page in pages:
            # Where it stands still it has been said how far the page was scrolled.
            stand_still(page)
            press(page, selector)
    for page in pages:
        page.goto("about:blank")  # its context is not closed: that would call the last request back


def press(page: Page, selector: str) -> None:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4, steps=5)
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage for all tests: to play on it takes longer than to ask what was recorded."""
    data = tmp_path_factory.mktemp("played") / "data"
    with collector(data) as url, shop(script_tag(url, "default")) as site:
        yield Stage(url, site, Home(data))


@pytest.fixture(scope="module")
def recordings(played: Stage, first_browser: Browser) -> list[Recording]:
    """One visit in every width."""
    visit(first_browser, played.shop + "/shop", played.home)
    leaves = "SELECT count(*) AS n FROM events WHERE kind = 'leave' HAVING n >= 4"
    wait_for(played.home, leaves)
    rows = api.sessions(played.home, Filter(site="default"))
    assert len(rows) == len(WIDTHS)
    return [api.recording(played.home, site=row.site, session=row.session) for row in rows]


def label_under_pointer(recording: Recording, at_ms: int, selector: str, size: tuple[int, int]) -> str:
    """Return what is wrong with where the pointer is drawn, or ""."""
    screenplay = Screenplay(recording)
    grid = screenplay.frame(at_ms, width=size[0], height=size[1], capabilities=Capabilities())
    marks = [
        (x, y) for y, row in enumerate(grid.characters) for x, cell in enumerate(row) if cell in "◉↖" and y > 0
    ]
    scene = screenplay.timeline.scene(at_ms)
    wireframe = screenplay._wireframe(scene, _scale(scene.viewport, size[0] - 1, size[1] - 3))
    spot = wireframe.spots.get(selector)
    if spot is None:
        return f"{selector} is not drawn"
    rect = wireframe.on_screen(spot, scene.scrolling).moved(0, 1)
    if not any(rect.holds(x, y) for x, y in marks):
        lines = "\n".join(grid.lines())
        return f"{selector} at {scene.viewport}, {size}: marks {marks}, label {rect}\n{lines}"
    return ""


def test_the_pointer_is_over_what_was_clicked_at_every_width(recordings: list[Recording]) -> None:
    wrong, checked = [], 0

    for recording in recordings:
        clicks = [event for event in recording.events if event.kind == "click" and event.page == "/shop"]
        for event in clicks:
            for size in SIZES:
                checked += 1
                wrong.append(label_under_pointer(recording, event.at_ms, event.selector or "", size))

    assert [text for text in wrong if text] == []
    assert checked == len(WIDTHS) * len(CLICKED) * len(SIZES)
    assert {recording.events[0].viewport_w for recording in recordings} == {width for width, _ in WIDTHS}


def test_the_page_is_recognisable(recordings: list[Recording]) -> None:
    desk = next(each for each in recordings if each.events[0].viewport_w == 1280)
    frame = Screenplay(desk).frame(3_000, width=80, height=24, capabilities=Capabilities())

    text = "\n".join(frame.lines())
    for words in ("Oak & Ember", "Shop", "Sale", "Help", "Everything for the desk", "[Desks]", "[Sale]"):
        assert words in text, text
    assert not re.search(r"(Oak & Ember.*){2}", text)


@pytest.fixture(scope="module")
def rrweb_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """rrweb's own recorder and player, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on the PATH, so rrweb's own player is not asked")
    folder = tmp_path_factory.mktemp("rrweb")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *RRWEB]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip("rrweb cannot be installed from npm, so its own player is not asked")
    return folder / "node_modules"


def test_rrwebs_player_shows_the_pointer_where_it_was(
    recordings: list[Recording], played: Stage, second_browser: Browser, rrweb_folder: Path, tmp_path: Path
) -> None:
    desk = next(each for each in recordings if each.events[0].viewport_w == 1280)
    file = tmp_path / "session.json"
    done = played.usertrack("export", "--format", "rrweb", "--session", desk.session, "-o", str(file))
    assert done.returncode == 0, done.stderr
    events = json.loads(file.read_text())
    clicks = [each for each in events if each["type"] == 3 and each["data"]["source"] == 2]
    troubles: list[str] = []
    page = second_browser.new_page(viewport={"width": 1500, "height": 1000})
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type in {"error", "warning"} else None)
    page.on(
        "request", lambda request: troubles.append(request.url) if "recorded.invalid" in request.url else None
    )
    page.set_content("<!doctype html><body></body>")
    page.add_style_tag(path=str(rrweb_folder / "rrweb-player" / "dist" / "style.css"))
    page.add_script_tag(path=str(rrweb_folder / "rrweb-player" / "dist" / "index.js"))

    page.evaluate(
        "events => { window.player = new rrwebPlayer({ target: document.body, props:"
        " { events, autoPlay: false, width: 1280, height: 800, mouseTail: false } }) }",
        events,
    )
    page.locator(".replayer-mouse").wait_for(state="attached")

    def pointer() -> list[int]:
        at: list[int] = page.evaluate(
            "(() => { const m = document.querySelector('.replayer-mouse').style;"
            " return [parseInt(m.left), parseInt(m.top)] })()"
        )
        return at

    # The player moves its pointer in whole and half pixels.
    for click in clicks:
        wanted = click["data"]["x"], click["data"]["y"]
        page.evaluate("ms => player.goto(ms, false)", click["timestamp"] - events[0]["timestamp"] + 1)
        until(
            lambda: all(abs(a - b) <= 1 for a, b in zip(pointer(), wanted, strict=True)),  # noqa: B023
            f"the pointer at {wanted}",
        )
    words = page.frames[1].evaluate("document.body.innerText")

    assert troubles == []
    assert len(clicks) == len(CLICKED)
    assert "Oak & Ember" in words
    page.close()


def test_what_rrwebs_recorder_saw_is_imported(
    played: Stage, second_browser: Browser, rrweb_folder: Path, tmp_path: Path
) -> None:
    page = second_browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(played.shop + "/shop?ust-opt-out")
    page.add_script_tag(path=str(rrweb_folder / "rrweb" / "dist" / "record" / "rrweb-record.min.js"))
    # What evaluate is given last must be no function: it would call it, and that ends the recording.
    page.evaluate("window.seen = []; rrwebRecord({ emit: event => seen.push(event) }); 0")
    changes = "seen.filter(each => each.type === 3).map(each => each.data)"
    for number, selector in enumerate(CLICKED[:2], start=1):
        press(page, selector)
        page.wait_for_function(f"{changes}.filter(at => at.source === 2 && at.type === 2).length === {number}")
    page.mouse.wheel(0, 500)
    page.wait_for_function(f"{changes}.some(at => at.source === 3 && at.y === 500)")
    page.wait_for_function(f"{changes}.some(at => at.source === 1)")
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps(page.evaluate("seen")))
    page.close()
    assert file.stat().st_size > 10_000

    done = played.usertrack("import", "rrweb", str(file))

    assert done.returncode == 0, done.stderr
    shown = played.usertrack("replay", done.stdout.strip(), "--json", "--last", "390d")
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout)
    clicked = [event["text"] for event in found["events"] if event["kind"] == "click"]
    assert [label.split()[0] for label in clicked] == ["Desks", "All"]
    assert any(event["kind"] == "move" for event in found["events"])
    assert max(event["scroll_y"] for event in found["events"] if event["kind"] == "scroll") == 500
    assert {event["page"] for event in found["events"]} == {"/shop"}
