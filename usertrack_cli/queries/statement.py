"""What SQL of the operator may name: views and plain functions, no files, so that nothing hidden is read.

The locked connection can open the store's own segments and nothing else; but a segment holds restricted
and erased sessions too, until it is rewritten. Only the view ``events`` leaves those out, so a statement may
not go round it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from usertrack_cli.errors import UsageError

_PARSED = "SELECT json_serialize_sql(?::VARCHAR) AS parsed"
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "repeat", "repeat_row", "values"})
_FUNCTIONS = frozenset({"getvariable", "current_setting", "query", "query_table"})
"""Functions that tell where files lie, or run text as SQL."""
_FILE_CHARACTERS = frozenset("/\\.*:")
"""A table named with one of these is taken for a file."""


def check(con: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Refuse what is not one ``SELECT`` over named views.

    Raises:
        UsageError: It is something else, or cannot be parsed.
    """
    try:
        found = con.extract_statements(statement)
    except duckdb.Error as error:
        raise UsageError(one_line(error), hint="see: usertrack sql --help") from error
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise UsageError("exactly one SELECT is needed", hint="the store can be read this way, never changed")
    ((parsed,),) = con.execute(_PARSED, [statement]).fetchall()
    tree = json.loads(parsed)
    if tree.get("error"):
        raise UsageError(f"this statement cannot be checked: {tree.get('error_message', '')}")
    for node in _nodes(tree):
        _refuse_files(node)


def one_line(error: Exception) -> str:
    """Return what DuckDB has to say, without the part that points into the statement."""
    text = " ".join(str(error).split("\n\n", maxsplit=1)[0].split())
    return text.removesuffix(".")


def _refuse_files(node: dict[str, Any]) -> None:
    kind = node.get("type")
    if kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", ""))
        if name.lower() not in _TABLE_FUNCTIONS:
            raise UsageError(
                f"{name} reads more than the views", hint="list the views with: usertrack sql --schema"
            )
    elif kind == "BASE_TABLE":
        if _FILE_CHARACTERS & set(str(node.get("table_name", ""))):
            raise UsageError(
                f"{node['table_name']} is no view", hint="read a CSV with: --attach orders=orders.csv"
            )
    elif kind == "FUNCTION" and str(node.get("function_name", "")).lower() in _FUNCTIONS:
        raise UsageError(f"{node['function_name']} tells more than the views")
    elif kind == "SHOW_REF":
        raise UsageError("exactly one SELECT is needed", hint="list the views with: usertrack sql --schema")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
