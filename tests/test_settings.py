"""A setting comes from the flag, else the variable, else the site's table, else the file, else the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from usertrack_cli.errors import UsageError
from usertrack_cli.settings import SETTINGS, data_dir, read_file, resolve, site_slugs
from usertrack_cli.values import duration_ms

FILE = """
inputs = "off"
max_sessions = 500
public_url = "https://stats.example"

[site.blog]
inputs = "plain"
"""


@pytest.fixture
def table(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "usertrack.toml").write_text(FILE)
    return read_file(tmp_path)


def test_each_source_goes_before_the_next(table: dict[str, object]) -> None:
    def inputs(**named: object) -> tuple[str, str]:
        found = resolve(table, **{"environ": {}, **named})  # type: ignore[arg-type]
        return found.settings.inputs, found.origin["inputs"]

    assert inputs(site="blog", flags={"inputs": "mask"}) == ("mask", "--inputs")
    assert inputs(site="blog", environ={"USERTRACK_INPUTS": "off"}) == ("off", "USERTRACK_INPUTS")
    assert inputs(site="blog") == ("plain", "usertrack.toml [site.blog]")
    assert inputs() == ("off", "usertrack.toml")
    assert resolve({}, environ={}).origin["inputs"] == "default"


def test_a_public_site_asks_for_consent_unless_told_otherwise(table: dict[str, object]) -> None:
    assert resolve(table, environ={}).settings.consent == "banner"
    assert resolve(table, environ={}, flags={"consent": "off"}).settings.consent == "off"
    assert resolve({}, environ={"USERTRACK_PUBLIC_URL": "http://localhost:8770"}).settings.consent == "off"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"),
        ("port", "http"),
        ("inputs", "all"),
        ("max_age", "a year"),
        ("max_sessions", "0"),
        ("sample_ratio", "1.1"),
        ("origins", "shop.example"),
        ("trusted_proxies", "10.0.0.0/99"),
        ("record", "click,keys"),
        ("timezone", "Mars/Olympus"),
        ("respect_dnt", "perhaps"),
        ("ipv6_prefix", "8"),
        ("public_url", "stats.example"),
    ],
)
def test_a_value_that_cannot_be_names_setting_and_origin(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve({}, environ={f"USERTRACK_{name.upper()}": value})

    assert name in caught.value.message
    assert f"USERTRACK_{name.upper()}" in caught.value.message


@pytest.mark.parametrize(
    ("name", "said"), [("port", "a whole number is needed"), ("sample_ratio", "a number from 0 to 1 is needed")]
)
def test_what_is_no_number_is_said_in_words(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve({}, environ={f"USERTRACK_{name.upper()}": "many"})


@pytest.mark.parametrize(
    "text", ["colour = 1", "[site.Blog]\n", "[site.blog]\nport = 1", "not toml", "[site.blog]\ncolour = 1"]
)
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "usertrack.toml").write_text(text)

    with pytest.raises(UsageError):
        read_file(tmp_path)


def test_sites_are_default_and_those_of_the_file(table: dict[str, object]) -> None:
    assert site_slugs(table) == ("blog", "default")


def test_durations_have_a_unit() -> None:
    assert [duration_ms(text) for text in ("30s", "10m", "48h", "390d")] == [
        30_000,
        600_000,
        172_800_000,
        33_696_000_000,
    ]


def test_the_data_directory_is_never_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert data_dir(None, {}) != tmp_path
    assert data_dir(None, {"USERTRACK_DATA": "there"}) == tmp_path / "there"
    assert data_dir(Path("here"), {"USERTRACK_DATA": "there"}) == tmp_path / "here"


def test_every_setting_says_what_it_is_for() -> None:
    assert all(setting.help.endswith(".") for setting in SETTINGS.values())
