"""Objections from the command line, heeded by a running server."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from tests.commands.conftest import Run
from tests.ingest.serving import AGENT, served, session, stored
from usertrack_cli.app import main
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home


def test_a_running_server_heeds_an_objection_and_its_lifting_at_once(tmp_path: Path) -> None:
    with served(tmp_path / "data") as server:
        data = ["--data", str(server.data)]
        assert server.post(s=session(1)).status == 204

        assert main(["object", "--ip", "127.0.0.1", "--ua", AGENT, *data]) == 0
        assert server.post(s=session(2)).status == 204
        assert server.post(s=session(1), q=1).status == 204
        assert server.post(s=session(3), headers={"User-Agent": "Other/1.0"}).status == 204

        assert main(["object", "--ip", "127.0.0.1", "--ua", AGENT, "--lift", *data]) == 0
        assert server.post(s=session(4)).status == 204
        assert [row[0] for row in stored(server.data)] == [session(1), session(3), session(4)]


def test_it_says_what_escapes_and_prints_the_opt_out_link(run: Run, home: Home) -> None:
    (home.root / "usertrack.toml").write_text('[site.shop]\nsite_url = "https://shop.example"\n')

    everybody = run("object", "--ip", "203.0.113.7")
    one = run("object", "--ip", "203.0.113.7", "--ua", "A", "--site", "default")

    assert "objection holds on default, shop" in everybody.out
    assert "a new address escapes it" in everybody.out
    assert "https://shop.example/?ust-opt-out" in everybody.out
    assert "another browser" in one.out
    assert "?ust-opt-out at the end" in one.out
    assert "it held there already" in run("object", "--ip", "203.0.113.7").out
    assert "no objection there" in run("object", "--ip", "203.0.113.8", "--lift").out


def test_nothing_but_a_hash_is_kept(run: Run, home: Home) -> None:
    run("object", "--ip", "203.0.113.7", "--ua", "Gecko", "--request", "7")

    with closing(catalog.connect(home)) as con:
        ((site, visitor, _),) = con.execute("SELECT site, visitor, created_at FROM objections").fetchall()
    assert (site, len(visitor)) == ("default", 32)
    (entry,) = home.ledger.glob("request-*.json")
    assert json.loads(entry.read_text())["objections"] == [["default", visitor]]
    for file in [entry, home.catalog, home.keys, *home.root.glob("*-wal")]:
        assert b"203.0.113.7" not in file.read_bytes()
        assert b"Gecko" not in file.read_bytes()


def test_what_is_no_address_is_refused(run: Run) -> None:
    assert run("object", "--ip", "visitor").code == 2
    assert run("object").code == 2
