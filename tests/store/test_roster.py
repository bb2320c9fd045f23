"""The roster knows which sessions a segment holds, and what it does not know costs time and no answer."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.senders import Sender, click, pageview, session_id
from tests.store.rows import events
from tests.store.test_versions import GOLDEN, opened
from usertrack_cli import api, clock
from usertrack_cli.errors import IncompleteError
from usertrack_cli.lifecycle import erasure
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.lifecycle.restoration import restore
from usertrack_cli.lifecycle.verification import verify_chain
from usertrack_cli.store import catalog, compaction, migration
from usertrack_cli.store.backup import back_up
from usertrack_cli.store.doctor import Status, examine
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import sessions_in, write_segment
from usertrack_cli.store.roster import add_segments, listed_sessions, live_segments, may_hold
from usertrack_cli.store.segment import new_segment_path
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.workspace import workspace

DAY = "2026-01-05"
NAMES = [f"{letter}{'x' * 21}" for letter in "abcd"]


def put(home: Home, *sessions: str, seq: int = 0) -> str:
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        path = new_segment_path("default", DAY, node="00000000", now_ms=1)
        segment = write_segment(
            home, events(dict.fromkeys(sessions, 3), seq=seq), path=path, level=0, workspace=folder
        )
        with catalog.transaction(con):
            add_segments(con, [segment])
    return path


def lists(home: Home) -> list[tuple[set[str] | None, set[str]]]:
    """What is known of each live segment, and what its file holds."""
    with closing(catalog.connect(home)) as con:
        return [
            (listed_sessions(con, each.path), set(sessions_in(home, each.path))) for each in live_segments(con)
        ]


def pretend(home: Home, path: str, sessions: str | None) -> None:
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE segments SET sessions = ? WHERE path = ?", (sessions, path))


def test_whoever_writes_a_segment_says_which_sessions_it_holds(home: Home) -> None:
    for number in range(4):
        Sender(home, session_id(number)).send(0, pageview(), click(100, number, 5))
    snapshot(home)  # a drain
    put(home, *NAMES[:2])
    put(home, *NAMES[1:], seq=1)

    assert all(known == held for known, held in lists(home))

    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        assert compaction.compact(con, home, folder, now_ms=clock.now_ms()) == 2
    assert {frozenset(known or ()) for known, _ in lists(home)} >= {frozenset(NAMES)}

    erase(home, [("default", NAMES[0]), ("default", session_id(2))])

    known = [known for known, held in lists(home) if known == held]
    assert set().union(*known) == {*NAMES[1:], *map(session_id, (0, 1, 3))}
    assert len(known) == len(lists(home))


def test_only_files_that_hold_a_session_are_looked_at_for_it(home: Home) -> None:
    here, there = put(home, *NAMES[:2]), put(home, *NAMES[2:])
    (home.segments / there).write_bytes(b"damaged")

    assert api.session_by_prefix(home, NAMES[0][:6]) == ("default", NAMES[0])
    with closing(catalog.connect(home)) as con:
        assert [each.path for each in live_segments(con, session=NAMES[0][:6])] == [here]
        assert may_hold(con, {"default": {NAMES[3]}}) == {there}
        assert may_hold(con, {"default": {NAMES[3][:6]}, "blog": {NAMES[0]}}) == set()
    assert snapshot(home, session=NAMES[0]).damaged_files == 0
    assert snapshot(home, session=NAMES[2]).damaged_files == 1


@pytest.mark.parametrize("wild", ["axx%", "a_xx", "a*xx", "xxxx"])
def test_the_beginning_of_an_id_is_taken_as_it_stands(home: Home, wild: str) -> None:
    put(home, *NAMES)

    with closing(catalog.connect(home)) as con:
        assert live_segments(con, session=wild) == []


def test_a_file_of_which_it_is_not_known_is_looked_at(home: Home) -> None:
    path = put(home, *NAMES)
    pretend(home, path, None)

    assert api.session_by_prefix(home, NAMES[2][:6]) == ("default", NAMES[2])
    assert erase(home, [("default", NAMES[2])]).rows == 3
    assert [set(NAMES) - held for _, held in lists(home)] == [{NAMES[2]}]


def test_an_erasure_does_not_believe_a_list_that_is_wrong(home: Home) -> None:
    """The files are decoded at the end; and whoever comes again believes no list at all."""
    pretend(home, put(home, *NAMES), f"\n{NAMES[0]}")

    with pytest.raises(IncompleteError, match="are still in"):
        erase(home, [("default", NAMES[2])])
    erase(home, [("default", NAMES[2])])

    assert lists(home) == [({NAMES[0], NAMES[1], NAMES[3]}, {NAMES[0], NAMES[1], NAMES[3]})]


def test_a_list_whose_file_is_lost_forgets_the_erased_too(home: Home) -> None:
    put(home, *NAMES[:2])
    lost = put(home, *NAMES[1:], seq=1)
    (home.segments / lost).unlink()

    assert erase(home, [("default", NAMES[1])]).rows == 3

    with closing(catalog.connect(home)) as con:
        assert listed_sessions(con, lost) == {NAMES[2], NAMES[3]}


def test_an_erasure_that_left_a_list_as_it_was_would_not_be_verified(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control of the test above."""
    (home.segments / put(home, *NAMES)).unlink()
    monkeypatch.setattr(erasure, "strike_sessions", lambda *_: None)

    with pytest.raises(IncompleteError, match=r"are still in segments$"):
        erase(home, [("default", NAMES[1])])


def test_an_erased_session_that_a_list_names_again_is_found(home: Home) -> None:
    path = put(home, *NAMES)
    erase(home, [("default", "e" * 22)])
    assert verify_chain(home).back == ()

    pretend(home, path, "".join(f"\n{name}" for name in [*NAMES, "e" * 22]))

    assert verify_chain(home).back == (("lists of segments", 1),)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_backup_names_files_that_it_does_not_hold_and_no_erased_session_is_left_there(
    home: Home, tmp_path: Path, *, is_told: bool
) -> None:
    """Whoever restores without the ledger is the control."""
    put(home, *NAMES[:2])
    put(home, *NAMES[1:], seq=1)
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        assert compaction.compact(con, home, folder, now_ms=clock.now_ms()) == 2
    back_up(home, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    erase(home, [("default", NAMES[1])])

    restore(tmp_path / "b", tmp_path / "again", ledger=home.ledger if is_told else None)

    content = b"".join(file.read_bytes() for file in (tmp_path / "again").glob("catalog.sqlite*"))
    assert f"\n{NAMES[0]}".encode() in content
    assert (f"\n{NAMES[1]}".encode() in content) is not is_told


def test_a_deep_look_finds_a_list_that_is_wrong(home: Home) -> None:
    pretend(home, put(home, *NAMES), f"\n{NAMES[0]}")

    found = examine(home, sites=("default",), now_ms=clock.now_ms(), is_deep=True)

    assert [(each.status, "other sessions" in each.detail) for each in found if each.check == "pages"] == [
        (Status.DAMAGE, True)
    ]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name)
def test_a_store_of_any_version_learns_what_its_files_hold(golden: Path, tmp_path: Path) -> None:
    old = opened(golden, tmp_path)

    migration.migrate(old)

    assert all(known == held for known, held in lists(old))
    assert sum(len(held) for _, held in lists(old)) > 1
