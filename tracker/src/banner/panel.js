// The banner: the first thing in the page for who goes through it by keyboard or by ear, at the bottom of the
// window for everybody else. It waits; it neither takes the focus nor keeps it.

import { bannerTexts } from './texts.js';

/** @typedef {{answered: (isGranted: boolean) => void, putOff: () => void}} Hearer */

// A style sheet made by a script is allowed where a page forbids styles in its markup.
const STYLE = `
:host{all:initial}
section{position:fixed;inset:auto 0 0;z-index:2147483647;box-sizing:border-box;display:flex;flex-wrap:wrap;
 align-items:center;justify-content:center;gap:12px 32px;max-height:70vh;overflow:auto;
 padding:16px max(16px,calc(50vw - 560px));font:16px/1.5 system-ui,sans-serif;
 color:#1b1b1f;background:#fff;border-top:1px solid #8a8a93;box-shadow:0 -4px 24px #0003}
div{flex:1 1 340px}
h2{margin:0 0 4px;font-size:17px;line-height:1.3}
p{margin:0}
a{color:#0b57d0;white-space:nowrap}
span{display:flex;flex:0 1 auto;gap:12px}
button{flex:1;min-width:130px;min-height:44px;padding:8px 20px;font:inherit;font-weight:600;cursor:pointer;
 color:#1b1b1f;background:#f1f1f4;border:2px solid #5c5c66;border-radius:6px}
button:hover{background:#e2e2e8}
:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}
@media(max-width:600px){span{flex:1 1 100%}}
@media(prefers-color-scheme:dark){
section{color:#ececf1;background:#1d1d22;border-color:#6b6b76}
a{color:#a8c7fa}
button{color:#ececf1;background:#33333b;border-color:#9a9aa6}
button:hover{background:#43434d}
:focus-visible{outline-color:#a8c7fa}}
`;

/** @type {HTMLElement | undefined} */
let host;
/** @type {(() => void) | undefined} */
let dismiss;

export const isShown = () => !!host;

export function hideBanner() {
  host?.remove();
  host = dismiss = undefined;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} content
 */
function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  made.append(...content);
  return made;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  // A dialog of the page that closes by the same key was meant, not we.
  if (event.key === 'Escape' && !event.defaultPrevented) dismiss?.();
}
addEventListener('keydown', onKey);

/**
 * @param {import('../config.js').Config} config
 * @param {Hearer} hearer
 */
export function showBanner(config, hearer) {
  const texts = bannerTexts(config);
  /** @param {'accept' | 'decline'} name */
  const button = (name) => {
    const made = element('button', { type: 'button' }, texts[name]);
    made.addEventListener('click', () => {
      hideBanner();
      hearer.answered(name === 'accept');
    });
    return made;
  };
  const text = element('p', {}, texts.text);
  if (texts.url) text.append(' ', element('a', { href: texts.url }, texts.link));
  const section = element(
    'section',
    { role: 'region', 'aria-labelledby': 'title', lang: texts.lang },
    element('div', {}, element('h2', { id: 'title' }, texts.title), text),
    // As easy to decline as to accept: the same size, the same colour, and first.
    element('span', {}, button('decline'), button('accept')),
  );

  host = element('div', { 'data-ust-ignore': '' });
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(section);
  dismiss = () => {
    hideBanner();
    hearer.putOff();
  };
  const shown = host;
  const place = () => shown === host && document.body.prepend(shown);
  if (document.body) place();
  else addEventListener('DOMContentLoaded', place, { once: true });
}
