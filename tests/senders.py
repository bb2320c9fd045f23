"""Browsers as the store sees them: batches through the real inbox."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from usertrack_cli import clock
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Inbox, NewBatch, NewLayout, NewSession, Outcome
from usertrack_cli.store.visitor import Keyring, epoch_at, visitor_key

FIRST_IP, FIRST_AGENT = "203.0.113.7", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
SECOND_IP, SECOND_AGENT = "198.51.100.23", "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0.0.0"


@dataclass(frozen=True)
class Sender:
    """A browser as the store sees it: sends batches of one session."""

    home: Home
    session: str
    ip: str = FIRST_IP
    agent: str = FIRST_AGENT
    site: str = "default"
    started_at: int = 0
    received_at: int = 0
    meta: tuple[tuple[str, Any], ...] = ()
    page: str = "/shop"
    size: tuple[int, int, int, int] = (1280, 800, 1280, 2400)

    @property
    def visitor(self) -> str:
        with closing(catalog.connect_keys(self.home, may_create=False)) as keys:
            now_ms = self.received_at or clock.now_ms()
            epoch = epoch_at(now_ms, "monthly")
            key = Keyring(keys).key(self.site, epoch, ipv6_prefix=64, now_ms=now_ms)
            return visitor_key(key, self.ip, self.agent)

    def batch(
        self,
        seq: int,
        *events: list[Any],
        layouts: tuple[NewLayout, ...] = (),
        seen: tuple[tuple[str, str], ...] = (),
    ) -> NewBatch:
        received_at = self.received_at or clock.now_ms()
        started_at = self.started_at or received_at - 60_000
        meta = {"country": "DE", "browser": "Firefox", "os": "Linux", "device": "desktop", "is_bot": False}
        vw, vh, dw, dh = self.size
        body = {"t": started_at, "pg": [1, self.page, vw, vh, dw, dh, 0, 0], "e": list(events)}
        epoch = epoch_at(received_at, "monthly")
        day = str(_utc_day(started_at))
        return NewBatch(
            site=self.site,
            session=self.session,
            seq=seq,
            digest=json.dumps(body).encode(),
            received_at=received_at,
            epoch=epoch,
            visitor=self.visitor,
            ip=None,
            meta=json.dumps(meta | dict(self.meta)).encode(),
            body=json.dumps(body).encode(),
            month="2026-11",
            user_agent=self.agent,
            opens=NewSession(day=day, epoch=epoch, visitor=self.visitor, skew_ms=0, client=b"{}"),
            layouts=layouts,
            seen=seen,
        )

    def send(self, seq: int, *events: list[Any], layouts: tuple[NewLayout, ...] = ()) -> Outcome:
        with closing(catalog.connect(self.home)) as con:
            return Inbox(con).append([self.batch(seq, *events, layouts=layouts)])[0]

    def again(self, **changes: Any) -> Sender:
        return replace(self, **changes)


def _utc_day(moment_ms: int) -> date:
    return datetime.fromtimestamp(moment_ms / 1000, tz=UTC).date()


def session_id(number: int) -> str:
    """A session id as the tracker makes them: 22 characters."""
    return f"s{number:021d}"


def pageview(at_ms: int = 0, path: str = "/shop", *, title: str = "Shop", number: int = 1) -> list[Any]:
    return ["p", at_ms, number, "load", path, title, "", 1280, 800, 1280, 2400, 0, 0]


def click(
    at_ms: int,
    x: int,
    y: int,
    *,
    selector: str = "#buy",
    text: str = "Buy",
    scroll_y: int = 0,
    flags: int = 16,
    reaction_ms: int | None = 120,
) -> list[Any]:
    return ["c", at_ms, x, y, 0, scroll_y, 0, 500, 500, selector, text, flags, reaction_ms, 300]
