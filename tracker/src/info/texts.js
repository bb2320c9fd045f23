// What the visitor reads about opting out, about themselves, and about why they are recorded or not.

/** @type {Record<string, Record<string, string>>} */
const TEXTS = {
  en: {
    'opt-out': 'You have opted out: this browser is not recorded on this site any more.',
    'opt-in': 'You have opted in again: this browser may be recorded on this site.',
    info: 'What this site knows you by',
    hint: 'Copy these lines into your letter if you ask what is stored about you, or ask to have it erased.',
    session: 'Session',
    address: 'Address',
    agent: 'Browser',
    site: 'Site',
    time: 'Time',
    contact: 'Contact',
    copy: 'Copy',
    copied: 'Copied',
    close: 'Close',
    none: 'none, nothing is recorded',
    debug: 'usertrack: is this page recorded?',
    answer: 'Answer',
    yes: 'yes',
    no: 'no',
    'reason:prerender': 'the page is drawn in advance and was not seen yet',
    'reason:opt-out': 'this browser has opted out; ?ust-opt-in takes it back',
    'reason:excluded': 'the setting exclude_pages names this page',
    'reason:dnt': 'the browser sends Do Not Track and the setting respect_dnt is on',
    'reason:gpc': 'the browser sends Global Privacy Control and the setting respect_gpc is on',
    'reason:consent': 'the visitor has not consented',
    'reason:page': 'UST.onTrackingStarted of this page returned false',
    'reason:off': 'the server told this browser to stop',
  },
  de: {
    'opt-out': 'Sie haben widersprochen: Dieser Browser wird auf dieser Website nicht mehr aufgezeichnet.',
    'opt-in': 'Sie haben Ihren Widerspruch zurückgenommen: Dieser Browser darf wieder aufgezeichnet werden.',
    info: 'Woran diese Website Sie erkennt',
    hint: 'Übernehmen Sie diese Zeilen in Ihr Schreiben, wenn Sie Auskunft oder Löschung verlangen.',
    session: 'Sitzung',
    address: 'Adresse',
    agent: 'Browser',
    site: 'Website',
    time: 'Zeit',
    contact: 'Kontakt',
    copy: 'Kopieren',
    copied: 'Kopiert',
    close: 'Schließen',
    none: 'keine, es wird nichts aufgezeichnet',
    debug: 'usertrack: Wird diese Seite aufgezeichnet?',
    answer: 'Antwort',
    yes: 'ja',
    no: 'nein',
    'reason:prerender': 'die Seite ist vorab geladen und wurde noch nicht gesehen',
    'reason:opt-out': 'dieser Browser hat widersprochen; ?ust-opt-in nimmt das zurück',
    'reason:excluded': 'die Einstellung exclude_pages nennt diese Seite',
    'reason:dnt': 'der Browser sendet Do Not Track, und die Einstellung respect_dnt ist an',
    'reason:gpc': 'der Browser sendet Global Privacy Control, und die Einstellung respect_gpc ist an',
    'reason:consent': 'es liegt keine Einwilligung vor',
    'reason:page': 'UST.onTrackingStarted dieser Seite gab false zurück',
    'reason:off': 'der Server hat diesen Browser gebeten aufzuhören',
  },
};

/** @returns {Record<string, string>} In the language of the page, else of the browser. */
export function texts() {
  const lang = /^de\b/i.test(document.documentElement.lang || navigator.language) ? 'de' : 'en';
  return { ...TEXTS[lang], lang };
}
