"""The player in a real terminal: keys, size, and the terminal given back however it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands.terminal import Terminal
from usertrack_cli.commands.player import Ending, Playback, play
from usertrack_cli.commands.screen import parsed_keys
from usertrack_cli.errors import UsageError
from usertrack_cli.render.frames import Screenplay
from usertrack_cli.render.grid import Capabilities
from usertrack_cli.render.recording import Event, Recording


def recording() -> Recording:
    def event(at_ms: int, kind: str, page: str = "/shop", pageview: int = 1, **fields: Any) -> Event:
        return Event(
            at_ms=at_ms,
            kind=kind,
            page=page,
            pageview=pageview,
            viewport_w=1280,
            viewport_h=800,
            document_h=1600,
            **fields,
        )

    return Recording(
        session="Cy-o5YCYTCzjnySI_mLVgw",
        site="default",
        started_at_ms=0,
        duration_ms=60_000,
        events=(
            event(0, "pageview", title="Shop"),
            *(event(1_000 + 100 * n, "move", x=100 + 5 * n, y=100) for n in range(200)),
            event(22_000, "click", x=400, y=300, text="Pricing", selector="nav>a"),
            event(40_000, "pageview", "/pricing", 2, title="Prices"),
            event(59_000, "custom", "/pricing", 2, name="signup"),
        ),
    )


def playback() -> Playback:
    return Playback(Screenplay(recording()))


def child() -> None:
    """Play once a key is pressed, and say how it ended."""
    status = 70
    try:
        os.write(1, b"before\r\n")
        os.read(0, 1)
        ending = play(recording(), clock=time.monotonic, capabilities=Capabilities())
        os.write(1, f"ended by {ending}\r\n".encode())
        status = 0
    except KeyboardInterrupt:
        status = 130
    finally:
        os._exit(status)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(child)
    made.wait_for("before")
    made.type("\n")
    made.wait_for("page 1/2")
    yield made
    made.close()


def test_keys_move_through_the_session(terminal: Terminal) -> None:
    terminal.type(" ")
    terminal.wait_for("paused")
    terminal.type("0\x1b[C\x1b[C")
    terminal.wait_for("00:10.0")
    terminal.type("\x1b[D")
    terminal.wait_for("00:05.0")
    terminal.type(".")
    terminal.wait_for("clicked “Pricing” (nav a)")
    terminal.type("n")
    terminal.wait_for("page 2/2")
    terminal.type("?")
    terminal.wait_for("previous, next event")
    terminal.type("x")
    terminal.type("q")

    assert terminal.exit_status() == 0
    assert b"ended by quit" in terminal.written
    assert terminal.is_given_back


def test_the_picture_follows_the_window(terminal: Terminal) -> None:
    terminal.type(" 5")
    terminal.wait_for("00:30.0")

    terminal.screen.reset()
    terminal.resize(100, 30)

    terminal.wait_until(
        lambda: bool(re.fullmatch(r" 00:30\.0 .* 01:00", terminal.screen.display[29].rstrip())),
        "the timeline never came to the new last line",
    )
    assert " 01:00" not in terminal.screen.display[23], "the timeline still stands where it was"
    assert len(terminal.screen.display[29].rstrip()) > 80


def test_every_write_is_one_synchronized_update(terminal: Terminal) -> None:
    terminal.type(".")
    terminal.wait_for("clicked “Pricing” (nav a)")
    terminal.type("q")
    terminal.exit_status()

    assert terminal.written.count(b"\x1b[?2026h") + 1 == terminal.written.count(b"\x1b[?2026l")


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, -signal.SIGTERM),
        (signal.SIGHUP, -signal.SIGHUP),
        (signal.SIGQUIT, -signal.SIGQUIT),
    ],
)
def test_signals_end_the_player_and_give_the_terminal_back(
    terminal: Terminal, number: signal.Signals, status: int
) -> None:
    os.kill(terminal.pid, number)

    assert terminal.exit_status() == status
    assert terminal.is_given_back


def test_a_player_that_was_stopped_goes_on_where_it_stood(terminal: Terminal) -> None:
    terminal.type(" 5")
    terminal.wait_for("00:30.0")

    os.kill(terminal.pid, signal.SIGSTOP)
    os.waitpid(terminal.pid, os.WUNTRACED)
    terminal.screen.reset()
    os.kill(terminal.pid, signal.SIGCONT)

    terminal.wait_for("00:30.0")
    terminal.type("q")
    assert terminal.exit_status() == 0
    assert terminal.is_given_back


def test_suspending_leaves_the_screen_and_comes_back_to_it(terminal: Terminal) -> None:
    terminal.type(" 5")
    terminal.wait_for("00:30.0")
    terminal.written = b""

    # The child leads its own session: no shell could wake it, so the system does not stop it.
    terminal.type("\x1a")
    terminal.screen.reset()
    terminal.wait_for("00:30.0")

    assert terminal.written.index(b"\x1b[?1049l") < terminal.written.index(b"\x1b[?1049h")


def test_a_pipe_is_refused() -> None:
    read_fd, write_fd = os.pipe()

    with pytest.raises(UsageError, match="needs a terminal"):
        play(
            recording(),
            clock=time.monotonic,
            capabilities=Capabilities(),
            input_fd=read_fd,
            output_fd=write_fd,
        )
    os.close(read_fd)
    os.close(write_fd)


def test_an_exception_gives_the_terminal_back() -> None:
    controller, terminal_fd = pty.openpty()
    before = termios.tcgetattr(terminal_fd)
    fcntl.ioctl(terminal_fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    instants = iter([0.0])

    with pytest.raises(StopIteration):
        play(
            recording(),
            clock=lambda: next(instants),
            capabilities=Capabilities(),
            input_fd=terminal_fd,
            output_fd=terminal_fd,
        )

    assert termios.tcgetattr(terminal_fd) == before
    written = b""
    while select.select([controller], [], [], 0.1)[0]:
        written += os.read(controller, 65_536)
    assert written.endswith(b"\x1b[?1049l")
    os.close(controller)
    os.close(terminal_fd)


def test_speed_stays_between_a_quarter_and_sixteen() -> None:
    player = playback()

    for _ in range(9):
        player.press("+")
    fastest = player.speed
    for _ in range(9):
        player.press("-")

    assert (fastest, player.speed) == (16, 0.25)


def test_idle_time_is_skipped_unless_one_wants_to_sit_through_it() -> None:
    skipping, sitting = playback(), playback()
    sitting.press("i")

    for player in (skipping, sitting):
        player.at_ms = 22_400
        player.pass_time(0.2)

    assert skipping.at_ms > 39_000
    assert sitting.at_ms == 22_600


def test_playing_stops_at_the_end_and_starts_again_on_space() -> None:
    player = playback()

    player.press("9")
    player.pass_time(100)
    was_at_end = player.is_at_end and not player.is_playing
    player.press(" ")

    assert was_at_end
    assert (player.at_ms, player.is_playing) == (0, True)


def test_enter_goes_on_to_the_next_recording_only_at_the_end() -> None:
    player = playback()

    player.press("enter")
    early = player.ending
    player.pass_time(100)
    player.press("enter")

    assert (early, player.ending) == (None, Ending.NEXT)


@pytest.mark.parametrize(
    ("data", "keys", "rest"),
    [
        (b"q", ["q"], b""),
        (b"\x1b[C\x1bOD,", ["right", "left", ","], b""),
        (b"\x1b[1;2C", ["shift-right"], b""),
        (b"\x1b[1;", [], b"\x1b[1;"),
        (b"\x1b", [], b"\x1b"),
        (b"\x1b[200~q\x1b[201~", ["q"], b""),
        (b"\x1b[" + b"1" * 99, [], b""),
        (b"\xff\xfe\r", ["enter"], b""),
    ],
)
def test_keys_are_read_from_what_terminals_send(data: bytes, keys: list[str], rest: bytes) -> None:
    assert parsed_keys(data) == (keys, rest)


class Jotter:
    """Takes labels and keeps them."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, object]] = []

    def add_tag(self, tag: str) -> None:
        if tag == "bad":
            raise UsageError("a tag has 1 to 64 characters")
        self.taken.append(("tag", tag))

    def add_note(self, note: str, *, at_ms: int | None = None) -> None:
        self.taken.append((note, at_ms))

    def remove_note(self, note: str, *, at_ms: int) -> None:
        self.taken.append(("gone", (note, at_ms)))

    def toggle_star(self) -> bool:
        self.taken.append(("star", len(self.taken)))
        return True


def type_into(player: Playback, *keys: str) -> None:
    for key in keys:
        player.press(key)


def test_while_something_is_typed_keys_are_letters_and_no_time_passes() -> None:
    jotter = Jotter()
    player = Playback(Screenplay(recording()), labels=jotter)

    type_into(player, "t", "q", " ", "1", "\x07")
    player.pass_time(5)
    type_into(player, "enter", "N", "x", "escape", "*")

    assert jotter.taken == [("tag", "q 1"), ("star", 1)]
    assert (player.at_ms, player.ending, player.notice) == (0, None, "starred")


def test_a_note_is_changed_where_it_stands_and_taken_back_when_emptied() -> None:
    jotter = Jotter()
    player = Playback(Screenplay(recording()), labels=jotter)

    type_into(player, "5", "N", "a", "enter", "N", "enter", "N", "b", "enter", "N", "escape")
    type_into(player, "N", "backspace", "backspace", "enter")

    assert jotter.taken == [("a", 30_000), ("ab", 30_000), ("gone", ("a", 30_000)), ("gone", ("ab", 30_000))]
    assert player.notice == "note taken back"
    assert player.screenplay.timeline.recording.notes == ()


def test_a_label_that_is_refused_is_said_and_the_player_goes_on() -> None:
    player = Playback(Screenplay(recording()), labels=Jotter())

    type_into(player, "t", *"bad", "enter")

    assert player.notice == "a tag has 1 to 64 characters"
    assert player.ending is None


@pytest.mark.parametrize(
    ("typed", "at_ms"), [("30", 30_000), ("0:12.5", 12_500), ("0:00:59", 59_000), ("9:00", 60_000)]
)
def test_going_to_an_instant(typed: str, at_ms: int) -> None:
    player = playback()

    type_into(player, "g", *typed, "enter")

    assert player.at_ms == at_ms


@pytest.mark.parametrize("typed", ["x", "1:", "-5", "1:2:3:4", "99999999999", "٣"])
def test_what_is_no_instant_goes_nowhere(typed: str) -> None:
    player = playback()

    type_into(player, "g", *typed, "enter")

    assert player.at_ms == 0
    assert "is no instant" in player.notice


def test_the_list_of_events_stands_beside_a_wide_page_and_in_place_of_a_narrow_one() -> None:
    player = playback()
    player.press("e")

    wide = "\n".join(player.frame(width=120, height=30, capabilities=Capabilities()).lines())
    narrow = "\n".join(player.frame(width=80, height=24, capabilities=Capabilities()).lines())

    assert "no layout" in wide and "event signup" in wide
    assert "no layout" not in narrow and "event signup" in narrow


@pytest.mark.parametrize(
    ("width", "ending"),
    [
        (72, "paused 1× skip idle · ? help"),
        (56, "(nav a)         paused 1×"),
        (40, "clicked “Pricing… paused 1×"),
    ],
)
def test_what_happened_goes_before_what_the_player_does(width: int, ending: str) -> None:
    player = playback()
    type_into(player, "0", ".")

    row = player.frame(width=width, height=24, capabilities=Capabilities()).lines()[22]

    assert row.endswith(ending), row
    assert "clicked “Pric" in row


def test_with_several_in_turn_enter_goes_on_at_once() -> None:
    player = Playback(Screenplay(recording()), position="1/2")

    player.press("enter")

    assert player.ending is Ending.NEXT
