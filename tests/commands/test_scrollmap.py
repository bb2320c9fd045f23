from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands.conftest import Run
from tests.senders import Sender, pageview, session_id
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout

BOXES = (
    b'[["x",100,1200,300,400,"",0,"#list",-1],["t",110,1210,200,20,"First",0,"#list>p",0],'
    b'["t",110,2100,200,20,"Last",0,"#list>p:nth-of-type(9)",0]]'
)


def inside(at_ms: int, top: int, *, width: int = 300, height: int = 1000) -> list[object]:
    return ["S", at_ms, "#list", 0, top, width, height, 300, 400]


@pytest.fixture
def shop(home: Home) -> Home:
    """Three sessions: one reads a list inside the page, one sees it, one never comes that far."""
    drawn = NewLayout(
        page="/shop", hash="one", document_w=1280, document_h=2400, viewport_w=1280, viewport_h=800, boxes=BOXES
    )
    for number, events in enumerate(([["s", 500, 0, 900], inside(900, 350)], [["s", 500, 0, 900]], [])):
        Sender(home, session_id(number)).send(
            0, pageview(), ["k", 100, "one", 1280, 2400], *events, ["a", 3000, 2500], layouts=(drawn,)
        )
    return home


def texts(path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        image.load()
        return dict(image.text)  # type: ignore[attr-defined]


def test_a_page_is_drawn_with_its_sessions(shop: Home, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "depth.png"

    done = run("scrollmap", "--page", "/shop", "-o", str(target))

    assert (done.code, done.out) == (0, f"{target}\n"), done.err
    said = texts(target)
    assert (said["usertrack:kind"], said["usertrack:count"]) == ("scrollmap", "3")
    assert said["usertrack:page-size"] == "1280x2400"


def test_a_scroller_inside_the_page_is_a_map_of_its_own(shop: Home, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "list.png"

    done = run("scrollmap", "--page", "/shop", "--container", "#list", "-o", str(target))

    assert done.code == 0, done.err
    said = texts(target)
    assert (said["usertrack:container"], said["usertrack:count"]) == ("#list", "2")
    assert said["usertrack:page-size"] == "300x1000"


def test_a_map_of_a_scroller_shows_time_and_takes_a_background(shop: Home, run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (300, 1000), "#d00000").save(tmp_path / "list.jpg")
    call = ("scrollmap", "--page", "/shop", "--container", "#list")

    plain = run(*call, "-o", str(tmp_path / "plain.png"))
    red = run(*call, "--background", str(tmp_path / "list.jpg"), "-o", str(tmp_path / "red.png"))

    assert (plain.code, red.code) == (0, 0), plain.err + red.err
    left, top = map(int, texts(tmp_path / "red.png")["usertrack:page-at"].split(","))
    with Image.open(tmp_path / "plain.png") as one, Image.open(tmp_path / "red.png") as other:
        # Near the end of the content, where no label stands: red paper where the other is white.
        spot = left + 280, top + 980, left + 290, top + 990
        green, plain_green = (np.asarray(picture.convert("RGB").crop(spot))[..., 1] for picture in (other, one))
        assert green.max() < plain_green.min() - 40
        # The bars of the time in view stand to the right of the content.
        beside = {one.convert("RGB").getpixel((left + 300 + 10, top + y)) for y in range(400)}
    assert len(beside) > 1


def test_without_a_name_the_file_says_what_it_shows(
    shop: Home, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    page, inner = (
        run("scrollmap", "--page", "/shop"),
        run("scrollmap", "--page", "/shop", "--container", "#list"),
    )

    assert (page.out, inner.out) == ("scrollmap-shop-wide.png\n", "scrollmap-shop-list-wide.png\n")


def test_a_scroller_that_nobody_moved_is_named_with_those_that_were(shop: Home, run: Run) -> None:
    done = run("scrollmap", "--page", "/shop", "--container", "#menu")

    assert done.code == 3
    assert "scrolled on this page: #list" in done.err


def test_a_scroller_that_goes_sideways_has_no_depth(home: Home, run: Run) -> None:
    Sender(home, session_id(1)).send(0, pageview(), inside(900, 0, width=2000, height=400))

    done = run("scrollmap", "--page", "/shop", "--container", "#list")

    assert done.code == 2
    assert "sideways" in done.err


def test_the_preview_is_shown(shop: Home, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)

    done = run("scrollmap", "--page", "/shop", "--preview")

    assert done.code == 0
    assert "38;5;" in done.out
    assert "38;2;" not in done.out
