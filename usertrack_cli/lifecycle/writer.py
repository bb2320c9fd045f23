"""The writer process: what turns batches into segments, keeps them few, and forgets on time.

``serve`` starts it with ``python -m usertrack_cli.lifecycle.writer DATA`` and a pipe on standard
input; when the pipe closes, whatever happened to the parent, it drains once more and ends.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from usertrack_cli import clock, log
from usertrack_cli.errors import UsertrackError
from usertrack_cli.lifecycle.erasure import finish_erasures
from usertrack_cli.lifecycle.keys import destroy_idle_keys
from usertrack_cli.lifecycle.retention import prune, sites_kept
from usertrack_cli.settings import read_file, resolve
from usertrack_cli.store import bell, catalog
from usertrack_cli.store.compaction import compact
from usertrack_cli.store.drain import drain, expire
from usertrack_cli.store.home import Home, open_home
from usertrack_cli.store.lock import MAINTENANCE, WRITER, FileLock, held
from usertrack_cli.store.reserve import keep_reserve
from usertrack_cli.store.roster import unlink_orphans, unlink_retired
from usertrack_cli.store.tallies import forget_tallies
from usertrack_cli.store.timekeeping import is_steady
from usertrack_cli.store.trouble import EXPECTED, as_store_error
from usertrack_cli.store.workspace import clean_workspaces, workspace

if TYPE_CHECKING:
    import sqlite3

PREDECESSOR_WAIT_S = 10.0
"""A writer whose parent was killed ends by itself within one drain."""
GC_THRESHOLD = 50_000
"""Events leave no cycles, and looking for them takes a quarter of the time it takes to read them."""
POLL_S = 0.25
BATCHES_WAITING_MAX = 1_000
"""About 50,000 events; so many are drained before the flush interval is over."""
ROUNDS_MAX = 8
"""Drained in one turn, 500 batches each. Where more arrive than are drained, everything else would have to
wait for the last of them; so many rounds make fewer files than a compaction takes away, even over midnight."""
RETRY_FIRST_S = 1.0
RETRY_S_MAX = 30.0
"""A full disk is tried again this often: nothing is lost meanwhile, the batches wait in the inbox."""
TIDY_EVERY_S = 60.0
PRUNE_EVERY_S = 3_600.0


class _Duty:
    """One thing to do again and again; what keeps it from succeeding passes, and it is tried again."""

    def __init__(self, name: str, act: Callable[[], None], *, every_s: float, first_s: float = 0.0) -> None:
        self._name = name
        self._act = act
        self._every_s = every_s
        self._retry_s = RETRY_FIRST_S
        self._said = ""
        # Measured by a clock that nobody sets: one set back by an hour would stop draining for an hour.
        self._due_s = clock.monotonic_s() + first_s

    def is_due(self) -> bool:
        return clock.monotonic_s() >= self._due_s

    @property
    def is_failing(self) -> bool:
        return bool(self._said)

    def do(self) -> bool:
        """Do it now; return whether it succeeded. A bug ends the process, and the parent restarts it."""
        try:
            self._act()
        except EXPECTED as error:
            known = error if isinstance(error, UsertrackError) else as_store_error(error)
            said = known.message if known is not None else f"{type(error).__name__}: {error}"
            if said != self._said:
                log.note(f"{self._name} failed and is tried again: {said}", level="warning")
            self._said = said
            self._due_s = clock.monotonic_s() + self._retry_s
            self._retry_s = min(2 * self._retry_s, RETRY_S_MAX)
            return False
        if self._said:
            log.note(f"{self._name} works again")
        self._said, self._retry_s = "", RETRY_FIRST_S
        self._due_s = clock.monotonic_s() + self._every_s
        return True

    def soon(self) -> None:
        """Make it due at the next turn."""
        self._due_s = clock.monotonic_s()


class Writer:
    """One writer's duties, each with its own rhythm; the failure of one does not stop the others."""

    def __init__(self, home: Home, con: sqlite3.Connection, folder: Path) -> None:
        self._home = home
        self._con = con
        self._folder = folder
        flush_s = resolve(read_file(home.root)).settings.flush_interval / 1000
        self._rounds_max: int | None = ROUNDS_MAX
        self._has_more_to_compact = False
        self._has_orphans = True  # a predecessor may have died between rename and commit
        self._draining = _Duty("draining", self._drain, every_s=flush_s)
        self._tidying = _Duty("tidying", self._tidy, every_s=TIDY_EVERY_S)
        self._erasing = _Duty("finishing an erasure", self._erase, every_s=TIDY_EVERY_S)
        self._compacting = _Duty("compacting", self._compact, every_s=TIDY_EVERY_S, first_s=TIDY_EVERY_S)
        self._pruning = _Duty("pruning", self._prune, every_s=PRUNE_EVERY_S, first_s=TIDY_EVERY_S)

    def turn(self) -> None:
        """Do what is due now."""
        if self._draining.is_due() or (self._is_full() and not self._draining.is_failing):
            self._draining.do()
        for duty in (self._erasing, self._tidying, self._compacting, self._pruning):
            if duty.is_due():
                duty.do()
        if self._has_more_to_compact:
            self._compacting.soon()

    def drain_soon(self) -> None:
        """Somebody waits for what is in the inbox; what fails keeps its own pace."""
        if not self._draining.is_failing:
            self._draining.soon()

    def finish(self) -> None:
        """Take in all that still waits; where that fails it waits for the next start."""
        self._rounds_max = None
        self._draining.do()

    def _drain(self) -> None:
        try:
            drain(self._con, self._home, self._folder, now_ms=clock.now_ms(), rounds_max=self._rounds_max)
        except BaseException:
            self._has_orphans = True
            raise

    def _is_full(self) -> bool:
        waiting = self._con.execute(
            "SELECT count(*) FROM (SELECT 1 FROM batches WHERE body IS NOT NULL LIMIT ?)",
            (BATCHES_WAITING_MAX,),
        ).fetchone()
        return bool(waiting[0] >= BATCHES_WAITING_MAX)

    def _erase(self) -> None:
        # Without waiting: a delete that is at work has the lock, and batches are to be drained meanwhile.
        finish_erasures(self._home, waits=False)

    def _tidy(self) -> None:
        now_ms = clock.now_ms()
        keep_reserve(self._home)
        if is_steady(self._con, now_ms=now_ms):
            expire(self._con, now_ms=now_ms)
            forget_tallies(self._con, now_ms=now_ms)
        clean_workspaces(self._home)
        with _maintenance(self._home) as is_ours:
            if is_ours:
                unlink_retired(self._con, self._home, now_ms=now_ms)
                if self._has_orphans:
                    unlink_orphans(self._con, self._home, node=catalog.store_value(self._con, "node"))
                    self._has_orphans = False

    def _compact(self) -> None:
        with _maintenance(self._home) as is_ours:
            # One group a time, so that a long backlog keeps no batch waiting.
            replaced = is_ours and compact(
                self._con, self._home, self._folder, now_ms=clock.now_ms(), groups_max=1
            )
        self._has_more_to_compact = bool(replaced)
        if replaced:
            # It takes more memory than anything else here, which would be kept for the next time.
            pa.default_memory_pool().release_unused()

    def _prune(self) -> None:
        now_ms = clock.now_ms()
        table = read_file(self._home.root)
        for site in sites_kept(self._home, table):
            prune(self._home, resolve(table, site=site).settings, now_ms=now_ms)
        destroy_idle_keys(self._home, now_ms=now_ms, is_writer=True)


@contextmanager
def _maintenance(home: Home) -> Iterator[bool]:
    """Hold the maintenance lock if nobody else does; gives whether it is ours."""
    lock = FileLock(home.root / MAINTENANCE)
    is_ours = lock.acquire()
    try:
        yield is_ours
    finally:
        lock.release()


def run(data: Path) -> int:
    """Work until standard input closes; return the exit code."""
    # The terminal's Ctrl-C reaches the whole group; only the parent decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    home = open_home(data)
    with (
        held(home, WRITER, timeout_s=PREDECESSOR_WAIT_S, doing="writing"),
        closing(catalog.connect(home)) as con,
        workspace(home) as folder,
        bell.hung(home) as ringing,
    ):
        writer = Writer(home, con, folder)
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        while sys.stdin not in (heard := select.select([sys.stdin, ringing], [], [], POLL_S)[0]):
            if ringing in heard:
                bell.silence(ringing)
                writer.drain_soon()
            writer.turn()
        writer.finish()
    return 0


def main() -> None:
    """Run the writer of the data directory named on the command line."""
    data = Path(sys.argv[1])
    try:
        log.configure(resolve(read_file(data)).settings.log_format, part="writer")
        code = run(data)
    except Exception as error:
        known = error if isinstance(error, UsertrackError) else as_store_error(error)
        if known is None:
            raise
        log.note(known.message, level="error")
        code = known.exit_code
    sys.exit(code)


if __name__ == "__main__":
    try:
        main()
    except SystemExit as ended:
        with suppress(OSError):
            sys.stderr.flush()
        # Everything is closed; libraries that would now tell of their own leftovers spoil the log.
        os._exit(int(ended.code or 0))
