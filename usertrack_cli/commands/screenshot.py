"""``usertrack screenshot``: a picture of a page to draw its maps on."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.commands.picture import PAGE
from usertrack_cli.commands.progress import progress
from usertrack_cli.errors import UsageError
from usertrack_cli.options import WIDTH_CLASSES, Call, one_of, shared
from usertrack_cli.queries.filters import is_glob


@shared()
def command(
    *,
    call: Call,
    page: PAGE,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", metavar="URL", help="Where the page is; the setting site_url and the path if unsaid."
        ),
    ] = None,
    width_class: Annotated[
        str | None,
        typer.Option("--width-class", help="wide, medium or narrow; all that were recorded if unsaid."),
    ] = None,
    allow_loopback: Annotated[
        bool, typer.Option("--allow-loopback", help="The address is on this machine, and meant to be.")
    ] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, max=60, help="Seconds for the page to settle.")] = 1.0,
) -> None:
    """Store a screenshot of a page to draw its maps on.

    Heatmaps and scrollmaps use it while the layout still fits. Needs the extra `usertrack[browser]` and
    Chromium. Only an address that you type, or the setting
    site_url with the page's path, is opened, never a host that visitors sent. Whatever the page loads or
    redirects to is refused where it is not on the public Internet.

    Example:  usertrack screenshot --page /shop --url https://shop.example/shop
    """
    if is_glob(page):
        raise UsageError(f"{page} names several pages", hint="take a screenshot of one page at a time")
    address = url or _from_setting(call, page)
    classes = None if width_class is None else (one_of(width_class, "--width-class", WIDTH_CLASSES),)
    with progress() as on_step:
        taken = api.take_screenshots(
            call.home,
            site=call.settings.site,
            page=page,
            url=address,
            width_classes=classes,
            allows_loopback=allow_loopback,
            wait_s=wait,
            on_step=on_step,
        )
    for each in taken:
        if each.refused:
            console.note(f"not let through, since it is not public: {', '.join(each.refused)}")
        console.result(f"{each.width_class} {each.document_w}x{each.document_h} {each.path}")


def _from_setting(call: Call, page: str) -> str:
    base: str = call.settings.site_url
    if not base:
        raise UsageError("no address is known for this page", hint="type it with --url, or set site_url")
    return base + (page if page.startswith("/") else f"/{page}")
