"""A recording as an asciicast, version 2: what asciinema and its web player play."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from usertrack_cli.render.frames import Screenplay
from usertrack_cli.render.grid import Capabilities
from usertrack_cli.render.text import safe_text
from usertrack_cli.render.transcript import MomentKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usertrack_cli.render.grid import Grid
    from usertrack_cli.render.recording import Recording

FRAMES_PER_SECOND = 10
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"

_UNMARKED = frozenset([MomentKind.SCROLL, MomentKind.RESIZE])


def cast(recording: Recording, *, width: int = 100, height: int = 30) -> Iterator[str]:
    """Yield the lines of the file; times are those of watching, so skipped pauses are not in it.

    Every line is ASCII: stored text is guarded, and what is not ASCII is written as JSON escapes.
    Moments are markers, from which players make chapters.
    """
    capabilities = Capabilities()
    screenplay = Screenplay(recording)
    timeline = screenplay.timeline
    title = f"session {safe_text(recording.session, cells=24)} on {safe_text(recording.site, cells=40)}"
    yield json.dumps(
        {
            "version": 2,
            "width": width,
            "height": height,
            "timestamp": recording.started_at_ms // 1000,
            "title": title,
            "env": {"TERM": "xterm-256color"},
        }
    )
    moments = [moment for moment in timeline.moments if moment.kind not in _UNMARKED]
    shown: Grid | None = None
    told, watched_ms, at_ms, step_ms = 0, 0, 0, 1000 // FRAMES_PER_SECOND
    while True:
        grid = screenplay.frame(at_ms, width=width, height=height, capabilities=capabilities)
        changes = grid.changes(shown, capabilities.colours)
        changes = f"{HIDE_CURSOR}{changes}" if shown is None else changes
        if changes:
            yield json.dumps([watched_ms / 1000, "o", changes])
        shown = grid
        while told < len(moments) and moments[told].at_ms <= at_ms:
            yield json.dumps([watched_ms / 1000, "m", moments[told].text])
            told += 1
        if at_ms >= timeline.duration_ms:
            break
        at_ms = timeline.advanced(at_ms, step_ms, skips_idle=True)
        watched_ms += step_ms
    yield json.dumps([watched_ms / 1000, "o", f"\x1b[{height};1H{SHOW_CURSOR}"])
