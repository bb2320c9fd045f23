"""The drain takes each batch exactly once and keeps what it says."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.store import catalog, drain
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Inbox, Outcome
from usertrack_cli.store.parquet import read_segment, write_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.workspace import workspace


def take_in(home: Home) -> int:
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        return drain.drain(con, home, folder, now_ms=clock.now_ms())


def stored_rows(home: Home) -> list[dict[str, object]]:
    with closing(catalog.connect(home)) as con:
        return [row for s in live_segments(con) for row in read_segment(home, s.path).to_pylist()]


def test_a_batch_becomes_rows_in_document_pixels(home: Home, sender: Sender) -> None:
    sender.send(0, pageview(0, "/shop?utm_source=letter"), click(1500, 100, 200, scroll_y=300))

    take_in(home)

    first, second = stored_rows(home)
    assert (first["kind"], first["page"], first["utm_source"], first["width_class"]) == (
        "pageview",
        "/shop",
        "letter",
        "wide",
    )
    assert (second["kind"], second["x"], second["y"], second["selector"]) == ("click", 100, 500, "#buy")
    assert (second["occurred_at"] - first["occurred_at"]).total_seconds() == 1.5  # type: ignore[operator]


def test_a_move_run_becomes_one_row_a_sample(home: Home, sender: Sender) -> None:
    sender.send(0, ["m", 100, 0, 50, 10, 20, [50, 5, 5, 60, -3, 4], ["#list", 0, 30]])

    take_in(home)

    assert [(row["x"], row["y"], row["container_y"]) for row in stored_rows(home)] == [
        (10, 70, 30),
        (15, 75, 30),
        (12, 79, 30),
    ]


def test_a_batch_sent_again_is_known_before_and_after_the_drain(home: Home, sender: Sender) -> None:
    first = sender.again(started_at=clock.now_ms() - 60_000)

    outcomes = [first.send(0, pageview()), first.send(0, pageview())]
    take_in(home)
    outcomes.append(first.send(0, pageview()))
    outcomes.append(first.send(0, pageview(title="Other")))
    take_in(home)

    assert outcomes == [Outcome.STORED, Outcome.DUPLICATE, Outcome.DUPLICATE, Outcome.CONFLICT]
    assert len(stored_rows(home)) == 1


def test_the_inbox_is_emptied_of_what_identifies(home: Home, sender: Sender) -> None:
    sender.send(0, pageview())

    take_in(home)

    with closing(catalog.connect(home)) as con:
        assert con.execute("SELECT visitor, ip, meta, body FROM batches").fetchall() == [
            (None, None, None, None)
        ]


def test_a_drain_that_cannot_commit_leaves_no_file_and_every_batch(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.send(0, pageview())

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(drain, "add_segments", fail)
    with pytest.raises(OSError, match="No space"):
        take_in(home)
    monkeypatch.undo()

    assert list(home.segments.rglob("*.parquet")) == []
    assert take_in(home) == 1
    assert len(stored_rows(home)) == 1


def test_a_drain_is_overtaken_by_an_erasure_between_read_and_commit(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sender.again(session=session_id(2))
    sender.send(0, pageview())
    other.send(0, pageview())
    write = write_segment

    def write_while_somebody_erases(*given: Any, **named: Any) -> Any:
        written = write(*given, **named)
        with closing(catalog.connect(home)) as eraser:
            eraser.execute("INSERT INTO tombstones VALUES ('default', ?, 0, NULL)", (sender.session,))
            eraser.execute("DELETE FROM batches WHERE session = ?", (sender.session,))
        monkeypatch.setattr("usertrack_cli.store.drain.write_segment", write)
        return written

    monkeypatch.setattr("usertrack_cli.store.drain.write_segment", write_while_somebody_erases)
    take_in(home)

    assert {row["session"] for row in stored_rows(home)} == {other.session}
    assert len(list(home.segments.rglob("*.parquet"))) == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 5_000), st.integers(0, 5_000)),
        max_size=20,
    )
)
def test_every_event_arrives_once_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, int, int, int]]
) -> None:
    from usertrack_cli.commands.init import prepare
    from usertrack_cli.store.home import create_home

    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    sender = Sender(home, session_id(0), started_at=clock.now_ms() - 60_000)
    wanted = []
    for number, (session, pauses, x, y) in enumerate(plan):
        sender.again(session=session_id(session)).send(number, click(number, x, y), click(number, y, x))
        wanted += [(session_id(session), number, 0, x, y), (session_id(session), number, 1, y, x)]
        if pauses == 0:
            take_in(home)
    take_in(home)

    stored = [(r["session"], r["seq"], r["idx"], r["x"], r["y"]) for r in stored_rows(home)]
    assert sorted(stored) == sorted(wanted)


def test_files_are_for_their_owner_only(home: Home, sender: Sender) -> None:
    sender.send(0, pageview())

    take_in(home)

    readable = [p for p in _everything(home.root) if p.stat().st_mode & 0o077]
    assert readable == []


def _everything(root: Path) -> list[Path]:
    return [root, *root.rglob("*")]


@pytest.mark.parametrize("batches_max", [drain.BATCHES_MAX, 1])
def test_a_drain_under_a_steady_load_takes_what_waited_and_returns(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch, batches_max: int
) -> None:
    monkeypatch.setattr(drain, "BATCHES_MAX", batches_max)
    seqs = iter(range(1, 1_000))

    def write_while_another_arrives(*arguments: Any, **named: Any) -> Any:
        sender.send(next(seqs), click(100, 1, 2))
        return write_segment(*arguments, **named)

    monkeypatch.setattr(drain, "write_segment", write_while_another_arrives)
    sender.send(0, pageview())

    assert [take_in(home), take_in(home)] == [1, 1]


def test_large_batches_are_drained_a_few_at_once(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seq in range(3):
        sender.send(seq, pageview(seq))
    monkeypatch.setattr(drain, "BODY_BYTES_MAX", 1)

    drained = take_in(home)

    with closing(catalog.connect(home)) as con:
        assert (drained, [segment.rows for segment in live_segments(con)]) == (3, [1, 1, 1])


def test_who_acknowledges_leaves_the_log_to_the_drain(home: Home, sender: Sender) -> None:
    selector = "#" + "x" * 4_000
    batches = [sender.batch(seq, *[click(0, 1, 1, selector=selector)] * 4) for seq in range(300)]
    with closing(catalog.connect(home)) as con:
        catalog.leave_checkpoints(con)
        bytes_before = home.catalog.stat().st_size

        Inbox(con).append(batches)
        bytes_acknowledged = home.catalog.stat().st_size
        take_in(home)

        assert bytes_acknowledged == bytes_before
        assert home.catalog.stat().st_size > bytes_before
