"""The progress bar: on a terminal only, after a second, and gone at the end."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

import pytest

from usertrack_cli.commands.progress import BAR_CELLS, bar

CODE = """
import time
from usertrack_cli.commands.progress import progress
with progress() as tell:
    tell(0.5, "reading events")
    time.sleep({seconds})
print("done")
"""


@pytest.mark.parametrize(
    ("share", "full"), [(-1, 0), (0, 0), (0.5, BAR_CELLS // 2), (1, BAR_CELLS), (7, BAR_CELLS)]
)
def test_a_bar_is_as_full_as_the_work_is_done(share: float, full: int) -> None:
    text = bar(share, "drawing", elapsed_s=3.4)

    assert text == f"[{'#' * full}{'.' * (BAR_CELLS - full)}] drawing  3 s"


def on_terminal(seconds: float, **environment: str) -> str:
    """Run the code with standard error on a pseudo terminal; return what that showed."""
    master, slave = pty.openpty()
    command = [sys.executable, "-c", CODE.format(seconds=seconds)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=slave, env=os.environ | {"TERM": "xterm"} | environment
    ) as process:
        os.close(slave)
        shown = b""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            ready, _, _ = select.select([master], [], [], 0.2)
            try:
                step = os.read(master, 4096) if ready else b""
            except OSError:  # the other end is closed
                break
            shown += step
        assert process.communicate(timeout=10)[0] == b"done\n"
    os.close(master)
    return shown.decode()


def test_slow_work_shows_a_bar_and_wipes_it_away() -> None:
    shown = on_terminal(1.8)

    assert "reading events" in shown
    assert shown.endswith("\r\x1b[K")


def test_quick_work_and_dumb_terminals_show_nothing() -> None:
    assert on_terminal(0.1) == ""
    assert on_terminal(1.5, TERM="dumb") == ""


def test_a_pipe_gets_no_bar() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(seconds=1.5)], capture_output=True, text=True, check=True, timeout=30
    )

    assert (done.stdout, done.stderr) == ("done\n", "")
