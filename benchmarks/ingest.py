"""How many batches a second are acknowledged durably, beside the limit and the recipe people copy.

``python benchmarks/ingest.py`` needs wrk and, for the rivals, nginx, PostgreSQL and a Python with
fastapi, asyncpg and uvicorn (``--recipe-python``). What is missing is left out and said.
Each rival gets the same bodies, connections and seconds from the same load generator, one after the
other on the same cores. Prints one line a rival, as a table or with ``--json``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.database import is_installed, postgres
from benchmarks.process import ROOT, cpu_s, family, free_port, rss_mib, running, wait_for_port

EVENTS = 50
SESSIONS = 400

LUA = """
local bodies = {}
local thread_number = 0
function setup(thread) thread:set("number", thread_number); thread_number = thread_number + 1 end
function init(args)
  local file = io.open(os.getenv("BODY_FILE")); body = file:read("*a"); file:close()
  n = 0
  stamp = os.getenv("STAMP")
end
function request()
  n = n + 1
  local session = (number * 1000 + n % SESSIONS_EACH)
  local id = string.format("%s%06d%08d", "wrkSession", session % 1000000, session)
  local b = body:gsub("SESSION_ID_0123456789A", id:sub(1, 22), 1)
  b = b:gsub("%-424242", tostring(math.floor(n / SESSIONS_EACH)), 1)
  return wrk.format("POST", "/i", {["Content-Type"] = "text/plain",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ["X-Forwarded-For"] = "10.0." .. (session % 250) .. "." .. (math.floor(session / 250) % 250)}, b)
end
"""

CARELESS = """
import os, sqlite3
os.fsync = lambda handle: None
connect = sqlite3.connect
class Careless(sqlite3.Connection):
    def execute(self, sql, *rest):
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *rest)
sqlite3.connect = lambda *given, **named: connect(*given, **{"factory": Careless, **named})
"""


@dataclass
class Result:
    """One rival under load; times in ms, memory in MiB, CPU in ms a batch.

    CPU is that of all processes started by the rival and, apart, that of its HTTP process; a
    database that runs for itself is in neither.
    """

    name: str
    batches_per_s: float
    events_per_s: float
    p50_ms: float
    p99_ms: float
    errors: int
    rss_mib: float
    cpu_ms_per_batch: float
    server_cpu_ms_per_batch: float


def body() -> str:
    """A batch of 50 events as the tracker sends it: a pageview, move runs, clicks, scrolls, active time."""
    now_ms = int(time.time() * 1000)
    events: list[list[object]] = [
        ["p", 0, 1, "load", "/shop?utm_source=letter", "Shop", "", 1280, 800, 1280, 2400, 0, 0]
    ]
    for i in range(30):
        steps = [value for k in range(6) for value in (55 + k, (i * 7 + k) % 40 - 20, (i * 3 + k) % 30 - 15)]
        events.append(["m", 300 * i, 0, 10 * i, 400 + i, 300 + i, steps])
    target = [500, 500, "#shop>a.card", "Walnut desk", 16, 120, 340]
    events += [["c", 9_000 + 500 * i, 300 + i, 200, 0, 100 * i, 0, *target] for i in range(6)]
    events += [["s", 10_000 + 100 * i, 0, 40 * i] for i in range(EVENTS - len(events) - 1)]
    events.append(["a", 10_000, 9_500])
    content = {
        "v": 1, "k": "default", "s": "SESSION_ID_0123456789A", "q": -424242,
        "t": now_ms - 60_000, "n": now_ms, "c": 0,
        "pg": [1, "/shop", 1280, 800, 1280, 2400, 0, 0],
        "m": {"scr": [1280, 800], "dpr": 1, "lang": "en", "touch": 0, "wd": 0}, "u": [], "e": events,
    }  # fmt: skip
    return json.dumps(content, separators=(",", ":"))


def load(
    name: str,
    port: int,
    pid: int,
    *,
    seconds: int,
    connections: int,
    folder: Path,
    sessions: int = SESSIONS,
    origin: str = "",
) -> Result:
    """Let wrk loose on a rival and read what it says."""
    script, content = folder / "load.lua", folder / "body.json"
    content.write_text(body())
    script.write_text(LUA.replace("SESSIONS_EACH", str(sessions // 2)))
    environ = dict(os.environ) | {"BODY_FILE": str(content)}
    command = ["wrk", "-t2", f"-c{connections}", "--latency", "--timeout", "10s", "-s", str(script)]
    url = f"{origin or f'http://127.0.0.1:{port}'}/i"
    subprocess.run([*command, "-d2s", url], env=environ, capture_output=True, check=True)
    before, before_server = cpu_s(family(pid)), cpu_s([pid])
    peak = [rss_mib(pid)]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.5):
            peak.append(rss_mib(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = subprocess.run(
        [*command, f"-d{seconds}s", url], env=environ, capture_output=True, text=True, check=True
    ).stdout
    is_over.set()
    watcher.join()
    used, used_server = cpu_s(family(pid)) - before, cpu_s([pid]) - before_server
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    late = re.search(r"Socket errors: .*?connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    count = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]
    errors = (int(refused[1]) if refused else 0) + (sum(map(int, late.groups())) if late else 0)
    good = (count - errors) / seconds
    return Result(
        name,
        good,
        good * EVENTS,
        percentile(said, "50%"),
        percentile(said, "99%"),
        errors,
        max(peak),
        used * 1000 / max(1, count),
        used_server * 1000 / max(1, count),
    )


def percentile(said: str, name: str) -> float:
    """Return one line of wrk's latency table in ms."""
    value, unit = re.search(rf"{name}\s+([\d.]+)(us|ms|s)\b", said).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


@contextlib.contextmanager
def usertrack(folder: Path, *, is_careless: bool) -> Iterator[tuple[int, int]]:
    """Our server, with or without its syncs."""
    port = free_port()
    environ = {}
    if is_careless:
        (folder / "sitecustomize.py").write_text(CARELESS)
        environ = {"PYTHONPATH": str(folder)}
    data = folder / ("careless" if is_careless else "durable")
    command = [sys.executable, "-m", "usertrack_cli", "serve", "--port", str(port), "--data", str(data)]
    with running(command, environ=environ, log=folder / "usertrack.log") as pid:
        wait_for_port(port)
        # It listens before it has loaded everything; that is not what is measured.
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60):
            yield port, pid


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[tuple[int, int]]:
    """The limit: one worker that answers without looking."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; client_body_temp_path {folder}/nb; proxy_temp_path {folder}/np;"
        f" fastcgi_temp_path {folder}/nf;"
        f" uwsgi_temp_path {folder}/nu; scgi_temp_path {folder}/ns; client_max_body_size 1m;"
        " keepalive_requests 1000000;\n"
        f"  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }} }}\n"
    )
    with running(
        [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config)], log=folder / "nginx.out"
    ) as pid:
        wait_for_port(port)
        yield port, pid


@contextlib.contextmanager
def floor(folder: Path) -> Iterator[tuple[int, int]]:
    """What the parts cost of which ours is made, without what ours is for."""
    port = free_port()
    command = [sys.executable, str(ROOT / "benchmarks" / "floor.py"), str(port), str(folder / "floor.sqlite")]
    with running(command, log=folder / "floor.log") as pid:
        wait_for_port(port)
        yield port, pid


@contextlib.contextmanager
def recipe(folder: Path, python: str) -> Iterator[tuple[int, int]]:
    """FastAPI before PostgreSQL with its default settings, both on loopback."""
    port = free_port()
    with postgres() as database:
        environ = {
            "DSN": f"postgresql://bench@127.0.0.1:{database.port}/postgres",
            "PYTHONPATH": str(ROOT / "benchmarks"),
        }
        flags = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
        command = [python, "-m", "uvicorn", "recipe:app", *flags]
        with running(command, environ=environ, log=folder / "recipe.log") as pid:
            wait_for_port(port)
            yield port, pid


def main() -> None:
    """Run every rival that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--recipe-python", default=sys.executable)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    results, missing = [], []
    with tempfile.TemporaryDirectory(prefix="usertrack-bench-") as name:
        folder = Path(name)
        rivals = [("usertrack", lambda: usertrack(folder, is_careless=False))]
        rivals.append(("usertrack, fsync off", lambda: usertrack(folder, is_careless=True)))
        rivals.append(("uvicorn, decode, INSERT", lambda: floor(folder)))
        if shutil.which("nginx") or Path("/usr/sbin/nginx").exists():
            rivals.append(("nginx return 204", lambda: nginx(folder)))
        else:
            missing.append("nginx")
        has_recipe = subprocess.run(
            [asked.recipe_python, "-c", "import fastapi, asyncpg, uvicorn"], capture_output=True, check=False
        )
        if has_recipe.returncode == 0 and is_installed():
            rivals.append(("FastAPI + Postgres rows", lambda: recipe(folder, asked.recipe_python)))
        else:
            missing.append("FastAPI + PostgreSQL (see --recipe-python)")
        for rival, start in rivals:
            with start() as (port, pid):
                results.append(
                    load(rival, port, pid, seconds=asked.seconds, connections=asked.connections, folder=folder)
                )
    report(results, missing, asked)


def report(results: list[Result], missing: list[str], asked: argparse.Namespace) -> None:
    """Print what was measured."""
    about = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(body())} bytes a batch,"
    about += f" {asked.connections} connections, {asked.seconds} s"
    if asked.json:
        print(
            json.dumps(
                {"about": about, "missing": missing, "results": [asdict(each) for each in results]}, indent=1
            )
        )
        return
    print(about)
    print(
        f"{'':26}{'batches/s':>10}{'events/s':>11}{'p50 ms':>8}{'p99 ms':>8}{'errors':>8}{'RSS MiB':>9}"
        f"{'CPU ms/batch':>14}{'of HTTP':>9}{'ratio':>7}"
    )
    for each in results:
        ratio = results[0].batches_per_s / each.batches_per_s if each.batches_per_s else float("inf")
        print(
            f"{each.name:26}{each.batches_per_s:10.0f}{each.events_per_s:11.0f}{each.p50_ms:8.1f}{each.p99_ms:8.1f}"
            f"{each.errors:8}{each.rss_mib:9.0f}{each.cpu_ms_per_batch:14.3f}"
            f"{each.server_cpu_ms_per_batch:9.3f}{ratio:7.2f}"
        )
    for each in missing:
        print(f"left out, not installed: {each}")


if __name__ == "__main__":
    main()
