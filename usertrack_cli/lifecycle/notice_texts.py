"""What a notice says, in English and German."""

from __future__ import annotations

from collections.abc import Mapping

from usertrack_cli.controller import Language

NOTICE: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Recording of visits",
        "thousands": ",",
        "or": "or",
        "intro": """
            {name}, {address} ({contact}) records how visitors use these pages: which pages are
            opened, where they are clicked, how far they are scrolled. The software for it,
            usertrack, runs on our own server; the recordings are passed to nobody but those
            named below. No cookies are set.
        """,
        "purposes": "Purpose: {purposes}. Legal basis: {basis}.",
        "stored": "What|In which form|For how long",
        "never": """
            Passwords, card numbers, one-time codes and hidden fields are never recorded. At
            most {sessions} visits are kept; the oldest give way, so that a visit may go earlier
            than stated. Nothing is combined with data from elsewhere, no profile of a person is
            made, and nothing is decided automatically.
        """,
        "recipients": "Recipients: {recipients}.",
        "rights": """
            You have the right to access, rectification, erasure, restriction and data
            portability, and you can object to the recording at any time: write to {contact}, or
            open any of our pages with ?ust-opt-out at the end of its address, which switches
            recording off in your browser. ?ust-info shows what we need to find your visits;
            without such information we may be unable to (Article 11 GDPR).
        """,
        "rights_consent": """
            You can withdraw your consent at any time with effect for the future; open any of
            our pages with ?ust-consent at the end of its address to decide anew. You have the
            right to access, rectification, erasure, restriction and data portability, and you
            can object to the recording: write to {contact}, or open any of our pages with
            ?ust-opt-out at the end of its address, which switches recording off in your
            browser. ?ust-info shows what we need to find your visits; without such information
            we may be unable to (Article 11 GDPR).
        """,
        "signals": "Browsers that send {signals} are not recorded.",
        "complaint": "You may complain to a supervisory authority{authority} (Article 77 GDPR).",
        "keys_title": "What is stored in your browser",
        "keys_intro": "No cookies. What is stored is read by this website only.",
        "keys": "Name|Where|What for|For how long",
        "record_title": "Record of processing activities (Article 30 GDPR)",
        "activity": "recording of visits to the website with usertrack (site {site})",
        "people": "visitors of the website",
        "no_transfers": "none stated",
        "security": (
            "own server; files readable by their owner only; deleted values overwritten; damaged files"
            " detected by"
            " checksum; retention of {span} and at most {sessions} visits applied hourly; erasure of a"
            " visitor with"
            " signed receipt; requests logged without personal data."
        ),
        "address_hashed": "IP addresses are not stored; visitor keys are kept apart from the recordings.",
        "address_plain": "IP addresses are stored in plain text.",
    },
    "de": {
        "title": "Aufzeichnung von Besuchen",
        "thousands": ".",
        "or": "oder",
        "intro": """
            {name}, {address} ({contact}) zeichnet auf, wie diese Seiten benutzt werden: welche
            Seiten geöffnet werden, wohin geklickt und wie weit gescrollt wird. Die Software
            dafür, usertrack, läuft auf unserem eigenen Server; die Aufzeichnungen erhält
            niemand außer den unten Genannten. Cookies werden nicht gesetzt.
        """,
        "purposes": "Zweck: {purposes}. Rechtsgrundlage: {basis}.",
        "stored": "Was|In welcher Form|Wie lange",
        "never": """
            Passwörter, Kartennummern, Einmalcodes und verborgene Felder werden nie
            aufgezeichnet. Höchstens {sessions} Besuche werden aufbewahrt; die ältesten weichen,
            sodass ein Besuch auch früher gelöscht werden kann. Nichts davon wird mit Daten aus
            anderen Quellen verbunden, es entsteht kein Profil einer Person, und nichts wird
            automatisch entschieden.
        """,
        "recipients": "Empfänger: {recipients}.",
        "rights": """
            Sie haben das Recht auf Auskunft, Berichtigung, Löschung, Einschränkung und
            Datenübertragbarkeit und können der Aufzeichnung jederzeit widersprechen: Schreiben
            Sie an {contact} oder öffnen Sie eine unserer Seiten mit ?ust-opt-out am Ende der
            Adresse; das schaltet die Aufzeichnung in Ihrem Browser ab. ?ust-info zeigt, was wir
            brauchen, um Ihre Besuche zu finden; ohne solche Angaben ist uns das unter Umständen
            nicht möglich (Artikel 11 DSGVO).
        """,
        "rights_consent": """
            Sie können Ihre Einwilligung jederzeit mit Wirkung für die Zukunft widerrufen;
            öffnen Sie dazu eine unserer Seiten mit ?ust-consent am Ende der Adresse. Sie haben
            das Recht auf Auskunft, Berichtigung, Löschung, Einschränkung und
            Datenübertragbarkeit und können der Aufzeichnung widersprechen: Schreiben Sie an
            {contact} oder öffnen Sie eine unserer Seiten mit ?ust-opt-out am Ende der Adresse;
            das schaltet die Aufzeichnung in Ihrem Browser ab. ?ust-info zeigt, was wir
            brauchen, um Ihre Besuche zu finden; ohne solche Angaben ist uns das unter Umständen
            nicht möglich (Artikel 11 DSGVO).
        """,
        "signals": "Browser, die {signals} senden, werden nicht aufgezeichnet.",
        "complaint": "Sie können sich bei einer Aufsichtsbehörde{authority} beschweren (Artikel 77 DSGVO).",
        "keys_title": "Was in Ihrem Browser gespeichert wird",
        "keys_intro": "Keine Cookies. Was gespeichert wird, liest nur diese Website.",
        "keys": "Name|Wo|Wofür|Wie lange",
        "record_title": "Verzeichnis von Verarbeitungstätigkeiten (Artikel 30 DSGVO)",
        "activity": "Aufzeichnung von Besuchen der Website mit usertrack (Site {site})",
        "people": "Besuchende der Website",
        "no_transfers": "keine angegeben",
        "security": (
            "eigener Server; Dateien nur für ihren Eigentümer lesbar; Gelöschtes wird überschrieben;"
            " beschädigte"
            " Dateien werden an Prüfsummen erkannt; Aufbewahrung von {span} und höchstens {sessions} Besuche,"
            " stündlich angewandt; Löschung einzelner Besuchender mit signiertem Beleg; Anfragen werden ohne"
            " personenbezogene Daten verzeichnet."
        ),
        "address_hashed": "IP-Adressen werden nicht gespeichert; Schlüssel liegen getrennt von den"
        " Aufzeichnungen.",
        "address_plain": "IP-Adressen werden im Klartext gespeichert.",
    },
}

LABELS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "columns": "Matter|Entry",
        "name": "Controller",
        "address": "Address",
        "contact": "Contact",
        "representative": "Representative in the Union",
        "dpo": "Data protection officer",
        "purposes": "Purposes",
        "legal_basis": "Legal basis",
        "activity": "Activity",
        "people": "Categories of people",
        "data": "Categories of data",
        "recipients": "Recipients",
        "transfers": "Transfers to third countries",
        "erasure": "Time limits for erasure",
        "security": "Technical and organisational measures",
    },
    "de": {
        "columns": "Gegenstand|Angabe",
        "name": "Verantwortlicher",
        "address": "Anschrift",
        "contact": "Kontakt",
        "representative": "Vertreter in der Union",
        "dpo": "Datenschutzbeauftragter",
        "purposes": "Zwecke",
        "legal_basis": "Rechtsgrundlage",
        "activity": "Tätigkeit",
        "people": "Kategorien betroffener Personen",
        "data": "Kategorien von Daten",
        "recipients": "Empfänger",
        "transfers": "Übermittlung in Drittländer",
        "erasure": "Löschfristen",
        "security": "Technische und organisatorische Maßnahmen",
    },
}
