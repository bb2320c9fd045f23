"""The note of an erasure under way: what the receipt will say, kept from before the first removal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from usertrack_cli.lifecycle.receipt import instant
from usertrack_cli.lifecycle.request import Epoch, Request
from usertrack_cli.lifecycle.survey import Found
from usertrack_cli.store.home import Home, random_name
from usertrack_cli.store.ledger import (
    drop_entries,
    keyed_digest,
    note_pending,
    pending_files,
    read_entry,
    salt_of,
)

NOTHING = Found(
    sessions=0,
    events=0,
    segments=(),
    tables={},
    layouts=0,
    quarantined=(),
    damaged_rows=0,
    unsearchable=0,
    beside=(),
)
PLACES = ("segments", "inbox", "open sessions", "labels", "notes", "layouts", "quarantine", "tmp", "last list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An erasure that has begun; every change of it is on the disk before what it is about.

    Attributes:
        identity: Random; a receipt with it is written once.
        digests: Keyed digests of the sessions.
        found: What the store held; ``None`` until that was counted.
        log_spans: Keyed digests of when sessions of access logs took place.
        outputs_named: Files made of the sessions; ``None`` until those were looked at.
    """

    file: Path
    identity: str
    salt: bytes
    digests: frozenset[str]
    request: Request
    found: Found | None = None
    log_spans: frozenset[str] = frozenset()
    outputs_named: int | None = None
    outputs_removed: int = 0
    is_resumed: bool = False

    def names(self, site: str, session: str) -> bool:
        """Return whether this session is one of those to erase."""
        return keyed_digest(self.salt, site, session) in self.digests

    def resumed(self) -> Pending:
        """Return the same, marked as broken off once."""
        return replace(self, is_resumed=True)

    def with_found(self, home: Home, found: Found, *, spans: Iterable[tuple[str, str]]) -> Pending:
        """Keep what the store held, and when sessions of access logs took place."""
        digests = frozenset(keyed_digest(self.salt, *each) for each in spans)
        return self._kept(home, replace(self, found=found, log_spans=digests))

    def with_outputs(self, home: Home, *, named: int, removed: int) -> Pending:
        """Keep how many files were made of the sessions, and how many were removed."""
        return self._kept(home, replace(self, outputs_named=named, outputs_removed=removed))

    def _kept(self, home: Home, changed: Pending) -> Pending:
        if changed != self:
            note_pending(home, _as_json(changed), now_ms=0, file=changed.file)
        return changed

    def receipt_content(
        self, *, store: str, files: Sequence[Mapping[str, Any]], verified: Mapping[str, object], now_ms: int
    ) -> dict[str, Any]:
        """Return what the receipt says beside its place in the chain."""
        request, found = self.request, self.found or NOTHING
        return {
            "id": self.identity,
            "store": store,
            "operator": request.operator,
            "request": request.number,
            "reason": request.reason,
            "finished_after_interruption": self.is_resumed,
            "searched": {
                "by": list(request.by),
                "sites": list(request.sites),
                "epochs": [_epoch(each) for each in request.epochs],
                "agents": request.agents,
                "places": list(PLACES),
                "unsearchable_files": max(request.unsearchable, found.unsearchable),
            },
            "unlinkable": [_epoch(each) for each in request.unlinkable],
            "found": {
                "sessions": found.sessions,
                "events": found.events,
                "segments": len(found.segments),
                "tables": found.tables,
                "layouts": found.layouts,
                "quarantined": len(found.quarantined),
                "damaged_rows": found.damaged_rows,
            },
            "files": list(files),
            "outputs": {"named": self.outputs_named or 0, "removed": self.outputs_removed},
            "verified": {"at": instant(now_ms), "left": 0, **verified},
            "backup_made_at": instant(request.backup_made_at) if request.backup_made_at else "",
            "salt": self.salt.hex(),
            "sessions": sorted(self.digests),
            "log_spans": sorted(self.log_spans),
        }


def begin(home: Home, sessions: Sequence[tuple[str, str]], request: Request, *, now_ms: int) -> Pending:
    """Write down what is about to be erased."""
    salt = salt_of(home.ledger)
    digests = frozenset(keyed_digest(salt, *place) for place in sessions)
    pending = Pending(file=Path(), identity=random_name(), salt=salt, digests=digests, request=request)
    return replace(pending, file=note_pending(home, _as_json(pending), now_ms=now_ms))


def left_behind(home: Home) -> list[Pending]:
    """Return the erasures that a crash left unfinished."""
    return [_of_json(file, read_entry(file)) for file in pending_files(home.ledger)]


def discard(home: Home, pending: Pending) -> None:
    """Remove the note: the receipt is there, or nothing was begun."""
    drop_entries(home, [pending.file])


def _epoch(each: Epoch) -> dict[str, Any]:
    return {"site": each.site, "epoch": each.epoch, "since": instant(each.since)}


def _as_json(pending: Pending) -> dict[str, Any]:
    return {
        "version": 2,
        "id": pending.identity,
        "salt": pending.salt.hex(),
        "sessions": sorted(pending.digests),
        "request": pending.request.as_json(),
        "found": pending.found.as_json() if pending.found is not None else None,
        "log_spans": sorted(pending.log_spans),
        "outputs_named": pending.outputs_named,
        "outputs_removed": pending.outputs_removed,
    }


def _of_json(file: Path, content: Mapping[str, Any]) -> Pending:
    return Pending(
        file=file,
        identity=str(content["id"]),
        salt=bytes.fromhex(content["salt"]),
        digests=frozenset(content["sessions"]),
        request=Request.of_json(content["request"]),
        found=Found.of_json(content["found"]) if content["found"] is not None else None,
        log_spans=frozenset(content.get("log_spans", ())),
        outputs_named=content["outputs_named"],
        outputs_removed=content["outputs_removed"],
    )
