"""Values as cells of a file that a spreadsheet may open: a text is never a formula."""

from __future__ import annotations

from typing import Any

from usertrack_cli.render.text import safe_text

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a text that starts like this for a formula; full-width signs are folded first by some."""


def spreadsheet_cell(value: Any) -> Any:
    """Return a value for a CSV writer: numbers as they are, texts safe, with ' before a formula."""
    if value is None:
        return ""
    if isinstance(value, dict | list | tuple):
        import json

        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    text = safe_text(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
