"""From a real click in a real browser to a picture, a replay and an erasure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.browser.conftest import FIRST_AGENT, SECOND_AGENT, Stage, wait_for, wait_for_layouts
from tests.browser.scene import moment
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.scrolling import reach
from usertrack_cli.render import palette
from usertrack_cli.store import catalog
from usertrack_cli.store.snapshot import snapshot

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Page

pytestmark = pytest.mark.browser

FILTER_BUTTON = "[data-filter=desks]"


def open_page(browser: Browser, url: str, *, width: int, height: int = 800) -> Page:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    page = context.new_page()
    page.goto(url)
    return page


def box_of(page: Page, selector: str) -> FloatRect:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box


def leave(page: Page) -> None:
    page.goto("about:blank")  # its context is not closed: that would call the last request back


def hottest(picture: Path, white: Path | None = None) -> tuple[float, float]:
    """Document position of the hottest spot, from the pixels of a heatmap drawn on white."""
    with Image.open(picture) as image:
        left, top = (int(part) for part in image.text["usertrack:page-at"].split(","))  # type: ignore[attr-defined]
        pixels = np.asarray(image.convert("RGB"), dtype=np.int32)[top:, left:]
    table = palette.colour_table(palette.Colormap.INFERNO)
    peak = palette.over_white(table, palette.alpha_table())[-1].astype(np.int32)
    distance = np.abs(pixels - peak).sum(axis=2)
    rows, columns = np.nonzero(distance <= distance.min() + 6)
    return float(np.median(columns)), float(np.median(rows))


def is_inside(point: tuple[float, float], box: FloatRect, *, scroll_y: float = 0) -> bool:
    x, y = point
    return (
        box["x"] <= x <= box["x"] + box["width"]
        and box["y"] + scroll_y <= y <= box["y"] + scroll_y + box["height"]
    )


def all_rows(home: Any) -> list[dict[str, Any]]:
    """Every row of every Parquet file, whatever the catalog says."""
    return [
        row
        for file in sorted(home.root.rglob("*.parquet"))
        for row in pq.read_table(file, partitioning=None).to_pylist()
    ]


def test_a_click_becomes_a_picture_a_replay_and_an_erasure(
    stage: Stage, first_browser: Browser, second_browser: Browser, tmp_path: Path
) -> None:
    home = stage.home
    white = tmp_path / "white.png"

    # The first visitor clicks a filter three times, 1280 px wide, and scrolls.
    page = open_page(first_browser, stage.shop + "/shop", width=1280)
    clicked = box_of(page, FILTER_BUTTON)
    page.mouse.move(200, 500, steps=4)
    for _ in range(3):
        moment(page)  # no hand clicks twice within 10 ms
        page.mouse.click(clicked["x"] + clicked["width"] / 2, clicked["y"] + clicked["height"] / 2)
    page.click("[data-filter=all]")
    wait_for_layouts(home, [page])
    page.mouse.wheel(0, 640)
    page.wait_for_function("scrollY >= Math.min(640, document.documentElement.scrollHeight - innerHeight)")
    wait_for(home, "SELECT 1 FROM events WHERE kind = 'scroll' AND scroll_y >= 640 LIMIT 1", pages=[page])
    depth = page.evaluate("(scrollY + innerHeight) / document.documentElement.scrollHeight")
    height = page.evaluate("document.documentElement.scrollHeight")
    bottom = page.evaluate("scrollY + innerHeight")
    leave(page)
    session = wait_for(home, "SELECT DISTINCT session FROM events WHERE kind = 'leave'")[0][0]

    # Drawn at the width it was recorded at.
    Image.new("RGB", (1280, height), "white").save(white)
    drawn = tmp_path / "heatmap.png"
    done = stage.usertrack("heatmap", "--page", "/shop", "-o", str(drawn), "--background", str(white))
    assert (done.returncode, done.stdout.strip()) == (0, str(drawn)), done.stderr
    assert is_inside(hottest(drawn), clicked)

    # Scroll depth is what was scrolled.
    seen = ask(home, Filter(), lambda con: reach(con, Filter(site="default", page="/shop")))
    assert abs(int(seen.reach_px[0]) - bottom) <= 1
    assert abs(float(seen.depth_ratio[0]) - depth) < 0.001

    # The replay shows the label that was clicked.
    told = stage.usertrack("replay", session[:8])
    assert told.returncode == 0, told.stderr
    assert "clicked “Desks”" in told.stdout
    assert "\x1b" not in told.stdout

    # The second visitor, elsewhere and with a wider window, comes twice and clicks nothing there.
    for _ in range(2):
        page = open_page(second_browser, stage.shop + "/shop", width=1600)
        wide = box_of(page, FILTER_BUTTON)
        wide_height = page.evaluate("document.documentElement.scrollHeight")
        wait_for_layouts(home, [page])
        leave(page)
    wait_for(home, "SELECT 1 WHERE (SELECT count(DISTINCT session) FROM events WHERE kind = 'leave') = 3")

    # Drawn at the other width, the first visitor's clicks still lie on the element.
    Image.new("RGB", (1600, wide_height), "white").save(white)
    done = stage.usertrack("heatmap", "--page", "/shop", "-o", str(drawn), "--background", str(white))
    assert done.returncode == 0, done.stderr
    with Image.open(drawn) as image:
        assert image.text["usertrack:page-size"].startswith("1600x")  # type: ignore[attr-defined]
    assert is_inside(hottest(drawn), wide)
    assert not is_inside(hottest(drawn), clicked)

    # Erasing the first leaves nothing of it and everything of the second.
    snapshot(home)
    visitors = {row["session"]: row["visitor"] for row in all_rows(home)}
    kept = sorted(
        (r for r in all_rows(home) if r["session"] != session), key=lambda r: (r["session"], r["seq"], r["idx"])
    )
    erased_key = visitors[session]
    look = stage.usertrack("delete", "--ip", "127.0.0.1", "--ua", FIRST_AGENT, "--dry-run")
    assert look.returncode == 0, look.stderr
    assert session[:8] in look.stdout
    assert any(row["session"] == session for row in all_rows(home))
    done = stage.usertrack("delete", "--ip", "127.0.0.1", "--ua", FIRST_AGENT, "--yes")
    assert done.returncode == 0, done.stderr
    left = sorted(all_rows(home), key=lambda r: (r["session"], r["seq"], r["idx"]))
    assert left == kept
    assert len({row["visitor"] for row in kept}) == 1
    assert erased_key not in {row["visitor"] for row in left}
    database = b"".join(file.read_bytes() for file in home.root.glob("catalog.sqlite*"))
    assert erased_key.encode() not in database
    for table in ("batches", "sessions_open", "tags", "notes"):
        con = catalog.connect(home)
        assert con.execute(f"SELECT count(*) FROM {table} WHERE session = ?", (session,)).fetchone() == (0,)  # noqa: S608
        con.close()
    gone = stage.usertrack("replay", session[:8])
    assert gone.returncode == 3, gone.stderr
    found = stage.usertrack("delete", "--ip", "127.0.0.1", "--ua", SECOND_AGENT, "--dry-run")
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("Chrome") == 2
