"""``usertrack snippet``: the tag that a web master pastes into the pages."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.api.snippet import policy, script_of, script_tag
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared


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
            integrity=script_of(settings)[1] if sri else "",
        )
    )
    if sri:
        console.note("print this tag anew after a change of settings and after an update of usertrack")
    if csp:
        # Styles need no line of their own: the banner makes its style sheet by script.
        console.result(f"Content-Security-Policy: {policy(base)}")
