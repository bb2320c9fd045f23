"""How long forgetting takes, and what stays on the disk, beside PostgreSQL and a DuckDB file.

``python benchmarks/erasure.py`` erases one visitor among 1M and 10M events with ``usertrack delete``, the
whole process with preview, verification and receipt; in the same run the same rows go from a PostgreSQL
table with ``DELETE`` and ``VACUUM FULL`` and from a DuckDB file with ``DELETE`` and ``CHECKPOINT``. Then all
files are searched for the visitor. Last, ``usertrack prune`` cuts 160,000 sessions of 20M events to 100,000.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.database import is_installed, postgres
from benchmarks.population import NODE, make_store
from usertrack_cli import clock
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import read_segment, write_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import new_segment_path
from usertrack_cli.store.swap import swap
from usertrack_cli.store.visitor import Keyring, visitor_key
from usertrack_cli.store.workspace import workspace

IP = "203.0.113.7"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
AGENTS = 2_000
SESSIONS = 5
EPOCH = 202611
COLUMNS = (
    "site, session, visitor, epoch, seq, idx, occurred_at, kind, page, x, y, scroll_y, viewport_w, selector"
)
TABLE = (
    "CREATE TABLE events (site text, session text, visitor text, epoch int, seq int, idx int,"
    " occurred_at timestamptz, kind text, page text, x int, y int, scroll_y int, viewport_w int, selector text)"
)
STEP_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Planted:
    """The visitor to be forgotten."""

    visitor: str
    sessions: tuple[str, ...]

    @property
    def traces(self) -> list[bytes]:
        """What must not be found any more."""
        return [self.visitor.encode(), *(session.encode() for session in self.sessions)]


def plant(home: Home) -> Planted:
    """Give one visitor a session in files spread over all days, and the store agents to try."""
    with closing(catalog.connect_keys(home, may_create=False)) as keys:
        key = Keyring(keys).key("default", EPOCH, ipv6_prefix=64, now_ms=clock.now_ms())
    visitor, sessions = visitor_key(key, IP, AGENT), []
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        live = live_segments(con)
        for segment in live[:: max(1, len(live) // SESSIONS)][:SESSIONS]:
            table = read_segment(home, segment.path)
            session = table["session"][table.num_rows // 2].as_py()
            mine = pc.equal(table["session"], session)
            visitors = pc.if_else(mine, pa.scalar(visitor), table["visitor"])
            table = table.set_column(
                table.column_names.index("visitor"), table.schema.field("visitor"), visitors
            )
            path = new_segment_path("default", segment.day, node=NODE, now_ms=clock.now_ms())
            written = write_segment(home, table, path=path, level=4, workspace=folder)
            swap(con, home, old=[segment.path], new=[written], now_ms=clock.now_ms(), at_once=True)
            sessions.append(session)
        con.executemany(
            "INSERT OR IGNORE INTO agents VALUES ('default', ?, '2026-11', '2026-11')",
            [(AGENT,), *((f"Agent {number}",) for number in range(AGENTS - 1))],
        )
    return Planted(visitor, tuple(sessions))


def usertrack(home: Home, *arguments: str) -> tuple[float, float, str]:
    """Run a command in a process of its own; return its seconds, its CPU seconds, and what it printed."""
    os.sync()  # what was written to make the store is not the command's to wait for
    start, cpu = time.perf_counter(), cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", "usertrack_cli", *arguments, "--data", str(home.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    return seconds, cpu_s() - cpu, done.stdout


def cpu_s() -> float:
    """Return the CPU seconds of all processes that were run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def found_in(folder: Path, traces: Iterable[bytes]) -> int:
    """Return in how many bytes of files one of these stands, counting each occurrence once."""
    hits = 0
    for file in (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
        with file.open("rb") as content:
            tail = b""
            while step := content.read(STEP_BYTES):
                block = tail + step
                hits += sum(block.count(trace) for trace in traces)
                tail = block[-(max(map(len, traces)) - 1) :]
                hits -= sum(tail.count(trace) for trace in traces)
            hits += sum(tail.count(trace) for trace in traces)
    return hits


def decoded_hits(home: Home, planted: Planted) -> int:
    """Return how many rows of any Parquet file still are the visitor's."""
    files = [str(file) for file in home.root.rglob("*.parquet")]
    sql = "SELECT count(*) FROM read_parquet($files, hive_partitioning = false) WHERE visitor = $visitor"
    row = duckdb.execute(sql, {"files": files, "visitor": planted.visitor}).fetchone()
    return int(row[0]) if row else 0


def in_postgres(home: Home, folder: Path, planted: Planted) -> tuple[float, float, int]:
    """Return the seconds of DELETE and of VACUUM FULL, and the hits that stay on the disk."""
    rows = folder / "rows.csv"
    files = [str(file) for file in home.segments.rglob("*.parquet")]
    source = f"(SELECT {COLUMNS} FROM read_parquet($files, hive_partitioning = false))"  # noqa: S608 - own names
    duckdb.execute(f"COPY {source} TO '{rows}' (HEADER false)", {"files": files})
    with postgres() as database:

        def ask(*commands: str) -> float:
            os.sync()
            start = time.perf_counter()
            flags = [flag for command in commands for flag in ("-c", command)]
            subprocess.run(
                [*database.client, "-v", "ON_ERROR_STOP=1", *flags], check=True, stdout=subprocess.DEVNULL
            )
            return time.perf_counter() - start

        load = f"\\copy events FROM '{rows}' (FORMAT csv)"
        ask(TABLE, load, "CREATE INDEX ON events (visitor)", "CHECKPOINT")
        rows.unlink()
        deleted = ask(f"DELETE FROM events WHERE visitor = '{planted.visitor}'")  # noqa: S608 - hex digits
        vacuumed = ask("VACUUM FULL events", "CHECKPOINT")
        return deleted, vacuumed, found_in(database.cluster, planted.traces)


def in_duckdb(home: Home, folder: Path, planted: Planted) -> tuple[float, float, int]:
    """Return the seconds of DELETE and of CHECKPOINT in a DuckDB file, and the hits that stay on the disk."""
    place = folder / "duck"
    place.mkdir()
    files = [str(file) for file in home.segments.rglob("*.parquet")]
    with duckdb.connect(str(place / "events.duckdb")) as con:
        con.execute(
            "CREATE TABLE events AS SELECT * FROM read_parquet($files, hive_partitioning = false)",
            {"files": files},
        )
        con.execute("CHECKPOINT")
    os.sync()
    start = time.perf_counter()
    with duckdb.connect(str(place / "events.duckdb")) as con:
        con.execute("DELETE FROM events WHERE visitor = ?", [planted.visitor])
        deleted = time.perf_counter() - start
        con.execute("CHECKPOINT")
        checked = time.perf_counter() - start - deleted
    hits = found_in(place, planted.traces)
    shutil.rmtree(place)
    return deleted, checked, hits


def erase_one(folder: Path, millions: float, *, with_postgres: bool) -> None:
    """Print one line for each of the three."""
    home = make_store(folder / f"store-{millions}", events=int(millions * 1_000_000))
    planted = plant(home)
    lines = []
    if with_postgres:
        lines.append(("PostgreSQL 15, 14 columns, index on visitor", *in_postgres(home, folder, planted)))
    lines.append(("DuckDB file", *in_duckdb(home, folder, planted)))
    seconds, cpu, said = usertrack(home, "delete", "--ip", IP, "--yes")
    assert f"erased {len(planted.sessions)} sessions" in said, said
    verified, _, _ = usertrack(home, "receipt", "verify")
    tombs = [session.encode() for session in planted.sessions]
    left = found_in(home.root, [planted.visitor.encode()]) + decoded_hits(home, planted)
    print(f"\n{millions:g}M events, {len(list(home.segments.rglob('*.parquet')))} files, {AGENTS} agents tried")
    print(f"{'':46}{'delete s':>9}{'reclaim s':>10}{'sum s':>8}{'ratio':>7}{'hits left':>10}")
    for name, deleted, reclaimed, hits in lines:
        total = deleted + reclaimed
        print(f"{name:46}{deleted:9.2f}{reclaimed:10.2f}{total:8.2f}{total / seconds:7.1f}{hits:10}")
    print(f"{'usertrack delete, whole process, receipt included':46}{seconds:26.2f}{1:7.1f}{left:10}")
    late = found_in(home.root, tombs)
    print(f"of CPU {cpu:.2f} s, load {os.getloadavg()[0]:.1f}")
    print(f"receipt verify {verified:.2f} s; ids in the list of late batches, for 72 h: {late}")
    shutil.rmtree(home.root)


def prune(folder: Path, millions: float) -> None:
    """Print how long cutting to 100,000 sessions takes."""
    home = make_store(folder / "prune", events=int(millions * 1_000_000), parts=4)
    seconds, cpu, said = usertrack(home, "prune")
    print(f"\nprune to 100,000 sessions among {millions:g}M events: {seconds:.2f} s, CPU {cpu:.2f} s")
    print(said.strip())
    shutil.rmtree(home.root)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, nargs="*", default=[1.0, 10.0])
    parser.add_argument("--prune-millions", type=float, default=20.0)
    parser.add_argument("--no-postgres", action="store_true")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="usertrack-bench-") as name:
        for millions in asked.millions:
            erase_one(Path(name), millions, with_postgres=not asked.no_postgres and is_installed())
        if asked.prune_millions:
            prune(Path(name), asked.prune_millions)


if __name__ == "__main__":
    main()
