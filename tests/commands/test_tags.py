"""Tags put on by hand and by rules: listed, filtered by, tried, and never raw SQL that reads elsewhere."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, pageview, session_id
from usertrack_cli.store.home import Home

RULE = '[[tag]]\nname = "saw the cart"\nwhere = "list_contains(route, \'/cart\')"\n'


def tags_of(run: Run, *arguments: str) -> dict[str, list[str]]:
    return {row["session"]: row["tags"] for row in json.loads(run("sessions", *arguments, "--json").out)}


def test_a_new_rule_tags_an_old_session_everywhere(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender]
) -> None:
    assert tags_of(run) == {session_id(1): [], session_id(2): []}

    (home.root / "usertrack.toml").write_text(RULE)

    assert tags_of(run) == {session_id(1): [], session_id(2): ["saw the cart"]}
    assert tags_of(run, "--tag", "saw the cart") == {session_id(2): ["saw the cart"]}
    stats = json.loads(run("stats", "--by", "tag", "--json").out)
    assert {row["key"]: row["sessions"] for row in stats} == {"(none)": 1, "saw the cart": 1, "total": 2}
    assert run("stats", "--tag", "saw the cart", "--json").code == 0
    assert json.loads(run("sql", "SELECT session, tags FROM sessions WHERE len(tags) > 0", "--json").out) == [
        {"session": session_id(2), "tags": ["saw the cart"]}
    ]
    assert run("pages", "--tag", "another").code == 3


def test_tags_are_put_on_and_taken_away_by_id_by_row_and_from_a_pipe(
    run: Run, two_visitors: tuple[Sender, Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sessions")
    assert "put on 1 session" in run("tags", "add", "seen", "@1").err
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{session_id(1)}\n{session_id(2)}\n"))

    assert "put on 1 session" in run("tags", "add", "seen", "-").err
    assert tags_of(run) == {session_id(1): ["seen"], session_id(2): ["seen"]}
    assert "taken from 1 session" in run("tags", "remove", "seen", session_id(1)).err
    assert tags_of(run, "--tag", "seen") == {session_id(2): ["seen"]}


def test_a_list_says_where_tags_come_from(run: Run, home: Home, two_visitors: tuple[Sender, Sender]) -> None:
    two_visitors[0].send(1, ["g", 3000, "vip"])
    run("tags", "add", "vip", session_id(2))
    (home.root / "usertrack.toml").write_text(
        RULE + RULE.replace("saw the cart", "idle").replace("/cart", "/no")
    )

    done = run("tags", "list", "--json")

    assert json.loads(done.out) == [
        {"tag": "vip", "sessions": 2, "by_page": 1, "by_others": 1, "rule": None},
        {
            "tag": "saw the cart",
            "sessions": 1,
            "by_page": 0,
            "by_others": 1,
            "rule": "list_contains(route, '/cart')",
        },
    ]
    assert "catch no session in this range: idle" in done.err


def test_a_rule_can_be_tried_by_name_and_as_a_condition(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender]
) -> None:
    (home.root / "usertrack.toml").write_text(RULE)

    tried = run("tags", "test", "pageviews = 1", "--json")

    assert [row["session"] for row in json.loads(tried.out)] == [session_id(1)]
    assert json.loads(tried.out)[0]["tags"] == []
    assert "catches 1 session" in tried.err
    assert [row["session"] for row in json.loads(run("tags", "test", "saw the cart", "--json").out)] == [
        session_id(2)
    ]
    assert run("tags", "test", "pageviews > 99").code == 3


@pytest.mark.parametrize(
    "rule",
    [
        "nonsense(",
        "no_such_column = 1",
        "true); DELETE FROM labels; SELECT (true",
        "EXISTS (SELECT * FROM read_text('/etc/passwd'))",
        "EXISTS (SELECT * FROM read_parquet(getvariable('segment_files')))",
        "EXISTS (FROM '/etc/passwd')",
    ],
)
def test_a_rule_that_is_no_condition_is_exit_code_2(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], rule: str
) -> None:
    tried = run("tags", "test", rule)
    (home.root / "usertrack.toml").write_text(f'[[tag]]\nname = "broken"\nwhere = """{rule}"""\n')
    listed = run("sessions")

    assert (tried.code, tried.out) == (2, "")
    assert listed.code == 2
    assert "'broken'" in listed.err
    assert run("pages").code == 0


def test_bots_are_not_tagged_unless_they_are_counted(run: Run, home: Home) -> None:
    (home.root / "usertrack.toml").write_text('[[tag]]\nname = "all"\nwhere = "true"\n')
    Sender(home, session_id(1)).send(0, pageview())
    Sender(home, session_id(2), meta=(("is_bot", True),)).send(0, pageview())

    assert list(tags_of(run, "--tag", "all")) == [session_id(1)]
    assert set(tags_of(run, "--tag", "all", "--include-bots")) == {session_id(1), session_id(2)}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tags", "add", "x" * 65, session_id(1)], 2),
        (["tags", "add", "x", "nobody-here"], 3),
        (["tags", "add", "x", "s0"], 2),
        (["tags", "list"], 3),
    ],
)
def test_what_cannot_be_tagged_says_so(
    run: Run, two_visitors: tuple[Sender, Sender], arguments: list[str], code: int
) -> None:
    done = run(*arguments)

    assert (done.code, done.out) == (code, "")
