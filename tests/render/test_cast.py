"""The asciicast: valid lines, rising times, and a last screen that equals the last frame."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import time
from pathlib import Path

import pyte
import pytest

from usertrack_cli.render.cast import cast
from usertrack_cli.render.recording import Recording

GOLDEN = Path(__file__).parents[1] / "golden" / "replay" / "shop-100x30-unicode.txt"


def last_golden_frame() -> list[str]:
    heading, *lines = GOLDEN.read_text(encoding="utf-8").rpartition("== ")[2].splitlines()
    assert heading == "102000 ms"
    return lines


def test_a_cast_plays_to_the_last_frame(shop_recording: Recording) -> None:
    lines = list(cast(shop_recording, width=100, height=30))
    header, *events = [json.loads(line) for line in lines]
    screen = pyte.Screen(100, 30)
    stream = pyte.Stream(screen)

    for _, code, data in events:
        if code == "o":
            stream.feed(data)

    assert [line.rstrip() for line in screen.display] == last_golden_frame()
    assert (header["version"], header["width"], header["height"]) == (2, 100, 30)


def test_times_rise_and_skip_what_is_idle(shop_recording: Recording) -> None:
    times = [json.loads(line)[0] for line in list(cast(shop_recording))[1:]]

    assert times == sorted(times)
    assert times[-1] < 40


def test_moments_are_markers_and_every_line_is_ascii(shop_recording: Recording) -> None:
    lines = list(cast(shop_recording))
    markers = [event[2] for event in map(json.loads, lines[1:]) if event[1] == "m"]

    assert "clicked “Shop” (nav a)" in markers
    assert all(line.isascii() for line in lines)


@pytest.mark.skipif(
    shutil.which("asciinema") is None, reason="no asciinema on the PATH, so no cast is played by anybody else"
)
def test_asciinema_plays_it_to_the_same_screen(shop_recording: Recording, tmp_path: Path) -> None:
    file = tmp_path / "shop.cast"
    file.write_text("".join(f"{line}\n" for line in cast(shop_recording, width=100, height=30)))
    screen = pyte.Screen(100, 30)
    stream = pyte.ByteStream(screen)
    command = ["asciinema", "play", "--speed", "1000", "--idle-time-limit", "0.01", str(file)]

    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, os.environ | {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"})  # noqa: S606 - no shell
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s and select.select([terminal], [], [], 10)[0]:
        try:
            stream.feed(os.read(terminal, 65_536))
        except OSError:
            break
    os.close(terminal)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert [line.rstrip() for line in screen.display] == last_golden_frame()
