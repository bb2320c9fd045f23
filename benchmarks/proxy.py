"""What a proxy costs: batches a second and their latency, direct, through nginx and through Caddy, in one run.

``python benchmarks/proxy.py`` needs wrk, nginx, Caddy and openssl. Each way leads to a serve of its own with an
empty store and gets the same bodies over the same number of connections from the same generator, one after the
other on the same cores. The proxies run with exactly what ``usertrack print`` prints, TLS included.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ingest import Result, load
from benchmarks.process import free_port, running, wait_for_port

WAYS = ("direct", "nginx", "caddy")
VISITS = 24
"""Behind a proxy all come from one address, which may begin thirty sessions a minute."""


@contextlib.contextmanager
def served(folder: Path, port: int) -> Iterator[int]:
    """A serve with an empty store; gives its process."""
    command = [
        sys.executable,
        "-m",
        "usertrack_cli",
        "serve",
        "--port",
        str(port),
        "--data",
        str(folder / "data"),
    ]
    with running(command, log=folder / "serve.log") as pid:
        wait_for_port(port)
        yield pid


@contextlib.contextmanager
def fronted(name: str, folder: Path, inside: int) -> Iterator[str]:
    """A proxy as it is printed; gives its address."""
    port, chain, key = free_port(), folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", chain],
        check=True, capture_output=True,
    )  # fmt: skip
    flags = ["--public-url", f"https://localhost:{port}", "--port", str(inside)]
    printed = subprocess.run(
        [sys.executable, "-m", "usertrack_cli", "print", name, *flags, "--certificate", chain, "--key", key],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    configuration = folder / f"{name}.printed"
    configuration.write_text(printed)
    if name == "nginx":
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = folder / "nginx.conf"
        main.write_text(
            f"daemon off; user root; worker_processes 1; pid {folder}/nginx.pid;\n"
            f"error_log {folder}/error.log; events {{ worker_connections 4096; }}\n"
            f"http {{ access_log off; {paths} include {configuration}; }}\n"
        )
        command = ["nginx", "-p", str(folder), "-c", str(main)]
    else:
        command = ["caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]
    home = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    with running(command, environ=home | {"CADDY_ADMIN": f"127.0.0.1:{free_port()}"}, log=folder / "proxy.log"):
        wait_for_port(port)
        yield f"https://localhost:{port}"


def measured(name: str, *, seconds: int, connections: int) -> Result:
    """Load one way."""
    with tempfile.TemporaryDirectory(prefix="usertrack-proxy-") as made:
        folder, inside = Path(made), free_port()
        with served(folder, inside) as pid, contextlib.ExitStack() as stack:
            url = (
                f"http://127.0.0.1:{inside}"
                if name == "direct"
                else stack.enter_context(fronted(name, folder, inside))
            )
            return load(
                name,
                inside,
                pid,
                seconds=seconds,
                connections=connections,
                folder=folder,
                origin=url,
                sessions=VISITS,
            )


def main() -> None:
    """Run every way that is there, and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    asked = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f},"
        f" {asked.connections} connections, {asked.seconds} s"
    )
    print(f"{'':10}{'batches/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'of direct':>11}")
    first = 0.0
    for name in WAYS:
        if name != "direct" and shutil.which(name) is None:
            print(f"{name:10}left out, not installed")
            continue
        found = measured(name, seconds=asked.seconds, connections=asked.connections)
        first = first or found.batches_per_s
        print(
            f"{name:10}{found.batches_per_s:10,.0f}{found.p50_ms:9.1f}{found.p99_ms:9.1f}{found.errors:8}"
            f"{found.batches_per_s / first:11.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
