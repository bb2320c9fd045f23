"""Objection: nothing of a visitor is recorded any more, until it is lifted."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from usertrack_cli import clock
from usertrack_cli.errors import UsageError
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.objections import add_objection, objection_hash, objection_key, remove_objection
from usertrack_cli.store.register import Kind, record_request


@dataclass(frozen=True, slots=True)
class Objected:
    """What became of an objection.

    Attributes:
        sites: Where it holds now, or where it was lifted.
        unchanged: Sites where it held already, or where there was none to lift.
    """

    sites: tuple[str, ...]
    unchanged: tuple[str, ...]


def record_objection(
    home: Home,
    *,
    ip: str,
    user_agent: str | None,
    sites: Iterable[str],
    is_lifted: bool = False,
    request: str = "",
) -> Objected:
    """Record that a visitor objects, or lift that; the server heeds it from its next batch on.

    Args:
        user_agent: ``None`` stands for every browser at this address.
        sites: Each has a key of its own.
        is_lifted: Let this visitor be recorded again.

    Raises:
        UsageError: ``ip`` is not an address.
    """
    now_ms = clock.now_ms()
    hashes: list[tuple[str, str]] = []
    with (
        closing(catalog.connect(home)) as con,
        closing(catalog.connect_keys(home, may_create=False)) as keys,
    ):
        for site in sites:
            try:
                visitor = objection_hash(objection_key(keys, site, now_ms=now_ms), ip, user_agent)
            except ValueError as error:
                raise UsageError("the address given is not an IP address") from error
            hashes.append((site, visitor))
        # Durable before it takes effect, so that no restore can forget what a person was told.
        kind: Kind = "unobject" if is_lifted else "object"
        record_request(home, kind, now_ms=now_ms, objections=hashes, request=request)
        with catalog.transaction(con):
            changed = [
                site
                for site, visitor in hashes
                if (
                    remove_objection(con, site=site, visitor=visitor)
                    if is_lifted
                    else add_objection(con, site=site, visitor=visitor, now_ms=now_ms)
                )
            ]
    return Objected(tuple(changed), tuple(site for site, _ in hashes if site not in changed))
