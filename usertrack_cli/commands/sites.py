"""``usertrack sites``: which sites are recorded."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import console, values
from usertrack_cli.api import sites as tables
from usertrack_cli.api.snippet import script_tag
from usertrack_cli.commands.init import write_settings
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.registry import group
from usertrack_cli.settings import SETTINGS_FILE, resolve

commands = group("sites", example="usertrack sites add blog --origin https://blog.example")

_SLUG = Annotated[str, typer.Argument(metavar="SITE", help="1 to 32 of a-z, 0-9 and '-'.")]


@commands.command("list")
@shared(site=False, outputs=True)
def listing(*, call: Call) -> None:
    """List the sites: who may send, on what basis, and what is stored.

    Example:  usertrack sites list --json
    """
    headings = (
        Heading("site", "SITE"),
        Heading("is_recorded", "RECORDED", shows=lambda value: "yes" if value else "no"),
        Heading("consent", "CONSENT"),
        Heading("events", "EVENTS", "right"),
        Heading("last_at", "LAST", shows=partial(console.instant_text, zone=call.zone), is_optional=True),
        Heading("origins", "ORIGINS", shows=lambda value: " ".join(value) or "any", is_flexible=True),
    )
    found = [asdict(each) for each in tables.sites(call.home, call.table)]
    console.listing(headings, found, console.chosen_format(**call.wants))


@commands.command("add")
@shared(site=False)
def add(
    *,
    call: Call,
    slug: _SLUG,
    origin: Annotated[
        list[str], typer.Option("--origin", metavar="ORIGIN", help="Origin of its pages; may be repeated.")
    ],
    consent: Annotated[str, typer.Option("--consent", help="off, banner or api, where it differs.")] = "",
) -> None:
    """Add a site to the settings file, and print its tag.

    Example:  usertrack sites add blog --origin https://blog.example
    """
    slug, origins = _slug(slug), _origins(origin)
    if slug == "default":
        raise UsageError("site default is there always", hint=f"set its origins in {SETTINGS_FILE}")
    if consent:
        resolve({}, flags={"consent": consent})
    path = call.home.root / SETTINGS_FILE
    write_settings(call.home, tables.with_site(_text(path), slug, origins=origins, consent=consent))
    base = call.settings.public_url or f"http://localhost:{call.settings.port}"
    console.result(script_tag(base, slug, path=call.settings.tracker_path))
    console.note("restart usertrack serve to let it know")


@commands.command("remove")
@shared(site=False)
def remove(
    *, call: Call, slug: _SLUG, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Take a site out of the settings file; what is stored stays.

    Its sessions can be read until they are too old.

    Example:  usertrack sites remove blog
    """
    slug = _slug(slug)
    path = call.home.root / SETTINGS_FILE
    text = tables.without_site(_text(path), slug)
    console.confirm(f"Take [site.{slug}] and its settings out of {path}?", yes=yes)
    write_settings(call.home, text)
    console.note(f"batches for {slug} are refused once usertrack serve is restarted")
    console.note(
        "its sessions stay readable until they are too old; to erase them now: usertrack delete --session"
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _slug(raw: str) -> str:
    try:
        return values.slug(raw)
    except ValueError as error:
        raise UsageError(f"{raw} is not the name of a site: {error}") from error


def _origins(raw: list[str]) -> tuple[str, ...]:
    try:
        return values.origins(raw)
    except ValueError as error:
        raise UsageError(str(error)) from error
