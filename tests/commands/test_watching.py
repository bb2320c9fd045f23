"""The real command in a real terminal: several in turn, labels from the keyboard, tmux as the witness."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.commands.terminal import DEADLINE_S, Terminal, usertrack
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import api
from usertrack_cli.store.home import Home
from usertrack_cli.store.labels import Labels

WIDTH, HEIGHT = 100, 30


@pytest.fixture
def three_sessions(sender: Sender) -> list[str]:
    """Three sessions, the newest first; none has a pause, so that a slow machine meets no end of one."""
    now_ms = sender.batch(0).received_at
    found = []
    for number in (1, 2, 3):
        each = sender.again(
            session=session_id(number), started_at=now_ms - number * 100_000, received_at=now_ms
        )
        moves = ["m", 950, 0, 0, 100, 100, [900, 1, 1] * 65]
        each.send(0, pageview(path=f"/page-{number}"), click(900, 40, 50), moves, click(60_000, 200, 200))
        found.append(each.session)
    return found


class Watchers:
    """``usertrack replay …`` as children, each with a terminal of its own."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.made: list[Terminal] = []

    def watch(self, *arguments: str, stdin: str | None = None, **environment: str) -> Terminal:
        command = usertrack("replay", *arguments, "--data", str(self._home.root), environment=environment)
        read_end, write_end = os.pipe()

        def child() -> None:
            if stdin is not None:
                os.dup2(read_end, 0)
            os.close(write_end)
            command()

        self.made.append(Terminal(child, width=WIDTH, height=HEIGHT))
        os.close(read_end)
        os.write(write_end, (stdin or "").encode())
        os.close(write_end)
        return self.made[-1]


@pytest.fixture
def watchers(home: Home) -> Iterator[Watchers]:
    found = Watchers(home)
    yield found
    for each in found.made:
        each.close()


def labels(home: Home, session: str) -> Labels:
    return api.SessionLabels(home, site="default", session=session).read()


def test_what_nobody_has_watched_plays_in_turn_and_takes_labels(
    home: Home, three_sessions: list[str], watchers: Watchers
) -> None:
    first, second, third = three_sessions
    watcher = watchers.watch("--next")

    watcher.wait_for("/page-1")
    watcher.wait_for("1/3")
    watcher.type(" tcheck out\r")
    watcher.wait_for("tagged check out")
    watcher.type("*")
    watcher.wait_for("starred")
    watcher.type("g0:30\r")
    watcher.wait_for("00:30.0")
    watcher.type("Nasks twice\x7f\x7f\x7f\x7f\x7fagain\r")
    watcher.wait_for("noted")
    watcher.wait_for("00:30.0  note: asks again")
    watcher.type("tnever mind")
    watcher.wait_for("tag: never mind")
    # Escape is a key of its own once nothing follows it.
    watcher.type("\x1b")
    watcher.wait_until(lambda: "never mind" not in watcher.text(), "the prompt never went")
    watcher.type("\r")
    watcher.wait_for("/page-2")
    watcher.type("q")

    assert watcher.exit_status() == 0
    found = labels(home, first)
    assert (found.tags, found.is_starred, found.is_watched) == (("check out",), True, True)
    assert [(note.note, note.at_ms) for note in found.notes] == [("asks again", 30_000)]
    assert labels(home, second).is_watched
    assert not labels(home, third).is_watched


def test_a_note_is_found_again_changed_and_taken_back(
    home: Home, three_sessions: list[str], watchers: Watchers
) -> None:
    api.SessionLabels(home, site="default", session=three_sessions[0]).add_note("asks twice", at_ms=20_000)
    watcher = watchers.watch(three_sessions[0])
    watcher.wait_for("/page-1")

    watcher.type(",0..")
    watcher.wait_for("00:20.0  note: asks twice")
    watcher.type("N!\r")
    watcher.wait_for("note: asks twice!")
    assert [note.note for note in labels(home, three_sessions[0]).notes] == ["asks twice!"]
    watcher.type("N" + "\x7f" * 11 + "\r")
    watcher.wait_for("note taken back")
    watcher.type("q")

    assert watcher.exit_status() == 0
    assert "note: asks" not in watcher.text()
    assert labels(home, three_sessions[0]).notes == ()


def test_a_terminal_without_colour_plays_in_ascii(three_sessions: list[str], watchers: Watchers) -> None:
    watcher = watchers.watch(three_sessions[0], NO_COLOR="1")

    watcher.wait_for("/page-1")
    watcher.type(" ?")
    watcher.wait_for("this help")
    watcher.type("q")

    assert watcher.exit_status() == 0
    assert watcher.written.isascii()
    assert re.search(rb"\x1b\[[0-9;]*[34]8;", watcher.written) is None


def test_a_dumb_terminal_gets_the_storyboard(home: Home, three_sessions: list[str], watchers: Watchers) -> None:
    watcher = watchers.watch(three_sessions[0], TERM="dumb")

    assert watcher.exit_status() == 0
    assert watcher.written.isascii()
    assert b"\x1b" not in watcher.written
    assert b'clicked "Buy" (#buy)' in watcher.written
    assert not labels(home, three_sessions[0]).is_watched


def test_keys_come_from_the_terminal_while_ids_come_from_a_pipe(
    home: Home, three_sessions: list[str], watchers: Watchers
) -> None:
    watcher = watchers.watch("-", stdin="\n".join(reversed(three_sessions)))

    watcher.wait_for("/page-3")
    watcher.type("\r")
    watcher.wait_for("/page-2")
    watcher.type("e")
    watcher.wait_for("clicked “Buy” (#buy)")
    watcher.type("q")

    assert watcher.exit_status() == 0
    assert [labels(home, session).is_watched for session in three_sessions] == [False, True, True]


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux on the PATH, so nothing is seen through it")
def test_tmux_shows_the_same_and_gets_its_screen_back(home: Home, three_sessions: list[str]) -> None:
    server = ["tmux", "-L", f"usertrack-{os.getpid()}", "-f", "/dev/null"]
    command = f"{sys.executable} -m usertrack_cli replay {three_sessions[0]} --data {home.root}"

    def tmux(*arguments: str) -> str:
        done = subprocess.run(
            [*server, *arguments], capture_output=True, text=True, timeout=20, check=True, env=environment
        )
        return done.stdout

    def wait_for(text: str, *, width: int = 0) -> str:
        deadline_s = time.monotonic() + DEADLINE_S
        while text not in (shown := tmux("capture-pane", "-p")) or max(map(len, shown.splitlines())) < width:
            assert time.monotonic() < deadline_s, f"{text!r} never came; the screen was\n{shown}"
            time.sleep(0.1)
        return shown

    environment = os.environ | {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    tmux("new-session", "-d", "-x", "80", "-y", "24", "sh")
    try:
        tmux("send-keys", f"PS1='ready> '; clear; {command}", "Enter")
        wait_for("/page-1")
        tmux("send-keys", "Space", "5")
        half = wait_for("00:30.0")
        tmux("send-keys", ".")
        wait_for("01:00.0")
        tmux("send-keys", ",")
        wait_for("00:00.9")
        tmux("send-keys", "C-z")
        stopped = wait_for("Stopped")
        tmux("send-keys", "fg", "Enter")
        wait_for("00:00.9")
        tmux("resize-window", "-x", "110", "-y", "30")
        resized = wait_for("00:00.9", width=110)
        tmux("send-keys", "q")
        after = wait_for("ready>")
    finally:
        tmux("kill-server")

    assert len(half.splitlines()) == 24
    assert "00:00.9" not in stopped
    assert len(resized.splitlines()) == 30
    assert "00:00.9" not in after
    assert "page-1" not in after.replace(command, "")
