"""Whether a batch may be recorded at all, decided before anything is derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from usertrack_cli.ingest.envelope import ConsentToken
from usertrack_cli.settings import Settings

Basis = Literal["granted", "not_required"]
Reason = Literal["global privacy control", "do not track", "no consent", "ignored address"]


@dataclass(frozen=True, slots=True)
class Permission:
    """A batch may be recorded, on this basis."""

    basis: Basis
    consent_version: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A batch may not be recorded.

    Attributes:
        is_final: The browser is to stop: asking again cannot change the answer.
    """

    reason: Reason
    is_final: bool


_NOT_REQUIRED = Permission("not_required")
_GPC = Refusal("global privacy control", is_final=True)
_DNT = Refusal("do not track", is_final=True)
_NO_CONSENT = Refusal("no consent", is_final=False)
IGNORED = Refusal("ignored address", is_final=False)


def decide(
    settings: Settings, *, dnt: bytes | None, gpc: bytes | None, token: ConsentToken | None
) -> Permission | Refusal:
    """Return on what basis a batch may be recorded, or why it may not.

    An objection by the browser comes before a consent: it is the wider of the two answers.

    Args:
        settings: Of the batch's site.
        dnt: The header ``DNT``.
        gpc: The header ``Sec-GPC``.
        token: What the batch says about consent.
    """
    if gpc == b"1" and settings.respect_gpc:
        return _GPC
    if dnt == b"1" and settings.respect_dnt:
        return _DNT
    if settings.consent == "off":
        return _NOT_REQUIRED
    if token is None:
        return _NO_CONSENT
    return Permission("granted", token.version or None)
