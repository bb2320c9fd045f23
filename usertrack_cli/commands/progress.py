"""A progress bar on standard error, for anything that takes longer than a second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from usertrack_cli import clock, console

PATIENCE_S = 1.0
TICK_S = 0.2
BAR_CELLS = 24


@contextmanager
def progress() -> Iterator[Callable[[float, str], None]]:
    """Yield a function that is told the share done (0 to 1) and what is being done.

    The bar appears on a terminal only, after ``PATIENCE_S``, and is wiped away at the end.
    """
    state: tuple[float, str] = (0.0, "")
    is_over = threading.Event()
    started_s = clock.monotonic_s()

    def tell(share: float, what: str) -> None:
        nonlocal state
        state = (share, what)

    def draw() -> None:
        if is_over.wait(PATIENCE_S):
            return
        while not is_over.wait(TICK_S):
            console.progress_line(bar(*state, elapsed_s=clock.monotonic_s() - started_s))
        console.progress_line("")

    if not console.shows_progress():
        yield tell
        return
    painter = threading.Thread(target=draw, daemon=True)
    painter.start()
    try:
        yield tell
    finally:
        is_over.set()
        painter.join()


def bar(share: float, what: str, *, elapsed_s: float) -> str:
    """Return the bar as text, for example ``[#####...] reading events  3 s``."""
    full = round(min(max(share, 0.0), 1.0) * BAR_CELLS)
    return f"[{'#' * full}{'.' * (BAR_CELLS - full)}] {what}  {elapsed_s:.0f} s"
