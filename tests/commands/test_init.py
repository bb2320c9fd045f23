"""``init`` asks where somebody can answer and asks nothing elsewhere."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from usertrack_cli.settings import read_file, resolve

PATIENCE_S = 60.0


def talk(arguments: Sequence[str], lines: Sequence[str], home: Path) -> tuple[int, str]:
    """Run a command on a terminal, answer each question in turn, and return its code and all that was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm"}
        os.execve(sys.executable, [sys.executable, "-m", "usertrack_cli", *arguments], environment)  # noqa: S606
    shown, answers = b"", iter(lines)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is gone
            break
        if not part:
            break
        shown += part
        if part.endswith(b"]: "):
            line = next(answers, None)
            os.write(terminal, b"\x04" if line is None else line.encode() + b"\n")
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return code, shown.decode()


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
