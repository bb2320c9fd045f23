"""``usertrack migrate``: bring a store that an older usertrack wrote up to date."""

from __future__ import annotations

from usertrack_cli import console
from usertrack_cli.options import Call, shared


@shared(site=False)
def command(*, call: Call) -> None:
    """Bring the store to this program's version.

    serve does the same when it starts. A copy of the catalog is kept beside it, and where a step fails nothing
    is changed. A store that a newer usertrack wrote is refused.

    Example:  usertrack migrate
    """
    from usertrack_cli.store.migration import migrate

    before, after = migrate(call.home)
    if before == after:
        console.result(f"{call.home.root} has version {after} already")
    else:
        console.result(f"{call.home.root}: version {before} is version {after} now")
