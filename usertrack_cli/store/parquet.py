"""Parquet: segments written so that they survive a power cut and show any damage."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
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

Mask = npt.NDArray[np.bool_]

# Arrow's own allocator takes memory in huge pages, each cleared at its first touch: for the few files of a
# command that takes longer than to read them, and a compaction needs a fifth more.
pa.set_memory_pool(pa.system_memory_pool())

_ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "bool": pa.bool_(),
    "float32": pa.float32(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
}

_METADATA = {"usertrack": str(STORE_VERSION)}
ARROW_SCHEMA = pa.schema(
    [pa.field(column.name, _ARROW_TYPES[column.type]) for column in EVENT_COLUMNS], metadata=_METADATA
)
SORT_ORDER = [("session", "ascending"), ("seq", "ascending"), ("idx", "ascending")]
STRINGS = [column.name for column in EVENT_COLUMNS if column.type == "string"]
_SOUGHT = ["session", "visitor", "epoch", "seq", "occurred_at", "kind", "page", "is_bot"]
"""What questions and erasures leave out row groups by; bounds of all columns cost a fifth of the writing."""
_STEADY = ["epoch", "pageview", "viewport_w", "viewport_h", "document_w", "document_h"]
"""Numbers that stay for hundreds of rows: a dictionary keeps them as runs, read in two thirds of the time."""
_ENCODINGS = {
    column.name: "RLE" if column.type == "bool" else "DELTA_BINARY_PACKED"
    for column in EVENT_COLUMNS
    if column.type in {"int32", "timestamp", "bool"} and column.name not in _STEADY
}
_NO_TEXTS = pa.array([], type=pa.dictionary(pa.int32(), pa.string()))


def write_segment(
    home: Home,
    table: pa.Table,
    *,
    path: str,
    level: int,
    workspace: Path,
    aged: str = "",
    is_sorted: bool = False,
    order: pa.Array | None = None,
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
        order: Numbers of the rows to write, in their order; all rows where left out.

    Raises:
        OSError: The disk is full or failing; nothing is left in ``segments``.
    """
    if order is None and not is_sorted:
        order = pc.sort_indices(table, SORT_ORDER)
    sessions = table["session"] if order is None else table["session"].take(order)
    return write_groups(
        home,
        _pieces(table, order),
        sessions=int(pc.count_distinct(sessions).as_py()),
        path=path,
        level=level,
        workspace=workspace,
        aged=aged,
    )


def _pieces(table: pa.Table, order: pa.Array | None) -> Iterator[pa.Table]:
    # Sorted piece by piece: all at once would be a second copy of everything.
    for begin in range(0, table.num_rows if order is None else len(order), ROW_GROUP_ROWS):
        rows = slice(begin, begin + ROW_GROUP_ROWS)
        yield table[rows] if order is None else table.take(order[rows])


def write_groups(
    home: Home,
    groups: Iterable[pa.Table],
    *,
    sessions: int,
    path: str,
    level: int,
    workspace: Path,
    aged: str = "",
) -> Segment:
    """Write ``groups``, at least one, as the row groups of the segment ``path``, one at a time.

    Args:
        groups: Sorted rows, all with plain strings or all with dictionaries; a dictionary is written as
            it is, with what no row of the group has any more.
        sessions: About how many sessions they hold.

    Raises:
        OSError: The disk is full or failing; nothing is left in ``segments``.
    """
    draft = workspace / f"{secrets.token_hex(8)}.parquet"
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "wb") as file:
            about = _write(file, iter(groups), sessions=sessions)
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
    site, day = (part.partition("=")[2] for part in path.split("/")[:2])
    return Segment(
        path=path,
        site=site,
        day=day,
        level=level,
        rows=sum(each.rows for each in about),
        bytes=size,
        sha256=digest,
        first_at=min(each.first_at for each in about),
        last_at=max(each.last_at for each in about),
        epoch_min=min(each.epoch_min for each in about),
        epoch_max=max(each.epoch_max for each in about),
        aged=aged,
        sessions=frozenset().union(*(each.sessions for each in about)),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """What the catalog has to know of the rows of one group."""

    rows: int
    first_at: int
    last_at: int
    epoch_min: int
    epoch_max: int
    sessions: frozenset[str]

    @classmethod
    def of(cls, table: pa.Table) -> _Group:
        moments = pc.min_max(table["occurred_at"].cast(pa.int64()))
        epochs = pc.min_max(table["epoch"])
        return cls(
            rows=table.num_rows,
            first_at=moments["min"].as_py(),
            last_at=moments["max"].as_py(),
            epoch_min=epochs["min"].as_py(),
            epoch_max=epochs["max"].as_py(),
            sessions=frozenset(pc.unique(table["session"]).to_pylist()),
        )


def _write(file: BinaryIO, groups: Iterator[pa.Table], *, sessions: int) -> list[_Group]:
    first = next(groups)
    schema, groups = first.schema, chain([first], groups)
    del first  # each group is let go before the next one is made
    about = []
    with pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=[*STRINGS, *_STEADY],
        column_encoding=_ENCODINGS,
        write_page_checksum=True,
        write_statistics=_SOUGHT,
        bloom_filter_options={"session": {"ndv": max(1, sessions), "fpp": 0.01}},
        sorting_columns=pq.SortingColumn.from_ordering(schema, SORT_ORDER),
        # Arrow's own schema beside Parquet's would only say whether this process had dictionaries.
        store_schema=False,
    ) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=max(1, group.num_rows))
            about.append(_Group.of(group))
            del group
        writer.add_key_value_metadata(_METADATA)
    return about


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
        raise unreadable(path, error) from error
    wanted = pa.schema([ARROW_SCHEMA.field(name) for name in table.column_names])
    return table if table.schema.equals(wanted) else table.cast(wanted)


def sessions_in(home: Home, path: str) -> dict[str, int]:
    """Return the sessions of a file and their rows, from its decoded column and not from its statistics.

    Raises:
        StoreError: The file is missing or damaged.
    """
    counts = pc.value_counts(read_coded(home, path, ["session"])["session"])
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def read_coded(home: Home, path: str, columns: Sequence[str]) -> dict[str, pa.DictionaryArray]:
    """Return columns of texts as numbers and one dictionary each, ten times as quick as plain texts.

    Raises:
        StoreError: The file is missing or damaged.
    """
    try:
        with open_coded(home, path, columns) as file:
            table = file.read(list(columns), use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error
    whole = table.unify_dictionaries().combine_chunks()
    return {name: whole[name].chunk(0) if whole.num_rows else _NO_TEXTS for name in columns}


def open_coded(home: Home, path: str, columns: Sequence[str] = STRINGS) -> pq.ParquetFile:
    """Open a file whose texts are read as dictionaries, with every page's checksum verified."""
    return pq.ParquetFile(home.segments / path, read_dictionary=list(columns), page_checksum_verification=True)


def rows_with(coded: pa.DictionaryArray, values: AbstractSet[str]) -> Mask:
    """Return which rows have one of these texts."""
    texts = coded.dictionary.to_pylist()
    if values.isdisjoint(texts):
        return np.zeros(len(coded), dtype=np.bool_)
    # An index of -1 is a row without any text, and finds the False that is put last.
    found = np.array([text in values for text in texts] + [False])
    mask: Mask = found[coded.indices.fill_null(-1).to_numpy()]
    return mask


def unreadable(path: str, error: Exception) -> StoreError:
    """Return the error for a file that cannot be read."""
    return StoreError(f"segment {path} cannot be read: {error}", hint="look closer with: usertrack doctor")
