"""A disk that is full or fails: nothing acknowledged is lost, nothing lost is acknowledged, and it passes."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault.collecting import ROOT, Crowd, batch, collecting, lost_and_double, stored, unsafely
from tests.senders import Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.store import catalog, reserve, room
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Inbox
from usertrack_cli.store.snapshot import snapshot

MIB = 2**20


def has_namespaces() -> bool:
    made = subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False)
    return shutil.which("unshare") is not None and made.returncode == 0


needs_namespaces = pytest.mark.skipif(
    not has_namespaces(), reason="NOT PROVED HERE: a full disk needs user namespaces (unshare -Urm)"
)


def on_small_disk(scenario: Callable[[Path], None], disk: Path, *, mib: int) -> None:
    """Run a scenario of this module in a mount namespace of its own, on a tmpfs of so many MiB."""
    disk.mkdir()
    code = f'from tests.fault.test_disk import *; {scenario.__name__}(Path("{disk}"))'
    mount = f"mount -t tmpfs -o size={mib}m,mode=0700 none {disk}"
    script = f"{mount} && exec {sys.executable} -W ignore -c '{code}'"
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def fill(path: Path, *, leave: int = 0) -> None:
    """Somebody else fills the disk."""
    with contextlib.suppress(OSError), path.open("wb") as file:
        while True:
            file.write(bytes(64 * 1024))
            file.flush()
    if leave and path.exists():
        os.truncate(path, max(0, path.stat().st_size - leave))


def wait_for(condition: Callable[[], bool], *, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def scenario_full(disk: Path) -> None:
    """The disk fills up under load, space comes back, and collecting goes on by itself."""
    data = disk / "data"
    with Crowd(4, filler=2000) as crowd, collecting(data, "--flush-interval", "1s") as running:
        crowd.port = running.port
        wait_for(lambda: len(crowd.acked) > 60)
        fill(disk / "others")
        wait_for(lambda: 507 in crowd.statuses)
        before = len(crowd.acked)
        time.sleep(1.5)
        assert running.process.poll() is None, "serve ended"
        assert running.writer_pid() is not None, "the writer ended"
        (disk / "others").unlink()
        wait_for(lambda: len(crowd.acked) > before + 60)
        crowd.end()
        assert running.stop() == 0
    lost, double = lost_and_double(data, crowd)
    assert (lost, double) == (set(), 0)
    assert crowd.statuses <= {200, 204, 503, 507}, crowd.statuses


@needs_namespaces
def test_a_full_disk_is_507_and_collecting_goes_on_when_space_returns(tmp_path: Path) -> None:
    on_small_disk(scenario_full, tmp_path / "disk", mib=96)


ACKNOWLEDGED_ON_A_FULL_DISK = """
import usertrack_cli.ingest.keeper as k
keep = k.Keeper.keep
def careless(self, arrivals):
    return [k.KEPT if verdict.status == 507 else verdict for verdict in keep(self, arrivals)]
k.Keeper.keep = careless
"""


def scenario_full_careless(disk: Path) -> None:
    """The disk fills up under load, and a server that says nothing of it."""
    data, safeguards = disk / "data", disk / "safeguards"
    safeguards.mkdir()
    environ = unsafely(ACKNOWLEDGED_ON_A_FULL_DISK, safeguards)
    with Crowd(4, filler=2000) as crowd, collecting(data, environ=environ) as running:
        crowd.port = running.port
        wait_for(lambda: len(crowd.acked) > 60)
        fill(disk / "others")
        before = len(crowd.acked)
        wait_for(lambda: len(crowd.acked) > before + 400)
        (disk / "others").unlink()
        crowd.end()
        assert running.stop() == 0
    assert lost_and_double(data, crowd)[0]


@needs_namespaces
def test_an_acknowledgement_on_a_full_disk_would_be_found(tmp_path: Path) -> None:
    """The control of the test above."""
    on_small_disk(scenario_full_careless, tmp_path / "disk", mib=96)


def scenario_sqlite(disk: Path) -> None:
    """Without the look at the free space, the commit itself meets the full disk, and recovers."""
    from usertrack_cli.commands.init import prepare
    from usertrack_cli.store.home import create_home

    home = create_home(disk / "data")
    prepare(home)
    sender = Sender(home, session_id(1))
    kept = 0
    coming = [sender.batch(seq, pageview(title="x" * 20_000)) for seq in range(1, 40)]
    later = [sender.batch(seq, pageview()) for seq in range(1000, 1003)]
    with closing(catalog.connect(home)) as con:
        inbox = Inbox(con)
        inbox.append([sender.batch(0, pageview())])
        fill(disk / "others")
        failed = 0
        for each in coming:
            try:
                inbox.append([each])
                kept += 1
            except sqlite3.OperationalError as error:
                assert "full" in str(error)
                failed += 1
                if failed > 3:
                    break
        assert failed > 3
        (disk / "others").unlink()
        for each in later:  # on the same connection: no transaction was left open
            inbox.append([each])
    assert len({row[1] for row in stored(home.root)}) == kept + 4


@needs_namespaces
def test_a_commit_that_met_a_full_disk_leaves_the_connection_usable(tmp_path: Path) -> None:
    on_small_disk(scenario_sqlite, tmp_path / "disk", mib=8)


def scenario_prune(disk: Path) -> None:
    """On a disk that somebody else filled to the last byte, prune and delete still work."""
    data = disk / "data"
    with Crowd(4, filler=2000) as crowd, collecting(data, "--flush-interval", "1s") as running:
        crowd.port = running.port
        wait_for(lambda: len(crowd.acked) > 100)
        wait_for((data / "reserve").exists)
        crowd.end()
        assert running.stop() == 0
    assert len({row[0] for row in stored(data)}) == 4
    fill(disk / "others")
    first = crowd.browsers[0].session
    assert main(["delete", "--session", first, "--yes", "--data", str(data)]) == 0
    assert main(["prune", "--max-sessions", "1", "--yes", "--data", str(data)]) == 0
    assert first not in {row[0] for row in stored(data)}
    assert main(["sessions", "--json", "--data", str(data)]) == 0
    (disk / "others").unlink()
    assert reserve.keep_reserve(Home(data))


@needs_namespaces
def test_prune_and_delete_work_on_a_full_disk(tmp_path: Path) -> None:
    on_small_disk(scenario_prune, tmp_path / "disk", mib=96)


def scenario_no_reserve(disk: Path) -> None:
    reserve.RESERVE_BYTES = 0
    data = disk / "data"
    with Crowd(2, filler=2000) as crowd, collecting(data, "--flush-interval", "1s") as running:
        crowd.port = running.port
        wait_for(lambda: len(crowd.acked) > 60)
        crowd.end()
        assert running.stop() == 0
    stored(data)
    (data / "reserve").unlink(missing_ok=True)
    fill(disk / "others")
    code = main(["delete", "--session", crowd.browsers[0].session, "--yes", "--data", str(data)])
    assert code in {5, 6}, f"deleting without a reserve ended with {code}"


@needs_namespaces
def test_without_the_reserve_deleting_on_a_full_disk_fails(tmp_path: Path) -> None:
    """The control of the test above."""
    on_small_disk(scenario_no_reserve, tmp_path / "disk", mib=96)


needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="NOT PROVED HERE: strace is not installed"
)


def under_failing_calls(data: Path, *faults: str, unsafe: str = "") -> Crowd:
    """Collect while system calls fail, with a safeguard switched off where ``unsafe`` does that."""
    with collecting(data) as first:  # what only a new store does is not to fail
        assert first.stop() == 0
    calls = ",".join(fault.partition(":")[0] for fault in faults)
    prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}"]
    for fault in faults:
        prefix += ["-e", f"inject={fault}"]
    environ = unsafely(unsafe, data.parent) if unsafe else {}
    with (
        Crowd(3) as crowd,
        collecting(data, "--flush-interval", "1s", prefix=tuple(prefix), environ=environ) as running,
    ):
        crowd.port = running.port
        wait_for(lambda: len(crowd.acked) > 120)
        crowd.end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.stop()
    return crowd


# From the 40th call on every 3rd sync of the disk fails, in both processes.
FAILING_SYNCS = "fsync,fdatasync:error=EIO:when=40+3"
ACKNOWLEDGED_ANYWAY = """
import usertrack_cli.ingest.keeper as k
keep = k.Keeper.keep
def careless(self, arrivals):
    return [k.KEPT if verdict.status == 503 else verdict for verdict in keep(self, arrivals)]
k.Keeper.keep = careless
"""


@needs_strace
def test_a_failing_sync_is_never_acknowledged_and_passes(tmp_path: Path) -> None:
    data = tmp_path / "data"

    crowd = under_failing_calls(data, FAILING_SYNCS)

    assert lost_and_double(data, crowd) == (set(), 0)
    assert crowd.statuses <= {200, 204, 503}
    assert 503 in crowd.statuses
    assert main(["doctor", "--json", "--data", str(data)]) in {0, 4}


@needs_strace
def test_an_acknowledgement_in_spite_of_a_failing_sync_would_be_found(tmp_path: Path) -> None:
    """The control of the test above."""
    data = tmp_path / "data"

    crowd = under_failing_calls(data, FAILING_SYNCS, unsafe=ACKNOWLEDGED_ANYWAY)

    assert lost_and_double(data, crowd)[0]


# SQLite calls a quota an I/O error. What it writes fails for a while; our own probe fails all the time.
OVER_QUOTA = ("pwrite64:error=EDQUOT:when=60..90", "fsync:error=EDQUOT")


@needs_strace
def test_over_quota_is_507_and_collecting_goes_on_when_there_is_room(tmp_path: Path) -> None:
    data = tmp_path / "data"

    crowd = under_failing_calls(data, *OVER_QUOTA)

    assert lost_and_double(data, crowd) == (set(), 0)
    assert crowd.statuses <= {200, 204, 503, 507}
    assert 507 in crowd.statuses


@needs_strace
def test_a_quota_taken_for_a_failing_disk_would_be_found(tmp_path: Path) -> None:
    """The control of the test above."""
    blind = "import usertrack_cli.ingest.keeper as k\nk.Keeper._is_over_quota = lambda self: False\n"

    crowd = under_failing_calls(tmp_path / "data", *OVER_QUOTA, unsafe=blind)

    assert 503 in crowd.statuses
    assert 507 not in crowd.statuses


def taken_until_full(home: Home, count: int) -> int:
    """Send batches to an inbox that nobody drains; return how many of ``count`` there was room for."""
    with closing(catalog.connect(home)) as con:
        space = room.Room(con, home)
        for taken in range(count):
            if space.lack(1_000) is not None:
                return taken
            Inbox(con).append([Sender(home, session_id(1)).batch(taken, pageview(title="x" * 1_000))])
    return count


def test_an_inbox_that_nobody_drains_is_bounded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "INBOX_BYTES_MAX", 20_000)
    monkeypatch.setattr(room, "LOOK_EVERY_S", 0.0)

    taken = taken_until_full(home, 40)

    assert 5 < taken < 20
    snapshot(home)  # drains
    with closing(catalog.connect(home)) as con:
        assert room.Room(con, home).lack(1_000) is None


def test_an_inbox_without_its_bound_would_be_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.setattr(room, "INBOX_BYTES_MAX", 2**62)
    monkeypatch.setattr(room, "LOOK_EVERY_S", 0.0)

    assert taken_until_full(home, 40) == 40


SMALL_INBOX = """
import usertrack_cli.store.room as r
r.INBOX_BYTES_MAX, r.LOOK_EVERY_S = 40_000, 0.0
"""


def while_the_writer_hangs(data: Path, environ: dict[str, str]) -> tuple[Crowd, str | None]:
    """Send until the inbox refuses or 400 batches wait; return what was asked for, and let the writer go on."""
    with Crowd(2) as crowd, collecting(data, "--flush-interval", "1s", environ=environ) as running:
        writer = running.writer_pid()
        assert writer is not None
        os.kill(writer, signal.SIGSTOP)
        crowd.port = running.port
        wait_for(lambda: 503 in crowd.statuses or len(crowd.acked) > 400)
        retry_after = asked_to_wait(running.port) if 503 in crowd.statuses else None
        os.kill(writer, signal.SIGCONT)
        before = len(crowd.acked)
        wait_for(lambda: len(crowd.acked) > before + 40)
        crowd.end()
        assert running.stop() == 0
    return crowd, retry_after


def asked_to_wait(port: int) -> str | None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        larger = batch("w" * 22, 0, filler=2_000)  # than what was refused
        connection.request("POST", "/i", larger, {"Content-Type": "text/plain"})
        return connection.getresponse().getheader("Retry-After")


def test_a_full_inbox_is_503_until_the_writer_has_emptied_it(tmp_path: Path) -> None:
    data = tmp_path / "data"

    crowd, retry_after = while_the_writer_hangs(data, unsafely(SMALL_INBOX, tmp_path))

    assert retry_after is not None
    assert int(retry_after) > 0
    assert crowd.statuses <= {200, 204, 503}
    assert lost_and_double(data, crowd) == (set(), 0)


def test_an_inbox_of_every_day_would_have_room_for_that(tmp_path: Path) -> None:
    """The control of the test above."""
    crowd, _ = while_the_writer_hangs(tmp_path / "data", {})

    assert crowd.statuses <= {200, 204}


def test_a_disk_below_the_limit_takes_nothing_new(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserve, "FREE_BYTES_MIN", 2**62)
    with closing(catalog.connect(home)) as con:
        assert room.Room(con, home).lack(1) == "disk"


def test_the_doctor_says_that_space_is_low(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("usertrack_cli.store.doctor.FREE_BYTES_MIN", 2**62)

    assert main(["doctor", "--json", "--data", str(home.root)]) == 4

    said = {each["check"]: each["detail"] for each in json.loads(capsys.readouterr().out)}
    assert "nothing new is taken in" in said["space"]
    assert clock.now_ms() > 0
