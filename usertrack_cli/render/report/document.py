"""The whole document: one file, nothing loaded, and a policy that lets a browser load nothing either."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from usertrack_cli.render.report import sections
from usertrack_cli.render.report.markup import Html, joined, tag
from usertrack_cli.render.report.player import player, script

if TYPE_CHECKING:
    from usertrack_cli.render.report.content import Report


def document(report: Report) -> str:
    """Return the report as HTML.

    It has a script only where it has replays; style and script are allowed by their digests, pictures as
    part of the file, and nothing else is: no text from outside could ever run or load anything.
    """
    title = f"{report.site}: {report.dates}"
    code = script() if report.replays else None
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(code)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{title} – usertrack"),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(_style())),
    )
    parts = _parts(report)
    body = tag(
        "body",
        tag("a", "Skip to the figures", href="#figures", class_="skip"),
        _masthead(report, parts),
        tag("main", *(part for _, _, part in parts)),
        _footer(report),
        tag("script", Html(code)) if code else None,
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _parts(report: Report) -> list[tuple[str, str, Html]]:
    """Return the sections that have something to say: name, title, markup."""
    found: list[tuple[str, str, Html]] = [
        ("figures", "Overview", joined(sections.figures(report.tiles), sections.when(report))),
        ("people", "Where they come from", sections.breakdowns(report.breakdowns)),
    ]
    if report.funnels:
        found.append(("funnels", "Funnels", sections.funnels(report.funnels)))
    if report.pages:
        found.append(("pages", "Pages", tag("div", *map(sections.page, report.pages), class_="stack")))
    friction = sections.friction(report.snags, report.errors, report.sessions)
    found.append(("friction", "Friction", friction))
    if report.replays:
        played = [player(each, number=n, zone=report.zone) for n, each in enumerate(report.replays, start=1)]
        found.append(("replays", "Replays", tag("div", *played, class_="stack")))
    found.append(("meanings", "What the figures mean", sections.definitions(report.tiles, report.footnotes)))
    leads = {
        "replays": "What single visitors did, as text. Each list tells the same without the pictures.",
        "pages": "The pages with most sessions: where they were clicked, and how far down they were seen.",
    }
    return [
        (name, title, sections.section(name, title, part, lead=leads.get(name))) for name, title, part in found
    ]


def _masthead(report: Report, parts: list[tuple[str, str, Html]]) -> Html:
    links = [tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in parts]
    return tag(
        "header",
        tag("p", "Traffic report", class_="eyebrow"),
        tag("h1", report.site),
        tag("p", report.dates, ", ", report.zone, class_="dates"),
        *(tag("p", each, class_="quiet") for each in report.facts),
        tag("nav", tag("ul", *links), aria_label="Sections"),
    )


def _footer(report: Report) -> Html:
    return tag(
        "footer",
        tag("p", f"Written by usertrack {report.version} on {report.written_at} {report.zone}."),
        tag("p", "This file holds single sessions; treat it like the store it came from.")
        if report.sessions or report.replays
        else None,
    )


@cache
def _style() -> str:
    return (files("usertrack_cli.render.report") / "report.css").read_text(encoding="utf-8")


def _policy(code: str | None) -> str:
    script_source = f"script-src '{_digest(code)}'" if code else "script-src 'none'"
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(_style())}'; {script_source};"
        " base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode('ascii')}"
