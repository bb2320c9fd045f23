"""What the tracker costs a visitor: bytes to load, processor time, bytes on the wire.

Everything is measured against the published builds of other session recorders, fetched from npm, in the same
run. Processor time is that of the page's main thread for scripts, styles and layout while Chromium loads the
demo shop, and while it is driven through it, less what the very same takes without any recorder: the median of
several runs of each, in turns. It is the thread's own clock, so other work on the machine counts only by what
it does to the caches.

    .venv/bin/python benchmarks/tracker.py [--seconds 60] [--runs 3] [--no-rivals] [--functions 20]
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.recorders import Recorder, installed, sink
from fixtures.record_demo import Sent, proxy
from usertrack_cli.api.snippet import script_tag
from usertrack_cli.demo.collector import collector
from usertrack_cli.demo.shop import shop
from usertrack_cli.demo.visitors import chromium_path, launch_options

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

DIST = Path(__file__).parents[1] / "tracker" / "dist"
OURS = ("tracker.js", "banner.js", "info.js")
HZ = 60
CPU_BAR_PERCENT = 0.2
GZIP_BAR_BYTES = 8192


_WORK = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")


@dataclass(frozen=True)
class Driven:
    """What one session cost the page's main thread, in ms of its own clock, until loaded and from then on."""

    load_ms: float
    work_ms: float


def gzip_bytes(content: bytes) -> int:
    """Return how large ``content`` is on its way to a browser."""
    return len(gzip.compress(content, 9, mtime=0))


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
def empty_page() -> Iterator[Page]:
    """Give a page of a browser of its own."""
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    if path is None:
        raise SystemExit("Chromium and Playwright are needed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(**launch_options(path))
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        yield page
        page.goto("about:blank")
        browser.close()


def drive(url: str, seconds: float) -> Driven:
    """Open a page and drive one session."""
    with empty_page() as page:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(url)
        loaded_ms = spent_ms(devtools)
        Hand(page, seed=7).work(seconds)
        return Driven(loaded_ms, spent_ms(devtools) - loaded_ms)


def spent_ms(devtools: CDPSession) -> float:
    """Return what the browser counted so far, on the thread's own clock."""
    counted = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(sum(counted[name] for name in _WORK))


def profiled(url: str, seconds: float) -> dict[str, float]:
    """Drive one session under V8's profiler, which is dear itself, and return the time by function."""
    with empty_page() as page:
        page.goto(url)
        profiler = page.context.new_cdp_session(page)
        profiler.send("Profiler.enable")
        profiler.send("Profiler.setSamplingInterval", {"interval": 200})
        profiler.send("Profiler.start")
        Hand(page, seed=7).work(seconds)
        return by_function(profiler.send("Profiler.stop")["profile"])


@contextmanager
def ours(folder: Path) -> Iterator[tuple[str, Sent]]:
    """Run a collector behind something that takes down what is sent; gives our tag and what was."""
    sent: Sent = []
    with collector(folder / "data") as url, proxy(url, sent) as recorder:
        yield script_tag(recorder, "default"), sent


@dataclass(frozen=True)
class Report:
    """What one recorder cost in all runs, and sent in how many bodies and bytes."""

    name: str
    runs: list[Driven]
    body_count: int
    body_bytes: int

    def line(self, base: Report, seconds: float) -> str:
        """A row of the table: beyond the page itself."""
        minutes = seconds / 60
        sent = minutes * len(self.runs)
        each = ", ".join(f"{run.work_ms / minutes:.0f}" for run in self.runs)
        load_ms = median(run.load_ms for run in self.runs) - median(run.load_ms for run in base.runs)
        return (
            f"{self.name:24} load {load_ms:5.0f} ms, driven {self.work_ms(base) / minutes:5.0f} ms a minute"
            f" = {self.work_ms(base) / seconds / 10:.3f} %; {self.body_count / sent:5.1f} requests,"
            f" {self.body_bytes / sent:9,.0f} bytes a minute (page and all: {each} ms)"
        )

    def work_ms(self, base: Report) -> float:
        """What it took while the page was driven, beyond the page without it."""
        return median(run.work_ms for run in self.runs) - median(run.work_ms for run in base.runs)


def compared(chosen: argparse.Namespace, recorders: list[Recorder], folder: Path) -> list[Report]:
    """Drive the page without a recorder, with ours and with each other, in turns."""
    with ExitStack() as stack:
        tag, sent = stack.enter_context(ours(folder))
        sunk = [stack.enter_context(sink(each)) for each in recorders]
        names = ["no recorder", "usertrack", *(each.name for each in recorders)]
        urls = [stack.enter_context(shop(each)) + "/shop" for each in ("", tag, *(other for other, _ in sunk))]
        runs: list[list[Driven]] = [[] for _ in urls]
        for _ in range(chosen.runs):
            for url, done in zip(urls, runs, strict=True):
                done.append(drive(url, chosen.seconds))
        bodies = [
            len(json.dumps(each, separators=(",", ":"), ensure_ascii=False).encode()) for *_, each in sent
        ]
        wire = [(0, 0), (len(bodies), sum(bodies)), *((each.requests, each.body_bytes) for _, each in sunk)]
        functions = profiled(urls[1], chosen.seconds) if chosen.functions else {}
    for name, ms in sorted(functions.items(), key=lambda each: -each[1])[: chosen.functions]:
        print(f"    {ms:8.1f} ms {name}")
    return [Report(name, each, *sizes) for name, each, sizes in zip(names, runs, wire, strict=True)]


def main() -> int:
    """Measure and print; return 1 where a bar is missed."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--no-rivals", action="store_true")
    options.add_argument("--functions", type=int, default=0, help="show the costliest, from one more run")
    chosen = options.parse_args()
    own = {name: (DIST / name).read_bytes() for name in OURS if (DIST / name).is_file()}
    for name, content in own.items():
        print(f"{name:28} {len(content):8,} bytes {gzip_bytes(content):8,} gzip")
    core = gzip_bytes(own["tracker.js"])
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        recorders = [] if chosen.no_rivals else list(installed(folder))
        for each in recorders:
            plain, packed = each.sizes
            print(f"{each.name:28} {plain:8,} bytes {packed:8,} gzip {packed / core:5.1f} x")
        base, us, *others = compared(chosen, recorders, folder)
    print("Main thread and wire, beyond the page itself:")
    for report in (us, *others):
        print(report.line(base, chosen.seconds))
    is_met = us.work_ms(base) / chosen.seconds / 10 <= CPU_BAR_PERCENT and core <= GZIP_BAR_BYTES
    print("bars met" if is_met else "a bar is MISSED")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
