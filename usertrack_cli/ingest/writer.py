"""The writer process: started here, started again when it dies, ended by closing its pipe."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

RESTART_FIRST_S = 0.5
RESTART_S_MAX = 30.0
"""A writer that cannot start must not keep a core busy; one that died once is back at once."""
STEADY_S = 60.0
"""Having lived this long, the next death counts as the first again."""


class Writer:
    """Keeps one writer process running.

    Args:
        argv: Its command line; it ends when its standard input does.
        note: Told in one sentence when it died.
    """

    def __init__(self, argv: Sequence[str], *, note: Callable[[str], None]) -> None:
        self._argv = argv
        self._note = note
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process and keep it running."""
        await self._spawn()
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self, timeout_s: float) -> None:
        """Close the pipe and wait for the process to end, at most ``timeout_s``."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        if self._process is None or not self.is_alive:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), timeout_s)
        except TimeoutError:
            # Nothing is lost: what it did not finish is still in the inbox.
            self._note("the writer did not end in time and was stopped")
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            # Ctrl-C goes to the whole group; the writer ends after us, not with us.
            start_new_session=True,
        )

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause_s = RESTART_FIRST_S
        while True:
            started_at = loop.time()
            if self._process is not None:
                code = await self._process.wait()
                self._note(f"the writer ended with {code} and is started again")
            if loop.time() - started_at > STEADY_S:
                pause_s = RESTART_FIRST_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RESTART_S_MAX)
            try:
                await self._spawn()
            except OSError as error:
                self._process = None
                self._note(f"the writer cannot be started: {error.strerror}")
