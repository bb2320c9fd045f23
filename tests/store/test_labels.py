"""Labels of sessions and files made of them: stored once, refused when they are too much."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import pytest

from usertrack_cli.errors import UsageError
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.labels import (
    NOTE_CHARACTERS_MAX,
    TAG_CHARACTERS_MAX,
    Labels,
    Note,
    add_note,
    add_tag,
    labels_of,
    mark_watched,
    note_outputs,
    remove_tag,
    set_star,
    watched_sessions,
)
from usertrack_cli.store.outputs import write_private
from usertrack_cli.store.remembered import FILE, forget_sessions, remember_list, remembered_list

WHERE = {"site": "default", "session": "s1"}


@pytest.fixture
def con(home: Home) -> Iterator[Connection]:
    with closing(catalog.connect(home)) as open_catalog:
        yield open_catalog


def test_a_session_without_labels_has_none(con: Connection) -> None:
    assert labels_of(con, **WHERE) == Labels()


def test_labels_are_kept_and_a_second_time_changes_nothing(con: Connection) -> None:
    for _ in range(2):
        add_tag(con, **WHERE, tag=" check \n out ", now_ms=1)
        mark_watched(con, **WHERE, now_ms=2)
    add_note(con, **WHERE, note="asks twice", at_ms=500, now_ms=3)
    set_star(con, **WHERE, is_starred=True, now_ms=4)

    assert labels_of(con, **WHERE) == Labels(
        tags=("check out",), notes=(Note(500, "asks twice", 3),), is_watched=True, is_starred=True
    )
    assert watched_sessions(con, site="default") == ["s1"]
    assert remove_tag(con, **WHERE, tag="check out")
    assert not remove_tag(con, **WHERE, tag="check out")


def test_watching_again_does_not_take_the_star(con: Connection) -> None:
    set_star(con, **WHERE, is_starred=True, now_ms=1)
    mark_watched(con, **WHERE, now_ms=2)

    assert labels_of(con, **WHERE).is_starred


@pytest.mark.parametrize("tag", ["", "  ", "x" * (TAG_CHARACTERS_MAX + 1)])
def test_a_tag_of_no_or_too_many_characters_is_refused(con: Connection, tag: str) -> None:
    with pytest.raises(UsageError):
        add_tag(con, **WHERE, tag=tag, now_ms=1)


@pytest.mark.parametrize("note", ["", " \n", "x" * (NOTE_CHARACTERS_MAX + 1)])
def test_a_note_of_no_or_too_many_characters_is_refused(con: Connection, note: str) -> None:
    with pytest.raises(UsageError):
        add_note(con, **WHERE, note=note, at_ms=None, now_ms=1)


def test_a_file_is_noted_by_its_whole_path_once(
    con: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for now_ms in (1, 2):
        note_outputs(con, Path("a.gif"), [("default", "s1")], now_ms=now_ms)

    assert con.execute("SELECT path, written_at FROM outputs").fetchall() == [(str(tmp_path / "a.gif"), 2)]


def test_a_private_file_replaces_another_and_keeps_its_own_rights(tmp_path: Path) -> None:
    file = tmp_path / "a.gif"
    file.write_bytes(b"old")
    file.chmod(0o644)

    write_private(file, b"new")

    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_is_replaced_and_what_it_points_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"old")
    (tmp_path / "a.gif").symlink_to(tmp_path / "precious")

    write_private(tmp_path / "a.gif", b"new")

    assert (tmp_path / "precious").read_bytes() == b"old"
    assert not (tmp_path / "a.gif").is_symlink()


def test_a_disk_that_fails_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.gif").write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        write_private(tmp_path / "a.gif", b"new")
    monkeypatch.undo()

    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]
    assert (tmp_path / "a.gif").read_bytes() == b"old"


def test_the_remembered_list_is_private_and_forgets(home: Home) -> None:
    rows = [("default", "s1"), ("default", "s2"), ("other", "s1")]

    remember_list(home, rows)
    forget_sessions(home, [("default", "s1")])

    assert remembered_list(home) == [("", ""), *rows[1:]]
    assert stat.S_IMODE((home.root / FILE).stat().st_mode) == 0o600
    assert [each.name for each in home.root.iterdir() if each.name.startswith(".last")] == []
