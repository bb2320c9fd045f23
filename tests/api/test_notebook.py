"""The documented example of the Python interface runs as it stands, on the store of the demo."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from usertrack_cli import api, clock
from usertrack_cli.app import main

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.py"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", str(folder), "--recorded"]) == 0
    return folder


def test_the_example_runs_and_says_what_the_commands_say(demo: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("USERTRACK_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(NOTEBOOK), str(demo / "data")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )

    home = api.open_store(demo / "data")
    total = api.overview(home, api.Filter(site="default", from_ms=clock.now_ms() - clock.DAY_MS)).total
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{total.sessions} sessions, {total.pageviews} pageviews" in done.stdout
    assert re.search(r"/shop +\d+ sessions, \d+ lost after it", done.stdout)
    assert "heatmap-/shop" not in done.stdout and "heatmap-shop-click-wide.png" in done.stdout
    assert "nearest recorded page is" in done.stdout
    assert (demo / "report.html").stat().st_size < 2_000_000


def test_every_cell_is_explained() -> None:
    cells = re.split(r"^# %%", NOTEBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    is_text = [cell.startswith(" [markdown]") for cell in cells]
    assert is_text == [place % 2 == 0 for place in range(len(cells))]


def test_it_uses_what_is_published_and_nothing_else() -> None:
    tree = ast.parse(NOTEBOOK.read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "api"
    }

    assert used <= set(api.__all__)
    assert len(used) >= 8
