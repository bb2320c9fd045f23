"""Promises: what visitors were told holds for a restored store too, whatever the backup knows of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from usertrack_cli.store import catalog
from usertrack_cli.store.consents import revoke
from usertrack_cli.store.home import Home
from usertrack_cli.store.ledger import session_digest
from usertrack_cli.store.objections import add_objection, drop_unmatchable, remove_objection
from usertrack_cli.store.register import requests_in
from usertrack_cli.store.restrictions import add_restriction, remove_restriction


@dataclass(frozen=True, slots=True)
class Promised:
    """What a restored store was told again.

    Attributes:
        lost: Objections that nobody can be matched with, since their key is gone; they were dropped.
    """

    restricted: int
    objections: int
    lost: int


def keep_promises(home: Home, ledgers: Sequence[Path], sessions: Iterable[tuple[str, str]]) -> Promised:
    """Apply every restriction, objection and revoked consent of these ledgers to a store.

    Args:
        sessions: Every ``(site, session)`` of the store.

    Raises:
        StoreError: An entry of a ledger cannot be read.
    """
    found = {entry["id"]: entry for folder in ledgers for entry in requests_in(folder)}
    entries = [found[name] for name in sorted(found)]
    is_restricted: dict[str, bool] = {}
    for entry in entries:
        if entry["kind"] in {"restrict", "unrestrict"}:
            is_restricted |= dict.fromkeys(entry["sessions"], entry["kind"] == "restrict")
    changed = 0
    with closing(catalog.connect(home)) as con, closing(catalog.connect_keys(home, may_create=False)) as keys:
        with catalog.transaction(con):
            for site, session in sessions if is_restricted else ():
                verdict = is_restricted.get(session_digest(site, session))
                if verdict:
                    changed += add_restriction(con, site=site, session=session, now_ms=entries[-1]["at"])
                elif verdict is False:
                    remove_restriction(con, site=site, session=session)
            for entry in entries:
                for site, visitor in entry["objections"]:
                    if entry["kind"] == "unobject":
                        remove_objection(con, site=site, visitor=visitor)
                    else:
                        add_objection(con, site=site, visitor=visitor, now_ms=entry["at"])
                for site, token in entry["consents"]:
                    revoke(con, site=site, token=token, now_ms=entry["at"])
        lost = drop_unmatchable(con, keys)
        held = con.execute("SELECT count(*) FROM objections").fetchone()[0]
    return Promised(restricted=changed, objections=held, lost=lost)
