"""What tests share: an empty store, and no settings from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.senders import Sender, session_id
from usertrack_cli.commands.init import prepare
from usertrack_cli.store.home import Home, create_home


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
    """Tests see neither the caller's variables nor the system's data directory."""
    for name in list(os.environ):
        if name.startswith("USERTRACK_"):
            monkeypatch.delenv(name)
    yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long soaks run only when asked for: ``pytest -m soak``."""
    if "soak" in config.getoption("-m"):
        return
    soaks = [item for item in items if item.get_closest_marker("soak")]
    if soaks:
        config.hook.pytest_deselected(items=soaks)
        items[:] = [item for item in items if item not in soaks]
