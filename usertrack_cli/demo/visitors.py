"""Live visitors: Chromium, driven by Playwright, on the demo shop.

What a visitor does is drawn from a seeded generator, so two runs differ only in timing.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from usertrack_cli.api.camera import chromium_on_path
from usertrack_cli.demo.walk import Visitor, Walk

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

AT_ONCE = 5
"""Browser contexts at the same time; more would starve each other on two cores."""
VISIT_S_MAX = 90.0
_FLAGS = (
    # An automated browser says so, and would rightly be filed as a bot.
    "--disable-blink-features=AutomationControlled",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

_DESKTOPS = ((1280, 800), (1280, 800), (1366, 768), (1440, 900), (1920, 1080))
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
_AGENTS = (
    f"Mozilla/5.0 (X11; Linux x86_64) {_CHROME}",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Safari/605.1.15",
)
_PHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1"


def chromium_path() -> str | None:
    """Return where Chromium is, or ``None`` where it, or Playwright to drive it, is missing."""
    return None if find_spec("playwright") is None else chromium_on_path()


def launch_options(path: str, *, user_agent: str | None = None) -> dict[str, Any]:
    """Return what Playwright needs to start this Chromium, as root too.

    Args:
        user_agent: For the whole browser: one set for a context alone is not sent with the
            ``keepalive`` requests that the tracker makes.
    """
    flags = [*_FLAGS]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    if user_agent is not None:
        flags.append(f"--user-agent={user_agent}")
    return {"executable_path": path, "args": flags}


def visitors(count: int, *, seed: int = 7) -> list[Visitor]:
    """Return made-up visitors: about one in five with a phone."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    found = []
    for number in range(count):
        is_phone = number % 5 == 3
        width, height = (390, 844) if is_phone else chance.choice(_DESKTOPS)
        found.append(
            Visitor(
                number=number,
                user_agent=_PHONE if is_phone else chance.choice(_AGENTS),
                width=width,
                height=height,
                is_phone=is_phone,
                seed=seed * 1000 + number,
            )
        )
    return found


async def visit(
    shop_url: str,
    people: list[Visitor],
    *,
    path: str,
    on_visit: Callable[[int], None],
) -> int:
    """Let every visitor walk through the shop; return how many came to an end.

    On a machine that is slow or busy somebody may not get through in time; what they did until then is
    recorded all the same.

    Args:
        shop_url: Origin of the shop.
        path: Chromium.
        on_visit: Told how many are done so far.
    """
    from playwright.async_api import Error, async_playwright

    turn = asyncio.Semaphore(AT_ONCE)
    done = finished = 0

    async def one(browser: Browser, person: Visitor) -> None:
        nonlocal done, finished
        async with turn:
            with suppress(TimeoutError, Error):
                await asyncio.wait_for(_one_visit(browser, person, shop_url), VISIT_S_MAX)
                finished += 1
        done += 1
        on_visit(done)

    async with async_playwright() as driver:
        browsers = {
            agent: await driver.chromium.launch(**launch_options(path, user_agent=agent))
            for agent in dict.fromkeys(person.user_agent for person in people)
        }
        try:
            await asyncio.gather(*(one(browsers[person.user_agent], person) for person in people))
        finally:
            for browser in browsers.values():
                await browser.close()
    return finished


async def _one_visit(browser: Browser, person: Visitor, shop_url: str) -> None:
    context: BrowserContext = await browser.new_context(
        viewport={"width": person.width, "height": person.height},
        screen={"width": person.width, "height": person.height},
        is_mobile=person.is_phone,
        has_touch=person.is_phone,
        locale="en-GB",
    )
    try:
        page = await context.new_page()
        await Walk(page, person, shop_url).through_the_shop()
        await _leave(page)
    finally:
        await context.close()


async def _leave(page: Page) -> None:
    """Go away, which makes the tracker send its last batch."""
    from playwright.async_api import Error

    try:
        await page.goto("about:blank")
    except Error:
        # The last click was still leading somewhere.
        await page.wait_for_load_state()
        await page.goto("about:blank")
    await asyncio.sleep(0.3)
