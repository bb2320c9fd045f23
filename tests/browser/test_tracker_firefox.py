"""The same tracker in Firefox: start, a click, the delivery of a closed tab, opting out."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.browser.scene import Scene, scene, until

HTML = """<!doctype html><html lang="en"><head><title>Fire</title><!--tag--></head><body>
<button id="go" onclick="this.textContent='Done'">Go</button> <input id="name"></body></html>"""
HERE = Path(__file__).parent
DRIVER = HERE.parents[1] / "tracker" / "node_modules" / "puppeteer-core"


@pytest.fixture(scope="module")
def firefox() -> str:
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip("NO FIREFOX on the PATH: the tracker is not tested in it (apt-get install firefox-esr)")
    if shutil.which("node") is None or not DRIVER.is_dir():
        pytest.skip("NO DRIVER for Firefox: run npm ci in tracker/")
    return path


def complete(stage: Scene, told: Any) -> list[Any]:
    """The events of a tab of which all arrived, its last words included."""
    for tab in told["tabs"]:
        batches = [each for each in stage.board.batches(kept=True) if each["s"] == tab["session"]]
        events = [event for batch in batches for event in batch["e"]]
        if {"p", "c", "i", "u"} <= {event[0] for event in events}:
            return events
    return []


@pytest.mark.browser
def test_firefox_starts_clicks_delivers_and_opts_out(firefox: str, tmp_path: Path) -> None:
    with scene(tmp_path / "data", {"/fire": HTML}) as stage:
        done = subprocess.run(
            ["node", str(HERE / "firefox.mjs"), firefox, stage.origin],
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        # An automated browser says so, which makes it a bot; it is looked for all the same.
        until(lambda: complete(stage, told), "the last batch of a closed tab")
        batches = stage.board.batches(kept=True)

    assert all(tab["recording"] for tab in told["tabs"])
    assert {batch["s"] for batch in batches} <= {tab["session"] for tab in told["tabs"]}
    sent = complete(stage, told)
    assert next(event[3] for event in sent if event[0] == "i") == 12
    assert "Lovelace" not in json.dumps(sent)
    assert (told["reason"], told["keys"]) == ("opt-out", [["ust.o"], []])
