"""Erasing and pruning from the command line."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.commands.conftest import Run
from tests.senders import FIRST_AGENT, FIRST_IP, SECOND_IP, Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.store.home import Home


def listed(run: Run) -> set[str]:
    done = run("sessions", "--json", "--last", "900d")
    return {row["session"] for row in json.loads(done.out)} if done.code == 0 else set()


def test_a_dry_run_shows_what_would_go_and_keeps_it(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    done = run("delete", "--ip", FIRST_IP, "--ua", FIRST_AGENT, "--dry-run")

    assert done.code == 0
    assert session_id(1) in done.out
    assert listed(run) == {session_id(1), session_id(2)}


def test_without_a_terminal_nothing_goes_without_yes(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    done = run("delete", "--ip", FIRST_IP)

    assert done.code == 2
    assert "--yes" in done.err
    assert listed(run) == {session_id(1), session_id(2)}


def test_an_address_alone_finds_the_visitor(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    done = run("delete", "--ip", f"::ffff:{SECOND_IP}", "--yes")

    assert done.code == 0
    assert "erased 1 session" in done.out
    assert listed(run) == {session_id(1)}


def test_the_address_can_come_from_standard_input(
    run: Run, two_visitors: tuple[Sender, Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{FIRST_IP}\n"))

    assert run("delete", "--ip-file", "-", "--yes").code == 0
    assert listed(run) == {session_id(2)}


def test_nothing_found_is_said_and_is_no_failure(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    done = run("delete", "--ip", "192.0.2.99", "--yes")

    assert (done.code, done.out) == (0, "nothing found, nothing erased\n")


def test_neither_address_nor_agent_appears_in_any_output(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    done = run("delete", "--ip", FIRST_IP, "--ua", FIRST_AGENT, "--yes")

    for secret in (FIRST_IP, FIRST_AGENT, two_visitors[0].visitor):
        assert secret not in done.out + done.err


def test_a_single_session_goes_by_its_prefix(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    assert run("delete", "--session", session_id(2), "--yes").code == 0
    assert listed(run) == {session_id(1)}
    assert run("delete", "--session", "s000", "--yes").code == 0


def test_pruning_by_the_settings_asks_nothing(run: Run, home: Home) -> None:
    long_ago = clock.now_ms() - 400 * clock.DAY_MS
    Sender(home, session_id(1), started_at=long_ago - 1000, received_at=long_ago).send(0, pageview())
    Sender(home, session_id(2)).send(0, pageview())

    done = run("prune")

    assert (done.code, listed(run)) == (0, {session_id(2)})
    assert "removed 1 sessions" in done.out or "removed 1 session" in done.out


def test_pruning_more_strictly_than_the_settings_needs_yes(run: Run, home: Home) -> None:
    for number in range(3):
        when = clock.now_ms() - (number + 1) * clock.DAY_MS
        Sender(home, session_id(number), started_at=when - 1000, received_at=when).send(0, pageview())

    assert run("prune", "--max-sessions", "1").code == 2
    assert len(listed(run)) == 3
    assert run("prune", "--max-sessions", "1", "--dry-run").code == 0
    assert len(listed(run)) == 3
    assert run("prune", "--max-sessions", "1", "--yes").code == 0
    assert listed(run) == {session_id(0)}
    assert run("prune").code == 0
