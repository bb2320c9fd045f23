"""Erasing and pruning from the command line."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Done, Run
from tests.senders import FIRST_AGENT, FIRST_IP, SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.store.home import Home
from usertrack_cli.store.snapshot import snapshot


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

    assert done.code == 0
    assert done.out.startswith("nothing found, nothing erased\nreceipt 1: ")
    assert json.loads(run("receipt", "list", "--json").out)[0]["sessions"] == 0


def test_a_dry_run_that_finds_nothing_says_so(run: Run) -> None:
    done = run("delete", "--ip", "198.51.100.77", "--dry-run")

    assert (done.code, done.out) == (0, "nothing found, nothing would be erased\n")


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
    assert "removed 1 session" in done.out


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


@pytest.fixture
def office(home: Home) -> tuple[Sender, Sender]:
    """Two people behind one address, told apart by their browsers; the first has two windows open."""
    first = Sender(home, session_id(1), meta=(("screen_w", 1920), ("screen_h", 1080)))
    first.send(0, pageview(), click(5_000, 1, 1))
    other_window = first.again(session=session_id(3), meta=(("screen_w", 800), ("screen_h", 600)))
    other_window.send(0, pageview(), click(6_000, 1, 1))
    second = first.again(
        session=session_id(2), agent=SECOND_AGENT, meta=(("browser", "Chrome"), ("os", "Windows"))
    )
    second.send(0, pageview(), click(7_000, 1, 1))
    return first, second


def test_a_shared_address_is_listed_by_agent_and_doubted(run: Run, office: tuple[Sender, Sender]) -> None:
    done = run("delete", "--ip", FIRST_IP, "--dry-run")

    assert f"2\t{FIRST_AGENT}" in done.out
    assert f"1\t{SECOND_AGENT}" in done.out
    assert "2 agents at this address" in done.err
    assert "1 session at the same time as another and 2 screens with one address and agent" in done.err
    assert "3 sessions with 6 events on 1 day" in done.err


@pytest.mark.parametrize(
    "narrowed", [["--ua", SECOND_AGENT], ["--browser", "chrome"], ["--os", "windows"], ["--browser", "Chrome"]]
)
def test_agent_browser_or_system_narrow_a_shared_address(
    run: Run, office: tuple[Sender, Sender], narrowed: list[str]
) -> None:
    assert run("delete", "--ip", FIRST_IP, *narrowed, "--yes").code == 0

    assert listed(run) == {session_id(1), session_id(3)}


@pytest.mark.parametrize(
    "given", [["--site", "default"], ["--include-bots"], ["--tz", "UTC"], ["--request", "1"]]
)
def test_what_narrows_nothing_erases_nothing(
    run: Run, two_visitors: tuple[Sender, Sender], given: list[str]
) -> None:
    done = run("delete", *given, "--yes")

    assert done.code == 2
    assert "nothing says whose data is to go" in done.err
    assert listed(run) == {session_id(1), session_id(2)}


def test_filters_alone_say_which_sessions_go(run: Run, home: Home) -> None:
    day = clock.DAY_MS
    for number, (age, page, country) in enumerate([(40, "/a", "DE"), (2, "/a", "FR"), (2, "/b", "FR")]):
        at = clock.now_ms() - age * day
        sender = Sender(home, session_id(number), started_at=at, received_at=at, page=page)
        sender.again(meta=(("country", country),)).send(0, pageview(0, page))

    assert run("delete", "--country", "FR", "--page", "/a", "--yes").code == 0
    assert listed(run) == {session_id(0), session_id(2)}
    before = run("sql", "SELECT (now() - INTERVAL 10 DAY)::DATE::VARCHAR AS day", "--csv").out.splitlines()[1]
    assert run("delete", "--before", before, "--yes").code == 0
    assert listed(run) == {session_id(2)}


def test_every_site_is_searched_unless_one_is_typed(run: Run, home: Home) -> None:
    Sender(home, session_id(1)).send(0, pageview())
    Sender(home, session_id(2), site="blog").send(0, pageview())

    assert run("delete", "--ip", FIRST_IP, "--site", "blog", "--yes").code == 0
    assert listed(run) == {session_id(1)}
    done = run("delete", "--ip", FIRST_IP, "--yes")
    assert "sites blog, default" in done.err
    assert listed(run) == set()


def test_a_whole_id_that_nothing_has_leaves_a_receipt_too(
    run: Run, two_visitors: tuple[Sender, Sender]
) -> None:
    done = run("delete", "--session", session_id(77), "--yes")

    assert done.code == 0
    assert "nothing found, nothing erased" in done.out
    assert "receipt 1" in done.out


def test_files_made_of_the_sessions_are_named_and_removed_on_demand(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    mine, changed = tmp_path / "mine.cast", tmp_path / "changed.cast"
    for file in (mine, changed):
        assert run("replay", session_id(1), "--cast", str(file)).code == 0
    later = clock.now_ms() / 1000 + 60
    os.utime(changed, (later, later))

    assert f"{mine} holds such a session and stays" in run("delete", "--ip", FIRST_IP, "--dry-run").err
    done = run("delete", "--ip", FIRST_IP, "--with-outputs", "--yes")

    assert done.code == 0
    assert "1 written file" in done.out
    assert not mine.exists()
    assert changed.exists(), "somebody wrote that one since"


def test_the_last_backup_that_still_holds_the_data_is_named(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    assert "still holds them" not in run("delete", "--ip", FIRST_IP, "--dry-run").err
    folder = run("backup", str(tmp_path / "backups")).out.strip()

    done = run("delete", "--ip", FIRST_IP, "--yes")

    assert f"the backup {folder} of" in done.err
    assert "logs of your web server" in done.err
    assert json.loads(next(home_of(done).glob("receipt-*.json")).read_text())["receipt"]["backup_made_at"]


def home_of(done: Done) -> Path:
    return Path(done.out.split("receipt 1: ")[1].splitlines()[0]).parent


@pytest.mark.parametrize("number", ["203.0.113.7", "2001:db8::1", "who@example.org", "x" * 65])
def test_a_request_number_that_could_name_somebody_is_refused(
    run: Run, two_visitors: tuple[Sender, Sender], number: str
) -> None:
    done = run("delete", "--ip", FIRST_IP, "--request", number, "--yes")

    assert done.code == 2
    assert number not in done.err
    assert listed(run) == {session_id(1), session_id(2)}


def test_an_objection_can_go_with_the_erasure(
    run: Run, two_visitors: tuple[Sender, Sender], home: Home
) -> None:
    from contextlib import closing

    from usertrack_cli.store import catalog

    assert run("delete", "--session", session_id(2), "--and-object", "--yes").code == 2

    done = run("delete", "--ip", FIRST_IP, "--and-object", "--yes")

    assert done.code == 0
    assert "objection holds on default" in done.out
    assert "\nusertrack: to switch recording off in the browser itself" in done.err
    assert "?ust-opt-out" in done.err
    with closing(catalog.connect(home)) as con:
        assert con.execute("SELECT count(*) FROM objections").fetchone() == (1,)
    assert listed(run) == {session_id(2)}


def test_the_preview_says_that_a_damaged_file_goes_whole(run: Run, home: Home) -> None:
    first, second = Sender(home, session_id(1)), Sender(home, session_id(2), ip=SECOND_IP, agent=SECOND_AGENT)
    first.send(0, pageview())
    sound = {segment.path for segment in snapshot(home).segments}
    first.send(1, click(900, 10, 10))
    second.send(0, pageview())
    (damaged,) = {segment.path for segment in snapshot(home).segments} - sound
    (home.segments / damaged).write_bytes(b"torn")
    assert snapshot(home).damaged_files == 1
    asked = ("delete", "--ip", FIRST_IP)

    told = run(*asked, "--dry-run")

    assert "1 damaged file in quarantine may hold them and cannot be read, so it goes whole" in told.err
    assert "2 rows of others and theirs alike" in told.err
    assert (home.quarantine / damaged).exists()
    assert run(*asked, "--yes").code == 0
    assert not (home.quarantine / damaged).exists()


def test_a_damaged_file_of_another_day_stays_and_is_not_spoken_of(run: Run, home: Home) -> None:
    old = Sender(home, session_id(2), ip=SECOND_IP, agent=SECOND_AGENT)
    old.send(0, pageview())
    (segment,) = snapshot(home).segments
    elsewhere = home.quarantine / "site=default/day=2026-01-01/torn.parquet"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(b"torn")

    told = run("delete", "--ip", SECOND_IP, "--yes")

    assert "goes whole" not in told.err
    assert elsewhere.exists()
    assert not (home.segments / segment.path).exists()
