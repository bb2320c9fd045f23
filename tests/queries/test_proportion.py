from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.queries.proportion import difference_p, holm_adjusted, wilson_interval


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    # Newcombe (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(hits: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(hits, total) == pytest.approx((low, high), abs=5e-5)


@given(total=st.integers(0, 5000), share=st.floats(0, 1))
def test_an_interval_holds_its_share_and_stays_a_share(total: int, share: float) -> None:
    hits = round(total * share)

    low, high = wilson_interval(hits, total)

    assert 0 <= low <= high <= 1
    if total:
        assert low - 1e-12 <= hits / total <= high + 1e-12


def test_fishers_tea_is_as_likely_as_he_said() -> None:
    # Three of four cups with milk first were named; 17 of 70 tables for one side, 34 of 70 for both.
    assert difference_p(3, 4, 1, 4) == pytest.approx(34 / 70)


def test_a_large_difference_is_no_chance_and_none_is_all_chance() -> None:
    assert difference_p(200, 1000, 100, 1000) < 1e-6
    assert difference_p(100, 1000, 100, 1000) == 1
    assert difference_p(0, 10, 0, 10) == difference_p(5, 0, 1, 10) == 1


def test_both_tests_agree_where_they_meet() -> None:
    # 40 of 100 against 25 of 100: z = 2.2646 by hand.
    assert difference_p(40, 100, 25, 100) == pytest.approx(math.erfc(2.2646 / math.sqrt(2)), abs=1e-4)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_chance_is_one_and_has_no_sides(a: int, more_a: int, b: int, more_b: int) -> None:
    p = difference_p(a, a + more_a, b, b + more_b)

    assert 0 <= p <= 1 + 1e-12
    assert p == pytest.approx(difference_p(b, b + more_b, a, a + more_a))


def test_asking_often_raises_the_bar() -> None:
    assert holm_adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm_adjusted([]) == []
