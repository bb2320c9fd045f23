"""Stores of every version still open; a newer one is refused and left alone; an older one is migrated."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault.collecting import collecting
from usertrack_cli.app import main
from usertrack_cli.errors import StoreError
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.lifecycle.restoration import restore
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog, migration
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.schema import STORE_VERSION
from usertrack_cli.store.segment import digest_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
GOLDEN = sorted(FIXTURES.glob("store-v*"))
SQL = "SELECT site, session, seq, idx, kind, page, x, y, name, title, utm_source FROM events ORDER BY ALL"


def opened(golden: Path, tmp_path: Path) -> Home:
    tmp_path.mkdir(exist_ok=True)
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


def test_serve_migrates_an_older_store_when_it_starts(tmp_path: Path) -> None:
    home = opened(GOLDEN[0], tmp_path)

    with collecting(home.root) as running:
        assert running.stop() == 0

    assert catalog.version_of(home) == STORE_VERSION
    with closing(catalog.open_database(home.root / f"catalog-before-{STORE_VERSION}.sqlite")) as con:
        assert con.execute("SELECT value FROM store WHERE name = 'version'").fetchone() == ("1",)
    answer = ask(home, Filter(), lambda con: con.execute(SQL).fetchall())
    assert [list(row) for row in answer] == json.loads((GOLDEN[0] / "answer.json").read_text(encoding="utf-8"))


def tables(home: Home) -> dict[str, str]:
    with closing(catalog.open_database(home.catalog)) as con:
        rows = con.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {name: " ".join(sql.split()) for name, sql in rows}


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name)
def test_a_migrated_store_has_the_tables_of_a_new_one(golden: Path, tmp_path: Path, home: Home) -> None:
    old = opened(golden, tmp_path / "old")

    migration.migrate(old)

    assert tables(old) == tables(home)


def test_the_copy_that_a_migration_leaves_does_not_outlive_an_erasure(tmp_path: Path) -> None:
    old = opened(GOLDEN[0], tmp_path)
    migration.migrate(old)
    gone = "s" + "1".zfill(21)
    assert [gone.encode() in file.read_bytes() for file in old.root.glob("catalog-before-*")] == [True]

    erase(old, [("default", gone)])

    assert list(old.root.glob("catalog-before-*")) == []


def test_a_backup_of_an_older_store_is_restored_as_one_of_this_version(tmp_path: Path) -> None:
    backup = tmp_path / "usertrack-old"
    shutil.copytree(GOLDEN[0], backup, copy_function=shutil.copyfile)
    manifest = {
        "version": 1,
        "made_at": 0,
        "segments": 2,
        "rows": 0,
        "bytes": 0,
        "linked": 0,
        "copied": 0,
        "damaged": 0,
        "has_keys": True,
        "catalog_sha256": digest_of(backup / "catalog.sqlite"),
    }
    (backup / "backup.json").write_text(json.dumps(manifest), encoding="utf-8")

    restore(backup, tmp_path / "data", ledger=None)

    restored = Home(tmp_path / "data")
    answer = ask(restored, Filter(), lambda con: con.execute(SQL).fetchall())
    assert [list(row) for row in answer] == json.loads((GOLDEN[0] / "answer.json").read_text(encoding="utf-8"))
    assert list(restored.root.glob("catalog-before-*")) == []


def test_a_store_without_a_readable_version_is_refused(home: Home) -> None:
    stamp(home, "banana")

    with pytest.raises(StoreError, match="banana"):
        catalog.connect(home)


@pytest.fixture
def _next_version(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the program of the next version would see a store of this one."""
    for module in (catalog, migration):
        monkeypatch.setattr(module, "STORE_VERSION", STORE_VERSION + 1)
    monkeypatch.setattr(migration, "STEPS", {STORE_VERSION: ("ALTER TABLE tags ADD COLUMN colour TEXT",)})


@pytest.mark.usefixtures("_next_version")
def test_an_older_store_is_migrated_after_a_copy(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "--data", str(home.root)]) == 6
    assert "usertrack migrate" in capsys.readouterr().err

    assert main(["migrate", "--data", str(home.root)]) == 0

    with closing(catalog.connect(home)) as con:
        assert con.execute("SELECT colour FROM tags").fetchall() == []
    with closing(catalog.open_database(home.root / f"catalog-before-{STORE_VERSION + 1}.sqlite")) as con:
        assert con.execute("SELECT value FROM store WHERE name = 'version'").fetchone() == (str(STORE_VERSION),)


@pytest.mark.usefixtures("_next_version")
def test_a_migration_that_fails_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {
        STORE_VERSION: ("ALTER TABLE tags ADD COLUMN colour TEXT", "ALTER TABLE nowhere ADD COLUMN x TEXT")
    }
    monkeypatch.setattr(migration, "STEPS", steps)

    with pytest.raises(StoreError, match="could not be brought"):
        migration.migrate(home)

    assert catalog.version_of(home) == STORE_VERSION
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
