"""Which address stands for the client, whatever it writes into its headers."""

from __future__ import annotations

import pytest

from usertrack_cli.ingest.identity import Networks, client_address, limited_address, user_agent

TRUSTED = Networks(["127.0.0.0/8", "::1/128", "10.0.0.0/8"])
PROXY, CLIENT = "127.0.0.1", "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (CLIENT, [], CLIENT),
        (CLIENT, [b"8.8.8.8"], CLIENT),
        (PROXY, [], PROXY),
        (PROXY, [b"203.0.113.7"], CLIENT),
        (PROXY, [b"8.8.8.8, 203.0.113.7"], CLIENT),
        (PROXY, [b"8.8.8.8, 203.0.113.7, 10.1.2.3"], CLIENT),
        (PROXY, [b"8.8.8.8", b"203.0.113.7", b"10.1.2.3"], CLIENT),
        (PROXY, [b"203.0.113.7,unknown,10.1.2.3"], "10.1.2.3"),
        (PROXY, [b"unknown"], PROXY),
        (PROXY, [b"_hidden"], PROXY),
        (PROXY, [b"1.2.3.4:443"], PROXY),
        (PROXY, [b"[2001:db8::1]:443"], PROXY),
        (PROXY, [b"203.000.113.007"], PROXY),
        (PROXY, [b"2001:db8::1"], "2001:db8::1"),
        (PROXY, [b"2001:DB8:0::1"], "2001:db8::1"),
        (PROXY, [b"::ffff:203.0.113.7"], CLIENT),
        (PROXY, [b"fe80::1%eth0"], "fe80::1"),
        ("::ffff:127.0.0.1", [b"203.0.113.7"], CLIENT),
        (PROXY, [b"\t203.0.113.7 "], CLIENT),
        (PROXY, [b"203.0.113.7,"], PROXY),
        (PROXY, [b""], PROXY),
        (PROXY, [b"\xff\xfe"], PROXY),
        (PROXY, [b"8.8.8.8," * 12_000 + b"203.0.113.7"], CLIENT),
        (PROXY, [b"203.0.113.7," + b"10.0.0.1," * 20 + b"10.0.0.2"], "10.0.0.1"),
        ("", [], None),
        ("unix:", [], None),
    ],
)
def test_the_header_is_believed_from_the_right_and_only_from_proxies(
    peer: str, forwarded: list[bytes], address: str | None
) -> None:
    assert client_address(peer, forwarded, TRUSTED) == address


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert client_address(PROXY, [b"203.0.113.7"], Networks([])) == PROXY


def test_a_mapped_address_lies_in_the_network_of_its_ipv4_address() -> None:
    assert Networks(["203.0.113.0/24"]).holds("::ffff:203.0.113.7")
    assert not Networks(["203.0.113.0/24"]).holds("2001:db8::1")
    assert not Networks(["203.0.113.0/24"]).holds("nonsense")


def test_limits_count_a_household_and_not_each_of_its_addresses() -> None:
    assert limited_address("2001:db8:1:2:3:4:5:6") == limited_address("2001:db8:1:2::9")
    assert limited_address(CLIENT) == CLIENT


def test_an_agent_is_bounded_and_storable() -> None:
    assert user_agent(b"Firefox/1 \xc3\xa9") == "Firefox/1 é"
    assert len(user_agent(b"x" * 9_999)) == 512
    user_agent(b"\xff\xed\xa0\x80").encode("utf-8")
