"""Stores of every version still open; a newer one is refused and left alone; an older one is migrated."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from usertrack_cli.app import main
from usertrack_cli.errors import StoreError
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog, migration
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.schema import STORE_VERSION

FIXTURES = Path(__file__).parents[2] / "fixtures"
GOLDEN = sorted(FIXTURES.glob("store-v*"))
SQL = "SELECT site, session, seq, idx, kind, page, x, y, name, title, utm_source FROM events ORDER BY ALL"


def opened(golden: Path, tmp_path: Path) -> Home:
    shutil.copytree(golden, tmp_path / "data", copy_function=shutil.copyfile)
    for path in [tmp_path / "data", *(tmp_path / "data").rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    return create_home(tmp_path / "data")


def stamp(home: Home, version: str) -> None:
    with closing(catalog.open_database(home.catalog)) as con:
        con.execute("UPDATE store SET value = ? WHERE name = 'version'", (version,))


def test_there_is_a_golden_store_of_every_version() -> None:
    assert [path.name for path in GOLDEN] == [f"store-v{version}" for version in range(1, STORE_VERSION + 1)]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name)
def test_a_golden_store_opens_and_answers_as_it_did(
    golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = opened(golden, tmp_path)

    assert main(["migrate", "--data", str(home.root)]) == 0

    answer = ask(home, Filter(), lambda con: con.execute(SQL).fetchall())
    assert [list(row) for row in answer] == json.loads((golden / "answer.json").read_text(encoding="utf-8"))
    assert main(["doctor", "--deep", "--data", str(home.root)]) in {0, 4}
    capsys.readouterr()


@pytest.mark.parametrize(
    "command", [["sessions"], ["prune"], ["serve", "--port", "0"], ["migrate"], ["doctor"]]
)
def test_a_newer_store_is_refused_with_its_version_and_left_alone(
    home: Home, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    stamp(home, "7")
    before = home.catalog.read_bytes()

    assert main([*command, "--data", str(home.root)]) == 6

    said = capsys.readouterr().err
    assert "version 7" in said
    assert f"version {STORE_VERSION}" in said
    assert home.catalog.read_bytes() == before


def test_a_store_without_a_readable_version_is_refused(home: Home) -> None:
    stamp(home, "banana")

    with pytest.raises(StoreError, match="banana"):
        catalog.connect(home)


@pytest.fixture
def _next_version(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the program of the next version would see a store of this one."""
    for module in (catalog, migration):
        monkeypatch.setattr(module, "STORE_VERSION", 2)
    monkeypatch.setattr(migration, "STEPS", {1: ("ALTER TABLE tags ADD COLUMN colour TEXT",)})


@pytest.mark.usefixtures("_next_version")
def test_an_older_store_is_migrated_after_a_copy(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "--data", str(home.root)]) == 6
    assert "usertrack migrate" in capsys.readouterr().err

    assert main(["migrate", "--data", str(home.root)]) == 0

    with closing(catalog.connect(home)) as con:
        assert con.execute("SELECT colour FROM tags").fetchall() == []
    with closing(catalog.open_database(home.root / "catalog-before-2.sqlite")) as con:
        assert con.execute("SELECT value FROM store WHERE name = 'version'").fetchone() == ("1",)


@pytest.mark.usefixtures("_next_version")
def test_a_migration_that_fails_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {1: ("ALTER TABLE tags ADD COLUMN colour TEXT", "ALTER TABLE nowhere ADD COLUMN x TEXT")}
    monkeypatch.setattr(migration, "STEPS", steps)

    with pytest.raises(StoreError, match="could not be brought"):
        migration.migrate(home)

    assert catalog.version_of(home) == 1
    with closing(catalog.open_database(home.catalog)) as con:
        assert "colour" not in {row[1] for row in con.execute("PRAGMA table_info(tags)")}


@pytest.mark.usefixtures("_next_version")
def test_a_store_that_is_served_is_not_migrated(home: Home) -> None:
    from usertrack_cli.store.lock import SERVE, held

    with (
        held(home, SERVE, timeout_s=0, doing="serving"),
        pytest.raises(StoreError, match="migrating is not possible"),
    ):
        migration.migrate(home)
