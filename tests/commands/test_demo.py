"""The demo without a browser: recorded batches through a real server, and what they lead to."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from usertrack_cli.app import main
from usertrack_cli.demo.recorded import recorded


def test_the_demo_leaves_two_pictures_a_replay_and_a_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"

    code = main(["demo", str(folder), "--recorded"])

    out = capsys.readouterr().out
    assert code == 0
    assert "no Chromium was used" in out
    sessions = len({batch.body["s"] for batch in recorded()})
    assert f"{sessions} sessions are stored" in out
    for name in ("heatmap.png", "scrollmap.png"):
        with Image.open(folder / name) as picture:
            assert picture.width >= 1280
            assert picture.text["usertrack:page"] == "/shop"  # type: ignore[attr-defined]
    replay = (folder / "replay.txt").read_text()
    assert "clicked “" in replay
    assert "\x1b" not in replay
    assert main(["delete", "--ip", "203.0.113.1", "--dry-run", "--data", str(folder / "data")]) == 0


def test_a_second_demo_replaces_the_first_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    precious = folder / "data"
    precious.mkdir(parents=True)
    (precious / "usertrack.toml").write_text("# somebody's own\n")

    code = main(["demo", str(folder), "--recorded"])

    assert code == 2
    assert "was not made by a demo" in capsys.readouterr().err
    assert (precious / "usertrack.toml").read_text() == "# somebody's own\n"
