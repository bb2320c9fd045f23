"""A made-up population: sessions whose pointers move as hands do, written as segments of a real store.

Every session is 500 rows on one page: 450 pointer samples on minimum-jerk curves between things worth
pointing at, 10 clicks, 38 scrolls, a pageview and a leave. Pages are visited by Zipf's law.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from usertrack_cli import clock
from usertrack_cli.commands.init import prepare
from usertrack_cli.store import catalog
from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.parquet import ARROW_SCHEMA, ROW_GROUP_ROWS, write_segment
from usertrack_cli.store.roster import add_segments
from usertrack_cli.store.segment import new_segment_path
from usertrack_cli.store.workspace import workspace

PAGE_COUNT = 200
PAGE_HEIGHT_PX = 8000
ROWS_PER_SESSION = 500
SESSIONS_PER_SEGMENT = ROW_GROUP_ROWS // ROWS_PER_SESSION
"""What compaction leaves of a day that is over: files of one row group, cut where a session ends."""
WAYPOINTS, SAMPLES = 15, 30
CLICKS, SCROLLS = 10, 38
WIDTHS = np.array([1280, 1280, 1366, 1440, 1920, 390], dtype=np.int32)
STEP_MS = 120
NODE = "be5cbe5c"

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Walks:
    """Pointer positions of some sessions: ``x`` and ``y`` of shape ``(sessions, samples)``, document px."""

    x: Ints
    y: Ints


def hot_spots(page: int) -> npt.NDArray[np.float64]:
    """Return 40 places worth pointing at, shape ``(40, 2)``, as shares of the page."""
    rng = np.random.default_rng(page)
    return np.stack([rng.beta(1.5, 2.5, 40), rng.beta(0.8, 2.2, 40)], axis=1)


def walks(rng: np.random.Generator, pages: Ints, widths: Ints) -> Walks:
    """Return one walk for each session: from place to place along minimum-jerk curves with a slight bow."""
    count = len(pages)
    spots = np.stack([hot_spots(page) for page in range(PAGE_COUNT)])
    chosen = rng.integers(0, 40, (count, WAYPOINTS + 1))
    at = spots[pages[:, None], chosen] + rng.normal(0, (0.02, 0.004), (count, WAYPOINTS + 1, 2))
    start, end = at[:, :-1, None, :], at[:, 1:, None, :]
    u = np.linspace(0, 1, SAMPLES)[None, None, :, None]
    eased = u**3 * (10 - 15 * u + 6 * u * u)
    bow = rng.normal(0, 0.04, (count, WAYPOINTS, 1, 1)) * 4 * u * (1 - u)
    path = start + (end - start) * eased + (end - start)[..., ::-1] * bow * (-1, 1)
    path = np.clip(path.reshape(count, -1, 2), 0, 0.9999)
    x = (path[..., 0] * widths[:, None]).astype(np.int32)
    return Walks(x, (path[..., 1] * PAGE_HEIGHT_PX).astype(np.int32))


def page_shares() -> npt.NDArray[np.float64]:
    """Return how often each page is visited: Zipf with an exponent of 0.85, so the first has 11 %."""
    weights = np.arange(1, PAGE_COUNT + 1, dtype=np.float64) ** -0.85
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares


def make_store(folder: Path, *, events: int, seed: int = 1, parts: int = 1) -> Home:
    """Return a store with about so many events, written by the store's own writer.

    Args:
        parts: Sessions that each walk is cut into: more sessions of fewer events.
    """
    home = create_home(folder)
    prepare(home)
    sessions = events // ROWS_PER_SESSION
    now_ms = clock.now_ms()
    with workspace(home) as scratch, closing(catalog.connect(home)) as con:
        for start in range(0, sessions, SESSIONS_PER_SEGMENT):
            count = min(SESSIONS_PER_SEGMENT, sessions - start)
            # Spread over the last 20 days.
            start_ms = now_ms - clock.DAY_MS * 20 + start * (20 * clock.DAY_MS - clock.HOUR_MS) // sessions
            table = _segment(np.random.default_rng((seed, start)), count, start_ms, parts)
            day = datetime.fromtimestamp(start_ms / 1000, tz=UTC).date().isoformat()
            path = new_segment_path("default", day, node=NODE, now_ms=now_ms + start)
            segment = write_segment(home, table, path=path, level=4, workspace=scratch)
            with transaction(con):
                add_segments(con, [segment])
    return home


def _segment(rng: np.random.Generator, count: int, start_ms: int, parts: int) -> pa.Table:
    pages = rng.choice(PAGE_COUNT, count, p=page_shares()).astype(np.int32)
    widths = rng.choice(WIDTHS, count)
    walk = walks(rng, pages, widths)
    moves = WAYPOINTS * SAMPLES
    order = np.arange(ROWS_PER_SESSION)
    # A pageview first, a leave last, a scroll after every twelfth sample, a click at ten of the places.
    kinds = np.array(["pageview"] + ["move"] * moves + ["scroll"] * SCROLLS + ["click"] * CLICKS + ["leave"])
    when = np.concatenate(
        [
            [0],
            1 + np.arange(moves),
            12 * np.arange(1, SCROLLS + 1) - 0.5,
            45 * np.arange(1, CLICKS + 1) + 0.2,
            [9e9],
        ]
    )
    kinds = kinds[np.argsort(when, kind="stable")]
    sample = np.clip(np.cumsum(kinds == "move") - 1, 0, moves - 1)
    x, y = walk.x[:, sample].ravel(), walk.y[:, sample].ravel()
    rows = count * ROWS_PER_SESSION
    kind = np.tile(kinds, count)
    placed = (kind == "move") | (kind == "click")
    clicked = kind == "click"
    wide = np.repeat(widths >= 1200, ROWS_PER_SESSION)
    width = np.repeat(widths, ROWS_PER_SESSION)
    columns: dict[str, pa.Array] = {
        "site": _same("default", rows),
        "session": _taken([secrets.token_hex(11) for _ in range(count * parts)], ROWS_PER_SESSION // parts),
        "visitor": _taken([secrets.token_hex(16) for _ in range(count * parts)], ROWS_PER_SESSION // parts),
        "source": _same("tracker", rows),
        "epoch": pa.array(np.full(rows, 202611, dtype=np.int32)),
        "seq": pa.array(np.tile(order // 50, count).astype(np.int32)),
        "idx": pa.array(np.tile(order % 50, count).astype(np.int32)),
        "occurred_at": pa.array(
            np.tile(order * STEP_MS, count)
            + start_ms
            + np.repeat(rng.integers(0, 600_000, count), ROWS_PER_SESSION)
        ).cast(pa.timestamp("ms", tz="UTC")),
        "kind": pa.array(kind.tolist()),
        "page": _taken([f"/page-{page}" for page in pages.tolist()], ROWS_PER_SESSION),
        "pageview": pa.array(np.ones(rows, dtype=np.int32)),
        "x": pa.array(x, mask=~placed),
        "y": pa.array(y, mask=~placed),
        "scroll_y": pa.array(np.clip(y - 400, 0, None).astype(np.int32)),
        "viewport_w": pa.array(width),
        "viewport_h": pa.array(np.where(wide, 800, 844).astype(np.int32)),
        "document_w": pa.array(width),
        "document_h": pa.array(np.full(rows, PAGE_HEIGHT_PX, dtype=np.int32)),
        "selector": pa.array(
            [f"#e{n % 40}" if is_click else None for n, is_click in enumerate(clicked.tolist())]
        ),
        "reaction_ms": pa.array(rng.integers(0, 900, rows).astype(np.int32), mask=~clicked),
        "device": pa.array(np.where(wide, "desktop", "mobile").tolist()),
        "width_class": pa.array(np.where(wide, "wide", "narrow").tolist()),
        "is_bot": pa.array(np.zeros(rows, dtype=np.bool_)),
    }
    arrays = [columns.get(f.name) for f in ARROW_SCHEMA]
    return pa.table(
        [
            pa.nulls(rows, f.type) if a is None else a.cast(f.type)
            for a, f in zip(arrays, ARROW_SCHEMA, strict=True)
        ],
        schema=ARROW_SCHEMA,
    )


def _same(text: str, rows: int) -> pa.Array:
    return pa.array([text]).take(pa.array(np.zeros(rows, dtype=np.int32)))


def _taken(texts: list[str], times: int) -> pa.Array:
    return pa.array(texts).take(pa.array(np.repeat(np.arange(len(texts), dtype=np.int32), times)))
