"""The only module that writes to the terminal: results, notes, errors, tables and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from usertrack_cli.errors import UsageError, UsertrackError
from usertrack_cli.render.numbers import duration_text as duration_text
from usertrack_cli.render.numbers import share_text as share_text
from usertrack_cli.render.spreadsheet import spreadsheet_cell
from usertrack_cli.render.text import cell_width, end_of, safe_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from usertrack_cli.render.grid import Capabilities

EXIT_DONE = 0
EXIT_INTERRUPTED = 130

_GAP = 2
_FLEXIBLE_MIN = 8


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    TSV = "tsv"
    CSV = "csv"
    JSON = "json"
    NL = "nl"


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of a table.

    Attributes:
        key: Name in JSON and in the header of TSV and CSV.
        title: What stands above the column on a terminal.
        shows: Turns the value into what a person reads; everything else gets the value itself.
        is_flexible: The column that gives way when the terminal is narrow.
        least: Cells that a flexible column keeps in any case.
        goes_with: Key of a column that this one says nothing without, and is left out with.
        keeps_end: What is too long loses its beginning, as of selectors, which their ends tell apart.
        is_optional: Left out of a table where it is empty, or where there is no room for it; of
            several the last goes first.
    """

    key: str
    title: str
    align: Literal["left", "right"] = "left"
    shows: Any = str
    is_flexible: bool = False
    is_optional: bool = False
    least: int = _FLEXIBLE_MIN
    goes_with: str = ""
    keeps_end: bool = False


def result(text: str) -> None:
    """Print a part of the result; ``text`` is made safe, except for its line ends."""
    sys.stdout.write("\n".join(safe_text(line) for line in text.split("\n")) + "\n")


def lines(safe: Iterable[str]) -> None:
    """Print lines that a renderer has already made safe, each as soon as it is known."""
    for line in safe:
        sys.stdout.write(line + "\n")


def note(text: str) -> None:
    """Tell the reader something beside the result, on standard error."""
    sys.stderr.write(f"usertrack: {safe_text(text)}\n")


def shows_progress() -> bool:
    """Return True where standard error is a terminal that a line can be redrawn on."""
    return sys.stderr.isatty() and not is_dumb()


def progress_line(text: str) -> None:
    """Redraw the last line of standard error; empty text wipes it away."""
    sys.stderr.write(f"\r\x1b[K{safe_text(text)}")
    sys.stderr.flush()


def failure(error: UsertrackError) -> None:
    """Print an expected failure and its hint."""
    sys.stderr.write(f"usertrack: error: {safe_text(error.message)}\n")
    if error.hint is not None:
        sys.stderr.write(f"usertrack: hint: {safe_text(error.hint)}\n")


def misused(error: Any) -> int:
    """Print why a call could not be read, and how to find out; return the exit code."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(error.ctx.get_help() + "\n")
        return EXIT_DONE
    path = error.ctx.command_path if getattr(error, "ctx", None) else "usertrack"
    failure(UsageError(str(error.format_message()).rstrip("."), hint=f"see: {path} --help"))
    return UsageError.exit_code


def is_terminal() -> bool:
    """Return True where a person reads standard output."""
    return sys.stdout.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask before data goes; ``--yes`` answers.

    Raises:
        UsageError: Nobody is there to ask, or the answer was no.
    """
    if yes:
        return
    if not can_ask():
        raise UsageError("nothing was removed: there is no terminal to ask on", hint="add --yes to go ahead")
    if asked(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was removed: the answer was not yes")


def can_ask() -> bool:
    """Return True where somebody reads questions and can answer them."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def asked(question: str) -> str:
    """Return the line that answers a question.

    Raises:
        UsageError: The input ended.
    """
    sys.stderr.write(safe_text(question))
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        sys.stderr.write("\n")
        raise UsageError("the answers ended before the questions", hint="nothing was changed; start again")
    return line


def chosen_format(*, as_json: bool = False, as_nl: bool = False, as_csv: bool = False) -> Format:
    """Return the format of the flags; a table on a terminal and TSV in a pipe where none is given."""
    for chosen, is_asked in ((Format.JSON, as_json), (Format.NL, as_nl), (Format.CSV, as_csv)):
        if is_asked:
            return chosen
    return Format.TABLE if is_terminal() else Format.TSV


def listing(headings: Sequence[Heading], rows: Iterable[Mapping[str, Any]], chosen: Format) -> None:
    """Print rows in the chosen format; the keys of JSON are published and never renamed."""
    if chosen is Format.TABLE:
        _table(headings, list(rows))
    elif chosen in {Format.JSON, Format.NL}:
        _objects(rows, chosen)
    else:
        _separated(headings, rows, delimiter="," if chosen is Format.CSV else "\t")


def _objects(rows: Iterable[Mapping[str, Any]], chosen: Format) -> None:
    import json

    if chosen is Format.JSON:
        sys.stdout.write(json.dumps([_plain(row) for row in rows], ensure_ascii=True, indent=1) + "\n")
    else:
        for row in rows:
            sys.stdout.write(json.dumps(_plain(row), ensure_ascii=True) + "\n")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in row.items()}


def _separated(headings: Sequence[Heading], rows: Iterable[Mapping[str, Any]], *, delimiter: str) -> None:
    import csv

    writer = csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n")
    writer.writerow([heading.key for heading in headings])
    for row in rows:
        writer.writerow([_cell(row[heading.key]) for heading in headings])


def _cell(value: Any) -> Any:
    if isinstance(value, tuple | list) and not any(isinstance(part, tuple | list) for part in value):
        return spreadsheet_cell(" ".join(map(str, value)))
    return spreadsheet_cell(value)


def _table(headings: Sequence[Heading], rows: Sequence[Mapping[str, Any]]) -> None:
    columns = [
        (h, [safe_text("" if row[h.key] is None else str(h.shows(row[h.key]))) for row in rows])
        for h in headings
    ]
    columns = [(h, cells) for h, cells in columns if any(cells) or not h.is_optional]
    while _least_width(columns) > terminal_width() and any(h.is_optional for h, _ in columns):
        gone = [h.key for h, _ in columns if h.is_optional][-1]
        columns = [(h, cells) for h, cells in columns if gone not in {h.key, h.goes_with}]
    shown = [h for h, _ in columns]
    widths = [max([cell_width(h.title), *(cell_width(cell) for cell in cells)]) for h, cells in columns]
    _fit(shown, widths, total=terminal_width())
    bold, plain = ("\x1b[1m", "\x1b[0m") if wants_colour() else ("", "")
    sys.stdout.write(bold + _line([h.title for h in shown], shown, widths).rstrip() + plain + "\n")
    for line in zip(*(cells for _, cells in columns), strict=True):
        sys.stdout.write(_line(line, shown, widths).rstrip() + "\n")


def _least_width(columns: Sequence[tuple[Heading, Sequence[str]]]) -> int:
    """Return the cells that a table needs when its flexible columns have given way."""
    widths = (max([cell_width(h.title), *map(cell_width, cells)]) for h, cells in columns)
    return sum(
        min(width, h.least) if h.is_flexible else width for width, (h, _) in zip(widths, columns, strict=True)
    ) + _GAP * (len(columns) - 1)


def _fit(headings: Sequence[Heading], widths: list[int], *, total: int) -> None:
    """Take what is too wide from the flexible columns, the widest first."""
    flexible = [i for i, heading in enumerate(headings) if heading.is_flexible and widths[i] > heading.least]
    while flexible and sum(widths) + _GAP * (len(widths) - 1) > total:
        widest = max(flexible, key=lambda i: widths[i])
        widths[widest] -= 1
        if widths[widest] <= headings[widest].least:
            flexible.remove(widest)


def _line(cells: Sequence[str], headings: Sequence[Heading], widths: Sequence[int]) -> str:
    parts = []
    for text, heading, width in zip(cells, headings, widths, strict=True):
        shown = end_of(text, cells=width) if heading.keeps_end else safe_text(text, cells=width)
        space = " " * (width - cell_width(shown))
        parts.append(space + shown if heading.align == "right" else shown + space)
    return (" " * _GAP).join(parts)


def terminal_width() -> int:
    """Return the columns of the terminal, 80 where there is none or it does not know its size."""
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns or 80)
    except (OSError, ValueError):
        return 80


def wants_colour() -> bool:
    """Return True on a terminal that shows colour and was not asked to leave it (no-color.org)."""
    return is_terminal() and not os.environ.get("NO_COLOR") and not is_dumb()


def is_dumb() -> bool:
    """Return True where lines can be written but none can be gone back to."""
    return os.environ.get("TERM") == "dumb"


def capabilities() -> Capabilities:
    """Return what the reader can be shown: NO_COLOR, a dumb terminal and a locale without UTF-8 get ASCII."""
    from usertrack_cli.render.grid import Capabilities

    # A pipe need not say what stands at its end; cron has no TERM at all.
    environment = os.environ if is_terminal() else {"TERM": "xterm", **os.environ}
    return Capabilities.detected(environment, encoding=_encoding())


def _encoding() -> str:
    """Return the encoding that the reader asked for."""
    # Python takes UTF-8 for granted where the locale is C or not installed, and then puts that into LC_CTYPE.
    is_assumed = sys.flags.utf8_mode and not {"PYTHONUTF8", "PYTHONIOENCODING"} & os.environ.keys()
    said = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "ascii" if is_assumed and said and "utf" not in said.lower() else sys.stdout.encoding


def instant_text(moment_ms: int, zone: ZoneInfo) -> str:
    """Return ``2026-11-23 14:05`` in ``zone``."""
    return datetime.fromtimestamp(moment_ms / 1000, tz=zone).strftime("%Y-%m-%d %H:%M")


def bytes_text(size: int) -> str:
    """Return a size as ``812 B``, ``4.1 kB``, ``3.0 MB`` or ``1.2 GB``."""
    if size < 1000:
        return f"{size} B"
    amount = float(size)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 1000:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"
