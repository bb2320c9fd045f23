"""What the tracker costs a visitor: bytes to load, processor time, bytes on the wire.

Sizes are measured against the published builds of other session recorders, fetched from npm and compressed
in the same run. Processor time is that of the page's main thread for scripts, styles and layout while Chromium
is driven through the demo shop, less what the very same minute costs without the tracker: the median of several
runs of each. It is the thread's own clock, so other work on the machine does not count.

    .venv/bin/python benchmarks/tracker.py [--seconds 60] [--runs 3] [--no-rivals] [--functions 20]
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
from statistics import median
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.record_demo import Sent, proxy
from usertrack_cli.commands.snippet import script_tag
from usertrack_cli.demo.collector import collector
from usertrack_cli.demo.shop import shop
from usertrack_cli.demo.visitors import chromium_path, launch_options

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

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


_WORK = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")


@dataclass(frozen=True)
class Driven:
    """What one driven session cost the page's main thread, in ms of its own clock."""

    work_ms: float
    task_ms: float


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
        self._planned_s = 0.0

    def work(self, seconds: float) -> None:
        """Go on for as long as this takes where nothing holds a hand up: every run does the same."""
        end = self._planned_s + seconds
        while self._planned_s < end:
            self._glide(self._chance.uniform(40, 1240), self._chance.uniform(90, 760))
            self._act()
            self._pause(self._chance.uniform(0.2, 0.9))

    def _pause(self, seconds: float) -> None:
        self._planned_s += seconds
        time.sleep(seconds)

    def _glide(self, x: float, y: float) -> None:
        x0, y0 = self._x, self._y
        seconds = 0.25 + math.hypot(x - x0, y - y0) / 1500
        steps = max(2, round(seconds * HZ))
        self._planned_s += seconds
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
                self._pause(0.06)
        elif draw < 0.7:
            chips = self._page.locator("[data-filter]")
            if chips.count():
                chips.nth(self._chance.randrange(chips.count())).click(timeout=2_000)
        elif draw < 0.8:
            self._page.keyboard.type("oak desk", delay=60)


def by_function(profile: dict[str, Any]) -> dict[str, float]:
    """Return the time that passed under each of the tracker's functions, in ms."""
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

    spent: dict[str, float] = {}
    for number, delta in zip(profile["samples"], profile["timeDeltas"], strict=True):
        if name := owner(number):
            spent[name] = spent.get(name, 0.0) + max(0, delta) / 1000
    return spent


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
    """Drive one session, from a moment after loading on."""
    with driven_page(url) as page:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = metrics(devtools)
        Hand(page, seed=7).work(seconds)
        after = metrics(devtools)
        spent = {name: 1000 * (after[name] - before[name]) for name in (*_WORK, "TaskDuration")}
        return Driven(sum(spent[name] for name in _WORK), spent["TaskDuration"])


def metrics(devtools: CDPSession) -> dict[str, float]:
    """Return what the browser counted so far, in seconds of the thread's own clock."""
    return {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}


def profiled(url: str, seconds: float) -> dict[str, float]:
    """Drive one session under V8's profiler, which is dear itself, and return the time by function."""
    with driven_page(url) as page:
        profiler = page.context.new_cdp_session(page)
        profiler.send("Profiler.enable")
        profiler.send("Profiler.setSamplingInterval", {"interval": 200})
        profiler.send("Profiler.start")
        Hand(page, seed=7).work(seconds)
        return by_function(profiler.send("Profiler.stop")["profile"])


def main() -> int:
    """Measure and print; return 1 where a bar is missed."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--no-rivals", action="store_true")
    options.add_argument("--functions", type=int, default=0, help="show the costliest, from one more run")
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
        with_tracker, without = [], []
        for _ in range(chosen.runs):
            without.append(drive(bare + "/shop", chosen.seconds))
            with_tracker.append(drive(site + "/shop", chosen.seconds))
        bodies = [json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode() for _, _, body in sent]
        events = sum(len(body["e"]) for _, _, body in sent)
        functions = profiled(site + "/shop", chosen.seconds) if chosen.functions else {}
    minutes = chosen.seconds / 60
    work_ms = median(each.work_ms for each in with_tracker) - median(each.work_ms for each in without)
    task_ms = median(each.task_ms for each in with_tracker) - median(each.task_ms for each in without)
    percent = work_ms / chosen.seconds / 10
    print(f"processor: {work_ms / minutes:.0f} ms a driven minute = {percent:.3f} % of a core")
    for name, runs in (("with", with_tracker), ("without", without)):
        each = ", ".join(f"{run.work_ms / minutes:.0f}" for run in runs)
        print(f"           {name} the tracker: {each} ms of scripts, styles and layout")
    print(f"           all tasks of the page's main thread: {task_ms / minutes:+.0f} ms")
    minutes *= chosen.runs
    print(
        f"wire: {len(sent) / minutes:.1f} batches, {events / minutes:.0f} events,"
        f" {sum(map(len, bodies)) / minutes:,.0f} bytes a minute"
    )
    for name, ms in sorted(functions.items(), key=lambda each: -each[1])[: chosen.functions]:
        print(f"    {ms:8.1f} ms {name}")
    is_met = percent <= CPU_BAR_PERCENT and core <= GZIP_BAR_BYTES
    print("bars met" if is_met else "a bar is MISSED")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
