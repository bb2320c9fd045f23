"""The catalog database: opening it, its version, and transactions."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import FILE_MODE, Home, sync_dir
from usertrack_cli.store.reserve import release_reserve
from usertrack_cli.store.schema import CATALOG_DDL, KEYS_DDL, STORE_VERSION
from usertrack_cli.store.trouble import as_store_error

LOG_PAGES_MAX = 4_096
"""16 MiB: so much the log grows within a second of the heaviest load, and the writer comes more often."""
_VERSION = "SELECT value FROM store WHERE name = 'version'"
BUSY_TIMEOUT_MS = 10_000
"""A writer holds the database for one commit, a few ms; ten seconds mean that something hangs."""


def connect(home: Home) -> sqlite3.Connection:
    """Open the catalog, which must exist and be of this program's version.

    Raises:
        StoreError: Missing, damaged, or of another version.
    """
    if not home.catalog.is_file():
        raise StoreError(f"no usertrack data in {home.root}", hint="make a store with: usertrack init")
    con = open_database(home.catalog)
    try:
        version = con.execute(_VERSION).fetchone()
    except sqlite3.DatabaseError as error:
        con.close()
        raise _refusal(home.catalog, error) from error
    if version is None or version[0] != str(STORE_VERSION):
        con.close()
        raise _other_version(home, None if version is None else str(version[0]))
    return con


def create(home: Home) -> sqlite3.Connection:
    """Open the catalog and make it first where there is none."""
    if not home.catalog.is_file():
        _make(home.catalog, CATALOG_DDL, {"version": str(STORE_VERSION), "node": secrets.token_hex(4)})
    return connect(home)


def connect_keys(home: Home, *, may_create: bool) -> sqlite3.Connection:
    """Open the keys database.

    Raises:
        StoreError: It is missing although data exists: new keys would make old visitors unfindable.
    """
    if not home.keys.is_file():
        if not may_create:
            raise StoreError(
                f"{home.keys} is missing although {home.root} holds sessions",
                hint="restore keys.sqlite from a backup; without it no visitor can be found",
            )
        _make(home.keys, KEYS_DDL, {})
    return open_database(home.keys)


@contextmanager
def transaction(con: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit what happens inside as one, or nothing of it."""
    con.execute("BEGIN IMMEDIATE")
    try:
        yield con
        con.execute("COMMIT")
    except BaseException:
        # A commit that fails (a full disk shows only there) leaves the transaction open, and
        # every later BEGIN on this connection would fail.
        if con.in_transaction:
            with suppress(sqlite3.OperationalError):
                con.execute("ROLLBACK")
        raise


def leave_checkpoints(con: sqlite3.Connection) -> None:
    """Let another process move what ``con`` commits from the log into the database, as long as one does.

    Every process does that to what it finds in the log after a commit of its own, and SQLite's usual limit
    would have it done by who commits most often, which is who must not be kept waiting.
    """
    con.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES_MAX}")


def store_value(con: sqlite3.Connection, name: str) -> str:
    """Return one of the store's own facts: ``version`` or ``node``."""
    row = con.execute("SELECT value FROM store WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise StoreError(f"the catalog lacks its {name}", hint="restore it from a backup")
    return str(row[0])


def version_of(home: Home) -> int:
    """Return the version of the store, whether this program reads it or not.

    Raises:
        StoreError: There is no store, or its catalog says no version.
    """
    if not home.catalog.is_file():
        raise StoreError(f"no usertrack data in {home.root}", hint="make a store with: usertrack init")
    con = open_database(home.catalog)
    try:
        row = con.execute(_VERSION).fetchone()
    except sqlite3.DatabaseError as error:
        raise _refusal(home.catalog, error) from error
    finally:
        con.close()
    if row is None or not str(row[0]).isdecimal():
        raise _other_version(home, None if row is None else str(row[0]))
    return int(row[0])


def _refusal(path: Path, error: Exception) -> StoreError:
    known = as_store_error(error)
    if known is not None and isinstance(error, sqlite3.OperationalError):
        return known
    return StoreError(f"{path} is damaged: {error}", hint="restore it from a backup")


def _other_version(home: Home, found: str | None) -> StoreError:
    is_older = found is not None and found.isdecimal() and int(found) < STORE_VERSION
    return StoreError(
        f"the store in {home.root} has version {found or 'none'}, this program reads version {STORE_VERSION}",
        hint="bring it up to date with: usertrack migrate"
        if is_older
        else f"run a usertrack that reads version {found or 'of this store'}",
    )


def open_database(path: Path) -> sqlite3.Connection:
    """Open one of our databases with the settings that durability and erasure need."""
    con = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        con.execute("PRAGMA synchronous = FULL")
        con.execute("PRAGMA secure_delete = ON")
        con.execute("PRAGMA foreign_keys = ON")
        con.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        con.close()
        # On a full disk not even the index of the write-ahead log can be made.
        if not release_reserve(Home(path.parent)):
            raise _refusal(path, error) from error
        return open_database(path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the text of a damaged schema may be none
        con.close()
        raise _refusal(path, error) from error
    return con


def _make(path: Path, ddl: str, facts: dict[str, str]) -> None:
    """Make a database beside its place and link it in, so that two makers cannot mix."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE))
    con = sqlite3.connect(draft, isolation_level=None)
    try:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("PRAGMA synchronous = FULL")
        con.executescript(f"BEGIN; {ddl} COMMIT;")
        for name, value in facts.items():
            con.execute("INSERT INTO store (name, value) VALUES (?, ?)", (name, value))
    finally:
        con.close()
    try:
        path.hardlink_to(draft)
        sync_dir(path.parent)
    except FileExistsError:
        pass  # another process was first and made the same
    finally:
        draft.unlink()
