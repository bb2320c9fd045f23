"""Country, browser and device, and that none of them ever costs a batch."""

from __future__ import annotations

import json
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from usertrack_cli.ingest.enrichment import Agents, Countries, country_code, device, is_bot
from usertrack_cli.ingest.envelope import Client

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
    " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
)
PIXEL = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9)"
    " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
TABLET = (
    "Mozilla/5.0 (Linux; Android 15; SM-X900)"
    " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


def data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"LOUD: {name} is not here, this was not tried")
    return path


@pytest.fixture(scope="module")
def agents() -> Agents:
    return Agents()


@pytest.mark.parametrize(
    "name", ["GeoIP2-Country-Test.mmdb", "GeoLite2-Country-Test.mmdb", "GeoLite2-City-Test.mmdb"]
)
def test_a_country_is_found_in_databases_of_countries_and_cities(name: str) -> None:
    countries = Countries(str(data(name)), note=pytest.fail)

    assert countries.country("2.125.160.216") == "GB"
    assert countries.country("2001:218::1") == "JP"
    assert countries.country("127.0.0.1") is None


def test_every_network_of_the_test_database_has_its_country() -> None:
    countries = Countries(str(data("GeoIP2-Country-Test.mmdb")), note=pytest.fail)
    source = json.loads(data("GeoIP2-Country-Test.json").read_text(encoding="utf-8"))
    tried = 0

    for entry in source:
        for network, record in entry.items():
            address = str(ip_network(network, strict=False).network_address)
            if not address.startswith("::"):
                assert countries.country(address) == record.get("country", {}).get("iso_code"), network
                tried += 1

    assert tried > 250


@pytest.mark.parametrize(
    ("record", "country"),
    [
        ({"country": {"iso_code": "DE"}}, "DE"),
        ({"country_code": "DE"}, "DE"),
        ({"country": "DE"}, "DE"),
        ({"country": {}}, None),
        ({"country_code": "de<script>"}, None),
        ({"country_code": 7}, None),
        (None, None),
        ([], None),
    ],
)
def test_nested_and_flat_records_are_understood(record: object, country: str | None) -> None:
    assert country_code(record) == country


@pytest.mark.parametrize("content", [None, b"", b"not a database", b"\xab\xcd\xefMaxMind.com" * 3])
def test_a_database_that_cannot_be_used_is_said_once(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "geo.mmdb"
    if content is not None:
        path.write_bytes(content)
    said: list[str] = []

    countries = Countries(str(path), note=said.append)

    assert [countries.country(address) for address in ("2.125.160.216", "::1")] == [None, None]
    assert len(said) == 1


def test_a_damaged_database_ends_the_search_for_countries_and_nothing_else(tmp_path: Path) -> None:
    whole = bytearray(data("GeoIP2-Country-Test.mmdb").read_bytes())
    whole[: len(whole) // 2] = b"\xff" * (len(whole) // 2)
    path = tmp_path / "geo.mmdb"
    path.write_bytes(whole)
    said: list[str] = []

    countries = Countries(str(path), note=said.append)
    found = {countries.country(f"{n}.125.160.216") for n in range(1, 250)}

    assert found == {None}
    assert len(said) <= 1
    assert "125.160" not in "".join(said)


def cases(name: str) -> list[dict[str, str]]:
    """Every entry of such a file, which is YAML of one shape: a line a field, quoted or not."""
    found: list[dict[str, str]] = []
    for line in data(name).read_text(encoding="utf-8").splitlines():
        field = re.match(r"\s*(?:- )?(user_agent_string|family|major):\s*(.*?)\s*$", line)
        if field is None:
            continue
        if field[1] == "user_agent_string":
            found.append({})
        found[-1].setdefault(field[1], unquoted(field[2]))
    return found


def unquoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text.startswith('"') else text


def test_every_browser_of_the_ua_parser_project_is_recognised(agents: Agents) -> None:
    tried = cases("test_ua.yaml")

    wrong = []
    for case in tried:
        found = agents.read(case["user_agent_string"])
        major = int(case["major"]) if re.fullmatch(r"\d{1,6}", case["major"]) else None
        if (found.browser or "Other", found.browser_major) != (case["family"], major):
            wrong.append((case, found))

    assert wrong == []
    assert len(tried) > 1_500


def test_every_system_of_the_ua_parser_project_is_recognised(agents: Agents) -> None:
    tried = cases("test_os.yaml")

    wrong = [case for case in tried if (agents.read(case["user_agent_string"]).os or "Other") != case["family"]]

    assert wrong == []
    assert len(tried) > 400


@pytest.mark.parametrize(
    ("agent", "touch", "kind"),
    [
        (MAC, 0, "desktop"),
        (MAC, 1, "tablet"),
        (PIXEL, 1, "mobile"),
        (TABLET, 1, "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", 1, "tablet"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
            1,
            "mobile",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", 1, "desktop"),
        ("", 0, "desktop"),
    ],
)
def test_devices_are_told_apart(agents: Agents, agent: str, touch: int, kind: str) -> None:
    assert device(agents.read(agent), Client(touch=touch)) == kind


@pytest.mark.parametrize(
    ("agent", "driven", "bot"),
    [
        (MAC, 0, False),
        (MAC, 1, True),
        (PIXEL, 0, False),
        (MAC.replace("Version", "HeadlessChrome"), 0, True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 0, True),
        ("curl/8.5.0", 0, True),
        (
            PIXEL.replace("Pixel 9", "CUBOT KINGKONG 9"),
            0,
            False,
        ),
    ],
)
def test_bots_are_those_that_say_so_and_those_that_are_driven(
    agents: Agents, agent: str, driven: int, bot: bool
) -> None:
    assert is_bot(agents.read(agent), Client(wd=driven)) is bot


def test_an_agent_is_read_once(agents: Agents) -> None:
    before = agents.read.cache_info().misses

    for _ in range(3):
        agents.read("Firefox/1 of its own")

    assert agents.read.cache_info().misses == before + 1
