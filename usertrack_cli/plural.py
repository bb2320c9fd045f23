"""Numbers with their noun."""

from __future__ import annotations


def count(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 session`` or ``2 sessions``."""
    return f"{number} {one if number == 1 else many or one + 's'}"
