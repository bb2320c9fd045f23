"""A browser that opens one address, through the gate and with a profile that is thrown away, and draws it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from usertrack_cli import clock
from usertrack_cli.api.gate import Gate, opened
from usertrack_cli.api.screenshots import Shot
from usertrack_cli.errors import UsageError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

LOAD_MS_MAX = 30_000
HEIGHT_MAX_PX = 16_000
"""Chromium repeats the picture beyond what fits into one texture."""
SCROLL_STEPS_MAX = 60
SCROLL_STEP_S = 0.08

VIEWPORTS = {"wide": (1280, 800), "medium": (820, 1180), "narrow": (390, 844)}

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    # Without this Chromium goes past the gate to everything on this machine.
    "--proxy-bypass-list=<-loopback>",
    # Ways around a proxy: UDP of calls and of HTTP/3, and names looked up ahead of time.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--dns-prefetch-disable",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

_RECTS = """selectors => Object.fromEntries(selectors.flatMap(selector => {
  let element = null
  try { element = document.querySelector(selector) } catch { return [] }
  if (!element) return []
  const box = element.getBoundingClientRect()
  return [[selector, [box.left + scrollX, box.top + scrollY, box.width, box.height].map(Math.round)]]
}))"""
_SCROLL = "y => { scrollTo(0, y); return y + innerHeight < document.documentElement.scrollHeight }"
_SIZE = "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A screenshot in a file, what it shows, and what the page asked for in vain."""

    picture: Path
    shot: Shot
    refused: tuple[str, ...]


def photograph(
    url: str,
    picture: Path,
    *,
    viewport: tuple[int, int],
    selectors: Sequence[str],
    loopback: frozenset[tuple[str, int]],
    wait_s: float,
) -> Taken:
    """Open ``url`` and write what it looks like to ``picture``.

    Args:
        selectors: Elements whose places are to be noted.
        loopback: What :func:`usertrack_cli.api.gate.allowed_url` returned.
        wait_s: How long the page may settle after loading.

    Raises:
        UsageError: There is no browser, or the page did not load.
    """
    if find_spec("playwright") is None:
        raise UsageError(
            "a screenshot needs Playwright", hint="install it with: pip install 'usertrack[browser]'"
        )
    from playwright.sync_api import Error, sync_playwright

    gate = Gate(loopback=loopback)
    try:
        with opened(gate) as proxy, sync_playwright() as driver:
            browser = _launched(driver, proxy)
            try:
                shot = _shot(
                    browser, url, picture, gate=gate, viewport=viewport, selectors=selectors, wait_s=wait_s
                )
            finally:
                browser.close()
    except Error as error:
        if gate.refused and "net::ERR_" in error.message:
            raise UsageError(f"{url} leads to {gate.refused[-1]}, which is not a public address") from error
        raise UsageError(f"{url} could not be opened: {error.message.splitlines()[0]}") from error
    return Taken(picture=picture, shot=shot, refused=tuple(sorted(set(gate.refused))))


def chromium_on_path() -> str | None:
    """Return where Chromium is, ``None`` where it is missing."""
    return next((found for name in _BROWSERS if (found := shutil.which(name))), None)


def _launched(driver: Playwright, proxy: str) -> Browser:
    flags = [*_FLAGS, f"--proxy-server={proxy}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return driver.chromium.launch(executable_path=chromium_on_path(), args=flags)


def _shot(
    browser: Browser,
    url: str,
    picture: Path,
    *,
    gate: Gate,
    viewport: tuple[int, int],
    selectors: Sequence[str],
    wait_s: float,
) -> Shot:
    width, height = viewport
    context = browser.new_context(
        viewport={"width": width, "height": height},
        service_workers="block",
        accept_downloads=False,
    )
    page = context.new_page()
    response = page.goto(url, wait_until="load", timeout=LOAD_MS_MAX)
    _refuse(page, gate, None if response is None else response.status, url)
    _show_all(page, height)
    clock.pause_s(wait_s)
    found: dict[str, Any] = page.evaluate(_RECTS, list(selectors))
    document_w, document_h = page.evaluate(_SIZE)
    clip = {"x": 0, "y": 0, "width": document_w, "height": min(document_h, HEIGHT_MAX_PX)}
    page.screenshot(path=picture, full_page=True, animations="disabled", clip=clip)  # type: ignore[arg-type]
    boxes = {selector: (box[0], box[1], box[2], box[3]) for selector, box in found.items()}
    return Shot(document_w=document_w, document_h=document_h, boxes=boxes)


def _refuse(page: Page, gate: Gate, status: int | None, url: str) -> None:
    """Stop where the page itself was not let through, for example after a redirect."""
    parts = urlsplit(page.url)
    here = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    if here in gate.refused:
        raise UsageError(f"{url} leads to {here}, which is not a public address")
    if status is None or status >= 400:
        raise UsageError(f"{url} answered with status {status}")


def _show_all(page: Page, height: int) -> None:
    """Scroll to the end and back, for pages that load pictures only when they come into view."""
    for step in range(SCROLL_STEPS_MAX):
        if not page.evaluate(_SCROLL, step * height):
            break
        clock.pause_s(SCROLL_STEP_S)
    page.evaluate("scrollTo(0, 0)")
