"""``usertrack verify``: does recording work, from the page to the store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.console import Format, Heading
from usertrack_cli.errors import CheckFailedError
from usertrack_cli.options import Call, shared

_HEADINGS = (
    Heading("check", "CHECK"),
    Heading("outcome", "OUTCOME"),
    Heading("detail", "DETAIL", is_flexible=True),
)


@shared(settings=("public_url",), outputs=True)
def command(
    url: Annotated[
        str | None, typer.Argument(metavar="[URL]", help="A page with the tag; site_url if unsaid.")
    ] = None,
    *,
    call: Call,
    wait: Annotated[
        int, typer.Option("--wait", min=1, metavar="SECONDS", help="Patience with the test batch.")
    ] = 30,
) -> None:
    """Try recording, from a page to the store; say what is wrong.

    Looks at the page's tag, its policy and its origin, at the tracker and the visitors' addresses, then sends
    a test batch, finds it in a segment and erases it. Run it on the server, next to a running serve.
    Exits with 0 where all is well and 4 where a step failed.

    Example:  usertrack verify https://shop.example/
    """
    from usertrack_cli.api.trial import Outcome
    from usertrack_cli.api.verification import verify

    home, settings = call.home, call.settings
    steps = list(verify(home, settings, url or settings.site_url or None, wait_s=wait))
    chosen = console.chosen_format(**call.wants)
    if chosen is Format.TABLE:
        # A remedy that is cut off helps nobody.
        widest = max(len(step.check) for step in steps)
        for step in steps:
            console.result(f"{step.outcome:8} {step.check:{widest}}  {step.detail}")
    else:
        console.listing(_HEADINGS, [asdict(step) for step in steps], chosen)
    failed = [step.check for step in steps if step.outcome is Outcome.FAILED]
    if failed:
        raise CheckFailedError(f"recording does not work as it should: {', '.join(failed)}")
    if url is None and not settings.site_url:
        console.note("only the server was tried; name a page that has the tag to try that too")
