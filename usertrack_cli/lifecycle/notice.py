"""The notice: what a privacy policy and a record of processing have to say, from the settings in force."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from usertrack_cli.controller import Controller, Language
from usertrack_cli.lifecycle.notice_texts import LABELS, NOTICE
from usertrack_cli.lifecycle.processing import (
    basis_text,
    duration_text,
    signals,
    storage_keys,
    stored_categories,
)
from usertrack_cli.settings import Settings

WIDTH = 96


def privacy_notice(settings: Settings, controller: Controller, language: Language) -> str:
    """Return the part of a privacy policy that is about these recordings (Article 13), as Markdown."""
    texts = NOTICE[language]
    said = {name: _field(controller, name, language) for name in ("name", "address", "contact", "purposes")} | {
        "basis": _field(controller, "legal_basis", language),
        "recipients": _field(controller, "recipients", language),
    }
    parts = [f"## {texts['title']}", _filled(texts["intro"], **said)]
    parts += [
        f"{LABELS[language][name]}: {text}."
        for name in ("representative", "dpo")
        if (text := controller.text(name, language).strip())
    ]
    parts.append(f"{texts['purposes'].format(**said)} {basis_text(settings, language)}")
    parts.append(
        _table(
            texts["stored"].split("|"),
            [(each.what, each.how, each.kept) for each in stored_categories(settings, language)],
        )
    )
    parts.append(
        _filled(texts["never"], sessions=f"{settings.max_sessions:,}".replace(",", texts["thousands"]))
    )
    parts.append(_filled(texts["recipients"], **said))
    if text := controller.text("transfers", language).strip():
        parts.append(f"{LABELS[language]['transfers']}: {text}.")
    rights = texts["rights_consent"] if settings.consent != "off" else texts["rights"]
    parts.append(_filled(rights, **said))
    respected = signals(settings)
    if respected:
        parts.append(texts["signals"].format(signals=f" {texts['or']} ".join(respected)))
    authority = controller.text("authority", language).strip()
    parts.append(texts["complaint"].format(authority=f" ({authority})" if authority else ""))
    return "\n\n".join(parts) + "\n"


def storage_table(settings: Settings, language: Language) -> str:
    """Return what is written in a visitor's browser, as a Markdown table."""
    texts = NOTICE[language]
    rows = [(f"`{key.name}`", key.where, key.purpose, key.lifetime) for key in storage_keys(settings, language)]
    table = _table(texts["keys"].split("|"), rows)
    return f"## {texts['keys_title']}\n\n{texts['keys_intro']}\n\n{table}\n"


def processing_record(settings: Settings, controller: Controller, language: Language) -> str:
    """Return the entry for a record of processing activities (Article 30), as Markdown."""
    texts, labels = NOTICE[language], LABELS[language]
    rows = [
        (labels[name], _field(controller, name, language))
        for name in ("name", "address", "contact", "representative", "dpo", "purposes", "legal_basis")
        if controller.text(name, language).strip() or name not in {"representative", "dpo"}
    ]
    stored = stored_categories(settings, language)
    rows += [
        (labels["activity"], texts["activity"].format(site=settings.site)),
        (labels["people"], texts["people"]),
        (labels["data"], "; ".join(f"{each.what}: {each.how}" for each in stored)),
        (labels["recipients"], _field(controller, "recipients", language)),
        (labels["transfers"], controller.text("transfers", language).strip() or texts["no_transfers"]),
        (labels["erasure"], "; ".join(f"{each.what}: {each.kept}" for each in stored)),
        (labels["security"], _security(settings, language)),
    ]
    return f"## {texts['record_title']}\n\n{_table(labels['columns'].split('|'), rows)}\n"


def _security(settings: Settings, language: Language) -> str:
    texts = NOTICE[language]
    kept = duration_text(settings.max_age, language)
    said = [texts["security"].format(span=kept, sessions=settings.max_sessions)]
    said.append(texts["address_plain" if settings.store_ip == "plain" else "address_hashed"])
    return " ".join(said)


def _field(controller: Controller, name: str, language: Language) -> str:
    return controller.text(name, language).strip() or f"[controller.{name}]"


def _filled(text: str, **values: str) -> str:
    # A policy is pasted into something that wraps by itself; on a terminal lines of this width can be read.
    return textwrap.fill(" ".join(text.format(**values).split()), WIDTH, break_on_hyphens=False)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(part) for part in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
