"""The inbox: a batch is committed here, synced, and only then acknowledged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.consents import note_use

AGENTS_MAX = 65_536
"""Agent strings kept per site; enough for years, small enough to try each under every key."""
LAYOUTS_PER_PAGE_MAX = 200
"""Layouts kept per page; a page that differs for everybody would fill the catalog otherwise."""


class Outcome(StrEnum):
    """What became of a batch; every one but CONFLICT is acknowledged."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLayout:
    """Boxes of a page, as JSON of the wire format's ``[box…]``."""

    page: str
    hash: str
    document_w: int
    document_h: int
    viewport_w: int
    viewport_h: int
    boxes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What the first batch of a session fixes for all of it.

    Attributes:
        day: UTC date of its start, which names its partition.
        skew_ms: Server clock minus the browser's; added to every time the browser gives.
        client: JSON of what the browser said about itself (screen, language, touch …).
    """

    day: str
    epoch: int
    visitor: str
    skew_ms: int
    client: bytes


@dataclass(frozen=True, slots=True)
class NewConsent:
    """The consent that a session begins under."""

    token: str
    version: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """One decoded, checked and enriched batch.

    Attributes:
        digest: Of the decoded ``pg``, ``m`` and ``e``; tells a repeat from other content.
        meta: JSON object of the columns that are the same for every row of the batch.
        body: JSON ``{"t": …, "pg": […], "e": […]}`` with the good events only.
        opens: Set where the session was not known; the first batch of a session to be
            committed wins, so two that race agree afterwards.
        consent: What the session was recorded on; noted when it begins.
        month: ``yyyy-mm`` of arrival, all that is kept beside the agent string.
    """

    site: str
    session: str
    seq: int
    digest: bytes
    received_at: int
    epoch: int
    visitor: str
    ip: str | None
    meta: bytes
    body: bytes
    month: str
    user_agent: str
    opens: NewSession | None = None
    consent: NewConsent | None = None
    layouts: tuple[NewLayout, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that may still send."""

    day: str
    epoch: int
    visitor: str
    skew_ms: int
    client: bytes


_INSERT_BATCH = """
INSERT INTO batches (site, session, seq, digest, received_at, epoch, visitor, ip, meta, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (site, session, seq) DO NOTHING
RETURNING id
"""

_INSERT_SESSION = """
INSERT INTO sessions_open (site, session, day, epoch, visitor, skew_ms, client, last_received_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (site, session) DO NOTHING
"""

_INSERT_LAYOUT = """
INSERT INTO layouts (site, page, hash, document_w, document_h, viewport_w, viewport_h, boxes,
                     first_seen_at, last_seen_at, brought_by)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10
WHERE (SELECT count(*) FROM layouts WHERE site = ?1 AND page = ?2) < ?11
ON CONFLICT (site, page, hash) DO UPDATE
    SET boxes = excluded.boxes, brought_by = excluded.brought_by, needs_text = 0
    WHERE layouts.needs_text = 1
"""

_INSERT_AGENT = """
INSERT INTO agents (site, user_agent, first_month, last_month)
SELECT ?1, ?2, ?3, ?3 WHERE (SELECT count(*) FROM agents WHERE site = ?1) < ?4
ON CONFLICT (site, user_agent) DO UPDATE SET last_month = excluded.last_month
    WHERE last_month < excluded.last_month
"""


class Inbox:
    """Commits batches and answers what is already known; one instance a process."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con
        self._agents: set[tuple[str, str, str]] = set()

    def append(self, batches: Sequence[NewBatch]) -> list[Outcome]:
        """Commit ``batches`` in one synced transaction.

        Returns:
            One outcome each, in order. When this returns, every STORED batch survives a crash.

        Raises:
            sqlite3.Error: Nothing was committed (disk full, I/O error, locked).
        """
        agents: set[tuple[str, str, str]] = set()
        with transaction(self._con):
            outcomes = [self._append_one(batch, agents) for batch in batches]
        # Only remembered once committed: after a rollback they must be written again.
        if len(self._agents) > AGENTS_MAX:
            self._agents.clear()
        self._agents |= agents
        return outcomes

    def _append_one(self, batch: NewBatch, agents: set[tuple[str, str, str]]) -> Outcome:
        con, where = self._con, (batch.site, batch.session)
        if con.execute("SELECT 1 FROM tombstones WHERE site = ? AND session = ?", where).fetchone():
            return Outcome.ERASED
        stored = con.execute(
            _INSERT_BATCH,
            (
                *where,
                batch.seq,
                batch.digest,
                batch.received_at,
                batch.epoch,
                batch.visitor,
                batch.ip,
                batch.meta,
                batch.body,
            ),
        ).fetchone()
        if stored is None:
            known = con.execute(
                "SELECT digest FROM batches WHERE site = ? AND session = ? AND seq = ?", (*where, batch.seq)
            ).fetchone()
            return Outcome.DUPLICATE if known[0] == batch.digest else Outcome.CONFLICT
        if batch.opens is not None:
            opens = batch.opens
            con.execute(
                _INSERT_SESSION,
                (
                    *where,
                    opens.day,
                    opens.epoch,
                    opens.visitor,
                    opens.skew_ms,
                    opens.client,
                    batch.received_at,
                ),
            )
            if batch.consent is not None:
                given = batch.consent
                note_use(
                    con,
                    site=batch.site,
                    token=given.token,
                    version=given.version,
                    scope=given.scope,
                    now_ms=batch.received_at,
                )
        for layout in batch.layouts:
            con.execute(
                _INSERT_LAYOUT,
                (
                    batch.site,
                    layout.page,
                    layout.hash,
                    layout.document_w,
                    layout.document_h,
                    layout.viewport_w,
                    layout.viewport_h,
                    layout.boxes,
                    batch.received_at,
                    batch.session,
                    LAYOUTS_PER_PAGE_MAX,
                ),
            )
        agent = (batch.site, batch.user_agent, batch.month)
        if agent not in self._agents and agent not in agents:
            con.execute(_INSERT_AGENT, (*agent, AGENTS_MAX))
            agents.add(agent)
        return Outcome.STORED

    def open_session(self, site: str, session: str) -> OpenSession | None:
        """Return what the first batch of ``session`` fixed, or ``None`` where there was none."""
        row = self._con.execute(
            "SELECT day, epoch, visitor, skew_ms, client FROM sessions_open WHERE site = ? AND session = ?",
            (site, session),
        ).fetchone()
        return None if row is None else OpenSession(*row)

    def missing(self, site: str, session: str, seqs: Iterable[int]) -> list[int]:
        """Return those of ``seqs`` that were never acknowledged."""
        wanted = sorted(set(seqs))
        known = {
            row[0]
            for seq in wanted
            for row in self._con.execute(
                "SELECT seq FROM batches WHERE site = ? AND session = ? AND seq = ?", (site, session, seq)
            )
        }
        return [seq for seq in wanted if seq not in known]

    def needs_layout(self, site: str, page: str, layout_hash: str) -> bool:
        """Return True where the boxes of a layout are not stored, or have lost their texts."""
        row = self._con.execute(
            "SELECT needs_text FROM layouts WHERE site = ? AND page = ? AND hash = ?",
            (site, page, layout_hash),
        ).fetchone()
        if row is not None:
            return bool(row[0])
        full = self._con.execute(
            "SELECT count(*) FROM layouts WHERE site = ? AND page = ?", (site, page)
        ).fetchone()
        return bool(full[0] < LAYOUTS_PER_PAGE_MAX)

    def waiting(self) -> tuple[int, int | None]:
        """Return how many batches wait for the writer and when the oldest arrived (ms)."""
        row = self._con.execute(
            "SELECT count(*), min(received_at) FROM batches WHERE body IS NOT NULL"
        ).fetchone()
        return int(row[0]), row[1]
