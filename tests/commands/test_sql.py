"""SQL of the operator: everything can be asked, nothing can be changed or read beside the store."""

from __future__ import annotations

import io
import json
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, session_id
from usertrack_cli import console
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home


def test_a_question_is_answered_in_each_format(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    question = "SELECT page, count(*) AS views FROM pageviews GROUP BY page ORDER BY views DESC"

    assert run("sql", question).out == "page\tviews\n/shop\t2\n/cart\t1\n"
    assert run("sql", question, "--csv").out == "page,views\n/shop,2\n/cart,1\n"
    assert json.loads(run("sql", question, "--json").out) == [
        {"page": "/shop", "views": 2},
        {"page": "/cart", "views": 1},
    ]


def test_more_columns_than_a_terminal_has_room_for_stand_below_each_other(
    run: Run, two_visitors: tuple[Sender, Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    lines = run("sql", "SELECT * FROM sessions ORDER BY session").out.splitlines()

    assert lines[0].split() == ["row", "column", "value"]
    assert ["2", "exit_page", "/cart"] in [line.split() for line in lines]
    assert max(map(len, lines)) <= 80
    assert run("sql", "SELECT 1 AS a, 2 AS b").out.splitlines() == ["a  b", "1  2"]


def test_sessions_have_their_route_and_their_end(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    rows = json.loads(run("sql", "SELECT * FROM sessions ORDER BY session", "--json").out)

    assert [row["session"] for row in rows] == [session_id(1), session_id(2)]
    assert rows[1]["route"] == ["/shop", "/cart"]
    assert (rows[1]["entry_page"], rows[1]["exit_page"]) == ("/shop", "/cart")
    assert rows[0]["scroll_depth_ratio"] == pytest.approx(1100 / 2400)


def test_a_session_of_unknown_sizes_has_no_scroll_depth(run: Run, home: Home) -> None:
    Sender(home, session_id(1), size=(0, 0, 0, 0)).send(
        0, ["p", 0, 1, "load", "/shop", "Shop", "", 0, 0, 0, 0, 0, 0]
    )

    (row,) = json.loads(run("sql", "SELECT * FROM sessions", "--json").out)

    assert row["scroll_depth_ratio"] is None


def test_a_question_can_come_from_standard_input(
    run: Run, two_visitors: tuple[Sender, Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 1 AS one"))

    assert run("sql", "-").out == "one\n1\n"


def test_the_schema_names_every_view(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    rows = json.loads(run("sql", "--schema", "--json").out)

    assert {row["view"] for row in rows} == {"events", "sessions", "pageviews", "clicks"}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "SELECT 1; SELECT 2",
        "CREATE TABLE t AS SELECT 1",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "COPY (SELECT 1) TO '/tmp/usertrack-escape.csv'",
        "SET threads = 1",
        "SELECT * FROM read_parquet(getvariable('segment_files'))",
        "SELECT * FROM parquet_metadata('x')",
        "SELECT getvariable('segment_files')",
        "SELECT current_setting('allowed_paths')",
        "SELECT value FROM duckdb_settings() WHERE name = 'allowed_paths'",
        "SELECT * FROM query('SELECT 1')",
        "WITH a AS (FROM 'x.parquet') SELECT * FROM a",
        "SELECT (SELECT count(*) FROM glob('/*'))",
        "DESCRIBE events",
        "SELECT nothing FROM events",
        "SELEC 1",
        "",
    ],
)
def test_anything_but_reading_the_views_is_exit_code_2(
    run: Run, two_visitors: tuple[Sender, Sender], statement: str
) -> None:
    done = run("sql", statement)

    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert not Path("/tmp/usertrack-escape.csv").exists()  # noqa: S108 - what the statement would write


def test_values_that_json_does_not_know_are_made_plain(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    question = (
        "SELECT 'nan'::DOUBLE AS nan, 1.50::DECIMAL(4,2) AS price, DATE '2026-11-23' AS day,"
        " INTERVAL 90 SECOND AS span, [1, NULL] AS list, {'a': 1} AS struct, 'x'::BLOB AS blob"
    )

    (row,) = json.loads(run("sql", question, "--json").out)

    assert row == {
        "nan": None,
        "price": 1.5,
        "day": "2026-11-23",
        "span": "0 months 0 days 90 s",
        "list": [1, None],
        "struct": {"a": 1},
        "blob": "78",
    }


def test_a_restricted_session_is_not_to_be_had_by_naming_its_file(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender]
) -> None:
    assert run("sql", "SELECT count(*) FROM pageviews").out == "count_star()\n3\n"
    with closing(catalog.connect(home)) as con:
        con.execute(
            "INSERT INTO restrictions (site, session, created_at) VALUES ('default', ?, 1)", [session_id(2)]
        )
        (path,) = con.execute("SELECT path FROM segments ORDER BY path LIMIT 1").fetchone()

    assert run("sql", "SELECT count(*) FROM pageviews").out == "count_star()\n1\n"
    assert run("sql", f"FROM '{home.segments / path}'").code == 2


def test_a_csv_can_be_asked_beside_the_store(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    orders = tmp_path / "my orders.csv"
    orders.write_text(f"session,total\n{session_id(2)},19.90\n")
    question = "SELECT s.exit_page, o.total FROM sessions s JOIN orders o USING (session)"

    assert run("sql", question, "--attach", f"orders={orders}").out == "exit_page\ttotal\n/cart\t19.9\n"
    schema = json.loads(run("sql", "--schema", "--json", "--attach", f"orders={orders}").out)
    assert [row["name"] for row in schema if row["view"] == "orders"] == ["session", "total"]


@pytest.mark.parametrize(
    "attached",
    ["orders", "orders=/nowhere.csv", "events=@", "Orders=@", "o; DROP=@", "orders=@dir", "orders=@binary"],
)
def test_what_is_no_csv_or_no_name_is_exit_code_2(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path, attached: str
) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    for stand_in, path in (("@dir", tmp_path), ("@binary", tmp_path / "binary"), ("@", tmp_path / "x.csv")):
        attached = attached.replace(stand_in, str(path))

    done = run("sql", "SELECT 1", "--attach", attached)

    assert (done.code, done.out) == (2, "")
