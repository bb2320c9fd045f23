"""When erased sessions of access logs took place, so that no other log brings them back.

A session of a log is known by its first pageview, which another log of the same time may not have. So
an erasure keeps keyed digests of each half hour in which its visitor had a pageview, and no address,
key or time in clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import pyarrow as pa

from usertrack_cli.lifecycle.survey import Found
from usertrack_cli.store.home import Home
from usertrack_cli.store.ledger import LOG_ID_START, LOG_SOURCE, log_span
from usertrack_cli.store.parquet import read_coded, read_segment, rows_with


def log_spans(home: Home, found: Found, by_site: Mapping[str, AbstractSet[str]]) -> set[tuple[str, str]]:
    """Return ``(site, span)`` of each half hour of those of the sessions that came from an access log."""
    logged = {
        site: {session for session in sessions if session.startswith(LOG_ID_START)}
        for site, sessions in by_site.items()
    }
    return {
        (held.site, span)
        for held in found.segments
        if logged[held.site]
        for span in _spans_in(home, held.path, logged[held.site])
    }


def _spans_in(home: Home, path: str, sessions: AbstractSet[str]) -> set[str]:
    coded = read_coded(home, path, ["session", "source"])
    rows = rows_with(coded["session"], sessions) & rows_with(coded["source"], {LOG_SOURCE})
    if not rows.any():
        return set()
    table = read_segment(home, path, columns=["visitor", "occurred_at"]).filter(pa.array(rows))
    instants = table["occurred_at"].cast(pa.int64())
    return {
        log_span(visitor, at_ms)
        for visitor, at_ms in zip(table["visitor"].to_pylist(), instants.to_pylist(), strict=True)
    }
