from __future__ import annotations

import csv
import io
import json

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import console
from usertrack_cli.store.home import Home


@pytest.fixture
def shop(home: Home) -> Home:
    """Four sessions: two click #buy, one of them in rage, and one leaves by #cart and is back at once."""
    Sender(home, session_id(1)).send(
        0, pageview(), *(click(1000 + 200 * n, 50, 60, reaction_ms=-1) for n in range(3))
    )
    Sender(home, session_id(2)).send(0, pageview(), click(1000, 50, 60, reaction_ms=80))
    Sender(home, session_id(3)).send(
        0,
        pageview(),
        click(1000, 900, 20, selector="#cart", text="=Cart"),
        pageview(2000, "/cart", number=2),
        pageview(4000, number=3),
    )
    Sender(home, session_id(4)).send(0, pageview())
    return home


def test_the_ledger_as_json(shop: Home, run: Run) -> None:
    done = run("elements", "--page", "/shop", "--json")

    buy, cart = json.loads(done.out)
    assert buy == {
        "element": "#buy",
        "text": "Buy",
        "clicks": 4,
        "sessions": 2,
        "share": 0.5,
        "share_low": 0.15,
        "share_high": 0.85,
        "first_share": 0.6667,
        "rage_clicks": 3,
        "dead_clicks": 3,
        "quick_backs": 0,
        "reaction_ms": 80,
        "hesitation_ms": 300,
        "seen_sessions": 4,
        "reach_rate": 1.0,
    }
    assert (cart["element"], cart["quick_backs"], cart["first_share"]) == ("#cart", 1, 0.3333)


def test_csv_and_the_table_have_the_same_rows(shop: Home, run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("elements", "--page", "/shop", "--csv").out)))
    table = run("elements", "--page", "/shop")

    assert [row["element"] for row in rows] == ["#buy", "#cart"]
    # A spreadsheet must not take a label for a formula.
    assert rows[1]["text"] == "'=Cart"
    assert table.out.splitlines()[0].split("\t")[:3] == ["element", "text", "clicks"]
    assert len(table.out.splitlines()) == 3


def test_selectors_that_begin_alike_are_told_apart_in_eighty_columns(
    home: Home, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    selectors = [f"#main>section:nth-of-type(1)>div:nth-of-type(1)>button:nth-of-type({n})" for n in (1, 2)]
    clicks = [click(1000 * n, 50, 60, selector=each, text="One of many") for n, each in enumerate(selectors)]
    Sender(home, session_id(1)).send(0, pageview(), *clicks)

    table = run("elements", "--page", "/shop").out.splitlines()

    assert max(map(len, table)) <= 80
    shown = [line.split("  ")[0] for line in table[1:]]
    assert all(each.startswith("…") for each in shown)
    assert [each[-14:] for each in shown] == ["nth-of-type(1)", "nth-of-type(2)"]
    assert ("FROM" in table[0]) is ("TO" in table[0].split())
    assert all("One of many" in line for line in table[1:])


def test_thresholds_and_the_limit_are_options(shop: Home, run: Run) -> None:
    strict = json.loads(run("elements", "--page", "/shop", "--json", "--rage-clicks", "4", "--limit", "1").out)
    quick = json.loads(run("elements", "--page", "/shop", "--json", "--quick-back-ms", "2000").out)

    assert [(row["element"], row["rage_clicks"]) for row in strict] == [("#buy", 0)]
    assert sum(row["quick_backs"] for row in quick) == 0


def test_a_page_without_clicks_ends_with_3(shop: Home, run: Run) -> None:
    done = run("elements", "--page", "/cart")

    assert (done.code, done.out) == (3, "")
    assert "no clicks recorded on /cart" in done.err


def test_a_wrong_threshold_ends_with_2(shop: Home, run: Run) -> None:
    assert run("elements", "--page", "/shop", "--quick-back-ms", "0").code == 2
