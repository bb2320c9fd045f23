"""Files for other programs: the rows of a view, or of a statement, as Parquet, CSV or JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from usertrack_cli.api.bots import say_bots
from usertrack_cli.api.nothing import nothing
from usertrack_cli.api.outputs import note_outputs
from usertrack_cli.naming import TagRule
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    import duckdb

TableFormat = Literal["parquet", "csv", "jsonl", "json"]
View = Literal["events", "sessions", "pageviews", "clicks"]


def export(home: Home, chosen: Filter, path: Path, *, form: TableFormat, view: View = "events") -> int:
    """Write a view within the filters to a file, and note which sessions it holds; return its rows.

    In CSV every text is safe to open in a spreadsheet; Parquet and JSON lines have texts as they were sent.

    Raises:
        NothingMatchedError: There are no such rows; no file is written.
        UsageError: The file cannot be written.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.export import reader, sessions_in
    from usertrack_cli.queries.overview import bot_sessions
    from usertrack_cli.store.outputs import private_file

    def answer(con: duckdb.DuckDBPyConnection) -> tuple[int, list[tuple[str, str]], int]:
        bots = bot_sessions(con, chosen)
        with private_file(path) as file:
            rows = _write(reader(con, chosen, view), file, form)
            if not rows:
                raise nothing(home, chosen, view, bots=bots)
        return rows, list(sessions_in(con, chosen)), bots

    rows, sessions, bots = ask(home, chosen, answer, needs_tags=view == "sessions", needs_bots=True)
    say_bots(chosen, bots)
    note_outputs(home, [path], sessions)
    return rows


def export_lines(home: Home, chosen: Filter, *, form: TableFormat, view: View = "events") -> Iterator[str]:
    """Yield the lines of the same file, for a pipe; it lies in the data directory meanwhile."""
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.export import reader
    from usertrack_cli.queries.overview import bot_sessions
    from usertrack_cli.store.workspace import workspace

    with workspace(home) as folder:
        path = folder / "export"

        def answer(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
            # Written whole before the first line leaves: a question may have to be asked again.
            with path.open("wb") as file:
                return _write(reader(con, chosen, view), file, form), bot_sessions(con, chosen)

        rows, bots = ask(home, chosen, answer, needs_tags=view == "sessions", needs_bots=True)
        if not rows:
            raise nothing(home, chosen, view, bots=bots)
        say_bots(chosen, bots)
        with path.open(encoding="utf-8", newline="") as file:
            for line in file:
                yield line.removesuffix("\n")


def sql_file(
    home: Home,
    statement: str,
    path: Path,
    *,
    form: TableFormat,
    site: str | None = None,
    rules: Sequence[TagRule] = (),
    attached: Mapping[str, Path] | None = None,
) -> int:
    """Write the rows of one ``SELECT`` to a file; return how many there are.

    Where a column is called ``session`` the file is noted for each session in it.

    Raises:
        UsageError: The statement is not one ``SELECT``, or the file cannot be written.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sql import open_reader
    from usertrack_cli.store.outputs import private_file

    named: set[str] = set()

    def answer(con: duckdb.DuckDBPyConnection) -> tuple[int, list[tuple[str, str]]]:
        from usertrack_cli.queries.sessions import known_sessions

        with private_file(path) as file, open_reader(con, statement) as found:
            rows = _write(_Watched(found, named), file, form)
        return rows, list(known_sessions(con, sorted(named), site=site).values())

    needs_tags = "sessions" in statement.lower()
    chosen = Filter(site=site, rules=tuple(rules))
    rows, sessions = ask(home, chosen, answer, needs_tags=needs_tags, attached=attached or {})
    note_outputs(home, [path], sessions)
    return rows


class _Watched:
    """An Arrow reader that remembers the session ids that went through it."""

    def __init__(self, reader: Any, named: set[str]) -> None:
        self.schema = reader.schema
        self._reader = reader
        self._named = named

    def __iter__(self) -> Iterator[Any]:
        for batch in self._reader:
            if "session" in self.schema.names:
                column = batch.column(self.schema.names.index("session"))
                self._named.update(str(each) for each in column.unique().to_pylist() if each is not None)
            yield batch


def _write(reader: Any, file: BinaryIO, form: TableFormat) -> int:
    if form == "parquet":
        from usertrack_cli.store.outputs import write_parquet

        return write_parquet(reader, file)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        return {"csv": _write_csv, "jsonl": _write_lines, "json": _write_list}[form](reader, text.write)
    finally:
        text.detach()


def _rows(reader: Any) -> Iterator[tuple[Any, ...]]:
    from usertrack_cli.queries.sql import plain

    for batch in reader:
        columns = [[plain(value) for value in column.to_pylist()] for column in batch.columns]
        yield from zip(*columns, strict=True)


def _write_csv(reader: Any, write: Callable[[str], Any]) -> int:
    from usertrack_cli.render.spreadsheet import spreadsheet_cell

    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow([spreadsheet_cell(name) for name in reader.schema.names])
    rows = 0
    for row in _rows(reader):
        writer.writerow([spreadsheet_cell(value) for value in row])
        rows += 1
        if line.tell() > 1 << 20:
            write(line.getvalue())
            line.seek(0)
            line.truncate()
    write(line.getvalue())
    return rows


def _write_lines(reader: Any, write: Callable[[str], Any]) -> int:
    names, rows = reader.schema.names, 0
    for row in _rows(reader):
        write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=True) + "\n")
        rows += 1
    return rows


def _write_list(reader: Any, write: Callable[[str], Any]) -> int:
    names, rows = reader.schema.names, 0
    write("[")
    for row in _rows(reader):
        write(f"{',' if rows else ''}\n{json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=True)}")
        rows += 1
    write("\n]\n")
    return rows
