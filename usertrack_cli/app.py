"""The command line: every command registered once, and ``main`` that turns failures into exit codes."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer
import typer.core

from usertrack_cli import __version__, console, registry
from usertrack_cli.errors import UsageError, UsertrackError
from usertrack_cli.store import omissions

GC_THRESHOLD = 50_000
"""Most of what a command makes lives until it ends: looking for garbage after every 700 objects, as Python
does otherwise, took a twentieth of a delete."""


class _Commands(typer.core.TyperGroup):
    """Imports a command when it is called, and lists them under what they are for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 the signature that Typer calls
        return registry.names()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 as above
        if cmd_name in registry.names():
            return registry.load(cmd_name)
        from difflib import get_close_matches

        near = get_close_matches(cmd_name, registry.names(), n=1)
        see = f"did you mean: usertrack {near[0]}" if near else "see: usertrack --help"
        raise UsageError(f"there is no command {cmd_name}", hint=see)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 as above
        widest = max(map(len, registry.names()))
        for title, section in registry.SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{widest}}", text) for name, text in section.items()])


app = typer.Typer(
    name="usertrack",
    cls=_Commands,
    help="Session analytics that you own: heatmaps, replays and erasure from a terminal.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

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
        sys.stdout.flush()  # what cannot be written any more is a failure of the command
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
    """Entry point of the console script: run the command of this process and end the process."""
    _open_missing_streams()
    gc.set_threshold(GC_THRESHOLD)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # said already
            stream.flush()
    # All that a command opened is closed by now. To take interpreter and libraries apart as well, object by
    # object, was a tenth of a heatmap's time and a seventh of --help.
    os._exit(code)


def _open_missing_streams() -> None:
    """Lead closed standard streams nowhere: the next file to be opened would take the place of one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
