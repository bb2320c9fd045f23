"""Questions in SQL, for notebooks and the ``sql`` command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from usertrack_cli.api.ageing import say_ageing
from usertrack_cli.naming import TagRule
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.sql import Result


def sql(
    home: Home,
    statement: str,
    *,
    site: str | None = None,
    rules: Sequence[TagRule] = (),
    attached: Mapping[str, Path] | None = None,
) -> Result:
    """Return the rows of one ``SELECT`` over ``events``, ``sessions``, ``pageviews`` and ``clicks``.

    Args:
        site: Reads the segments of this site only.
        rules: Their tags are in the view ``sessions``.
        attached: CSV files that the statement reads too, by the name of their table.

    Raises:
        UsageError: The statement is not one ``SELECT``, or it or a file is wrong.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sql import run

    chosen = Filter(site=site, rules=tuple(rules))
    say_ageing(home, chosen)
    # Rules are judged over all sessions, which is wasted on a statement that does not look at those.
    needs_tags = "sessions" in statement.lower()
    return ask(home, chosen, lambda con: run(con, statement), needs_tags=needs_tags, attached=attached or {})


def sql_schema(home: Home, *, attached: Mapping[str, Path] | None = None) -> Result:
    """Return the columns of every view and their types."""
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sql import schema

    return ask(home, Filter(), schema, attached=attached or {})
