"""Batches as a tracker writes them."""

from __future__ import annotations

import json
from typing import Any

from usertrack_cli import clock

SESSION = "sAbCdEfGhIjKlMnOpQrS-_"
PAGEVIEW = ["p", 0, 1, "load", "/shop", "Shop", "", 1280, 800, 1280, 1902, 0, 0]
MOVE = ["m", 120, 0, 240, 380, 415, [50, -9, 3, 84, -4, 0]]
CLICK = ["c", 900, 368, 417, 0, 240, 0, 854, 867, "#shop>a", "Walnut desk", 16, 120, 340]
SCROLL = ["s", 1200, 0, 480]
EVERY_KIND: list[list[Any]] = [
    PAGEVIEW,
    MOVE,
    CLICK,
    SCROLL,
    ["S", 1300, "#list", 0, 40, 300, 2000, 300, 400],
    ["r", 1400, 1000, 700, 1000, 2400],
    ["i", 1500, "#email", 12, 0],
    ["v", 1600, 0],
    ["f", 1700, 1],
    ["h", 1800, "#top"],
    ["a", 1900, 1500],
    ["e", 2000, "x is undefined", "/app.js", 3, 14],
    ["x", 2100, "added", {"price": 12.5, "name": "desk", "new": True, "note": None, "n": 3}],
    ["g", 2200, "buyer"],
    ["k", 2300, "1abc", 1280, 1902],
    ["u", 2400],
]


def batch(**changes: Any) -> dict[str, Any]:
    """A batch with one event of its own; ``changes`` replace its fields."""
    now = clock.now_ms()
    return {
        "v": 1,
        "k": "default",
        "s": SESSION,
        "q": 0,
        "t": now - 60_000,
        "n": now,
        "c": 0,
        "pg": [1, "/shop", 1280, 800, 1280, 1902, 0, 240],
        "u": [],
        "e": [SCROLL],
    } | changes


def packed(content: dict[str, Any]) -> bytes:
    """The bytes that a browser would send."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def body(**changes: Any) -> bytes:
    """:func:`batch` as bytes."""
    return packed(batch(**changes))
