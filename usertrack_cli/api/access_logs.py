"""Access logs: pageviews from before the tracker was there, brought in bit by bit."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from usertrack_cli import clock
from usertrack_cli.api.pictures import OnStep, silent
from usertrack_cli.clock import HOUR_MS
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.filters import Filter

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from hashlib import _Hash

    from usertrack_cli.ingest.accesslog import Hit, Unsuited
    from usertrack_cli.ingest.logbook import Logbook, OpenLogSession
    from usertrack_cli.queries.logs import LoggedSession
    from usertrack_cli.settings import Settings
    from usertrack_cli.store.home import Home
    from usertrack_cli.store.logfiles import Mark

LINES_PER_COMMIT = 200_000
"""Some 150 MB of rows at the peak; what was committed before a crash is not read again."""
DISORDER_MS = HOUR_MS
"""Servers write a request when it ends, so that lines are a little out of order."""
LOCK_WAIT_S = 60.0
_LINE_READ_MAX = 1 << 20
"""A file without line ends is read in pieces of this size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLog:
    """What became of a log.

    Attributes:
        lines: That were read now; ``skipped_bytes`` were read by an earlier import.
        pageviews: That are new in the store; ``bots`` of them are of bots.
        sessions: That began in these lines.
        skipped: Lines that are no new pageview, by why.
    """

    lines: int
    pageviews: int
    sessions: int
    bots: int
    skipped: dict[str, int]
    skipped_bytes: int


def import_access_log(
    home: Home,
    file: Path,
    *,
    settings: Settings,
    note: Callable[[str], None] = lambda _: None,
    on_step: OnStep = silent,
) -> ImportedLog:
    """Bring the pageviews of an access log in, with source ``log``; what was brought in before stays as it is.

    A file is known by its content: the same one again, one that has grown, was renamed or packed go on
    where they were read to, and lines that another file had already are left out.

    Args:
        settings: Of the site that it belongs to.
        note: Told what the reader should know, such as a country database that cannot be used.

    Raises:
        UsageError: The file cannot be read, or is no access log.
        StoreError: The store is missing or damaged, its keys are gone, or another process keeps it.
    """
    from usertrack_cli.ingest.accesslog import Unsuited
    from usertrack_cli.store import catalog
    from usertrack_cli.store.catalog import transaction
    from usertrack_cli.store.epochs import refuse_lost_keys
    from usertrack_cli.store.lock import MAINTENANCE, held
    from usertrack_cli.store.logfiles import expire_marks, opened, resumed

    with ExitStack() as stack:
        stack.enter_context(held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="importing"))
        con = stack.enter_context(closing(catalog.connect(home)))
        keys = stack.enter_context(closing(catalog.connect_keys(home, may_create=False)))
        refuse_lost_keys(con, keys, home)
        now_ms = clock.now_ms()
        with transaction(con):
            expire_marks(con, site=settings.site, before_ms=now_ms - settings.max_age)
        mark, digest = resumed(con, file, site=settings.site)
        content = stack.enter_context(opened(file))
        content.seek(mark.bytes if mark else 0)
        reading = _Reading(content, digest, done=mark.bytes if mark else 0)
        book = _logbook(home, con, keys, settings, now_ms=now_ms, note=note)
        total = max(file.stat().st_size, 1)
        began = mark
        while block := reading.block():
            if reading.lines == len(block):
                _remember(home, book, block, site=settings.site, is_continued=began is not None)
            book.add(block)
            mark = _commit(con, home, book, reading, before=mark, now_ms=now_ms)
            on_step(min(reading.done / total, 1.0), f"{reading.lines:,} lines")
    if reading.lines and not book.rows and set(book.skipped) == {Unsuited.UNREADABLE}:
        raise UsageError(
            f"{file} is not an access log in combined format",
            hint="nginx: log_format combined; Apache: CustomLog … combined",
        )
    return ImportedLog(
        lines=reading.lines,
        pageviews=book.rows,
        sessions=book.sessions,
        bots=book.bots,
        skipped={why.value: count for why, count in book.skipped.most_common()},
        skipped_bytes=began.bytes if began else 0,
    )


class _Reading:
    """Whole lines of a file a block at a time, with the digest of all that was read."""

    def __init__(self, content: IO[bytes], digest: _Hash, *, done: int) -> None:
        self._content = content
        self._digest = digest
        self.done = done
        self.lines = 0

    def block(self) -> list[Hit | Unsuited]:
        """Return what the next lines tell; nothing at the end, or where the last line is not complete yet."""
        from usertrack_cli.ingest.accesslog import LINE_BYTES_MAX, Unsuited, hit_of

        found: list[Hit | Unsuited] = []
        for line in self._whole_lines():
            text = line.decode("utf-8", "replace")
            found.append(hit_of(text) if len(line) < LINE_BYTES_MAX else Unsuited.UNREADABLE)
            self._digest.update(line)
            self.done += len(line)
            if len(found) == LINES_PER_COMMIT:
                break
        self.lines += len(found)
        return found

    @property
    def mark(self) -> Mark:
        """How far the file was read."""
        from usertrack_cli.store.logfiles import Mark

        return Mark(self.done, self._digest.hexdigest())

    def _whole_lines(self) -> Iterator[bytes]:
        while line := self._content.readline(_LINE_READ_MAX):
            if not line.endswith(b"\n") and len(line) < _LINE_READ_MAX:
                return
            yield line


def _logbook(
    home: Home,
    con: sqlite3.Connection,
    keys: sqlite3.Connection,
    settings: Settings,
    *,
    now_ms: int,
    note: Callable[[str], None],
) -> Logbook:
    from usertrack_cli.ingest.enrichment import Agents, Countries
    from usertrack_cli.ingest.logbook import Logbook
    from usertrack_cli.store.ledger import known_erasures
    from usertrack_cli.store.objections import Objections
    from usertrack_cli.store.visitor import Keyring

    return Logbook(
        settings=settings,
        keyring=Keyring(keys),
        objections=Objections(con, keys),
        agents=Agents(),
        countries=Countries(settings.geoip_db, note=note),
        now_ms=now_ms,
        open={},
        known=Counter(),
        erasures=known_erasures(home.ledger),
    )


def _remember(home: Home, book: Logbook, block: list[Hit | Unsuited], *, site: str, is_continued: bool) -> None:
    """Tell the book which sessions may go on and, of a file not met before, which rows are stored already."""
    from usertrack_cli.ingest.accesslog import Hit
    from usertrack_cli.ingest.logbook import IDLE_MS
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.logs import logged_rows, logged_sessions

    first_ms = min((hit.at_ms for hit in block if isinstance(hit, Hit)), default=None)
    if first_ms is None:
        return
    chosen = Filter(site=site, from_ms=first_ms - IDLE_MS, includes_bots=True)
    began_ms = first_ms - DISORDER_MS
    found = ask(
        home,
        chosen,
        lambda con: (
            logged_sessions(con, site=site, from_ms=first_ms - IDLE_MS),
            [] if is_continued else logged_rows(con, site=site, from_ms=began_ms),
        ),
        shows_hidden=True,
    )
    book.open.update({each.visitor: _open(each) for each in found[0]})
    book.known.update(found[1])


def _open(found: LoggedSession) -> OpenLogSession:
    from usertrack_cli.ingest.logbook import OpenLogSession

    day = datetime.fromtimestamp(found.started_at / 1000, tz=UTC).strftime("%Y-%m-%d")
    return OpenLogSession(found.session, day, found.epoch, found.started_at, found.last_at, found.pageviews)


def _commit(
    con: sqlite3.Connection, home: Home, book: Logbook, reading: _Reading, *, before: Mark | None, now_ms: int
) -> Mark:
    from usertrack_cli.ingest.logbook import SOURCE
    from usertrack_cli.store.logged import append_logged

    mark = reading.mark
    append_logged(
        con,
        home,
        book.taken(),
        site=book.settings.site,
        source=SOURCE,
        # People first: they are who writes letters.
        agents=sorted(book.agents_seen, key=lambda agent: (book.agents_seen[agent], agent)),
        month=datetime.fromtimestamp(now_ms / 1000, tz=UTC).strftime("%Y-%m"),
        mark=mark,
        before=before,
        now_ms=now_ms,
    )
    book.agents_seen.clear()
    return mark
