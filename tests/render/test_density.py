from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render import density
from usertrack_cli.render.density import CELL_PX, Float64Array, Int32Array

COORDINATES = st.integers(-(2**31), 2**31 - 1) | st.integers(-50, 1500)
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES), max_size=60).map(
    lambda pairs: np.array(pairs, dtype=np.int32).reshape(-1, 2)
)
SIZES = st.integers(1, 1400)


def inside_count(points_px: Int32Array, width_px: int, height_px: int) -> int:
    return sum(0 <= x < width_px and 0 <= y < height_px for x, y in points_px.tolist())


@given(points_px=POINTS, width_px=SIZES, height_px=SIZES)
def test_the_counts_sum_to_the_points_inside_the_page(
    points_px: Int32Array, width_px: int, height_px: int
) -> None:
    counts = density.cell_counts(points_px, width_px=width_px, height_px=height_px)

    assert counts.shape == density.grid_shape(width_px=width_px, height_px=height_px)
    assert counts.sum() == inside_count(points_px, width_px, height_px)


def test_each_point_is_counted_in_its_own_cell() -> None:
    points_px = np.array([(0, 0), (3, 3), (4, 3), (9, 5), (10, 5), (9, 6), (-1, 0)], dtype=np.int32)

    counts = density.cell_counts(points_px, width_px=10, height_px=6)

    assert counts.tolist() == [[2, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("block_points", [1, 7, 1 << 20])
def test_counting_in_blocks_changes_nothing(block_points: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points_px = np.random.default_rng(1).integers(-20, 120, (50, 2)).astype(np.int32)
    expected = density.cell_counts(points_px, width_px=100, height_px=90)

    monkeypatch.setattr(density, "BLOCK_POINTS", block_points)
    counts = density.cell_counts(points_px, width_px=100, height_px=90)

    np.testing.assert_array_equal(counts, expected)


@given(points_px=POINTS)
def test_cells_from_a_query_count_like_points(points_px: Int32Array) -> None:
    width_px, height_px = 333, 901
    columns = density.grid_shape(width_px=width_px, height_px=height_px)[1]
    wide = points_px.astype(np.int64)
    on_rows = wide[(wide[:, 0] >= 0) & (wide[:, 0] < width_px) & (wide[:, 1] < 904)]
    cells = (on_rows[:, 1] // CELL_PX) * columns + on_rows[:, 0] // CELL_PX

    counts = density.counts_of_cells(cells, width_px=width_px, height_px=904)

    np.testing.assert_array_equal(counts, density.cell_counts(points_px, width_px=width_px, height_px=904))


def test_weights_are_added_up_and_those_outside_are_not() -> None:
    cells = np.array([0, 0, 99, -1], dtype=np.int64)
    weights = np.array([0.5, 2.0, 9.0, 9.0], dtype=np.float32)

    counts = density.counts_of_cells(cells, width_px=8, height_px=4, weights=weights)

    assert counts.tolist() == [[2.5, 0.0]]


@pytest.mark.parametrize("radius_px", [1, 4, 24, 60])
def test_smoothing_keeps_the_sum_away_from_the_edges(radius_px: int) -> None:
    grid = np.zeros((120, 120), dtype=np.float32)
    grid[50:70, 50:70] = np.random.default_rng(2).integers(0, 9, (20, 20))

    smoothed = density.smooth(grid, radius_px=radius_px)

    assert smoothed.sum() == pytest.approx(grid.sum(), rel=1e-4)
    assert smoothed.min() >= 0


def test_smoothing_is_symmetric_and_loses_only_what_leaves_the_page() -> None:
    grid = np.zeros((31, 41), dtype=np.float32)
    grid[15, 20] = grid[0, 0] = 1

    smoothed = density.smooth(grid, radius_px=20)

    np.testing.assert_allclose(smoothed[5:, 10:][:21, :21], smoothed[5:, 10:][:21, :21].T, atol=1e-7)
    assert 1.25 <= smoothed.sum() < 1.5


def test_a_kernel_larger_than_the_page_is_no_error() -> None:
    assert density.smooth(np.ones((2, 1), dtype=np.float32), radius_px=400).shape == (2, 1)


def exact_density(points_px: Int32Array, probes_px: Float64Array, *, sigma_px: float) -> Float64Array:
    squared = ((probes_px[:, None, :] - points_px[None, :, :] - 0.5) ** 2).sum(axis=2)
    total: Float64Array = np.exp(-squared / (2 * sigma_px**2)).sum(axis=1)
    return total


def test_smoothing_is_the_sum_of_a_gaussian_on_every_point() -> None:
    points_px = np.random.default_rng(3).integers(280, 360, (30, 2)).astype(np.int32)
    counts = density.cell_counts(points_px, width_px=640, height_px=640)

    smoothed = density.smooth(counts, radius_px=100) * density.kernel_cells(100)

    centres = np.arange(0, 640, CELL_PX) + CELL_PX / 2
    probes_px = np.stack(np.meshgrid(centres, centres), axis=2).reshape(-1, 2)
    exact = exact_density(points_px, probes_px, sigma_px=density.sigma_px(100)).reshape(160, 160)
    # Points move to the centres of their cells, at most 2.8 px and to all sides; one counts 1 at its peak.
    assert exact.max() > 15
    np.testing.assert_allclose(smoothed, exact, atol=0.25)


def test_squares_that_few_sessions_touched_are_told_apart() -> None:
    points = np.array([[5, 5], [6, 6], [7, 7], [100, 100], [101, 101], [-5, 5]], dtype=np.int32)
    codes = np.array([1, 2, 2, 3, 3, 9], dtype=np.uint64)

    kept = density.is_crowded(points, codes, block_px=32, sessions_min=2)

    assert kept.tolist() == [True, True, True, False, False, False]
    assert density.is_crowded(points, codes, block_px=32, sessions_min=1).all()
    assert density.is_crowded(points[:0], codes[:0], block_px=32, sessions_min=5).shape == (0,)
