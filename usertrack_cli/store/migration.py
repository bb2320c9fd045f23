"""Migration: a store of an older version becomes one of this version, or stays as it is.

Each step is a script of SQL from one version to the next, run in one transaction with the new
version number, after the catalog was copied beside itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from usertrack_cli.errors import StoreError
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home, sync_dir
from usertrack_cli.store.lock import MAINTENANCE, SERVE, WRITER, held
from usertrack_cli.store.roster import learn_sessions
from usertrack_cli.store.schema import CATALOG_DDL_V2, CATALOG_DDL_V3, STORE_VERSION

_SEEN_NOW = "UPDATE layouts SET last_seen_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000"
"""Version 1 never noted that a layout was seen again: none may go as unseen before it had its time."""
STEPS: Mapping[int, tuple[str, ...]] = {1: (*CATALOG_DDL_V2, _SEEN_NOW), 2: CATALOG_DDL_V3}
"""From the version in the key to the next; a statement each. Version 1 is the first."""
LOCK_WAIT_S = 10.0
_COPIES = "catalog-before-*.sqlite"


def migrate(home: Home, *, is_serving: bool = False) -> tuple[int, int]:
    """Bring the store to this program's version and return the versions before and after.

    Args:
        is_serving: The caller holds the serve lock itself.

    Raises:
        StoreError: The store is newer, is in use, or has no way to this version; it is unchanged.
    """
    found = catalog.version_of(home)
    if found == STORE_VERSION:
        return found, found
    if found > STORE_VERSION or any(version not in STEPS for version in range(found, STORE_VERSION)):
        raise StoreError(
            f"the store in {home.root} has version {found}, this program reads version {STORE_VERSION}",
            hint=f"run a usertrack that reads version {found}",
        )
    if is_serving:
        return _locked(home, found)
    with held(home, SERVE, timeout_s=0, doing="migrating"):
        return _locked(home, found)


def forget_copies(home: Home, *, before_ms: int | None = None) -> int:
    """Remove the copies that migrations left; they hold whatever was in the catalog then.

    Args:
        before_ms: Only those made before this instant; ``None`` removes them all.

    Returns:
        The bytes they took.
    """
    size = 0
    for file in sorted(home.root.glob(_COPIES)):
        about = file.stat()
        if before_ms is None or about.st_mtime * 1000 < before_ms:
            file.unlink(missing_ok=True)
            size += about.st_size
    if size:
        sync_dir(home.root)
    return size


def _locked(home: Home, found: int) -> tuple[int, int]:
    with (
        held(home, WRITER, timeout_s=LOCK_WAIT_S, doing="migrating"),
        held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="migrating"),
        closing(catalog.open_database(home.catalog)) as con,
    ):
        _copy(con, home.root / f"catalog-before-{STORE_VERSION}.sqlite")
        try:
            with catalog.transaction(con):
                for version in range(found, STORE_VERSION):
                    for statement in STEPS[version]:
                        con.execute(statement)
                _learn_sessions(con, home)
                con.execute("UPDATE store SET value = ? WHERE name = 'version'", (str(STORE_VERSION),))
        except sqlite3.Error as error:
            raise StoreError(
                f"the store could not be brought from version {found} to {STORE_VERSION}: {error}",
                hint="it is unchanged; run the usertrack that wrote it",
            ) from error
    return found, STORE_VERSION


def _learn_sessions(con: sqlite3.Connection, home: Home) -> None:
    """Note which sessions each segment holds, where an older version did not."""
    from usertrack_cli.store.parquet import sessions_in

    unknown = con.execute("SELECT path FROM segments WHERE sessions IS NULL ORDER BY path").fetchall()
    for (path,) in unknown:
        with suppress(StoreError):  # of a damaged one it stays unknown
            learn_sessions(con, path, sessions_in(home, path))


def _copy(con: sqlite3.Connection, target: Path) -> None:
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(target)) as copy:
        con.backup(copy, pages=-1)
