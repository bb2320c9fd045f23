"""The controller: who answers for the recording, as letters, notices and copies of data have to name them.

It stands in ``[controller]`` of the settings file; ``[site.<slug>.controller]`` differs for one site. A text
that depends on the language is a table, ``purposes = { en = "…", de = "…" }``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from usertrack_cli.errors import CheckFailedError

Language = Literal["en", "de"]
TABLE = "controller"

FIELDS: Mapping[str, str] = {
    "name": "Company or person that decides why and how visitors are recorded.",
    "address": "Where letters reach it.",
    "contact": "E-mail address or telephone for questions and objections.",
    "purposes": "What the recordings are for.",
    "legal_basis": "For example: consent, Article 6(1)(a) GDPR.",
    "recipients": "Who else gets to see them; write none where nobody does.",
    "representative": "In the Union, where there has to be one.",
    "dpo": "Data protection officer, where there is one.",
    "transfers": "Countries outside the Union that data goes to, and on what basis.",
    "authority": "The supervisory authority in charge.",
}
REQUIRED = ("name", "address", "contact", "purposes", "legal_basis", "recipients")
"""What Articles 13 and 30 ask of everybody."""


@dataclass(frozen=True, slots=True)
class Controller:
    """What ``[controller]`` says; a field that was left out is an empty text."""

    fields: Mapping[str, str | Mapping[str, str]]

    def text(self, name: str, language: Language) -> str:
        """Return one field in this language, in the other where it is written in that one only."""
        value = self.fields.get(name, "")
        if isinstance(value, str):
            return value
        return value.get(language) or next((text for text in value.values() if text), "")

    def require(self, needed: tuple[str, ...] = REQUIRED, *, consequence: str) -> None:
        """Refuse to be taken for complete.

        Args:
            consequence: What a text that was written all the same says there.

        Raises:
            CheckFailedError: A field that is needed is empty.
        """
        lacking = [name for name in needed if not self.text(name, "en").strip()]
        if lacking:
            raise CheckFailedError(f"[{TABLE}] in usertrack.toml lacks {', '.join(lacking)}", hint=consequence)


def controller_of(table: Mapping[str, Any], site: str | None = None) -> Controller:
    """Return the controller of a site, from a settings file that was checked when it was read."""
    sites = table.get("site", {})
    own = sites.get(site, {}).get(TABLE, {}) if isinstance(sites, Mapping) and site in sites else {}
    return Controller({**table.get(TABLE, {}), **own})


def wrong_in(table: object) -> str | None:
    """Return what is wrong with a ``[controller]`` table, or ``None``."""
    if not isinstance(table, Mapping):
        return f"{TABLE} has to be a table"
    for name, value in table.items():
        if name not in FIELDS:
            return f"{name} is not one of {', '.join(FIELDS)}"
        texts = value.items() if isinstance(value, Mapping) else [("en", value)]
        for language, text in texts:
            if language not in {"en", "de"}:
                return f"{name} is in {language}, but only en and de are known"
            if not isinstance(text, str):
                return f"{name} has to be a text"
    return None
