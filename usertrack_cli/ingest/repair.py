"""Making fields fit that nearly do: strings are cleaned and cut, positions clamped, fractions rounded.

What is to be done follows from the annotations of the records; whatever is still wrong afterwards
stays refused by the strict decoder.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from usertrack_cli.ingest.event import Active, Event, Focus, Leave, Move, Resize, Scroll, Visibility
from usertrack_cli.ingest.text import cleaned

Repair = Callable[[Any], Any]


def repaired(record: type[Struct], fields: list[Any]) -> list[Any]:
    """Return the fields of ``record`` with everything repaired that can be; extra fields are dropped."""
    return [repair(value) for repair, value in zip(_repairs(record), fields, strict=False)]


_KNOWN: dict[type[Struct], list[Repair]] = {}


def _repairs(record: type[Struct]) -> list[Repair]:
    found = _KNOWN.get(record)
    if found is None:
        hints = get_type_hints(record, include_extras=True)
        found = _KNOWN[record] = [_repair_of(hints[name]) for name in record.__struct_fields__]
    return found


def _repair_of(hint: Any) -> Repair:
    """Return what makes a value fit ``hint`` where it nearly does, and leaves all others alone."""
    meta, base = None, hint
    if get_origin(hint) is Annotated:
        base, meta = get_args(hint)[0], get_args(hint)[1]
    if get_origin(base) in {Union, UnionType}:
        return _chain([_repair_of(part) for part in get_args(base)])
    if get_origin(base) is list:
        each = _repair_of(get_args(base)[0])
        return lambda value: [each(part) for part in value] if isinstance(value, list) else value
    if get_origin(base) is dict:
        key, each = (_repair_of(part) for part in get_args(base))
        return lambda value: (
            {key(name): each(part) for name, part in value.items()} if isinstance(value, dict) else value
        )
    if isinstance(base, type) and issubclass(base, Struct):
        return lambda value: repaired(base, value) if isinstance(value, list) else value
    if base is str and meta is not None:
        chars_max = int(meta.max_length)
        return lambda value: cleaned(value, chars_max) if isinstance(value, str) else value
    if base is int and meta is not None:
        return _number_repair(meta)
    return lambda value: value


def _chain(repairs: list[Repair]) -> Repair:
    def repair(value: Any) -> Any:
        for each in repairs:
            value = each(value)
        return value

    return repair


def _number_repair(meta: Meta) -> Repair:
    extra = meta.extra or {}
    is_clamped, is_exact = "clamp" in extra, "exact" in extra
    low, high = meta.ge, meta.le

    def repair(value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_exact or not is_number or not math.isfinite(value):
            return value
        whole = round(value)
        if is_clamped and low is not None and high is not None:
            return int(min(max(whole, low), high))
        return whole

    return repair


def cleaned_event(event: Event) -> Event:
    """Return ``event`` with its strings cleaned; one that holds none comes back as it is."""
    if type(event) in _TEXTLESS or (type(event) is Move and event.container is None):
        return event
    fields = msgspec.to_builtins(event)
    return msgspec.convert([fields[0], *repaired(type(event), fields[1:])], type=type(event))


_TEXTLESS = frozenset({Scroll, Resize, Visibility, Focus, Leave, Active})
