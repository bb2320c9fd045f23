"""``init`` asks where somebody can answer and asks nothing elsewhere."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import terminal
from tests.commands.conftest import Run
from usertrack_cli.settings import read_file, resolve


def talk(arguments: Sequence[str], lines: Sequence[str], home: Path) -> tuple[int, str]:
    """Run usertrack where somebody answers."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm"}
    return terminal.talk([sys.executable, "-m", "usertrack_cli", *arguments], lines, environment=environment)


def test_the_answers_become_settings(tmp_path: Path) -> None:
    database = tmp_path / "country.mmdb"
    database.touch()
    answers = [
        str(tmp_path / "data"),
        "shop.example",  # no scheme: asked again
        "https://Shop.example/some/page?x=1",
        "https://stats.example/",
        "maybe",
        "",
        str(database),
    ]

    code, shown = talk(["init"], answers, tmp_path)

    settings = resolve(read_file(tmp_path / "data"), environ={}).settings
    assert code == 0, shown
    assert settings.origins == ("https://shop.example",)
    assert (settings.public_url, settings.consent) == ("https://stats.example", "banner")
    assert settings.geoip_db == str(database)
    assert "not an origin" in shown
    assert "one of off, banner, api" in shown
    assert "usertrack snippet --data" in shown


def test_enter_takes_what_a_trial_on_one_machine_needs(tmp_path: Path) -> None:
    code, shown = talk(["init", "--data", str(tmp_path / "data")], [""] * 4, tmp_path)

    assert code == 0, shown
    assert "Where to put" not in shown
    assert tomllib.loads((tmp_path / "data" / "usertrack.toml").read_text()) == {}


def test_who_leaves_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    code, shown = talk(["init", "--data", str(tmp_path / "data")], ["https://shop.example"], tmp_path)

    assert code == 2
    assert "start again" in shown
    assert not (tmp_path / "data").exists()


def test_a_store_that_exists_is_not_asked_about(tmp_path: Path) -> None:
    talk(["init", "--data", str(tmp_path / "data")], [""] * 4, tmp_path)

    code, shown = talk(["init", "--data", str(tmp_path / "data")], [], tmp_path)

    assert code == 0
    assert "five questions" not in shown
    assert "found" in shown


def test_without_a_terminal_nothing_is_asked(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("init", "--data", str(tmp_path / "new"), data=False)

    assert (done.code, done.err) == (0, "")
    assert tomllib.loads((tmp_path / "new" / "usertrack.toml").read_text()) == {}
