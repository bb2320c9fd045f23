"""The document of a foreign recording, as far as it takes to name elements the way the tracker does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

SELECTOR_CHARACTERS, LABEL_CHARACTERS, TITLE_CHARACTERS = 128, 24, 120
DEPTH_MAX = 6
TEXTS_MAX = 20
"""Pieces of text kept of one element; its label is made of the first words."""
UNLABELLED = frozenset(["body", "html", "input", "textarea", "select"])

_DIGITS = re.compile(r"\S*[\d@]\S*")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")


@dataclass(slots=True)
class _Node:
    tag: str
    parent: int
    attributes: dict[str, Any]
    place: int
    texts: list[str] = field(default_factory=list)


class Dom:
    """Elements by the number that the recording gives them.

    Attributes:
        title: Of the document, masked.
    """

    def __init__(self) -> None:
        self.title = ""
        self._nodes: dict[int, _Node] = {}

    def add(self, node: dict[str, Any], parent: Any) -> None:
        """Remember a node and all below it, without recursion: a document may be as deep as it likes."""
        waiting = [(node, parent if isinstance(parent, int) else 0, 1)]
        while waiting:
            each, around, nth = waiting.pop()
            number = each.get("id")
            if not isinstance(number, int):
                continue
            text, attributes = each.get("textContent"), each.get("attributes")
            if isinstance(text, str) and around in self._nodes:
                self._say(self._nodes[around], text)
            tag = str(each.get("tagName") or "")[:40].lower()
            self._nodes[number] = _Node(tag, around, attributes if isinstance(attributes, dict) else {}, nth)
            children = each.get("childNodes")
            counts: dict[str, int] = {}
            below = []
            for child in children if isinstance(children, list) else []:
                if isinstance(child, dict):
                    name = str(child.get("tagName") or "")
                    counts[name] = counts.get(name, 0) + 1
                    below.append((child, number, counts[name]))
            waiting += reversed(below)

    def _say(self, node: _Node, text: str) -> None:
        if len(node.texts) < TEXTS_MAX:
            node.texts.append(text[:200])
        if node.tag == "title":
            self.title = masked(text, TITLE_CHARACTERS)

    def is_document(self, number: Any) -> bool:
        """Return whether to scroll this element is to scroll the page."""
        node = self._nodes.get(number) if isinstance(number, int) else None
        return node is None or node.tag in {"", "html", "body"}

    def selector(self, number: Any) -> str:
        """Return the nearest id and the steps down from it."""
        steps: list[str] = []
        node = self._nodes.get(number) if isinstance(number, int) else None
        while node is not None and node.tag and len(steps) < DEPTH_MAX:
            name = node.attributes.get("id")
            if isinstance(name, str) and _ID.match(name):
                steps.append(f"#{name}")
                break
            is_root = node.tag in {"body", "html"}
            steps.append(node.tag if is_root else f"{node.tag}:nth-of-type({node.place})")
            node = self._nodes.get(node.parent)
        return ">".join(reversed(steps))[:SELECTOR_CHARACTERS]

    def label(self, number: Any) -> str:
        """Return the first words of an element, with those masked that could be about a person."""
        node = self._nodes.get(number) if isinstance(number, int) else None
        if node is None or node.tag in UNLABELLED:
            return ""
        named = node.attributes.get("aria-label")
        return masked(named if isinstance(named, str) and named else " ".join(node.texts), LABEL_CHARACTERS)


def masked(text: str, characters: int) -> str:
    """Return the first characters of a text; words with a digit or an @ are ``x``."""
    return re.sub(r"\s+", " ", _DIGITS.sub("x", text.strip()[:999]))[:characters]
