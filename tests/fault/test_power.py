"""What was acknowledged survives a power cut; without the syncs it would not.

The store lies on ext4 in a file. What that file holds while it is mounted is what a disk would hold
after a power cut: whatever was not synced is still in the memory of the file system above it. The
server is stopped for a moment, the file copied, and the copy mounted and looked at.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.collecting import Crowd, collecting, lost_and_double, unsafely

CUTS = 3
IMAGE_MIB = 160

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("mkfs.ext4") is None or not Path("/dev/loop-control").exists(),
        reason="NOT PROVED HERE: a power cut needs root, loop devices and mkfs.ext4",
    ),
]

WITHOUT_SYNC = """
import os, sqlite3
os.fsync = lambda handle: None
connect = sqlite3.connect
class Careless(sqlite3.Connection):
    def execute(self, sql, *rest):
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *rest)
sqlite3.connect = lambda *given, **named: connect(*given, **{"factory": Careless, **named})
"""


@contextlib.contextmanager
def mounted(image: Path, where: Path) -> Iterator[Path]:
    where.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-o", "loop", image, where], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT PROVED HERE: a loop device cannot be mounted: {done.stderr.strip()}")
    try:
        yield where
    finally:
        # A process that was killed a moment ago may still be closing its files.
        deadline = time.monotonic() + 10
        while subprocess.run(["umount", where], capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline, "the disk stayed busy"
            time.sleep(0.1)


def cut_power(tmp_path: Path, *, cuts: int, environ: dict[str, str] | None = None) -> tuple[int, int, int]:
    """Return batches acknowledged, lost and doubled, over several cuts."""
    image = tmp_path / "disk.img"
    subprocess.run(["truncate", "-s", f"{IMAGE_MIB}M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    acked = lost = double = 0
    with mounted(image, tmp_path / "disk") as disk:
        (disk / "data").mkdir(mode=0o700)
        with Crowd(4) as crowd, collecting(disk / "data", "--flush-interval", "1s", environ=environ) as running:
            crowd.port = running.port
            for number in range(cuts):
                time.sleep(1.3)
                copy = tmp_path / f"cut-{number}.img"
                with frozen(running.process.pid, running.writer_pid()):
                    known = crowd.acked
                    shutil.copyfile(image, copy)
                acked += len(known)
                with mounted(copy, tmp_path / f"after-{number}") as after:
                    gone, twice = look(after / "data", known)
                lost, double = lost + gone, double + twice
                copy.unlink()
            crowd.end()
    return acked, lost, double


@contextlib.contextmanager
def frozen(*pids: int | None) -> Iterator[None]:
    """Nothing is acknowledged while the disk is copied."""
    alive = [pid for pid in pids if pid is not None]
    for pid in alive:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(0.05)
    try:
        yield
    finally:
        for pid in alive:
            os.kill(pid, signal.SIGCONT)


def look(data: Path, known: set[tuple[str, int]]) -> tuple[int, int]:
    crowd = Crowd(0)
    try:
        rows_lost, double = lost_and_double(data, crowd)
        assert rows_lost == set()
        from tests.fault.collecting import stored

        whole = {(session, seq) for session, seq, idx, _ in stored(data) if idx == 1}
    except Exception:  # noqa: BLE001 a store that cannot be opened has lost everything
        return len(known), 0
    return len(known - whole), double


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acked, lost, double = cut_power(tmp_path, cuts=CUTS)

    assert acked > 100
    assert (lost, double) == (0, 0)


def test_without_syncs_a_power_cut_loses_what_was_acknowledged(tmp_path: Path) -> None:
    """The control of the test above."""
    careless = tmp_path / "careless"
    careless.mkdir()

    acked, lost, _ = cut_power(tmp_path, cuts=1, environ=unsafely(WITHOUT_SYNC, careless))

    assert acked > 20
    assert lost > 0
