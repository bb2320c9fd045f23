"""``usertrack sql``: any question that is not a command yet."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared


@shared(outputs=True)
def command(
    *,
    call: Call,
    statement: Annotated[
        str | None, typer.Argument(metavar="SELECT", help="One SELECT, or - for standard input.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Show the views and their columns.")] = False,
) -> None:
    """Ask the store in SQL.

    The views are events (raw), sessions, pageviews and clicks. Sessions of bots carry is_bot = true.

    Example:  usertrack sql "SELECT page, count(*) FROM pageviews WHERE NOT is_bot GROUP BY 1 ORDER BY 2 DESC"
    """
    if schema == (statement is not None):
        raise UsageError("either a SELECT or --schema is needed", hint="see: usertrack sql --help")
    if schema:
        found = api.sql_schema(call.home)
    else:
        found = api.sql(call.home, sys.stdin.read() if statement == "-" else str(statement), site=call.site)
    headings = [Heading(name, name, is_flexible=True, shows=_shown) for name in found.names]
    rows = (dict(zip(found.names, row, strict=True)) for row in found.rows)
    console.listing(headings, rows, console.chosen_format(**call.wants))


def _shown(value: object) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
