"""A batch is stored exactly once, whatever is sent again and whenever."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.fault.collecting import Browser, batch, collecting, stored, unsafely
from tests.senders import Sender, click, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.commands.init import prepare
from usertrack_cli.store import catalog, compaction
from usertrack_cli.store.compaction import compact
from usertrack_cli.store.drain import drain, expire
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.inbox import Inbox, NewBatch, Outcome
from usertrack_cli.store.parquet import read_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.workspace import workspace


class Delivery(RuleBasedStateMachine):
    """Send, lose the answer, send again, drain, compact, forget, restart, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.home = create_home(Path(self.folder.name) / "data")
        prepare(self.home)
        self.con = catalog.connect(self.home)
        self.sent: dict[tuple[str, int], NewBatch] = {}
        self.started_at = clock.now_ms() - 60_000

    @rule(session=st.integers(0, 2), seq=st.integers(0, 4))
    def send(self, session: int, seq: int) -> None:
        sender = Sender(self.home, session_id(session), started_at=self.started_at)
        made = sender.batch(seq, click(100, session, seq))
        (outcome,) = Inbox(self.con).append([made])
        is_new = (made.session, seq) not in self.sent
        assert outcome is (Outcome.STORED if is_new else Outcome.DUPLICATE)
        self.sent[made.session, seq] = made

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        made = self.sent[data.draw(st.sampled_from(sorted(self.sent)))]
        assert Inbox(self.con).append([made]) == [Outcome.DUPLICATE]

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_other_content(self, data: st.DataObject) -> None:
        session, seq = data.draw(st.sampled_from(sorted(self.sent)))
        other = Sender(self.home, session, started_at=self.started_at).batch(seq, click(999, 9, 9))
        assert Inbox(self.con).append([other]) == [Outcome.CONFLICT]

    @rule()
    def take_in(self) -> None:
        with workspace(self.home) as folder:
            drain(self.con, self.home, folder, now_ms=clock.now_ms())

    @rule()
    def merge(self) -> None:
        fan_in, compaction.FAN_IN = compaction.FAN_IN, 2
        with workspace(self.home) as folder:
            compact(self.con, self.home, folder, now_ms=clock.now_ms())
        compaction.FAN_IN = fan_in

    @rule()
    def restart(self) -> None:
        self.con.close()
        self.con = catalog.connect(self.home)

    @rule(hours=st.integers(0, 71))
    def forget_what_is_due(self, hours: int) -> None:
        expire(self.con, now_ms=clock.now_ms() + hours * HOUR_MS)

    @invariant()
    def everything_is_there_once(self) -> None:
        rows = [
            (row["session"], row["seq"])
            for segment in live_segments(self.con)
            for row in read_segment(self.home, segment.path, columns=["session", "seq"]).to_pylist()
        ]
        rows += self.con.execute("SELECT session, seq FROM batches WHERE body IS NOT NULL").fetchall()
        assert sorted(rows) == sorted(self.sent)

    def teardown(self) -> None:
        self.con.close()
        self.folder.cleanup()


Delivery.TestCase.settings = settings(max_examples=15, stateful_step_count=15)


class TestDelivery(Delivery.TestCase):  # type: ignore[misc,valid-type] # made by Hypothesis
    """Retries, drains, compactions and restarts in any order store each batch once."""


FIRST_FINDING: dict[str, Any] = {"phases": [Phase.generate], "report_multiple_bugs": False}


def test_a_filter_that_forgot_too_early_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.setattr("usertrack_cli.store.drain.KEEP_MS", 0)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Delivery, settings=settings(Delivery.TestCase.settings, **FIRST_FINDING))


FRESH_CLOCK_IN_DIGEST = """
import usertrack_cli.ingest.wire as w
batch = w._batch
def with_clock(envelope, rejected):
    made = batch(envelope, rejected)
    return w.replace(made, digest=made.digest[:8] + made.sent_at.to_bytes(8, "big"))
w._batch = with_clock
"""
"""A digest over what a browser writes anew at every attempt."""
KNOWN_TO_THIS_PROCESS_ALONE = """
import usertrack_cli.store.inbox as i
known, append = set(), i.Inbox.append
def noting(self, batches):
    known.update((each.site, each.session, each.seq) for each in batches)
    return append(self, batches)
i.Inbox.append = noting
i.Inbox.missing = lambda self, site, session, seqs: [q for q in seqs if (site, session, q) not in known]
"""
NO_BATCH_IS_TOO_OLD = """
import usertrack_cli.ingest.wire as w
w.BATCH_AGE_MS_MAX = 2**62
"""


@pytest.fixture
def browser() -> Iterator[Browser]:
    with closing(Browser("b" * 22)) as made:
        yield made


def answers_to_retries(data: Path, browser: Browser, environ: dict[str, str]) -> list[int | None]:
    """Send a batch, a retry with a fresh clock and other content, in three lives of one store."""
    content = json.loads(batch(browser.session, 0))
    again = json.dumps(content | {"n": content["n"] + 5_000, "u": [0, 7]}).encode()
    other = json.dumps(content | {"e": content["e"][:1]}).encode()
    statuses = []

    for _ in range(3):
        with collecting(data, "--flush-interval", "1s", environ=environ) as collector:
            statuses.append(browser.post(collector.port, json.dumps(content).encode()))
            statuses.append(browser.post(collector.port, again))
            statuses.append(browser.post(collector.port, other))
            assert len(stored(data)) == 2
            collector.kill()
    return statuses


def test_a_retry_is_known_over_drain_and_restart(tmp_path: Path, browser: Browser) -> None:
    assert answers_to_retries(tmp_path / "data", browser, {}) == [204, 200, 409] * 3


def test_a_digest_over_the_clock_of_an_attempt_would_be_found(tmp_path: Path, browser: Browser) -> None:
    """The control of the test above."""
    environ = unsafely(FRESH_CLOCK_IN_DIGEST, tmp_path)

    assert answers_to_retries(tmp_path / "data", browser, environ)[:2] == [204, 409]


def asked_after_a_restart(data: Path, browser: Browser, environ: dict[str, str]) -> dict[str, list[object]]:
    """Return what is asked of a browser whose second of three batches never came."""
    with collecting(data) as first:
        for seq in (0, 2):
            assert browser.post(first.port, batch(browser.session, seq)) == 204
        first.kill()
    content = json.loads(batch(browser.session, 3)) | {"u": [0, 1, 2]}
    content["e"].append(["k", 1500, "1abc", 1280, 1902])
    with collecting(data, environ=environ) as second:
        return ask_for_answer(second.port, json.dumps(content).encode())


def test_what_is_missing_is_asked_for_right_after_a_restart(tmp_path: Path, browser: Browser) -> None:
    said = asked_after_a_restart(tmp_path / "data", browser, {})

    assert said["miss"] == [1]
    assert said["need"] == ["1abc"]


def test_a_server_that_knew_only_what_it_took_itself_would_be_found(tmp_path: Path, browser: Browser) -> None:
    """The control of the test above."""
    environ = unsafely(KNOWN_TO_THIS_PROCESS_ALONE, tmp_path)

    assert asked_after_a_restart(tmp_path / "data", browser, environ)["miss"] == [0, 1, 2]


def ask_for_answer(port: int, content: bytes) -> dict[str, list[object]]:
    import http.client

    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST", "/i", content, {"Content-Type": "text/plain", "User-Agent": "Firefox/140"})
        said: dict[str, list[object]] = json.loads(connection.getresponse().read())
        return said


def stored_of_an_old_and_a_young_batch(data: Path, browser: Browser, environ: dict[str, str]) -> set[int]:
    now_ms = clock.now_ms()
    old = json.loads(batch(browser.session, 0)) | {"t": now_ms - 3 * DAY_MS, "n": now_ms}
    young = json.loads(batch(browser.session, 1)) | {"t": now_ms - DAY_MS, "n": now_ms}

    with collecting(data, environ=environ) as running:
        assert browser.post(running.port, json.dumps(old).encode()) == 204
        assert browser.post(running.port, json.dumps(young).encode()) == 204
        return {row[1] for row in stored(data)}


def test_a_batch_over_48_hours_old_is_answered_and_not_stored(tmp_path: Path, browser: Browser) -> None:
    assert stored_of_an_old_and_a_young_batch(tmp_path / "data", browser, {}) == {1}


def test_a_server_for_which_no_batch_is_too_old_would_be_found(tmp_path: Path, browser: Browser) -> None:
    """The control of the test above."""
    environ = unsafely(NO_BATCH_IS_TOO_OLD, tmp_path)

    assert 0 in stored_of_an_old_and_a_young_batch(tmp_path / "data", browser, environ)


def test_a_batch_is_known_for_72_hours_and_not_much_longer(home: Home) -> None:
    sender = Sender(home, session_id(1), started_at=clock.now_ms() - 60_000)
    sender.send(0, click(100, 1, 1))
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        drain(con, home, folder, now_ms=clock.now_ms())
        expire(con, now_ms=clock.now_ms() + 71 * HOUR_MS)
        within = sender.send(0, click(100, 1, 1))
        expire(con, now_ms=clock.now_ms() + 73 * HOUR_MS)
        left = con.execute("SELECT count(*) FROM batches").fetchone()[0]

    assert within is Outcome.DUPLICATE
    assert left == 0
