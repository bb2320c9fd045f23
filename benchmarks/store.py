"""How the store grows: bytes an event by column, rewriting, and commit, drain and query times.

``python benchmarks/store.py`` fills stores through the real inbox, drain and compaction and prints
three tables: bytes by column, time against the number of flushes, time against the number of events.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from statistics import mean

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ingest import body
from usertrack_cli import clock
from usertrack_cli.commands.init import prepare
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog
from usertrack_cli.store.compaction import compact
from usertrack_cli.store.drain import drain
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.inbox import Inbox, NewBatch, NewSession
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.workspace import workspace

META = {
    "country": "DE", "browser": "Firefox", "browser_major": 140, "os": "Linux", "device": "desktop",
    "language": "en",
    "screen_w": 1280, "screen_h": 800, "dpr": 1.0, "basis": "not_required", "is_bot": False,
}  # fmt: skip
CLICKS = "SELECT count(*), sum(x) FROM events WHERE kind = 'click' AND page = '/shop'"
ONE = "SELECT count(*) FROM events WHERE session = 's000000000000000000003'"


class Filler:
    """Sends batches of many sessions; one of its batches becomes about 230 rows."""

    def __init__(self, home: Home, *, sessions: int) -> None:
        self.home = home
        self.sessions = sessions
        self.sent = 0
        self.content = json.loads(body())
        self.chance = random.Random(1)  # noqa: S311 the same data every time
        self.started_at = clock.now_ms() - 3_600_000
        self.day = time.strftime("%Y-%m-%d", time.gmtime(self.started_at / 1000))

    def body(self) -> bytes:
        """Events of the usual shape with places and pauses of their own."""
        draw, x, y = self.chance.gauss, self.chance.randrange(1280), self.chance.randrange(800)
        events: list[list[object]] = []
        for event in self.content["e"]:
            if event[0] == "m":
                steps = [int(v) for _ in range(6) for v in (60 + abs(draw(0, 20)), draw(0, 25), draw(0, 18))]
                event = ["m", event[1] + int(draw(50, 20)), 0, event[3], x, y, steps]
            elif event[0] == "c":
                place = self.chance.randrange(1000)
                event = [
                    "c",
                    event[1],
                    x,
                    y,
                    0,
                    event[5],
                    0,
                    place,
                    999 - place,
                    f"#shop>a:nth-of-type({place % 40})",
                ]
                event += [f"Walnut desk {place % 40}", 16, int(abs(draw(150, 90))), int(abs(draw(400, 300)))]
            elif event[0] == "s":
                event = ["s", event[1] + int(abs(draw(0, 40))), 0, int(abs(draw(600, 400)))]
            events.append(event)
        return json.dumps({"t": self.started_at, "pg": self.content["pg"], "e": events}).encode()

    def batch(self) -> NewBatch:
        """Return the next batch of the next session."""
        number, seq = self.sent % self.sessions, self.sent // self.sessions
        self.sent += 1
        session, visitor = f"s{number:021d}", sha256(str(number).encode()).hexdigest()[:32]
        return NewBatch(
            site="default", session=session, seq=seq, digest=self.sent.to_bytes(16, "big"),
            received_at=clock.now_ms(),
            epoch=202611, visitor=visitor, ip=None, meta=json.dumps(META).encode(),
            body=self.body(), month="2026-11",
            user_agent="Firefox", opens=NewSession(
                day=self.day, epoch=202611, visitor=visitor, skew_ms=0, client=b"{}"
            ) if seq == 0 else None,
        )  # fmt: skip


def timed(act: Callable[[], object]) -> float:
    """Return the milliseconds that something takes."""
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def new_home(folder: Path, name: str) -> Home:
    """Return an empty store."""
    home = create_home(folder / name)
    prepare(home)
    return home


def columns(home: Home) -> None:
    """Bytes an event, column by column."""
    sizes: Counter[str] = Counter()
    rows = total = 0
    with closing(catalog.connect(home)) as con:
        segments = live_segments(con)
    for segment in segments:
        about = pq.read_metadata(home.segments / segment.path)
        rows, total = rows + about.num_rows, total + segment.bytes
        for group in range(about.num_row_groups):
            for column in range(about.num_columns):
                chunk = about.row_group(group).column(column)
                sizes[chunk.path_in_schema] += chunk.total_compressed_size
    print(f"\nbytes an event: {total / rows:.2f} over {rows} rows in {len(segments)} segments")
    shown = [f"{name} {size / rows:.3f}" for name, size in sizes.most_common(14)]
    print(
        "  " + ", ".join(shown) + f", the rest {(total - sum(s for _, s in sizes.most_common(14))) / rows:.3f}"
    )


def asked(home: Home, sql: str) -> float:
    """Return the milliseconds of a question, checksums included."""
    return timed(lambda: ask(home, Filter(), lambda con: con.execute(sql).fetchall()))


def by_flushes(folder: Path, marks: list[int]) -> None:
    """Small flushes, compacted as the writer does: do commit, drain and query stay flat?"""
    print(
        f"\n{'flushes':>8}{'live files':>12}{'commit ms':>11}{'drain ms':>10}{'compact ms':>12}"
        f"{'clicks ms':>11}{'session ms':>12}{'rewrites':>10}"
    )
    home = new_home(folder, "flushes")
    filler = Filler(home, sessions=200)
    with closing(catalog.connect(home)) as con, workspace(home) as work:
        inbox = Inbox(con)
        commits, drains, rewritten, rows = [], [], 0, 0
        compaction_ms = 0.0
        for flush in range(1, marks[-1] + 1):
            made = [filler.batch() for _ in range(2)]
            commits.append(timed(lambda made=made: inbox.append(made)))
            drains.append(timed(lambda: drain(con, home, work, now_ms=clock.now_ms())))
            known = {segment.path: segment for segment in live_segments(con)} if flush % 20 == 0 else {}
            if flush % 20 == 0:
                compaction_ms += timed(lambda: compact(con, home, work, now_ms=clock.now_ms()))
                after = live_segments(con)
                rewritten += sum(segment.rows for segment in after if segment.path not in known)
                rows = sum(segment.rows for segment in after)
            if flush in marks:
                snapshot(home)
                files = len(live_segments(con))
                last = slice(-50, None)
                print(
                    f"{flush:8}{files:12}{mean(commits[last]):11.2f}{mean(drains[last]):10.1f}{compaction_ms:12.0f}"
                    f"{asked(home, CLICKS):11.0f}{asked(home, ONE):12.0f}{rewritten / max(1, rows):10.2f}"
                )


def by_events(folder: Path, marks: list[int]) -> None:
    """Large drains: commits of a thousand batches, rows a second, and what a question costs."""
    print(
        f"\n{'M events':>9}{'segments':>10}{'MiB':>8}{'commit ms':>11}{'rows/s drained':>16}"
        f"{'clicks ms':>11}{'session ms':>12}"
    )
    home = new_home(folder, "events")
    filler = Filler(home, sessions=20_000)
    with closing(catalog.connect(home)) as con, workspace(home) as work:
        inbox = Inbox(con)
        spent, commits = 0.0, []
        for mark in marks:
            while sum(segment.rows for segment in live_segments(con)) < mark * 1_000_000:
                made = [filler.batch() for _ in range(1_000)]
                commits.append(timed(lambda made=made: inbox.append(made)))
                spent += timed(lambda: drain(con, home, work, now_ms=clock.now_ms()))
                con.execute("DELETE FROM batches WHERE body IS NULL")
            compact(con, home, work, now_ms=clock.now_ms())
            live = live_segments(con)
            rows, size = sum(s.rows for s in live), sum(s.bytes for s in live)
            snapshot(home)
            print(
                f"{rows / 1e6:9.1f}{len(live):10}{size / 2**20:8.1f}{mean(commits[-5:]):11.1f}"
                f"{rows / spent * 1000:16.0f}{asked(home, CLICKS):11.0f}{asked(home, ONE):12.0f}"
            )
    columns(home)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flushes", type=int, default=5_000)
    parser.add_argument("--millions", type=int, default=20)
    asked_for = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="usertrack-bench-") as name:
        by_flushes(
            Path(name), [mark for mark in (10, 100, 500, 1_000, 2_000, 5_000) if mark <= asked_for.flushes]
        )
        by_events(Path(name), [mark for mark in (1, 5, 10, 20) if mark <= asked_for.millions])


if __name__ == "__main__":
    main()
