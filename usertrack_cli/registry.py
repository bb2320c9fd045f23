"""Every command once: its section in ``usertrack --help`` and what it does in one line.

A command's module is imported when it is called. ``--help`` needs none of them, which is why the lines stand
here; a test compares each with the first sentence of its command.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer

SECTIONS: dict[str, dict[str, str]] = {
    "Collect": {
        "init": "Make a data directory; one that exists is left as it is.",
        "serve": "Collect sessions.",
        "snippet": "Print the script tag for your pages.",
        "verify": "Try recording, from a page to the store; say what is wrong.",
        "sites": "List, add and remove the sites that are recorded.",
        "geoip": "Check a country database, and look addresses up in it.",
        "demo": "Record visitors on a demo shop and draw what they did.",
        "import": "Import an access log, or a recording of rrweb.",
    },
    "Look": {
        "sessions": "List sessions, the most recent first.",
        "stats": "Show the traffic in figures.",
        "pages": "List the recorded pages.",
        "funnel": "Count the sessions that go through some steps in order.",
        "tags": "List tags, put them on sessions by hand, try rules.",
        "elements": "List the elements of a page that were clicked.",
        "heatmap": "Draw where one page was clicked, as a PNG.",
        "scrollmap": "Draw how far down one page was seen, as a PNG.",
        "compare": "Say which elements of a page are clicked more, which less.",
        "replay": "Play sessions in the terminal; in a pipe, print them as text.",
        "live": "Show sessions, pages and clicks as they happen.",
        "report": "Write traffic, pages, friction and funnels as one HTML file.",
        "sql": "Ask the store in SQL.",
    },
    "People": {
        "delete": "Erase a visitor for good, and leave a signed receipt.",
        "access": "Write a copy of everything about one visitor.",
        "restrict": "Keep a visitor's sessions out of every answer and picture.",
        "object": "Record nothing of a visitor any more.",
        "consent": "List, count and revoke what visitors consented to.",
        "receipt": "List, show and verify receipts of erasures; write the letter.",
        "notice": "Print privacy notice, storage keys and record of processing.",
        "keys": "List the visitor keys, and back them up apart.",
    },
    "Keep": {
        "prune": "Remove what the retention settings no longer keep.",
        "doctor": "Check the store, and say what needs attention.",
        "backup": "Back the store up into a new folder.",
        "restore": "Restore a backup into a data directory without a store.",
        "migrate": "Bring the store to this program's version.",
        "export": "Write rows of the store, or a session for rrweb, to a file.",
        "config": "Print the settings in force.",
        "print": "Print files for nginx, Caddy, systemd, cron and logrotate.",
        "screenshot": "Store a screenshot of a page to draw its maps on.",
    },
}


def names() -> list[str]:
    """Return every command in the order of ``--help``."""
    return [name for section in SECTIONS.values() for name in section]


def summary(name: str) -> str:
    """Return what a command does, in one line."""
    return next(section[name] for section in SECTIONS.values() if name in section)


def group(name: str, *, example: str) -> typer.Typer:
    """Return what holds the commands of a group, such as ``usertrack tags``."""
    return typer.Typer(
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
        help=summary(name),
        epilog=f"Example:  {example}",
    )


def load(name: str) -> Any:
    """Import a command and return it in the form Typer runs.

    Its module has ``command``, a function, or ``commands``, a ``typer.Typer`` of several.
    """
    module = import_module(f"usertrack_cli.commands.{name}{'_' if name == 'import' else ''}")
    made = getattr(module, "commands", None)
    if made is None:
        made = typer.Typer(rich_markup_mode=None, add_completion=False)
        made.command(name=name)(module.command)
    loaded = typer.main.get_command(made)
    loaded.name = name
    _end_with_examples(loaded)
    return loaded


def _end_with_examples(command: Any) -> None:
    """Put the examples of a docstring below the options, where whoever asks for help stops reading."""
    for each in getattr(command, "commands", {}).values():
        _end_with_examples(each)
    said, sign, examples = (command.help or "").partition("\n\nExample")
    if sign:
        command.help, command.epilog = said, f"Example{examples}"
