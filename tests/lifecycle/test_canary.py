"""Canaries: a token of its own in every column of one visitor; after the erasure none is anywhere."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.fault.collecting import collecting
from tests.senders import FIRST_AGENT, FIRST_IP, SECOND_AGENT, SECOND_IP, Sender, pageview
from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.lifecycle import erasure
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.store import catalog, rewriting
from usertrack_cli.store.drain import KEEP_MS, expire
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout
from usertrack_cli.store.parquet import ARROW_SCHEMA, SORT_ORDER, write_segment
from usertrack_cli.store.remembered import remember_list
from usertrack_cli.store.roster import add_segments, retire_segments
from usertrack_cli.store.schema import EVENT_COLUMNS
from usertrack_cli.store.segment import new_segment_path
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.traces import session_tables
from usertrack_cli.store.workspace import workspace

GONE, STAYS = "G0000000000canary00001", "S0000000000others00001"
LISTED = f"\n{GONE}"
"""Which sessions a file holds is a list in the catalog, a line each; the list of the erased has no lines."""
DAY = "2026-11-20"
NUMBERS = 1_234_500_000
NOW_MS = 1_763_640_000_000
STRINGS = [column.name for column in EVENT_COLUMNS if column.type == "string"]


def row(session: str, visitor: str, mark: str, number: int) -> dict[str, Any]:
    """A row whose every text names its column, and whose every number is found nowhere else."""
    values: dict[str, Any] = {}
    for place, column in enumerate(EVENT_COLUMNS):
        if column.type == "string":
            values[column.name] = f"{mark}-{column.name}-{number}"
        elif column.type == "int32":
            values[column.name] = (NUMBERS if mark == "canary" else 0) + place * 100 + number
        elif column.type == "timestamp":
            values[column.name] = NOW_MS + (777 if mark == "canary" else 0) + number
        else:
            values[column.name] = number % 2 == 0 if column.type == "bool" else 1.0
    return values | {"site": "default", "session": session, "visitor": visitor, "epoch": 202611, "seq": number}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.table(
        [pa.array([each[field.name] for each in rows], type=field.type) for field in ARROW_SCHEMA],
        schema=ARROW_SCHEMA,
    )


def tokens(sender: Sender) -> list[str]:
    """What must not be found any more: of the session's id, what stands in lists of files and not alone."""
    kept = {"site", "session", "visitor"}
    texts = [f"canary-{name}" for name in STRINGS if name not in kept]
    return [sender.visitor, FIRST_IP, LISTED, *texts, "canary-"]


@pytest.fixture
def gone(home: Home) -> Sender:
    """The visitor with something in every place that the store has."""
    first = Sender(home, GONE, meta=(("country", "canary-meta"),))
    second = Sender(home, STAYS, ip=SECOND_IP, agent=SECOND_AGENT)
    mine = [row(GONE, first.visitor, "canary", number) for number in range(3)]
    others = [row(STAYS, second.visitor, "other", number) for number in range(3)]
    with workspace(home) as folder, closing(catalog.connect(home)) as con:

        def segment(*rows: dict[str, Any], day: str = DAY, node: str = "00000000") -> Any:
            path = new_segment_path("default", day, node=node, now_ms=NOW_MS)
            return write_segment(home, table(*rows), path=path, level=0, workspace=folder)

        shared, alone, retired = segment(*mine, *others), segment(*mine, day="2026-11-19"), segment(*mine)
        stray, aside = segment(*mine, node=catalog.store_value(con, "node")), segment(*mine)
        with catalog.transaction(con):
            add_segments(con, [shared, alone, retired, aside])
            retire_segments(con, [retired.path], now_ms=clock.now_ms())
            # The next reader finds another digest and moves the file to quarantine, whole as it is.
            con.execute("UPDATE segments SET sha256 = 'another' WHERE path = ?", (aside.path,))
        assert stray.rows == 3
    assert snapshot(home).damaged_files == 1
    boxes = json.dumps([["h", 0, 0, 100, 40, "canary-layout", 0, "#head", -1]]).encode()
    layout = NewLayout(page="/x", hash="h", document_w=1, document_h=1, viewport_w=1, viewport_h=1, boxes=boxes)
    first.send(0, pageview(title="canary-broken"), layouts=(layout,))
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE batches SET body = CAST('canary-broken' AS BLOB), ip = ?", (FIRST_IP,))
    snapshot(home)  # that batch is in quarantine now
    first.send(1, pageview(title="canary-drained"))
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE sessions_open SET client = CAST('canary-client' AS BLOB)")
        for sql in (
            "INSERT INTO tags VALUES ('default', ?, 'canary-tag', 1)",
            "INSERT INTO notes (site, session, note, added_at) VALUES ('default', ?, 'canary-note', 1)",
            "INSERT INTO watched VALUES ('default', ?, 1, 1)",
            "INSERT INTO outputs VALUES ('/nowhere/canary-output', 'default', ?, 1)",
            "INSERT INTO restrictions VALUES ('default', ?, 1)",
        ):
            con.execute(sql, (GONE,))
        filled = {name for name in session_tables(con) if con.execute(f"SELECT 1 FROM {name}").fetchone()}  # noqa: S608
        assert filled == set(session_tables(con)), "a table of sessions has no canary in it"
    first.send(2, pageview(title="canary-waiting"))
    remember_list(home, [("default", GONE), ("default", STAYS)])
    (home.tmp / "dead").mkdir()
    (home.tmp / "dead" / "spill").write_text("canary-tmp")
    (home.root / "catalog-before-9.sqlite").write_text("canary-copy")
    return first


def hits(home: Home, wanted: list[str]) -> list[str]:
    """Every place below the data directory, and beside it, that still holds one of these."""
    places = []
    for file in sorted(
        path for path in [*home.root.rglob("*"), *home.root.parent.glob("*.log")] if path.is_file()
    ):
        content = file.read_bytes()
        places += [f"{file.name}: bytes of {token}" for token in wanted if token.encode() in content]
        if file.suffix == ".parquet":
            places += [f"{file.name}: {place}" for place in parquet_hits(file, wanted)]
    return places


def parquet_hits(file: Path, wanted: list[str]) -> list[str]:
    """Look through decoded columns, dictionaries, statistics and the bloom filter of one file."""
    places = []
    strings = [name for name in pq.read_schema(file).names if name in STRINGS]
    for name, column in zip(
        strings, pq.read_table(file, columns=strings, partitioning=None).columns, strict=True
    ):
        text = "\n".join(str(value) for value in column.unique().to_pylist())
        places += [f"rows of {name}" for token in [*wanted, GONE] if token in text]
    numbers = [column.name for column in EVENT_COLUMNS if column.type == "int32"]
    for name, column in zip(
        numbers, pq.read_table(file, columns=numbers, partitioning=None).columns, strict=True
    ):
        places += [f"rows of {name}" for value in column.unique().to_pylist() if (value or 0) >= NUMBERS]
    coded = pq.read_table(file, columns=strings, read_dictionary=strings, partitioning=None)
    for name in strings:
        for chunk in coded[name].chunks:
            text = "\n".join(str(value) for value in chunk.dictionary.to_pylist())
            places += [f"dictionary of {name}" for token in [*wanted, GONE] if token in text]
    about = pq.read_metadata(file)
    for group in range(about.num_row_groups):
        for place in range(about.num_columns):
            chunk = about.row_group(group).column(place)
            if chunk.statistics is not None and chunk.statistics.has_min_max:
                told = f"{chunk.statistics.min!s} {chunk.statistics.max!s}"
                is_canary = any(token in told for token in [*wanted, GONE, "12345"])
                places += [f"statistics of {chunk.path_in_schema}"] * is_canary
    probe = "SELECT bool_and(bloom_filter_excludes) FROM parquet_bloom_probe($file, 'session', $token)"
    excluded = duckdb.execute(probe, {"file": str(file), "token": GONE}).fetchone()
    places += ["bloom filter"] * (excluded is None or not excluded[0])
    return places


def others(home: Home) -> pa.Table:
    """Every column of every row of the other visitor, as it lies on the disk."""
    files = [pq.read_table(file, partitioning=None) for file in sorted(home.segments.rglob("*.parquet"))]
    rows = pa.concat_tables(files) if files else table()
    return rows.filter(pa.compute.equal(rows["session"], STAYS)).sort_by(SORT_ORDER)


def test_the_canaries_are_where_they_are_looked_for(home: Home, gone: Sender) -> None:
    found = hits(home, tokens(gone))

    for place in (
        "rows of title",
        "dictionary of page",
        "rows of x",
        "statistics of page",
        "bloom filter",
    ):
        assert any(place in each for each in found), place
    for file in ("catalog.sqlite", "batch-", "spill", "catalog-before-9.sqlite"):
        assert any(each.startswith(file) for each in found), file
    assert any(each.startswith("catalog.sqlite") and each.endswith(LISTED) for each in found)
    assert any((home.quarantine).rglob("*.parquet"))


def test_after_the_erasure_no_canary_is_anywhere_and_all_others_are_untouched(
    home: Home, gone: Sender, capsys: pytest.CaptureFixture[str]
) -> None:
    before = others(home)

    with collecting(home.root):  # an erasure beside a running server and its writer
        asked = ["delete", "--ip", FIRST_IP, "--ua", FIRST_AGENT, "--yes", "--data", str(home.root)]
        assert main(asked) == 0

    said = capsys.readouterr()
    assert hits(home, tokens(gone)) == []
    assert all(secret not in said.out + said.err for secret in (gone.visitor, FIRST_IP, FIRST_AGENT))
    assert others(home).equals(before)
    assert before.num_rows == 3
    with closing(catalog.connect(home)) as con:
        for name in session_tables(con):
            held = con.execute(f"SELECT count(*) FROM {name} WHERE session = ?", (GONE,)).fetchone()[0]  # noqa: S608
            assert held == 0, name


def test_after_three_days_the_id_of_the_session_is_gone_too(home: Home, gone: Sender) -> None:
    erase(home, [("default", GONE)])
    assert hits(home, [GONE]) != []

    with closing(catalog.connect(home)) as con:
        expire(con, now_ms=clock.now_ms() + KEEP_MS + 1)
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert hits(home, [*tokens(gone), GONE]) == []


def test_without_secure_delete_canaries_would_stay(
    home: Home, gone: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control: deleted rows stay in the pages of the database."""
    erase_rows = erasure._erase_from_catalog

    def carelessly(con: Any, by_site: Any) -> None:
        con.execute("PRAGMA secure_delete = OFF")
        erase_rows(con, by_site)

    monkeypatch.setattr(erasure, "_erase_from_catalog", carelessly)

    erase(home, [("default", GONE)])

    found = [each for each in hits(home, tokens(gone)) if each.startswith("catalog.sqlite")]
    assert any(each.endswith(LISTED) for each in found)
    assert any("canary-" in each for each in found)


def test_without_the_checkpoint_canaries_would_stay(
    home: Home, gone: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control: until then the pages before the deletion stay in the database file."""
    monkeypatch.setattr(erasure, "_checkpoint", lambda _: None)
    with closing(catalog.connect(home)) as reader:  # the last connection to close would tidy up
        erase(home, [("default", GONE)])

        assert any(each.startswith("catalog.sqlite") for each in hits(home, tokens(gone)))
        assert reader.execute("SELECT count(*) FROM batches").fetchone() is not None


def test_rewriting_through_dictionaries_would_leave_canaries(
    home: Home, gone: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control: a dictionary keeps the values of rows that were filtered out."""
    monkeypatch.setattr(rewriting, "_recoded", lambda rows: rows)

    erase(home, [("default", GONE)])

    assert any("dictionary of" in each for each in hits(home, tokens(gone)))
