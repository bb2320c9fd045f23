"""What eyes rely on beside tables: the present, in place and in a line, and what a report says."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from tests.commands.conftest import NOW_MS, Run
from tests.commands.terminal import Terminal, usertrack
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import __version__
from usertrack_cli.store.home import Home

GOLDEN = Path(__file__).parents[1] / "golden" / "tables"
PAGES = ("/", "/product/1", "/product/2", "/product/a-desk-organiser-with-a-rather-long-name", "/cart")
BLOCKS = "h[1-6]|p|div|tr|table|caption|section|header|footer|li|ul|dl|dt|svg|title|figure|summary"


def assert_golden(shown: str, name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    assert shown == path.read_text(encoding="utf-8"), f"if it is meant, write this to {path}"


@pytest.fixture
def busy(shop: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Eleven people are on the site and one bot; two more have left; one is on a page in Japanese."""
    monkeypatch.setenv("USERTRACK_TIMEZONE", "UTC")
    for number in range(14):
        started_at = NOW_MS - 58_000 + 4_000 * number
        page = "/商品/机" if number == 9 else PAGES[number % len(PAGES)]
        sender = Sender(
            shop,
            session_id(100 + number),
            meta=(("device", "mobile" if number % 3 == 0 else "desktop"), ("is_bot", number == 7)),
            page=page,
            started_at=started_at,
            received_at=NOW_MS,
        )
        clicks = [
            click(1_000 + 200 * n, 40, 50, text="" if number % 4 else "Buy now") for n in range(number % 3)
        ]
        sender.send(0, pageview(0, page), *clicks, *([["u", 2_000]] if number in {2, 3} else []))
    return shop


def test_the_present_in_a_line_is_as_it_was(run: Run, busy: Home) -> None:
    assert_golden(run("live", "--count", "1").out, "live")


def test_the_present_in_place_is_as_it_was_at_eighty_columns(busy: Home) -> None:
    calm = {"LINES": "", "COLUMNS": "", "LANG": "C.UTF-8"}
    terminal = Terminal(usertrack("live", "--data", str(busy.root), environment=calm, now_ms=NOW_MS))

    try:
        terminal.wait_for("--include-bots counts them")  # the end of the last row
        shown = terminal.text()
        terminal.type("q")
        status = terminal.exit_status()
    finally:
        terminal.close()

    assert_golden("\n".join(line.rstrip() for line in shown.splitlines()) + "\n", "live-screen")
    assert status == 0


def test_what_a_report_says_is_as_it_was(run: Run, shop: Home, tmp_path: Path) -> None:
    path = tmp_path / "r.html"

    done = run("report", "--tz", "UTC", "--pages", "0", "--funnel", "/product/… /cart /thanks", "-o", str(path))

    # Bytes depend on versions of libraries.
    said = re.sub(r"[0-9.]+ kB", "SIZE kB", done.err)
    assert (done.code, done.out) == (0, f"{path}\n")
    assert_golden(said + text_of(path.read_text(encoding="utf-8")), "report")


def text_of(page: str) -> str:
    """Return what is to be read on a page, a line for each block and for each row of a table."""
    body = re.sub(r"<(style|script|head)\b.*?</\1>", "", page, flags=re.DOTALL)
    rows = re.sub(
        r"</?(?:h\d|p|div|tr|table|section|header|footer|li|ul|dl|svg|figure|figcaption|title|dt)\b[^>]*>",
        "\n",
        body,
    )
    words = unescape(re.sub(r"<[^>]+>", " ", rows)).replace(__version__, "VERSION")
    lines = (" ".join(line.split()) for line in words.splitlines())
    return "".join(f"{line}\n" for line in lines if line)
