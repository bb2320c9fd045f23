"""Made-up rows, and those of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import ARROW_SCHEMA, SORT_ORDER, read_segment
from usertrack_cli.store.segment import Segment


def events(sessions: Mapping[str, int], *, seq: int = 0) -> pa.Table:
    """Return so many rows of each session, with texts that are its own and texts that all share."""
    rows = [
        {
            "site": "default",
            "session": session,
            "visitor": f"visitor of {session}",
            "source": "tracker",
            "epoch": 202601,
            "seq": seq,
            "idx": idx,
            "occurred_at": 1_767_600_000_000 + idx,
            "kind": "click" if idx % 3 else "move",
            "page": f"/of/{session}/{idx % 4}",
            "x": idx,
            "text": f"{session} {idx}" if idx % 5 == 0 else None,
            "is_bot": False,
        }
        for session, count in sessions.items()
        for idx in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=ARROW_SCHEMA)


def rows_of(home: Home, segments: Sequence[Segment]) -> pa.Table:
    """Return every row of these files, in order."""
    return pa.concat_tables([read_segment(home, each.path) for each in segments]).sort_by(SORT_ORDER)
