"""A PostgreSQL of its own for a benchmark: Debian's, on loopback, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import family, free_port, wait_for_port

PROGRAMS = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Database:
    """One that runs: where its files lie, and its port."""

    cluster: Path
    port: int

    @property
    def client(self) -> list[str]:
        """The command line of a client that reads no settings and says only what it is asked."""
        return ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-d", "postgres", "-Xq"]


def is_installed() -> bool:
    """Return whether there is a PostgreSQL to run."""
    return any(PROGRAMS.glob("*/bin/initdb"))


@contextlib.contextmanager
def postgres(**settings: str) -> Iterator[Database]:
    """A PostgreSQL with its default settings but for these, run by a user of its own where we are root."""
    programs, port = max(PROGRAMS.glob("*/bin")), free_port()
    cluster = Path(tempfile.mkdtemp(prefix="usertrack-pg-"))
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(cluster, "postgres")
    init = [*as_postgres, programs / "initdb", "-D", cluster / "d", "-A", "trust", "-U", "bench"]
    subprocess.run(init, check=True, capture_output=True, cwd="/")
    own = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(cluster)}
    options = [part for name, value in (own | settings).items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [*as_postgres, programs / "postgres", "-D", cluster / "d", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        wait_for_port(port)
        time.sleep(1)
        yield Database(cluster, port)
    finally:
        # runuser does not pass a signal on, so the server gets it too.
        for pid in reversed(family(server.pid)[:2]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        server.wait(timeout=60)
        shutil.rmtree(cluster, ignore_errors=True)
