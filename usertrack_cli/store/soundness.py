"""Soundness: whether a segment's file is what was written; each file is read once per process.

DuckDB does not check pages and answers wrongly from a damaged file without an error, so every
file is compared with the digest in the catalog before anything is read from it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from usertrack_cli.store.home import Home
from usertrack_cli.store.segment import Segment, digest_of


class Soundness(StrEnum):
    """What a look at a segment's file found.

    MISSING and UNREADABLE may pass (a disk that is not mounted, a failing cable), so such a file
    is left out of answers but stays on the roster.
    """

    SOUND = "sound"
    DAMAGED = "damaged"
    MISSING = "missing"
    UNREADABLE = "unreadable"


_Seen = tuple[str, str, int, int, int]
_sound: set[_Seen] = set()
_guard = threading.Lock()


def soundness(home: Home, segments: Iterable[Segment]) -> Mapping[str, Soundness]:
    """Return the state of each segment by its path; unknown files are read, in threads."""
    states: dict[str, Soundness] = {}
    unknown: list[tuple[Segment, _Seen]] = []
    for segment in segments:
        seen = _look(home, segment)
        if isinstance(seen, Soundness):
            states[segment.path] = seen
        elif seen in _sound:
            states[segment.path] = Soundness.SOUND
        else:
            unknown.append((segment, seen))
    if unknown:
        with ThreadPoolExecutor(max_workers=4) as pool:
            read = list(pool.map(lambda each: _read(home, each[0]), unknown))
        states.update((segment.path, state) for (segment, _), state in zip(unknown, read, strict=True))
        with _guard:
            _sound.update(
                seen for (_, seen), state in zip(unknown, read, strict=True) if state is Soundness.SOUND
            )
    return states


def is_sound(home: Home, segment: Segment) -> bool:
    """Return True where the file of ``segment`` is what was written."""
    return soundness(home, [segment])[segment.path] is Soundness.SOUND


def _look(home: Home, segment: Segment) -> _Seen | Soundness:
    path = home.segments / segment.path
    try:
        about = path.stat()
    except FileNotFoundError:
        # A move to quarantine that broke off before its commit is finished by the next one.
        is_moved = (home.quarantine / segment.path).exists()
        return Soundness.DAMAGED if is_moved else Soundness.MISSING
    except OSError:
        return Soundness.UNREADABLE
    if about.st_size != segment.bytes:
        return Soundness.DAMAGED
    return str(path), segment.sha256, about.st_ino, about.st_mtime_ns, about.st_size


def _read(home: Home, segment: Segment) -> Soundness:
    try:
        is_same = digest_of(home.segments / segment.path) == segment.sha256
    except FileNotFoundError:
        return Soundness.MISSING
    except OSError:
        return Soundness.UNREADABLE
    return Soundness.SOUND if is_same else Soundness.DAMAGED
