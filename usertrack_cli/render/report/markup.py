"""HTML from parts: whatever is not already markup is guarded and escaped on its way in."""

from __future__ import annotations

from html import escape

from usertrack_cli.render.text import safe_text

_EMPTY = frozenset(["meta", "link", "img", "input", "br"])
"""Elements that hold nothing and are not closed."""


class Html(str):
    """Markup of our own making; a plain ``str`` is text and never trusted."""

    __slots__ = ()


Child = str | None
Attribute = str | int | float | bool | None


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """Return an element.

    Args:
        children: Markup stands as it is, any other text is guarded and escaped, ``None`` is nothing.
        attributes: ``class_`` is ``class``, ``aria_label`` is ``aria-label``; ``True`` stands without a
            value, ``None`` and ``False`` not at all.
    """
    opened = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Html(f"<{name}{opened}>")
    return Html(f"<{name}{opened}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    """Return markup and text one after the other."""
    return Html(
        "".join(each if isinstance(each, Html) else text(each) for each in children if each is not None)
    )


def text(raw: str) -> Html:
    """Return text as a page may show it: guarded, then escaped."""
    return Html(escape(safe_text(raw), quote=True))


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    return f' {name}="{text(str(value))}"'
