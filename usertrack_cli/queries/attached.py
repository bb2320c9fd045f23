"""Files of the operator that a statement reads beside the store: CSV, each a table of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from usertrack_cli.errors import UsageError
from usertrack_cli.queries.statement import one_line
from usertrack_cli.queries.views import VIEWS

ATTACHED_MAX = 20
RESERVED = frozenset({"events", "labels", "hidden", "bots", *VIEWS})
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def attach(con: duckdb.DuckDBPyConnection, files: Mapping[str, Path]) -> None:
    """Read each file into a table, before the connection is locked; afterwards nobody can open it.

    Raises:
        UsageError: A name cannot be a table's, or a file is missing or no CSV.
    """
    if len(files) > ATTACHED_MAX:
        raise UsageError(f"more than {ATTACHED_MAX} files were attached")
    for name, path in files.items():
        if not _NAME.fullmatch(name) or name in RESERVED:
            raise UsageError(
                f"{name!r} cannot be the name of a table", hint="a-z, 0-9 and _, and none of the views: orders"
            )
        if not path.is_file():
            raise UsageError(f"{path} is no file", hint="for example: --attach orders=orders.csv")
        try:
            con.read_csv(str(path)).create(name)
        except duckdb.Error as error:
            raise UsageError(f"{path} cannot be read as CSV: {one_line(error)}") from error
