"""Figures for monitoring: readable by the official client, equal to what was sent, shown to nobody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.ingest.bodies import body
from tests.ingest.serving import Served, served, session
from usertrack_cli.ingest.identity import reach
from usertrack_cli.ingest.metrics import may_read
from usertrack_cli.store import catalog
from usertrack_cli.store.home import open_home
from usertrack_cli.store.tallies import BEGUN, REFUSED, tallied

TOKEN = "a-secret-" * 3
PATIENCE_S = 30.0

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(running: Served) -> Figures:
    answer = running.ask("GET", "/metrics")
    assert answer.status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def test_the_official_client_reads_what_was_sent(tmp_path: Path) -> None:
    table = {"respect_dnt": True, "site": {"closed": {}}}
    with served(tmp_path / "data", table=table) as running:
        for number in range(5):
            running.post(s=session(number), headers={"X-Forwarded-For": "203.0.113.7"})
        running.post(s=session(0), headers={"X-Forwarded-For": "203.0.113.7"})
        running.post(s=session(7))
        running.post(k="closed")
        running.post(b"{")
        running.post(headers={"DNT": "1"})
        found = figures(running)

    assert found["usertrack_batches_total", (("status", "204"),)] == 7
    assert found["usertrack_batches_total", (("status", "403"),)] == 1
    assert found["usertrack_batches_total", (("status", "400"),)] == 1
    assert found["usertrack_batches_total", (("status", "200"),)] == 1
    assert found["usertrack_refused_total", (("reason", "origin"),)] == 1
    assert found["usertrack_refused_total", (("reason", "not a batch"),)] == 1
    assert found["usertrack_refused_total", (("reason", "do not track"),)] == 1
    assert found["usertrack_sessions_total", (("reach", "public"),)] == 5
    assert found["usertrack_sessions_total", (("reach", "loopback"),)] == 1
    assert found["usertrack_waiting_batches", ()] == 6
    assert found["usertrack_active_sessions", ()] == 6
    assert found["usertrack_oldest_batch_seconds", ()] >= 0
    assert found["usertrack_writer_up", ()] == 1
    assert found["usertrack_free_bytes", ()] > 0
    assert found["usertrack_batch_seconds_count", ()] == 10
    assert found["usertrack_batch_seconds_bucket", (("le", "+Inf"),)] == 10
    assert 0 < found["usertrack_batch_seconds_sum", ()] < 60


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "stats.example"},
        {"Host": "localhost.evil.example:80"},
        {"X-Forwarded-For": "127.0.0.1", "Authorization": "Bearer wrong-wrong-wrong-wrong"},
        {"X-Forwarded-For": "127.0.0.1", "Authorization": f"Basic {TOKEN}"},
    ],
)
def test_a_proxy_or_a_foreign_page_reads_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    with served(tmp_path / "data", table={"metrics_token": TOKEN}) as running:
        refused = running.ask("GET", "/metrics", headers=headers)
        told = running.ask("GET", "/metrics", headers=headers | {"Authorization": f"Bearer {TOKEN}"})
        local = running.ask("GET", "/metrics")

    assert (refused.status, refused.body) == (404, b"")
    assert (told.status, local.status) == (200, 200)


@pytest.mark.parametrize(
    ("peer", "host", "is_shown"),
    [
        ("127.0.0.1", b"localhost:8770", True),
        ("127.0.0.1", b"127.0.0.1", True),
        ("::1", b"[::1]:8770", True),
        ("::1", b"[::1]", True),
        ("127.0.0.1", b"", False),
        ("10.0.0.7", b"localhost", False),
        ("203.0.113.7", b"127.0.0.1:8770", False),
        ("", b"localhost", False),
    ],
)
def test_only_this_machine_reads_without_a_token(peer: str, host: bytes, is_shown: bool) -> None:
    assert may_read(peer, {b"host": host}, "") is is_shown


@pytest.mark.parametrize(
    ("address", "far"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("10.1.2.3", "private"),
        ("172.20.0.2", "private"),
        ("192.168.1.9", "private"),
        ("100.64.3.4", "private"),
        ("fd12::1", "private"),
        ("fe80::1", "private"),
        ("203.0.113.7", "public"),
        ("172.32.0.1", "public"),
        ("2001:db8::1", "public"),
    ],
)
def test_an_address_is_near_or_far(address: str, far: str) -> None:
    assert reach(address) == far


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def tallies(data: Path, name: str) -> dict[str, int]:
    with closing(catalog.connect(open_home(data))) as con:
        return tallied(con, name, since_ms=0)


def test_counters_are_in_the_store_while_serving_and_once_after_a_stop(tmp_path: Path) -> None:
    with served(tmp_path / "data") as running:
        running.post(s=session(1), headers={"X-Forwarded-For": "203.0.113.7"})
        running.post(b"{")
        assert eventually(lambda: tallies(running.data, REFUSED) == {"not a batch": 1})
        running.post(b"{")
        running.stop()

    assert tallies(running.data, REFUSED) == {"not a batch": 2}
    assert tallies(running.data, BEGUN) == {"public": 1}


def test_the_address_is_taken_from_the_header_that_the_settings_name(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"client_ip_header": "X-Real-IP"}) as running:
        seen = running.ask("GET", "/address", headers={"X-Real-IP": "8.8.8.8", "X-Forwarded-For": "9.9.9.9"})
        other = running.ask("GET", "/address", headers={"X-Forwarded-For": "9.9.9.9"})

    assert seen.said == {"address": "8.8.8.8"}
    assert other.said == {"address": "127.0.0.1"}


def test_a_tracker_elsewhere_has_everything_beside_it(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"tracker_path": "/lib/site.js"}) as running:
        script = running.ask("GET", "/lib/site.js")
        kept = running.ask("POST", "/lib/i", body(s=session(1)))
        statuses = [
            running.ask("GET", path).status
            for path in (
                "/lib/banner.js",
                "/lib/address",
                "/tracker.js",
                "/healthz",
                "/lib/other.js",
                "/libx/i",
            )
        ]

    assert script.body.startswith(b"self.__ust_cfg=")
    assert kept.status == 204
    assert statuses == [200, 200, 200, 200, 404, 404]


def test_a_method_that_is_not_allowed_is_refused_there_too(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"tracker_path": "/lib/site.js"}) as running:
        assert running.ask("POST", "/lib/site.js", b"").status == 405
        assert json.loads(running.ask("GET", "/lib/healthz").body)["ok"] is True
