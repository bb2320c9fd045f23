"""Groups that pages seem to fall into: places in their paths where values stand, not names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from usertrack_cli.naming import GLOB_CHARACTERS, PageGroup

ALIKE_MIN = 8
"""So many different values in one place of a path look like an open set; a menu has fewer."""
VALUES_SHARE_MIN = 0.8
"""Of the values, this share holds a digit or stands for something that was not kept …"""
LARGEST_SHARE_MAX = 0.3
"""… or none of them has more than this share of the place's sessions, below the first segment."""

_VALUE = re.compile(r"\d|^:(?:email|uuid|token|hex|number)$")
_STAR = "*"


def suggestions(sessions_of: Mapping[str, int]) -> list[tuple[PageGroup, int]]:
    """Return groups and how many of the pages each would hold, the more special ones first.

    Args:
        sessions_of: Sessions of each page.
    """
    shapes = {page: tuple(page.split("/")[1:]) for page in sessions_of}
    depth_max = max(map(len, shapes.values()), default=0)
    for depth in range(depth_max):
        places: defaultdict[tuple[str, ...], defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for page, shape in shapes.items():
            if len(shape) > depth:
                places[shape[:depth]][shape[depth]] += sessions_of[page]
        open_places = {place for place, values in places.items() if _is_open(values, depth=depth)}
        shapes = {
            page: (*shape[:depth], _STAR, *shape[depth + 1 :])
            if len(shape) > depth and shape[depth] and shape[:depth] in open_places
            else shape
            for page, shape in shapes.items()
        }
    held: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for shape in shapes.values():
        held[shape] += 1
    found = [
        (
            PageGroup("/" + "/".join(shape), "/" + "/".join("…" if part == _STAR else part for part in shape)),
            count,
        )
        for shape, count in held.items()
        if _STAR in shape and count >= ALIKE_MIN and not _is_unclear(shape)
    ]
    # The first group that matches counts, and * matches / too: the longer ones have to come first.
    return sorted(found, key=lambda each: (-each[0].match.count("/"), each[0].match))


def _is_open(values: Mapping[str, int], *, depth: int) -> bool:
    """Return True where the values of one place are too many, and too much alike, to be names."""
    total = sum(values.values())
    if len(values) < ALIKE_MIN:
        return False
    if sum(bool(_VALUE.search(value)) for value in values) >= VALUES_SHARE_MIN * len(values):
        return True
    return depth > 0 and max(values.values()) <= LARGEST_SHARE_MAX * total


def _is_unclear(shape: tuple[str, ...]) -> bool:
    """Return True where a name in the path would itself be read as a pattern."""
    return any(part != _STAR and any(each in part for each in GLOB_CHARACTERS) for part in shape)
