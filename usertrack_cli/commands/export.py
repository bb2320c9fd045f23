"""``usertrack export``: rows of the store, or one session, in the format of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from usertrack_cli import api, console
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, one_of, shared
from usertrack_cli.plural import count

FORMATS = ("parquet", "csv", "jsonl", "rrweb")
VIEWS = ("events", "sessions", "pageviews", "clicks")


@shared(filters=True)
def command(
    *,
    call: Call,
    session: Annotated[
        str | None, typer.Option("--session", metavar="SESSION", help="A session id, its beginning, or @3.")
    ] = None,
    page: Annotated[str | None, typer.Option("--page", help="Only this page, glob or group.")] = None,
    view: Annotated[
        str, typer.Option("--view", help=f"{', '.join(VIEWS)}: as sql has them, restricted sessions left out.")
    ] = "events",
    format_: Annotated[
        str | None,
        typer.Option("--format", help="parquet, csv, jsonl, or rrweb: one session as rrweb-player plays it."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File; standard output if unsaid.")
    ] = None,
) -> None:
    """Write rows of the store, or a session for rrweb, to a file.

    Rows leave as Parquet, CSV or JSON lines; the format follows the file's name if unsaid. Texts in CSV are
    safe to open in a spreadsheet; one that would be a formula begins with '. A file is noted in the store, so
    that an erasure names it.

    Example:  usertrack export --view sessions --last 90d -o sessions.parquet

    Example:  usertrack export --format rrweb --session 4fKp -o session.json
    """
    form = one_of(format_ or _of_name(output, session), "--format", FORMATS)
    one_of(view, "--view", VIEWS)
    if form == "rrweb":
        _rrweb(call, session, output)
        return
    chosen = call.filter(page=page)
    if session is not None:
        site, whole = api.session_by_prefix(call.home, session, site=call.site)
        # A session that was named is meant whole, whenever it was.
        chosen = api.Filter(site=site, session=whole, page=page, groups=chosen.groups, includes_bots=True)
    table, what = cast("api.TableFormat", form), cast("api.View", view)
    if output is not None:
        rows = api.export(call.home, chosen, output, form=table, view=what)
        console.note(f"{count(rows, 'row')} written")
        console.result(str(output))
    elif form == "parquet":
        raise UsageError("Parquet is no text", hint="name a file with -o")
    else:
        console.lines(api.export_lines(call.home, chosen, form=table, view=what))


def _of_name(output: Path | None, session: str | None) -> str:
    """Return the format that a file's name says; for one session rrweb, as ever."""
    ending = "" if output is None else output.suffix.lower().lstrip(".")
    if ending in {"parquet", "csv", "jsonl"}:
        return ending
    if session is not None:
        return "rrweb"
    raise UsageError("the format is unclear", hint="add --format parquet, csv or jsonl, or end the name so")


def _rrweb(call: Call, session: str | None, output: Path | None) -> None:
    from usertrack_cli.render.rrweb import rrweb

    if session is None:
        raise UsageError("rrweb holds one session", hint="name it with --session")
    recording = api.recording(call.home, session=session, site=call.site)
    lines = rrweb(recording)
    if output is None:
        console.lines(lines)
        return
    from usertrack_cli.store.outputs import write_private

    write_private(output, "".join(f"{line}\n" for line in lines).encode("ascii"))
    api.note_outputs(call.home, [output], [(recording.site, recording.session)])
    console.result(str(output))
