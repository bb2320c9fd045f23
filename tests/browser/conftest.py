"""A real Chromium, a real serve process, and the demo shop on another origin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from usertrack_cli.api.layouts import layouts
from usertrack_cli.api.snippet import script_tag
from usertrack_cli.demo.collector import collector
from usertrack_cli.demo.shop import shop
from usertrack_cli.demo.visitors import chromium_path, launch_options
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

_ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"
FIRST_AGENT = f"Mozilla/5.0 (X11; Linux x86_64) {_ENGINE} Chrome/150.0.0.0 Safari/537.36"
SECOND_AGENT = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_ENGINE} Chrome/151.0.0.0 Safari/537.36"


@dataclass(frozen=True)
class Stage:
    """Where a test plays: the collector, the shop on another origin, and the store behind."""

    collector: str
    shop: str
    home: Home

    def usertrack(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command the way an operator does."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("USERTRACK_")}
        return subprocess.run(
            [sys.executable, "-m", "usertrack_cli", *arguments, "--data", str(self.home.root)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=environment | {"COLUMNS": "120"},
        )


def wait_for(
    home: Home, sql: str, *, pages: Sequence[Page] = (), timeout_s: float = 60.0
) -> list[tuple[Any, ...]]:
    """Ask the store until the answer is not empty; ``pages`` are made to send what they have."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        for page in pages:
            page.evaluate("usertrack.flush()")
        found: list[tuple[Any, ...]] = ask(home, Filter(), lambda con: con.execute(sql).fetchall())
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"nothing came within {timeout_s} s: {sql}")


def wait_for_layouts(home: Home, pages: Sequence[Page], *, site: str = "default") -> None:
    """Wait until the store has the boxes of what each page, as wide as it is, looks like.

    A layout is measured a second after loading, in idle time, and its boxes go with a later batch.
    """
    sessions = [page.evaluate("usertrack.status().session") for page in pages]
    for session in sessions:
        sql = f"SELECT page, layout FROM events WHERE kind = 'layout' AND session = '{session}'"  # noqa: S608
        rows = wait_for(home, sql, pages=pages)
        deadline = time.monotonic() + 60
        while not layouts(home, site, {(row[0], row[1]) for row in rows}):
            assert time.monotonic() < deadline, f"no boxes of {rows}"
            for page in pages:
                page.evaluate("usertrack.flush()")
            time.sleep(0.2)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = chromium_path()
    if path is None or shutil.which(path) is None:
        pytest.skip("no Chromium on the PATH, so nothing is tested in a real browser")
    return path


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def first_browser(driver: Playwright, chromium: str) -> Iterator[Browser]:
    browser = driver.chromium.launch(**launch_options(chromium, user_agent=FIRST_AGENT))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def second_browser(driver: Playwright, chromium: str) -> Iterator[Browser]:
    browser = driver.chromium.launch(**launch_options(chromium, user_agent=SECOND_AGENT))
    yield browser
    browser.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    data = tmp_path / "data"
    with collector(data) as url, shop(script_tag(url, "default")) as site:
        yield Stage(url, site, Home(data))


@pytest.fixture(scope="module")
def browser(first_browser: Browser) -> Browser:
    """The one browser of a module; each test opens contexts of its own."""
    return first_browser
