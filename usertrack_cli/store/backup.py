"""Backups: one folder each, whole and self-contained, made while the server runs.

Segments never change, so a file that an earlier backup or the store itself has on the same file
system is linked, not copied. The keys stay out unless asked for: without them a lost backup cannot
be linked to anybody.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from usertrack_cli.errors import StoreError
from usertrack_cli.settings import SETTINGS_FILE
from usertrack_cli.store import catalog
from usertrack_cli.store.home import DIR_MODE, FILE_MODE, Home, make_dirs, sync_dir
from usertrack_cli.store.jobs import finished
from usertrack_cli.store.lock import MAINTENANCE, held
from usertrack_cli.store.quarantine import sound_segments
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import Segment, digest_of

LOCK_WAIT_S = 60.0
MANIFEST = "backup.json"
_PREFIX = "usertrack-"
_PARTIAL = ".partial-"
_KEY_FILES = ("secret.key",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What one backup holds; written beside it as JSON.

    Attributes:
        linked: Segments that were already there or could be linked; ``copied`` took new space.
        damaged: Live segments whose file was missing or could not be read; they are not in it.
    """

    version: int
    made_at: int
    segments: int
    rows: int
    bytes: int
    linked: int
    copied: int
    damaged: int
    has_keys: bool
    catalog_sha256: str


def back_up(
    home: Home, destination: Path, *, now_ms: int, with_keys: bool, keep: int | None
) -> tuple[Path, Backup]:
    """Make a backup below ``destination`` and return its folder; it appears whole or not at all.

    Args:
        with_keys: Copy ``keys.sqlite`` and ``secret.key`` too.
        keep: Backups that stay afterwards, the newest; ``None`` removes none.

    Raises:
        StoreError: The store is kept by another process, or the destination cannot be written.
    """
    if destination.resolve().is_relative_to(home.root.resolve()):
        raise StoreError("a backup inside the data directory protects nothing", hint="name another folder")
    stamp = datetime.fromtimestamp(now_ms / 1000, tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target, draft = destination / f"{_PREFIX}{stamp}", destination / f"{_PARTIAL}{stamp}"
    destination.mkdir(mode=DIR_MODE, parents=True, exist_ok=True)
    earlier = backups_in(destination)
    draft.mkdir(mode=DIR_MODE)
    try:
        with held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="backing up"):
            made = _fill(home, draft, earlier=earlier[-1:], now_ms=now_ms, with_keys=with_keys)
        _write(draft / MANIFEST, json.dumps(asdict(made), indent=1).encode())
        sync_dir(draft)
        draft.rename(target)
        sync_dir(destination)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    for old in backups_in(destination)[: -keep if keep else 0]:
        shutil.rmtree(old)
    for broken in destination.glob(f"{_PARTIAL}*"):
        shutil.rmtree(broken, ignore_errors=True)
    with closing(catalog.connect(home)) as con:
        finished(con, "backup", started_at=now_ms, now_ms=now_ms, outcome=str(target))
    return target, made


def backups_in(destination: Path) -> list[Path]:
    """Return the whole backups in a folder, the oldest first."""
    return sorted(each for each in destination.glob(f"{_PREFIX}*") if (each / MANIFEST).is_file())


def last_backup(home: Home) -> tuple[Path, int] | None:
    """Return the newest backup that is still where it was put, and when it was made, ms."""
    with closing(catalog.connect(home)) as con:
        row = con.execute("SELECT outcome FROM jobs WHERE name = 'backup'").fetchone()
    if row is None or not Path(row[0]).is_absolute():
        return None
    found = backups_in(Path(row[0]).parent)
    return (found[-1], manifest_of(found[-1]).made_at) if found else None


def manifest_of(backup: Path) -> Backup:
    """Return what a backup says about itself.

    Raises:
        StoreError: It is not a backup, or one of another version.
    """
    try:
        content = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        return Backup(**content)
    except FileNotFoundError as error:
        raise StoreError(
            f"{backup} is not a backup", hint="name a folder that usertrack backup made"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{backup / MANIFEST} cannot be read") from error


def _fill(home: Home, draft: Path, *, earlier: Sequence[Path], now_ms: int, with_keys: bool) -> Backup:
    """Copy catalog first: every file it names stays while the maintenance lock is held."""
    with closing(catalog.connect(home)) as con:
        sound_segments(con, home, live_segments(con), now_ms=now_ms)
        _copy_database(con, draft / home.catalog.name)
    with closing(catalog.open_database(draft / home.catalog.name)) as con:
        segments = live_segments(con)
        version = int(catalog.store_value(con, "version"))
    # One file: no write-ahead log lies beside a backup.
    _settle(draft / home.catalog.name)
    if with_keys:
        with closing(catalog.connect_keys(home, may_create=False)) as keys:
            _copy_database(keys, draft / home.keys.name)
        _settle(draft / home.keys.name)
    for name in (SETTINGS_FILE, *(_KEY_FILES if with_keys else ())):
        if (home.root / name).is_file():
            _write(draft / name, (home.root / name).read_bytes())
    _copy_folder(home.ledger, draft / home.ledger.name)
    _copy_folder(home.quarantine, draft / home.quarantine.name)
    sources = [*(each / "segments" for each in earlier), home.segments]
    outcomes = [_take(segment, draft / "segments", sources) for segment in segments]
    return Backup(
        version=version,
        made_at=now_ms,
        segments=len(segments),
        rows=sum(each.rows for each in segments),
        bytes=sum(each.bytes for each in segments),
        linked=outcomes.count("linked"),
        copied=outcomes.count("copied"),
        damaged=outcomes.count("damaged"),
        has_keys=with_keys,
        catalog_sha256=digest_of(draft / home.catalog.name),
    )


def _copy_database(con: sqlite3.Connection, target: Path) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    with closing(sqlite3.connect(target)) as copy:
        # All pages in one step: with small steps every commit of the server starts it anew.
        con.backup(copy, pages=-1)


def _settle(path: Path) -> None:
    with closing(sqlite3.connect(path)) as con:
        con.execute("PRAGMA journal_mode = DELETE")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _take(segment: Segment, folder: Path, sources: Iterable[Path]) -> str:
    target = folder / segment.path
    make_dirs(target.parent, below=folder.parent)
    for source in sources:
        file = source / segment.path
        if not file.is_file() or file.stat().st_size != segment.bytes:
            continue
        try:
            target.hardlink_to(file)
            outcome = "linked"
        except OSError:  # another file system
            _copy(file, target)
            outcome = "copied"
        try:
            is_same = digest_of(target) == segment.sha256
        except OSError:
            is_same = False
        if is_same:
            sync_dir(target.parent)
            return outcome
        target.unlink()
    return "damaged"


def _copy(source: Path, target: Path) -> None:
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "wb") as file:
        with source.open("rb") as content:
            shutil.copyfileobj(content, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _copy_folder(source: Path, target: Path) -> None:
    target.mkdir(mode=DIR_MODE, exist_ok=True)
    for file in sorted(each for each in source.rglob("*") if each.is_file()) if source.is_dir() else []:
        place = target / file.relative_to(source)
        place.parent.mkdir(mode=DIR_MODE, parents=True, exist_ok=True)
        if not place.exists():
            _copy(file, place)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
