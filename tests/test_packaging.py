"""What is handed out installs anywhere and carries all that it needs."""

from __future__ import annotations

import json
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.distribution import ROOT, build, run

CARRIED = ("tracker.js", "banner.js", "info.js", "site/shop.html", "demo/batches.jsonl.gz")
pytestmark = pytest.mark.soak


def test_the_wheel_made_from_the_sdist_carries_tracker_and_demo(tmp_path: Path) -> None:
    with zipfile.ZipFile(next(build(tmp_path).glob("*.whl"))) as packed:
        names = set(packed.namelist())

    assert {f"usertrack_cli/assets/{name}" for name in CARRIED} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "fixtures/"))]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_everything_installs_from_wheels(version: str, tmp_path: Path) -> None:
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    report = tmp_path / "report.json"
    options = ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--target", str(tmp_path / "t")]
    run(
        sys.executable, "-m", "pip", "install", "-q", *options, "--python-version", version,
        "--report", str(report), *needs,
    )  # fmt: skip

    urls = [each["download_info"]["url"] for each in json.loads(report.read_text())["install"]]
    assert len(urls) >= len(needs)
    assert all(url.endswith(".whl") for url in urls)
