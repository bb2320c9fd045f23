"""Rows leave the store whole, within the filters, safe for spreadsheets, and what holds them is remembered."""

from __future__ import annotations

import csv
import io
import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.render.spreadsheet import FORMULA_STARTS, spreadsheet_cell
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home


def exported(run: Run, path: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run("export", "-o", str(path), *arguments)
    assert (done.code, done.out) == (0, f"{path}\n"), done.err
    text = path.read_text(encoding="utf-8") if path.suffix != ".parquet" else ""
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.jsonl"])
@pytest.mark.parametrize(("view", "count"), [("events", 6), ("sessions", 2), ("pageviews", 3), ("clicks", 2)])
def test_each_view_leaves_in_each_format(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path, name: str, view: str, count: int
) -> None:
    rows = exported(run, tmp_path / name, "--view", view)

    assert len(rows) == count
    assert {row["session"] for row in rows} == {session_id(1), session_id(2)}
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_shared_filters_hold(run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path) -> None:
    Sender(two_visitors[0].home, session_id(3), meta=(("is_bot", True),)).send(0, pageview())
    path = tmp_path / "rows.jsonl"

    assert {row["session"] for row in exported(run, path, "--page", "/cart")} == {session_id(2)}
    assert len(exported(run, path, "--view", "sessions", "--page", "/shop")) == 2
    assert len(exported(run, path, "--view", "sessions", "--include-bots")) == 3
    assert len(exported(run, path, "--view", "clicks", "--session", session_id(1))) == 1
    assert run("export", "--format", "csv", "--country", "FR").code == 3
    assert run("export", "-o", str(tmp_path / "none.csv"), "--country", "FR").code == 3
    assert not (tmp_path / "none.csv").exists()


def test_a_pipe_gets_the_same_lines_as_a_file(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    exported(run, path, "--view", "clicks")

    assert run("export", "--format", "csv", "--view", "clicks").out == path.read_text(encoding="utf-8")


def test_no_text_is_a_formula_in_a_csv_and_all_are_as_sent_elsewhere(
    run: Run, home: Home, tmp_path: Path
) -> None:
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "\t=1"]
    Sender(home, session_id(1)).send(
        0, pageview(), *(click(100 + n, 1, 1, text=text) for n, text in enumerate(formulas))
    )

    in_csv = {row["text"] for row in exported(run, tmp_path / "rows.csv", "--view", "clicks")}
    in_lines = [row["text"] for row in exported(run, tmp_path / "rows.jsonl", "--view", "clicks")]

    assert not {text for text in in_csv if text.startswith(FORMULA_STARTS)}
    assert "'=1+1" in in_csv
    assert sorted(in_lines) == sorted(formulas)


@given(st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_no_value_becomes_a_formula(value: Any) -> None:
    assert not str(spreadsheet_cell(value)).startswith(FORMULA_STARTS)


def test_a_file_is_noted_for_each_session_that_it_holds(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    exported(run, tmp_path / "both.parquet")
    exported(run, tmp_path / "cart.csv", "--page", "/cart")
    answer = str(tmp_path / "answer.csv")
    assert run("sql", "SELECT session, page FROM pageviews", "-o", answer).code == 0
    assert run("sql", "SELECT count(*) AS n FROM pageviews", "-o", str(tmp_path / "n.json")).code == 0

    with closing(catalog.connect(two_visitors[0].home)) as con:
        noted = {
            (Path(path).name, session)
            for path, session in con.execute("SELECT path, session FROM outputs").fetchall()
        }

    first, second = session_id(1), session_id(2)
    assert noted == {
        ("both.parquet", first),
        ("both.parquet", second),
        ("cart.csv", second),
        ("answer.csv", first),
        ("answer.csv", second),
    }


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.json", "a.jsonl"])
def test_an_answer_in_sql_becomes_a_file(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path, name: str
) -> None:
    path = tmp_path / name

    done = run("sql", "SELECT page, count(*) AS n FROM pageviews GROUP BY 1 ORDER BY 1", "-o", str(path))

    assert (done.code, done.out) == (0, f"{path}\n")
    expected = [{"page": "/cart", "n": 1}, {"page": "/shop", "n": 2}]
    text = "" if path.suffix == ".parquet" else path.read_text()
    found: list[dict[str, Any]] = []
    if path.suffix == ".parquet":
        found = pq.read_table(path).to_pylist()
    elif path.suffix == ".csv":
        found = [row | {"n": int(row["n"])} for row in csv.DictReader(io.StringIO(text))]
    elif path.suffix == ".json":
        found = json.loads(text)
    else:
        found = [json.loads(line) for line in text.splitlines()]
    assert found == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["export"],
        ["export", "--format", "xml"],
        ["export", "--format", "parquet"],
        ["export", "--format", "rrweb"],
        ["export", "--format", "csv", "--view", "visitors"],
        ["export", "-o", "/nowhere/x.csv"],
        ["sql", "SELECT 1", "--parquet"],
        ["sql", "SELECT 1", "-o", "answer.xlsx"],
        ["sql", "SELECT 1", "--parquet", "--csv", "-o", "x.csv"],
        ["sql", "SELECT nothing FROM events", "-o", "/tmp/usertrack-nothing.csv"],  # noqa: S108
    ],
    ids=" ".join,
)
def test_a_wrong_export_is_exit_code_2_and_leaves_no_file(
    run: Run, two_visitors: tuple[Sender, Sender], arguments: list[str]
) -> None:
    done = run(*arguments)

    assert (done.code, done.out) == (2, "")
    assert not Path("/tmp/usertrack-nothing.csv").exists()  # noqa: S108 - what must not be there
