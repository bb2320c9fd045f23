"""The server from the outside: real processes, real sockets."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ingest.bodies import CLICK, SCROLL, body
from tests.ingest.serving import ORIGIN, Served, answer_of, served, session, stored
from usertrack_cli.ingest.wire import BODY_BYTES_MAX


def is_readable(headers: dict[str, str]) -> bool:
    return (
        headers.get("access-control-allow-origin") == ORIGIN
        and "Origin" in headers.get("vary", "")
        and "Retry-After" in headers.get("access-control-expose-headers", "")
    )


def test_a_batch_that_was_acknowledged_is_in_the_store(server: Served) -> None:
    answer = server.post(s=session(1), q=7, e=[SCROLL, CLICK])

    assert (answer.status, answer.body) == (204, b"")
    assert (session(1), 7) in stored(server.data)


def test_a_compressed_batch_is_taken(server: Served) -> None:
    assert server.post(gzip.compress(body(s=session(2)))).status == 204


def test_a_repeat_with_fresh_clock_is_acknowledged_and_kept_once(server: Served) -> None:
    first = json.loads(body(s=session(3)))
    again = first | {"n": first["n"] + 9_000, "u": []}

    statuses = [server.post(json.dumps(each)).status for each in (first, again, first | {"e": [CLICK]})]

    assert statuses == [204, 204, 409]
    assert stored(server.data).count((session(3), 0)) == 1


def test_what_is_missing_and_what_was_rejected_is_said(server: Served) -> None:
    server.post(s=session(4), q=0)

    answer = server.post(s=session(4), q=2, u=[0, 1], e=[SCROLL, ["Z", 1], ["k", 5, "h4sh", 100, 200]])

    assert answer.status == 200
    assert answer.said == {"ok": 1, "need": ["h4sh"], "miss": [1], "rejected": 1}


REQUESTS: list[tuple[str, str, str, bytes | None, dict[str, str], int]] = [
    ("taken", "POST", "/i", body(s=session(9)), {}, 204),
    ("unreadable", "POST", "/i", b"{", {}, 400),
    ("empty", "POST", "/i", b"", {}, 400),
    ("unknown site", "POST", "/i", body(k="nowhere"), {}, 404),
    ("site that walks", "POST", "/i", body(k="../etc"), {}, 404),
    ("too large", "POST", "/i", b" " * (BODY_BYTES_MAX + 1), {}, 413),
    ("far too large", "POST", "/i", b" " * 1_000_000, {}, 413),
    ("bomb", "POST", "/i", gzip.compress(b"\0" * 30_000_000, mtime=0), {}, 413),
    ("wrong method", "GET", "/i", None, {}, 405),
    ("wrong method for the script", "POST", "/tracker.js", b"", {}, 405),
    ("no such path", "GET", "/", None, {}, 404),
    ("path that walks", "GET", "/../../etc/passwd", None, {}, 404),
    ("encoded path", "GET", "/%2e%2e/usertrack.toml", None, {}, 404),
    ("preflight", "OPTIONS", "/i", None, {"Access-Control-Request-Method": "POST"}, 204),
    ("script", "GET", "/tracker.js", None, {}, 200),
    ("script of an unknown site", "GET", "/tracker.js?site=nowhere", None, {}, 404),
    ("health", "GET", "/healthz", None, {}, 200),
    ("do not track", "POST", "/i", body(), {"DNT": "1"}, 200),
    ("privacy control", "POST", "/i", body(), {"Sec-GPC": "1"}, 200),
    ("ignored address", "POST", "/i", body(), {"X-Forwarded-For": "203.0.113.9"}, 204),
]


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status"),
    [each[1:] for each in REQUESTS],
    ids=[each[0] for each in REQUESTS],
)
def test_every_answer_has_its_status_and_can_be_read_by_the_page(
    server: Served, method: str, path: str, content: bytes | None, headers: dict[str, str], status: int
) -> None:
    answer = server.ask(method, path, content, headers)

    assert answer.status == status
    assert is_readable(answer.headers)


@pytest.mark.parametrize(
    ("site", "origin", "status"),
    [
        ("default", "https://anywhere.example", 204),
        ("default", "", 204),
        ("shop", ORIGIN, 204),
        ("shop", "HTTPS://SHOP.EXAMPLE", 204),
        ("shop", "https://shop.example.evil", 403),
        ("shop", "https://evil", 403),
        ("shop", "http://shop.example", 403),
        ("shop", "https://shop.example:8443", 403),
        ("shop", "https://xn--shop-0na.example", 403),
        ("shop", "null", 403),
        ("closed", ORIGIN, 403),
    ],
)
def test_an_origin_must_be_one_of_the_sites(server: Served, site: str, origin: str, status: int) -> None:
    assert server.post(k=site, s=session(20), headers={"Origin": origin}).status == status


def test_an_origin_that_no_site_accepts_reads_nothing(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"origins": [ORIGIN]}) as running:
        refused = running.post(headers={"Origin": "https://evil.example"})
        accepted = running.post()

    assert (refused.status, refused.headers.get("access-control-allow-origin")) == (403, None)
    assert refused.headers["vary"] == "Origin"
    assert (accepted.status, is_readable(accepted.headers)) == (204, True)


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_a_browser_that_objects_is_told_to_stop_and_leaves_nothing(server: Served, header: str) -> None:
    answer = server.post(s=session(30), headers={header: "1"})

    assert answer.said == {"off": 1}
    assert session(30) not in {row[0] for row in stored(server.data)}


def test_without_consent_nothing_is_kept_and_with_it_the_version_is(server: Served) -> None:
    without = server.post(k="asks", s=session(31))
    given = server.post(k="asks", s=session(32), c=["token", "7", "record"])

    assert (without.status, given.status) == (204, 204)
    metas = stored(server.data, "SELECT session, meta FROM batches WHERE site = 'asks'")
    assert [(row[0], json.loads(row[1])["basis"], json.loads(row[1])["consent_version"]) for row in metas] == [
        (session(32), "granted", "7")
    ]


def test_an_ignored_address_and_an_excluded_page_leave_nothing(server: Served) -> None:
    server.post(s=session(33), headers={"X-Forwarded-For": "8.8.8.8, 203.0.113.9"})
    server.post(k="shop", s=session(34), pg=[1, "/admin/users", 1, 1, 1, 1, 0, 0])
    server.post(k="shop", s=session(35), e=[["i", 1, "#q", 3, "abc"]])

    assert {session(33), session(34), session(35)}.isdisjoint({row[0] for row in stored(server.data)})


def test_a_batch_that_is_too_old_is_answered_and_not_kept(server: Served) -> None:
    answer = server.post(s=session(36), t=0, n=50 * 3_600_000)

    assert answer.status == 204
    assert session(36) not in {row[0] for row in stored(server.data)}


def test_the_script_carries_the_sites_settings(server: Served) -> None:
    answer = server.ask("GET", "/tracker.js?site=shop")

    config, _, tracker = answer.body.partition(b";\n")
    assert json.loads(config.removeprefix(b"self.__ust_cfg=")) == {
        "site": "shop",
        "consent": "off",
        "dnt": True,
        "gpc": True,
        "inputs": "off",
        "record": None,
        "excludePages": ["/admin/*"],
        "excludeFields": [],
        "maskSelectors": [],
        "queryKeys": [],
        "sampleRatio": 1.0,
        "consentVersion": "1",
    }
    assert len(tracker) > 1_000
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "max-age=3600"


def test_the_script_is_not_sent_twice(server: Served) -> None:
    plain = server.ask("GET", "/tracker.js")
    zipped = server.ask("GET", "/tracker.js", headers={"Accept-Encoding": "br, gzip"})
    again = [
        server.ask("GET", "/tracker.js", headers={"If-None-Match": etag})
        for etag in (plain.headers["etag"], f'"x", W/{plain.headers["etag"]}', '"x"')
    ]

    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert [(answer.status, bool(answer.body)) for answer in again] == [(304, False), (304, False), (200, True)]


def test_a_head_request_has_no_body(server: Served) -> None:
    answer = server.ask("HEAD", "/tracker.js")

    assert (answer.status, answer.body) == (200, b"")


def test_health_says_how_much_waits(server: Served) -> None:
    server.post(s=session(40))

    said = server.ask("GET", "/healthz").said
    assert (said["ok"], said["writer"]) == (True, True)
    assert said["waiting"] >= 1


def test_connections_are_kept_and_pipelined_requests_answered_in_order(server: Served) -> None:
    content = body(s=session(41), q=1)
    request = b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
    last = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    said = server.raw(request * 2 + last)

    assert [line.split()[1] for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [
        b"204",
        b"204",
        b"404",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
        b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello",
        b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /i HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http_is_refused_and_the_connection_closed(server: Served, raw: bytes) -> None:
    said = server.raw(raw)

    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nvary: Origin\r\n" in said
    assert said.count(b"HTTP/1.1") == 1


def test_a_refusal_of_broken_http_can_still_be_read_by_the_page(server: Served) -> None:
    said = server.raw(b"POST /i HTTP/1.1\r\nOrigin: " + ORIGIN.encode() + b"\r\nContent-Length: -1\r\n\r\n")

    assert b"access-control-allow-origin: " + ORIGIN.encode() in said


@pytest.mark.parametrize("value", [b"x" * 100_000, b"x" * 20_000])
def test_headers_without_end_are_refused(server: Served, value: bytes) -> None:
    said = server.raw(b"POST /i HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + value + b"\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 431 ")


def test_a_body_without_end_is_refused_at_the_limit(server: Served) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    said = server.raw(
        b"POST /i HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk * 6, b"0\r\n\r\n"
    )

    assert said.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("line", "headers", "is_chunked"),
    [
        (b"POST /i HTTP/1.1", b"", False),
        (b"POST /i?x=1 HTTP/1.1", b"", False),
        (b"POST /i HTTP/1.0", b"", False),
        (b"POST /i HTTP/1.1", b"Connection: close\r\n", False),
        (b"POST /i HTTP/1.1", b"Expect: 100-continue\r\n", False),
        (b"POST /i HTTP/1.1", b"Transfer-Encoding: chunked\r\n", True),
    ],
)
def test_a_batch_is_taken_however_it_is_sent(
    server: Served, line: bytes, headers: bytes, is_chunked: bool
) -> None:
    name = session(90 + len(line) + len(headers))
    content = body(s=name)
    length = b"" if is_chunked else b"Content-Length: %d\r\n" % len(content)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if is_chunked else content

    is_kept_open = b"1.1" in line and b"close" not in headers
    last = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" if is_kept_open else b""

    said = server.raw(b"%b\r\nHost: x\r\n%b%b\r\n" % (line, headers, length), sent + last)

    assert b"HTTP/1.1 204 No Content\r\n" in said
    assert (name, 0) in stored(server.data)


def test_who_goes_away_before_the_answer_disturbs_nobody(server: Served) -> None:
    content = body(s=session(140))
    head = b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(content)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + content)

    assert server.post(s=session(141)).status == 204
    give_up_at = time.monotonic() + 20
    while (session(140), 0) not in (rows := stored(server.data)):
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
    assert rows.count((session(140), 0)) == 1


def test_a_body_that_claims_to_be_huge_is_not_waited_for(server: Served) -> None:
    said = server.raw(b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n" + b" " * 100)

    assert said.startswith(b"HTTP/1.1 413 ")


def test_many_new_sessions_of_one_address_are_told_to_come_back(tmp_path: Path) -> None:
    with served(tmp_path / "data", per_address=2) as running:
        answers = [running.post(s=session(n)) for n in range(3)]

    assert [answer.status for answer in answers] == [204, 204, 429]
    assert int(answers[2].headers["retry-after"]) > 0
    assert is_readable(answers[2].headers)


def test_many_requests_at_once_are_each_kept(server: Served) -> None:
    with ThreadPoolExecutor(16) as pool:
        statuses = set(pool.map(lambda seq: server.post(s=session(60), q=seq).status, range(200)))

    assert statuses == {204}
    assert len([row for row in stored(server.data) if row[0] == session(60)]) == 200


def test_files_of_the_store_belong_to_their_owner_alone(server: Served) -> None:
    for path in server.data.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_the_http_process_loads_neither_arrow_nor_duckdb_nor_numpy() -> None:
    script = "import sys, usertrack_cli.ingest.server; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)

    heavy = {"pyarrow", "duckdb", "numpy", "PIL", "typer", "rich", "cryptography"}
    assert heavy.isdisjoint(name.partition(".")[0] for name in loaded.stdout.split())


def test_an_answer_is_read_whole(server: Served) -> None:
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", server.port)
    statuses = []
    for seq in range(3):
        connection.request("POST", "/i", body(s=session(90), q=seq), {"Origin": ORIGIN})
        statuses.append(answer_of(connection.getresponse()).status)
    connection.close()

    assert statuses == [204] * 3
