"""The interactive player: a recording in the alternate screen, driven by single keys."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from usertrack_cli.commands.player_help import draw_help
from usertrack_cli.commands.prompt import Prompt, instant_ms
from usertrack_cli.commands.screen import Screen, Stopped
from usertrack_cli.errors import UsageError
from usertrack_cli.render.frames import EVENTS_WIDTH, Screenplay
from usertrack_cli.render.grid import Capabilities, Grid, Role, Style
from usertrack_cli.render.recording import note_event
from usertrack_cli.render.text import cell_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from usertrack_cli.render.recording import Event, Recording

FRAME_S = 1 / 30
PAUSED_S = 0.1
"""How often the size is looked at while nothing moves."""
STEP_MS, LONG_STEP_MS = 5_000, 30_000
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
EVENTS_SCREEN_MIN = 110
"""Narrower screens have no room for a list of events beside the page: there it takes the page's place."""


class Ending(StrEnum):
    """Why the player stopped."""

    QUIT = "quit"
    NEXT = "next"
    """On to another recording, where there is one."""


class Labelling(Protocol):
    """Takes the labels that a watcher puts on the session."""

    def add_tag(self, tag: str) -> None:
        """Put a tag on it."""

    def add_note(self, note: str, *, at_ms: int | None = None) -> None:
        """Put a remark on it, or on one instant of it."""

    def remove_note(self, note: str, *, at_ms: int) -> None:
        """Take a remark on one instant back."""

    def toggle_star(self) -> bool:
        """Give it a star or take it away; return whether it has one now."""


@dataclass
class Playback:
    """Where the player stands; keys and time move it, nothing else.

    Attributes:
        labels: Where tags, notes and the star go; ``None`` where nothing can take them.
        position: Which of several sessions this is, such as ``2/5``.
        notice: What the last key did, until the next one.
    """

    screenplay: Screenplay
    labels: Labelling | None = None
    position: str = ""
    at_ms: int = 0
    speed: float = 1.0
    is_playing: bool = True
    skips_idle: bool = True
    shows_events: bool = False
    shows_help: bool = False
    prompt: Prompt | None = None
    notice: str = ""
    ending: Ending | None = None
    _rest_ms: float = field(default=0.0, repr=False)

    @property
    def is_at_end(self) -> bool:
        """True where there is nothing more to play."""
        return self.at_ms >= self.screenplay.timeline.duration_ms

    def pass_time(self, elapsed_s: float) -> None:
        """Play on for some time of the watcher's; nothing passes while something is being typed."""
        if not self.is_playing or self.prompt is not None:
            return
        self._rest_ms += elapsed_s * 1000 * self.speed
        step_ms = int(self._rest_ms)
        self._rest_ms -= step_ms
        timeline = self.screenplay.timeline
        self.at_ms = timeline.advanced(self.at_ms, step_ms, skips_idle=self.skips_idle)
        self.is_playing = not self.is_at_end

    def press(self, key: str) -> None:
        """Do what a key asks for; a key without a meaning does nothing."""
        if key == "ctrl-c":
            self.ending = Ending.QUIT
            return
        if self.prompt is not None:
            self._type(self.prompt, key)
            return
        self.notice = ""
        if self.shows_help and key != "q":
            self.shows_help = False
            return
        action = self._actions().get(key)
        if action is not None:
            action()
        elif len(key) == 1 and key in "0123456789":
            self._seek(self.screenplay.timeline.duration_ms * int(key) // 10)

    def _actions(self) -> dict[str, Callable[[], None]]:
        timeline = self.screenplay.timeline
        moments, pages = timeline.moment_times, timeline.page_times
        return {
            " ": self._toggle,
            "left": lambda: self._seek(self.at_ms - STEP_MS),
            "right": lambda: self._seek(self.at_ms + STEP_MS),
            "shift-left": lambda: self._seek(self.at_ms - LONG_STEP_MS),
            "shift-right": lambda: self._seek(self.at_ms + LONG_STEP_MS),
            ",": lambda: self._visit(moments, is_forward=False),
            ".": lambda: self._visit(moments, is_forward=True),
            "p": lambda: self._visit(pages, is_forward=False),
            "n": lambda: self._visit(pages, is_forward=True),
            "+": lambda: self._change_speed(1),
            "=": lambda: self._change_speed(1),
            "-": lambda: self._change_speed(-1),
            "i": lambda: setattr(self, "skips_idle", not self.skips_idle),
            "e": lambda: setattr(self, "shows_events", not self.shows_events),
            "g": lambda: self._ask("go to (1:30, or seconds)", self._go_to),
            "t": lambda: self._ask("tag", self._add_tag),
            "N": self._ask_for_note,
            "*": self._toggle_star,
            "?": lambda: setattr(self, "shows_help", True),
            "q": lambda: setattr(self, "ending", Ending.QUIT),
            "enter": self._go_on,
        }

    def _type(self, prompt: Prompt, key: str) -> None:
        answer = prompt.press(key)
        if prompt.is_done:
            self.prompt = None
        if answer is not None:
            try:
                prompt.action(answer)
            except UsageError as error:
                self.notice = error.message

    def _ask(self, title: str, action: Callable[[str], None]) -> None:
        self.prompt = Prompt(title, action)

    def _ask_for_note(self) -> None:
        """Take a note on this instant; one that is there is changed, and taken back when it is emptied."""
        notes = self.screenplay.timeline.recording.notes
        old = next((note for note in reversed(notes) if note.at_ms == self.at_ms), None)
        self.prompt = Prompt(
            "note" if old is None else "note (empty it to take it back)",
            lambda text: self._write_note(old, text),
            text=(old.text or "") if old else "",
            takes_nothing=old is not None,
        )

    def _go_to(self, text: str) -> None:
        self._seek(instant_ms(text))

    def _add_tag(self, tag: str) -> None:
        if self.labels is not None:
            self.labels.add_tag(tag)
            self.notice = f"tagged {tag}"

    def _write_note(self, old: Event | None, text: str) -> None:
        if self.labels is None or (old is not None and old.text == text):
            return
        if text:
            self.labels.add_note(text, at_ms=self.at_ms)
        if old is not None:
            self.labels.remove_note(old.text or "", at_ms=old.at_ms)
        recording = self.screenplay.timeline.recording
        kept = [note for note in recording.notes if note is not old]
        notes = (*kept, note_event(self.at_ms, text)) if text else tuple(kept)
        self.screenplay = Screenplay(replace(recording, notes=notes))
        self.notice = "noted" if text else "note taken back"

    def _toggle_star(self) -> None:
        if self.labels is not None:
            self.notice = "starred" if self.labels.toggle_star() else "star taken away"

    def _go_on(self) -> None:
        if self.is_at_end or self.position:
            self.ending = Ending.NEXT

    def _toggle(self) -> None:
        if self.is_at_end:
            self._seek(0)
        else:
            self.is_playing = not self.is_playing

    def _seek(self, at_ms: int) -> None:
        # Playing stopped at the end by itself; whoever goes back from there wants to see it again.
        self.is_playing = self.is_playing or self.is_at_end
        self.at_ms = min(max(at_ms, 0), self.screenplay.timeline.duration_ms)

    def _visit(self, times: Sequence[int], *, is_forward: bool) -> None:
        """Stop at a neighbour: who steps from event to event wants to look at each."""
        self._seek(self.screenplay.timeline.neighbour_ms(times, self.at_ms, is_forward=is_forward))
        self.is_playing = False

    def _change_speed(self, steps: int) -> None:
        place = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]

    def frame(self, *, width: int, height: int, capabilities: Capabilities) -> Grid:
        """Return the screen with the player's own state on it."""
        grid = self.screenplay.frame(
            self.at_ms,
            width=width,
            height=height,
            capabilities=capabilities,
            shows_events=self.shows_events,
            events_width=EVENTS_WIDTH if width >= EVENTS_SCREEN_MIN else width,
        )
        y = height - 2
        if self.prompt is not None:
            self.prompt.draw(grid, y)
        else:
            self._draw_state(grid, y)
        if self.shows_help:
            draw_help(grid)
        return grid if capabilities.is_unicode else grid.in_ascii()

    def _draw_state(self, grid: Grid, y: int) -> None:
        """Draw what the player does; all that leaves room for what happened, else the least of it."""
        mark = "▶" if self.is_playing else "end" if self.is_at_end else "paused"
        several = f"{self.position} · " if self.position else ""
        least = self.notice or f"{several}{mark} {self.speed:g}×"
        whole = least if self.notice else f"{least}{' skip idle' * self.skips_idle} · ? help"
        room = grid.width - cell_width("".join(grid.characters[y]).rstrip())
        text = whole if cell_width(whole) + 3 <= room else least
        state = f"{' ' if cell_width(text) + 3 <= room else '…'} {text} "
        style = Style(Role.MUTED, bold=bool(self.notice))
        grid.write(max(grid.width - cell_width(state), 0), y, state, style)


def play(
    recording: Recording,
    *,
    clock: Callable[[], float],
    capabilities: Capabilities,
    input_fd: int = 0,
    output_fd: int = 1,
    labels: Labelling | None = None,
    position: str = "",
) -> Ending:
    """Play a recording in the terminal until the watcher leaves it.

    The terminal is given back as it was however the player ends: key, exception, Ctrl-C, Ctrl-Z, SIGQUIT,
    SIGTERM and SIGHUP; the last three end the process as they would have without a player.

    Args:
        clock: Seconds that never run backwards, from any start.
        input_fd: The terminal that keys come from; another than standard input where that is a pipe.
        labels: Takes the tags, notes and the star of the watcher.
        position: Which of several sessions this is.

    Raises:
        UsageError: Either side is no terminal.
    """
    if not (os.isatty(input_fd) and os.isatty(output_fd)):
        raise UsageError("the player needs a terminal on both sides", hint="pipe it to get a storyboard")
    playback = Playback(Screenplay(recording), labels=labels, position=position)
    screen = Screen(input_fd, output_fd, capabilities)
    number = 0
    try:
        with screen.taken():
            return _run(playback, screen, clock)
    except Stopped as stopped:
        number = stopped.number
    signal.raise_signal(number)
    return Ending.QUIT


def _run(playback: Playback, screen: Screen, clock: Callable[[], float]) -> Ending:
    before_s = clock()
    while playback.ending is None:
        width, height = screen.size()
        screen.show(playback.frame(width=width, height=height, capabilities=screen.capabilities))
        for key in screen.keys(FRAME_S if playback.is_playing else PAUSED_S):
            playback.press(key)
        now_s = clock()
        # After a suspension the recording goes on where it stood, not where it would be by now.
        if screen.was_away:
            screen.was_away = False
        else:
            playback.pass_time(now_s - before_s)
        before_s = now_s
    return playback.ending
