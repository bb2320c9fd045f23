"""``usertrack serve``: collect what browsers send, until told to stop."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from usertrack_cli import log
from usertrack_cli.api.snippet import script_tag
from usertrack_cli.commands.init import prepare
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import SETTINGS, Settings, resolve
from usertrack_cli.store.home import Home, create_home

_FLAGS = tuple(name for name in SETTINGS if name != "site")
_BASIS = {
    "off": "at once, without asking",
    "api": "once the page has called usertrack.consent(true)",
    "banner": "once the visitor has accepted the banner",
}


@shared(site=False, settings=_FLAGS)
def command(*, call: Call) -> None:
    """Collect sessions.

    Every setting may be typed as a flag.

    It works without any configuration.

    Example:  usertrack serve
    """
    from usertrack_cli.ingest.server import serve

    typed = {name: value for name in _FLAGS if (value := call.values[name]) is not None}
    sites = {slug: resolve(call.table, site=slug, flags=typed).settings for slug in call.sites}
    log.configure(sites["default"].log_format, part="serve")
    home = create_home(call.data)
    if home.catalog.is_file():
        _bring_up_to_date(home)
    prepare(home)
    # The writer is a process of its own and reads the same settings the same way.
    os.environ.update({f"USERTRACK_{name.upper()}": str(value).lower() for name, value in typed.items()})

    def listening(host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        base = sites["default"].public_url or f"http://{shown}:{port}"
        log.note(f"listening on http://{shown}:{port}, data in {home.root}")
        _say_what_is_recorded(sites)
        log.note(f"the tag for your pages: {script_tag(base, 'default', path=sites['default'].tracker_path)}")

    code = serve(sites, home, writer=writer_command(home.root), on_listening=listening)
    raise typer.Exit(code)


def _bring_up_to_date(home: Home) -> None:
    from usertrack_cli.store.migration import migrate

    before, after = migrate(home)
    if before != after:
        log.note(f"the store had version {before} and has version {after} now")


def writer_command(data: Path) -> list[str]:
    """Return the command line of the process that writes segments."""
    return [sys.executable, "-m", "usertrack_cli.lifecycle.writer", str(data)]


def _say_what_is_recorded(sites: Mapping[str, Settings]) -> None:
    for slug, settings in sorted(sites.items()):
        signals = [
            name for name, on in (("Do Not Track", settings.respect_dnt), ("GPC", settings.respect_gpc)) if on
        ]
        log.note(
            f"site {slug}: records {_BASIS[settings.consent]}; typed input: {settings.inputs};"
            f" address: {'kept' if settings.store_ip == 'plain' else 'only a keyed hash'};"
            f" respects {' and '.join(signals) or 'no signal'}"
        )
