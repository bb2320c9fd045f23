"""``usertrack sql``: any question that is not a command yet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Format, Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.plural import count

if TYPE_CHECKING:
    from usertrack_cli.queries.sql import Result

_COLUMN_LEAST, _GAP = 8, 2
"""Cells of a column that has given way, and of what stands between two."""


@shared(outputs=True)
def command(
    *,
    call: Call,
    statement: Annotated[
        str | None, typer.Argument(metavar="SELECT", help="One SELECT, or - for standard input.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Show the views and their columns.")] = False,
    attach: Annotated[
        list[str] | None,
        typer.Option("--attach", metavar="NAME=FILE", help="A CSV file as a table; can be repeated."),
    ] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write Parquet, to the file of -o.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="File: .parquet, .csv, .json or .jsonl."),
    ] = None,
) -> None:
    """Ask the store in SQL.

    The views are events (raw), sessions, pageviews and clicks. Sessions of bots carry is_bot = true.

    Example:  usertrack sql "SELECT page, count(*) FROM pageviews WHERE NOT is_bot GROUP BY 1 ORDER BY 2 DESC"

    Example:  usertrack sql "FROM clicks" -o clicks.parquet

    Example:  usertrack sql --attach orders=orders.csv "SELECT * FROM sessions JOIN orders USING (session)"
    """
    attached = _attached(attach or [])
    if schema == (statement is not None):
        raise UsageError("either a SELECT or --schema is needed", hint="see: usertrack sql --help")
    if parquet and (output is None or any(call.wants.values())):
        raise UsageError("--parquet goes with -o and no other format", hint="for example: -o answer.parquet")
    if output is not None and statement is not None:
        asked = sys.stdin.read() if statement == "-" else statement
        form = _form(call, output, parquet=parquet)
        rows = api.sql_file(
            call.home, asked, output, form=form, site=call.site, rules=call.settings.tag, attached=attached
        )
        console.note(f"{count(rows, 'row')} written")
        console.result(str(output))
        return
    if schema:
        found = api.sql_schema(call.home, attached=attached)
    else:
        asked = sys.stdin.read() if statement == "-" else str(statement)
        found = api.sql(call.home, asked, site=call.site, rules=call.settings.tag, attached=attached)
    chosen = console.chosen_format(**call.wants)
    if chosen is Format.TABLE and _least_width(found) > console.terminal_width():
        _down(found)
        return
    numbers = _numbers(found) if chosen is Format.TABLE else set()
    headings = [
        Heading(name, name, "right" if place in numbers else "left", is_flexible=True, shows=_shown)
        for place, name in enumerate(found.names)
    ]
    listed = (dict(zip(found.names, row, strict=True)) for row in found.rows)
    console.listing(headings, listed, chosen)


def _least_width(found: Result) -> int:
    """Return the cells that the answer needs at the least with its columns beside each other."""
    cells = zip(*[found.names, *([_shown(value) for value in row] for row in found.rows)], strict=True)
    return sum(min(_COLUMN_LEAST, max(map(len, column))) + _GAP for column in cells)


def _down(found: Result) -> None:
    """Print a line for each value: so many columns have no room beside each other."""
    headings = (
        Heading("row", "row", "right"),
        Heading("column", "column"),
        Heading("value", "value", is_flexible=True, shows=_shown),
    )
    values = [
        {"row": number, "column": name, "value": value}
        for number, row in enumerate(found.rows, start=1)
        for name, value in zip(found.names, row, strict=True)
    ]
    console.listing(headings, values, Format.TABLE)


def _form(call: Call, output: Path, *, parquet: bool) -> api.TableFormat:
    """Return the format that a flag asks for, else the file's name."""
    flags: dict[str, api.TableFormat] = {"as_json": "json", "as_nl": "jsonl", "as_csv": "csv"}
    for name, form in flags.items():
        if call.wants[name]:
            return form
    if parquet:
        return "parquet"
    endings: dict[str, api.TableFormat] = {
        ".parquet": "parquet", ".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".nl": "jsonl"
    }  # fmt: skip
    if output.suffix.lower() not in endings:
        raise UsageError(f"the type of {output.name} is unclear", hint="add --parquet, --csv, --json or --nl")
    return endings[output.suffix.lower()]


def _attached(named: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for each in named:
        name, equals, path = each.partition("=")
        if not equals or name in found:
            raise UsageError(f"--attach cannot be {each!r}", hint="write --attach orders=orders.csv, once")
        found[name] = Path(path)
    return found


def _numbers(found: Result) -> set[int]:
    """Return the places of the columns that hold numbers and nothing else."""
    return {
        place
        for place, values in enumerate(zip(*found.rows, strict=True))
        if {type(value) for value in values} - {type(None)} in ({int}, {float}, {int, float})
    }


def _shown(value: object) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
