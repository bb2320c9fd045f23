"""The hash that names a layout is the tracker's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from usertrack_cli.ingest.event import Box
from usertrack_cli.ingest.layout import layout_hash

BOXES: list[list[Any]] = [
    ["h", 10, 20, 300, 40, "Shop", 0, "h1", -1],
    ["b", -25, 600, 120, 48, "Buy", 1, "#buy", -1],
]
TRACKER_HASH = Path(__file__).parents[2] / "tracker" / "src" / "layout-hash.js"


def test_the_hash_is_that_of_the_wire_format() -> None:
    assert layout_hash([]) == "wvjl67o803"
    assert layout_hash([Box(*box) for box in BOXES]) == "2cwnrdo6mex"


def test_the_hash_ignores_texts_and_small_moves() -> None:
    other = [["h", 12, 22, 298, 41, "Laden", 5, "h2", 0], BOXES[1]]

    assert layout_hash([Box(*box) for box in other]) == layout_hash([Box(*box) for box in BOXES])


def test_the_hash_agrees_with_the_tracker() -> None:
    node = shutil.which("node")
    if node is None or not TRACKER_HASH.exists():
        pytest.skip("LOUD: no node here, the layout hash was not compared with the tracker's")
    many = [[kind, n * 37 - 500, n * n, n % 90, n * 5, "", 0, "", -1] for n in range(200) for kind in "hbx"]
    script = (
        f"import {{layoutHash}} from {json.dumps(TRACKER_HASH.as_uri())};"
        f"console.log([{json.dumps(BOXES)}, {json.dumps(many)}].map(layoutHash).join(' '))"
    )

    said = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, check=True, text=True
    )

    assert said.stdout.split() == [layout_hash([Box(*box) for box in boxes]) for boxes in (BOXES, many)]
