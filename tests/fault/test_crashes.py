"""Killed at any step, the store is as it was before or as it should be after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault.crashing import ACTIONS, SYSCALLS, is_traced
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


BY_SYSCALL = ("drain", "compact", "prune", "delete")
SOME_CALLS = {"write": 8, "pwrite64": 25, "fsync": 4, "fdatasync": 8, "rename": 3, "unlink": 4}
"""Kills of the short run: every so many calls of each kind."""


def can_trace() -> bool:
    """Try to attach to a process of our own, which containers and Yama may forbid."""
    if shutil.which("strace") is None:
        return False
    idle = subprocess.Popen(["sleep", "30"])
    tracer = subprocess.Popen(
        ["strace", "-qq", "-o", os.devnull, "-p", str(idle.pid)], stderr=subprocess.DEVNULL
    )
    try:
        while tracer.poll() is None and not is_traced(idle.pid):
            time.sleep(0.01)
        return tracer.poll() is None
    finally:
        idle.kill()
        idle.wait()
        tracer.wait()


needs_tracing = pytest.mark.skipif(
    not can_trace(), reason="NOT PROVED HERE: strace is missing or may not attach to processes"
)


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
    action: str, template: Path, kills: dict[str, int], *, prelude: str = ""
) -> subprocess.CompletedProcess[str]:
    code = f"{prelude}\nimport sys\nfrom pathlib import Path\nfrom tests.fault.crashing import main\n"
    code += f"sys.exit(main({action!r}, Path({str(template)!r}), {kills!r}))\n"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env=os.environ | {"TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=1790,
        check=False,
    )


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_crash_leaves_the_state_before_or_after(action: str, template: Path) -> None:
    done = crash_at_steps(action, template, {"step": 7})

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert int(done.stdout) >= 2


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_crash_at_each_single_step_leaves_the_state_before_or_after(action: str, template: Path) -> None:
    done = crash_at_steps(action, template, {"step": 1})

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


def test_a_swap_that_unlinks_before_its_commit_would_be_found(template: Path) -> None:
    """The control of the test above."""
    done = crash_at_steps("compact", template, {"step": 3}, prelude=UNSAFE_SWAP)

    assert done.returncode == 1
    assert "wrong state" in done.stdout


@needs_tracing
@pytest.mark.parametrize("action", BY_SYSCALL)
def test_a_kill_at_a_system_call_leaves_the_state_before_or_after(action: str, template: Path) -> None:
    done = crash_at_steps(action, template, SOME_CALLS)

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert int(done.stdout) >= 6


@pytest.mark.soak
@pytest.mark.timeout(1800)
@needs_tracing
@pytest.mark.parametrize("action", BY_SYSCALL)
def test_a_kill_at_each_system_call_leaves_the_state_before_or_after(action: str, template: Path) -> None:
    done = crash_at_steps(action, template, dict.fromkeys(SYSCALLS, 1))

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


@needs_tracing
def test_a_swap_that_unlinks_before_its_commit_would_be_found_at_a_system_call_too(template: Path) -> None:
    """The control of the tests above."""
    done = crash_at_steps("compact", template, {"unlink": 1}, prelude=UNSAFE_SWAP)

    assert done.returncode == 1
    assert "wrong state" in done.stdout
