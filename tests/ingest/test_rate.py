"""Tokens are refilled evenly, and a strange clock neither gives nor takes any."""

from __future__ import annotations

from usertrack_cli.clock import MINUTE_MS
from usertrack_cli.ingest.rate import BUCKETS_MAX, Rate


def admitted(rate: Rate, name: str, now_ms: int, tries: int = 100) -> int:
    return sum(rate.admits(name, now_ms=now_ms) for _ in range(tries))


def test_a_minute_gives_its_tokens_and_no_more() -> None:
    rate = Rate(30)

    assert admitted(rate, "a", 0) == 30
    assert admitted(rate, "a", MINUTE_MS // 2) == 15
    assert admitted(rate, "a", 60 * MINUTE_MS) == 30


def test_names_do_not_share_tokens() -> None:
    rate = Rate(5)

    assert (admitted(rate, "a", 0), admitted(rate, "b", 0)) == (5, 5)


def test_a_clock_that_was_set_back_neither_blocks_nor_refills() -> None:
    rate = Rate(60)
    admitted(rate, "a", 10 * MINUTE_MS)

    assert admitted(rate, "a", 0) == 0
    assert admitted(rate, "a", MINUTE_MS) == 60


def test_names_are_bounded() -> None:
    rate = Rate(1)

    for n in range(BUCKETS_MAX + 10):
        rate.admits(str(n), now_ms=0)

    assert len(rate._buckets) == BUCKETS_MAX
