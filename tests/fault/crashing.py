"""Crash at every step: a child process dies before or after each call that changes the disk.

``python -m tests.fault.crashing ACTION STORE`` copies STORE, lets ACTION die at its first step, looks
at what is left, and goes on with the second, until ACTION gets through. Death is ``os._exit``: no
``finally``, no rollback, no closing, as after ``kill -9``. Or it is a real SIGKILL by strace at a
system call, those that SQLite and Arrow make included.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa

from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS
from usertrack_cli.lifecycle import erasure, retention
from usertrack_cli.lifecycle.receipt import chain_faults, receipts
from usertrack_cli.lifecycle.writer import Writer
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.settings import resolve
from usertrack_cli.store import backup, catalog, compaction, drain, quarantine, reserve
from usertrack_cli.store.home import Home
from usertrack_cli.store.ledger import pending_files
from usertrack_cli.store.roster import live_segments, roster_rows
from usertrack_cli.store.workspace import workspace

CRASHED = 86
SYSCALLS = (
    "write",
    "pwrite64",
    "ftruncate",
    "fsync",
    "fdatasync",
    "rename",
    "unlink",
    "unlinkat",
    "mkdir",
    "rmdir",
)
"""What changes the disk, whoever calls it: ours, SQLite's and Arrow's."""
WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN", "PRAGMA wal_checkpoint", "\nINSERT", "\nUPDATE")
ERASED = "s000000000000000000001"

Row = tuple[Any, ...]


def steps_until(death: int) -> None:
    """Let this process die at the ``death``-th step from now."""
    left = [death]

    def step() -> None:
        left[0] -= 1
        if left[0] == 0:
            os._exit(CRASHED)

    def dying(act: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            step()
            done = act(*given, **named)
            step()
            return done

        return call

    for name in ("fsync", "rename", "unlink", "mkdir", "rmdir", "link"):
        setattr(os, name, dying(getattr(os, name)))

    class Dying(sqlite3.Connection):
        def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            if not sql.startswith(WRITES):
                return super().execute(sql, *rest)
            step()
            cursor = super().execute(sql, *rest)
            step()
            return cursor

    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **named: connect(*given, **{"factory": Dying} | named)


def act_drain(home: Home) -> None:
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        drain.drain(con, home, folder, now_ms=clock.now_ms())


def act_compact(home: Home) -> None:
    compaction.FAN_IN = 2
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        compaction.compact(con, home, folder, now_ms=clock.now_ms())


def act_prune(home: Home) -> None:
    rules = resolve({}, flags={"max_sessions": 2}, environ={}).settings
    retention.prune(home, rules, now_ms=clock.now_ms() + DAY_MS // 2, spares_young=False)


def act_prune_full(home: Home) -> None:
    """As on a full disk: day by day, old files unlinked at once."""
    reserve.FREE_BYTES_MIN = 2**62
    act_prune(home)


def act_delete(home: Home) -> None:
    erasure.erase(home, [("default", ERASED)])


def act_set_aside(home: Home) -> None:
    with closing(catalog.connect(home)) as con:
        if quarantine.quarantined(con):
            return
        damaged = [live_segments(con)[0]]
        quarantine.set_aside(con, home, damaged, reason="a test", now_ms=clock.now_ms())


def act_backup(home: Home) -> None:
    backup.back_up(home, home.root.parent / "backups", now_ms=clock.now_ms(), with_keys=True, keep=1)


ACTIONS: dict[str, Callable[[Home], None]] = {
    "drain": act_drain,
    "compact": act_compact,
    "prune": act_prune,
    "prune-full": act_prune_full,
    "delete": act_delete,
    "set-aside": act_set_aside,
    "backup": act_backup,
}


def rows(home: Home) -> set[Row]:
    """Every row an answer sees; twice the same row is an error of its own."""
    found: list[Row] = ask(
        home, Filter(), lambda con: con.execute("SELECT session, seq, idx, kind, x, y FROM events").fetchall()
    )
    assert len(found) == len(set(found)), "a row is there twice"
    return set(found)


def recover(home: Home) -> None:
    """What the writer does when it starts."""
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        writer = Writer(home, con, folder)
        writer._draining.do()
        assert writer._erasing.do(), "the erasure was not finished"
        assert writer._tidying.do(), "tidying failed"


def check(home: Home, action: str, before: set[Row], after: set[Row]) -> None:
    """The state is the one before or the one after; and the next start leaves nothing behind."""
    seen = rows(home)
    assert seen in (before, after), f"{len(seen)} rows, neither {len(before)} nor {len(after)}"
    recover(home)
    seen = rows(home)
    assert seen in (before, after), f"after recovery {len(seen)} rows"
    with closing(catalog.connect(home)) as con:
        named = {segment.path for segment, _ in roster_rows(con)}
        pending = con.execute("SELECT count(*) FROM tombstones WHERE done_at IS NULL").fetchone()[0]
    on_disk = {str(file.relative_to(home.segments)) for file in home.segments.rglob("*.parquet")}
    assert on_disk == named, f"{len(on_disk - named)} orphans, {len(named - on_disk)} missing"
    assert pending == 0
    assert not any(home.tmp.iterdir()), "a workspace was left"
    made_receipts = receipts(home.ledger)
    assert chain_faults(made_receipts) == []
    assert not pending_files(home.ledger), "a note of an erasure was left"
    if action == "delete":
        assert len(made_receipts) == int(seen == after), "not one receipt for one erasure"
    for made in backup.backups_in(home.root.parent / "backups"):
        assert backup.manifest_of(made).segments == sum(1 for _ in made.rglob("*.parquet"))
    ACTIONS[action](home)
    assert rows(home) == after, "doing it again does not lead to the end"


def in_child(act: Callable[[], None]) -> int:
    """Run ``act`` in a process of its own and return its exit code."""
    pid = os.fork()
    if pid == 0:
        os._exit(in_child_body(act))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def in_child_body(act: Callable[[], None]) -> int:
    try:
        act()
    except BaseException:  # noqa: BLE001 the parent is told by the exit code
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


def killed_at_step(death: int, act: Callable[[], None]) -> int:
    """Run ``act`` in a process that ends itself at its ``death``-th step."""

    def die() -> None:
        steps_until(death)
        act()

    return in_child(die)


def killed_at_syscall(name: str, death: int, act: Callable[[], None]) -> int:
    """Run ``act`` in a process that strace kills at its ``death``-th system call of this name."""

    def wait_for_tracer() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        act()

    pid = os.fork()
    if pid == 0:
        os._exit(in_child_body(wait_for_tracer))
    os.waitpid(pid, os.WUNTRACED)
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(pid), "-e", f"trace={name}"]
    tracer = subprocess.Popen([*trace, "-e", f"inject={name}:signal=KILL:when={death}"])
    while not is_traced(pid):
        if tracer.poll() is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise RuntimeError("strace cannot attach")
        time.sleep(0.01)
    os.kill(pid, signal.SIGCONT)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    tracer.wait()
    return CRASHED if code == -signal.SIGKILL else code


def is_traced(pid: int) -> bool:
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


Kill = Callable[[int, Callable[[], None]], int]


def main(action: str, template: Path, kills: dict[str, int]) -> int:
    """Print how many steps the action has; fail at the first one that leaves something wrong.

    Args:
        kills: ``step``, or the names of system calls at which the process that acts is killed; each
            with its stride: 1 dies at every step, 5 at every fifth.
    """
    pa.set_cpu_count(1)
    work = template.parent / f"work-{action}"
    reference = Home(template.parent / f"reference-{action}")

    def fresh() -> Home:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(work.parent / "backups", ignore_errors=True)
        shutil.copytree(template, work, copy_function=shutil.copyfile)
        work.chmod(0o700)
        return Home(work)

    def note_reference() -> None:
        before = rows(reference)
        ACTIONS[action](reference)
        reference.root.with_suffix(".json").write_text(json.dumps([sorted(before), sorted(rows(reference))]))

    shutil.copytree(template, reference.root, copy_function=shutil.copyfile)
    reference.root.chmod(0o700)
    if in_child(note_reference):
        return 1
    before, after = (
        {tuple(row) for row in part} for part in json.loads(reference.root.with_suffix(".json").read_text())
    )
    deaths = 0
    for name, stride in kills.items():
        kill: Kill = killed_at_step if name == "step" else partial(killed_at_syscall, name)
        for death in count(1, stride):
            home = fresh()
            code = kill(death, lambda home=home: ACTIONS[action](home))  # type: ignore[misc]
            if code == 0:
                break
            if code != CRASHED:
                print(f"{name} {death}: {action} itself failed")  # noqa: T201
                return 1
            deaths += 1
            if in_child(lambda home=home: check(home, action, before, after)):  # type: ignore[misc]
                print(f"{name} {death}: wrong state")  # noqa: T201
                return 1
    print(deaths)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), {"step": 1}))
