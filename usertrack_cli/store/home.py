"""The data directory: what lies where, who may read it, and how files appear in it whole."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from usertrack_cli.errors import StoreError

DIR_MODE = 0o700
FILE_MODE = 0o600

_durable: set[Path] = set()
"""Folders whose names this process has synced."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside one data directory; :func:`open_home` and :func:`create_home` make one."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The SQLite database of everything small and mutable."""
        return self.root / "catalog.sqlite"

    @property
    def keys(self) -> Path:
        """The SQLite database of visitor keys, kept apart so that a backup can leave it out."""
        return self.root / "keys.sqlite"

    @property
    def seed(self) -> Path:
        """The 32 random bytes that receipts are signed with."""
        return self.root / "secret.key"

    @property
    def segments(self) -> Path:
        """The folder of Parquet files."""
        return self.root / "segments"

    @property
    def tmp(self) -> Path:
        """Where files are written before they are renamed into place; one folder a process."""
        return self.root / "tmp"

    @property
    def quarantine(self) -> Path:
        """Where damaged segments are moved, never deleted."""
        return self.root / "quarantine"

    @property
    def ledger(self) -> Path:
        """Which sessions were erased, as digests; a restore never overwrites it."""
        return self.root / "ledger"

    @property
    def reserve(self) -> Path:
        """Space kept back so that deleting works on a full disk."""
        return self.root / "reserve"


def create_home(root: Path) -> Home:
    """Return the data directory at ``root``, made with owner-only rights where it is not there yet.

    Raises:
        StoreError: It cannot be made, or belongs to somebody else.
    """
    home = Home(root)
    try:
        for folder in (root, home.segments, home.tmp, home.quarantine, home.ledger):
            folder.mkdir(mode=DIR_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"data directory {root} cannot be made: {error.strerror}") from error
    _refuse_foreign(root)
    return home


def open_home(root: Path) -> Home:
    """Return the data directory at ``root``, which must exist.

    Raises:
        StoreError: There is none there, or it belongs to somebody else.
    """
    home = Home(root)
    if not home.catalog.is_file():
        raise StoreError(
            f"no usertrack data in {root}",
            hint="name the directory with --data or USERTRACK_DATA; make one with: usertrack init",
        )
    _refuse_foreign(root)
    return home


def _refuse_foreign(root: Path) -> None:
    about = root.stat()
    if about.st_uid not in {os.geteuid(), 0} and os.geteuid() != 0:
        raise StoreError(f"data directory {root} belongs to another user")
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise StoreError(
            f"data directory {root} can be read by others",
            hint=f"take the rights away with: chmod 700 {root}",
        )


def sync_dir(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_dirs(folder: Path, *, below: Path) -> None:
    """Make ``folder`` and its parents below ``below``, each synced into its parent."""
    missing = []
    while folder != below and not (folder in _durable and folder.is_dir()):
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=DIR_MODE, exist_ok=True)
        # Synced even where it was there: who made it may have died before its own sync.
        sync_dir(each.parent)
        _durable.add(each)


@contextmanager
def private_umask() -> Iterator[None]:
    """Let files made inside be readable by their owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def random_name() -> str:
    """Return 16 hex characters that no other process will pick."""
    return secrets.token_hex(8)
