"""Debian's nginx and Caddy in front of a real serve, with exactly what ``usertrack print`` prints."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from tests.ingest.serving import AGENT, ORIGIN, Answer, answer_of
from tests.ports import free_port
from usertrack_cli.demo.collector import collector
from usertrack_cli.store.home import Home, create_home

PREFIX = "/stats"
PATIENCE_S = 30.0
PROXIES = ("nginx", "caddy")


@dataclass(frozen=True)
class Standing:
    """A proxy and the server behind it.

    Attributes:
        public: What browsers know of the two.
        inside: Where serve listens.
        logs: File that a proxy which logs requests would have written to.
    """

    name: str
    public: str
    port: int
    inside: int
    home: Home
    logs: Path

    def connection(self, *, source: str = "127.0.0.9") -> HTTPSConnection:
        """A connection of a visitor with an address of its own."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context, source_address=(source, 0))

    def ask(
        self, method: str, path: str, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = self.connection()
        try:
            sent = {"Host": f"localhost:{self.port}", "Origin": ORIGIN, "User-Agent": AGENT} | dict(
                headers or {}
            )
            connection.request(method, path, content, sent)
            return answer_of(connection.getresponse())
        finally:
            connection.close()

    def ask_inside(self, path: str) -> Answer:
        """Ask serve itself, as a program on the same machine does."""
        connection = HTTPConnection("127.0.0.1", self.inside, timeout=60)
        try:
            connection.request("GET", path)
            return answer_of(connection.getresponse())
        finally:
            connection.close()


def usertrack(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command the way an operator does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("USERTRACK_")}
    return subprocess.run(
        [sys.executable, "-m", "usertrack_cli", *arguments, "--data", str(home.root)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment | {"COLUMNS": "120"},
    )


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody else trusts."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    if not chain.exists():
        options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        subject = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run(
            ["openssl", *options.split(), *subject, "-keyout", key, "-out", chain],
            check=True,
            capture_output=True,
        )
    return chain, key


@contextmanager
def proxied(
    name: str, folder: Path, *, settings: str = "", spoil: Mapping[str, str] | None = None
) -> Iterator[Standing]:
    """Run serve and a proxy before it.

    Args:
        settings: More lines of ``usertrack.toml``.
        spoil: Replacements in the printed configuration, to see what breaks.
    """
    folder.mkdir(exist_ok=True)
    home, port = create_home(folder / "data"), free_port()
    public = f"https://localhost:{port}{PREFIX}"
    file = home.root / "usertrack.toml"
    file.write_text(f'public_url = "{public}"\n{settings}', encoding="utf-8")
    file.chmod(0o600)
    with collector(home.root) as url:
        inside = int(url.rpartition(":")[2])
        chain, key = certificate(folder)
        printed = usertrack(
            home, "print", name, "--port", str(inside), "--certificate", str(chain), "--key", str(key)
        )
        assert printed.returncode == 0, printed.stderr
        text = printed.stdout
        for old, new in (spoil or {}).items():
            assert old in text
            text = text.replace(old, new)
        with _running(name, folder, text, port) as logs:
            yield Standing(name, public, port, inside, home, logs)


@contextmanager
def _running(name: str, folder: Path, text: str, port: int) -> Iterator[Path]:
    if shutil.which(name) is None:
        pytest.skip(f"no {name} on the PATH, so nothing is tested behind it")
    printed, logs = folder / "usertrack.conf", folder / "access.log"
    printed.write_text(text, encoding="utf-8")
    command = (
        _nginx(folder, printed, logs)
        if name == "nginx"
        else ["caddy", "run", "--config", str(printed), "--adapter", "caddyfile"]
    )
    said = (folder / f"{name}.log").open("wb")
    process = subprocess.Popen(
        command,
        stdout=said,
        stderr=said,
        env=os.environ
        | {
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "CADDY_ADMIN": f"127.0.0.1:{free_port()}",
        },
    )
    try:
        _until_open(port, process, folder / f"{name}.log")
        yield logs
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        said.close()


def _nginx(folder: Path, printed: Path, logs: Path) -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; {user} pid {folder}/nginx.pid; error_log stderr warn; worker_processes 2;\n"
        f"events {{ worker_connections 1024; }}\n"
        f"http {{ access_log {logs}; {paths}\n include {printed}; }}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(main), "-e", "stderr"]


def _until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.terminate()
    raise AssertionError(f"the proxy did not start: {log.read_text(errors='replace')[-2000:]}")
