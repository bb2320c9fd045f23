"""How long a heatmap takes, whole process, beside its limit and two rivals in the same run.

    python -m benchmarks.heatmap              1M and 10M events
    python -m benchmarks.heatmap --large      50M too (about 0.4 GB of disk and ten minutes)
    python -m benchmarks.heatmap --no-rivals  without heatmap.js (npm, Chromium) and datashader (PyPI)

The rivals get the very points that ours reads from the store, as a flat file: they scan no Parquet, check
no checksum, and draw no page, caption or legend.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.population import PAGE_HEIGHT_PX, make_store
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

PAGE = "/page-0"
RUNS = 5
HERE = Path(__file__).parent
POINTS_SQL = """
SELECT (x::BIGINT * 1280 // document_w)::INTEGER AS x, y FROM events
WHERE page = $page AND kind = 'move' AND width_class = 'wide' AND y < $height ORDER BY session, seq, idx
"""
DECODE_SQL = "SELECT sum(x), sum(y), sum(document_w) FROM read_parquet(?, hive_partitioning = false)"
_TIMER = """
import resource, subprocess, sys, time
for _ in range(int(sys.argv[1])):
    started = time.perf_counter()
    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
    print(time.perf_counter() - started)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Run by a small process, since a child's peak memory is never less than its parent's at the start."""


def timed(command: Sequence[str], *, runs: int = RUNS) -> tuple[float, float]:
    """Return the median seconds of whole processes and the largest resident set in MB."""
    done = subprocess.run([sys.executable, "-c", _TIMER, str(runs), *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *seconds, peak_kb = map(float, done.stdout.split())
    return statistics.median(seconds), peak_kb / 1024


def ours(home: Home, target: Path, *, kind: str = "move") -> list[str]:
    """Return the command that draws a heatmap."""
    return [
        *(sys.executable, "-m", "usertrack_cli", "heatmap", "--page", PAGE, "--kind", kind, "--last", "390d"),
        *("--width-class", "wide", "--data", str(home.root), "-o", str(target)),
    ]


def stages(home: Home, target: Path) -> dict[str, float]:
    """Return the milliseconds of each stage in a fresh interpreter."""
    code = (HERE / "stages.py").read_text()
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.root), str(target), PAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def decode_seconds(home: Home) -> float:
    """Return how long DuckDB takes to read the three columns of every row: what no query can beat."""
    import duckdb

    files = [str(path) for path in sorted(home.segments.rglob("*.parquet"))]
    seconds = []
    with duckdb.connect() as con:
        for _ in range(RUNS):
            started = time.perf_counter()
            con.execute(DECODE_SQL, [files]).fetchall()
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def export_points(home: Home, target: Path) -> int:
    """Write the points of the page as int32 pairs; return how many."""
    chosen = Filter(site="default", page=PAGE)
    values = {"page": PAGE, "height": PAGE_HEIGHT_PX}
    found = ask(home, chosen, lambda con: con.execute(POINTS_SQL, values).fetchnumpy())
    np.stack([found["x"], found["y"]], axis=1).astype("<i4").tofile(target)
    return len(found["x"])


def heatmap_js(folder: Path, points: Path, target: Path) -> float:
    """Return the seconds of heatmap.js in headless Chromium, start included, on 4 px cells."""
    if not (folder / "node_modules" / "heatmap.js").is_dir():
        subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "heatmap.js@2"],
            check=True,
            capture_output=True,
        )
    script = folder / "node_modules" / "heatmap.js" / "build" / "heatmap.js"
    command = [sys.executable, str(HERE / "rivals.py"), "heatmap.js", str(points), str(target), str(script)]
    return timed(command, runs=3)[0]


def datashader(folder: Path, points: Path, target: Path) -> float:
    """Return the seconds of datashader, compiled beforehand, in a fresh process."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "datashader", "pandas", "pillow"]
        subprocess.run(install, check=True, capture_output=True)
    command = [str(python), str(HERE / "rivals.py"), "datashader", str(points), str(target)]
    return timed(command, runs=3)[0]


def start_up() -> None:
    """Print how long it takes to be told how to call us, beside the import of DuckDB alone."""
    print("\nstart-up, fresh interpreter, median of 11")
    for name, command in {
        "bare Python": [sys.executable, "-c", "pass"],
        "import duckdb": [sys.executable, "-c", "import duckdb"],
        "usertrack --help": [sys.executable, "-m", "usertrack_cli", "--help"],
        "usertrack heatmap --help": [sys.executable, "-m", "usertrack_cli", "heatmap", "--help"],
    }.items():
        print(f"  {name:<26} {timed(command, runs=11)[0] * 1000:6.0f} ms")


def measure(events: int, folder: Path, *, with_rivals: bool) -> None:
    """Make a store of so many events, draw it, and print the figures."""
    print(f"\n{events:,} events", flush=True)
    started = time.perf_counter()
    home = make_store(folder / f"store-{events}", events=events)
    size = sum(path.stat().st_size for path in home.segments.rglob("*.parquet"))
    print(f"  made in {time.perf_counter() - started:.0f} s, {size / events:.1f} bytes an event", flush=True)
    points = folder / "points.bin"
    count = export_points(home, points)
    own, rss = timed(ours(home, folder / "ours.png"))
    print(f"  ours, whole process        {own:6.2f} s   {rss:4.0f} MB   {count:,} points, checksums included")
    for kind in ("attention", "click", "first-click"):
        seconds, rss = timed(ours(home, folder / f"{kind}.png", kind=kind), runs=3)
        print(f"    --kind {kind:<16}    {seconds:6.2f} s   {rss:4.0f} MB")
    for name, ms in stages(home, folder / "stages.png").items():
        print(f"    {name:<24} {ms:6.0f} ms")
    print(f"  limit: DuckDB reads x, y and document_w of all rows in {decode_seconds(home) * 1000:.0f} ms")
    if with_rivals:
        for name, rival in (("heatmap.js in Chromium", heatmap_js), ("datashader", datashader)):
            seconds = rival(folder, points, folder / "rival.png")
            print(f"  {name:<26} {seconds:6.2f} s   {seconds / own:.1f} times ours", flush=True)
    shutil.rmtree(home.root)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="50 million events too")
    parser.add_argument("--no-rivals", action="store_true", help="ours alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usertrack-bench-") as name:
        for events in (1_000_000, 10_000_000, *((50_000_000,) if options.large else ())):
            measure(events, Path(name), with_rivals=not options.no_rivals)
    start_up()


if __name__ == "__main__":
    main()
