"""Ageing: what retention took from sessions that are still there, said with every figure it affects."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog, omissions
from usertrack_cli.store.home import Home
from usertrack_cli.store.roster import aged_until

MOVE = "move"


def say_ageing(home: Home, chosen: Filter, *, zone: ZoneInfo | None = None) -> tuple[str, ...]:
    """Return the sentence for a figure of this range that counts pointer movements, in a tuple.

    It is empty where none were removed there. The command says it beside its answer too.
    """
    with closing(catalog.connect(home)) as con:
        until = aged_until(con, MOVE, site=chosen.site, from_ms=chosen.from_ms, to_ms=chosen.to_ms)
    if until is None:
        return ()
    day = datetime.fromtimestamp(until / 1000, tz=zone or UTC).date()
    said = f"pointer movements up to {day} were removed by age and are not included; see the setting moves"
    omissions.add(said)
    return (said,)
