"""Columns by their runs: what stays the same is noted once, what moves as steps from where it began."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64Array = npt.NDArray[np.int64]


class Runs:
    """One column, noted where its value changes; ``first`` is what it begins with."""

    __slots__ = ("_begins", "_values")

    def __init__(self, first: Any = None) -> None:
        self._begins: list[int] = [0]
        self._values: list[Any] = [first]

    def set(self, row: int, value: Any) -> None:
        """Let the column have ``value`` from ``row`` on; rows only grow."""
        if self._begins[-1] == row:
            self._values[-1] = value
        elif self._values[-1] != value:
            self._begins.append(row)
            self._values.append(value)

    def array(self, count: int, kind: pa.DataType) -> pa.Array:
        """Return the column written out, ``count`` rows of plain values."""
        begins, values = self._begins, self._values
        if begins[-1] == count:
            begins, values = begins[:-1], values[:-1]
        if len(values) <= 1:
            return pa.repeat(pa.scalar(values[0] if values else None, kind), count)
        ends = pa.array([*begins[1:], count], pa.int32())
        return pc.run_end_decode(pa.RunEndEncodedArray.from_arrays(ends, pa.array(values, kind)))


class Walk:
    """Three columns that move together: each run begins somewhere and goes on in steps."""

    __slots__ = ("_begins", "_steps")

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._steps: list[int] = []

    def add(self, row: int, start: tuple[int, int, int], steps: Sequence[int]) -> None:
        """Begin a run in ``row`` at ``start``; ``steps`` are the differences from row to row, three a row."""
        self._begins.append(row)
        self._steps += start
        self._steps += steps

    def columns(self, count: int) -> Int64Array:
        """Return the three columns, ``count`` rows each.

        Raises:
            pa.ArrowException: A step is no whole number.
        """
        steps = pa.array(self._steps, pa.int64()).to_numpy().reshape(count, 3).T
        sums: Int64Array = np.empty((3, count), dtype=np.int64)
        steps.cumsum(axis=1, out=sums)
        begins = np.array(self._begins, dtype=np.int64)
        # Each run starts anew: what had been summed up before it does not count.
        before = sums[:, begins] - steps[:, begins]
        sums -= before.repeat(lengths(begins, count), axis=1)
        return sums


def lengths(begins: Int64Array, count: int) -> Int64Array:
    """Return how many rows each run has, the last one up to ``count``."""
    return np.diff(begins, append=count)
