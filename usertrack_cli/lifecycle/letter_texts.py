"""What a letter says, in English and German; line ends are set anew when it is written."""

from __future__ import annotations

from collections.abc import Mapping

from usertrack_cli.controller import Language

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "subject": "Your request for erasure",
        "number": "Your request {number}",
        "greeting": "Dear Sir or Madam,",
        "intro": """
            you asked us to erase the personal data that we keep about your visits to our website
            (Article 17 of the General Data Protection Regulation, GDPR). On {day} we searched our
            session recordings by {by}.
        """,
        "erased": """
            By what you told us we found {sessions} with {events}, and erased everything: what was
            recorded of your visits, what was derived from it, and every label that we had put on
            them. A scan of all files afterwards found none of them. The numbers of
            these visits stay for 72 hours in a list by which late reports of the same visits are
            thrown away; then they go too.
        """,
        "nothing": """
            We found no recording that belongs to what you told us. There was therefore nothing to
            erase.
        """,
        "unlinkable": """
            Recordings are kept without your address; a key that changes regularly and is
            destroyed afterwards connects the two. For recordings {epochs} that key no longer
            exists. We can therefore no longer tell which of them, if any, are yours (Article 11
            GDPR). If you send us further information that makes it possible, such as the session
            number that our pages show with ?ust-info, we will look again.
        """,
        "damaged": """
            {files} of our recordings are damaged and could not be read. They are used for nothing
            and will be removed when their time is over.
        """,
        "backup": """
            A backup of {day} still holds the data. It is not used; should it ever have to be
            restored, the erasure is repeated before anything else happens.
        """,
        "covered": """
            This answer covers our session recordings. Entries in the log files of the web server,
            which keep an address for a short time for security, are not part of them.
        """,
        "again": """
            New visits can be recorded again. You can object to that at any time: open any of our
            pages with ?ust-opt-out at the end of its address, or write to us.
        """,
        "proof": """
            The erasure left a signed receipt with the number {number} and the digest {head},
            which holds no data about you.
        """,
        "rights": """
            If you think that we have not done what the law asks, you may complain to a
            supervisory authority (Article 77 GDPR){authority}.
        """,
        "closing": "Yours faithfully",
        "session": "1 visit|{n} visits",
        "event": "1 recorded event|{n} recorded events",
        "file": "1 file|{n} files",
        "before": "made under the keys {list}",
        "and": "and",
    },
    "de": {
        "subject": "Ihr Antrag auf Löschung",
        "number": "Ihr Antrag {number}",
        "greeting": "Sehr geehrte Damen und Herren,",
        "intro": """
            Sie haben uns gebeten, die personenbezogenen Daten zu löschen, die wir über Ihre
            Besuche auf unserer Website gespeichert haben (Artikel 17 der
            Datenschutz-Grundverordnung, DSGVO). Am {day} haben wir unsere Aufzeichnungen von
            Besuchen durchsucht: nach {by}.
        """,
        "erased": """
            Zu Ihren Angaben haben wir {sessions} mit {events} gefunden und alles
            gelöscht: das, was von Ihren Besuchen aufgezeichnet war, alles daraus Abgeleitete und
            jeden Vermerk dazu. Eine anschließende Prüfung aller Dateien hat nichts davon mehr
            gefunden. Die Nummern dieser Besuche bleiben 72 Stunden in einer Liste, anhand derer
            verspätete Meldungen derselben Besuche verworfen werden; danach werden auch sie
            gelöscht.
        """,
        "nothing": """
            Wir haben keine Aufzeichnung gefunden, die zu Ihren Angaben gehört. Es war daher
            nichts zu löschen.
        """,
        "unlinkable": """
            Die Aufzeichnungen enthalten Ihre Adresse nicht; verbunden sind beide nur durch einen
            Schlüssel, der regelmäßig wechselt und danach vernichtet wird. Für Aufzeichnungen
            {epochs} gibt es diesen Schlüssel nicht mehr. Wir können daher nicht mehr feststellen,
            ob und welche davon von Ihnen stammen (Artikel 11 DSGVO). Wenn Sie uns weitere Angaben
            machen, die das ermöglichen, etwa die Sitzungsnummer, die unsere Seiten mit ?ust-info
            anzeigen, suchen wir erneut.
        """,
        "damaged": """
            {files} unserer Aufzeichnungen sind beschädigt und konnten nicht gelesen werden. Sie
            werden für nichts verwendet und mit Ablauf ihrer Frist entfernt.
        """,
        "backup": """
            Eine Sicherungskopie vom {day} enthält die Daten noch. Sie wird nicht verwendet;
            sollte sie je zurückgespielt werden müssen, wird die Löschung wiederholt, bevor
            irgendetwas anderes geschieht.
        """,
        "covered": """
            Diese Auskunft betrifft unsere Aufzeichnungen von Besuchen. Einträge in den
            Protokolldateien des Webservers, die eine Adresse aus Gründen der Sicherheit kurze
            Zeit enthalten, gehören nicht dazu.
        """,
        "again": """
            Neue Besuche können wieder aufgezeichnet werden. Dem können Sie jederzeit
            widersprechen: Rufen Sie eine unserer Seiten mit ?ust-opt-out am Ende der Adresse auf,
            oder schreiben Sie uns.
        """,
        "proof": """
            Die Löschung hat einen signierten Beleg mit der Nummer {number} und der Prüfsumme
            {head} hinterlassen, der keine Daten über Sie enthält.
        """,
        "rights": """
            Wenn Sie meinen, dass wir nicht getan haben, was das Gesetz verlangt, können Sie sich
            bei einer Aufsichtsbehörde beschweren (Artikel 77 DSGVO){authority}.
        """,
        "closing": "Mit freundlichen Grüßen",
        "session": "1 Besuch|{n} Besuche",
        "event": "1 aufgezeichneten Ereignis|{n} aufgezeichneten Ereignissen",
        "file": "1 Datei|{n} Dateien",
        "before": "aus der Zeit der Schlüssel {list}",
        "and": "und",
    },
}

BY: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "address": "the IP address that you gave us",
        "agent": "the user agent of your browser",
        "session": "the session numbers that you gave us",
        "": "what you told us",
    },
    "de": {
        "address": "der von Ihnen genannten IP-Adresse",
        "agent": "der Kennung Ihres Browsers",
        "session": "den von Ihnen genannten Sitzungsnummern",
        "": "Ihren Angaben",
    },
}
"""Names of what was searched by; the empty one stands for every other."""
