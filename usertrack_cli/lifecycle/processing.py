"""What is processed, told from the settings in force, so that no notice can drift from what runs."""

from __future__ import annotations

from dataclasses import dataclass

from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.controller import Language
from usertrack_cli.lifecycle.processing_texts import BASES, EPOCHS, KEYS, STORED, UNITS
from usertrack_cli.settings import Settings


@dataclass(frozen=True, slots=True)
class Stored:
    """One category of data: what it is, in which form, and for how long."""

    what: str
    how: str
    kept: str


@dataclass(frozen=True, slots=True)
class StorageKey:
    """One entry that is written in a visitor's browser."""

    name: str
    where: str
    purpose: str
    lifetime: str


def stored_categories(settings: Settings, language: Language) -> list[Stored]:
    """Return the categories of data that these settings have recorded, and no other."""
    texts = STORED[language]
    span, moves = duration_text(settings.max_age, language), duration_text(settings.moves, language)
    recorded = set(settings.record)
    names = ["visitor"]
    names += ["address"] if settings.store_ip == "plain" else []
    names += ["country"] if settings.geoip_db else []
    names += ["technical", "pages"]
    names += [name for name in ("click", "scroll", "move", "visibility", "error") if name in recorded]
    if "input" in recorded and settings.inputs != "off":
        names.append("typed" if settings.inputs == "plain" else "lengths")
    names += [name for name in ("custom", "layout") if name in recorded]
    names += ["agents", "objection"]
    names += ["consent"] if settings.consent != "off" else []
    names += ["counts"] if settings.before_consent == "count" else []
    found = []
    for name in names:
        what, how, kept = texts[name]
        filled = {"span": span, "moves": moves, "epoch": EPOCHS[language][settings.key_epoch]}
        found.append(Stored(what, how.format(**filled), kept.format(**filled)))
    return found


def storage_keys(settings: Settings, language: Language) -> list[StorageKey]:
    """Return what is written in the browser; what belongs to consent only where consent is asked for."""
    asked = settings.consent != "off"
    return [StorageKey(*row[1:]) for row in KEYS[language] if asked or not row[0]]


def basis_text(settings: Settings, language: Language) -> str:
    """Return how recording begins: at once, or when a visitor agreed."""
    return BASES[language][settings.consent]


def signals(settings: Settings) -> list[str]:
    """Return the browser signals that keep a visitor from being recorded."""
    respected = (("Do Not Track", settings.respect_dnt), ("Global Privacy Control", settings.respect_gpc))
    return [name for name, is_respected in respected if is_respected]


def duration_text(milliseconds: int, language: Language) -> str:
    """Return a span in days, or in hours where it is no whole number of days."""
    size, forms = (DAY_MS, UNITS[language]["day"]), (HOUR_MS, UNITS[language]["hour"])
    unit_ms, (one, many) = size if milliseconds % DAY_MS == 0 else forms
    number = max(1, round(milliseconds / unit_ms))
    return f"{number} {one if number == 1 else many}"
