"""Heatmaps from the command line, on a store made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.api.pages_drawn import changed_on
from usertrack_cli.clock import DAY_MS
from usertrack_cli.queries.pages import LayoutSeen
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout

BOXES = b'[["b",100,200,120,40,"Buy",0,"#buy",-1],["f",400,200,200,40,"Name",0,"#name",-1]]'


def layout(name: str = "one", *, width: int = 1280, height: int = 2400, page: str = "/shop") -> NewLayout:
    return NewLayout(
        page=page,
        hash=name,
        document_w=width,
        document_h=height,
        viewport_w=width,
        viewport_h=800,
        boxes=BOXES,
    )


@pytest.fixture
def shop(home: Home) -> Home:
    """Three sessions on a wide screen and one on a phone; the third is angry."""
    for number in range(3):
        Sender(home, session_id(number)).send(
            0,
            pageview(),
            ["k", 100, "one", 1280, 2400],
            ["m", 500, 0, 0, 90, 190, [60, 10, 10, 60, 20, 10]],
            click(1500, 160, 220),
            ["s", 2000, 0, 300 * number],
            ["u", 4000],
            layouts=(layout(),),
        )
    Sender(home, session_id(2)).send(1, *(click(5000 + 200 * n, 160, 220, reaction_ms=-1) for n in range(3)))
    narrow = ["p", 0, 1, "load", "/shop", "Shop", "", 390, 800, 390, 5000, 0, 0]
    Sender(home, session_id(9), size=(390, 800, 390, 5000)).send(0, narrow, click(900, 100, 300))
    return home


def texts(path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        image.load()
        return dict(image.text)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "sessions", "count"),
    [
        ("click", 3, 6),
        ("move", 3, 9),
        ("attention", 3, 5),
        ("rage", 1, 3),
        ("dead", 1, 3),
        ("first-click", 3, 3),
    ],
)
def test_every_kind_is_drawn_and_says_what_it_is(
    shop: Home, run: Run, tmp_path: Path, kind: str, sessions: int, count: int
) -> None:
    target = tmp_path / "map.png"

    done = run("heatmap", "--page", "/shop", "--kind", kind, "-o", str(target))

    assert (done.code, done.out) == (0, f"{target}\n"), done.err
    said = texts(target)
    assert said["usertrack:kind"] == kind
    assert said["usertrack:width-class"] == "wide"
    assert said["usertrack:sessions"] == str(sessions)
    assert said["usertrack:count"] == str(count)
    assert said["Software"].startswith("usertrack ")
    assert ("narrow (1 session)" in done.err) is (kind not in {"move", "attention"})


def test_the_width_class_is_chosen(shop: Home, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "map.png"

    done = run("heatmap", "--page", "/shop", "--width-class", "narrow", "-o", str(target))

    assert done.code == 0
    assert texts(target)["usertrack:page-size"] == "390x5000"
    assert "also recorded" not in done.err


def test_thresholds_decide_what_is_drawn(shop: Home, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "map.png"

    few = run("heatmap", "--page", "/shop", "--kind", "rage", "--rage-ms", "399", "-o", str(target))
    many = run("heatmap", "--page", "/shop", "--kind", "rage", "--rage-ms", "400", "-o", str(target))

    assert (few.code, many.code) == (3, 0)
    assert "no rage clicks recorded on /shop" in few.err
    assert "rage: 3 clicks within 0.4 s" in texts(target)["usertrack:definition"]


def test_squares_with_few_sessions_are_not_drawn(shop: Home, run: Run, tmp_path: Path) -> None:
    Sender(shop, session_id(5)).send(0, pageview(), click(900, 1000, 1500, selector="#rare"))
    pictures = []
    for k in (1, 2):
        assert run("heatmap", "--page", "/shop", "--k", str(k), "-o", str(tmp_path / f"{k}.png")).code == 0
        with Image.open(tmp_path / f"{k}.png") as image:
            top = int(image.text["usertrack:page-at"].split(",")[1])  # type: ignore[attr-defined]
            pixels = np.asarray(image.convert("RGB")).astype(int)[top:]
        pictures.append((np.ptp(pixels[1500, 1000]), np.ptp(pixels[220, 160])))

    assert pictures[0][0] > 30
    assert pictures[1][0] < 10
    assert pictures[1][1] > 30


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--kind", "angry"),
        ("--colormap", "jet"),
        ("--scale", "cube"),
        ("--radius", "0"),
        ("--opacity", "2"),
        ("--k", "0"),
        ("--rage-clicks", "1"),
        ("--dead-ms", "6000"),
        ("--background", "missing.png"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_is_written(
    shop: Home, run: Run, tmp_path: Path, flag: str, value: str
) -> None:
    target = tmp_path / "map.png"

    done = run("heatmap", "--page", "/shop", "-o", str(target), flag, value)

    assert done.code == 2
    assert done.out == ""
    assert not target.exists()


def test_a_page_without_events_ends_with_3_and_names_the_nearest(shop: Home, run: Run) -> None:
    done = run("heatmap", "--page", "/shpo")

    assert done.code == 3
    assert "nearest recorded page is /shop" in done.err


def test_the_preview_needs_no_file(
    shop: Home, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLORTERM", "truecolor")

    done = run("heatmap", "--page", "/shop", "--preview")

    assert done.code == 0
    assert done.out.startswith("/shop\nclick heatmap")
    assert "▀" in done.out
    assert list(tmp_path.glob("*.png")) == []


def test_the_preview_without_colour_has_no_escapes(
    shop: Home, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b" not in run("heatmap", "--page", "/shop", "--preview").out


@pytest.mark.parametrize("value", [2**31 - 1, -(2**31)])
def test_coordinates_beyond_the_page_do_not_stretch_it(
    shop: Home, run: Run, tmp_path: Path, value: int
) -> None:
    Sender(shop, session_id(7)).send(0, pageview(), click(900, value, value, selector="#gone"))

    assert run("heatmap", "--page", "/shop", "-o", str(tmp_path / "map.png")).code == 0

    assert texts(tmp_path / "map.png")["usertrack:page-size"] == "1280x2400"


def test_a_page_of_100000_px_is_scaled_and_says_so(home: Home, run: Run, tmp_path: Path) -> None:
    size = (1280, 800, 1280, 100_000)
    tall = ["p", 0, 1, "load", "/shop", "Shop", "", *size, 0, 0]
    Sender(home, session_id(1), size=size).send(0, tall, click(900, 100, 300, scroll_y=99_000))

    assert run("heatmap", "--page", "/shop", "-o", str(tmp_path / "map.png")).code == 0

    said = texts(tmp_path / "map.png")
    assert said["usertrack:page-size"] == "1280x100000"
    assert float(said["usertrack:page-scale"]) < 0.4


def seen(name: str, first_day: int, last_day: int, *, sessions: int = 9, width: int = 1280) -> LayoutSeen:
    return LayoutSeen("/shop", name, sessions, first_day * DAY_MS, last_day * DAY_MS, width)


def test_a_change_of_layout_names_the_day_that_avoids_it() -> None:
    drawn = seen("new", 20, 30)

    day = changed_on(drawn, [drawn, seen("older", 1, 10), seen("old", 5, 19)], zone=None)

    assert str(day) == "1970-01-21"


@pytest.mark.parametrize(
    "other",
    [
        seen("beside", 1, 25),
        seen("wider", 1, 10, width=1920),
        seen("rare", 1, 10, sessions=4),
        seen("later", 31, 40),
    ],
)
def test_variations_and_other_widths_are_no_change(other: LayoutSeen) -> None:
    drawn = seen("new", 20, 30)

    assert changed_on(drawn, [drawn, other], zone=None) is None


def test_a_change_inside_the_range_is_said_on_the_picture(home: Home, run: Run, tmp_path: Path) -> None:
    now = clock.now_ms()
    for number in range(11):
        name, at = ("old", now - 10 * DAY_MS) if number < 5 else ("new", now - 2 * DAY_MS)
        Sender(home, session_id(number), started_at=at, received_at=at + 9000).send(
            0, pageview(), ["k", 100, name, 1280, 2400], click(1500, 160, 220), layouts=(layout(name),)
        )
    since = str(np.datetime64(now - 9 * DAY_MS, "ms").astype("datetime64[D]"))

    before = run("heatmap", "--page", "/shop", "--preview", "--tz", "UTC")
    after = run("heatmap", "--page", "/shop", "--preview", "--tz", "UTC", "--from", since)

    assert f"layout changed in this range; --from {since}" in before.out
    assert "layout changed" not in after.out
