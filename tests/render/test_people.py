"""Trajectories of real people, from the DELBOT-Mouse data (MIT): they play without a stall."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from itertools import groupby
from math import isfinite
from pathlib import Path

import pytest

from usertrack_cli.render.frames import Screenplay
from usertrack_cli.render.grid import Capabilities
from usertrack_cli.render.recording import Event, Recording
from usertrack_cli.render.timeline import IDLE_MS

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "delbot_human.csv.gz"
SESSIONS_PLAYED = 60
FRAME_MS = 33

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="delbot_human.csv.gz is not beside the repository, so nobody real is replayed"
)


def recordings() -> Iterator[Recording]:
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        for name, members in groupby(rows, key=lambda row: (row["group"], row["session"])):
            # Some samples of the data set have no place; a browser always says one.
            placed = [row for row in members if isfinite(float(row["x"])) and isfinite(float(row["y"]))]
            points = sorted(placed, key=lambda row: float(row["t_ms"]))
            if not points:
                continue
            zero_ms = float(points[0]["t_ms"])
            width, height = int(points[0]["width"]), int(points[0]["height"])
            events = [
                Event(
                    at_ms=round(float(point["t_ms"]) - zero_ms),
                    kind="click" if point["kind"] == "Pressed" else "move",
                    page="/",
                    pageview=1,
                    x=round(float(point["x"])),
                    y=round(float(point["y"])),
                    viewport_w=width,
                    viewport_h=height,
                    scroll_x=0,
                    scroll_y=0,
                )
                for point in points
            ]
            yield Recording(
                session="/".join(name),
                site="default",
                started_at_ms=0,
                duration_ms=events[-1].at_ms,
                events=tuple(events),
            )


def test_people_s_pointers_are_where_they_were_at_every_frame() -> None:
    chosen = sorted(recordings(), key=lambda each: -len(each.events))[:SESSIONS_PLAYED]
    stalled = []

    for recording in chosen:
        screenplay = Screenplay(recording)
        timeline = screenplay.timeline
        at_ms = watched = 0
        while at_ms < timeline.duration_ms:
            after_ms = timeline.advanced(at_ms, FRAME_MS, skips_idle=True)
            watched += 1
            # A frame that shows nothing new for longer than an idle pause lasts is a stall.
            if after_ms <= at_ms:
                stalled.append((recording.session, at_ms))
                break
            at_ms = after_ms
        pauses_ms = len(timeline.idle) * IDLE_MS
        assert watched * FRAME_MS <= timeline.duration_ms + pauses_ms + FRAME_MS

    assert len(chosen) == SESSIONS_PLAYED
    assert stalled == []


def test_each_sample_puts_the_pointer_into_its_own_cell() -> None:
    recording = max(recordings(), key=lambda each: len(each.events))
    screenplay = Screenplay(recording)
    checked = 0

    for event in recording.events[:: max(len(recording.events) // 200, 1)]:
        last = [each for each in recording.events if each.at_ms <= event.at_ms][-1]
        assert last.x is not None and last.y is not None
        width, height = last.viewport_w or 1, last.viewport_h or 1
        if not (0 <= last.x < width and 0 <= last.y < height):
            continue
        grid = screenplay.frame(last.at_ms, width=100, height=30, capabilities=Capabilities())
        columns = next(x for x, cell in enumerate(grid.characters[1]) if cell in "│┃")
        rows = sum(1 for y in range(1, 28) if grid.characters[y][columns] in "│┃")
        cell = grid.characters[1 + last.y * rows // height][last.x * columns // width]
        assert cell in "↖◉○✖×3456789", (last, cell)
        checked += 1

    assert checked > 50
