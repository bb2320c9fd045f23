"""Lines of access logs: what nginx and Apache write is read, anything else is refused and nothing crashes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.ingest.accesslog import Hit, Unsuited, hit_of

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
AT_MS = int(datetime(2026, 11, 20, 12, 55, 36, tzinfo=UTC).timestamp() * 1000)


def line(
    request: str = "GET /shop HTTP/1.1",
    *,
    address: str = "203.0.113.7",
    status: int = 200,
    referrer: str = "-",
    agent: str = AGENT,
    at: str = "20/Nov/2026:13:55:36 +0100",
    user: str = "-",
) -> str:
    return f'{address} - {user} [{at}] "{request}" {status} 512 "{referrer}" "{agent}"\n'


def test_a_line_of_nginx_or_apache_is_a_pageview() -> None:
    hit = hit_of(line("GET /shop?utm_source=mail HTTP/2.0", referrer="https://search.example/"))

    assert hit == Hit("203.0.113.7", AT_MS, "/shop", "/shop?utm_source=mail", "https://search.example/", AGENT)


@pytest.mark.parametrize(
    "written",
    [
        "shop.example:443 " + line(),
        line(address="2001:db8::1"),
        line(user="mallory"),
        line(user="two words"),
        line("GET http://shop.example/shop HTTP/1.1"),
        line("GET /shop"),
        line().replace(f' "-" "{AGENT}"', ""),
        line(status=304),
        line(at="20/Nov/2026:07:55:36 -0500"),
    ],
)
def test_variants_of_the_format_are_read(written: str) -> None:
    hit = hit_of(written)

    assert isinstance(hit, Hit)
    assert (hit.page, hit.at_ms) == ("/shop", AT_MS)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (line("POST /shop HTTP/1.1"), Unsuited.METHOD),
        (line("HEAD / HTTP/1.1"), Unsuited.METHOD),
        (line(status=404), Unsuited.STATUS),
        (line(status=301), Unsuited.STATUS),
        (line("GET /static/app.JS?v=3 HTTP/1.1"), Unsuited.FILE),
        (line("GET /a.woff2 HTTP/1.1"), Unsuited.FILE),
        (line("GET * HTTP/1.1"), Unsuited.UNREADABLE),
        (line(at="31/Feb/2026:13:55:36 +0100"), Unsuited.UNREADABLE),
        (line(r"\x16\x03\x01"), Unsuited.UNREADABLE),
        ('{"json": "log"}\n', Unsuited.UNREADABLE),
        ("\n", Unsuited.UNREADABLE),
    ],
)
def test_what_is_no_pageview_says_why(written: str, why: Unsuited) -> None:
    assert hit_of(written) is why


def test_what_the_server_escaped_is_as_it_was_sent() -> None:
    hit = hit_of(line(r"GET /caf\xC3\xA9 HTTP/1.1", agent=r"a \"quoted\" \x22agent\x22"))

    assert isinstance(hit, Hit)
    assert hit.page == "/café"
    assert hit.user_agent == 'a "quoted" "agent"'


def test_secrets_in_paths_become_placeholders() -> None:
    hit = hit_of(line("GET /reset/somebody@example.org HTTP/1.1"))

    assert isinstance(hit, Hit)
    assert hit.page == "/reset/:email"


def is_fit(read: Hit | Unsuited) -> bool:
    """Whether what a line was read as can be stored, or says why it is left out."""
    if isinstance(read, Unsuited):
        return True
    texts = (read.address, read.page, read.url, read.referrer, read.user_agent)
    storable = all(text.encode("utf-8", "replace").decode() == text and "\0" not in text for text in texts)
    return storable and read.page.startswith("/") and 0 <= read.at_ms < 2**53


@given(st.text())
def test_whatever_a_line_holds_it_is_fit_for_the_store_or_left_out(text: str) -> None:
    assert is_fit(hit_of(text))
    assert is_fit(hit_of(line(f"GET /{text} HTTP/1.1", agent=text, referrer=text)))


@given(st.from_regex(r'[0-9.]{1,12} - - \[[^\]]{20,26}\] "GET [^ ]{1,30} HTTP/1.1" 200 1 "\\+" "[^"]*"\n'))
def test_a_line_of_the_right_shape_is_fit_for_the_store_or_left_out(text: str) -> None:
    assert is_fit(hit_of(text))
