"""How soon a replay shows its first frame, what a frame costs, and how large a minute of cast is.

    python -m benchmarks.replay                      one session among 100,000 (50M events, 0.4 GB of disk)
    python -m benchmarks.replay --sessions 10000     a smaller store

The limit of the first frame is measured in the same run: DuckDB reading that one session from the same
files, without checksums, drawing or a frame. The rival of the cast is the same minute written whole, every
frame a full screen, which is what a screen recorder sees before it compares.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from benchmarks.population import ROWS_PER_SESSION, make_store
from tests.render.conftest import shop_layout
from usertrack_cli import api
from usertrack_cli.queries.filters import Filter
from usertrack_cli.render.cast import cast
from usertrack_cli.render.frames import Screenplay
from usertrack_cli.render.grid import Capabilities, Colours
from usertrack_cli.render.recording import Event, Recording
from usertrack_cli.store.home import Home

RUNS = 5
FRAMES = 1_000
SIZES = ((80, 24), (100, 30), (160, 50))
WATCHED_S = 60
FIRST_FRAME_BAR_S, FRAME_BAR_MS = 0.5, 1.0
_LIMIT = """
import sys, time
started = time.perf_counter()
import duckdb
duckdb.sql(
    "SELECT * REPLACE (epoch_ms(occurred_at) AS occurred_at)"
    " FROM read_parquet('{glob}', hive_partitioning = false) WHERE session = '{session}'"
).fetchall()
print(time.perf_counter() - started)
"""


def first_frame_s(home: Home, session: str) -> float:
    """Return the seconds of a whole process that prints one frame of one session."""
    command = [sys.executable, "-m", "usertrack_cli", "replay", session, "--at", "5", "--data", str(home.root)]
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        seconds.append(time.perf_counter() - started)
        assert done.returncode == 0, done.stderr
    return statistics.median(seconds)


def limit_s(home: Home, session: str) -> float:
    """Return the seconds in which DuckDB alone reads that session."""
    glob = f"{home.root}/segments/**/*.parquet"
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", _LIMIT.format(glob=glob, session=session)], check=True, capture_output=True
        )
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def minute() -> Recording:
    """Return a minute in a shop during which the pointer hardly ever rests."""
    layout = shop_layout()
    events = [Event(at_ms=0, kind="pageview", page="/shop", pageview=1, title="Shop", **_screen(0))]
    events.append(Event(at_ms=1, kind="layout", page="/shop", pageview=1, layout=layout.hash, **_screen(0)))
    for number in range(1, 1_000):
        at_ms, scroll_y = number * 60, number // 100 * 90
        # To and fro at some 400 px a second, about what people do who read with the pointer.
        x, y = abs((number * 21) % 2_200 - 1_100) + 60, abs((number * 13) % 1_200 - 600) + 80
        kind = "click" if number % 80 == 0 else "scroll" if number % 100 == 0 else "move"
        place = {} if kind == "scroll" else {"x": x, "y": y + scroll_y}
        events.append(Event(at_ms=at_ms, kind=kind, page="/shop", pageview=1, **place, **_screen(scroll_y)))
    return Recording(
        session="benchmark",
        site="default",
        started_at_ms=0,
        duration_ms=events[-1].at_ms,
        events=tuple(events),
        layouts={layout.hash: layout},
    )


def _screen(scroll_y: int) -> dict[str, int]:
    return {"viewport_w": 1280, "viewport_h": 800, "document_h": 1880, "scroll_x": 0, "scroll_y": scroll_y}


def frame_ms(recording: Recording, size: tuple[int, int]) -> tuple[float, float]:
    """Return ms to draw a frame, and ms to find and encode what changed since the last."""
    screenplay, shown = Screenplay(recording), None
    drawing = encoding = 0.0
    for number in range(FRAMES):
        started = time.perf_counter()
        grid = screenplay.frame(number * 60, width=size[0], height=size[1], capabilities=Capabilities())
        drawn = time.perf_counter()
        grid.changes(shown, Colours.TRUECOLOR)
        drawing, encoding = drawing + drawn - started, encoding + time.perf_counter() - drawn
        shown = grid
    return drawing * 1_000 / FRAMES, encoding * 1_000 / FRAMES


def playing_share(recording: Recording, *, seconds: float = 10.0) -> float:
    """Return the part of one core that a player of 100x30 cells at 30 frames a second takes."""
    screenplay, shown = Screenplay(recording), None
    before, started = _cpu_s(), time.monotonic()
    frame = 0
    with Path(os.devnull).open("w") as sink:
        while (now := time.monotonic() - started) < seconds:
            grid = screenplay.frame(round(now * 1_000), width=100, height=30, capabilities=Capabilities())
            sink.write(grid.changes(shown, Colours.TRUECOLOR))
            shown, frame = grid, frame + 1
            time.sleep(max(started + frame / 30 - time.monotonic(), 0))
    return (_cpu_s() - before) / seconds


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cast_bytes(recording: Recording) -> tuple[int, int, int, float]:
    """Return bytes of a minute of cast, compressed, the same written whole, and the seconds it took."""
    started = time.perf_counter()
    text = "\n".join(cast(recording)).encode()
    took = time.perf_counter() - started
    screenplay = Screenplay(recording)
    whole = sum(
        len(json.dumps("".join(grid.ansi_lines(Colours.TRUECOLOR))))
        for number in range(WATCHED_S * 10)
        for grid in [screenplay.frame(number * 100, width=100, height=30, capabilities=Capabilities())]
    )
    return len(text), len(zlib.compress(text, 9)), whole, took


def main() -> int:
    """Measure and print; return 1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    arguments = parser.parse_args()
    recording, missed = minute(), []
    with tempfile.TemporaryDirectory() as folder:
        home = make_store(Path(folder) / "data", events=arguments.sessions * ROWS_PER_SESSION)
        session = api.sessions(home, Filter(site="default"), limit=1)[0].session
        first, limit = first_frame_s(home, session), limit_s(home, session)
    print(f"first frame of one session among {arguments.sessions:,}: {first:.2f} s, whole process", end="")
    print(f" (bar {FIRST_FRAME_BAR_S} s; DuckDB alone, without checksums: {limit:.2f} s, {first / limit:.1f}x)")
    missed += ["first frame"] * (first > FIRST_FRAME_BAR_S)
    for size in SIZES:
        drawing, encoding = frame_ms(recording, size)
        print(
            f"a frame at {size[0]}x{size[1]}: {drawing:.2f} ms to draw, {encoding:.2f} ms to write what changed"
        )
        missed += ["frame"] * (size == (100, 30) and drawing > FRAME_BAR_MS)
    print(f"playing at 30 frames a second, 100x30: {playing_share(recording):.1%} of one core")
    size_bytes, packed, whole, took = cast_bytes(recording)
    print(
        f"a minute of cast, 100x30: {size_bytes / 1000:.0f} kB, packed {packed / 1000:.0f} kB,"
        f" made in {took:.1f} s; written whole {whole / 1000:.0f} kB ({whole / size_bytes:.1f}x)"
    )
    print("bars missed: " + (", ".join(missed) or "none"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
