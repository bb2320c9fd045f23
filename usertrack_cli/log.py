"""What the long-running processes say: one line each on standard error, as text or as JSON.

No line holds an address, a user agent, a visitor key or a page: those who call this say how many and why,
never who or where.
"""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

from usertrack_cli.clock import now_ms

LogFormat = Literal["text", "json"]
Level = Literal["info", "warning", "error"]


@dataclass(slots=True)
class _Style:
    form: LogFormat = "text"
    part: str = ""


_style = _Style()


def configure(form: LogFormat, *, part: str) -> None:
    """Choose the form of every later line of this process.

    Args:
        part: The process that speaks, ``serve`` or ``writer``.
    """
    _style.form, _style.part = form, part
    if form == "json":
        sys.excepthook = _uncaught


def note(text: str, *, level: Level = "info", **facts: object) -> None:
    """Say one sentence.

    Args:
        facts: Further fields of the JSON form, for machines that count; the sentence says them too.
    """
    if _style.form == "text":
        shown = "".join(letter if letter.isprintable() else "�" for letter in text)
        part = "writer: " if _style.part == "writer" else ""
        _write(f"usertrack: {part}{shown}\n")
        return
    at = datetime.fromtimestamp(now_ms() / 1000, tz=UTC).isoformat(timespec="milliseconds")
    line = {"at": at, "level": level, "part": _style.part, "message": text, **facts}
    _write(json.dumps(line) + "\n")


def bug(error: BaseException) -> None:
    """Say where a bug is, and nothing of the values that met it: a visitor sent them."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    if _style.form == "text":
        _write(f"usertrack: bug: {type(error).__name__}\n{frames}")
    else:
        note(f"bug: {type(error).__name__}", level="error", frames=frames.splitlines())


def _write(text: str) -> None:
    # A log that lies on the disk that is full must not end who has just survived that.
    with suppress(OSError):
        sys.stderr.write(text)


def _uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    bug(error)
