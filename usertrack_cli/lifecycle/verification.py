"""Verification: receipts are genuine, none is missing, and what they say was erased is still gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from usertrack_cli.lifecycle.receipt import Receipt, chain_faults, fault_of, head_of, own_public_key, receipts
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.ledger import keyed_digest, pending_files, unsigned_entries
from usertrack_cli.store.traces import sessions_everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verification found.

    Attributes:
        faults: What is wrong with receipts or their chain, a sentence each.
        back: Places that hold a session which a receipt says was erased, with how many.
        undecodable: Files that could not be looked into.
        head: Of the last receipt.
        unsigned: Entries of the first form, which nobody signed.
        pending: Erasures that are not finished.
    """

    receipts: int
    sessions: int
    faults: tuple[str, ...]
    back: tuple[tuple[str, int], ...]
    undecodable: tuple[str, ...]
    head: str
    unsigned: int = 0
    pending: int = 0


def verify_one(home: Home, receipt: Receipt) -> Verified:
    """Check one receipt and look for its sessions in every file and table."""
    fault = fault_of(receipt)
    back, undecodable = _back(home, [receipt])
    return Verified(
        receipts=1,
        sessions=len(receipt.digests),
        faults=(f"receipt {receipt.number}: {fault}",) if fault else (),
        back=back,
        undecodable=undecodable,
        head=head_of(receipt.body),
    )


def verify_chain(home: Home, *, head: str = "") -> Verified:
    """Check every receipt, that none is missing, and look for all their sessions.

    Args:
        head: One that was kept elsewhere; the chain has to go through it.
    """
    chain = receipts(home.ledger)
    faults = chain_faults(chain)
    if head and head not in {head_of(each.body) for each in chain}:
        faults.append("no receipt has the head that was given: receipts were changed or removed")
    if chain and chain[-1].body["public_key"] != own_public_key(home):
        faults.append(f"receipt {chain[-1].number} is signed with another key than this store has")
    back, undecodable = _back(home, chain)
    return Verified(
        receipts=len(chain),
        sessions=sum(len(each.digests) for each in chain),
        faults=tuple(faults),
        back=back,
        undecodable=undecodable,
        head=head_of(chain[-1].body) if chain else "",
        unsigned=unsigned_entries(home.ledger),
        pending=len(pending_files(home.ledger)),
    )


def _back(home: Home, chain: Sequence[Receipt]) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    wanted: dict[bytes, set[str]] = defaultdict(set)
    for receipt in chain:
        wanted[receipt.salt] |= receipt.digests
    back: dict[str, int] = defaultdict(int)
    undecodable = set[str]()
    is_back: dict[tuple[str, str], bool] = {}
    with closing(catalog.connect(home)) as con:
        for place, site, session in sessions_everywhere(con, home):
            if not session:
                undecodable.add(place)
                continue
            if (site, session) not in is_back:
                is_back[site, session] = any(
                    keyed_digest(salt, site, session) in digests for salt, digests in wanted.items()
                )
            back[place] += is_back[site, session]
    return tuple(sorted((place, count) for place, count in back.items() if count)), tuple(sorted(undecodable))
