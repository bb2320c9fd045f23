"""Recordings of other tools, brought into the store."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from usertrack_cli import clock
from usertrack_cli.errors import UsageError

if TYPE_CHECKING:
    from usertrack_cli.settings import Settings
    from usertrack_cli.store.home import Home


@dataclass(frozen=True, slots=True)
class ImportedSession:
    """One recording in the store.

    Attributes:
        skipped: Events that have no counterpart here, or that the store does not take.
        is_new: False where it had been imported before.
    """

    session: str
    started_at: int
    events: int
    skipped: int
    is_new: bool


def import_rrweb(home: Home, file: Path, *, settings: Settings) -> ImportedSession:
    """Bring an rrweb recording in; the same file twice is one session.

    Args:
        settings: Of the site that it belongs to.

    Raises:
        UsageError: The file cannot be read, or is no recording.
        StoreError: The keys are gone although sessions are there.
    """
    from usertrack_cli.ingest.importing import keep
    from usertrack_cli.ingest.rrweb import FILE_BYTES_MAX, imported
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.filters import Filter
    from usertrack_cli.queries.sessions import sessions_by_prefix
    from usertrack_cli.store import catalog
    from usertrack_cli.store.epochs import refuse_lost_keys

    site = settings.site
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise UsageError(f"{file} is larger than {FILE_BYTES_MAX // 1024**2} MB")
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error
    recording = imported(content, site=site)
    found = ask(
        home,
        Filter(site=site),
        lambda con: sessions_by_prefix(con, recording.session, site=site),
        session=recording.session,
    )
    if found:
        return ImportedSession(
            recording.session, recording.started_at_ms, recording.events, recording.skipped, is_new=False
        )
    with closing(catalog.connect(home)) as con, closing(catalog.connect_keys(home, may_create=False)) as keys:
        refuse_lost_keys(con, keys, home)
    kept = keep(home, recording, site=site, settings=settings, now_ms=clock.now_ms())
    return ImportedSession(
        recording.session,
        recording.started_at_ms,
        kept.events,
        recording.skipped + kept.rejected,
        is_new=kept.is_new,
    )
