"""What an erasure was asked for, as far as a receipt may say it: no address, agent, key or page."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from ipaddress import ip_address
from typing import Any

from usertrack_cli.errors import UsageError

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,63}")


@dataclass(frozen=True, slots=True)
class Epoch:
    """A key epoch of a site, and since when its key exists, or no longer exists; ms."""

    site: str
    epoch: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        reason: ``delete``, ``withdrawal`` by the visitor's own browser, or ``restore`` of a backup.
        by: What was searched by, in words: ``address``, ``agent``, ``session``, names of filters.
        epochs: Keys that were tried.
        unlinkable: Epochs whose key was destroyed: what they named belongs to nobody any more.
        agents: Agent strings that were tried under each key.
        unsearchable: Damaged files in quarantine that could not be looked into.
        number: The operator's own number of the request.
        backup_made_at: When the last backup that still holds the sessions was made, ms.
        removes_outputs: Whether files made of the sessions go too.
    """

    reason: str = "delete"
    by: tuple[str, ...] = ("session",)
    sites: tuple[str, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    unlinkable: tuple[Epoch, ...] = ()
    agents: int = 0
    unsearchable: int = 0
    number: str = ""
    operator: str = field(default_factory=lambda: operator_name())
    backup_made_at: int | None = None
    removes_outputs: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Request:
        """Return what :meth:`as_json` gave."""
        lists = {name: tuple(content[name]) for name in ("by", "sites")}
        epochs = {name: tuple(Epoch(**each) for each in content[name]) for name in ("epochs", "unlinkable")}
        return cls(**(dict(content) | lists | epochs))


def operator_name() -> str:
    """Return the login name of who runs this, and of who became that with sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    before = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {before})" if before and before != name else name


def request_number(text: str) -> str:
    """Return the operator's number of a request.

    Raises:
        UsageError: It could say more than a number: a receipt names no address and no person.
    """
    if not text:
        return ""
    try:
        ip_address(text)
    except ValueError:
        if _NUMBER.fullmatch(text):
            return text
    raise UsageError(
        "the number of the request cannot be used", hint="letters, digits and . _ / # - alone, such as 2026-17"
    )
