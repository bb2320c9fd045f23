"""The answers of every command for notebooks and scripts; the commands are thin over it.

>>> from usertrack_cli import api
>>> home = api.open_store()
>>> api.heatmap(home, api.Filter(site="default", page="/shop")).image.show()

A name is loaded when it is first used, since a command needs few of them. For that no module in here may be
called like one of the names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usertrack_cli.api.access_logs import ImportedLog, import_access_log
    from usertrack_cli.api.comparison import Change, Side, check_drop, compare, difference_map
    from usertrack_cli.api.copies import copy_files, write_copy
    from usertrack_cli.api.exports import TableFormat, View, export, export_lines, sql_file
    from usertrack_cli.api.heatmaps import HeatmapKind, heatmap
    from usertrack_cli.api.imports import ImportedSession, import_rrweb
    from usertrack_cli.api.labels import SessionLabels
    from usertrack_cli.api.ledger import ElementRow, elements
    from usertrack_cli.api.lists import pages, remember, session_by_prefix, sessions
    from usertrack_cli.api.live import present
    from usertrack_cli.api.outputs import note_outputs
    from usertrack_cli.api.overviews import Overview, funnel, overview, suggested_groups
    from usertrack_cli.api.pictures import Picture
    from usertrack_cli.api.questions import sql, sql_schema
    from usertrack_cli.api.replays import recording
    from usertrack_cli.api.reports import WrittenReport, report, write_report
    from usertrack_cli.api.screenshots import take_screenshots
    from usertrack_cli.api.scrollmaps import scrollmap
    from usertrack_cli.api.store import open_store
    from usertrack_cli.api.tags import caught_sessions, tag_counts, tag_sessions
    from usertrack_cli.api.watching import named_sessions, next_sessions, worst_sessions
    from usertrack_cli.queries.filters import Filter
    from usertrack_cli.queries.friction import Thresholds

__all__ = [
    "Change",
    "ElementRow",
    "Filter",
    "HeatmapKind",
    "ImportedLog",
    "ImportedSession",
    "Overview",
    "Picture",
    "SessionLabels",
    "Side",
    "TableFormat",
    "Thresholds",
    "View",
    "WrittenReport",
    "caught_sessions",
    "check_drop",
    "compare",
    "copy_files",
    "difference_map",
    "elements",
    "export",
    "export_lines",
    "funnel",
    "heatmap",
    "import_access_log",
    "import_rrweb",
    "named_sessions",
    "next_sessions",
    "note_outputs",
    "open_store",
    "overview",
    "pages",
    "present",
    "recording",
    "remember",
    "report",
    "scrollmap",
    "session_by_prefix",
    "sessions",
    "sql",
    "sql_file",
    "sql_schema",
    "suggested_groups",
    "tag_counts",
    "tag_sessions",
    "take_screenshots",
    "worst_sessions",
    "write_copy",
    "write_report",
]

_HOMES = {
    "api.access_logs": "ImportedLog import_access_log",
    "api.comparison": "Change Side check_drop compare difference_map",
    "api.copies": "copy_files write_copy",
    "api.exports": "TableFormat View export export_lines sql_file",
    "api.heatmaps": "HeatmapKind heatmap",
    "api.imports": "ImportedSession import_rrweb",
    "api.labels": "SessionLabels",
    "api.ledger": "ElementRow elements",
    "api.lists": "pages remember session_by_prefix sessions",
    "api.live": "present",
    "api.outputs": "note_outputs",
    "api.overviews": "Overview funnel overview suggested_groups",
    "api.pictures": "Picture",
    "api.questions": "sql sql_schema",
    "api.replays": "recording",
    "api.reports": "WrittenReport report write_report",
    "api.screenshots": "take_screenshots",
    "api.scrollmaps": "scrollmap",
    "api.store": "open_store",
    "api.tags": "caught_sessions tag_counts tag_sessions",
    "api.watching": "named_sessions next_sessions worst_sessions",
    "queries.filters": "Filter",
    "queries.friction": "Thresholds",
}
"""Module below ``usertrack_cli`` to the names that it gives."""


if not TYPE_CHECKING:  # a checker is to miss a name that is not there

    def __getattr__(name: str) -> Any:
        home = next((module for module, names in _HOMES.items() if name in names.split()), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"usertrack_cli.{home}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return __all__
