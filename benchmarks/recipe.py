"""The recipe that people copy: FastAPI, asyncpg, one row an event, one transaction a batch."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response

TABLE = """
CREATE TABLE IF NOT EXISTS events (
    id bigserial PRIMARY KEY, site text, session text, seq int, at timestamptz DEFAULT now(),
    kind text, page text, x int, y int, payload jsonb
);
CREATE INDEX IF NOT EXISTS events_session ON events (session);
"""
INSERT = (
    "INSERT INTO events (site, session, seq, kind, page, x, y, payload) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the pool and make the table."""
    app.state.pool = await asyncpg.create_pool(os.environ["DSN"], min_size=4, max_size=16)
    async with app.state.pool.acquire() as con:
        await con.execute(TABLE)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


def number(event: list[Any], place: int) -> int | None:
    """Return a whole number of an event, if it is one."""
    return event[place] if len(event) > place and isinstance(event[place], int) else None


@app.post("/i")
async def collect(request: Request) -> Response:
    """Store each event as a row."""
    batch = json.loads(await request.body())
    page = batch["pg"][1]
    rows = [
        (batch["k"], batch["s"], batch["q"], e[0], page, number(e, 2), number(e, 3), json.dumps(e))
        for e in batch["e"]
    ]
    async with app.state.pool.acquire() as con, con.transaction():
        await con.executemany(INSERT, rows)
    return Response(status_code=204)
