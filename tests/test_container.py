"""The ``Containerfile`` copies all that the wheel is made of; where there is a builder, its image serves."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.distribution import ROOT, copy_source, run
from tests.ingest.bodies import CLICK, PAGEVIEW, body
from tests.ingest.serving import session

CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
PORT = 8770
PATIENCE_S = 120.0
OPTIONS = shlex.split(os.environ.get("USERTRACK_BUILDER_OPTIONS", ""))
"""What a build needs on one machine only, as ``-v /etc/ssl/certs:/etc/ssl/certs:ro`` behind a proxy."""


def test_everything_that_the_wheel_carries_is_copied_into_the_build() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    build = CONTAINERFILE.rpartition("\nFROM ")[0]
    lines = re.findall(r"^COPY (.*) \S+$", build, re.MULTILINE)
    copied = [Path(word) for line in lines for word in line.split()]

    needed = [*wheel["packages"], *wheel["force-include"], *wheel["shared-data"]]

    assert all((ROOT / path).exists() for path in copied)
    assert [path for path in needed if not any(Path(path).is_relative_to(each) for each in copied)] == []


def absent(why: str) -> None:
    pytest.skip(f"{why}: the Containerfile was NOT BUILT")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image, built from what git knows, by buildah, which needs no daemon and no privileges to run it."""
    if shutil.which("buildah") is None:
        absent("no buildah here")
    (base,) = set(re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE))
    there = ["buildah", "inspect", "--type", "image", base]
    if subprocess.run(there, capture_output=True, check=False).returncode:
        pulled = subprocess.run(["buildah", "pull", base], capture_output=True, timeout=300, check=False)
        if pulled.returncode:
            absent(f"{base} is not here and cannot be fetched")
    source, name = tmp_path_factory.mktemp("source"), "localhost/usertrack-test"
    copy_source(source)
    flags = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--pull-never", *OPTIONS]
    run("buildah", "bud", *flags, "-t", name, "-f", "Containerfile", ".", cwd=source)
    yield name
    run("buildah", "rmi", name)


@pytest.fixture
def container(image: str) -> Iterator[str]:
    name = run("buildah", "from", "--pull-never", image).strip()
    yield name
    run("buildah", "rm", name)


def inside(container: str, *command: str) -> list[str]:
    return ["buildah", "run", "--isolation", "chroot", "--network", "host", container, "--", *command]


def family(pid: int) -> list[int]:
    """Return a process and all that came from it, whichever of its threads began them."""
    children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [pid, *(each for child in children.split() for each in family(int(child)))]


def serving(pid: int) -> int:
    """Return the process of serve itself, below the builder's own."""
    for each in family(pid):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{each}/cmdline").read_bytes().split(b"\0")
            if b"python" in words[0] and b"serve" in words[1:3]:
                return each
    raise AssertionError("serve does not run")


def health() -> list[str]:
    written = re.search(r"^HEALTHCHECK .*?CMD (\[.*?\])$", CONTAINERFILE, re.DOTALL | re.MULTILINE)
    assert written is not None
    command: list[str] = json.loads(written[1].replace("\\\n", ""))
    return command


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_container_serves_records_and_stops_when_told(container: str) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            absent(f"port {PORT} is taken")
    about = json.loads(run("buildah", "inspect", container))["Docker"]["config"]
    server = subprocess.Popen(inside(container, *about["Entrypoint"], *about["Cmd"]))
    try:
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(inside(container, *health()), capture_output=True, check=False).returncode:
            assert server.poll() is None
            assert time.monotonic() < deadline, "never well"
            time.sleep(0.5)
        connection = HTTPConnection("127.0.0.1", PORT, timeout=30)
        connection.request("POST", "/i", body(s=session(1), e=[PAGEVIEW, CLICK]))
        status = connection.getresponse().status
        connection.close()
        sessions = json.loads(run(*inside(container, "usertrack", "sessions", "--json")))
        owner = run(*inside(container, "stat", "-c", "%U %a", "/data/catalog.sqlite")).split()
        pages = run(*inside(container, "find", "/usr/local/share", "-name", "usertrack*"))
    finally:
        if server.poll() is None:
            os.kill(serving(server.pid), signal.SIGTERM)
        code = server.wait(60)

    assert status in {200, 204}
    assert [each["session"] for each in sessions] == [session(1)]
    assert owner == ["usertrack", "600"]
    assert "usertrack.1" in pages
    assert "usertrack.fish" in pages
    assert (code, about["User"], about["StopSignal"]) == (0, "usertrack", "SIGTERM")
    assert set(about["Volumes"]) == {"/data"}
