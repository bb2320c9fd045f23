"""Visitors of the demo on a machine that is too slow for them: said, and no reason to fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from usertrack_cli.app import main
from usertrack_cli.demo import visitors
from usertrack_cli.demo.walk import Visitor

pytestmark = pytest.mark.browser

BRIEF_SEED = 7036
"""Of a visitor who looks at one product and goes, a quarter of the usual time."""


def test_a_demo_in_which_nobody_gets_through_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(visitors, "VISIT_S_MAX", 0.2)

    code = main(["demo", str(tmp_path / "demo"), "--visitors", "2"])

    said = capsys.readouterr().err
    assert code == 2
    assert "no visitor got through the shop in time" in said
    assert "usertrack demo --recorded" in said


def test_a_demo_goes_on_without_those_who_do_not_get_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = visitors._one_visit

    async def one_visit(browser: Any, person: Visitor, shop_url: str) -> None:
        if person.number == 1:
            raise TimeoutError
        await real(browser, replace(person, seed=BRIEF_SEED), shop_url)

    monkeypatch.setattr(visitors, "_one_visit", one_visit)

    code = main(["demo", str(tmp_path / "demo"), "--visitors", "2"])

    said = capsys.readouterr().out
    assert code == 0
    assert "2 visitors were driven live in Chromium; 1 of them did not get through in time" in said
    assert (tmp_path / "demo" / "heatmap.png").is_file()
