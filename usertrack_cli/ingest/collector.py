"""The HTTP side: takes a request, decides by the order of the design, answers with a status."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec

from usertrack_cli import log
from usertrack_cli.clock import SECOND_MS
from usertrack_cli.ingest.answer import (
    DONE,
    JSON,
    NOT_FOUND,
    Answer,
    header_fields,
    preflight,
    retry,
)
from usertrack_cli.ingest.body import GoneError, Receive, read_body
from usertrack_cli.ingest.commit import GroupCommit
from usertrack_cli.ingest.decision import Decided, Decision, Seen, decode_decision, decode_sight, page_of
from usertrack_cli.ingest.envelope import WireError
from usertrack_cli.ingest.identity import Networks, user_agent
from usertrack_cli.ingest.intake import Intake, Site
from usertrack_cli.ingest.metrics import CONTENT_TYPE, Metrics, may_read
from usertrack_cli.ingest.origin import OPEN_SITE, Header, Origins
from usertrack_cli.ingest.paths import METHODS, paths
from usertrack_cli.ingest.script import Script
from usertrack_cli.ingest.unrecorded import Unrecorded
from usertrack_cli.settings import Settings
from usertrack_cli.store.trouble import EXPECTED

OLDEST_WAITING_MS_MAX = 30 * SECOND_MS
"""The writer comes every few seconds; a batch that waits this long says it does not."""
Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_Headers = dict[bytes, bytes]

_NO_STORE: Header = (b"cache-control", b"no-store")


class Collector:
    """The ASGI application.

    Attributes:
        refused: Batches that were not recorded, by reason.
        intake: Takes the batches in, those that do not come this way too.
        paths: What each path means.

    Args:
        is_writer_alive: Whether anybody turns batches into segments.
        now_ms: The clock.
    """

    def __init__(
        self,
        sites: Mapping[str, Settings],
        *,
        origins: Origins,
        scripts: Mapping[str, Script],
        shared_scripts: Mapping[str, Script] | None = None,
        trusted: Networks,
        commits: GroupCommit,
        is_writer_alive: Callable[[], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._origins = origins
        self._scripts = scripts
        self._shared_scripts = shared_scripts or {}
        self._unrecorded = Unrecorded(commits)
        self._commits = commits
        self._is_writer_alive = is_writer_alive
        self._now_ms = now_ms
        general = sites[OPEN_SITE]
        self._metrics_token = general.metrics_token
        self.paths = paths(general.tracker_path)
        self._metrics = Metrics()
        self.refused = self._metrics.refused
        self.intake = Intake(
            {slug: Site(settings) for slug, settings in sites.items()},
            origins=origins,
            trusted=trusted,
            forwarded=general.client_ip_header.lower().encode("ascii"),
            commits=commits,
            metrics=self._metrics,
            now_ms=now_ms,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        path = self.paths.get(scope["path"], "")
        try:
            answer = await self._answer(path, scope, headers, receive)
        except GoneError:
            return
        except Exception as error:  # noqa: BLE001 the connection must be answered, and the values stay unsaid
            log.bug(error)
            answer = Answer(500)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [*self._origins.headers(headers.get(b"origin", b"")), *header_fields(answer)],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, path: str, scope: Scope, headers: _Headers, receive: Receive) -> Answer:
        method = scope["method"]
        if path == "/i" and method == "POST":
            return await self._collect(scope, headers, receive)
        if not path:
            return NOT_FOUND
        allowed = METHODS[path]
        if method == "OPTIONS":
            return Answer(204, headers=preflight(allowed))
        if method not in allowed:
            return Answer(405, headers=((b"allow", allowed.encode("ascii")),))
        if method == "POST":
            return await self._note(path, scope, headers, receive)
        if path == "/address":
            said = msgspec.json.encode({"address": self._address(scope)})
            return Answer(200, said, (JSON, _NO_STORE))
        if path == "/metrics":
            return await self._measured(scope, headers)
        return self._script(path, scope, headers) if path.endswith(".js") else await self._health()

    async def _collect(self, scope: Scope, headers: _Headers, receive: Receive) -> Answer:
        try:
            body = await read_body(receive, int(headers.get(b"content-length", 0)))
        except WireError as error:
            return self.intake.refusal(error)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.intake.take(body, scope["headers"], peer=_peer(scope), answered=partial(_resolve, answered))
        return await answered

    async def _note(self, path: str, scope: Scope, headers: _Headers, receive: Receive) -> Answer:
        """Take a decision about consent, or a sight to be counted."""
        try:
            body = await read_body(receive, int(headers.get(b"content-length", 0)))
            said = decode_decision(body) if path == "/c" else decode_sight(body)
            site = self.intake.site(said.k, headers.get(b"origin", b""))
            address, now_ms = self._address(scope) or "", self._now_ms()
            if not self._unrecorded.admits(address, now_ms=now_ms):
                raise WireError(429, "too much beside batches")
        except WireError as error:
            return self.intake.refusal(error)
        agent = user_agent(headers.get(b"user-agent", b""))
        if isinstance(said, Decision):
            decided = Decided(decision=said, address=address, user_agent=agent, at=now_ms)
            if not await self._unrecorded.decide(decided, site.settings):
                self.refused["no room for consents"] += 1
                return Answer(507, headers=retry(507))
        elif site.counts(said, headers, address):
            self._unrecorded.count(
                Seen(sight=said, page=page_of(said), address=address, user_agent=agent, at=now_ms)
            )
        return DONE

    def _address(self, scope: Scope) -> str | None:
        return self.intake.address(_peer(scope), scope["headers"])

    def _script(self, path: str, scope: Scope, headers: _Headers) -> Answer:
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=8)
        script = self._shared_scripts.get(path) or self._scripts.get(query.get("site", ["default"])[0])
        if script is None:
            return NOT_FOUND
        encodings = headers.get(b"accept-encoding", b"").replace(b" ", b"")
        is_compressed = b"gzip" in encodings and b"gzip;q=0" not in encodings
        etag = f'"{script.etag}{"-gz" if is_compressed else ""}"'.encode("ascii")
        about: tuple[Header, ...] = (
            (b"etag", etag),
            (b"cache-control", b"max-age=3600"),
            (b"vary", b"Accept-Encoding"),
        )
        known = headers.get(b"if-none-match", b"").split(b",")
        if etag in {each.strip().removeprefix(b"W/") for each in known}:
            return Answer(304, headers=about)
        about += ((b"content-type", b"text/javascript; charset=utf-8"), (b"x-content-type-options", b"nosniff"))
        if is_compressed:
            return Answer(200, script.compressed, (*about, (b"content-encoding", b"gzip")))
        return Answer(200, script.plain, about)

    async def _health(self) -> Answer:
        try:
            waiting, oldest_at = await self._commits.waiting()
        except Exception:  # noqa: BLE001 whatever keeps the store from answering, it is not well
            return Answer(503, b'{"ok":false}', (JSON, *retry(503)))
        oldest_ms = max(0, self._now_ms() - oldest_at) if oldest_at is not None else 0
        is_writing = self._is_writer_alive()
        is_well = is_writing and oldest_ms <= OLDEST_WAITING_MS_MAX
        report = {"ok": is_well, "waiting": waiting, "oldest_ms": oldest_ms, "writer": is_writing}
        return Answer(200 if is_well else 503, msgspec.json.encode(report), (JSON, _NO_STORE))

    async def _measured(self, scope: Scope, headers: _Headers) -> Answer:
        if not may_read(_peer(scope), headers, self._metrics_token):
            return NOT_FOUND
        now_ms = self._now_ms()
        state, begun = await self._commits.apply(
            lambda keeper: (keeper.gauges(now_ms=now_ms), dict(keeper.begun))
        )
        said = self._metrics.text(state, begun, now_ms=now_ms, is_writing=self._is_writer_alive())
        return Answer(200, said, ((b"content-type", CONTENT_TYPE), _NO_STORE))

    async def tally(self) -> None:
        """Put what was counted where the doctor finds it; what fails waits for the next time."""
        told, now_ms = self._metrics.untold(), self._now_ms()
        try:
            await self._commits.apply(lambda keeper: keeper.tally(told, now_ms=now_ms))
        except EXPECTED:
            return
        self._metrics.tell(told)

    async def close(self) -> None:
        """Count what still waits to be counted."""
        await self._unrecorded.close()
        await self.tally()


def _peer(scope: Scope) -> str:
    return scope["client"][0] if scope["client"] else ""


def _resolve(answered: asyncio.Future[Answer], answer: Answer) -> None:
    # Who went away meanwhile cancelled it.
    if not answered.done():
        answered.set_result(answer)
