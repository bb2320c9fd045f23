"""A range against a plain comparison, also where all of the store lies in it or none of it."""

from __future__ import annotations

import pytest

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter, conditions
from usertrack_cli.store.home import Home

OFFSETS_MS = (-1, 0, 1, 2_500)


@pytest.fixture
def instants(home: Home) -> list[int]:
    Sender(home, session_id(1)).send(0, pageview(), click(3000, 5, 5), click(5000, 5, 5))
    return instants_within(home, Filter(site="default"))


def instants_within(home: Home, chosen: Filter) -> list[int]:
    where, values = conditions(chosen)
    sql = f"SELECT epoch_ms(occurred_at) FROM events WHERE {where} ORDER BY occurred_at"  # noqa: S608 own conditions
    # Asked of the whole store: what is left out of a range is left out by its condition alone.
    rows = ask(home, Filter(site="default"), lambda con: con.execute(sql, values).fetchall())
    return [row[0] for row in rows]


@pytest.mark.parametrize("first", OFFSETS_MS)
@pytest.mark.parametrize("last", OFFSETS_MS)
def test_a_range_holds_its_first_instant_and_not_its_last(
    home: Home, instants: list[int], first: int, last: int
) -> None:
    from_ms, to_ms = instants[0] + first, instants[-1] + last

    found = instants_within(home, Filter(site="default", from_ms=from_ms, to_ms=to_ms))

    assert found == [each for each in instants if from_ms <= each < to_ms]
    assert len(instants) == 3


def test_a_range_that_holds_for_every_row_is_not_looked_at(home: Home, instants: list[int]) -> None:
    plans = []
    for from_ms in (instants[0], instants[0] + 1):
        where, values = conditions(Filter(from_ms=from_ms, includes_bots=True))
        sql = f"EXPLAIN SELECT kind FROM events WHERE {where}"  # noqa: S608 own conditions
        plans.append(ask(home, Filter(site="default"), lambda con: str(con.execute(sql, values).fetchall())))  # noqa: B023

    assert ["occurred_at" in plan for plan in plans] == [False, True]
