"""The words for what is processed, in English and German."""

from __future__ import annotations

from collections.abc import Mapping

from usertrack_cli.controller import Language

STORED: Mapping[Language, Mapping[str, tuple[str, str, str]]] = {
    "en": {
        "visitor": (
            "who visits",
            (
                "a keyed hash of IP address and browser identification; the key is random, {epoch}, and is"
                " destroyed when nothing belongs to it any more"
            ),
            "{span}, with the visit",
        ),
        "address": ("IP address", "in plain text", "{span}, with the visit"),
        "country": ("country", "derived from the IP address on arrival", "{span}, with the visit"),
        "technical": (
            "browser and device",
            "browser and version, operating system, kind of device, size of screen and window, language",
            "{span}, with the visit",
        ),
        "pages": (
            "pages seen",
            "path, title, time, referring site, campaign parameters; other parts of addresses are dropped",
            "{span}, with the visit",
        ),
        "click": ("clicks", "position, element, and a masked label of at most 24 characters", "{span}"),
        "scroll": ("scrolling", "how far, and when", "{span}"),
        "move": ("movements of the pointer", "positions, about every 50 ms while it moves", "{moves}"),
        "visibility": ("attention", "when the page is visible and used", "{span}"),
        "error": ("script errors", "message and place in the script", "{span}"),
        "lengths": ("typing", "number of characters only, never the text", "{span}"),
        "typed": (
            "typing",
            "the text, except in fields for passwords, cards and codes and in fields that are left out",
            "{span}",
        ),
        "custom": ("events of the page", "names and values that the page reports itself", "{span}"),
        "layout": (
            "arrangement of the page",
            "boxes with masked labels; never the content of the page",
            "{span} after it was last seen",
        ),
        "agents": (
            "browser identifications seen",
            "a list joined to no visit, by which a visitor who asks can be found",
            "{span} after the month it was last seen in",
        ),
        "objection": (
            "objections",
            "a keyed hash of the address, so that nothing more is recorded; only of those who object",
            "until it is lifted",
        ),
        "consent": (
            "consent",
            "a random number, the version of the text, when it was given or withdrawn; no address",
            "{span} after it was last used",
        ),
        "counts": ("totals before consent", "pages seen per hour, without any mark of a visitor", "unlimited"),
    },
    "de": {
        "visitor": (
            "wer zu Besuch ist",
            (
                "ein mit einem Schlüssel gebildeter Hashwert aus IP-Adresse und Browserkennung; der"
                " Schlüssel ist"
                " zufällig, {epoch} und wird vernichtet, sobald nichts mehr zu ihm gehört"
            ),
            "{span}, mit dem Besuch",
        ),
        "address": ("IP-Adresse", "im Klartext", "{span}, mit dem Besuch"),
        "country": ("Land", "beim Eintreffen aus der IP-Adresse abgeleitet", "{span}, mit dem Besuch"),
        "technical": (
            "Browser und Gerät",
            "Browser und Version, Betriebssystem, Art des Geräts, Größe von Bildschirm und Fenster, Sprache",
            "{span}, mit dem Besuch",
        ),
        "pages": (
            "aufgerufene Seiten",
            "Pfad, Titel, Zeit, verweisende Website, Kampagnenangaben; andere Teile von Adressen entfallen",
            "{span}, mit dem Besuch",
        ),
        "click": (
            "Klicks",
            "Position, Element und eine maskierte Beschriftung von höchstens 24 Zeichen",
            "{span}",
        ),
        "scroll": ("Scrollen", "wie weit und wann", "{span}"),
        "move": ("Bewegungen des Zeigers", "Positionen, etwa alle 50 ms, solange er sich bewegt", "{moves}"),
        "visibility": ("Aufmerksamkeit", "wann die Seite sichtbar ist und benutzt wird", "{span}"),
        "error": ("Skriptfehler", "Meldung und Stelle im Skript", "{span}"),
        "lengths": ("Eingaben", "nur die Zahl der Zeichen, nie der Text", "{span}"),
        "typed": (
            "Eingaben",
            "der Text, außer in Feldern für Passwörter, Karten und Codes und in ausgenommenen Feldern",
            "{span}",
        ),
        "custom": ("Ereignisse der Seite", "Namen und Werte, die die Seite selbst meldet", "{span}"),
        "layout": (
            "Anordnung der Seite",
            "Kästen mit maskierten Beschriftungen; nie der Inhalt der Seite",
            "{span}, nachdem sie zuletzt gesehen wurde",
        ),
        "agents": (
            "gesehene Browserkennungen",
            "eine Liste ohne Verbindung zu Besuchen, mit der sich auf Anfrage finden lässt, wer fragt",
            "{span} nach dem Monat, in dem sie zuletzt gesehen wurde",
        ),
        "objection": (
            "Widersprüche",
            "ein Hashwert der Adresse, damit nichts mehr aufgezeichnet wird; nur von denen, die widersprechen",
            "bis er aufgehoben wird",
        ),
        "consent": (
            "Einwilligung",
            "eine Zufallszahl, die Fassung des Textes, wann sie erteilt oder widerrufen wurde; keine Adresse",
            "{span} nach der letzten Verwendung",
        ),
        "counts": (
            "Summen vor der Einwilligung",
            "gesehene Seiten je Stunde, ohne jedes Merkmal von Besuchenden",
            "unbegrenzt",
        ),
    },
}

KEYS: Mapping[Language, tuple[tuple[bool, str, str, str, str], ...]] = {
    "en": (
        (
            False,
            "ust.s",
            "sessionStorage",
            "number and start of the visit, so that its pages belong together",
            "until the tab is closed",
        ),
        (
            False,
            "ust.q.*",
            "localStorage",
            "reports that could not be sent yet",
            "until they are sent, 24 hours at most",
        ),
        (False, "ust.o", "localStorage", "the visitor's wish not to be recorded", "until it is lifted"),
        (
            True,
            "ust.c",
            "localStorage",
            "the visitor's answer about consent",
            "until it is withdrawn or the text changes",
        ),
        (
            True,
            "ust.p",
            "localStorage",
            "an answer about consent that the server has not heard yet",
            "until it has been sent",
        ),
    ),
    "de": (
        (
            False,
            "ust.s",
            "sessionStorage",
            "Nummer und Beginn des Besuchs, damit seine Seiten zusammengehören",
            "bis der Tab geschlossen wird",
        ),
        (
            False,
            "ust.q.*",
            "localStorage",
            "Meldungen, die noch nicht gesendet werden konnten",
            "bis sie gesendet sind, höchstens 24 Stunden",
        ),
        (False, "ust.o", "localStorage", "der Wunsch, nicht aufgezeichnet zu werden", "bis er aufgehoben wird"),
        (
            True,
            "ust.c",
            "localStorage",
            "die Antwort auf die Frage nach der Einwilligung",
            "bis zum Widerruf oder bis der Text sich ändert",
        ),
        (
            True,
            "ust.p",
            "localStorage",
            "eine Antwort, von der der Server noch nichts weiß",
            "bis sie gesendet ist",
        ),
    ),
}
"""Whether a key belongs to consent; its name, where it stands, what for, and for how long."""

BASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "off": "Recording begins when a page is opened.",
        "banner": "Recording begins only when the visitor has agreed in the banner; before that nothing is"
        " stored.",
        "api": "Recording begins only when the visitor has agreed on the page; before that nothing is stored.",
    },
    "de": {
        "off": "Die Aufzeichnung beginnt mit dem Öffnen einer Seite.",
        "banner": "Aufgezeichnet wird erst nach der Einwilligung im Banner; vorher wird nichts gespeichert.",
        "api": "Aufgezeichnet wird erst nach der Einwilligung auf der Seite; vorher wird nichts gespeichert.",
    },
}
EPOCHS: Mapping[Language, Mapping[str, str]] = {
    "en": {"daily": "changes every day", "monthly": "changes every month", "never": "does not change"},
    "de": {"daily": "wechselt täglich", "monthly": "wechselt monatlich", "never": "wechselt nicht"},
}
UNITS: Mapping[Language, Mapping[str, tuple[str, str]]] = {
    "en": {"day": ("day", "days"), "hour": ("hour", "hours")},
    "de": {"day": ("Tag", "Tage"), "hour": ("Stunde", "Stunden")},
}
