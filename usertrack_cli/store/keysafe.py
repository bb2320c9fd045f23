"""The backup of the keys: one file apart from the store, which forgets what the store forgot."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from usertrack_cli.errors import StoreError
from usertrack_cli.store import catalog
from usertrack_cli.store.home import FILE_MODE, Home, random_name, sync_dir
from usertrack_cli.store.seed import make_seed

JOB = "keys backup"
_SEED_TABLE = "CREATE TABLE signing (seed BLOB NOT NULL CHECK (length(seed) = 32)) STRICT"


def back_up_keys(home: Home, target: Path) -> tuple[int, int]:
    """Write every key that still exists, and the signing seed, to one file; an earlier one is replaced.

    Returns:
        How many visitor keys are in it, and how many destroyed ones the file it replaces still held.

    Raises:
        StoreError: It lies in the data directory, is another kind of file, or cannot be written.
    """
    if target.resolve().is_relative_to(home.root.resolve()):
        raise StoreError("a backup inside the data directory protects nothing", hint="name another folder")
    before = _keys_in(target) if target.exists() else set()
    draft = target.with_name(f".{target.name[:100]}.{random_name()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, FILE_MODE))
        with closing(catalog.connect_keys(home, may_create=False)) as keys:
            # Page by page a copy would hold what free pages hold; this one holds rows alone.
            keys.execute("VACUUM INTO ?", (str(draft),))
        with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            copy.execute(_SEED_TABLE)
            if home.seed.is_file():
                copy.execute("INSERT INTO signing (seed) VALUES (?)", (home.seed.read_bytes(),))
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        now = _keys_in(draft)
        draft.replace(target)
        sync_dir(target.parent)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(f"cannot write {target}: {error}", hint="name another file") from error
    finally:
        draft.unlink(missing_ok=True)
    return len(now), len(before - now)


def take_signing_seed(home: Home) -> None:
    """Where ``keys.sqlite`` is such a backup, put the signing seed that it holds in its place."""
    with closing(catalog.open_database(home.keys)) as keys:
        if not keys.execute("SELECT 1 FROM sqlite_schema WHERE name = 'signing'").fetchone():
            return
        row = keys.execute("SELECT seed FROM signing").fetchone()
        if row is not None and not home.seed.is_file():
            make_seed(home, row[0])
        keys.execute("DROP TABLE signing")
        keys.execute("PRAGMA journal_mode = WAL")


def _keys_in(file: Path) -> set[tuple[str, int]]:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as con:
            rows = con.execute("SELECT site, epoch FROM keys WHERE key IS NOT NULL ORDER BY site, epoch")
            return {(row[0], row[1]) for row in rows}
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{file} is no backup of keys", hint="name a file that is not there yet") from error
