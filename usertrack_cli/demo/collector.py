"""A ``usertrack serve`` of our own: a real process on a free port, stopped the way systemd would."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from usertrack_cli.errors import UsertrackError

# A matter of a moment; on a machine with much else to do, of half a minute.
START_S = 60.0
STOP_S = 30.0
_LISTENING = re.compile(r"listening on (http://\S+), data in")


@contextmanager
def collector(data: Path, *, flags: Sequence[str] = ()) -> Iterator[str]:
    """Run ``usertrack serve`` on ``data`` while the body runs; all is in segments afterwards.

    Yields:
        Where it listens, for example ``http://127.0.0.1:40124``.

    Raises:
        UsertrackError: It did not start.
    """
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "usertrack_cli", "serve", "--data", str(data), "--port", "0", *flags],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield _address(process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _address(process: subprocess.Popen[str]) -> str:
    """Read what the process says until it says where it listens."""
    said: list[str] = []
    found: list[str] = []
    is_known = threading.Event()
    threading.Thread(target=_listen, args=(process.stderr, said, found, is_known), daemon=True).start()
    is_known.wait(START_S)
    if not found:
        raise UsertrackError(f"serve did not start: {' '.join(said) or 'it said nothing'}")
    return found[0]


def _listen(stream: IO[str] | None, said: list[str], found: list[str], is_known: threading.Event) -> None:
    for line in stream or ():  # read to the end, or the process would block on a full pipe
        said.append(line.strip())
        match = _LISTENING.search(line)
        if match:
            found.append(match[1])
            is_known.set()
    is_known.set()
