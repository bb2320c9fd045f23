"""What the latest answer of this process left out, kept until the command says it."""

from __future__ import annotations

from collections.abc import Sequence

_latest: list[str] = []


def record(lines: Sequence[str]) -> None:
    """Remember what an answer did not include, in place of what an earlier one did not."""
    _latest[:] = lines


def take() -> list[str]:
    """Return what was recorded last, once."""
    lines = list(_latest)
    _latest.clear()
    return lines
