// A panel at the bottom of the window with a sentence and, where there are any, lines to copy.

const STYLE = `
:host{all:initial}
section{position:fixed;inset:auto 0 0;z-index:2147483647;box-sizing:border-box;max-height:80vh;overflow:auto;
 padding:16px max(16px,calc(50vw - 480px));font:16px/1.5 system-ui,sans-serif;
 color:#1b1b1f;background:#fff6c9;border-top:2px solid #8a7400}
h2{margin:0;font-size:17px}
p{margin:4px 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0;user-select:all}
dt{font-weight:600}
dd{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:14px}
button{min-height:44px;margin:8px 12px 0 0;padding:8px 20px;font:inherit;font-weight:600;cursor:pointer;
 color:inherit;background:#fffdf2;border:2px solid #8a7400;border-radius:6px}
:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}
@media(prefers-color-scheme:dark){
section{color:#f3eccb;background:#2b2710}
button{background:#3d3818}
:focus-visible{outline-color:#a8c7fa}}
`;

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

/**
 * @param {Record<string, string>} words
 * @param {string} title
 * @param {Array<[string, string]>} rows
 * @param {string} [hint]
 */
export function showPanel(words, title, rows, hint) {
  const host = element('div', { 'data-ust-ignore': '' });
  const close = element('button', { type: 'button' }, words.close);
  close.addEventListener('click', () => host.remove());
  const section = element('section', { role: 'status', lang: words.lang }, element('h2', {}, title));
  if (hint) section.append(element('p', {}, hint));
  if (rows.length) {
    const lines = rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
    const copy = element('button', { type: 'button' }, words.copy);
    copy.addEventListener('click', async () => {
      const text = rows.map((row) => row.join(': ')).join('\n');
      // Without permission the lines can still be selected by hand.
      await navigator.clipboard?.writeText(text).then(
        () => copy.replaceChildren(words.copied),
        () => {},
      );
    });
    section.append(element('dl', {}, ...lines), copy);
  }
  section.append(close);
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(section);
  document.body.append(host);
}
