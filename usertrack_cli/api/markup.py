"""What a page's HTML says about scripts and policies, read the way a browser reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass(frozen=True, slots=True)
class ScriptTag:
    """A script that the page loads.

    Attributes:
        url: Absolute address.
    """

    url: str
    nonce: str
    integrity: str


@dataclass(slots=True)
class Markup:
    """What matters of a page.

    Attributes:
        policies: Content security policies in ``meta`` elements.
    """

    scripts: list[ScriptTag] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = url
        self.found = Markup()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attrs}
        if tag == "base" and "href" in about:
            self._base = urljoin(self._base, about["href"])
        elif tag == "script" and about.get("src"):
            url = urljoin(self._base, about["src"].strip())
            self.found.scripts.append(ScriptTag(url, about.get("nonce", ""), about.get("integrity", "")))
        elif tag == "meta" and about.get("http-equiv", "").lower() == "content-security-policy":
            self.found.policies.append(about.get("content", ""))


def markup(html: str, *, url: str) -> Markup:
    """Return what the page at ``url`` loads and allows; a tag in a comment is none."""
    reader = _Reader(url)
    reader.feed(html)
    reader.close()
    return reader.found
