"""What is kept of addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.ingest.page import (
    PAGE_CHARS_MAX,
    URL_CHARS_MAX,
    canonical_fragment,
    canonical_page,
    canonical_referrer,
    canonical_url,
)

URLS = Path(__file__).parents[2].parent / "shared" / "data" / "urltestdata.json"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"
UUID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("/", "/"),
        ("/shop/desk-2?colour=red#reviews", "/shop/desk-2"),
        ("https://user:pass@shop.example/cart?token=x", "/cart"),
        ("//elsewhere.example/cart", "/cart"),
        ("/invite/ada@example.org", "/invite/:email"),
        ("/invite/ada%40example.org", "/invite/:email"),
        ("/invite/ada%2540example.org/x", "/invite/:email/x"),
        (f"/order/{UUID}/edit", "/order/:uuid/edit"),
        (f"/order-{UUID.upper()}", "/:uuid"),
        (f"/login/{JWT}", "/login/:token"),
        ("/reset/3f9cA81bQzR5tY7uW2xK0p", "/reset/:token"),
        ("/reset/3f9ca81b2d4e6f70", "/reset/:hex"),
        ("/call/00491701234567", "/call/:number"),
        (
            "/2026/11/23/a-long-title-with-many-words-and-no-secret",
            "/2026/11/23/a-long-title-with-many-words-and-no-secret",
        ),
        ("/wiki/Battle_of_the_Long_Desks_1942-to-1943", "/wiki/Battle_of_the_Long_Desks_1942-to-1943"),
        ("/archive/20261123", "/archive/20261123"),
        ("/effaced-facade", "/effaced-facade"),
        ("/größe/日本", "/größe/日本"),
        ("/a\x00b\x1b", "/a\ufffdb\ufffd"),
    ],
)
def test_a_page_is_a_path_without_secrets(url: str, page: str) -> None:
    assert canonical_page(url) == page


@pytest.mark.parametrize(
    "url", ["", "shop", "../etc", "javascript:alert(1)", "data:text/html,x", "about:blank", "http://["]
)
def test_what_has_no_path_is_no_page(url: str) -> None:
    assert canonical_page(url) is None


def test_only_allowed_query_keys_are_kept() -> None:
    url = "/p?token=1&utm_source=mail&email=a@b.co&ref=x&size=9&utm_term=ada@example.org&tab=2#z"

    assert canonical_url(url, ()) == "/p?utm_source=mail&ref=x&utm_term=%3Aemail"
    assert canonical_url(url, {"tab"}) == "/p?utm_source=mail&ref=x&utm_term=%3Aemail&tab=2"


def test_a_query_of_too_many_keys_is_dropped() -> None:
    assert canonical_url("/p?" + "&".join(f"ref={n}" for n in range(1000)), ()) == "/p"


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        ("", ""),
        ("https://shop.example/cart?x=1", "/cart"),
        ("https://SHOP.example", "/"),
        ("/cart?x", "/cart"),
        ("https://search.example/find?q=my+illness", "https://search.example"),
        ("https://user:pass@search.example:8443/x", "https://search.example:8443"),
        ("http://shop.example/cart", "http://shop.example"),
        ("android-app://com.example.mail/inbox", "android-app://com.example.mail"),
        ("javascript:alert(1)", ""),
        ("https://[::1]:9/x", "https://[::1]:9"),
        ("https://[", ""),
        ("https://x:99999999/", ""),
    ],
)
def test_a_foreign_referrer_is_its_origin(referrer: str, kept: str) -> None:
    assert canonical_referrer(referrer, own_origin="https://shop.example") == kept


@pytest.mark.parametrize(
    ("fragment", "kept"),
    [
        ("#top", "#top"),
        ("#/orders/12", "#/orders/12"),
        ("#access_token=abc", "#access_token"),
        (f"#/reset/{JWT}", "#/reset/:token"),
        ("#" + "a" * 500, "#" + "a" * 64),
        ("", "#"),
    ],
)
def test_a_fragment_ends_where_values_begin(fragment: str, kept: str) -> None:
    assert canonical_fragment(fragment) == kept


@given(st.text())
def test_a_canonical_page_stays_as_it_is(text: str) -> None:
    page = canonical_page("/" + text.lstrip("/"))

    assert page is not None
    assert canonical_page(page) == page
    assert len(page) <= 2 * PAGE_CHARS_MAX


@given(st.text(), st.text(max_size=20))
def test_a_canonical_url_is_bounded_and_begins_with_its_page(path: str, value: str) -> None:
    url = canonical_url(f"/{path.lstrip('/')}?ref={value}", ())

    assert url is not None
    assert len(url) <= max(URL_CHARS_MAX, 2 * PAGE_CHARS_MAX)
    assert url.startswith("/")


@pytest.mark.skipif(
    not URLS.exists(),
    reason="LOUD: urltestdata.json is not beside the repository, its addresses were not tried",
)
def test_no_address_of_the_web_platform_tests_is_too_strange() -> None:
    cases: list[Any] = json.loads(URLS.read_text(encoding="utf-8"))
    addresses = [
        case[key] for case in cases if isinstance(case, dict) for key in ("input", "base") if case[key]
    ]

    for address in addresses:
        page, url = canonical_page(address), canonical_url(address, {"q"})
        origin = canonical_referrer(address, own_origin="https://shop.example")
        for kept in (page, url, origin, canonical_fragment(address)):
            assert kept is None or len(kept) <= max(URL_CHARS_MAX, 2 * PAGE_CHARS_MAX)
            (kept or "").encode()  # what is stored is text, whatever was half a character
        assert page is None or page.startswith("/")
        assert (page is None) == (url is None)

    assert len(addresses) > 800
