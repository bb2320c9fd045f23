// What a click is said to be on, and what a layout draws: one answer for both, so that every click can be
// laid on a layout.

import { pathOf } from './element.js';

/** @typedef {'' | 'h' | 'a' | 'b' | 'f' | 'i' | 'm' | 't' | 'x'} BoxKind */

// Smaller than this a coloured box is a rule, a dot or an icon's background.
const CONTAINER_PX_MIN = 24;

/** The first that matches counts. */
const KINDS = /** @type {Array<[BoxKind, string]>} */ ([
  ['b', 'button,summary,[role=button],[role=tab],[role^=menuitem],[type=button],[type=submit]'],
  ['f', 'input,select,textarea,[contenteditable]:not([contenteditable=false])'],
  ['a', 'a[href],[role=link]'],
  ['h', 'h1,h2,h3,h4,h5,h6,[role=heading]'],
  ['i', 'img,svg,canvas,[role=img]'],
  ['m', 'video,audio,iframe'],
  ['x', 'body,header,nav,main,section,article,aside,footer,form,dialog,table'],
]);

// A box may look different under the pointer; what it was when the layout was measured is what counts.
/** @type {WeakMap<Element, BoxKind>} */
let known = new WeakMap();

/**
 * @param {Element} element
 * @returns {BoxKind}
 */
function ownKind(element) {
  for (const [kind, selector] of KINDS) if (element.matches(selector)) return kind;
  for (const node of element.childNodes)
    if (node.nodeType === 3 && /\S/.test(node.nodeValue || '')) return 't';
  return isBox(element) ? 'x' : '';
}

/**
 * @param {Element} element
 * @returns {unknown} Something true where the visitor sees where it ends.
 */
function isBox(element) {
  const { width, height } = element.getBoundingClientRect();
  if (Math.min(width, height) < CONTAINER_PX_MIN) return false;
  const style = getComputedStyle(element);
  return (
    parseFloat(style.borderTopWidth) ||
    style.boxShadow !== 'none' ||
    !/a.+ 0\)/.test(style.backgroundColor) ||
    isScroller(element)
  );
}

/**
 * @param {Element} element
 * @returns {boolean} Whether it scrolls by itself, apart from the page.
 */
export const isScroller = (element) =>
  element !== document.scrollingElement &&
  // Sizes first: asking for a style is what costs.
  (element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1) &&
  /auto|scroll/.test(getComputedStyle(element).overflow);

/**
 * The kind of an element given what it stands in. A button is one thing with all it holds; a link, a
 * heading and a text keep their words together but let pictures and boxes in them be seen.
 *
 * @param {Element} element
 * @param {BoxKind} inside
 * @returns {BoxKind}
 */
export function kindWithin(element, inside) {
  if (isWhole(inside)) return '';
  const kind = known.get(element) ?? ownKind(element);
  return kind === 't' && inside ? '' : kind;
}

/**
 * @param {BoxKind} kind
 * @returns {boolean} Whether everything in it is part of it.
 */
export const isWhole = (kind) => /[bfim]/.test(kind);

/**
 * @param {BoxKind} kind
 * @param {BoxKind} inside
 * @returns {BoxKind} What the element's children stand in.
 */
export const enclosing = (kind, inside) => (/[^x]/.test(kind) ? kind : inside);

/** A layout is about to be measured, and nothing is taken for granted. */
export function forgetKinds() {
  known = new WeakMap();
}

/**
 * @param {Element} element
 * @param {BoxKind} kind
 */
export const remember = (element, kind) => known.set(element, kind);

/**
 * The nearest element around that a layout would draw.
 *
 * @param {Element} element
 * @returns {[target: Element, kind: BoxKind]}
 */
export function targetOf(element) {
  let target = document.body;
  /** @type {BoxKind} */
  let kind = 'x';
  /** @type {BoxKind} */
  let inside = '';
  for (const at of /** @type {HTMLElement[]} */ (pathOf(element).reverse())) {
    const own = kindWithin(at, inside);
    if (own) [target, kind] = [at, own];
    inside = enclosing(own, inside);
  }
  return [target, kind];
}
