"""The serve process: lock, socket, writer and HTTP, and how they come up and go down together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import uvicorn
import uvloop

from usertrack_cli import log
from usertrack_cli.clock import now_ms
from usertrack_cli.errors import StoreError
from usertrack_cli.ingest.activation import inherited_socket
from usertrack_cli.ingest.collector import Collector
from usertrack_cli.ingest.commit import GroupCommit
from usertrack_cli.ingest.enrichment import Agents, Countries
from usertrack_cli.ingest.identity import Networks
from usertrack_cli.ingest.keeper import Keeper
from usertrack_cli.ingest.listening import BACKLOG, bound, listen
from usertrack_cli.ingest.origin import ALWAYS, OPEN_SITE, Origins
from usertrack_cli.ingest.protocol import CONNECTIONS_MAX, Deadlines, Watch, timed_protocol
from usertrack_cli.ingest.rate import SESSIONS_PER_ADDRESS_PER_MINUTE, SESSIONS_PER_SITE_PER_MINUTE, Rate
from usertrack_cli.ingest.script import built_parts, scripts, shared_scripts
from usertrack_cli.ingest.writer import Writer
from usertrack_cli.settings import Settings
from usertrack_cli.store.home import Home, private_umask
from usertrack_cli.store.lock import SERVE, FileLock

STOP_S = 4.8
"""A stop takes at most five seconds, ten being what service managers grant at least."""
ANSWER_S = 0.5
"""What is in flight at a stop waits for one commit, a few ms."""
SETTLE_S = 0.05
"""Some turns of the loop, in which what has arrived already is read."""
WRITER_STOP_S = 4.0
OTHER_FILES_MAX = 256
"""Databases, pipes, libraries."""
GC_THRESHOLD = 50_000
"""Requests leave no cycles; the default looks for them every 700 objects, 20 times a batch."""

TALLY_S = 10.0
"""How often counters go to the store; a crash loses no more of them."""
SWITCH_S = 0.000_5
"""The thread that commits waits this long for its turn, ten times a group; by default it waits 5 ms."""

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a test or a demonstration needs otherwise than the rest of the world."""

    deadlines: Deadlines = Deadlines()
    sessions_per_address_per_minute: int = SESSIONS_PER_ADDRESS_PER_MINUTE
    sessions_per_site_per_minute: int = SESSIONS_PER_SITE_PER_MINUTE


def serve(
    sites: Mapping[str, Settings],
    home: Home,
    *,
    writer: Sequence[str],
    on_listening: Callable[[str, int], None],
    note: Note = log.note,
    limits: Limits | None = None,
) -> int:
    """Collect batches until SIGTERM or SIGINT, then stop within five seconds.

    Args:
        sites: Settings of every site that may be recorded, by slug; address, port, proxies and
            country database are those of ``default``.
        home: Made where it is not there yet by the caller.
        writer: Command line of the process that turns batches into segments. It is started
            again when it dies and ends when its standard input does.
        on_listening: Told address and port once connections are accepted.
        note: Told what the operator should know, in one sentence each.
        limits: Deadlines and rates.

    Returns:
        The exit code, 0.

    Raises:
        StoreError: Another process serves this data directory, or the store cannot be used.
        UsageError: The address cannot be listened on.
    """
    settings = sites[OPEN_SITE]
    _allow_files()
    sys.setswitchinterval(SWITCH_S)
    handed = inherited_socket()
    # Who was handed a socket follows somebody who may still be answering.
    patience_s = STOP_S if handed is not None else 0.0
    with (
        private_umask(),
        _lock(home, patience_s=patience_s),
        bound(settings.host, settings.port, handed=handed) as listener,
    ):
        run = _Run(sites, home, note=note, limits=limits or Limits())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run.serve(listener, Writer(writer, note=note), on_listening))
    return 0


def _allow_files() -> None:
    """Ask for as many open files as there may be connections; the usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + OTHER_FILES_MAX
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn, patient at a stop and without its signal handlers, which end the process by their signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        # A connection that was accepted a moment ago has its request still unread.
        await asyncio.sleep(SETTLE_S)
        await super().shutdown(sockets)


class _Run:
    """One run of the server from its start to its end."""

    def __init__(self, sites: Mapping[str, Settings], home: Home, *, note: Note, limits: Limits) -> None:
        self._sites = sites
        self._home = home
        self._note = note
        self._limits = limits
        self._origins = Origins(sites)
        self._trusted = Networks(sites[OPEN_SITE].trusted_proxies)
        parts = built_parts()
        self._scripts = scripts(sites, parts)
        self._shared_scripts = shared_scripts(parts)

    async def serve(
        self, listener: socket.socket, writer: Writer, on_listening: Callable[[str, int], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        commits = await GroupCommit.opened(self._keeper)
        collector = Collector(
            self._sites,
            origins=self._origins,
            scripts=self._scripts,
            shared_scripts=self._shared_scripts,
            trusted=self._trusted,
            commits=commits,
            is_writer_alive=lambda: writer.is_alive,
            now_ms=now_ms,
        )
        server = _Server(self._config(collector))
        stop = _Stop(server)
        try:
            await _started(writer)
            # Not before everything is loaded: who connected meanwhile would wait for the first answer.
            listen(listener)
            loop.call_soon(on_listening, *listener.getsockname()[:2])
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD)
            tallying = asyncio.create_task(_tally(collector))
            try:
                await server.serve(sockets=[listener])
            finally:
                tallying.cancel()
        finally:
            await collector.close()
            await commits.close()
            await writer.stop(min(WRITER_STOP_S, stop.left_s()))
            if collector.refused:
                counts = collector.refused.most_common()
                self._note("not recorded: " + ", ".join(f"{count} {reason}" for reason, count in counts))

    def _keeper(self) -> Keeper:
        return Keeper(
            self._home,
            agents=Agents(),
            countries=Countries(self._sites[OPEN_SITE].geoip_db, note=self._note),
            per_address=Rate(self._limits.sessions_per_address_per_minute),
            per_site=Rate(self._limits.sessions_per_site_per_minute),
        )

    def _config(self, collector: Collector) -> uvicorn.Config:
        watch = Watch(
            self._limits.deadlines,
            self._trusted,
            self._origins.headers,
            collector.intake,
            batch_paths={path.encode() for path, meaning in collector.paths.items() if meaning == "/i"},
        )
        return uvicorn.Config(
            collector,
            http=timed_protocol(watch),
            ws="none",
            lifespan="off",
            interface="asgi3",
            # Its messages name addresses; ours are counts.
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in ALWAYS],
            timeout_graceful_shutdown=ANSWER_S,  # type: ignore[arg-type] # asyncio takes fractions too
            backlog=BACKLOG,
        )


class _Stop:
    """Asks the server to stop when a signal says so, and knows how much time is left."""

    def __init__(self, server: uvicorn.Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._asked_at: float | None = None
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        if self._asked_at is None:
            self._asked_at = self._loop.time()
        self._server.should_exit = True

    def left_s(self) -> float:
        return STOP_S - (self._loop.time() - (self._asked_at or self._loop.time()))


async def _tally(collector: Collector) -> None:
    while True:
        await asyncio.sleep(TALLY_S)
        await collector.tally()


async def _started(writer: Writer) -> None:
    try:
        await writer.start()
    except OSError as error:
        raise StoreError(f"the writer cannot be started: {error.strerror}") from error


@contextlib.contextmanager
def _lock(home: Home, *, patience_s: float) -> Iterator[None]:
    lock = FileLock(home.root / SERVE)
    if not lock.acquire(timeout_s=patience_s):
        raise StoreError(
            f"another usertrack process serves {home.root}", hint="stop it first, or name another --data"
        )
    try:
        yield
    finally:
        lock.release()
