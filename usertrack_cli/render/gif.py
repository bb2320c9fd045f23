"""A recording as an animated GIF: plays wherever a picture does."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from usertrack_cli.render.frames import Screenplay
from usertrack_cli.render.grid import Capabilities
from usertrack_cli.render.letters import picture

if TYPE_CHECKING:
    from PIL import Image

    from usertrack_cli.render.recording import Recording

FRAMES_PER_SECOND = 10
FRAMES_MAX = 1_200
"""Two minutes; a longer session plays faster, as few people watch a longer picture."""
LAST_FRAME_MS = 2_000
"""How long the last frame stands before it starts again."""


def gif(recording: Recording, *, width: int = 100, height: int = 30) -> tuple[bytes, float]:
    """Return the file and how many times faster than it was the session plays; pauses are left out."""
    screenplay = Screenplay(recording)
    timeline = screenplay.timeline
    step_ms = 1000 // FRAMES_PER_SECOND
    watched_ms = max(timeline.watched_ms(timeline.duration_ms), 1)
    speed = max(watched_ms / (FRAMES_MAX * step_ms), 1.0)
    instants = [0]
    while instants[-1] < timeline.duration_ms:
        instants.append(timeline.advanced(instants[-1], round(step_ms * speed), skips_idle=True))

    shown = None
    durations: list[int] = []
    images: list[Image.Image] = []
    for at_ms in instants:
        grid = screenplay.frame(at_ms, width=width, height=height, capabilities=Capabilities())
        if shown is not None and grid.characters == shown.characters and grid.styles == shown.styles:
            durations[-1] += step_ms
            continue
        shown = grid
        images.append(picture(grid))
        durations.append(step_ms)
    durations[-1] += LAST_FRAME_MS
    file = BytesIO()
    images[0].save(
        file,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
        optimize=False,
        disposal=1,
    )
    return file.getvalue(), speed
