"""A real Chromium, a real serve process, and the demo shop on another origin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from usertrack_cli.commands.snippet import script_tag
from usertrack_cli.demo.collector import collector
from usertrack_cli.demo.shop import shop
from usertrack_cli.demo.visitors import chromium_path, launch_options
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

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
            timeout=60,
            check=False,
            env=environment | {"COLUMNS": "120"},
        )


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
