"""``usertrack snippet``: the tag that a web master pastes into the pages."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer

from usertrack_cli import console
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import Settings


@shared(settings=("public_url", "port"))
def command(
    *,
    call: Call,
    local: Annotated[bool, typer.Option("--local", help="For a trial on this machine.")] = False,
    sri: Annotated[
        bool, typer.Option("--sri", help="Let the browser run exactly this script and no other.")
    ] = False,
    csp: Annotated[
        bool, typer.Option("--csp", help="Print what a Content-Security-Policy of your pages must allow.")
    ] = False,
) -> None:
    """Print the script tag for your pages.

    With --sri the tag holds a digest of the script with its settings: print it anew after a change of
    settings and after an update of usertrack, or browsers refuse the script and nothing is recorded.

    Example:  usertrack snippet --local
    """
    settings = call.settings
    if local:
        base = f"http://localhost:{settings.port}"
    elif settings.public_url:
        base = settings.public_url
    else:
        raise UsageError(
            "public_url is not set, so browsers could not reach the tracker",
            hint="set it in usertrack.toml, or try it on this machine with --local",
        )
    console.result(
        script_tag(
            base,
            settings.site,
            path=settings.tracker_path,
            integrity=_integrity(settings) if sri else "",
        )
    )
    if sri:
        console.note("print this tag anew after a change of settings and after an update of usertrack")
    if csp:
        # Styles need no line of their own: the banner makes its style sheet by script.
        console.result(f"Content-Security-Policy: {policy(base)}")


def _integrity(settings: Settings) -> str:
    from usertrack_cli.ingest.script import built_parts, site_script

    return site_script(settings, built_parts()).integrity


def script_tag(base: str, site: str, *, path: str = "/tracker.js", integrity: str = "") -> str:
    """Return the tag that loads the tracker of ``site`` from the collector at ``base``.

    Args:
        path: Of the script below ``base``.
        integrity: Digest of the script; the browser runs no other one.
    """
    query = "" if site == "default" else f"?site={site}"
    held = f' integrity="{integrity}" crossorigin="anonymous"' if integrity else ""
    return f'<script defer src="{base}{path}{query}"{held}></script>'


def policy(base: str) -> str:
    """Return what a page's Content-Security-Policy has to allow besides what it allows already."""
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"script-src {origin}; connect-src {origin}"
