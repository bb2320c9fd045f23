"""An access log from file to figures, beside GoAccess (Debian) on the same file in the same run.

``python benchmarks/accesslog.py [--lines 1000000]``: usertrack imports the log into a new store and answers
``stats --by page``; GoAccess reads it and writes its report as JSON. The two do not do the same: usertrack
keeps every pageview as a row for later questions, hashes visitors and parses agents; GoAccess counts every
request and keeps nothing. A second question costs usertrack that question alone, GoAccess everything again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.process import ROOT

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.{} Safari/604.1",
    "Mozilla/5.0 (compatible; Googlebot/2.{}; +http://www.google.com/bot.html)",
)
FILES = ("/style.css", "/app.js", "/logo.svg", "/photo.jpg", "/favicon.ico", "/font.woff2")
REFERRERS = ("-", "-", "https://www.google.com/", "https://news.example/item?id=1")
SHARE_OF_PAGES = 0.4
DAYS = 14


def write_log(path: Path, lines: int) -> None:
    """Write a log of visitors that look at a few pages each, with the files of every page."""
    rng = random.Random(1)  # noqa: S311 the same log every time
    moment = datetime.now(UTC) - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / lines
    visitors = [
        (f"203.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}", _agent(rng))
        for _ in range(max(lines // 20, 1))
    ]
    with path.open("w", encoding="ascii") as file:
        for _ in range(lines):
            moment += step
            address, agent = rng.choice(visitors)
            is_page = rng.random() < SHARE_OF_PAGES
            target = f"/product/{int(rng.paretovariate(1)) % 5000}" if is_page else rng.choice(FILES)
            status = rng.choices((200, 304, 404, 301), weights=(90, 5, 3, 2))[0]
            file.write(
                f'{address} - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "GET {target} HTTP/1.1" {status}'
                f' {rng.randrange(200, 90_000)} "{rng.choice(REFERRERS)}" "{agent}"\n'
            )


def _agent(rng: random.Random) -> str:
    return rng.choice(AGENTS).format(rng.randrange(100, 150))


def timed(command: Sequence[str]) -> tuple[float, float, str]:
    """Run a command and return seconds passed, seconds of CPU, and what it printed."""
    before, start = os.times(), time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - start, cpu_s, done.stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    lines = parser.parse_args().lines
    with tempfile.TemporaryDirectory() as folder:
        log, data, report = Path(folder) / "access.log", Path(folder) / "data", Path(folder) / "report.json"
        write_log(log, lines)
        usertrack = [sys.executable, "-m", "usertrack_cli"]
        where = ["--data", str(data)]
        timed([*usertrack, "init", *where])
        print(f"{lines:,} lines, {log.stat().st_size / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}\n")
        print("| | s | CPU s | lines/s of CPU |\n|---|---|---|---|")
        bring_in = [*usertrack, "import", "access-log", str(log), *where]
        ask = [*usertrack, "stats", "--source", "log", "--by", "page", "--json", *where]
        ours = measured("usertrack import", lines, bring_in)
        again = measured("usertrack import, the same file again", lines, bring_in)
        asked = measured("usertrack stats --by page", lines, ask)
        size = sum(file.stat().st_size for file in data.rglob("*.parquet"))
        print(f"\nthe store takes {size / 1e6:.1f} MB; the same file again is refused in {again[0]:.1f} s")
        if shutil.which("goaccess") is None:
            print("GoAccess is not here: apt-get install goaccess")
            return
        read = ["goaccess", str(log), "--log-format=COMBINED", "-o", str(report), "--no-progress"]
        theirs = measured("GoAccess", lines, read)
        counted = json.loads(report.read_text())["general"]["total_requests"]
        print(f"\nGoAccess counted {counted:,} requests")
        print(f"import and one question: {(ours[1] + asked[1]) / theirs[1]:.2f} times the CPU of GoAccess")
        print(f"every further question: {asked[1] / theirs[1]:.2f} times")


def measured(name: str, lines: int, command: Sequence[str]) -> tuple[float, float]:
    """Print one row and return its seconds."""
    wall_s, cpu_s, _ = timed(command)
    print(f"| {name} | {wall_s:.1f} | {cpu_s:.1f} | {lines / max(cpu_s, 1e-9):,.0f} |")
    return wall_s, cpu_s


if __name__ == "__main__":
    main()
