"""Rows of access logs on their way into segments: with the mark of how far the log was read, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from usertrack_cli.store.catalog import store_value, transaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import AGENTS_MAX
from usertrack_cli.store.logfiles import Mark, keep_mark
from usertrack_cli.store.parquet import ARROW_SCHEMA, write_segment
from usertrack_cli.store.roster import add_segments
from usertrack_cli.store.segment import Segment, new_segment_path
from usertrack_cli.store.swap import unlink
from usertrack_cli.store.workspace import workspace

_AGENT = """
INSERT INTO agents (site, user_agent, first_month, last_month)
SELECT ?1, ?2, ?3, ?3 WHERE (SELECT count(*) FROM agents WHERE site = ?1) < ?4
ON CONFLICT (site, user_agent) DO UPDATE SET last_month = max(last_month, excluded.last_month)
"""


def append_logged(
    con: sqlite3.Connection,
    home: Home,
    days: Mapping[str, Mapping[str, Sequence[Any]]],
    *,
    site: str,
    source: str,
    agents: Sequence[str],
    month: str,
    mark: Mark,
    before: Mark | None,
    now_ms: int,
) -> None:
    """Store pageviews and how far their log was read in one commit; the caller holds the maintenance lock.

    Args:
        days: Columns by the day that their sessions started on; what is the same for all is left out.
        agents: Agents met, those to keep first where there are too many.
        before: The mark that this one takes the place of.

    Raises:
        OSError: The disk is full or failing; nothing was stored.
    """
    node = store_value(con, "node")
    written: list[Segment] = []
    is_committing = False
    try:
        with workspace(home) as folder:
            for day, columns in days.items():
                path = new_segment_path(site, day, node=node, now_ms=now_ms)
                table = _table(columns, site=site, source=source)
                written.append(write_segment(home, table, path=path, level=0, workspace=folder))
        with transaction(con):
            add_segments(con, written)
            keep_mark(con, mark, site=site, before=before, now_ms=now_ms)
            con.executemany(_AGENT, [(site, agent, month, AGENTS_MAX) for agent in agents])
            is_committing = True
    except BaseException:
        if not is_committing:  # what a failed commit leaves is an orphan until the next one succeeds
            unlink(home, [segment.path for segment in written])
        raise


def _table(columns: Mapping[str, Sequence[Any]], *, site: str, source: str) -> pa.Table:
    count = len(columns["session"])
    same = {
        "site": site,
        "source": source,
        "kind": "pageview",
        "name": source,
        "basis": "not_required",
        "idx": 0,
    }
    arrays = []
    for column in ARROW_SCHEMA:
        if column.name in columns:
            arrays.append(pa.array(columns[column.name], type=column.type))
        elif column.name in same:
            arrays.append(pa.repeat(pa.scalar(same[column.name], type=column.type), count))
        else:
            arrays.append(pa.nulls(count, type=column.type))
    return pa.table(arrays, schema=ARROW_SCHEMA)
