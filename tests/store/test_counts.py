"""The counting tier: totals that add up, within a limit, and that name nobody."""

from __future__ import annotations

from contextlib import closing

from usertrack_cli.store import catalog, counts
from usertrack_cli.store.counts import Count, add_counts, counted_totals
from usertrack_cli.store.home import Home

HOUR_MS = 3_600_000


def count(page: str = "/shop", *, name: str = "pageview", hour_at: int = 0) -> Count:
    return Count(
        site="default",
        hour_at=hour_at,
        name=name,
        page=page,
        referrer="a.example",
        width_class="wide",
        country="DE",
    )


def test_totals_add_up(home: Home) -> None:
    with closing(catalog.connect(home)) as con:
        add_counts(con, {count(): 2, count("/cart"): 1})
        add_counts(con, {count(): 3, count(name="banner_shown", hour_at=HOUR_MS): 4})

        assert counted_totals(con, site="default", from_ms=0, until_ms=HOUR_MS) == {"pageview": 6}
        assert counted_totals(con, site="default", from_ms=0, until_ms=2 * HOUR_MS) == {
            "banner_shown": 4,
            "pageview": 6,
        }
        assert counted_totals(con, site="other", from_ms=0, until_ms=2 * HOUR_MS) == {}


def test_made_up_pages_cannot_fill_the_catalog(home: Home) -> None:
    number = counts.ROWS_PER_HOUR_MAX + 50
    with closing(catalog.connect(home)) as con:
        add_counts(con, {count(f"/p{each}"): 1 for each in range(number)})
        rows = con.execute("SELECT count(*) FROM counts").fetchone()[0]
        totals = counted_totals(con, site="default", from_ms=0, until_ms=1)

    assert rows == counts.ROWS_PER_HOUR_MAX + 1
    assert totals == {"pageview": number}
