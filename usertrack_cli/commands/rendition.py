"""A recording in the forms that are not played: lines of text, and files that appear whole."""

from __future__ import annotations

import json
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING

from usertrack_cli.errors import UsageError
from usertrack_cli.store.outputs import write_private

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from usertrack_cli.render.grid import Capabilities, Grid
    from usertrack_cli.render.recording import Recording

COLUMNS_MIN, COLUMNS_MAX = 20, 500
ROWS_MIN, ROWS_MAX = 5, 200


class Rendition(StrEnum):
    """A form of a recording."""

    STORYBOARD = "storyboard"
    TRANSCRIPT = "transcript"
    FRAME = "frame"
    JSON = "json"
    CAST = "cast"
    GIF = "gif"
    SVG = "svg"
    PNG = "png"

    @classmethod
    def of(cls, *, transcript: bool, as_json: bool, is_frame: bool) -> Rendition:
        """Return the printed form that the flags ask for; a storyboard where they ask for none."""
        if transcript:
            return cls.TRANSCRIPT
        if as_json:
            return cls.JSON
        return cls.FRAME if is_frame else cls.STORYBOARD


def printed(
    recording: Recording,
    form: Rendition,
    *,
    at_ms: int | None,
    size: tuple[int, int],
    capabilities: Capabilities,
) -> Iterable[str]:
    """Return the lines of a recording, none of which holds an escape sequence."""
    width, height = size
    if form is Rendition.TRANSCRIPT:
        from usertrack_cli.render.transcript import transcript

        return transcript(recording, is_unicode=capabilities.is_unicode)
    if form is Rendition.JSON:
        from usertrack_cli.render.stream import stream

        return [json.dumps(stream(recording), ensure_ascii=True)]
    if form is Rendition.FRAME:
        from usertrack_cli.render.frames import frame

        return frame(recording, at_ms or 0, width=width, height=height, capabilities=capabilities).lines()
    from usertrack_cli.render.storyboard import storyboard

    return storyboard(recording, width=width, height=height, capabilities=capabilities)


def written(
    recording: Recording, form: Rendition, path: Path, *, at_ms: int | None, size: tuple[int, int]
) -> str:
    """Write a recording as a file, readable by its owner only.

    Returns:
        What the reader should know about it, or "".

    Raises:
        UsageError: The file cannot be written there.
    """
    width, height = size
    if form is Rendition.CAST:
        from usertrack_cli.render.cast import cast

        lines = cast(recording, width=width, height=height)
        write_private(path, "".join(f"{line}\n" for line in lines).encode("ascii"))
        return ""
    if form is Rendition.GIF:
        from usertrack_cli.render.gif import gif

        data, speed = gif(recording, width=width, height=height)
        write_private(path, data)
        return f"it plays {speed:.1f} times faster than it was" if speed > 1 else ""
    grid = _still(recording, at_ms, size)
    if form is Rendition.SVG:
        from usertrack_cli.render.svg import svg
        from usertrack_cli.render.text import safe_text

        title = f"session {safe_text(recording.session[:8])} on {safe_text(recording.site)}"
        write_private(path, svg(grid, title=title).encode())
        return ""
    from usertrack_cli.render.letters import picture

    file = BytesIO()
    picture(grid).save(file, format="PNG", optimize=True)
    write_private(path, file.getvalue())
    return ""


def _still(recording: Recording, at_ms: int | None, size: tuple[int, int]) -> Grid:
    from usertrack_cli.render.frames import Screenplay
    from usertrack_cli.render.grid import Capabilities

    screenplay = Screenplay(recording)
    instant = screenplay.timeline.highlight_ms if at_ms is None else at_ms
    return screenplay.frame(instant, width=size[0], height=size[1], capabilities=Capabilities())


def size_of(text: str | None, default: tuple[int, int]) -> tuple[int, int]:
    """Return columns and rows of ``100x30``.

    Raises:
        UsageError: It is no such size, or too small or large to be read.
    """
    if text is None:
        return default
    width, _, height = text.lower().partition("x")
    is_size = width.isdecimal() and height.isdecimal() and len(width) + len(height) <= 8
    if not is_size or not COLUMNS_MIN <= int(width) <= COLUMNS_MAX or not ROWS_MIN <= int(height) <= ROWS_MAX:
        raise UsageError(
            f"--size cannot be {text!r}",
            hint=f"columns x rows, such as 100x30, from {COLUMNS_MIN}x{ROWS_MIN} to {COLUMNS_MAX}x{ROWS_MAX}",
        )
    return int(width), int(height)
