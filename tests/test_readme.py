"""A newcomer who follows the README from top to bottom, word for word, gets there."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.distribution import ROOT, build, copy_source, run
from tests.ingest.bodies import CLICK, PAGEVIEW, body
from tests.ingest.serving import session
from tests.ports import free_port
from tests.senders import Sender, pageview, session_id
from tests.terminal import talk
from usertrack_cli.app import main
from usertrack_cli.store.home import Home

README = (ROOT / "README.md").read_text(encoding="utf-8")
PATIENCE_S = 60.0

NOT_HERE = {
    "make test": "it is what runs this",
    "usertrack verify https://shop.example/": "needs a public name; tests/proxy/test_verify.py has its own",
}
"""Commands of the README's blocks that no test machine can run, and why."""
MINUTES = {"make demo"}
"""Run by the long form only; tests/commands/test_demo.py has the same demo with recorded visitors."""
STAYS = {"usertrack serve"}
ASKED = ["https://shop.example", "https://stats.example", "", ""]
"""Answers to ``usertrack init`` on a terminal: site, public address, consent, country database."""

OF_OTHERS = {
    "usertrack live": "runs until it is stopped; tests/commands/test_live.py",
    "usertrack report --last 7d -o week.html": "draws for half of the time of all others; test_report.py",
    "usertrack verify https://shop.example/": NOT_HERE["usertrack verify https://shop.example/"],
    "usertrack import access-log /var/log/nginx/access.log": "another program's file; test_access_log.py",
    "usertrack backup /mnt/backup --keep 7": "a disk that is not here; tests/store/test_backup.py",
    "usertrack delete --ip-file - --dry-run": "reads a letter; tests/commands/test_delete.py",
    "usertrack receipt letter 1 --lang de": "comes after an erasure; tests/lifecycle/test_receipts.py",
}
"""Commands of the README's table that the demo's store cannot answer, and why."""

CONTROLLER = """
[controller]
name = "Example Ltd"
address = "1 Example Street"
contact = "privacy@shop.example"
purposes = "finding out where our pages are hard to use"
legal_basis = "consent"
recipients = "none"
"""


def blocks() -> list[list[str]]:
    """Return the commands of each fenced block of a shell, in order, comments included."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert {language for language, _ in fenced} <= {"console", "text", "toml"}
    assert not [
        text for language, text in fenced if language == "text" and re.search(r"^\$ ", text, re.MULTILINE)
    ]
    found = [text.splitlines() for language, text in fenced if language == "console"]
    assert all(line.startswith("$ ") for lines in found for line in lines)
    return [[line.removeprefix("$ ") for line in lines] for lines in found]


def bare(line: str) -> str:
    """Return a command without its comment."""
    return re.sub(r"\s+#.*", "", line)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a newcomer types.

    Attributes:
        registry: What makes pip find this version in place of the registry's.
    """

    folder: Path
    environment: dict[str, str]
    registry: dict[str, str]
    port: int
    is_fresh: bool

    def home(self, name: str) -> dict[str, str]:
        """The environment of another machine with the same programs: nothing of usertrack is on it yet."""
        there = self.folder / name
        there.mkdir(exist_ok=True)
        return self.environment | {"HOME": str(there), "USERTRACK_DATA": str(there / "data")}


@pytest.fixture(
    params=["installed", pytest.param("fresh", marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A clone and a virtual environment: this one, or a fresh one that gets its packages from the registry."""
    source, programs = tmp_path / "source", Path(sys.executable).parent
    copy_source(source)
    is_fresh = request.param == "fresh"
    more = {}
    if is_fresh:
        wheel = next(build(tmp_path / "built").glob("*.whl"))
        venv.create(tmp_path / "venv", with_pip=True)
        programs = tmp_path / "venv" / "bin"
        # The registry does not have this version yet.
        (tmp_path / "constraint").write_text(f"usertrack @ {wheel.as_uri()}\n")
        more = {"PIP_CONSTRAINT": str(tmp_path / "constraint")}
    port = free_port()
    environment = {
        "PATH": f"{programs}:{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "TERM": "xterm",
        "USERTRACK_PORT": str(port),
    }
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return Machine(source, environment | pip, more, port, is_fresh)


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


def root_of_its_own(etc: Path) -> list[str]:
    """Return what goes before a command that writes to /etc, so that it lands in a folder of the test.

    As a server has them, the folders of nginx, systemd and cron are there.
    """
    for name in ("upper/nginx/conf.d", "upper/systemd/system", "upper/cron.d", "work"):
        (etc / name).mkdir(parents=True, exist_ok=True)
    mount = (
        f"mount -t overlay overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work /etc"
        ' && exec bash -c "$0"'
    )
    return ["unshare", "--mount", "--map-root-user", "bash", "-c", mount]


def follow(machine: Machine, lines: list[str], *, environment: dict[str, str], before: list[str]) -> None:
    """Run one block as it stands."""
    servers: list[subprocess.Popen[bytes]] = []
    try:
        for line in lines:
            command = bare(line)
            if command in NOT_HERE or (command in MINUTES and not machine.is_fresh):
                continue
            if command in STAYS:
                servers.append(
                    subprocess.Popen(["bash", "-c", f"exec {line}"], cwd=machine.folder, env=environment)
                )
                until_served(machine.port)
            elif command == "usertrack init" and before:
                code, said = talk([*before, line], ASKED, environment=environment)
                assert code == 0, said
            else:
                said = run(*(before or ["bash", "-c"]), line, cwd=machine.folder, env=environment)
            if command.startswith("usertrack snippet"):
                click_around(machine.port, said)
    finally:
        for server in servers:
            server.terminate()
            assert server.wait(30) == 0


def test_a_newcomer_follows_the_readme_word_for_word(machine: Machine) -> None:
    trial, heatmap, server, without_serve = blocks()
    own = root_of_its_own(machine.folder.parent / "etc")
    etc = machine.folder.parent / "etc" / "upper"

    follow(machine, trial, environment=machine.home("trial"), before=[])
    follow(machine, heatmap, environment=machine.home("trial") | machine.registry, before=[])

    assert machine.is_fresh is (machine.folder / "demo" / "heatmap.png").is_file()
    assert (machine.folder / "shop.png").read_bytes().startswith(b"\x89PNG")
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces here: the README's blocks for a server were NOT RUN")
    follow(machine, server, environment=machine.home("server"), before=own)
    assert "stats.example" in (etc / "nginx/conf.d/usertrack.conf").read_text()
    units = sorted(path.name for path in (etc / "systemd/system").iterdir())
    for path in (etc / "systemd/system").iterdir():
        path.unlink()
    follow(machine, without_serve, environment=machine.home("server"), before=own)
    assert units == sorted(path.name for path in (etc / "systemd/system").iterdir())
    assert "usertrack.service" in units
    assert "prune" in (etc / "cron.d/usertrack").read_text()


def test_what_gets_a_name_in_the_settings_is_understood(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (home.root / "usertrack.toml").write_text(example)
    route = [pageview(1_000 * n, page, number=n + 1) for n, page in enumerate(("/shop", "/product/7", "/cart"))]
    lost = [pageview(3_000, "/checkout", number=4), ["x", 3_500, "checkout", 0], ["a", 4_000, 30_000]]
    Sender(home, session_id(1)).send(0, *route, *lost)

    def asked(*call: str) -> list[dict[str, Any]]:
        assert main([*call, "--json", "--data", str(home.root)]) == 0
        rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return rows

    assert "/product/…" in [row["key"] for row in asked("stats", "--by", "page")]
    assert [row["tag"] for row in asked("tags", "list")] == ["lost at checkout"]
    assert [row["sessions"] for row in asked("funnel", "order")] == [1, 1, 1, 0]


def test_what_is_not_run_is_in_the_readme() -> None:
    known = {bare(line) for lines in blocks() for line in lines}

    assert set(NOT_HERE) | MINUTES | STAYS <= known
    assert set(OF_OTHERS) <= set(table())


def table() -> list[str]:
    """Return the whole commands of the table of what to run, without what stands in brackets."""
    rows = README[README.index("| to | run |") :].partition("\n\n")[0].splitlines()[2:]
    spans = [span for row in rows for span in re.findall(r"`(usertrack .*?)`", row.partition("|")[2])]
    return [re.sub(r" \[.*?\]", "", span) for span in spans if "…" not in span]


def test_every_command_of_the_table_is_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["demo", str(tmp_path / "demo"), "--recorded"]) == 0
    data = tmp_path / "demo" / "data"
    with (data / "usertrack.toml").open("a") as settings:
        settings.write(CONTROLLER)
    monkeypatch.setenv("USERTRACK_DATA", str(data))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USERTRACK_PUBLIC_URL", "https://stats.example")

    codes = {}
    for command in table():
        if command not in OF_OTHERS:
            codes[command] = main(shlex.split(command)[1:])

    said = capsys.readouterr().err
    # 3: the demo has no visitor of that address and no log.
    assert set(codes.values()) <= {0, 3}, (codes, said)
    assert sum(not code for code in codes.values()) > len(codes) / 2
