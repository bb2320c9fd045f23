"""``usertrack replay``: watch sessions in the terminal, read them as text, share them as files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, clock, console, suggestions
from usertrack_cli.commands.rendition import Rendition, printed, size_of, written
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared

if TYPE_CHECKING:
    from usertrack_cli.render.grid import Capabilities

TERMINAL = "/dev/tty"
NAMES_MAX = 1_000
"""Sessions named on standard input; more than anybody watches."""


@shared(filters=True)
def command(
    *,
    call: Call,
    sessions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SESSION]...",
            help="Session ids, their first characters, @3 for a row of the last list, or - to read them.",
            autocompletion=suggestions.sessions,
        ),
    ] = None,
    unwatched: Annotated[
        bool, typer.Option("--next", help="The sessions that nobody has watched, the newest first.")
    ] = False,
    worst: Annotated[bool, typer.Option("--worst", help="The sessions with the most friction.")] = False,
    storyboard: Annotated[
        bool, typer.Option("--storyboard", help="One frame a moment; what a pipe gets anyway.")
    ] = False,
    transcript: Annotated[bool, typer.Option("--transcript", help="One line a moment.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The events with what follows from them; an object a line.")
    ] = False,
    moment: Annotated[
        float | None,
        typer.Option("--at", metavar="SECONDS", min=0, help="One frame; also of --svg and --png."),
    ] = None,
    cast: Annotated[
        Path | None, typer.Option("--cast", metavar="FILE", help="Write an asciicast (version 2).")
    ] = None,
    gif: Annotated[Path | None, typer.Option("--gif", metavar="FILE", help="Write an animation.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write one frame as SVG.")] = None,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Write one frame as PNG.")] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="Columns and rows of a frame, such as 100x30.")
    ] = None,
) -> None:
    """Play sessions in the terminal; in a pipe, print them as text.

    Several play one after the other. Pictures show the first rage click, else the first dead click, unless --at
    says when. Watching marks a session as watched; ? shows the keys. With NO_COLOR, TERM=dumb or a
    locale without UTF-8 all is drawn in ASCII; a dumb terminal gets text.

    Example:  usertrack replay --worst

    Example:  usertrack replay 4fKp | less

    Example:  usertrack replay @3 --gif checkout.gif
    """
    texts = [storyboard, transcript, as_json, moment is not None and not (svg or png)]
    files = {Rendition.CAST: cast, Rendition.GIF: gif, Rendition.SVG: svg, Rendition.PNG: png}
    targets = {kind: path for kind, path in files.items() if path is not None}
    if sum(texts) + len(targets) > 1:
        raise UsageError(
            "--storyboard, --transcript, --json, --at, --cast, --gif, --svg and --png exclude each other",
            hint="only --at goes together with --svg and --png",
        )
    chosen = _chosen(call, sessions or [], unwatched=unwatched, worst=worst)
    at_ms = None if moment is None else _instant_ms(moment)
    capabilities = console.capabilities()
    if targets:
        kind, path = next(iter(targets.items()))
        _write(call, chosen(), kind, path, at_ms=at_ms, size=size)
    elif any(texts) or not console.is_terminal() or console.is_dumb():
        form = Rendition.of(transcript=transcript, as_json=as_json, is_frame=at_ms is not None)
        # As text a queue is read one at a time, as it is watched one at a time.
        queue = chosen()[:1] if unwatched or worst else chosen()
        for site, session in queue:
            recording = api.recording(call.home, site=site, session=session, with_notes=True)
            console.lines(
                printed(recording, form, at_ms=at_ms, size=size_of(size, (80, 24)), capabilities=capabilities)
            )
    else:
        _play(call, chosen(), capabilities)


def _instant_ms(seconds: float) -> int:
    if not isfinite(seconds):
        raise UsageError(f"--at cannot be {seconds}", hint="seconds since the session started, such as 18.3")
    return round(seconds * 1000)


def _chosen(
    call: Call, names: list[str], *, unwatched: bool, worst: bool
) -> Callable[[], Sequence[tuple[str | None, str]]]:
    """Return what finds the sessions, once the call is known to make sense: each with its site, where known."""
    if bool(names) + unwatched + worst != 1:
        raise UsageError(
            "name the sessions, or take --next or --worst", hint="list them with: usertrack sessions"
        )
    if call.values.get("tag") is not None and names:
        raise UsageError("--tag goes with --next and --worst", hint="leave it out")
    if unwatched:
        return lambda: api.next_sessions(call.home, call.filter())
    if worst:
        return lambda: api.worst_sessions(call.home, call.filter())
    return lambda: _named(call, read_names(names))


def _named(call: Call, names: list[str]) -> Sequence[tuple[str | None, str]]:
    # A single one is looked up when it is read; of several the last must be right before the first is played.
    if len(names) == 1:
        return [(call.site, names[0])]
    return api.named_sessions(call.home, names, site=call.site)


def read_names(names: list[str], *, most: int = NAMES_MAX) -> list[str]:
    """Return the names, those of standard input where ``-`` stands: the first word of each line."""
    read: list[str] = []
    for name in names:
        if name == "-":
            words = (line.split() for line in sys.stdin)
            read += [word[0] for word in words if word and word[0] != "session"]
        else:
            read.append(name)
        if len(read) > most:
            raise UsageError(f"more than {most} sessions were named", hint="cut the list with: head")
    return read


def _write(
    call: Call,
    chosen: Sequence[tuple[str | None, str]],
    kind: Rendition,
    path: Path,
    *,
    at_ms: int | None,
    size: str | None,
) -> None:
    site, session = chosen[0]
    if len(chosen) > 1:
        console.note(f"a file holds one session; {path.name} holds {session[:8]}")
    recording = api.recording(call.home, site=site, session=session)
    note = written(recording, kind, path, at_ms=at_ms, size=size_of(size, (100, 30)))
    api.note_outputs(call.home, [path], [(recording.site, recording.session)])
    if note:
        console.note(note)
    console.result(str(path))


def _play(call: Call, chosen: Sequence[tuple[str | None, str]], capabilities: Capabilities) -> None:
    from usertrack_cli.commands.player import Ending, play

    with _keyboard() as input_fd:
        for number, (site, session) in enumerate(chosen, start=1):
            recording = api.recording(call.home, site=site, session=session, with_notes=True)
            labels = api.SessionLabels(call.home, site=recording.site, session=recording.session)
            labels.mark_watched()
            ending = play(
                recording,
                clock=clock.monotonic_s,
                capabilities=capabilities,
                input_fd=input_fd,
                labels=labels,
                position=f"{number}/{len(chosen)}" if len(chosen) > 1 else "",
            )
            if ending is Ending.QUIT:
                return


@contextmanager
def _keyboard() -> Iterator[int]:
    """Give the terminal that keys come from, also where standard input is a list of sessions."""
    if sys.stdin.isatty():
        yield sys.stdin.fileno()
        return
    try:
        handle = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise UsageError(
            "there is no terminal to take keys from", hint="pipe the output to get a storyboard"
        ) from error
    try:
        yield handle
    finally:
        os.close(handle)
