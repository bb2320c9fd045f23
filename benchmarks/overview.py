"""The overview against the same questions in rows: ``stats`` and ``funnel`` over 10 million events.

``python benchmarks/overview.py`` fills a store with made-up events (``--large``: 50 million too, each asked
once), copies the columns that the questions need into SQLite and into Debian's PostgreSQL (on loopback,
as another user, indexed), and asks all three for: the totals of the range, the totals of each page, and a
funnel of two steps. Ours are whole processes, checksums and start-up included, and they are asked for
more: rage and dead clicks, the days of each row, bots, the counting tier. The rivals' time is that of the
query alone.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.database import postgres
from benchmarks.population import make_store

RUNS, RUNS_LARGE = 3, 1
Ask = Callable[[str], list[tuple[float, ...]]]
STEPS = ("/page-0", "click:#e5")

COLUMNS = (
    "session TEXT", "visitor TEXT", "place BIGINT", "at BIGINT", "kind TEXT", "page TEXT", "selector TEXT",
    "active_ms INTEGER", "scroll_y INTEGER", "viewport_h INTEGER", "document_h INTEGER",
)  # fmt: skip
COPY = """
COPY (
    SELECT session, visitor, seq::BIGINT * 4294967296 + idx AS place, epoch_ms(occurred_at) AS at, kind, page,
           selector, active_ms, scroll_y, viewport_h, document_h
    FROM read_parquet($files)
) TO '{target}' (HEADER FALSE)
"""
INDEXES = (
    "CREATE INDEX events_session ON events (session)",
    "CREATE INDEX events_kind ON events (kind, page)",
)
PER_SESSION = """
SELECT session, {part} AS part, min(visitor) AS visitor,
       sum(CASE WHEN kind = 'pageview' THEN 1 ELSE 0 END) AS pageviews,
       sum(CASE WHEN kind = 'click' THEN 1 ELSE 0 END) AS clicks,
       coalesce(sum(active_ms), 0) AS active_ms, max(1.0 * (scroll_y + viewport_h) / document_h) AS depth
FROM events WHERE at >= {since} GROUP BY 1, 2
"""
FIGURES = """
       count(*), count(DISTINCT visitor), sum(pageviews), sum(clicks),
       avg(CASE WHEN pageviews = 1 AND clicks = 0 AND active_ms < 10000 THEN 1.0 ELSE 0 END), avg(active_ms),
       avg(CASE WHEN depth > 1 THEN 1 ELSE depth END)
"""
QUESTIONS = {
    "totals": f"SELECT {FIGURES} FROM ({PER_SESSION}) s",  # noqa: S608 - own parts
    "by page": f"SELECT {FIGURES}, part FROM ({PER_SESSION}) s GROUP BY part ORDER BY 1 DESC, part LIMIT 20",  # noqa: S608
    "funnel": """
WITH first AS (
    SELECT session, min(place) AS place FROM events
    WHERE at >= {since} AND kind = 'pageview' AND page = '/page-0' GROUP BY session
), second AS (
    SELECT e.session, min(e.place) AS place FROM events e JOIN first f ON f.session = e.session
    WHERE e.at >= {since} AND e.kind = 'click' AND e.selector = '#e5' AND e.place > f.place GROUP BY e.session
)
SELECT (SELECT count(*) FROM first), (SELECT count(*) FROM second)
""",
}
OURS = {
    "totals": ["stats"],
    "by page": ["stats", "--by", "page"],
    "funnel": ["funnel", *STEPS],
}


def timed(ask: Callable[[], list[float]], runs: int) -> tuple[float, list[float]]:
    """Return the median seconds of some runs, and the answer's numbers."""
    seconds, answer = [], []
    for _ in range(runs):
        start = time.perf_counter()
        answer = ask()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), answer


def ours(data: Path, question: str) -> list[float]:
    """Ask a whole process, and return sessions and pageviews of its rows, or sessions of its steps."""
    command = [sys.executable, "-m", "usertrack_cli", *OURS[question], "--json", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    if question == "funnel":
        return [row["sessions"] for row in rows]
    shown = [row for row in rows if (row["key"] == "total") == (question == "totals")]
    return [value for row in shown for value in (row["sessions"], row["pageviews"])]


def numbers(question: str, rows: list[tuple[float, ...]]) -> list[float]:
    """Return the same numbers of a rival's rows."""
    if question == "funnel":
        return [float(value) for value in rows[0]]
    return [float(value) for row in rows for value in (row[0], row[2])]


@contextlib.contextmanager
def filled_sqlite(folder: Path, rows: Path) -> Iterator[Ask]:
    """A SQLite database of the rows, indexed and analysed."""
    with contextlib.closing(sqlite3.connect(folder / "rows.sqlite")) as con:
        con.execute("PRAGMA journal_mode = OFF")
        con.execute("PRAGMA synchronous = OFF")
        con.execute("PRAGMA cache_size = -1000000")
        con.execute(f"CREATE TABLE events ({', '.join(COLUMNS)})")
        with rows.open(newline="") as file:
            places = ", ".join("nullif(?, '')" for _ in COLUMNS)
            con.executemany(f"INSERT INTO events VALUES ({places})", csv.reader(file))  # noqa: S608 - own parts
        for index in INDEXES:
            con.execute(index)
        con.execute("ANALYZE")
        con.commit()
        yield lambda sql: con.execute(sql).fetchall()


@contextlib.contextmanager
def filled_postgres(rows: Path) -> Iterator[Ask]:
    """PostgreSQL on loopback with a gigabyte of buffers, indexed and analysed."""
    with postgres(shared_buffers="1GB", work_mem="256MB", max_wal_size="8GB", fsync="off") as database:
        psql = [*database.client, "-At", "-F", "\t"]

        def ask(sql: str) -> list[tuple[float, ...]]:
            done = subprocess.run([*psql, "-c", sql], capture_output=True, text=True, check=True)
            return [
                tuple(float(cell) if cell and not cell.startswith("/") else 0.0 for cell in line.split("\t"))
                for line in done.stdout.splitlines()
            ]

        ask(f"CREATE TABLE events ({', '.join(COLUMNS)})")
        with rows.open("rb") as file:
            subprocess.run([*psql, "-c", "COPY events FROM STDIN (FORMAT csv)"], stdin=file, check=True)
        for sql in (*INDEXES, "VACUUM ANALYZE events"):
            ask(sql)
        yield ask


def rival(name: str, ask: Ask, since: int, runs: int) -> dict[str, tuple[float, list[float]]]:
    """Return the seconds and the answers of one rival."""
    found = {}
    for question, sql in QUESTIONS.items():
        text = sql.format(part="page" if question == "by page" else "''", since=since)
        found[question] = timed(lambda text=text, question=question: numbers(question, ask(text)), runs)  # type: ignore[misc]
        print(f"  {name}, {question}: {found[question][0]:.2f} s", flush=True)
    return found


def copied(data: Path, target: Path) -> None:
    """Write what the rivals are filled with."""
    files = [str(path) for path in sorted((data / "segments").rglob("*.parquet"))]
    duckdb.execute(COPY.format(target=target), {"files": files})


def measured(folder: Path, events: int, *, runs: int, has_rivals: bool) -> None:
    """Fill a store, ask, and print one table."""
    data = folder / f"store-{events}"
    make_store(data, events=events)
    mine = {question: timed(lambda question=question: ours(data, question), runs) for question in OURS}  # type: ignore[misc]
    found = {"usertrack": mine}
    if has_rivals:
        rows = folder / "rows.csv"
        copied(data, rows)
        since = int((time.time() - 30 * 86_400) * 1000)
        with filled_sqlite(folder, rows) as ask:
            found["SQLite rows"] = rival("SQLite", ask, since, runs)
        with filled_postgres(rows) as ask:
            found["PostgreSQL rows"] = rival("PostgreSQL", ask, since, runs)
        for name, answers in found.items():
            for question, (_, answer) in answers.items():
                assert answer == mine[question][1], (name, question, answer, mine[question][1])
    print(
        f"\n{events:,} events, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, seconds, median of {runs}"
    )
    print("| | " + " | ".join(OURS) + " |\n|---|" + "---|" * len(OURS))
    for name, answers in found.items():
        cells = [
            f"{seconds:.2f}" + ("" if name == "usertrack" else f" ({seconds / mine[question][0]:.1f} ×)")
            for question, (seconds, _) in answers.items()
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--large", action="store_true", help="50 million events too")
    parser.add_argument("--no-rivals", action="store_true", help="ours alone")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usertrack-bench-") as name:
        has_rivals = not chosen.no_rivals
        measured(Path(name), chosen.events, runs=RUNS, has_rivals=has_rivals)
        if chosen.large:
            (Path(name) / "rows.sqlite").unlink(missing_ok=True)
            measured(Path(name), 50_000_000, runs=RUNS_LARGE, has_rivals=has_rivals)


if __name__ == "__main__":
    main()
