"""What the operator names in the settings: groups of pages, tags that follow a rule, conversions.

All three are judged when a question is asked, so that they hold for sessions recorded long before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from usertrack_cli.values import duration_ms

Named = TypeVar("Named")

NAMED_MAX = 100
"""Entries of one kind: each page group is a comparison for every row of a question."""
NAME_CHARACTERS_MAX = 64
MATCH_CHARACTERS_MAX = 1_024
"""No stored page is longer."""
WHERE_CHARACTERS_MAX = 4_000
GLOB_CHARACTERS = "*?["


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Pages that count as one: all that ``match``, a glob, under ``name``, which stands for a page."""

    match: str
    name: str

    def __str__(self) -> str:
        """Return what is printed beside the setting."""
        return f"{self.match} as {self.name}"


@dataclass(frozen=True, slots=True)
class TagRule:
    """A tag on every session for which ``where``, SQL over the view ``sessions``, is true."""

    name: str
    where: str

    def __str__(self) -> str:
        """Return what is printed beside the setting."""
        return f"{self.name}: {self.where}"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A funnel with a name; whoever reaches its last step has converted.

    Attributes:
        within_ms: All steps within so long of the first; ``None`` for any time.
    """

    name: str
    steps: tuple[str, ...]
    within_ms: int | None = None

    def __str__(self) -> str:
        """Return what is printed beside the setting."""
        return f"{self.name}: {' > '.join(self.steps)}"


def page_groups(raw: object) -> tuple[PageGroup, ...]:
    """Return the ``[[page]]`` tables; of two that match a page the first counts."""
    return _named(raw, "page", _page_group)


def tag_rules(raw: object) -> tuple[TagRule, ...]:
    """Return the ``[[tag]]`` tables."""
    return _named(raw, "tag", _tag_rule)


def conversions(raw: object) -> tuple[Conversion, ...]:
    """Return the ``[[conversion]]`` tables; names differ."""
    found = _named(raw, "conversion", _conversion)
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two conversions are named {name!r}")
    return found


def group_of(page: str, groups: tuple[PageGroup, ...]) -> str:
    """Return the name that ``page`` goes by: that of its group, else its own."""
    return next((each.name for each in groups if fnmatchcase(page, each.match)), page)


def _named(raw: object, key: str, read: Callable[[Mapping[str, Any]], Named]) -> tuple[Named, ...]:
    if isinstance(raw, tuple) and not raw:
        return ()
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise ValueError(f"[[{key}]] tables in usertrack.toml are needed")
    if len(raw) > NAMED_MAX:
        raise ValueError(f"at most {NAMED_MAX} [[{key}]] tables are allowed")
    return tuple(read(entry) for entry in raw)


def _page_group(entry: Mapping[str, Any]) -> PageGroup:
    match = _text(entry, "match", MATCH_CHARACTERS_MAX, allowed={"match", "name"})
    name = _text(entry, "name", MATCH_CHARACTERS_MAX)
    if not match.startswith("/") or not name.startswith("/"):
        raise ValueError("match and name of a [[page]] start with /, as every page does")
    if any(character in name for character in GLOB_CHARACTERS):
        raise ValueError(f"the name of a [[page]] holds none of {GLOB_CHARACTERS}; take … for what differs")
    return PageGroup(match, name)


def _tag_rule(entry: Mapping[str, Any]) -> TagRule:
    name = " ".join(_text(entry, "name", NAME_CHARACTERS_MAX, allowed={"name", "where"}).split())
    return TagRule(name, _text(entry, "where", WHERE_CHARACTERS_MAX))


def _conversion(entry: Mapping[str, Any]) -> Conversion:
    name = _text(entry, "name", NAME_CHARACTERS_MAX, allowed={"name", "steps", "within"})
    steps = entry.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, str) for step in steps):
        raise ValueError(f"the conversion {name!r} needs steps, a list of texts")
    if name.startswith("/") or ":" in name:
        raise ValueError(f"the conversion {name!r} has the name of a step; leave out / and :")
    within = entry.get("within")
    return Conversion(name, tuple(steps), None if within is None else duration_ms(within))


def _text(entry: Mapping[str, Any], key: str, most: int, *, allowed: set[str] | None = None) -> str:
    unknown = sorted(set(entry) - allowed) if allowed else []
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of its keys: {', '.join(sorted(allowed or ()))}")
    value = entry.get(key)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= most:
        raise ValueError(f"{key} is needed, a text of 1 to {most} characters")
    return value
