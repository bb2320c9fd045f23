"""Parquet: segments written so that they survive a power cut and show any damage."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import FILE_MODE, Home, make_dirs, sync_dir
from usertrack_cli.store.schema import EVENT_COLUMNS, STORE_VERSION
from usertrack_cli.store.segment import Segment, digest_of

ROW_GROUP_ROWS = 122_880
"""DuckDB's own vector batch; measured best of 20k, 122,880, 500k and 1M rows a group."""
ZSTD_LEVEL = 3
RUNS_MAX = 1_000
"""Above that many runs of rows, copying them once is quicker than writing each by itself."""

_ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "bool": pa.bool_(),
    "float32": pa.float32(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
}

ARROW_SCHEMA = pa.schema(
    [pa.field(column.name, _ARROW_TYPES[column.type]) for column in EVENT_COLUMNS],
    metadata={"usertrack": str(STORE_VERSION)},
)
SORT_ORDER = [("session", "ascending"), ("seq", "ascending"), ("idx", "ascending")]
_STRINGS = [column.name for column in EVENT_COLUMNS if column.type == "string"]
_SOUGHT = ["session", "visitor", "epoch", "seq", "occurred_at", "kind", "page", "is_bot"]
"""What questions and erasures leave out row groups by; bounds of all columns cost a fifth of the writing."""
_STEADY = ["epoch", "pageview", "viewport_w", "viewport_h", "document_w", "document_h"]
"""Numbers that stay for hundreds of rows: a dictionary keeps them as runs, read in two thirds of the time."""
_ENCODINGS = {
    column.name: "RLE" if column.type == "bool" else "DELTA_BINARY_PACKED"
    for column in EVENT_COLUMNS
    if column.type in {"int32", "timestamp", "bool"} and column.name not in _STEADY
}


def write_segment(
    home: Home,
    table: pa.Table,
    *,
    path: str,
    level: int,
    workspace: Path,
    aged: str = "",
    is_sorted: bool = False,
) -> Segment:
    """Write ``table`` as the segment ``path``: sorted, checksummed, synced, then renamed into place.

    Args:
        table: Rows of one site and one start day, with plain strings: an Arrow dictionary would
            keep erased values in the file.
        path: From :func:`new_segment_path`; both file and folder are synced before this returns.
        level: Stored with the segment.
        workspace: This process's own folder below ``tmp``.
        aged: Kinds that retention has already dropped from these rows.
        is_sorted: The rows stand in their order already.

    Raises:
        OSError: The disk is full or failing; nothing is left in ``segments``.
    """
    draft = workspace / f"{secrets.token_hex(8)}.parquet"
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "wb") as file:
            _write_rows(table, file, is_sorted=is_sorted)
            file.flush()
            os.fsync(file.fileno())
        digest, size = digest_of(draft), draft.stat().st_size
        target = home.segments / path
        make_dirs(target.parent, below=home.segments)
        draft.rename(target)
        try:
            sync_dir(target.parent)
        except OSError:
            target.unlink(missing_ok=True)
            raise
    finally:
        draft.unlink(missing_ok=True)
    moments = pc.min_max(table["occurred_at"].cast(pa.int64()))
    epochs = pc.min_max(table["epoch"])
    return Segment(
        path=path,
        site=table["site"][0].as_py(),
        day=path.split("/")[1].removeprefix("day="),
        level=level,
        rows=table.num_rows,
        bytes=size,
        sha256=digest,
        first_at=moments["min"].as_py(),
        last_at=moments["max"].as_py(),
        epoch_min=epochs["min"].as_py(),
        epoch_max=epochs["max"].as_py(),
        aged=aged,
    )


def _write_rows(table: pa.Table, file: IO[bytes], *, is_sorted: bool) -> None:
    order = None if is_sorted else pc.sort_indices(table, SORT_ORDER)
    with pq.ParquetWriter(
        file,
        table.schema,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=[*_STRINGS, *_STEADY],
        column_encoding=_ENCODINGS,
        write_page_checksum=True,
        write_statistics=_SOUGHT,
        bloom_filter_options={"session": {"ndv": _distinct(table, "session"), "fpp": 0.01}},
        sorting_columns=pq.SortingColumn.from_ordering(table.schema, SORT_ORDER),
    ) as writer:
        for begin in range(0, table.num_rows, ROW_GROUP_ROWS):
            # Sorted piece by piece: all at once would be a second copy of everything.
            rows = slice(begin, begin + ROW_GROUP_ROWS)
            writer.write_table(table[rows] if order is None else table.take(order[rows]))


def read_segment(home: Home, path: str, *, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of a segment as plain columns, with every page's checksum verified.

    Raises:
        StoreError: The file is missing or damaged.
    """
    try:
        table = pq.read_table(
            home.segments / path,
            columns=list(columns) if columns is not None else None,
            page_checksum_verification=True,
            partitioning=None,
        )
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"segment {path} cannot be read: {error}", hint="look closer with: usertrack doctor"
        ) from error
    wanted = pa.schema([ARROW_SCHEMA.field(name) for name in table.column_names])
    return table if table.schema.equals(wanted) else table.cast(wanted)


def sessions_in(home: Home, path: str) -> dict[str, int]:
    """Return the sessions of a file and their rows, from its decoded column and not from its statistics.

    Raises:
        StoreError: The file is missing or damaged.
    """
    try:
        column = pq.read_table(
            home.segments / path,
            columns=["session"],
            # Numbers instead of texts: ten times as quick, and the same rows are counted.
            read_dictionary=["session"],
            page_checksum_verification=True,
            partitioning=None,
        )["session"]
        counts = pc.value_counts(column.unify_dictionaries().combine_chunks())
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"segment {path} cannot be read: {error}", hint="look closer with: usertrack doctor"
        ) from error
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def without_sessions(table: pa.Table, sessions: Iterable[str]) -> pa.Table:
    """Return the rows of all other sessions, in their order.

    A segment is sorted, so what stays are a few runs of rows, which need not be copied.
    """
    gone = pa.array(sorted(sessions), type=pa.string())
    stays = pc.invert(pc.is_in(table["session"], value_set=gone))
    edges = np.flatnonzero(np.diff(stays.to_numpy().astype(np.int8), prepend=0, append=0))
    if len(edges) > 2 * RUNS_MAX:
        return table.filter(stays)
    runs = [table.slice(start, end - start) for start, end in edges.reshape(-1, 2).tolist()]
    return pa.concat_tables(runs) if runs else table.slice(0, 0)


def _distinct(table: pa.Table, column: str) -> int:
    return max(1, int(pc.count_distinct(table[column]).as_py()))
