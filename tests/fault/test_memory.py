"""The writer's memory has a bound, however much waits for it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from textwrap import dedent

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.senders import Sender
from usertrack_cli import clock
from usertrack_cli.store import catalog, compaction, drain
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import write_segment
from usertrack_cli.store.roster import add_segments, live_segments
from usertrack_cli.store.rows import Rows, WaitingBatch
from usertrack_cli.store.segment import new_segment_path
from usertrack_cli.store.workspace import workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak of memory")

BOUND_MIB = 400
"""Beside what the libraries take; all the batches below at once take twice as much."""
UNBOUNDED = 1024**3

WORK = dedent("""
    import re
    import sys
    from contextlib import closing
    from pathlib import Path

    import pyarrow as pa

    from usertrack_cli.lifecycle import writer
    from usertrack_cli.store import catalog, drain
    from usertrack_cli.store.home import open_home
    from usertrack_cli.store.workspace import workspace

    def mib(name):
        return int(re.search(rf"{name}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

    data, what, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    before = mib("VmHWM")
    if what == "drain":
        drain.BODY_BYTES_MAX = limit
        writer.run(data)  # its standard input is closed: it drains and ends
    else:
        pa.set_memory_pool(pa.system_memory_pool())
        home = open_home(data)
        with closing(catalog.connect(home)) as con, workspace(home) as folder:
            writer.Writer(home, con, folder)._compact()
    print(mib("VmHWM") - before, mib("VmRSS") - before)
""")


def grown(home: Home, what: str, *, limit: int = 0) -> tuple[int, int]:
    """Return by how many MiB a process of its own grew while it did this, and after it."""
    command = [sys.executable, "-c", WORK, str(home.root), what, str(limit)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    peak_mib, after_mib = map(int, done.stdout.split())
    return peak_mib, after_mib


def long_run(start_ms: int) -> list[object]:
    """Two hundred pointer positions in as few bytes as they can be written."""
    return ["m", start_ms, 0, 0, 500, 500, [9, 1, -1, 9, -1, 1] * 100]


def fill_inbox(home: Home, batches: int) -> None:
    """Let batches wait that are as large as they come: a megabyte each, 150,000 rows."""
    sender = Sender(home, "s" * 22)
    for seq in range(batches):
        sender.send(seq, *[long_run(9_000 * i) for i in range(750)])


@pytest.mark.parametrize(
    ("limit", "is_bounded"), [(drain.BODY_BYTES_MAX, True), (UNBOUNDED, False)], ids=["limit", "no limit"]
)
def test_the_largest_batches_are_drained_in_bounded_memory(home: Home, limit: int, *, is_bounded: bool) -> None:
    fill_inbox(home, 12)

    peak_mib, _ = grown(home, "drain", limit=limit)

    with closing(catalog.connect(home)) as con:
        assert sum(segment.rows for segment in live_segments(con)) == 12 * 750 * 201
    assert (peak_mib < BOUND_MIB) == is_bounded, peak_mib


def part_of_a_segment() -> pa.Table:
    rows = Rows()
    body = b'{"t":0,"pg":[1,"/shop",1280,800,1280,2400,0,0],"e":[["m",0,0,0,500,500,[%b]]]}'
    steps = b",".join([b"9,1,-1,9,-1,1"] * 100)
    for number in range(120):
        rows.add(
            WaitingBatch(
                id=number,
                site="default",
                session=f"00{number:020}",
                seq=0,
                received_at=clock.now_ms(),
                epoch=1,
                visitor=f"{number:032x}",
                ip=None,
                meta=b'{"browser":"Firefox","os":"Linux","country":"DE"}',
                body=body % steps,
                day="2026-11-23",
                skew_ms=clock.now_ms() - 60_000,
            )
        )
    return rows.table()


def fill_level(home: Home) -> None:
    """Lay twenty files of one day beside each other, half a million rows together."""
    table, day = part_of_a_segment(), "2026-11-23"
    column = table.schema.get_field_index("session")
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        node = catalog.store_value(con, "node")
        for number in range(compaction.FAN_IN):
            sessions = pc.utf8_replace_slice(table["session"], 0, 2, f"{number:02}")
            part = table.set_column(column, table.schema.field(column), sessions)
            path = new_segment_path("default", day, node=node, now_ms=clock.now_ms())
            written = write_segment(home, part, path=path, level=0, workspace=folder, is_sorted=True)
            with catalog.transaction(con):
                add_segments(con, [written])


def test_half_a_million_rows_are_merged_in_bounded_memory(home: Home) -> None:
    fill_level(home)

    peak_mib, after_mib = grown(home, "compaction")

    with closing(catalog.connect(home)) as con:
        assert [segment.level for segment in live_segments(con)] == [1]
    assert peak_mib < BOUND_MIB, peak_mib
    assert after_mib < peak_mib / 2, "it keeps what it needed"


def test_files_that_together_are_too_large_are_not_merged_at_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_level(home)
    monkeypatch.setattr(compaction, "ROWS_MAX", 150_000)

    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        compaction.compact(con, home, folder, now_ms=clock.now_ms(), groups_max=1)
        merged = [segment.rows for segment in live_segments(con) if segment.level == 1]

    assert merged
    assert max(merged) <= 150_000
