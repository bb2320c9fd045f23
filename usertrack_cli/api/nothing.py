"""What an empty answer says: what was asked for, and where something is."""

from __future__ import annotations

import difflib

from usertrack_cli.api.bots import bots_text
from usertrack_cli.errors import NothingMatchedError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home


def nothing(home: Home, chosen: Filter, what: str, *, bots: int = 0) -> NothingMatchedError:
    """Return the error for an answer without rows; its hint names the nearest recorded page.

    Args:
        bots: Sessions of bots that the filter leaves out; where there are some, the hint names them.
    """
    left_out = bots_text(chosen, bots)
    if chosen.page is None:
        return NothingMatchedError(
            f"no {what} recorded in this range", hint=left_out or elsewhere(home, chosen)
        )
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.pages import pages as question

    anywhere = Filter(site=chosen.site, includes_bots=chosen.includes_bots, groups=chosen.groups)
    known = [each.page for each in ask(home, anywhere, lambda con: question(con, anywhere))]
    message = f"no {what} recorded on {chosen.page}"
    if chosen.page in known:
        widen = "widen them, for example with --last 390d"
        return NothingMatchedError(
            f"{message} with these filters", hint=f"{widen}; {left_out}" if left_out else widen
        )
    if left_out is not None:
        return NothingMatchedError(message, hint=left_out)
    nearest = difflib.get_close_matches(chosen.page, known, n=1, cutoff=0.0)
    if not nearest:
        return NothingMatchedError(message, hint=elsewhere(home, chosen))
    return NothingMatchedError(
        message, hint=f"nearest recorded page is {nearest[0]}; list all with: usertrack pages"
    )


def elsewhere(home: Home, chosen: Filter) -> str:
    """Return a hint for an empty answer: another range, or nothing recorded at all."""
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.pages import pages as question

    anywhere = Filter(site=chosen.site, includes_bots=True)
    if ask(home, anywhere, lambda con: question(con, anywhere)):
        return "there are recordings outside these filters; widen them, for example with --last 390d"
    return f"site {chosen.site or 'default'} has no recordings yet; put the tag on a page: usertrack snippet"
