"""Lists in each of their formats, and settings with their origin."""

from __future__ import annotations

import json
import os
import pty
import sys
from contextlib import closing

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, session_id
from usertrack_cli import console
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home


def test_a_pipe_gets_tab_separated_values_with_a_header(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    done = run("pages")

    assert done.out == "page\tsessions\tpageviews\tclicks\n/shop\t2\t2\t2\n/cart\t1\t1\t0\n"


def test_json_has_the_published_keys(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    rows = json.loads(run("sessions", "--json").out)

    published = [
        "session",
        "site",
        "started_at",
        "duration_ms",
        "active_ms",
        "pageviews",
        "clicks",
        "country",
        "browser",
        "device",
        "tags",
    ]
    assert {row["session"] for row in rows} == {session_id(1), session_id(2)}
    assert all(set(published) <= set(row) for row in rows)
    assert all(row["tags"] == [] for row in rows)


def test_nl_is_one_object_a_line(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    lines = run("sessions", "--nl").out.splitlines()

    assert [json.loads(line)["clicks"] for line in lines] == [1, 1]


def test_csv_cannot_become_a_formula(run: Run, sender: Sender) -> None:
    sender.again(page="/=cmd").send(
        0, ["c", 1, 1, 1, 0, 0, 0, 1, 1, "=1+1", "@SUM(1)", 0, None, -1], ["g", 2, "=HYPERLINK(1)"]
    )

    done = run("sessions", "--csv")

    assert "'=HYPERLINK(1)" in done.out
    assert ",=" not in done.out


def test_a_terminal_gets_a_table_that_fits(
    run: Run, two_visitors: tuple[Sender, Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    lines = run("sessions").out.splitlines()

    assert lines[0].split()[:2] == ["@", "SESSION"]
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_terminal_that_does_not_know_its_size_has_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    outer, inner = pty.openpty()
    monkeypatch.delenv("COLUMNS", raising=False)

    with os.fdopen(inner, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        width = console.terminal_width()
    os.close(outer)

    assert width == 80


def test_only_sessions_that_showed_the_page_are_listed(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    exact = json.loads(run("sessions", "--page", "/cart", "--json").out)
    several = json.loads(run("sessions", "--page", "/*", "--json").out)

    assert [row["session"] for row in exact] == [session_id(2)]
    assert [row["pageviews"] for row in exact] == [2]
    assert len(several) == 2


def test_bots_are_kept_apart_and_shown_when_asked(run: Run, sender: Sender) -> None:
    sender.again(meta=(("is_bot", True),)).send(0, ["v", 0, 1])

    for command in ("sessions", "pages"):
        left_out, counted = run(command), run(command, "--include-bots", "--json")

        assert left_out.code == 3
        assert "1 session of bots left out; --include-bots counts them" in left_out.err
        assert len(json.loads(counted.out)) == 1
        assert "left out" not in counted.err


def test_config_shows_where_each_value_came_from(run: Run, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.root / "usertrack.toml").write_text('inputs = "off"\n')
    monkeypatch.setenv("USERTRACK_PORT", "9000")

    rows = {row["name"]: row for row in json.loads(run("config", "--origin", "--json").out)}

    assert (rows["inputs"]["value"], rows["inputs"]["origin"]) == ("off", "usertrack.toml")
    assert (rows["port"]["value"], rows["port"]["origin"]) == ("9000", "USERTRACK_PORT")
    assert (rows["max_age"]["value"], rows["max_age"]["origin"]) == ("390d", "default")


def test_the_snippet_is_one_script_tag(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("snippet", "--local").out == '<script defer src="http://localhost:8770/tracker.js"></script>\n'
    monkeypatch.setenv("USERTRACK_PUBLIC_URL", "https://stats.example")
    assert (
        run("snippet", "--site", "blog").out
        == '<script defer src="https://stats.example/tracker.js?site=blog"></script>\n'
    )


def test_every_list_can_be_narrowed_to_a_tag(run: Run, two_visitors: tuple[Sender, Sender], home: Home) -> None:
    two_visitors[0].send(5, ["g", 9_000, "checkout"])
    with closing(catalog.connect(home)) as con:
        con.execute("INSERT INTO tags VALUES ('default', ?, 'seen', 0)", (session_id(2),))

    def tagged(tag: str) -> list[str]:
        return [row["session"] for row in json.loads(run("sessions", "--tag", tag, "--json").out)]

    assert (tagged("checkout"), tagged("seen")) == ([session_id(1)], [session_id(2)])
    assert json.loads(run("stats", "--tag", "seen", "--json").out)[-1]["sessions"] == 1
    assert json.loads(run("elements", "--page", "/shop", "--tag", "checkout", "--json").out)[0]["sessions"] == 1
    assert run("heatmap", "--page", "/shop", "--tag", "nothing").code == 3
