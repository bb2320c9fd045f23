"""What is taken for an e-mail address, a card number, a token or a telephone number, and what is not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.lifecycle.signs import Sign, is_luhn, masked_text, signs_in


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("/user/jane.doe@example.com/orders", Sign.EMAIL),
        ("/user/jane%40example.com", Sign.EMAIL),
        ("Welcome j@x.de", Sign.EMAIL),
        ("4111 1111 1111 1111", Sign.CARD),
        ("/pay/5555555555554444", Sign.CARD),
        ("card 3782-822463-10005", Sign.CARD),
        ("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN", Sign.TOKEN),
        ("/o/550e8400-e29b-41d4-a716-446655440000", Sign.TOKEN),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", Sign.TOKEN),
        ("/s/a8f5f167f44f4964e6c998dee827110c", Sign.TOKEN),
        ("call +49 170 1234567", Sign.PHONE),
        ("0171-2345678", Sign.PHONE),
        ("(00441214960123)", Sign.PHONE),
    ],
)
def test_it_is_found_and_not_said(text: str, sign: Sign) -> None:
    plain, found = signs_in(text)

    assert [each.sign for each in found] == [sign]
    hidden = plain[found[0].start : found[0].end]
    assert hidden not in masked_text(text)
    assert signs_in(masked_text(text))[1] == []


@pytest.mark.parametrize(
    "text",
    [
        "/shop/walnut-desk-organiser-2026-edition",
        "/blog/2026/11/23/what-we-learnt",
        "4111 1111 1111 1112",
        "1795000000000",
        "0000000000000000",
        "€ 1,299.00 incl. VAT",
        "/product/123456789012",
        "Donaudampfschifffahrtsgesellschaft",
        "10:30-11:45",
        "version 10.15.7, build 20261123",
        "192.168.100.200",
        "@media screen",
        "x@y",
        "usertrack_cli_lifecycle_signs",
    ],
)
def test_what_only_looks_like_it_is_not_found(text: str) -> None:
    assert signs_in(text)[1] == []


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_of_ten_last_digits_one_is_right(digits: str) -> None:
    assert sum(is_luhn(digits + last) for last in "0123456789") == 1


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    _, found = signs_in(text)

    assert all(a.end <= b.start for a, b in pairwise(found))
