"""``usertrack config``: the settings in force and where each came from."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.console import Heading
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import SETTINGS, Setting, Settings
from usertrack_cli.values import duration_ms, span_text

_VALUE = (Heading("name", "SETTING"), Heading("value", "VALUE", is_flexible=True))
_ORIGIN = Heading("origin", "ORIGIN", is_flexible=True)
_HELP = Heading("help", "MEANING", is_flexible=True)


@shared(outputs=True)
def command(
    *,
    call: Call,
    origin: Annotated[bool, typer.Option("--origin", help="Show where each value came from.")] = False,
) -> None:
    """Print the settings in force.

    Example:  usertrack config --origin
    """
    resolved = call.resolved
    rows = [
        {
            "name": name,
            "value": setting_text(setting, resolved.settings),
            "origin": resolved.origin[name],
            "help": setting.help,
        }
        for name, setting in SETTINGS.items()
    ]
    headings = (*_VALUE, _ORIGIN) if origin else (*_VALUE, _HELP)
    console.listing(headings, rows, console.chosen_format(**call.wants))


def setting_text(setting: Setting, settings: Settings) -> str:
    """Return a value as it would be typed."""
    value = getattr(settings, setting.name)
    if setting.parse is duration_ms:
        return span_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
