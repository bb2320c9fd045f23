"""Sites come and go in the settings file, whose other lines stay as they are; a country database is checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, pageview
from usertrack_cli.api.sites import with_site, without_site
from usertrack_cli.errors import UsageError
from usertrack_cli.settings import read_file, site_slugs
from usertrack_cli.store.home import Home

FILE = """\
# of the operator
public_url = "https://stats.example"  # and this

[site.blog]
origins = ["https://blog.example"]

[site.blog.controller]
name = "Blog Ltd"

# about the shop
[site.shop]
inputs = "off"
"""
COUNTRIES = Path(__file__).parents[2].parent / "shared" / "data"


def write(home: Home, text: str) -> None:
    (home.root / "usertrack.toml").write_text(text)
    (home.root / "usertrack.toml").chmod(0o600)


def test_a_site_is_added_listed_and_taken_out_again(run: Run, home: Home, sender: Sender) -> None:
    write(home, FILE)
    sender.again(site="shop").send(0, pageview())
    run("sessions", "--site", "shop")

    added = run("sites", "add", "docs", "--origin", "https://docs.example", "--consent", "api")
    found = {row["site"]: row for row in json.loads(run("sites", "list", "--json").out)}
    removed = run("sites", "remove", "docs", "--yes")

    assert added.out == '<script defer src="https://stats.example/tracker.js?site=docs"></script>\n'
    assert "restart usertrack serve" in added.err
    assert list(found) == ["blog", "default", "docs", "shop"]
    assert (found["docs"]["origins"], found["docs"]["consent"]) == (["https://docs.example"], "api")
    assert (found["shop"]["events"], found["docs"]["events"]) == (1, 0)
    assert removed.code == 0
    assert (home.root / "usertrack.toml").read_text() == FILE


def test_what_is_stored_of_a_site_that_went_is_still_listed(run: Run, home: Home, sender: Sender) -> None:
    write(home, FILE)
    sender.again(site="shop").send(0, pageview())
    run("sessions", "--site", "shop")

    run("sites", "remove", "shop", "--yes")
    found = {row["site"]: row for row in json.loads(run("sites", "list", "--json").out)}

    assert site_slugs(read_file(home.root)) == ("blog", "default")
    assert (found["shop"]["is_recorded"], found["shop"]["events"]) == (False, 1)


def test_every_table_of_a_site_goes_and_no_other_line() -> None:
    after = without_site(FILE, "blog")

    assert "blog" not in after
    assert after == FILE[: FILE.index("\n[site.blog]")] + FILE[FILE.index("\n# about") :]
    assert "about the shop" not in without_site(FILE, "shop")


@pytest.mark.parametrize(
    ("text", "slug", "said"),
    [
        (FILE, "blog", "there already"),
        ('site = "shop"\n', "docs", "leaves no room"),
        ("site = {}\n", "docs", "by hand"),
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(text: str, slug: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        with_site(text, slug, origins=["https://docs.example"])

    assert said in f"{error.value.message} {error.value.hint}"


def test_a_file_written_in_another_way_is_not_guessed_at() -> None:
    with pytest.raises(UsageError, match="cannot be changed here"):
        without_site('site = {blog = {inputs = "off"}}\n', "blog")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "Blog!", "--origin", "https://blog.example"], "not the name of a site"),
        (["add", "blog", "--origin", "blog.example"], "not an origin"),
        (["add", "default", "--origin", "https://blog.example"], "there always"),
        (["add", "blog", "--origin", "https://blog.example", "--consent", "perhaps"], "one of off"),
        (["remove", "blog", "--yes"], "there is no [site.blog]"),
    ],
)
def test_what_cannot_be_is_said(run: Run, arguments: list[str], said: str) -> None:
    done = run("sites", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_removing_asks_first(run: Run, home: Home) -> None:
    write(home, FILE)

    assert run("sites", "remove", "shop").code == 2
    assert (home.root / "usertrack.toml").read_text() == FILE


@pytest.mark.parametrize("name", ["GeoLite2-Country-Test.mmdb", "GeoLite2-City-Test.mmdb"])
def test_a_country_database_is_looked_into(run: Run, name: str) -> None:
    if not (COUNTRIES / name).exists():
        pytest.skip(f"{name} is not beside the repository")

    done = run("geoip", str(COUNTRIES / name), "--address", "81.2.69.160", "--address", "127.0.0.1")

    assert done.code == 0
    assert "81.2.69.160: GB\n127.0.0.1: unknown\n" in done.out
    assert "records name a country" in done.out


def test_what_is_no_country_database_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.mmdb").write_bytes(b"nothing of the kind" * 100)

    assert run("geoip", str(tmp_path / "x.mmdb")).code == 2
    assert "not a MaxMind database" in run("geoip", str(tmp_path / "x.mmdb")).err
    assert "there is no" in run("geoip", str(tmp_path / "y.mmdb")).err
    assert "where to get one" in run("geoip").err
    assert "not an address" in run("geoip", str(tmp_path / "x.mmdb"), "--address", "localhost").err
