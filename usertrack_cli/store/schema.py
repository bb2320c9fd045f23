"""The contract between keeping and answering: catalog tables and event columns, version 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STORE_VERSION = 3
"""Raised with every change of the tables or columns below; an older program refuses a newer store."""

ColumnType = Literal["string", "int32", "bool", "float32", "timestamp"]

CATALOG_DDL_V1 = """
CREATE TABLE store (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Inbox and duplicate filter in one: draining empties body, meta, visitor and ip, and the row
-- stays 72 h so that a batch sent again is recognised.
CREATE TABLE batches (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    site        TEXT NOT NULL,
    session     TEXT NOT NULL,
    seq         INTEGER NOT NULL CHECK (seq >= 0),
    digest      BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    visitor     TEXT,
    ip          TEXT,
    meta        BLOB,
    body        BLOB,
    UNIQUE (site, session, seq)
) STRICT;
CREATE INDEX batches_waiting ON batches (id) WHERE body IS NOT NULL;
CREATE INDEX batches_received ON batches (received_at);

-- One row a session from its first batch on: where its rows go, which key names its visitor,
-- how its clock is corrected, and what its first batch said about the browser.
CREATE TABLE sessions_open (
    site             TEXT NOT NULL,
    session          TEXT NOT NULL,
    day              TEXT NOT NULL,
    epoch            INTEGER NOT NULL,
    visitor          TEXT NOT NULL,
    skew_ms          INTEGER NOT NULL,
    client           BLOB NOT NULL,
    last_received_at INTEGER NOT NULL,
    PRIMARY KEY (site, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_open_received ON sessions_open (last_received_at);

CREATE TABLE segments (
    path       TEXT PRIMARY KEY,
    site       TEXT NOT NULL,
    day        TEXT NOT NULL,
    level      INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    epoch_min  INTEGER NOT NULL,
    epoch_max  INTEGER NOT NULL,
    aged       TEXT NOT NULL DEFAULT '',
    retired_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX segments_site_day ON segments (site, day);

-- Segments that turned out damaged; their rows are counted as not included, the file is kept.
CREATE TABLE quarantine (
    path     TEXT PRIMARY KEY,
    site     TEXT NOT NULL,
    day      TEXT NOT NULL,
    rows     INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    moved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE layouts (
    site          TEXT NOT NULL,
    page          TEXT NOT NULL,
    hash          TEXT NOT NULL,
    document_w    INTEGER NOT NULL,
    document_h    INTEGER NOT NULL,
    viewport_w    INTEGER NOT NULL,
    viewport_h    INTEGER NOT NULL,
    boxes         BLOB NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    brought_by    TEXT,
    needs_text    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (site, page, hash)
) STRICT, WITHOUT ROWID;

-- Agent strings seen, joined to nothing, so that an erasure can try each of them.
CREATE TABLE agents (
    site        TEXT NOT NULL,
    user_agent  TEXT NOT NULL,
    first_month TEXT NOT NULL,
    last_month  TEXT NOT NULL,
    PRIMARY KEY (site, user_agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    site     TEXT NOT NULL,
    session  TEXT NOT NULL,
    tag      TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (site, session, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    site     TEXT NOT NULL,
    session  TEXT NOT NULL,
    at_ms    INTEGER,
    note     TEXT NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;

CREATE TABLE watched (
    site       TEXT NOT NULL,
    session    TEXT NOT NULL,
    watched_at INTEGER NOT NULL,
    is_starred INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (site, session)
) STRICT, WITHOUT ROWID;

-- Files that usertrack wrote and that hold single sessions.
CREATE TABLE outputs (
    path       TEXT NOT NULL,
    site       TEXT NOT NULL,
    session    TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (path, site, session)
) STRICT, WITHOUT ROWID;

-- The counting tier: totals of an hour, no id of anything.
CREATE TABLE counts (
    site        TEXT NOT NULL,
    hour_at     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    page        TEXT NOT NULL,
    referrer    TEXT NOT NULL,
    width_class TEXT NOT NULL,
    country     TEXT NOT NULL,
    total       INTEGER NOT NULL,
    PRIMARY KEY (site, hour_at, name, page, referrer, width_class, country)
) STRICT, WITHOUT ROWID;

-- Erased sessions: readers hide them at once, and late batches of theirs are dropped.
CREATE TABLE tombstones (
    site       TEXT NOT NULL,
    session    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    done_at    INTEGER,
    PRIMARY KEY (site, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE restrictions (
    site       TEXT NOT NULL,
    session    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (site, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    name        TEXT PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    outcome     TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
"""

CATALOG_DDL_V2 = (
    # What visitors decided, as proof: a random token that stands in their browser, and no address.
    """
CREATE TABLE consents (
    site         TEXT NOT NULL,
    token        TEXT NOT NULL,
    version      TEXT NOT NULL,
    scope        TEXT NOT NULL,
    granted_at   INTEGER,
    last_used_at INTEGER,
    withdrawn_at INTEGER,
    PRIMARY KEY (site, token),
    CHECK (granted_at IS NOT NULL OR withdrawn_at IS NOT NULL)
) STRICT, WITHOUT ROWID
""",
    # Who objected, hashed with the site's objection key, which never rotates: nothing more of them is kept.
    """
CREATE TABLE objections (
    site       TEXT NOT NULL,
    visitor    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (site, visitor)
) STRICT, WITHOUT ROWID
""",
    # How often something happened in an hour: batches refused, by reason; sessions begun, by how far away.
    """
CREATE TABLE tallies (
    hour_at INTEGER NOT NULL,
    name    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    total   INTEGER NOT NULL,
    PRIMARY KEY (hour_at, name, detail)
) STRICT, WITHOUT ROWID
""",
    # How far logs were read, by the digest of that part: a file is known by its content, whatever its name.
    """
CREATE TABLE imports (
    site        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (site, bytes, digest)
) STRICT, WITHOUT ROWID
""",
)
"""What version 2 adds, a statement each."""
CATALOG_DDL_V3 = (
    # Which sessions a segment holds, a line each, to find one without opening every file; NULL is unknown.
    "ALTER TABLE segments ADD COLUMN sessions TEXT",
)
"""What version 3 adds, a statement each."""
CATALOG_DDL = ";".join((CATALOG_DDL_V1, *CATALOG_DDL_V2, *CATALOG_DDL_V3)) + ";"

KEYS_DDL = """
CREATE TABLE keys (
    site         TEXT NOT NULL,
    epoch        INTEGER NOT NULL,
    key          BLOB CHECK (key IS NULL OR length(key) = 32),
    ipv6_prefix  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    destroyed_at INTEGER,
    PRIMARY KEY (site, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE objection_keys (
    site       TEXT PRIMARY KEY,
    key        BLOB NOT NULL CHECK (length(key) = 32),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ``events``."""

    name: str
    type: ColumnType
    meaning: str


EVENT_COLUMNS: tuple[Column, ...] = (
    Column("site", "string", "site slug"),
    Column("session", "string", "one tab from opening to closing; 22 characters"),
    Column("visitor", "string", "keyed hash of address and user agent; 32 hex characters"),
    Column("epoch", "int32", "key epoch: 0, yyyymm or yyyymmdd"),
    Column("source", "string", "tracker, log or rrweb"),
    Column("seq", "int32", "batch in the session"),
    Column("idx", "int32", "row in the batch; (seq, idx) is the total order"),
    Column("occurred_at", "timestamp", "UTC, corrected by the session's clock skew, never after arrival"),
    Column("kind", "string", "what happened"),
    Column("page", "string", "path without query or fragment"),
    Column("pageview", "int32", "number of the pageview in the session"),
    Column("x", "int32", "document px"),
    Column("y", "int32", "document px"),
    Column("scroll_x", "int32", "px, of the window"),
    Column("scroll_y", "int32", "px, of the window"),
    Column("viewport_w", "int32", "px"),
    Column("viewport_h", "int32", "px"),
    Column("document_w", "int32", "px"),
    Column("document_h", "int32", "px"),
    Column("container", "string", "selector of the inner scroller under the pointer, or scrolled"),
    Column("container_x", "int32", "px it is scrolled by"),
    Column("container_y", "int32", "px it is scrolled by"),
    Column("container_scroll_w", "int32", "px of its content"),
    Column("container_scroll_h", "int32", "px of its content"),
    Column("container_client_w", "int32", "px of it that show"),
    Column("container_client_h", "int32", "px of it that show"),
    Column("selector", "string", "target element"),
    Column("element_x", "int32", "per mille of the target's width"),
    Column("element_y", "int32", "per mille of the target's height"),
    Column("text", "string", "masked label of the target"),
    Column("button", "int32", "pointer button"),
    Column("flags", "int32", "1 fixed, 2 untrusted, 4 touch, 8 keyboard, 16 clickable, 32 after a selection"),
    Column("reaction_ms", "int32", "0 to 5000 until the page reacted, -1 it did not, NULL unknown"),
    Column("hover_ms", "int32", "pointer entering the element until the click, -1 unknown"),
    Column("value_length", "int32", "characters typed into the field"),
    Column("value", "string", "typed text in plain mode; 1 or 0 of visibility and focus; the fragment of hash"),
    Column("active_ms", "int32", "visible, focused and touched within 30 s, since the last flush"),
    Column("name", "string", "custom event, tag, error message, or how a pageview came about"),
    Column("props", "string", "JSON"),
    Column("layout", "string", "layout hash"),
    Column("title", "string", "of the page; pageview only"),
    Column("referrer", "string", "pageview only; origin where it is another site"),
    Column("url_query", "string", "allow-listed query keys; pageview only"),
    Column("utm_source", "string", "pageview only"),
    Column("utm_medium", "string", "pageview only"),
    Column("utm_campaign", "string", "pageview only"),
    Column("utm_term", "string", "pageview only"),
    Column("utm_content", "string", "pageview only"),
    Column("country", "string", "ISO 3166-1 alpha-2"),
    Column("browser", "string", "family"),
    Column("browser_major", "int32", "major version"),
    Column("os", "string", "family"),
    Column("device", "string", "desktop, tablet or mobile"),
    Column("width_class", "string", "wide from 1200 px, medium from 768 px, narrow below"),
    Column("language", "string", "of the browser"),
    Column("screen_w", "int32", "px"),
    Column("screen_h", "int32", "px"),
    Column("dpr", "float32", "device pixels per CSS px"),
    Column("ip", "string", "only where store_ip is plain"),
    Column("basis", "string", "granted, not_required or audience"),
    Column("consent_version", "string", "of the text that was agreed to"),
    Column("is_bot", "bool", "says so itself, or is automated"),
)

WIDE_MIN_PX = 1200
MEDIUM_MIN_PX = 768


def width_class(viewport_w: int) -> str:
    """Return ``wide``, ``medium`` or ``narrow`` for a viewport width in px."""
    if viewport_w >= WIDE_MIN_PX:
        return "wide"
    return "medium" if viewport_w >= MEDIUM_MIN_PX else "narrow"
