"""How many sessions of bots an answer leaves out, said with it."""

from __future__ import annotations

from usertrack_cli.plural import count
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import omissions


def say_bots(chosen: Filter, bots: int) -> None:
    """Have the command say beside its answer how many sessions of bots are not in it."""
    said = bots_text(chosen, bots)
    if said is not None:
        omissions.add(said)


def bots_text(chosen: Filter, bots: int) -> str | None:
    """Return the sentence about them; ``None`` where there are none, or where they are counted."""
    if not bots or chosen.includes_bots:
        return None
    return f"{count(bots, 'session')} of bots left out; --include-bots counts them"
