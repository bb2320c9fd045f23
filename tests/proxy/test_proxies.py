"""The printed configuration of nginx and Caddy does what it says."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ingest.bodies import body
from tests.ingest.serving import ORIGIN, answer_of, session, stored
from tests.proxy.standing import PREFIX, PROXIES, Standing, proxied

FORGED = {
    "X-Forwarded-For": "8.8.8.8",
    "X-Real-IP": "8.8.8.8",
    "Forwarded": "for=8.8.8.8",
    "CF-Connecting-IP": "8.8.8.8",
}
THREADS = 8


def test_the_visitors_address_arrives_and_a_forged_one_does_not(standing: Standing) -> None:
    honest = standing.ask("GET", f"{PREFIX}/address")
    forged = standing.ask("GET", f"{PREFIX}/address", headers=FORGED)
    chain = standing.ask("GET", f"{PREFIX}/address", headers={"X-Forwarded-For": "8.8.8.8, 127.0.0.1"})

    assert honest.said == forged.said == chain.said == {"address": "127.0.0.9"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("proxy_set_header X-Forwarded-For $remote_addr;", ""),
        (
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "proxy_set_header X-Forwarded-For $http_x_forwarded_for;",
        ),
    ],
)
def test_without_the_line_about_the_address_that_would_fail(tmp_path: Path, old: str, new: str) -> None:
    with proxied("nginx", tmp_path / "nginx", spoil={old: new}) as spoilt:
        forged = spoilt.ask("GET", f"{PREFIX}/address", headers=FORGED)

    assert forged.said == {"address": "8.8.8.8"}


def test_everything_works_below_the_prefix_and_nothing_elsewhere(standing: Standing) -> None:
    script = standing.ask("GET", f"{PREFIX}/tracker.js", headers={"Accept-Encoding": "gzip"})
    kept = standing.ask("POST", f"{PREFIX}/i", body(s=session(1)))
    elsewhere = [
        standing.ask("GET", path).body
        for path in ("/tracker.js", "/", f"{PREFIX}/metrics", f"{PREFIX}/healthz")
    ]

    assert gzip.decompress(script.body).startswith(b"self.__ust_cfg=")
    assert kept.status == 204
    assert kept.headers["access-control-allow-origin"] == ORIGIN
    assert (session(1), 0) in stored(standing.home.root)
    assert not any(b"usertrack" in each or b"__ust" in each for each in elsewhere)


def test_the_proxy_writes_no_address_down(standing: Standing) -> None:
    standing.ask("POST", f"{PREFIX}/i", body(s=session(2)))

    standing.ask("GET", "/elsewhere")
    # The control: what is not ours is written down by nginx, after it was answered.
    written = logged(standing, "/elsewhere") if standing.name == "nginx" else logged(standing)

    assert f"{PREFIX}/i" not in written


def logged(standing: Standing, awaited: str = "") -> str:
    """Return what the proxy wrote down, once ``awaited`` stands in it."""
    deadline = time.monotonic() + 60
    while True:
        written = standing.logs.read_text() if standing.logs.exists() else ""
        if awaited in written:
            return written
        assert time.monotonic() < deadline, f"{awaited} is not in {written}"
        time.sleep(0.05)


def test_a_large_body_is_refused_by_serve_and_a_huge_one_by_the_proxy(standing: Standing) -> None:
    def refusals() -> int:
        return standing.ask_inside("/metrics").body.count(b'reason="body too large"')

    assert refusals() == 0
    huge = standing.ask("POST", f"{PREFIX}/i", b" " * 3_000_000)
    assert refusals() == 0
    large = standing.ask("POST", f"{PREFIX}/i", b" " * 300_000)

    assert (huge.status, large.status) == (413, 413)
    assert refusals() == 1
    # Only serve's answer can be read by the page, and only that one a tracker may ever meet.
    assert large.headers["access-control-allow-origin"] == ORIGIN


def send_many(standing: Standing, requests: int) -> Counter[int | str]:
    """Send that many batches over a few connections, each of them kept as long as it lasts."""

    def send(thread: int) -> Counter[int | str]:
        seen: Counter[int | str] = Counter()
        connection = standing.connection(source=f"127.0.1.{thread + 1}")
        headers = {"Host": f"localhost:{standing.port}", "Origin": ORIGIN}
        for seq in range(requests // THREADS):
            connection.request("POST", f"{PREFIX}/i", body(s=session(100 + thread), q=seq), headers)
            seen[answer_of(connection.getresponse()).status] += 1
        connection.close()
        return seen

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(send, range(THREADS)), Counter())


def test_kept_connections_never_fail(standing: Standing) -> None:
    assert send_many(standing, 1_600) == {204: 1_600}


@pytest.mark.soak
@pytest.mark.parametrize("name", PROXIES)
def test_kept_connections_never_fail_over_ten_thousand_requests(name: str, tmp_path: Path) -> None:
    with proxied(name, tmp_path / name) as running:
        assert send_many(running, 10_000) == {204: 10_000}
