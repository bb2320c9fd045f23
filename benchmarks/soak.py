"""A long, even load on one serve process, and what it does to memory, files and latency.

``python benchmarks/soak.py --minutes 60`` sends 500 batches a second from sessions that come and go, over
kept connections, through the real HTTP endpoint; the writer drains, compacts and prunes meanwhile. Latency
counts from the instant at which a batch was due, so that a server that stalls is not spared the batches it
kept waiting. Every ten seconds the state is noted; at the end it is drawn to ``benchmarks/soak.png``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.process import cpu_s, family, free_port, rss_mib, running, wait_for_port

if TYPE_CHECKING:
    from PIL import ImageDraw

WINDOW_S = 10.0
CONNECTIONS = 64
BATCHES_PER_SESSION = 60
"""With as many visits at once as batches a second, 500 sessions begin a minute: below the limit of 600."""
LATE_S = 30.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PANELS = (
    ("p99_ms", "p99 of the answer, ms"),
    ("batches_per_s", "batches acknowledged a second"),
    ("server_mib", "memory of the HTTP process, MiB"),
    ("writer_mib", "memory of the writer, MiB"),
    ("files", "open files of the HTTP process"),
    ("segments", "live segments"),
    ("wal_mib", "write-ahead log, MiB"),
    ("waiting", "batches that wait for the writer"),
    ("load", "load of the machine: processes that run or want to"),
)


@dataclass
class Sample:
    """The state at the end of a window of ten seconds."""

    minute: float
    p50_ms: float
    p99_ms: float
    batches_per_s: float
    server_mib: float
    writer_mib: float
    files: int
    segments: int
    wal_mib: float
    waiting: int
    load: float


@dataclass
class Traffic:
    """What was sent and how it was answered."""

    latencies_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    sessions: int = 0


class Visit:
    """One session that sends a number of batches."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self._rng = rng
        self._began_ms = int(time.time() * 1000)
        self._id = f"soak{number:018d}"
        self.address = f"100.{64 + number // 65_025 % 64}.{number // 255 % 255}.{1 + number % 254}"
        self.seq = 0

    def body(self) -> bytes:
        """Ten seconds of a visit: two runs of the pointer, scrolling, a click, active time."""
        rng, now_ms = self._rng, int(time.time() * 1000)
        at = now_ms - self._began_ms
        x, y = rng.randrange(1200), rng.randrange(700)
        events: list[list[object]] = []
        for run in range(2):
            steps = [each for _ in range(20) for each in (60, rng.randrange(-20, 20), rng.randrange(-20, 20))]
            events.append(["m", at + 1300 * run, 0, 100 * run, x, y, steps])
        events.append(["c", at + 2600, x, y, 0, 200, 0, 500, 500, "#shop>a.card", "Desk", 16, 120, 340])
        events += [["s", at + 2700, 0, 300], ["s", at + 2800, 0, 420], ["a", at + 3000, 9000]]
        if not self.seq:
            events.insert(0, ["p", at, 1, "load", "/shop", "Shop", "", 1280, 800, 1280, 2400, 0, 0])
        content = {
            "v": 1, "k": "default", "s": self._id, "q": self.seq, "t": self._began_ms, "n": now_ms, "c": 0,
            "pg": [1, "/shop", 1280, 800, 1280, 2400, 0, 0], "u": [], "e": events,
        }  # fmt: skip
        self.seq += 1
        return json.dumps(content, separators=(",", ":")).encode()


class Crowd:
    """Visits at the same time, one of which is due for every batch."""

    def __init__(self, size: int, traffic: Traffic) -> None:
        self._rng = random.Random(1)  # noqa: S311 the same load in every run
        self._traffic = traffic
        self._visits = [self._begun() for _ in range(size)]
        # They do not all leave at the same moment.
        self._lives = [1 + place * BATCHES_PER_SESSION // size for place in range(size)]
        self._next = 0

    def _begun(self) -> Visit:
        self._traffic.sessions += 1
        return Visit(self._traffic.sessions, self._rng)

    def visit(self) -> Visit:
        """Return whose turn it is."""
        place = self._next
        self._next = (place + 1) % len(self._visits)
        if not self._lives[place]:
            self._visits[place], self._lives[place] = self._begun(), BATCHES_PER_SESSION
        self._lives[place] -= 1
        return self._visits[place]


async def sender(
    port: int, crowd: Crowd, traffic: Traffic, *, first_s: float, every_s: float, until_s: float
) -> None:
    """Send a batch every so often over one connection, late ones at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    due_s = first_s
    while due_s < until_s:
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        visit = crowd.visit()
        content = visit.body()
        head = (
            f"POST /i HTTP/1.1\r\nHost: x\r\nUser-Agent: {AGENT}\r\nX-Forwarded-For: {visit.address}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        try:
            writer.write(head.encode() + content)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LATE_S)
            length = re.search(rb"content-length: (\d+)", answer)
            if length:
                await reader.readexactly(int(length[1]))
            traffic.statuses[answer[9:12].decode()] += 1
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            traffic.statuses[type(error).__name__] += 1
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        traffic.latencies_ms.append((loop.time() - due_s) * 1000)
        due_s += every_s
    writer.close()


def state(pid: int, data: Path) -> dict[str, float]:
    """Return what can be seen of the two processes and their files."""
    writers = [each for each in family(pid) if each != pid]
    wal = data / "catalog.sqlite-wal"
    with contextlib.closing(
        sqlite3.connect(f"file:{data}/catalog.sqlite?mode=ro", uri=True, timeout=10)
    ) as con:
        segments = con.execute("SELECT count(*) FROM segments WHERE retired_at IS NULL").fetchone()[0]
        waiting = con.execute("SELECT count(*) FROM batches WHERE body IS NOT NULL").fetchone()[0]
    return {
        "server_mib": rss_mib(pid),
        "writer_mib": max(map(rss_mib, writers), default=0.0),
        "files": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "segments": segments,
        "wal_mib": wal.stat().st_size / 2**20 if wal.exists() else 0.0,
        "waiting": waiting,
        "load": os.getloadavg()[0],
    }


def percentile(values: list[float], share: float) -> float:
    """Return one of the values, the nearest above a share of the others."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def soak(pid: int, port: int, data: Path, *, per_s: int, minutes: float) -> tuple[list[Sample], Traffic]:
    """Send evenly and note the state every ten seconds."""
    traffic, samples = Traffic(), []
    loop = asyncio.get_running_loop()
    crowd = Crowd(per_s, traffic)
    start_s = loop.time() + 1.0
    every_s = CONNECTIONS / per_s
    senders = [
        asyncio.create_task(
            sender(
                port,
                crowd,
                traffic,
                first_s=start_s + place / per_s,
                every_s=every_s,
                until_s=start_s + 60 * minutes,
            )
        )
        for place in range(CONNECTIONS)
    ]
    before_s = start_s
    while not all(task.done() for task in senders):
        await asyncio.sleep(WINDOW_S)
        window, traffic.latencies_ms = traffic.latencies_ms, []
        now_s = loop.time()
        seen = await asyncio.to_thread(state, pid, data)
        samples.append(
            Sample(
                minute=(now_s - start_s) / 60,
                p50_ms=percentile(window, 0.5),
                p99_ms=percentile(window, 0.99),
                batches_per_s=len(window) / (now_s - before_s),
                **seen,  # type: ignore[arg-type]
            )
        )
        before_s = now_s
        print(json.dumps({name: round(value, 1) for name, value in vars(samples[-1]).items()}), flush=True)
    await asyncio.gather(*senders)
    return samples, traffic


def draw(samples: list[Sample], title: str, target: Path) -> None:
    """Draw each figure over time, one below the other."""
    from PIL import Image, ImageDraw

    from usertrack_cli.render.fonts import font

    width, height, left, top = 1280, 150, 90, 60
    image = Image.new("RGB", (width, top + height * len(PANELS)), "white")
    pen = ImageDraw.Draw(image)
    pen.text((20, 18), title, fill="#111111", font=font(20))
    for number, (name, words) in enumerate(PANELS):
        box = (left, top + number * height + 28, width - 30, top + (number + 1) * height - 18)
        pen.text((left, box[1] - 24), words, fill="#333333", font=font(15))
        _line(pen, box, [sample.minute for sample in samples], [getattr(sample, name) for sample in samples])
    image.save(target, optimize=True)


def _line(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], times: list[float], values: list[float]
) -> None:
    from usertrack_cli.render.fonts import font

    x0, y0, x1, y1 = box
    highest = max([*values, 1e-9]) * 1.1
    small = font(12)
    for share in (0.0, 0.5, 1.0):
        y = y1 - share * (y1 - y0)
        pen.line([(x0, y), (x1, y)], fill="#dddddd")
        label = f"{share * highest:,.0f}" if highest >= 10 else f"{share * highest:.1f}"
        pen.text((x0 - 8, y), label, fill="#666666", font=small, anchor="rm")
    last = max(times[-1], 1e-9)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        pen.text(
            (x0 + share * (x1 - x0), y1 + 4), f"{share * last:.0f} min", fill="#666666", font=small, anchor="ma"
        )
    points = [
        (x0 + t / last * (x1 - x0), y1 - v / highest * (y1 - y0)) for t, v in zip(times, values, strict=True)
    ]
    pen.line(points, fill="#b2182b", width=2, joint="curve")


def main() -> None:
    """Soak, check that nothing was lost, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--per-second", type=int, default=500)
    parser.add_argument("--picture", type=Path, default=Path(__file__).with_name("soak.png"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usertrack-soak-") as name:
        data, port = Path(name) / "data", free_port()
        command = [sys.executable, "-m", "usertrack_cli", "serve", "--port", str(port), "--data", str(data)]
        with running(command, log=Path(name) / "serve.log") as pid:
            wait_for_port(port)
            samples, traffic = asyncio.run(soak(pid, port, data, per_s=asked.per_second, minutes=asked.minutes))
            used_s = cpu_s(family(pid))
        told = (Path(name) / "serve.log").read_text()
        check = subprocess.run(
            [sys.executable, "-m", "usertrack_cli", "sql", "--data", str(data), "--json",
             "SELECT count(DISTINCT session || seq) AS batches FROM events"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    stored = json.loads(check.stdout)[0]["batches"]
    good = traffic.statuses["204"] + traffic.statuses["200"]
    about = f"{asked.minutes:g} minutes at {asked.per_second} batches/s, {os.cpu_count()} cores"
    draw(samples, f"usertrack under an even load: {about}", asked.picture)
    print(f"{about}: {dict(traffic.statuses)}, {traffic.sessions} sessions, {used_s:.0f} s of CPU")
    print(f"acknowledged {good}, stored {stored}")
    for line, count in Counter(told.splitlines()).most_common(10):
        print(f"{count:6} × {line}")
    if stored != good:
        raise SystemExit("acknowledged batches and stored batches differ")


if __name__ == "__main__":
    main()
