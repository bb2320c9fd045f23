// Short texts by which a person recognises an element, without what a person may have put there.

import { config } from './config.js';
import { isIn } from './element.js';
import { attempt } from './scope.js';

const LABEL_CHARS_MAX = 24;
// Enough to find the first words; a whole article is not searched for them.
const NODES_MAX = 60;
const MASKED = '[data-ust-mask],[data-ust-ignore]';
// Never part of a label: code, and what somebody typed.
const UNREAD = `script,style,noscript,textarea,select,[contenteditable]:not([contenteditable=false]),${MASKED}`;

/**
 * Words with a digit or an @ become `x`: they are names of people's things more often than labels.
 *
 * @param {string} text
 * @param {number} [chars_max]
 * @returns {string}
 */
export const maskedText = (text, chars_max = LABEL_CHARS_MAX) =>
  text
    .trim()
    // No word is cut before it was looked at; this much is more than any label keeps.
    .slice(0, 1024)
    .replace(/\S*[\p{N}@]\S*/gu, 'x')
    .replace(/\s+/g, ' ')
    .slice(0, chars_max);

/**
 * @param {Element} element
 * @returns {boolean}
 */
export const isMasked = (element) => isIn(element, [MASKED, ...config.maskSelectors].join());

/**
 * The text shown inside an element; typed and masked text is passed over.
 *
 * @param {Element} element
 * @returns {string}
 */
function shownText(element) {
  const unread = [UNREAD, ...config.maskSelectors].join();
  let text = '';
  let nodes = 0;
  /** @param {Node} node */
  const read = (node) => {
    if (++nodes > NODES_MAX || text.length > 4 * LABEL_CHARS_MAX) return;
    if (node.nodeType === 3) text += node.nodeValue;
    else if (node === element || attempt(() => /** @type {Element} */ (node).matches(unread)) === false) {
      node.childNodes.forEach(read);
      text += ' ';
    }
  };
  read(element);
  return text;
}

/**
 * @param {Element} element
 * @param {string} kind As a layout names it.
 * @returns {string}
 */
export function labelOf(element, kind) {
  if (kind === 'x' || isMasked(element)) return '';
  /** @param {string} name */
  const attribute = (name) => element.getAttribute(name);
  const label = /** @type {HTMLInputElement} */ (element).labels?.[0];
  return maskedText(
    attribute('aria-label') ||
      attribute('alt') ||
      attribute('placeholder') ||
      (kind !== 'f' ? shownText(element) : label ? labelOf(label, 't') : '') ||
      // The value of a button may be its label; that of a field is what somebody typed.
      (kind === 'b' && attribute('value')) ||
      '',
  );
}
