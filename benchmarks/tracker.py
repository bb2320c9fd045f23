"""What the tracker costs a visitor: bytes to load, processor time, bytes on the wire.

Sizes are measured against the published builds of other session recorders, fetched from npm and compressed
in the same run; processor time is what V8's own profiler saw under our frames while Chromium was driven
through the demo shop for a minute, and, as its control, the same minute without the tracker.

    .venv/bin/python benchmarks/tracker.py [--seconds 60] [--no-rivals]
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.record_demo import Sent, proxy
from usertrack_cli.commands.snippet import script_tag
from usertrack_cli.demo.collector import collector
from usertrack_cli.demo.shop import shop
from usertrack_cli.demo.visitors import chromium_path, launch_options

if TYPE_CHECKING:
    from playwright.sync_api import Page

DIST = Path(__file__).parents[1] / "tracker" / "dist"
OURS = ("tracker.js", "banner.js", "info.js")
RIVALS = {
    "@rrweb/record": ("dist/record.umd.min.cjs", "umd/record.min.js", "dist/record.min.js"),
    "clarity-js": ("build/clarity.min.js",),
    "posthog-js": ("dist/array.js",),
}
LAZY = {"posthog-js": ("dist/posthog-recorder.js", "dist/lazy-recorder.js", "dist/recorder.js")}
"""What a recorder loads besides, once it records."""
HZ = 60
CPU_BAR_PERCENT = 0.2
GZIP_BAR_BYTES = 8192


@dataclass(frozen=True)
class Driven:
    """What one driven session cost."""

    tracker_ms: float
    page_ms: float
    by_function: dict[str, float]


def gzip_bytes(content: bytes) -> int:
    """Return how large ``content`` is on its way to a browser."""
    return len(gzip.compress(content, 9, mtime=0))


def rivals() -> Iterator[tuple[str, int, int]]:
    """Yield name with version, bytes and compressed bytes of each published build."""
    with tempfile.TemporaryDirectory() as folder:
        for package, names in RIVALS.items():
            done = subprocess.run(
                ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", package],
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            root = Path(folder) / "node_modules" / package
            built = next((root / name for name in names if (root / name).is_file()), None)
            if done.returncode or built is None:
                yield f"{package} (not to be had: {done.stderr.strip()[-60:] or 'no such build in it'})", 0, 0
                continue
            version = json.loads((root / "package.json").read_text())["version"]
            parts = [built, *(root / name for name in LAZY.get(package, ()) if (root / name).is_file())][:2]
            content = [part.read_bytes() for part in parts]
            yield (
                f"{package} {version} {' + '.join(part.name for part in parts)}",
                sum(map(len, content)),
                sum(map(gzip_bytes, content)),
            )


class Hand:
    """Moves like a person: minimum-jerk glides at 60 Hz, then a click, a scroll or a word."""

    def __init__(self, page: Page, seed: int) -> None:
        self._page = page
        self._chance = random.Random(seed)  # noqa: S311 not a secret
        self._x, self._y = 640.0, 400.0

    def work_until(self, end: float) -> None:
        """Go on until ``time.monotonic()`` reaches ``end``."""
        while time.monotonic() < end:
            self._glide(self._chance.uniform(40, 1240), self._chance.uniform(90, 760))
            self._act()
            time.sleep(self._chance.uniform(0.2, 0.9))

    def _glide(self, x: float, y: float) -> None:
        x0, y0 = self._x, self._y
        seconds = 0.25 + math.hypot(x - x0, y - y0) / 1500
        steps = max(2, round(seconds * HZ))
        begun = time.monotonic()
        for step in range(1, steps + 1):
            u = step / steps
            eased = u**3 * (10 - 15 * u + 6 * u * u)
            self._page.mouse.move(x0 + (x - x0) * eased, y0 + (y - y0) * eased)
            time.sleep(max(0.0, begun + seconds * u - time.monotonic()))
        self._x, self._y = x, y

    def _act(self) -> None:
        draw = self._chance.random()
        if draw < 0.35:
            for _ in range(self._chance.randint(2, 6)):
                self._page.mouse.wheel(0, self._chance.choice((-120, 120, 240)))
                time.sleep(0.06)
        elif draw < 0.7:
            chips = self._page.locator("[data-filter]")
            if chips.count():
                chips.nth(self._chance.randrange(chips.count())).click(timeout=2_000)
        elif draw < 0.8:
            self._page.keyboard.type("oak desk", delay=60)


def spent(profile: dict[str, Any]) -> Driven:
    """Return the time under the tracker's frames, in ms, and by function."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parent = {child: node["id"] for node in profile["nodes"] for child in node.get("children", ())}

    def owner(number: int) -> str:
        """The innermost function of the tracker around this node, or nothing."""
        at: int | None = number
        while at is not None:
            frame = nodes[at]["callFrame"]
            if "tracker.js" in frame["url"]:
                return f"{frame['functionName'] or '(anonymous)'}:{frame['columnNumber']}"
            at = parent.get(at)
        return ""

    owners = {number: owner(number) for number in nodes}
    by_function: dict[str, float] = {}
    page_ms = 0.0
    for number, delta in zip(profile["samples"], profile["timeDeltas"], strict=True):
        ms = max(0, delta) / 1000
        if owners[number]:
            by_function[owners[number]] = by_function.get(owners[number], 0.0) + ms
        elif nodes[number]["callFrame"]["functionName"] not in {"(idle)", "(root)"}:
            page_ms += ms
    return Driven(sum(by_function.values()), page_ms, by_function)


@contextmanager
def driven_page(url: str) -> Iterator[Page]:
    """Give a page that a hand can be put on."""
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    if path is None:
        raise SystemExit("Chromium and Playwright are needed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(**launch_options(path))
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(url)
        yield page
        page.goto("about:blank")
        browser.close()


def drive(url: str, seconds: float) -> Driven:
    """Drive one session and profile it, from a moment after loading on."""
    with driven_page(url) as page:
        profiler = page.context.new_cdp_session(page)
        profiler.send("Profiler.enable")
        profiler.send("Profiler.setSamplingInterval", {"interval": 200})
        profiler.send("Profiler.start")
        Hand(page, seed=7).work_until(time.monotonic() + seconds)
        return spent(profiler.send("Profiler.stop")["profile"])


def main() -> int:
    """Measure and print; return 1 where a bar is missed."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--no-rivals", action="store_true")
    options.add_argument("--functions", type=int, default=0, help="show the costliest")
    chosen = options.parse_args()
    ours = {name: (DIST / name).read_bytes() for name in OURS if (DIST / name).is_file()}
    for name, content in ours.items():
        print(f"{name:58} {len(content):8,} bytes {gzip_bytes(content):8,} gzip")
    core = gzip_bytes(ours["tracker.js"])
    for name, plain, packed in () if chosen.no_rivals else rivals():
        ratio = f"{packed / core:5.1f} x" if packed else ""
        print(f"{name:58} {plain:8,} bytes {packed:8,} gzip {ratio}")
    sent: Sent = []
    with (
        tempfile.TemporaryDirectory() as folder,
        collector(Path(folder) / "data") as url,
        proxy(url, sent) as recorder,
        shop(script_tag(recorder, "default")) as site,
        shop("") as bare,
    ):
        result = drive(site + "/shop", chosen.seconds)
        time.sleep(1)
        control = drive(bare + "/shop", min(chosen.seconds, 15))
    minutes = chosen.seconds / 60
    bodies = [json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode() for _, _, body in sent]
    events = sum(len(body["e"]) for _, _, body in sent)
    percent = result.tracker_ms / chosen.seconds / 10
    print(f"processor: {result.tracker_ms / minutes:.0f} ms a driven minute = {percent:.3f} % of a core")
    print(
        f"           the page's own scripts {result.page_ms / minutes:.0f} ms; control without the tracker: 0 ="
    )
    print(f"           {control.tracker_ms:.0f} ms under its frames")
    print(
        f"wire: {len(sent) / minutes:.1f} batches, {events / minutes:.0f} events,"
        f" {sum(map(len, bodies)) / minutes:,.0f} bytes a minute"
    )
    for name, ms in sorted(result.by_function.items(), key=lambda each: -each[1])[: chosen.functions]:
        print(f"    {ms:8.1f} ms {name}")
    is_met = percent <= CPU_BAR_PERCENT and core <= GZIP_BAR_BYTES
    print("bars met" if is_met else "a bar is MISSED")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
