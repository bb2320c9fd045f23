"""Restoration: a backup becomes a store again, without the visitors who were erased since.

The restored store is built beside its place and moved there whole, after every erasure that the
ledger knows was applied to it: no answer is ever given from a store that still holds them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from usertrack_cli.errors import StoreError
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.lifecycle.promises import Promised, keep_promises
from usertrack_cli.store import catalog
from usertrack_cli.store.backup import MANIFEST, Backup, backups_in, manifest_of
from usertrack_cli.store.home import DIR_MODE, Home, create_home, open_home, random_name, sync_dir
from usertrack_cli.store.ledger import erased_digests, session_digest
from usertrack_cli.store.migration import forget_copies, migrate
from usertrack_cli.store.parquet import read_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import digest_of
from usertrack_cli.store.soundness import Soundness, soundness

_TABLES = ("batches", "sessions_open", "tags", "notes", "watched", "outputs")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration brought back.

    Attributes:
        made_at: When the backup was made, ms.
        erased_again: Sessions of the backup that had been erased since.
        has_keys: Whether visitors can be found by their address.
        promised: Restrictions and objections since the backup, which hold again.
    """

    backup: Path
    made_at: int
    segments: int
    rows: int
    erased_again: int
    has_keys: bool
    promised: Promised


def restore(source: Path, root: Path, *, ledger: Path | None, keys: Path | None = None) -> Restored:
    """Make the store of ``root`` from a backup, or from the newest of a folder of backups.

    Args:
        ledger: Folder that knows who was erased since; ``None`` restores without, as the operator told.
        keys: A ``keys.sqlite`` for a backup that was made without.

    Raises:
        StoreError: ``root`` holds a store, the backup is damaged, or the ledger cannot be read.
        IncompleteError: An erasure could not be applied; nothing was put in place.
    """
    backup = _chosen(source)
    manifest = manifest_of(backup)
    home = Home(root)
    if home.catalog.exists():
        raise StoreError(
            f"{root} holds a store already",
            hint="move it away first, all but its ledger, or name another --data",
        )
    digests = set() if ledger is None else erased_digests(ledger)
    draft = root.parent / f".{root.name}.restoring-{random_name()}"
    try:
        made = _copied(backup, draft, manifest)
        if keys is not None:
            shutil.copyfile(keys, made.keys)
        has_keys = made.keys.is_file()
        if not has_keys:
            catalog.connect_keys(made, may_create=True).close()
        # What the backup's own ledger knows was erased before it was made; applying it again is harmless.
        again = sorted(_erased(made, digests | erased_digests(made.ledger)))
        if again:
            erase(made, again)
        ledgers = [made.ledger] if ledger is None else [made.ledger, ledger]
        promised = keep_promises(made, ledgers, _sessions(made))
        _put_in_place(made, home)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Restored(backup, manifest.made_at, manifest.segments, manifest.rows, len(again), has_keys, promised)


def _chosen(source: Path) -> Path:
    if (source / MANIFEST).is_file():
        return source
    found = backups_in(source) if source.is_dir() else []
    if not found:
        raise StoreError(f"no backup in {source}", hint="name a folder that usertrack backup made")
    return found[-1]


def _copied(backup: Path, draft: Path, manifest: Backup) -> Home:
    if digest_of(backup / "catalog.sqlite") != manifest.catalog_sha256:
        raise StoreError(f"the catalog of {backup.name} is damaged", hint="restore an earlier backup")
    shutil.copytree(backup, draft, ignore=shutil.ignore_patterns(MANIFEST))
    for path in [draft, *draft.rglob("*")]:
        path.chmod(DIR_MODE if path.is_dir() else 0o600)
    home = create_home(draft)
    open_home(draft)
    migrate(home)
    forget_copies(home)
    with closing(catalog.connect(home)) as con:
        con.execute("PRAGMA journal_mode = WAL")
        states = soundness(home, live_segments(con))
    wrong = [path for path, state in states.items() if state is not Soundness.SOUND]
    # What the store itself had lost when it was backed up is counted and said by every answer.
    if len(wrong) > manifest.damaged:
        raise StoreError(f"{wrong[0]} in {backup.name} is missing or damaged", hint="restore an earlier backup")
    return home


def _erased(home: Home, digests: set[str]) -> Iterator[tuple[str, str]]:
    """Give the sessions of a store that a ledger says were erased."""
    if not digests:
        return
    seen: set[tuple[str, str]] = set()
    for place in _sessions(home):
        if place not in seen:
            seen.add(place)
            if session_digest(*place) in digests:
                yield place


def _sessions(home: Home) -> Iterable[tuple[str, str]]:
    with closing(catalog.connect(home)) as con:
        for table in _TABLES:
            yield from con.execute(f"SELECT DISTINCT site, session FROM {table}").fetchall()  # noqa: S608 - own names
        segments = live_segments(con)
    for segment in segments:
        if not (home.segments / segment.path).is_file():
            continue  # lost before the backup was made, which says so
        for session in pc.unique(read_segment(home, segment.path, columns=["session"])["session"]).to_pylist():
            yield segment.site, session


def _put_in_place(made: Home, home: Home) -> None:
    """Move the restored store to where it belongs; a ledger that is there stays and is added to."""
    if not home.root.exists():
        made.root.rename(home.root)
        sync_dir(home.root.parent)
        return
    for entry in sorted(made.root.iterdir(), key=lambda path: path == made.catalog):  # the catalog last
        target = home.root / entry.name
        if entry == made.ledger and target.is_dir():
            for file in entry.iterdir():
                if not (target / file.name).exists():
                    file.rename(target / file.name)
            sync_dir(target)
            continue
        if target.is_dir() and not any(target.iterdir()):
            target.rmdir()
        if target.exists():
            raise StoreError(
                f"{target} is in the way", hint="move everything but the ledger out of the data directory"
            )
        entry.rename(target)
    sync_dir(home.root)
    shutil.rmtree(made.root, ignore_errors=True)
