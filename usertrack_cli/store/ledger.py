"""The ledger: which sessions were erased, so that a restored backup does not bring them back.

One small file an erasure, synced, never changed and never overwritten by a restore. It holds
digests only. A session id is 128 random bits, so its digest can be matched by who has the id, a
backup that still holds the session, and not be turned back by anybody else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import FILE_MODE, Home, random_name, sync_dir

_DOMAIN = b"usertrack erased session v1\0"


def session_digest(site: str, session: str) -> str:
    """Return what the ledger keeps of an erased session, in hex."""
    return sha256(_DOMAIN + site.encode() + b"\0" + session.encode()).hexdigest()


def record_erasure(home: Home, sessions: Iterable[tuple[str, str]], *, now_ms: int) -> Path:
    """Write down durably that these ``(site, session)`` are erased; writing it twice does no harm."""
    home.ledger.mkdir(mode=0o700, exist_ok=True)
    content = {
        "version": 1,
        "erased_at": now_ms,
        "sessions": sorted(session_digest(site, session) for site, session in sessions),
    }
    target = home.ledger / f"erased-{now_ms:013x}-{random_name()}.json"
    draft = target.with_suffix(".draft")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    sync_dir(home.ledger)
    sync_dir(home.root)
    return target


def erased_digests(folder: Path) -> set[str]:
    """Return the digests of every erasure that a ledger knows.

    Raises:
        StoreError: An entry cannot be read: leaving it out could bring an erased visitor back.
    """
    digests: set[str] = set()
    for file in sorted(folder.glob("erased-*.json")):
        try:
            content = json.loads(file.read_text(encoding="ascii"))
            digests.update(str(each) for each in content["sessions"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{file.name} in the ledger cannot be read", hint="bring it back from a copy of the ledger"
            ) from error
    return digests
