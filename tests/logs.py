"""What a log of ours must never say: an address, an agent, a key."""

from __future__ import annotations

import re
from pathlib import Path

_OURS = re.compile(r"https?://(127\.0\.0\.1|0\.0\.0\.0|\[::1\])(:\d+)?")
"""Where a server of a test listens, which is nobody's address."""
_PEOPLE = re.compile(
    r"""
    (?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])      # an IPv4 address
    | (?<![\w:])(?:[0-9a-f]{1,4}:){2,7}[0-9a-f:]+   # an IPv6 address
    | Mozilla/ | AppleWebKit | (?:Firefox|Chrome|Safari|curl)/\d
    | (?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{64})(?![0-9a-f])  # a visitor, a key
    """,
    re.VERBOSE | re.IGNORECASE,
)
_OF_OTHERS = ("access.log", "error.log", "nginx.log", "caddy.log")
"""Logs of web servers, which are not ours to keep clean."""
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")


def people_in(text: str) -> list[str]:
    """Return what in a log says who somebody is."""
    rest = _CLOCK.sub("", _OURS.sub("", text))
    return [match[0] for match in _PEOPLE.finditer(rest)]


def people_in_logs(folder: Path) -> list[str]:
    """Return the same of every log of ours below a folder."""
    return [
        f"{file.name}: {found}"
        for file in sorted(folder.rglob("*.log"))
        if file.is_file() and file.name not in _OF_OTHERS
        for found in people_in(file.read_text(encoding="utf-8", errors="replace"))
    ]
