// What the banner says where the operator has no words of their own.

/** @typedef {import('../config.js').Config} Config */

/** @type {Record<string, Record<string, string>>} */
const TEXTS = {
  en: {
    title: 'May we record this visit?',
    text: 'If you agree, we record how this site is used: pages, clicks, scrolling and pointer movements',
    off: ', and nothing that you type.',
    mask: ', and of what you type only how long it is.',
    plain: ', and what you type, except passwords and payment data.',
    later: ' No cookies are set. You can change your mind at any time.',
    accept: 'Accept',
    decline: 'Decline',
    link: 'Privacy policy',
  },
  de: {
    title: 'Dürfen wir diesen Besuch aufzeichnen?',
    text: 'Wenn Sie zustimmen, zeichnen wir auf, wie diese Website benutzt wird: Seiten, Klicks, Scrollen und Zeigerbewegungen',
    off: ', und nichts von dem, was Sie eingeben.',
    mask: ', und von Ihren Eingaben nur die Länge.',
    plain: ', und Ihre Eingaben, außer Passwörtern und Zahlungsdaten.',
    later: ' Es werden keine Cookies gesetzt. Sie können Ihre Entscheidung jederzeit ändern.',
    accept: 'Zustimmen',
    decline: 'Ablehnen',
    link: 'Datenschutzerklärung',
  },
};

/** @returns {'de' | 'en'} Of the page, since that is what the visitor reads; else of the browser. */
const language = () => (/^de\b/i.test(document.documentElement.lang || navigator.language) ? 'de' : 'en');

/**
 * @param {Config} config
 * @returns {Record<string, string>}
 */
export function bannerTexts(config) {
  const lang = language();
  const ours = TEXTS[lang];
  return { ...ours, lang, text: ours.text + ours[config.inputs] + ours.later, ...config.texts };
}
