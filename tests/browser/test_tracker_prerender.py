"""A page that a browser draws in advance is recorded from the moment it is shown, if it ever is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import FIRST_AGENT
from tests.browser.scene import Scene, scene, until
from usertrack_cli.demo.visitors import launch_options

pytestmark = pytest.mark.browser

RULES = '{"prerender": [{"source": "list", "urls": ["/ahead"], "eagerness": "immediate"}]}'
# Chromium draws nothing in advance for who drives it, so the page is told by the server when to go on.
START = f"""<!doctype html><html><head><title>Start</title><!--tag-->
<script type="speculationrules">{RULES}</script></head><body><h1>Start</h1><script>
 setInterval(async () => {{ if ((await fetch('/go')).ok) location.href = '/ahead'; }}, 100);
</script></body></html>"""
AHEAD = """<!doctype html><html><head><title>Ahead</title><!--tag--></head><body><h1>Ahead</h1><script>
 const { src } = document.querySelector('script');
 const tell = () => fetch(new URL(`/prerendering-${document.prerendering}`, src));
 addEventListener('load', tell);
 document.addEventListener('prerenderingchange', tell);
</script></body></html>"""


@contextmanager
def undriven(chromium: str, url: str, profile: Path) -> Iterator[None]:
    """A browser that opens a page and is left alone."""
    options = launch_options(chromium, user_agent=FIRST_AGENT)
    flags = ["--headless=new", "--no-first-run", f"--user-data-dir={profile}", "--disable-gpu"]
    process = subprocess.Popen(
        [options["executable_path"], *options["args"], *flags, url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def of_page(stage: Scene, page: str) -> list[dict[str, Any]]:
    return [each for each in stage.board.batches(kept=True) if each["pg"][1] == page]


def test_a_page_drawn_in_advance_is_silent_until_it_is_shown(chromium: str, tmp_path: Path) -> None:
    pages = {"/start": START, "/ahead": AHEAD}
    with scene(tmp_path / "data", pages) as stage:
        with undriven(chromium, stage.origin + "/start", tmp_path / "profile"):
            until(lambda: "GET /prerendering-true" in stage.board.asked, "a page drawn in advance")
            # Any page shown for as long has told of itself.
            until(lambda: len(of_page(stage, "/start")) > 1, "batches of the page that is shown")
            in_advance = of_page(stage, "/ahead")
            pages["/go"] = "now"
            until(lambda: of_page(stage, "/ahead"), "a batch of the page now shown")
        rows = stage.wait_for("kind = 'pageview'", select="page, pageview, session", count=2)

    assert "GET /prerendering-false" in stage.board.asked
    assert in_advance == []
    assert [row[:2] for row in rows] == [("/start", 1), ("/ahead", 2)]
    assert len({session for _, _, session in rows}) == 1
