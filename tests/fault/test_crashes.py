"""Killed at any step, the store is as it was before or as it should be after."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault.crashing import ACTIONS
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS
from usertrack_cli.store import catalog
from usertrack_cli.store.drain import drain
from usertrack_cli.store.home import Home
from usertrack_cli.store.workspace import workspace

ROOT = Path(__file__).parents[2]
UNSAFE_SWAP = """
from usertrack_cli.store import swap
from usertrack_cli.store.catalog import transaction
def unsafe(con, home, *, old, new, now_ms, at_once):
    swap.unlink(home, old)  # before the commit that forgets them
    with transaction(con):
        swap.forget_segments(con, old)
    with transaction(con):
        swap.add_segments(con, new)
from usertrack_cli.store import compaction
compaction.swap = unsafe
"""


@pytest.fixture
def template(home: Home) -> Path:
    """Three sessions over two days and several segments each, some of it still in the inbox."""
    now_ms = clock.now_ms()
    for part in range(2):
        for number in range(3):
            started_at = now_ms - (number % 2) * DAY_MS - 3_600_000
            sender = Sender(home, session_id(number), started_at=started_at, received_at=started_at + 60_000)
            sender.send(part, pageview(), click(100, number, part), ["m", 200, 0, 0, 5, 5, [50, 1, 1]])
        with closing(catalog.connect(home)) as con, workspace(home) as folder:
            drain(con, home, folder, now_ms=now_ms)
    for number in range(3):
        started_at = now_ms - (number % 2) * DAY_MS - 3_600_000
        sender = Sender(home, session_id(number), started_at=started_at, received_at=started_at + 60_000)
        sender.send(2, pageview(), click(100, number, 2))
    return home.root


def crash_at_steps(
    action: str, template: Path, *, stride: int, prelude: str = ""
) -> subprocess.CompletedProcess[str]:
    code = f"{prelude}\nimport sys\nfrom pathlib import Path\nfrom tests.fault.crashing import main\n"
    code += f"sys.exit(main({action!r}, Path({str(template)!r}), {stride}))\n"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env=os.environ | {"TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_crash_leaves_the_state_before_or_after(action: str, template: Path) -> None:
    done = crash_at_steps(action, template, stride=7)

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert int(done.stdout) >= 5


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_crash_at_each_single_step_leaves_the_state_before_or_after(action: str, template: Path) -> None:
    done = crash_at_steps(action, template, stride=1)

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


def test_a_swap_that_unlinks_before_its_commit_would_be_found(template: Path) -> None:
    """The control of the test above."""
    done = crash_at_steps("compact", template, stride=3, prelude=UNSAFE_SWAP)

    assert done.returncode == 1
    assert "wrong state" in done.stdout
