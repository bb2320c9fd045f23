"""What the latest answer of this process left out, kept until the command says it."""

from __future__ import annotations

from collections.abc import Sequence

_latest: list[str] = []
_added: list[str] = []


def record(lines: Sequence[str]) -> None:
    """Remember what an answer did not include, in place of what an earlier one did not."""
    _latest[:] = lines


def add(line: str) -> None:
    """Remember something that every answer so far does not include, however many more there are."""
    if line not in _added:
        _added.append(line)


def take() -> list[str]:
    """Return what was recorded last, once."""
    lines = [*_latest, *_added]
    _latest.clear()
    _added.clear()
    return lines
