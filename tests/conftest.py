"""What tests share: an empty store, and no settings from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.logs import people_in, people_in_logs
from tests.senders import Sender, session_id
from usertrack_cli.commands.init import prepare
from usertrack_cli.demo import collector
from usertrack_cli.store.home import Home, create_home

# How long an example takes says how busy the machine is, and nothing about the law that it tries.
# One commit has one verdict: the examples are the same each time, twice as many as usual, and make soak looks
# for new ones.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeat", _PATIENT, derandomize=True, max_examples=200)
settings.register_profile("explore", _PATIENT, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty store."""
    made = create_home(tmp_path / "data")
    prepare(made)
    return made


@pytest.fixture
def sender(home: Home) -> Sender:
    """A browser that has not sent anything yet."""
    return Sender(home, session_id(1))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tests see neither the caller's variables nor terminal, nor the system's data directory."""
    for name in list(os.environ):
        if name.startswith("USERTRACK_") or name in {"NO_COLOR", "LANG", "LC_ALL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    yield


@pytest.fixture(scope="session", autouse=True)
def _said_by_servers() -> Iterator[list[list[str]]]:
    """What each server says, a list of lines each; looked at once more when all have ended."""
    servers: list[list[str]] = []
    listen = collector._listen

    def keeping(stream: Any, said: list[str], *rest: Any) -> None:
        servers.append(said)
        listen(stream, said, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collector, "_listen", keeping)
        yield servers
    assert [each for said in servers for each in people_in("\n".join(said))] == []


@pytest.fixture(autouse=True)
def _nobody_in_the_logs(request: pytest.FixtureRequest, _said_by_servers: list[list[str]]) -> Iterator[None]:
    """Whatever a test does, no server log names an address, an agent or a key."""
    before = {number: len(said) for number, said in enumerate(_said_by_servers)}
    yield
    folder = request.node.funcargs.get("tmp_path")
    found = people_in_logs(folder) if folder is not None else []
    for number, said in enumerate(_said_by_servers):
        found += people_in("\n".join(said[before.get(number, 0) :]))
    assert found == []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long soaks run only when asked for: ``pytest -m soak``."""
    if "soak" in config.getoption("-m"):
        return
    soaks = [item for item in items if item.get_closest_marker("soak")]
    if soaks:
        config.hook.pytest_deselected(items=soaks)
        items[:] = [item for item in items if item not in soaks]
