"""A database of countries that is broken in any way costs countries, never a batch and never the server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ingest.serving import served, stored
from usertrack_cli.store.home import Home

DATABASE = Path(__file__).parents[2].parent / "shared" / "data" / "GeoIP2-Country-Test.mmdb"
KINDS = ("missing", "empty", "text", "cut off", "a folder", "overwritten")


def broken(folder: Path, kind: str) -> Path:
    path = folder / "geo.mmdb"
    if kind == "a folder":
        path.mkdir()
        return path
    if kind in {"cut off", "overwritten"} and not DATABASE.exists():
        pytest.skip("LOUD: GeoIP2-Country-Test.mmdb is not beside the repository, this was not tried")
    whole = DATABASE.read_bytes() if DATABASE.exists() else b""
    middle = len(whole) // 2
    content = {
        "empty": b"",
        "text": b"country,code\n",
        "cut off": whole[:middle],
        "overwritten": b"\xff" * middle + whole[middle:],
    }
    if kind in content:
        path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_serve_goes_on_without_countries(home: Home, tmp_path: Path, kind: str) -> None:
    database = broken(tmp_path, kind)

    with served(home.root, table={"geoip_db": str(database)}) as server:
        assert server.post().status in {200, 204}
        ((meta,),) = stored(home.root, "SELECT meta FROM batches")

    assert json.loads(meta)["country"] is None
