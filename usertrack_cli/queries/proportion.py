"""Shares of small numbers: how sure one is, and whether two of them differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z_95 = 1.959963984540054
"""Half-width of a 95 % interval in standard deviations of the normal distribution."""

EXPECTED_MIN = 5.0
"""Below so many expected in any cell of the table the normal approximation is wrong (Cochran 1954)."""


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the interval (0 to 1) that holds a share of ``hits / total``; all of it where total is 0.

    Wilson's score interval (1927): unlike the textbook one it stays within 0 and 1 and holds its 95 %
    for few sessions and for shares near the ends.
    """
    if total <= 0:
        return 0.0, 1.0
    share, z = hits / total, Z_95
    spread = z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference_p(hits_a: int, total_a: int, hits_b: int, total_b: int) -> float:
    """Return how likely two shares differ this much by chance alone, two-sided, 0 to 1.

    Pearson's test of two proportions (pooled z); Fisher's exact test where a cell of the table is
    expected to hold fewer than 5. 1 where a total is 0.
    """
    if total_a <= 0 or total_b <= 0:
        return 1.0
    hits, total = hits_a + hits_b, total_a + total_b
    if hits in (0, total):
        return 1.0
    if min(total_a, total_b) * min(hits, total - hits) / total < EXPECTED_MIN:
        return _fisher_p(hits_a, total_a, hits, total)
    pooled = hits / total
    error = math.sqrt(pooled * (1 - pooled) * (1 / total_a + 1 / total_b))
    return math.erfc(abs(hits_a / total_a - hits_b / total_b) / error / math.sqrt(2))


def _fisher_p(hits_a: int, total_a: int, hits: int, total: int) -> float:
    """Sum the tables with the same margins that are no likelier than this one."""
    least, most = max(0, hits - (total - total_a)), min(hits, total_a)
    logs = [
        _log_choose(hits, k) + _log_choose(total - hits, total_a - k) - _log_choose(total, total_a)
        for k in range(least, most + 1)
    ]
    observed = logs[hits_a - least] + 1e-9
    return min(1.0, math.fsum(math.exp(each) for each in logs if each <= observed))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def holm_adjusted(chances: Sequence[float]) -> list[float]:
    """Return p-values raised for having asked so many questions at once (Holm 1979), in the order given."""
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    adjusted = [0.0] * len(chances)
    least = 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, chances[index] * (len(chances) - rank)))
        adjusted[index] = least
    return adjusted
