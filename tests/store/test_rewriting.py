"""Rewriting a segment without some rows: what stays is the same, and nothing remembers what went."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.store.rows import events
from usertrack_cli.errors import StoreError
from usertrack_cli.store import parquet, rewriting
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import (
    ARROW_SCHEMA,
    STRINGS,
    Mask,
    read_coded,
    read_segment,
    rows_with,
    write_segment,
)
from usertrack_cli.store.rewriting import rewrite_segment
from usertrack_cli.store.segment import Segment
from usertrack_cli.store.workspace import workspace

NAMES = [f"{number:022d}" for number in range(12)]
GROUP = 100


@pytest.fixture
def segment(home: Home, monkeypatch: pytest.MonkeyPatch) -> Segment:
    """Twelve sessions of 50 rows in six row groups."""
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", GROUP)
    monkeypatch.setattr(rewriting, "ROW_GROUP_ROWS", GROUP)
    with workspace(home) as folder:
        return write_segment(
            home,
            events(dict.fromkeys(NAMES, 50)),
            path="site=default/day=2026-01-05/a-00000000.parquet",
            level=3,
            workspace=folder,
        )


def rewritten(home: Home, segment: Segment, stays: Mask) -> Segment:
    with workspace(home) as folder:
        return rewrite_segment(
            home, segment, stays, sessions=12, workspace=folder, node="00000000", now_ms=1, aged=None
        )


def without(home: Home, segment: Segment, *names: str) -> Mask:
    mask: Mask = ~rows_with(read_coded(home, segment.path, ["session"])["session"], set(names))
    return mask


def remembered(home: Home, path: str) -> str:
    """Every text in the dictionaries and bounds of a file."""
    with closing(pq.ParquetFile(home.segments / path, read_dictionary=STRINGS)) as file:
        groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
        chunks = [chunk for group in groups for name in STRINGS for chunk in group[name].chunks]
        about = [file.metadata.row_group(n).column(c) for n in range(len(groups)) for c in range(62)]
    bounds = [each.statistics for each in about if each.statistics is not None]
    return " ".join(
        [
            *(str(chunk.dictionary.to_pylist()) for chunk in chunks),
            *(f"{each.min} {each.max}" for each in bounds),
        ]
    )


def test_rows_that_stay_are_the_same_and_in_their_order(home: Home, segment: Segment) -> None:
    stays = without(home, segment, NAMES[0], NAMES[5], NAMES[11])
    before = read_segment(home, segment.path)

    new = rewritten(home, segment, stays)

    after = read_segment(home, new.path)
    assert after.equals(before.filter(pa.array(stays)))
    assert (new.rows, new.level, new.day, new.site) == (450, 3, segment.day, "default")
    assert new.first_at == pa.compute.min(after["occurred_at"].cast(pa.int64())).as_py()
    assert pq.read_schema(home.segments / new.path).metadata == ARROW_SCHEMA.metadata


def test_no_dictionary_and_no_bound_remembers_what_went(home: Home, segment: Segment) -> None:
    gone = (NAMES[0], NAMES[5], NAMES[6], NAMES[7])
    assert all(name in remembered(home, segment.path) for name in gone)

    new = rewritten(home, segment, without(home, segment, *gone))

    told = remembered(home, new.path)
    assert all(name not in told for name in gone)
    assert all(name in told for name in NAMES if name not in gone)


def test_row_groups_that_got_small_are_joined_without_losing_their_dictionaries(
    home: Home, segment: Segment
) -> None:
    stays = np.arange(segment.rows) % 10 == 0

    new = rewritten(home, segment, stays)

    about = pq.read_metadata(home.segments / new.path)
    assert [about.row_group(n).num_rows for n in range(about.num_row_groups)] == [60]
    session = about.row_group(0).column(1)
    assert session.path_in_schema == "session"
    assert (
        "PLAIN" not in {each for each in session.encodings if each != "PLAIN"} and session.has_dictionary_page
    )


def test_a_file_that_was_damaged_meanwhile_is_not_copied(home: Home, segment: Segment) -> None:
    stays = without(home, segment, NAMES[3])
    file = home.segments / segment.path
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(bytes(content))

    with pytest.raises(StoreError, match="cannot be read"):
        rewritten(home, segment, stays)

    assert list(home.segments.rglob("*.parquet")) == [file]
    assert list(home.tmp.rglob("*.parquet")) == []


def test_rows_without_a_text_have_none_of_the_texts_sought(home: Home, segment: Segment) -> None:
    texts = read_coded(home, segment.path, ["text"])["text"]

    found = rows_with(texts, {f"{NAMES[0]} 0", "nothing of the kind"})

    assert np.flatnonzero(found).tolist() == [0]
