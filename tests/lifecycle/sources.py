"""Sessions that did not come from the tracker."""

from __future__ import annotations

from contextlib import closing

import pyarrow as pa

from tests.senders import Sender, pageview
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import ARROW_SCHEMA, read_segment, write_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.swap import swap
from usertrack_cli.store.workspace import workspace


def imported(home: Home, session: str, at_ms: int, *, source: str = "rrweb") -> None:
    """Store a session of one pageview from another source."""
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        known = {segment.path for segment in live_segments(con)}
        Sender(home, session, started_at=at_ms - 1_000, received_at=at_ms).send(0, pageview())
        snapshot(home)
        (segment,) = [each for each in live_segments(con) if each.path not in known]
        table = read_segment(home, segment.path)
        column = ARROW_SCHEMA.get_field_index("source")
        table = table.set_column(column, "source", pa.array([source] * table.num_rows, pa.string()))
        path = segment.path.replace(".parquet", "x.parquet")
        new = write_segment(home, table.cast(ARROW_SCHEMA), path=path, level=0, workspace=folder)
        swap(con, home, old=[segment.path], new=[new], now_ms=at_ms, at_once=True)
