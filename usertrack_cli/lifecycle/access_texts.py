"""What a copy says about itself, in English and German."""

from __future__ import annotations

from collections.abc import Mapping

from usertrack_cli.controller import Controller, Language
from usertrack_cli.lifecycle.processing import duration_text
from usertrack_cli.settings import Settings

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Your visits to our website: a copy of what we store",
        "intro": "Made on {day}; visits: {sessions}. All times are UTC. The same data, complete and for"
        " programs, are in"
        " data.json, sessions.csv and events.csv.",
        "about": "About these data",
        "stored": "What is stored of a visit",
        "stored_columns": "What|In which form|For how long",
        "agents": "Browser identifications that led to these visits",
        "visit": "Visit",
        "happened": "What happened",
        "columns": "Time|What|Page|Details",
        "site": "site",
        "session": "number of the visit",
        "started_at": "began",
        "duration_ms": "lasted",
        "active_ms": "of that active",
        "pageviews": "pages opened",
        "clicks": "clicks",
        "events": "events in all",
        "entry_page": "first page",
        "country": "country",
        "browser": "browser",
        "os": "operating system",
        "device": "device",
        "tags": "labels of the page",
        "errors": "script errors",
        "rage": "clicks in anger",
        "dead": "clicks without effect",
        "operator_tags": "labels of ours",
        "operator_notes": "notes of ours",
        "watched": "looked at by us",
        "restricted": "restricted since",
        "files": "files made of it",
        "still_open": "kept while it may go on",
        "not_taken_in_yet": "arrived, not sorted in yet",
        "kept_aside": "arrived, could not be sorted in",
        "moves": "Besides, {moves} positions of the pointer; they are in events.csv.",
    },
    "de": {
        "title": "Ihre Besuche auf unserer Website: eine Kopie dessen, was wir speichern",
        "intro": "Erstellt am {day}; Besuche: {sessions}. Alle Zeiten sind UTC. Dieselben Daten stehen"
        " vollständig und für"
        " Programme in data.json, sessions.csv und events.csv.",
        "about": "Über diese Daten",
        "stored": "Was von einem Besuch gespeichert wird",
        "stored_columns": "Was|In welcher Form|Wie lange",
        "agents": "Browserkennungen, die zu diesen Besuchen führten",
        "visit": "Besuch",
        "happened": "Was geschah",
        "columns": "Zeit|Was|Seite|Einzelheiten",
        "site": "Site",
        "session": "Nummer des Besuchs",
        "started_at": "Beginn",
        "duration_ms": "Dauer",
        "active_ms": "davon aktiv",
        "pageviews": "geöffnete Seiten",
        "clicks": "Klicks",
        "events": "Ereignisse insgesamt",
        "entry_page": "erste Seite",
        "country": "Land",
        "browser": "Browser",
        "os": "Betriebssystem",
        "device": "Gerät",
        "tags": "Merkmale der Seite",
        "errors": "Skriptfehler",
        "rage": "Klicks im Ärger",
        "dead": "Klicks ohne Wirkung",
        "operator_tags": "Merkmale von uns",
        "operator_notes": "Notizen von uns",
        "watched": "von uns angesehen",
        "restricted": "eingeschränkt seit",
        "files": "daraus gemachte Dateien",
        "still_open": "vorgehalten, solange er weitergehen kann",
        "not_taken_in_yet": "eingetroffen, noch nicht einsortiert",
        "kept_aside": "eingetroffen, nicht einzusortieren",
        "moves": "Dazu {moves} Positionen des Zeigers; sie stehen in events.csv.",
    },
}
_FACTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "controller": "Controller",
        "purposes": "Purposes",
        "legal_basis": "Legal basis",
        "recipients": "Recipients",
        "transfers": "Transfers outside the Union",
        "retention": "How long",
        "retained": "Visits are removed {span} after they ended, movements of the pointer {moves} after,"
        " and earlier"
        " where more than {sessions} visits are stored.",
        "source": "Source",
        "from": "Your own browser, while you visited; country, browser and device are derived from what it"
        " sent, and"
        " the figures of a visit are worked out from its events.",
        "decisions": "Automated decisions",
        "none": "None; no profile is made.",
        "rights": "Your rights",
        "right": "Rectification, erasure, restriction, objection, portability (data.json), and a complaint to a"
        " supervisory authority{authority}.",
    },
    "de": {
        "controller": "Verantwortlicher",
        "purposes": "Zwecke",
        "legal_basis": "Rechtsgrundlage",
        "recipients": "Empfänger",
        "transfers": "Übermittlung in Drittländer",
        "retention": "Wie lange",
        "retained": "Besuche werden {span} nach ihrem Ende gelöscht, Bewegungen des Zeigers nach {moves},"
        " und früher,"
        " wenn mehr als {sessions} Besuche gespeichert sind.",
        "source": "Herkunft",
        "from": "Ihr eigener Browser während Ihrer Besuche; Land, Browser und Gerät sind aus dem"
        " abgeleitet, was er"
        " sandte, und die Zahlen eines Besuchs werden aus seinen Ereignissen berechnet.",
        "decisions": "Automatisierte Entscheidungen",
        "none": "Keine; es entsteht kein Profil.",
        "rights": "Ihre Rechte",
        "right": "Berichtigung, Löschung, Einschränkung, Widerspruch, Übertragbarkeit (data.json) und"
        " Beschwerde bei"
        " einer Aufsichtsbehörde{authority}.",
    },
}


def facts(settings: Settings, controller: Controller, language: Language) -> list[tuple[str, str]]:
    """Return heading and text of what Article 15(1) asks to be told, from the settings in force."""
    words = _FACTS[language]

    def field(name: str) -> str:
        return controller.text(name, language).strip() or f"[controller.{name}]"

    authority = controller.text("authority", language).strip()
    told = [
        (words["controller"], f"{field('name')}, {field('address')}, {field('contact')}"),
        (words["purposes"], field("purposes")),
        (words["legal_basis"], field("legal_basis")),
        (words["recipients"], field("recipients")),
    ]
    if controller.text("transfers", language).strip():
        told.append((words["transfers"], field("transfers")))
    retained = words["retained"].format(
        span=duration_text(settings.max_age, language),
        moves=duration_text(settings.moves, language),
        sessions=settings.max_sessions,
    )
    return [
        *told,
        (words["retention"], retained),
        (words["source"], words["from"]),
        (words["decisions"], words["none"]),
        (words["rights"], words["right"].format(authority=f" ({authority})" if authority else "")),
    ]
