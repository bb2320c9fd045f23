"""A quota is a full disk of which the file system says nothing: it tells of free space and refuses to give it.

The store lies in a subvolume of btrfs with a limit, beyond which the kernel answers EDQUOT.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.fault.test_power import mounted
from tests.ingest.test_session import arrival, opened
from usertrack_cli.store import catalog, reserve
from usertrack_cli.store.home import Home, create_home

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("mkfs.btrfs") is None or not Path("/dev/loop-control").exists(),
        reason="NOT PROVED HERE: a real quota needs root, loop devices and btrfs-progs",
    ),
]

IMAGE_MIB = 512
QUOTA_MIB = 48
FIRST_SUBVOLUME = "0/256"
GROUPS_MAX = 200


@contextmanager
def limited_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with a folder ``account`` that may hold so much and no more."""
    image = tmp_path / "disk.img"
    subprocess.run(["truncate", "-s", f"{IMAGE_MIB}M", image], check=True)
    subprocess.run(["mkfs.btrfs", "-q", "-f", image], check=True, capture_output=True)
    with mounted(image, tmp_path / "disk") as disk:
        if subprocess.run(["btrfs", "quota", "enable", disk], capture_output=True, check=False).returncode:
            pytest.skip("NOT PROVED HERE: this btrfs has no quotas")
        subprocess.run(["btrfs", "subvolume", "create", disk / "account"], check=True, capture_output=True)
        limit(disk, QUOTA_MIB)
        yield disk


def limit(disk: Path, mib: int) -> None:
    subprocess.run(["btrfs", "qgroup", "limit", f"{mib}M", FIRST_SUBVOLUME, disk], check=True)


def fill(path: Path, *, step_bytes: int) -> None:
    """Write until the kernel refuses, each piece to the disk before the next."""
    with pytest.raises(OSError, match="quota"), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(step_bytes))
            os.fsync(file.fileno())


def alone(path: Path) -> sqlite3.Connection:
    """Open a database without shared memory: what is mapped is not refused over a quota of btrfs but killed."""
    con = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("locking_mode = EXCLUSIVE", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
        con.execute(f"PRAGMA {pragma}")
    return con


def test_over_a_real_quota_is_507_and_nothing_acknowledged_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "open_database", alone)
    with limited_disk(tmp_path) as disk:
        home = create_home(disk / "account" / "data")
        keeper = opened(home)
        statuses: list[int] = []
        for group in range(GROUPS_MAX):
            statuses.append(keeper.keep([arrival(group, body=os.urandom(400_000))])[0].status)
            if statuses[-1] != 204:
                break
        is_said_free = not reserve.is_low(home)
        limit(disk, 2 * QUOTA_MIB)
        after = keeper.keep([arrival(GROUPS_MAX)])[0].status
        keeper.close()
        with closing(alone(home.catalog)) as con:
            stored = [seq for (seq,) in con.execute("SELECT seq FROM batches ORDER BY seq")]

    assert is_said_free
    assert (statuses[-1], after) == (507, 204)
    assert stored == [*range(len(statuses) - 1), GROUPS_MAX]


def test_over_a_real_quota_the_reserve_is_released_and_its_space_can_be_used(tmp_path: Path) -> None:
    with limited_disk(tmp_path) as disk:
        home = Home(disk / "account")
        assert reserve.keep_reserve(home)
        fill(home.root / "others", step_bytes=2**20)
        fill(home.root / "more", step_bytes=4096)
        is_said_free = not reserve.is_low(home)

        with reserve.spent_reserve(home) as is_short:
            (home.root / "rewritten").write_bytes(os.urandom(reserve.RESERVE_BYTES // 2))

    assert is_said_free
    assert is_short
