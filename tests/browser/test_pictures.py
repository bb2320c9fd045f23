"""Real clicks at four widths, laid on the layout each width has; and a real screenshot behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import Stage, wait_for, wait_for_layouts
from tests.browser.scene import moment
from usertrack_cli.api.layouts import layouts
from usertrack_cli.api.screenshots import place, shot_of
from usertrack_cli.commands.init import prepare
from usertrack_cli.queries.clicks import clicks
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.render import projection
from usertrack_cli.render.layout import Layout
from usertrack_cli.render.picture import texts_of
from usertrack_cli.store.home import create_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WIDTHS = (390, 768, 1280, 1920)
TARGETS = ("#view-3", "#view-8", "#sale", "#nav-sale")
"""Two cards that stand in other rows at each width, a chip that wraps, a link in the sticky header."""
PLACES = ((0.1, 0.2), (0.5, 0.5), (0.92, 0.85))


def opened(browser: Browser, url: str, width: int) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 800}, locale="en-GB").new_page()
    page.goto(url)
    # After the tracker, which listens on the document, and before the shop: nothing is followed.
    page.evaluate(
        "document.body.addEventListener('click', event => {"
        " event.preventDefault(); event.stopPropagation() }, true)"
    )
    return page


def click_around(page: Page) -> None:
    """Click every target in three places, and leave."""
    for target in TARGETS:
        element = page.locator(target)
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        assert box is not None
        for across, down in PLACES:
            page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
            # No hand clicks twice within 10 ms, and the tracker takes that for one click passed on.
            moment(page)
    page.goto("about:blank")  # its context is not closed: that would call the last request back


@pytest.fixture
def visited(stage: Stage, first_browser: Browser) -> Stage:
    """The shop, clicked at every width."""
    pages = [opened(first_browser, stage.shop + "/shop", width) for width in WIDTHS]
    wait_for_layouts(stage.home, pages)
    for page in pages:
        click_around(page)
    wanted = len(WIDTHS) * len(TARGETS) * len(PLACES)
    wait_for(stage.home, f"SELECT count(*) AS n FROM events WHERE kind = 'click' HAVING n >= {wanted}")  # noqa: S608
    return stage


def drawn_layouts(stage: Stage) -> dict[int, Layout]:
    rows = ask(
        stage.home,
        Filter(),
        lambda con: con.execute(
            "SELECT DISTINCT page, layout FROM events WHERE kind = 'layout' AND page = '/shop' ORDER BY ALL"
        ).fetchall(),
    )
    return {each.viewport_w: each for each in layouts(stage.home, "default", set(rows))}


def test_a_click_lands_inside_its_element_at_every_width_and_the_page_is_its_screenshot(visited: Stage) -> None:
    chosen = Filter(site="default", page="/shop")

    found = ask(visited.home, chosen, lambda con: clicks(con, chosen))
    of = drawn_layouts(visited)

    # Clicked at any width, drawn at any other.
    assert set(of) == set(WIDTHS)
    columns = projection.Clicks(**{f.name: getattr(found, f.name) for f in fields(projection.Clicks)})
    assert set(found.document_w.tolist()) == set(WIDTHS)
    for width, layout in of.items():
        placed = projection.on_layout(columns, layout)
        for selector, point, is_anchored in zip(
            found.selector, placed.points_px.tolist(), placed.is_anchored, strict=True
        ):
            box = layout.box_of(selector)
            assert box is not None, (width, selector)
            assert is_anchored, (width, selector)
            assert box.x <= point[0] < box.x + box.w, (width, selector, point, box)
            assert box.y <= point[1] < box.y + box.h, (width, selector, point, box)

    # And the layout is where the browser has the elements: a screenshot says so.
    done = visited.usertrack(
        *("screenshot", "--page", "/shop", "--width-class", "narrow", "--wait", "0"),
        *("--url", f"{visited.shop}/shop", "--allow-loopback"),
    )
    assert done.returncode == 0, done.stderr
    path = place(visited.home, site="default", page="/shop", width_class="narrow")
    shot = shot_of(texts_of(path)["usertrack:shot"])
    assert shot is not None
    for target in TARGETS:
        box = of[390].box_of(target)
        assert box is not None
        assert np.abs(np.array(shot.boxes[target]) - (box.x, box.y, box.w, box.h)).max() <= 2

    # The heatmap is drawn on it, until it fits no more.
    narrow = ("heatmap", "--page", "/shop", "--width-class", "narrow", "-o")
    files = path.parent / "a.png", path.parent / "b.png"
    done = visited.usertrack(*narrow, str(files[0]))
    assert done.returncode == 0, done.stderr
    path.unlink()
    done = visited.usertrack(*narrow, str(files[1]))
    assert done.returncode == 0, done.stderr
    with Image.open(files[0]) as on_shot, Image.open(files[1]) as on_wireframe:
        assert on_shot.size == on_wireframe.size
        apart = np.abs(np.asarray(on_shot).astype(int) - np.asarray(on_wireframe).astype(int))
    assert (apart.max(axis=2) > 20).mean() > 0.05


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """A page that redirects and loads from another port of this machine; what reached that port."""
    reached: list[str] = []

    class Inner(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the class above
            """Say nothing."""

    class Outer(Inner):
        def do_GET(self) -> None:
            inner = f"http://127.0.0.1:{servers[0].server_address[1]}"
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", f"{inner}/redirected")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            script = f"fetch('{inner}/fetched'); new WebSocket('{inner.replace('http', 'ws')}/socket')"
            body = f"<h1>Page</h1><img src='{inner}/image'><iframe src='{inner}/frame'></iframe>"
            self.wfile.write(f"{body}<script>{script}</script>".encode())

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (Inner, Outer)]
    threads = [Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    yield f"http://127.0.0.1:{servers[1].server_address[1]}", reached
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_page_cannot_make_the_screenshot_reach_inside(
    chromium: str, trap: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, reached = trap
    home = create_home(tmp_path / "data")
    prepare(home)
    stage = Stage("", "", home)

    page = stage.usertrack("screenshot", "--page", "/", "--url", f"{url}/", "--allow-loopback")
    away = stage.usertrack("screenshot", "--page", "/away", "--url", f"{url}/away", "--allow-loopback")

    assert page.returncode == 0, page.stderr
    assert "not let through" in page.stderr
    assert away.returncode == 2, away.stderr
    assert "leads to 127.0.0.1" in away.stderr
    assert reached == []
    assert len(list(home.root.glob("screenshots/*/*"))) == 1
