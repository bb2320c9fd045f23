"""The inbox: a batch is committed here, synced, and only then acknowledged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.consents import NewConsent, note_use

AGENTS_MAX = 65_536
"""Agent strings kept per site; enough for years, small enough to try each under every key."""
LAYOUT_SEEN_EVERY_MS = 3_600_000
"""How exactly it is known when a layout was last seen; more often would write with each pageview."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """One decoded, checked and enriched batch.

    Attributes:
        digest: Of the decoded ``pg``, ``m`` and ``e``; tells a repeat from other content.
        meta: JSON object of the columns that are the same for every row of the batch.
        body: JSON ``{"t": …, "pg": […], "e": […]}`` with the good events only.
        opens: Set where the session was not known; the first batch of a session to be
            committed wins, so two that race agree afterwards.
        seen: ``(page, hash)`` of layouts that its pages have.
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
    seen: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that may still send."""

    day: str
    epoch: int
    visitor: str
    skew_ms: int
    client: bytes


_BATCH_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_BATCHES = """
INSERT INTO batches (site, session, seq, digest, received_at, epoch, visitor, ip, meta, body)
VALUES {rows}
ON CONFLICT (site, session, seq) DO NOTHING
"""
_ROWS_AT_ONCE = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows of one statement: every group is a sum of few of them, and SQLite keeps them all prepared."""
_INSERTS = {count: _INSERT_BATCHES.format(rows=", ".join([_BATCH_ROW] * count)) for count in _ROWS_AT_ONCE}

_ERASED = """
SELECT t.site, t.session FROM json_each(?) AS batch
JOIN tombstones t ON t.site = batch.value ->> 0 AND t.session = batch.value ->> 1
"""
_KNOWN = "SELECT id, digest FROM batches WHERE site = ? AND session = ? AND seq = ?"

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

_SEE_LAYOUT = """
UPDATE layouts SET last_seen_at = ?4 WHERE site = ?1 AND page = ?2 AND hash = ?3 AND last_seen_at < ?5
"""

_INSERT_AGENT = """
INSERT INTO agents (site, user_agent, first_month, last_month)
SELECT ?1, ?2, ?3, ?3 WHERE (SELECT count(*) FROM agents WHERE site = ?1) < ?4
ON CONFLICT (site, user_agent) DO UPDATE SET last_month = excluded.last_month
    WHERE last_month < excluded.last_month
"""


def _seen_rows(batch: NewBatch) -> list[tuple[str, str, str, int, int]]:
    now_ms = batch.received_at
    return [(batch.site, *place, now_ms, now_ms - LAYOUT_SEEN_EVERY_MS) for place in batch.seen]


RECENT_MAX = 100
_RECENT = """
SELECT session FROM sessions_open o WHERE site = ? AND substr(session, 1, ?) = ?
  AND NOT EXISTS (SELECT 1 FROM restrictions r WHERE r.site = o.site AND r.session = o.session)
ORDER BY last_received_at DESC, session LIMIT ?
"""


def recent_sessions(con: sqlite3.Connection, *, site: str, prefix: str) -> list[str]:
    """Return sessions of the last 72 hours whose id begins like this, the newest first; no restricted ones."""
    return [session for (session,) in con.execute(_RECENT, (site, len(prefix), prefix, RECENT_MAX))]


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
        con = self._con
        with transaction(con):
            erased = self._erased(batches)
            admitted = [batch for batch in batches if (batch.site, batch.session) not in erased]
            told = iter(self._insert(admitted))
            outcomes = [
                Outcome.ERASED if (batch.site, batch.session) in erased else next(told) for batch in batches
            ]
            stored = [
                each for each, outcome in zip(batches, outcomes, strict=True) if outcome is Outcome.STORED
            ]
            opened = [_session_row(batch, batch.opens) for batch in stored if batch.opens is not None]
            con.executemany(_INSERT_SESSION, opened)
            for batch in stored:
                if batch.opens is not None and batch.consent is not None:
                    note_use(con, batch.consent, site=batch.site, now_ms=batch.received_at)
                if batch.layouts:
                    con.executemany(_INSERT_LAYOUT, [_layout_row(batch, layout) for layout in batch.layouts])
            con.executemany(_SEE_LAYOUT, [row for batch in stored for row in _seen_rows(batch)])
            agents = {(each.site, each.user_agent, each.month) for each in stored} - self._agents
            con.executemany(_INSERT_AGENT, [(*agent, AGENTS_MAX) for agent in agents])
        # Only remembered once committed: after a rollback they must be written again.
        if len(self._agents) > AGENTS_MAX:
            self._agents.clear()
        self._agents |= agents
        return outcomes

    def _erased(self, batches: Sequence[NewBatch]) -> set[tuple[str, str]]:
        """Return those sessions of ``batches`` that must not come back."""
        sessions = {(batch.site, batch.session) for batch in batches}
        return set(self._con.execute(_ERASED, (json.dumps(list(sessions)),)))

    def _insert(self, batches: Sequence[NewBatch]) -> list[Outcome]:
        """Insert what is new, many rows a statement: each one lets go of the interpreter once."""
        con = self._con
        last_id = con.execute("SELECT max(id) FROM batches").fetchone()[0] or 0
        new = begin = 0
        for count in _ROWS_AT_ONCE:
            while len(batches) - begin >= count:
                part = batches[begin : begin + count]
                new += con.execute(_INSERTS[count], list(chain.from_iterable(map(_batch_row, part)))).rowcount
                begin += count
        if new == len(batches):
            return [Outcome.STORED] * new
        return self._compared(batches, last_id)

    def _compared(self, batches: Sequence[NewBatch], last_id: int) -> list[Outcome]:
        """Return what became of each of ``batches``, some of which were known before."""
        outcomes: list[Outcome] = []
        stored: set[int] = set()
        for batch in batches:
            number, digest = self._con.execute(_KNOWN, (batch.site, batch.session, batch.seq)).fetchone()
            if number > last_id and number not in stored:
                stored.add(number)
                outcomes.append(Outcome.STORED)
            else:
                outcomes.append(Outcome.DUPLICATE if digest == batch.digest else Outcome.CONFLICT)
        return outcomes

    def open_session(self, site: str, session: str) -> OpenSession | None:
        """Return what the first batch of ``session`` fixed, or ``None`` where there was none."""
        row = self._con.execute(
            "SELECT day, epoch, visitor, skew_ms, client FROM sessions_open WHERE site = ? AND session = ?",
            (site, session),
        ).fetchone()
        return None if row is None else OpenSession(*row)

    def is_erased(self, site: str, session: str) -> bool:
        """Return True where nothing more of a session is kept."""
        row = self._con.execute("SELECT 1 FROM tombstones WHERE site = ? AND session = ?", (site, session))
        return row.fetchone() is not None

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


def _batch_row(batch: NewBatch) -> tuple[object, ...]:
    return (
        batch.site,
        batch.session,
        batch.seq,
        batch.digest,
        batch.received_at,
        batch.epoch,
        batch.visitor,
        batch.ip,
        batch.meta,
        batch.body,
    )


def _session_row(batch: NewBatch, opens: NewSession) -> tuple[object, ...]:
    return (
        batch.site,
        batch.session,
        opens.day,
        opens.epoch,
        opens.visitor,
        opens.skew_ms,
        opens.client,
        batch.received_at,
    )


def _layout_row(batch: NewBatch, layout: NewLayout) -> tuple[object, ...]:
    return (
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
    )
