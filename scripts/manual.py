"""The manual page and the shells' completions, from the commands themselves: what ``--help`` says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.completion import get_completion_script

from usertrack_cli import __version__, errors, registry
from usertrack_cli.app import app
from usertrack_cli.settings import SETTINGS

SHELLS = {"bash": "usertrack.bash", "zsh": "_usertrack", "fish": "usertrack.fish"}
_ENDINGS = (
    (0, "Done."),
    (1, "A bug; the traceback says where."),
    *((kind.exit_code, inspect.getdoc(kind) or "") for kind in errors.UsertrackError.__subclasses__()),
    (130, "Interrupted."),
)


def manual() -> str:
    """Return the manual page in the language of man(7)."""
    main = typer.main.get_command(app)
    lines = [
        f'.TH USERTRACK 1 "" "usertrack {__version__}" "usertrack"',
        ".SH NAME",
        r"usertrack \- session analytics that you own",
        ".SH SYNOPSIS",
        ".B usertrack",
        ".RI [ options ]",
        ".I COMMAND",
        ".RI [ arguments ]",
        ".SH DESCRIPTION",
        *_paragraphs(main.help or ""),
    ]
    for title, commands in registry.SECTIONS.items():
        lines.append(f'.SH "{title.upper()}"')
        for name in commands:
            for path, command in leaves(name, registry.load(name)):
                lines.append(f'.SS "usertrack {_plain(path)}"')
                lines += [*_paragraphs(command.help or ""), *_options(command)]
                lines += [".PP", *_paragraphs(command.epilog or "")]
    lines += [
        ".SH SETTINGS",
        "Each is a line of",
        ".IR usertrack.toml ,",
        "a variable",
        ".BI USERTRACK_ NAME",
        "and, where it makes sense, a flag.",
    ]
    for name, setting in SETTINGS.items():
        lines += [".TP", f".B {_plain(name)}", _plain(setting.help)]
    lines.append('.SH "EXIT STATUS"')
    for code, meaning in _ENDINGS:
        lines += [".TP", f".B {code}", _plain(meaning.splitlines()[0])]
    lines += [
        ".SH ENVIRONMENT",
        ".TP",
        ".B USERTRACK_DATA",
        "The data directory, where \\-\\-data names none.",
        ".TP",
        ".B NO_COLOR",
        "Leaves colours out.",
    ]
    return "\n".join(lines) + "\n"


def completions() -> dict[str, str]:
    """Return the file of each shell by its name."""
    return {
        file: get_completion_script(
            prog_name="usertrack", complete_var="_USERTRACK_COMPLETE", shell=shell
        ).strip()
        + "\n"
        for shell, file in SHELLS.items()
    }


def leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command below one, with its whole name; one that has none below it is its own."""
    below = getattr(command, "commands", None)
    if not below:
        yield path, command
        return
    for name, each in below.items():
        yield from leaves(f"{path} {name}", each)


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        names = [*parameter.opts, *parameter.secondary_opts]
        is_argument = parameter.param_type_name == "argument"
        shown = parameter.make_metavar(None) if is_argument else ", ".join(sorted(names, key=len))
        metavar = "" if is_argument or getattr(parameter, "is_flag", False) else f" {parameter.metavar or ''}"
        if "--help" in names or not shown:
            continue
        yield ".TP"
        yield f".B {_plain(shown + metavar.rstrip())}"
        yield _plain(parameter.help or "") or r"\&"


def _paragraphs(text: str) -> Iterator[str]:
    found = [each for each in re.split(r"\n\s*\n", inspect.cleandoc(text)) if each.strip()]
    for place, paragraph in enumerate(found):
        if place:
            yield ".PP"
        what, example, call = paragraph.partition(":  ")
        if example and "\n" not in paragraph:
            yield from (f"{_plain(what)}:", ".RS", ".nf", f".B {_plain(call)}", ".fi", ".RE")
        else:
            yield _plain(" ".join(paragraph.split()))


def _plain(text: str) -> str:
    """Return text that man shows as it stands."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq").replace("'", r"\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
