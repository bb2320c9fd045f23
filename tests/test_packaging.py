"""What is handed out installs anywhere, and a newcomer's first hour goes as the README says."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.ingest.bodies import CLICK, PAGEVIEW, body
from tests.ingest.serving import session

ROOT = Path(__file__).parent.parent
PATIENCE_S = 60.0
CARRIED = ("tracker.js", "banner.js", "info.js", "site/shop.html", "demo/batches.jsonl.gz")
pytestmark = pytest.mark.soak


def run(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, made from what git knows, and the wheel made from the sdist, without Node."""
    folder = tmp_path_factory.mktemp("built")
    source, tools = folder / "source", folder / "tools"
    for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0")[:-1]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    venv.create(tools, with_pip=True)
    run(tools / "bin" / "pip", "install", "-q", "hatchling")
    without_node = {"PATH": f"{tools / 'bin'}:/nowhere", "HOME": str(folder)}
    run(tools / "bin" / "hatchling", "build", "-t", "sdist", "-d", folder, cwd=source, env=without_node)
    sdist = next(folder.glob("*.tar.gz"))
    with tarfile.open(sdist) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    unpacked = next((folder / "unpacked").iterdir())
    run(tools / "bin" / "hatchling", "build", "-t", "wheel", "-d", folder, cwd=unpacked, env=without_node)
    return folder


def test_the_wheel_made_from_the_sdist_carries_tracker_and_demo(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as packed:
        names = set(packed.namelist())

    assert {f"usertrack_cli/assets/{name}" for name in CARRIED} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "fixtures/"))]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_everything_installs_from_wheels(version: str, tmp_path: Path) -> None:
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    report = tmp_path / "report.json"
    options = ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--target", str(tmp_path / "t")]
    run(
        sys.executable, "-m", "pip", "install", "-q", *options, "--python-version", version,
        "--report", str(report), *needs,
    )  # fmt: skip

    urls = [each["download_info"]["url"] for each in json.loads(report.read_text())["install"]]
    assert len(urls) >= len(needs)
    assert all(url.endswith(".whl") for url in urls)


def first_hour() -> list[str]:
    """The commands of the section on a first own heatmap, as they stand in the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Your first own heatmap") :]
    found = re.search(r"```console\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return [line.removeprefix("$ ").partition("#")[0].strip() for line in found[1].splitlines()]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def until_served(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("nobody listens")


def click_around(port: int, script: str) -> None:
    """Some visitors of a page with the tag."""
    assert f"http://localhost:{port}/tracker.js" in script
    for number in range(3):
        connection = HTTPConnection("localhost", port, timeout=30)
        connection.request("POST", "/i", body(s=session(number), e=[PAGEVIEW, CLICK]))
        assert connection.getresponse().status in {200, 204}
        connection.close()


def test_a_newcomer_follows_the_readme_word_for_word(built: Path, tmp_path: Path) -> None:
    port, fresh = free_port(), tmp_path / "venv"
    venv.create(fresh, with_pip=True)
    (tmp_path / "constraint").write_text(f"usertrack @ {next(built.glob('*.whl')).as_uri()}\n")
    environment = {
        "PATH": f"{fresh / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "USERTRACK_PORT": str(port),
        # The registry does not have this version yet.
        "PIP_CONSTRAINT": str(tmp_path / "constraint"),
    } | {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    install, init, serve, snippet, heatmap = first_hour()

    def shell(line: str) -> str:
        return run("bash", "-c", line, cwd=tmp_path, env=environment)

    shell(install)
    shell(init)
    server = subprocess.Popen(["bash", "-c", f"exec {serve}"], cwd=tmp_path, env=environment)
    try:
        until_served(port)
        click_around(port, shell(snippet))
        shell(heatmap)
        helped = shell("usertrack --help")
    finally:
        server.terminate()
        server.wait(30)

    assert (tmp_path / "shop.png").read_bytes().startswith(b"\x89PNG")
    assert "heatmap" in helped
    assert (server.returncode, install, init) == (0, "pip install usertrack", "usertrack init")
