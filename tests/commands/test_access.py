"""A copy holds everything of one visitor, and nothing of anybody else."""

from __future__ import annotations

import csv
import json
import stat
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.senders import FIRST_AGENT, FIRST_IP, SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli import api
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import read_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.snapshot import snapshot

CONTROLLER = """
[controller]
name = "Oak & Ember Ltd"
address = "1 Mill Lane, Leeds"
contact = "privacy@oak.example"
purposes = "mending pages that people get lost on"
legal_basis = "consent, Article 6(1)(a) GDPR"
recipients = "none"
"""
OF_FIRST = ["--ip", FIRST_IP, "--ua", FIRST_AGENT]


@pytest.fixture
def _controller(home: Home) -> None:
    (home.root / "usertrack.toml").write_text(CONTROLLER, encoding="utf-8")


def stored_rows(home: Home) -> list[dict[str, Any]]:
    snapshot(home)
    with catalog.connect(home) as con:
        return [row for each in live_segments(con) for row in read_segment(home, each.path).to_pylist()]


def copied(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    return said


@pytest.mark.usefixtures("_controller")
def test_a_copy_holds_every_column_of_every_row_and_nobody_elses(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    labels = api.SessionLabels(home, site="default", session=session_id(1))
    labels.add_note("looked at the price twice", at_ms=10)
    labels.add_tag("call back")
    labels.mark_watched()
    labels.toggle_star()

    done = run("access", *OF_FIRST, "-o", str(tmp_path / "copy"), "--request", "2026-17")

    assert done.code == 0
    said = copied(tmp_path / "copy")
    mine = [row for row in stored_rows(home) if row["session"] == session_id(1)]
    key = ("seq", "idx")
    for row, event in zip(
        sorted(mine, key=lambda row: tuple(row[name] for name in key)), said["events"], strict=True
    ):
        kept = {name: value for name, value in row.items() if value is not None and name != "occurred_at"}
        assert {name: value for name, value in event.items() if name != "occurred_at"} == kept
    assert [each["session"] for each in said["sessions"]] == [session_id(1)]
    held = said["sessions"][0]["held"]
    assert held["operator_notes"][0]["note"] == "looked at the price twice"
    assert held["operator_tags"][0]["tag"] == "call back"
    assert held["watched"][0]["is_starred"] == 1
    assert said["browser_identifications"] == [FIRST_AGENT]
    assert "Oak & Ember Ltd" in said["about"]["Controller"]
    for file in (tmp_path / "copy").iterdir():
        content = file.read_text(encoding="utf-8")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for other in (session_id(2), two_visitors[1].visitor, SECOND_AGENT, SECOND_IP, "/cart"):
            assert other not in content, file


@pytest.mark.usefixtures("_controller")
def test_what_no_file_could_take_is_in_the_copy_too(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    for sender in two_visitors:
        sender.send(8, pageview())
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE batches SET body = CAST('cut off by ' || session AS BLOB) WHERE seq = 8")
    snapshot(home)

    assert run("access", *OF_FIRST, "-o", str(tmp_path / "copy")).code == 0

    (aside,) = copied(tmp_path / "copy")["sessions"][0]["held"]["kept_aside"]
    assert aside["body"] == f"cut off by {session_id(1)}"
    page = (tmp_path / "copy" / "index.html").read_text(encoding="utf-8")
    assert "arrived, could not be sorted in" in page
    assert session_id(2) not in page


@pytest.mark.usefixtures("_controller")
def test_the_tables_can_be_read_and_the_page_says_purposes_retention_and_source(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    run("access", *OF_FIRST, "-o", str(tmp_path / "copy"), "--lang", "de")

    with (tmp_path / "copy" / "events.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(copied(tmp_path / "copy")["events"])
    page = (tmp_path / "copy" / "index.html").read_text(encoding="utf-8")
    for said in (
        "Oak &amp; Ember Ltd",
        "mending pages",
        "390 Tage",
        "30 Tage",
        "Herkunft",
        "pageview",
        "/shop",
    ):
        assert said in page
    assert "[controller." not in page


@pytest.mark.usefixtures("_controller")
def test_what_may_be_several_peoples_is_refused_unless_identity_was_checked(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    Sender(home, session_id(3), agent=SECOND_AGENT).send(
        0, pageview()
    )  # another browser at the first's address
    target = tmp_path / "copy"

    refused = run("access", "--ip", FIRST_IP, "-o", str(target))

    assert refused.code == 4
    assert "2 browsers at this address" in refused.err
    assert not target.exists()
    assert not list(home.ledger.glob("request-*.json"))
    checked = run("access", "--ip", FIRST_IP, "-o", str(target), "--identity-checked", "passport seen by J.")
    assert checked.code == 0
    (entry,) = home.ledger.glob("request-*.json")
    said = json.loads(entry.read_text(encoding="utf-8"))
    assert (said["kind"], said["identity_checked"]) == ("access", "passport seen by J.")
    assert len(said["sessions"]) == 2
    named = run("access", "--session", session_id(3), "-o", str(tmp_path / "one"))
    assert named.code == 0
    assert [each["session"] for each in copied(tmp_path / "one")["sessions"]] == [session_id(3)]


@pytest.mark.usefixtures("_controller")
def test_sessions_at_the_same_time_are_ambiguous_too(run: Run, home: Home, tmp_path: Path) -> None:
    for number in (1, 2):
        Sender(home, session_id(number)).send(0, pageview(), click(50_000, 1, 1))

    done = run("access", *OF_FIRST, "-o", str(tmp_path / "copy"))

    assert done.code == 4
    assert "at the same time" in done.err


@pytest.mark.usefixtures("_controller")
def test_a_zip_holds_the_same_and_restricted_sessions_are_in_it(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    run("restrict", *OF_FIRST)

    done = run("access", *OF_FIRST, "-o", str(tmp_path / "copy.zip"))

    assert (done.code, done.out.split()[-1]) == (0, str(tmp_path / "copy.zip"))
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert set(archive.namelist()) == {"index.html", "data.json", "sessions.csv", "events.csv"}
        said = json.loads(archive.read("data.json"))
    assert said["sessions"][0]["held"]["restricted"]
    assert said["events"]


@pytest.mark.usefixtures("_controller")
def test_an_erasure_names_the_copy_and_can_remove_it(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    run("access", *OF_FIRST, "-o", str(tmp_path / "copy.zip"))

    done = run("delete", *OF_FIRST, "--with-outputs", "--yes")

    assert done.code == 0
    assert not (tmp_path / "copy.zip").exists()


@pytest.mark.usefixtures("_controller")
def test_no_text_of_a_page_is_a_formula_or_markup(run: Run, home: Home, tmp_path: Path) -> None:
    sender = Sender(home, session_id(1))
    sender.send(0, pageview(title="=cmd|' /C calc'!A0"), click(900, 1, 1, text="<script>alert(1)</script>"))

    run("access", *OF_FIRST, "-o", str(tmp_path / "copy"))

    assert "'=cmd" in (tmp_path / "copy" / "events.csv").read_text(encoding="utf-8")
    page = (tmp_path / "copy" / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_what_the_settings_lack_is_listed_and_the_copy_is_there(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    done = run("access", *OF_FIRST, "-o", str(tmp_path / "copy"))

    assert done.code == 4
    assert "lacks name, address, contact, purposes, legal_basis, recipients" in done.err
    assert "[controller.purposes]" in (tmp_path / "copy" / "index.html").read_text(encoding="utf-8")


def test_nothing_found_is_said_and_logged_and_nothing_is_overwritten(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    nobody = run("access", "--ip", "192.0.2.99", "-o", str(tmp_path / "copy"))

    assert nobody.code == 3
    assert not (tmp_path / "copy").exists()
    assert len(list(home.ledger.glob("request-*.json"))) == 1
    (tmp_path / "there.zip").write_text("mine", encoding="utf-8")
    assert run("access", *OF_FIRST, "-o", str(tmp_path / "there.zip")).code == 2
    assert (tmp_path / "there.zip").read_text(encoding="utf-8") == "mine"
    assert run("access", "-o", str(tmp_path / "copy")).code == 2
