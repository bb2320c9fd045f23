"""``usertrack pages``: the recorded pages, the most seen first."""

from __future__ import annotations

from dataclasses import asdict

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.options import Call, shared

_HEADINGS = (
    Heading("page", "PAGE", is_flexible=True),
    Heading("sessions", "SESSIONS", "right"),
    Heading("pageviews", "PAGEVIEWS", "right"),
    Heading("clicks", "CLICKS", "right"),
)


@shared(filters=True, outputs=True)
def command(*, call: Call) -> None:
    """List the recorded pages.

    Example:  usertrack pages --last 7d
    """
    rows = [asdict(page) for page in api.pages(call.home, call.filter())]
    console.listing(_HEADINGS, rows, console.chosen_format(**call.wants))
