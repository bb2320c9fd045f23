"""The register of requests: who was given a copy, restricted or heard in an objection, and when.

One small file a request in the ledger, synced, never changed and never overwritten by a restore, which
follows it: a restriction or an objection outlives every backup. No address, agent or page stands in it;
sessions stand in it as digests, objections as the hash that is kept of them.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import DIR_MODE, Home, random_name
from usertrack_cli.store.ledger import session_digest
from usertrack_cli.store.outputs import write_private

_NEEDED = ("kind", "at", "sessions", "objections", "consents")
Kind = Literal["access", "restrict", "unrestrict", "object", "unobject", "revoke"]


def record_request(
    home: Home,
    kind: Kind,
    *,
    now_ms: int,
    sessions: Iterable[tuple[str, str]] = (),
    objections: Iterable[tuple[str, str]] = (),
    consents: Iterable[tuple[str, str]] = (),
    request: str = "",
    identity: str = "",
) -> Path:
    """Write down durably that a request was answered.

    Args:
        sessions: ``(site, session)`` that it was about.
        objections: ``(site, hash)`` that it was about.
        consents: ``(site, token)`` that it was about.
        request: The operator's own number for it.
        identity: How the person's identity was checked.
    """
    home.ledger.mkdir(mode=DIR_MODE, exist_ok=True)
    content = {
        "version": 1,
        "kind": kind,
        "at": now_ms,
        "operator": _operator(),
        "request": request,
        "identity_checked": identity,
        "sessions": sorted(session_digest(site, session) for site, session in sessions),
        "objections": sorted([site, visitor] for site, visitor in objections),
        "consents": sorted([site, token] for site, token in consents),
    }
    target = home.ledger / f"request-{now_ms:013x}-{random_name()}.json"
    write_private(target, json.dumps(content, indent=1).encode("utf-8"))
    return target


def requests_in(folder: Path) -> list[dict[str, Any]]:
    """Return every request that a ledger knows, the oldest first; ``id`` is its file's name.

    Raises:
        StoreError: An entry cannot be read: leaving it out could undo what a visitor was promised.
    """
    found = []
    for file in sorted(folder.glob("request-*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            found.append({"id": file.name} | {name: content[name] for name in _NEEDED} | content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{file.name} in the ledger cannot be read", hint="bring it back from a copy of the ledger"
            ) from error
    return found


def _operator() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number without a name
        return str(os.getuid())
