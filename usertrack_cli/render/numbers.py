"""Numbers as people read them."""

from __future__ import annotations


def duration_text(milliseconds: int) -> str:
    """Return ``58s``, ``12m05s``, ``3h20m`` or ``4d02h``."""
    seconds = milliseconds // 1000
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}m{seconds:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02}h"


def share_text(share: float) -> str:
    """Return a share of 1 as ``12%``, with one decimal where it is below ten and not zero."""
    return f"{share:.1%}" if 0 < share < 0.0995 else f"{share:.0%}"


def count_text(number: int, noun: str) -> str:
    """Return ``1 session`` or ``1,204 sessions``."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"
