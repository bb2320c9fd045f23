"""Restoration: a backup becomes a store again, without the visitors who were erased since.

The restored store is built beside its place and moved there whole, after every erasure that the
ledger knows was applied to it: no answer is ever given from a store that still holds them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from usertrack_cli import clock
from usertrack_cli.errors import StoreError
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.lifecycle.keys import destroyed_epochs
from usertrack_cli.lifecycle.promises import Promised, keep_promises
from usertrack_cli.lifecycle.request import Request
from usertrack_cli.store import catalog
from usertrack_cli.store.backup import MANIFEST, Backup, backups_in, manifest_of
from usertrack_cli.store.epochs import note_lost, used_epochs
from usertrack_cli.store.home import DIR_MODE, Home, create_home, open_home, random_name, sync_dir
from usertrack_cli.store.keysafe import take_signing_seed
from usertrack_cli.store.ledger import Erasures, add_receipts, drop_entries, known_erasures, pending_files
from usertrack_cli.store.migration import forget_copies, migrate
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.seed import make_seed
from usertrack_cli.store.segment import digest_of
from usertrack_cli.store.soundness import Soundness, soundness
from usertrack_cli.store.traces import sessions_everywhere


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
    erased = Erasures({}) if ledger is None else known_erasures(ledger)
    draft = root.parent / f".{root.name}.restoring-{random_name()}"
    try:
        made = _copied(backup, draft, manifest)
        if keys is not None:
            shutil.copyfile(keys, made.keys)
        has_keys = made.keys.is_file()
        if has_keys:
            take_signing_seed(made)
        else:
            _without_keys(made)
        # What the backup's own ledger knows was erased before it was made; applying it again is harmless.
        erased |= known_erasures(made.ledger)
        _join_ledgers(made, home, ledger)
        if not made.seed.is_file():
            make_seed(made, home.seed.read_bytes() if home.seed.is_file() else None)
        again = sorted(place for place in _sessions(made) if erased.hold(*place)) if erased else []
        if again:
            erase(made, again, _request(made, again))
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


def _without_keys(made: Home) -> None:
    """Note that the keys of what was restored are gone, so that nobody takes new ones for them."""
    with closing(catalog.connect(made)) as con, closing(catalog.connect_keys(made, may_create=True)) as keys:
        note_lost(keys, used_epochs(con, made).exact, now_ms=clock.now_ms())


def _join_ledgers(made: Home, home: Home, ledger: Path | None) -> None:
    """Let the receipts to come follow the newest that is known, and not the newest of the backup."""
    drop_entries(made, pending_files(made.ledger))
    for known in (home.ledger, *([ledger] if ledger is not None else [])):
        add_receipts(known, made.ledger)


def _request(made: Home, again: Iterable[tuple[str, str]]) -> Request:
    sites = tuple(sorted({site for site, _ in again}))
    return Request(reason="restore", by=("ledger",), sites=sites, unlinkable=destroyed_epochs(made, None))


def _sessions(home: Home) -> set[tuple[str, str]]:
    with closing(catalog.connect(home)) as con:
        return {(site, session) for _, site, session in sessions_everywhere(con, home) if session}


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
