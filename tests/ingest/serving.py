"""A real serve process with a stub for its writer; run as a module it is that process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from tests.ingest.bodies import body
from tests.logs import people_in
from usertrack_cli.store import catalog
from usertrack_cli.store.home import open_home

ORIGIN = "https://shop.example"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PATIENT_WRITER = "import sys; sys.stdin.read()"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Served:
    """One running server."""

    process: subprocess.Popen[str]
    port: int
    data: Path

    def ask(self, method: str, path: str, content: Any = None, headers: dict[str, str] | None = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = {"Origin": ORIGIN, "User-Agent": AGENT, "Content-Type": "text/plain"} | (headers or {})
            connection.request(method, path, content, {name: value for name, value in sent.items() if value})
            return answer_of(connection.getresponse())
        finally:
            connection.close()

    def post(self, content: Any = None, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
        return self.ask("POST", "/i", body(**changes) if content is None else content, headers)

    def raw(self, *parts: bytes) -> bytes:
        """Everything the server says to these bytes until it closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            for part in parts:
                connection.sendall(part)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=10)


def stored(data: Path, sql: str = "SELECT session, seq FROM batches ORDER BY id") -> list[tuple[Any, ...]]:
    """Rows of the catalog, read beside the server."""
    with closing(catalog.connect(open_home(data))) as con:
        return list(con.execute(sql))


def session(number: int) -> str:
    """A session id."""
    return f"S{number:021d}"


def answer_of(response: HTTPResponse) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
    return Answer(response.status, headers, response.read())


def start(
    data: Path,
    *,
    table: dict[str, Any] | None = None,
    deadlines: dict[str, float] | None = None,
    per_address: int = 10_000,
    writer: str = PATIENT_WRITER,
    port: int = 0,
) -> subprocess.Popen[str]:
    """Start a server; its first line says ``listening PORT``."""
    told = {
        "data": str(data),
        "table": table or {},
        "deadlines": deadlines or {},
        "per_address": per_address,
        "writer": writer,
        "port": port,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ingest.serving", json.dumps(told)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def served(data: Path, **options: Any) -> Iterator[Served]:
    """A server that accepts connections, stopped at the end."""
    process = start(data, **options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening "), process.communicate()[1]
        yield Served(process, int(line.split()[1]), data)
    finally:
        if process.poll() is None:
            process.kill()
        assert people_in(process.communicate()[1]) == [], "a log says who somebody is"


def main() -> int:
    """Serve as the arguments say."""
    from usertrack_cli.errors import UsertrackError
    from usertrack_cli.ingest.protocol import Deadlines
    from usertrack_cli.ingest.server import Limits, serve
    from usertrack_cli.settings import resolve, site_slugs
    from usertrack_cli.store.home import create_home

    told = json.loads(sys.argv[1])
    table = told["table"]
    sites = {
        slug: resolve(table, site=slug, flags={"port": told["port"]}, environ={}).settings
        for slug in site_slugs(table)
    }

    def listening(_host: str, port: int) -> None:
        sys.stdout.write(f"listening {port}\n")
        sys.stdout.flush()

    try:
        return serve(
            sites,
            create_home(Path(told["data"])),
            writer=[sys.executable, "-c", told["writer"]],
            on_listening=listening,
            limits=Limits(
                deadlines=Deadlines(**told["deadlines"]), sessions_per_address_per_minute=told["per_address"]
            ),
        )
    except UsertrackError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
