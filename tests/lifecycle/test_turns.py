"""The writer's turns: none of its duties has to wait until there is nothing left to drain."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from tests.senders import Sender, click, pageview
from usertrack_cli import clock
from usertrack_cli.lifecycle import writer
from usertrack_cli.lifecycle.writer import ROUNDS_MAX, TIDY_EVERY_S, Writer
from usertrack_cli.store import catalog, compaction, drain
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Inbox
from usertrack_cli.store.parquet import write_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.workspace import workspace

LIVE_MAX = compaction.FAN_IN + ROUNDS_MAX
TURNS = 7


def files_after_each_turn(home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let two batches arrive for each that is drained; return how many files are live after each turn."""
    monkeypatch.setattr(drain, "BATCHES_MAX", 1)
    monkeypatch.setattr(writer, "BATCHES_WAITING_MAX", 1)
    now_s = 0.0
    monkeypatch.setattr(clock, "monotonic_s", lambda: now_s)
    sent = 1
    sender.send(0, pageview())

    def write_while_two_arrive(*given: Any, **named: Any) -> Any:
        nonlocal sent
        arriving = [sender.batch(seq, click(100, 1, 2)) for seq in range(sent, sent + 2)]
        sent += 2
        with closing(catalog.connect(home)) as browsers:
            Inbox(browsers).append(arriving)
        return write_segment(*given, **named)

    monkeypatch.setattr(drain, "write_segment", write_while_two_arrive)
    live = []
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        working = Writer(home, con, folder)
        for _ in range(TURNS):
            now_s += TIDY_EVERY_S
            working.turn()
            live.append(len(live_segments(con)))
    return live


def test_compaction_has_its_turn_where_more_arrives_than_is_drained(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = files_after_each_turn(home, sender, monkeypatch)

    assert max(live) <= LIVE_MAX
    assert live != sorted(live), "nothing was compacted"


def test_without_a_bound_on_each_turn_files_would_pile_up(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(writer, "ROUNDS_MAX", None)

    assert max(files_after_each_turn(home, sender, monkeypatch)) > 2 * LIVE_MAX


def test_what_waits_at_the_end_is_taken_in_however_much_it_is(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "BATCHES_MAX", 1)
    for seq in range(ROUNDS_MAX + 2):
        sender.send(seq, pageview(seq))

    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        working = Writer(home, con, folder)
        working.turn()
        left = Inbox(con).waiting()[0]
        working.finish()

        assert (left, Inbox(con).waiting()[0]) == (2, 0)
