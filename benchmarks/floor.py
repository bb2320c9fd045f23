"""The floor: uvicorn, one strict decode and one durable INSERT in groups, and nothing else that serve does.

No digest, consent, masking, visitor, session, limit, deadline or writer. Run by ``ingest.py`` with a port and
the file of its database.
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1]))

from usertrack_cli.ingest.commit import GROUP_DELAY_S
from usertrack_cli.ingest.envelope import Envelope
from usertrack_cli.ingest.server import GC_THRESHOLD, SWITCH_S

TABLE = "CREATE TABLE batches (id INTEGER PRIMARY KEY, k TEXT, s TEXT, q INTEGER, body BLOB, UNIQUE (k, s, q))"
INSERT = "INSERT INTO batches (k, s, q, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"


class Floor:
    """The ASGI application."""

    def __init__(self, file: str) -> None:
        self._decode = msgspec.json.Decoder(Envelope).decode
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._con = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._con.execute("PRAGMA journal_mode = WAL")
        self._con.execute("PRAGMA synchronous = FULL")
        self._con.execute(TABLE)
        self._waiting: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
        self._is_planned = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one batch when it is on the disk."""
        del scope
        body, has_more = b"", True
        while has_more:
            message = await receive()
            body, has_more = body + message.get("body", b""), message.get("more_body", False)
        batch = self._decode(body)
        loop = asyncio.get_running_loop()
        kept = loop.create_future()
        self._waiting.append(((batch.k, batch.s, batch.q, body), kept))
        if not self._is_planned:
            self._is_planned = True
            loop.call_later(GROUP_DELAY_S, self._start, loop)
        await kept
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = self._waiting, []

        def tell(done: asyncio.Future[None]) -> None:
            done.result()
            if self._waiting:
                self._start(loop)
            else:
                self._is_planned = False
            for _, kept in group:
                if not kept.done():
                    kept.set_result(None)

        loop.run_in_executor(self._thread, self._commit, [row for row, _ in group]).add_done_callback(tell)

    def _commit(self, rows: list[tuple[Any, ...]]) -> None:
        self._con.execute("BEGIN IMMEDIATE")
        self._con.executemany(INSERT, rows)
        self._con.execute("COMMIT")


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_S)
    app = Floor(sys.argv[2])
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    uvicorn.run(app, port=int(sys.argv[1]), lifespan="off", log_level="critical", access_log=False)
