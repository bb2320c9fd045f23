"""The answer to a person who asked for erasure, from the receipt that the erasure left."""

from __future__ import annotations

import textwrap
from datetime import date
from typing import Any

from usertrack_cli.controller import Controller, Language
from usertrack_cli.lifecycle.letter_texts import BY, TEXTS
from usertrack_cli.lifecycle.receipt import Receipt

WIDTH = 78
NEEDED = ("name", "address", "contact")
"""What a letter has to say of who writes it."""


def letter(receipt: Receipt, controller: Controller, language: Language) -> str:
    """Return the letter; where the settings lack something it says so in square brackets."""
    body, texts = receipt.body, TEXTS[language]
    day = _day(str(body["made_at"]), language)
    found = body["found"]
    paragraphs = [texts["intro"].format(day=day, by=_by(body["searched"]["by"], language))]
    if found["sessions"]:
        counts = {name: _number(texts[name[:-1]], found[name]) for name in ("sessions", "events")}
        paragraphs.append(texts["erased"].format(**counts))
    else:
        paragraphs.append(texts["nothing"])
    if body["unlinkable"]:
        listed = ", ".join(_epoch(each["epoch"]) for each in _distinct(body["unlinkable"]))
        paragraphs.append(texts["unlinkable"].format(epochs=texts["before"].format(list=listed)))
    damaged = body["searched"]["unsearchable_files"]
    if damaged:
        paragraphs.append(texts["damaged"].format(files=_number(texts["file"], damaged)))
    if body["backup_made_at"]:
        paragraphs.append(texts["backup"].format(day=_day(str(body["backup_made_at"]), language)))
    paragraphs += [texts["covered"], texts["again"]]
    paragraphs.append(texts["proof"].format(number=receipt.number, head=receipt.head))
    authority = controller.text("authority", language)
    paragraphs.append(texts["rights"].format(authority=f": {authority}" if authority else ""))
    heading = texts["subject"]
    if body["request"]:
        heading += "\n" + texts["number"].format(number=body["request"])
    parts = [
        _sender(controller, language),
        day,
        heading,
        texts["greeting"],
        *(textwrap.fill(" ".join(each.split()), WIDTH, break_on_hyphens=False) for each in paragraphs),
        texts["closing"],
        _field(controller, "name", language),
    ]
    return "\n\n".join(parts) + "\n"


def _sender(controller: Controller, language: Language) -> str:
    return "\n".join(_field(controller, name, language) for name in NEEDED)


def _field(controller: Controller, name: str, language: Language) -> str:
    return controller.text(name, language).strip() or f"[controller.{name}]"


def _number(forms: str, number: int) -> str:
    one, many = forms.split("|")
    return one if number == 1 else many.format(n=number)


def _by(names: list[str], language: Language) -> str:
    known = [BY[language][name] for name in names if name in BY[language]] or [BY[language][""]]
    return f" {TEXTS[language]['and']} ".join(known)


def _distinct(epochs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({each["epoch"]: each for each in epochs}.values())


def _epoch(epoch: int) -> str:
    text = str(epoch)
    return "-".join(part for part in (text[:4], text[4:6], text[6:]) if part)


def _day(instant: str, language: Language) -> str:
    day = date.fromisoformat(instant[:10])
    return day.strftime("%d.%m.%Y") if language == "de" else f"{day.day} {day:%B %Y}"
