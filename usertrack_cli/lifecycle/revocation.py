"""Revocation: a consent is taken back in its visitor's stead."""

from __future__ import annotations

from contextlib import closing

from usertrack_cli import clock
from usertrack_cli.store import catalog
from usertrack_cli.store.consents import revoke
from usertrack_cli.store.home import Home
from usertrack_cli.store.register import record_request


def revoke_consent(home: Home, *, site: str, token: str, request: str = "") -> None:
    """Revoke one consent; the server heeds it from its next batch on."""
    now_ms = clock.now_ms()
    # Durable before it takes effect, so that no restore can forget what a person was told.
    record_request(home, "revoke", now_ms=now_ms, consents=[(site, token)], request=request)
    with closing(catalog.connect(home)) as con, catalog.transaction(con):
        revoke(con, site=site, token=token, now_ms=now_ms)
