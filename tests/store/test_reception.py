"""What the doctor says about refusals, and about visitors who all seem to live next door."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.tallies import BEGUN, KEEP_MS, REFUSED, add_tallies, forget_tallies, tallied


def add(home: Home, name: str, age_ms: int = 0, **totals: int) -> None:
    with closing(catalog.connect(home)) as con, catalog.transaction(con):
        named = {reason.replace("_", " "): total for reason, total in totals.items()}
        add_tallies(con, name, named, now_ms=clock.now_ms() - age_ms)


def doctor(home: Home, capsys: pytest.CaptureFixture[str], check: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["doctor", "--json", "--data", str(home.root)])
    found = next(each for each in json.loads(capsys.readouterr().out) if each["check"] == check)
    return code, found["status"], found["detail"]


@pytest.mark.parametrize(
    ("url", "begun", "code"),
    [
        ("https://stats.example", {"loopback": 90, "private": 1, "public": 9}, 4),
        ("https://stats.example", {"private": 1}, 4),
        ("https://stats.example", {"loopback": 90, "public": 10}, 0),
        ("https://stats.example", {}, 0),
        ("http://localhost:8770", {"loopback": 100}, 0),
        ("", {"loopback": 100}, 0),
    ],
)
def test_a_proxy_that_hides_the_visitors_is_found(
    home: Home, url: str, begun: dict[str, int], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.root / "usertrack.toml").write_text(f'public_url = "{url}"\n')
    (home.root / "usertrack.toml").chmod(0o600)
    add(home, BEGUN, **begun)

    exit_code, status, detail = doctor(home, capsys, "addresses")

    assert (exit_code, status) == (code, "warning" if code else "ok")
    assert ("trusted_proxies" in detail) is bool(code)


def test_sessions_of_the_week_before_last_no_longer_count(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USERTRACK_PUBLIC_URL", "https://stats.example")
    add(home, BEGUN, age_ms=8 * DAY_MS, loopback=50)

    assert doctor(home, capsys, "addresses")[:2] == (0, "ok")


def test_refusals_are_shown_by_reason_and_ours_are_a_warning(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    add(home, REFUSED, origin=3, do_not_track=12)
    add(home, REFUSED, age_ms=3 * HOUR_MS, disk_full=2)

    before = doctor(home, capsys, "refusals")
    add(home, REFUSED, disk_full=5)
    after = doctor(home, capsys, "refusals")

    assert before == (0, "ok", "within a day: 12 do not track, 3 origin, 2 disk full")
    assert after[:2] == (4, "warning")
    assert "5 batches since an hour ago: disk full" in after[2]


def test_tallies_add_up_and_are_forgotten_after_a_month(home: Home) -> None:
    add(home, REFUSED, origin=1)
    add(home, REFUSED, origin=2)
    add(home, REFUSED, age_ms=KEEP_MS + HOUR_MS, origin=40)

    with closing(catalog.connect(home)) as con:
        before = tallied(con, REFUSED, since_ms=0)
        forget_tallies(con, now_ms=clock.now_ms())
        after = tallied(con, REFUSED, since_ms=0)

    assert (before, after) == ({"origin": 43}, {"origin": 3})
