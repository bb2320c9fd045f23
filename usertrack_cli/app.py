"""The command line: every command registered once, and ``main`` that turns failures into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer
import typer.core

from usertrack_cli import __version__, console
from usertrack_cli.commands import (
    backup,
    compare,
    config,
    delete,
    demo,
    doctor,
    elements,
    export,
    funnel,
    heatmap,
    import_,
    init,
    migrate,
    pages,
    prune,
    replay,
    restore,
    screenshot,
    scrollmap,
    serve,
    sessions,
    snippet,
    sql,
    stats,
)
from usertrack_cli.errors import UsertrackError
from usertrack_cli.store import omissions

_COMMANDS: dict[str, dict[str, Callable[..., object]]] = {
    "Collect": {
        "init": init.command,
        "serve": serve.command,
        "snippet": snippet.command,
        "demo": demo.command,
        "import": import_.command,
    },
    "Look": {
        "sessions": sessions.command,
        "stats": stats.command,
        "pages": pages.command,
        "funnel": funnel.command,
        "elements": elements.command,
        "heatmap": heatmap.command,
        "scrollmap": scrollmap.command,
        "compare": compare.command,
        "replay": replay.command,
        "sql": sql.command,
    },
    "People": {
        "delete": delete.command,
    },
    "Keep": {
        "prune": prune.command,
        "doctor": doctor.command,
        "backup": backup.command,
        "restore": restore.command,
        "migrate": migrate.command,
        "export": export.command,
        "config": config.command,
        "screenshot": screenshot.command,
    },
}


class _Sections(typer.core.TyperGroup):
    """Lists the commands under what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        widest = max(len(name) for names in _COMMANDS.values() for name in names)
        for title, names in _COMMANDS.items():
            with formatter.section(title):
                commands = [(name, self.get_command(ctx, name)) for name in names]
                room = formatter.width - widest - 6
                formatter.write_dl([(f"{n:<{widest}}", c.get_short_help_str(room)) for n, c in commands if c])


app = typer.Typer(
    name="usertrack",
    cls=_Sections,
    help="Session analytics that you own: heatmaps, replays and erasure from a terminal.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _names in _COMMANDS.values():
    for _name, _command in _names.items():
        app.command(name=_name)(_command)

_CallError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""What Typer raises for a call it cannot read; its own Click is not to be imported."""


def _version(asked: bool) -> None:
    if asked:
        console.result(f"usertrack {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; only bugs leave as exceptions."""
    omissions.take()
    code = _run(arguments)
    for line in omissions.take():
        console.note(line)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = app(None if arguments is None else list(arguments), prog_name="usertrack", standalone_mode=False)
    except UsertrackError as error:
        console.failure(error)
        return error.exit_code
    except _CallError as error:
        return console.misused(error)
    except KeyboardInterrupt:
        return console.EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return console.EXIT_DONE
    except Exception as error:
        from usertrack_cli.store.trouble import as_store_error

        known = as_store_error(error)
        if known is None:
            raise
        console.failure(known)
        return known.exit_code
    return code if isinstance(code, int) else console.EXIT_DONE


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())
