"""Rewriting: a segment once more without some of its rows, a row group at a time.

Row groups that stay whole keep the dictionaries they have. In the others what no row has any more leaves the
dictionary. Texts are never decoded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import ROW_GROUP_ROWS, Mask, open_coded, unreadable, write_groups
from usertrack_cli.store.segment import Segment, new_segment_path

FILES_AT_ONCE_MAX = 8
"""Files being read or rewritten at the same time; each takes some 100 MB, whatever its size."""

SLICES_MAX = 100
"""More than that, and a copy of the rows is quicker than the slices: each column is written by the piece."""


def files_at_once() -> int:
    """Return how many files to work on at the same time."""
    return min(os.cpu_count() or 1, FILES_AT_ONCE_MAX)


def rewrite_segment(
    home: Home,
    segment: Segment,
    stays: Mask,
    *,
    sessions: int,
    workspace: Path,
    node: str,
    now_ms: int,
    aged: str | None = None,
) -> Segment:
    """Write the rows of ``segment`` that stay, at least one, as a new segment in the same order.

    Args:
        stays: One for each row of the file.
        sessions: About how many sessions stay.
        aged: Kinds that retention dropped; those of ``segment`` where left out.

    Raises:
        StoreError: The file is missing or damaged.
        OSError: The disk is full or failing; nothing is left in ``segments``.
    """
    return write_groups(
        home,
        _large(_staying(home, segment.path, stays)),
        sessions=sessions,
        path=new_segment_path(segment.site, segment.day, node=node, now_ms=now_ms),
        level=segment.level,
        workspace=workspace,
        aged=segment.aged if aged is None else aged,
    )


def _staying(home: Home, path: str, stays: Mask) -> Iterator[pa.Table]:
    """Give what stays of each row group, where anything does."""
    try:
        with open_coded(home, path) as file:
            start = 0
            for number in range(file.num_row_groups):
                group = file.read_row_group(number, use_threads=False)
                kept = stays[start : start + group.num_rows]
                start += group.num_rows
                if kept.all():
                    yield group
                elif kept.any():
                    yield _recoded(_kept(group, kept))
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from error


def _kept(group: pa.Table, kept: Mask) -> pa.Table:
    """Return the rows that are kept, as slices: those of a session stand together."""
    edges = np.flatnonzero(np.diff(kept, prepend=False, append=False)).reshape(-1, 2)
    if len(edges) > SLICES_MAX:
        return group.filter(pa.array(kept))
    return pa.concat_tables([group.slice(begin, end - begin) for begin, end in edges.tolist()])


def _recoded(rows: pa.Table) -> pa.Table:
    """Give texts dictionaries that hold nothing but what the rows hold."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type):
            rows = rows.set_column(place, field, _trimmed(rows.column(place).combine_chunks()))
    return rows


def _trimmed(texts: pa.DictionaryArray) -> pa.DictionaryArray:
    """Leave out of the dictionary what no row has; ten times as quick as to make it anew from the texts."""
    has_row = np.zeros(len(texts.dictionary), dtype=np.bool_)
    has_row[texts.indices.drop_null().to_numpy()] = True
    if has_row.all():
        return texts
    places = pa.array(np.cumsum(has_row, dtype=np.int32) - 1, type=pa.int32())
    return pa.DictionaryArray.from_arrays(
        places.take(texts.indices), texts.dictionary.filter(pa.array(has_row))
    )


def _large(groups: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Join neighbours that together fit into one row group: of few rows each, they are slow to read."""
    held: list[pa.Table] = []
    for group in groups:
        if held and sum(each.num_rows for each in held) + group.num_rows > ROW_GROUP_ROWS:
            yield _joined(held)
            held = []
        held.append(group)
    if held:
        yield _joined(held)


def _joined(groups: list[pa.Table]) -> pa.Table:
    return groups[0] if len(groups) == 1 else pa.concat_tables(groups).unify_dictionaries()
