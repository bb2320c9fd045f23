"""Questions in SQL, for notebooks and the ``sql`` command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.sql import Result


def sql(home: Home, statement: str, *, site: str | None = None) -> Result:
    """Return the rows of one ``SELECT`` over ``events``, ``sessions``, ``pageviews`` and ``clicks``.

    Args:
        site: Reads the segments of this site only.

    Raises:
        UsageError: The statement is not one ``SELECT``, or it is wrong.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sql import run

    return ask(home, Filter(site=site), lambda con: run(con, statement))


def sql_schema(home: Home) -> Result:
    """Return the columns of every view and their types."""
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sql import schema

    return ask(home, Filter(), schema)
