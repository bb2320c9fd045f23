"""The same tracker in Firefox: start, a click, the delivery of a closed tab, opting out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.scene import PATIENCE_S, Scene, scene, until

HTML = """<!doctype html><html lang="en"><head><title>Fire</title><!--tag--></head><body>
<button id="go" onclick="this.textContent='Done'">Go</button> <input id="name"></body></html>"""
HERE = Path(__file__).parent
TABS_S = 240.0
"""For twelve tabs: one that a program closes does not always get to its last words."""
DRIVER = HERE.parents[1] / "tracker" / "node_modules" / "puppeteer-core"


@pytest.fixture(scope="module")
def firefox() -> str:
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip("NO FIREFOX on the PATH: the tracker is not tested in it (apt-get install firefox-esr)")
    if shutil.which("node") is None or not DRIVER.is_dir():
        pytest.skip("NO DRIVER for Firefox: run npm ci in tracker/")
    return path


def events_of(stage: Scene, session: str) -> list[Any]:
    batches = [each for each in stage.board.batches(kept=True) if each["s"] == session]
    return [event for batch in batches for event in batch["e"]]


def is_complete(events: list[Any]) -> bool:
    """Whether all arrived, the last words included."""
    return {"p", "c", "i", "u"} <= {event[0] for event in events}


@contextmanager
def driven(firefox: str, origin: str, folder: Path) -> Iterator[Callable[[str], list[Any]]]:
    """Let the script run; gives what it has told of a step so far."""
    said, troubles = folder / "said", folder / "troubles"
    with said.open("w") as out, troubles.open("w") as err:
        process = subprocess.Popen(["node", str(HERE / "firefox.mjs"), firefox, origin], stdout=out, stderr=err)

    def told(step: str) -> list[Any]:
        assert process.poll() in (None, 0), troubles.read_text()
        steps = [json.loads(line) for line in said.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [each for each in steps if step in each]

    try:
        yield told
        assert process.wait(PATIENCE_S) == 0, troubles.read_text()
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.mark.browser
@pytest.mark.timeout(TABS_S + 180)
def test_firefox_starts_clicks_delivers_and_opts_out(firefox: str, tmp_path: Path) -> None:
    pages = {"/fire": HTML}
    with scene(tmp_path / "data", pages) as stage, driven(firefox, stage.origin, tmp_path) as told:

        def told_of() -> list[Any]:
            """The events of a tab of which all arrived."""
            every = [events_of(stage, step["tab"]["session"]) for step in told("tab")]
            return next((events for events in every if is_complete(events)), [])

        # An automated browser says so, which makes it a bot; it is looked for all the same.
        sent = until(told_of, "the last batch of a closed tab", timeout_s=TABS_S)
        pages["/heard-tab"] = "yes"
        back = until(lambda: told("back"), "a page that is recorded again")[0]["back"]
        # What a page sent before this one was opened has arrived before it.
        until(lambda: events_of(stage, back["session"]), "a batch of that page")
        pages["/heard-back"] = "yes"
        tabs, out = [step["tab"] for step in told("tab")], told("out")[0]

    assert all(tab["recording"] for tab in tabs)
    assert {each["s"] for each in stage.board.batches()} <= {each["session"] for each in (*tabs, back)}
    assert next(event[3] for event in sent if event[0] == "i") == 12
    assert "Lovelace" not in json.dumps(sent)
    assert (out["out"]["reason"], out["keys"]) == ("opt-out", [["ust.o"], []])
    assert back["recording"] is True
