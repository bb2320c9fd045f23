"""Copies for a person: JSON and CSV for programs, and a page to read, in a folder or a ZIP."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usertrack_cli.controller import Controller, Language
from usertrack_cli.errors import UsageError
from usertrack_cli.render.spreadsheet import spreadsheet_cell
from usertrack_cli.settings import Settings
from usertrack_cli.store.home import DIR_MODE

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.access import Copy


def copy_files(copy: Copy, settings: Settings, controller: Controller, language: Language) -> dict[str, bytes]:
    """Return the files of a copy by name."""
    from usertrack_cli.lifecycle.access import as_json
    from usertrack_cli.lifecycle.access_texts import WORDS, facts
    from usertrack_cli.lifecycle.processing import stored_categories
    from usertrack_cli.render.copy_page import CopyPage, copy_page

    made = datetime.fromtimestamp(copy.made_at / 1000, tz=UTC)
    words = WORDS[language]
    said = facts(settings, controller, language)
    stored = [(each.what, each.how, each.kept) for each in stored_categories(settings, language)]
    page = CopyPage(
        language=language,
        title=words["title"],
        intro=words["intro"].format(
            day=made.strftime("%d.%m.%Y" if language == "de" else "%Y-%m-%d"), sessions=len(copy.sessions)
        ),
        facts=said,
        stored=[words["stored_columns"].split("|"), *stored],
        sessions=copy.sessions,
        events=copy.events,
        agents=copy.agents,
        words=words,
    )
    about = {
        "made_at": made.isoformat(timespec="seconds"),
        "about": dict(said),
        "stored": [dict(zip(("what", "how", "kept"), row, strict=True)) for row in stored],
    }
    sessions = [{name: value for name, value in each.items() if name != "held"} for each in copy.sessions]
    return {
        "index.html": copy_page(page).encode("utf-8"),
        "data.json": as_json(copy, about).encode("ascii"),
        "sessions.csv": _csv(sessions),
        "events.csv": _csv(copy.events),
    }


def write_copy(files: Mapping[str, bytes], target: Path) -> list[Path]:
    """Write a copy whole, readable by its owner only, and return its files.

    Args:
        target: A folder that does not exist yet or is empty, or a file that ends with ``.zip``.

    Raises:
        UsageError: It cannot be written there, or something is there already.
    """
    from usertrack_cli.store.outputs import write_private

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already", hint="name another folder or file with -o")
    if target.suffix.lower() == ".zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        write_private(target, packed.getvalue())
        return [target]
    try:
        target.mkdir(mode=DIR_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {target}: {error.strerror}", hint="name another folder") from error
    written = []
    for name, content in files.items():
        write_private(target / name, content)
        written.append(target / name)
    return written


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a table with the columns that any of the rows has; nothing in it is a formula."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([spreadsheet_cell(row.get(name)) for name in names] for row in rows)
    return text.getvalue().encode("utf-8")
