"""The ledger: which sessions were erased, so that a restored backup does not bring them back.

One receipt an erasure, synced, never changed and never overwritten by a restore. It holds keyed
digests only. A session id is 128 random bits, so its digest can be matched by who has the id, a
backup that still holds the session, and not be turned back by anybody else.

While an erasure is under way its note stands here too: what a crash left undone is finished under
the same request.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from usertrack_cli.clock import MINUTE_MS
from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import DIR_MODE, FILE_MODE, Home, random_name, sync_dir

SALT_BYTES = 32
LOG_SOURCE, LOG_ID_START = "log", "0"
"""What the rows of an access log, and the ids of its sessions, are known by."""
LOG_IDLE_MS = 30 * MINUTE_MS
"""A pageview of an access log that comes so soon after another is of the same session."""
_DIGEST_BYTES = 16
_PERSON = b"ust erased 2"
_FIRST_DOMAIN = b"usertrack erased session v1\0"
_RECEIPT, _PENDING, _FIRST = "receipt-*.json", "pending-*.json", "erased-*.json"


def keyed_digest(salt: bytes, site: str, session: str) -> str:
    """Return what a receipt keeps of an erased session, in hex."""
    name = site.encode() + b"\0" + session.encode()
    return blake2b(name, key=salt, digest_size=_DIGEST_BYTES, person=_PERSON).hexdigest()


def log_span(visitor: str, at_ms: int) -> str:
    """Return the name of the half hour of a visitor that an instant lies in, for :func:`keyed_digest`.

    Two pageviews in one are of one session: no two of its instants are further apart.
    """
    return f"{visitor} {at_ms // LOG_IDLE_MS}"


def session_digest(site: str, session: str) -> str:
    """Return what the first form of the ledger kept of an erased session, in hex."""
    return sha256(_FIRST_DOMAIN + site.encode() + b"\0" + session.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Erasures:
    """The sessions that a ledger says were erased.

    Attributes:
        keyed: Digests by the salt they were made with, in hex; all of one ledger share a salt.
        plain: Digests of the first form, which had none.
    """

    keyed: Mapping[str, frozenset[str]]
    plain: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.plain) or any(self.keyed.values())

    def __or__(self, other: Erasures) -> Erasures:
        keyed = {
            salt: self.keyed.get(salt, frozenset()) | other.keyed.get(salt, frozenset())
            for salt in {*self.keyed, *other.keyed}
        }
        return Erasures(keyed, self.plain | other.plain)

    def hold(self, site: str, session: str) -> bool:
        """Return whether this session was erased; or one of an access log in this :func:`log_span`."""
        if any(keyed_digest(bytes.fromhex(salt), site, session) in held for salt, held in self.keyed.items()):
            return True
        return bool(self.plain) and session_digest(site, session) in self.plain


def known_erasures(folder: Path) -> Erasures:
    """Return every erasure that a ledger knows, those under way included, with when those of logs took place.

    Raises:
        StoreError: An entry cannot be read: leaving it out could bring an erased visitor back.
    """
    keyed: dict[str, set[str]] = defaultdict(set)
    plain: set[str] = set()
    for file in sorted(folder.glob(_FIRST)):
        plain.update(str(each) for each in _read(file, "sessions"))
    for file in receipt_files(folder):
        receipt = _read(file, "receipt")
        keyed[str(receipt["salt"])].update(_digests(receipt))
    for file in pending_files(folder):
        about = read_entry(file)
        keyed[str(about["salt"])].update(_digests(about))
    return Erasures({salt: frozenset(held) for salt, held in keyed.items()}, frozenset(plain))


def receipt_files(folder: Path) -> list[Path]:
    """Return the receipts of a ledger in the order they were made."""
    return sorted(folder.glob(_RECEIPT))


def pending_files(folder: Path) -> list[Path]:
    """Return the notes of erasures that are not finished, the oldest first."""
    return sorted(folder.glob(_PENDING))


def unsigned_entries(folder: Path) -> int:
    """Return how many entries are of the first form, which nobody signed."""
    return len(list(folder.glob(_FIRST)))


def read_entry(file: Path) -> dict[str, Any]:
    """Return one entry of the ledger.

    Raises:
        StoreError: It cannot be read.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(file) from error
    if not isinstance(content, dict):
        raise _unreadable(file)
    return content


def salt_of(folder: Path) -> bytes:
    """Return the salt of a ledger: that of its newest receipt, or a new one.

    One salt for all keeps a restore quick: each session is hashed once, not once a receipt.
    """
    files = receipt_files(folder)
    return bytes.fromhex(str(_read(files[-1], "receipt")["salt"])) if files else secrets.token_bytes(SALT_BYTES)


def note_pending(home: Home, content: Mapping[str, Any], *, now_ms: int, file: Path | None = None) -> Path:
    """Write down durably that an erasure is under way, or more about one that is."""
    target = file or home.ledger / f"pending-{now_ms:013x}-{random_name()}.json"
    put_entry(home, target, json.dumps(content).encode("ascii"))
    return target


def put_entry(home: Home, target: Path, content: bytes) -> None:
    """Write a file of the ledger whole and synced."""
    home.ledger.mkdir(mode=DIR_MODE, exist_ok=True)
    draft = target.with_name(f"{target.name}.draft")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    sync_dir(home.ledger)
    sync_dir(home.root)


def drop_entries(home: Home, files: Iterable[Path]) -> None:
    """Remove notes of erasures that are finished, and drafts that a crash left."""
    gone = [*files, *home.ledger.glob("*.draft")]
    for file in gone:
        file.unlink(missing_ok=True)
    if gone:
        sync_dir(home.ledger)


def add_receipts(source: Path, target: Path) -> None:
    """Copy the receipts that ``source`` has and ``target`` has not, with their pages."""
    for file in sorted(source.glob("receipt-*.*")) if source.is_dir() else []:
        place = target / file.name
        if file.is_file() and not place.exists():
            place.write_bytes(file.read_bytes())
            place.chmod(FILE_MODE)


def _digests(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(each) for each in (*entry["sessions"], *entry.get("log_spans", ())))


def _read(file: Path, key: str) -> Any:
    try:
        return read_entry(file)[key]
    except KeyError as error:
        raise _unreadable(file) from error


def _unreadable(file: Path) -> StoreError:
    return StoreError(
        f"{file.name} in the ledger cannot be read", hint="bring it back from a copy of the ledger"
    )
