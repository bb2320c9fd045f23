"""The notice says what the settings in force have recorded, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.commands.test_access import CONTROLLER
from usertrack_cli.lifecycle import access_texts, notice_texts, processing_texts
from usertrack_cli.lifecycle.processing import storage_keys
from usertrack_cli.settings import resolve
from usertrack_cli.store.home import Home

TRACKER = Path(__file__).parents[2] / "tracker" / "src"


def configured(home: Home, text: str = "") -> None:
    (home.root / "usertrack.toml").write_text(text + CONTROLLER, encoding="utf-8")


def test_the_keys_are_those_that_the_tracker_writes() -> None:
    settings = resolve({}, flags={"consent": "banner"}, environ={}).settings
    sources = "".join(file.read_text(encoding="utf-8") for file in TRACKER.rglob("*.js"))

    written = set(re.findall(r"'(ust\.[a-z]+\.?)'", sources))

    assert {key.name.removesuffix("*") for key in storage_keys(settings, "en")} == written


@pytest.mark.parametrize(
    ("setting", "said", "unsaid"),
    [
        ("", ["390 days", "30 days", "a keyed hash", "Recording begins when"], ["IP address |", "country |"]),
        ('max_age = "60d"\nmoves = "12h"', ["60 days", "12 hours"], ["390 days"]),
        ('store_ip = "plain"', ["| IP address | in plain text"], []),
        ('inputs = "off"', [], ["| typing"]),
        ('inputs = "plain"', ["| typing | the text, except"], ["number of characters only"]),
        ('record = ["click"]', ["| clicks"], ["| movements", "| scrolling", "| script errors"]),
        ('consent = "banner"', ["withdraw your consent", "`ust.c`"], ["Recording begins when a page"]),
        ("respect_dnt = false\nrespect_gpc = false", [], ["Do Not Track"]),
        ('geoip_db = "/x.mmdb"', ["| country |"], []),
        ('before_consent = "count"', ["totals before consent"], []),
        ('key_epoch = "daily"', ["changes every day"], ["changes every month"]),
    ],
)
def test_it_follows_the_settings(
    run: Run, home: Home, setting: str, said: list[str], unsaid: list[str]
) -> None:
    configured(home, setting + "\n")

    done = run("notice")

    assert done.code == 0, done.err
    flat = " ".join(done.out.split())
    assert [text for text in said if text not in flat] == []
    assert [text for text in unsaid if text in flat] == []


def test_german_is_german_and_a_part_can_be_printed_alone(run: Run, home: Home) -> None:
    configured(home)

    german, keys = run("notice", "--lang", "de"), run("notice", "--part", "keys")

    assert "Aufzeichnung von Besuchen" in german.out
    assert "390 Tage" in german.out
    for english in ("with the visit", "Recipients", "Purpose:"):
        assert english not in german.out
    assert keys.out.count("## ") == 1
    assert "Oak & Ember Ltd" not in keys.out


def test_what_the_settings_lack_is_listed(run: Run) -> None:
    done = run("notice")

    assert done.code == 4
    assert "lacks name, address, contact, purposes, legal_basis, recipients" in done.err
    assert "[controller.purposes]" in done.out
    assert run("notice", "--part", "keys").code == 0
    assert run("notice", "--lang", "fr").code == 2


def test_both_languages_say_the_same_things() -> None:
    for texts in (
        notice_texts.NOTICE,
        notice_texts.LABELS,
        processing_texts.STORED,
        processing_texts.BASES,
        processing_texts.EPOCHS,
        access_texts.WORDS,
    ):
        assert set(texts["en"]) == set(texts["de"])
    for english, german in zip(processing_texts.KEYS["en"], processing_texts.KEYS["de"], strict=True):
        assert english[:3] == german[:3]
