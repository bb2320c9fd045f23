// Walking a document as the visitor sees it: through shadow roots, not stopping at them.

import { attempt } from './scope.js';

/**
 * @param {Element} element
 * @returns {Element | undefined}
 */
export const parentOf = (element) =>
  element.parentElement || /** @type {ShadowRoot} */ (element.getRootNode()).host;

/**
 * @param {Element | null | undefined} element
 * @returns {Element[]} The element and all around it, innermost first.
 */
export function pathOf(element) {
  const path = [];
  for (let at = element; at; at = parentOf(at)) path.push(at);
  return path;
}

/**
 * The innermost element an event happened on, inside open shadow roots too; there only while it happens.
 *
 * @param {Event} event
 * @returns {Element | undefined}
 */
export function elementOf(event) {
  const target = /** @type {any} */ (event.target);
  // The whole path is dear: it is asked for only where the target hides it.
  return target.shadowRoot ? /** @type {Element} */ (event.composedPath()[0]) : target;
}

/**
 * Whether the element or one around it matches. A selector the browser cannot read matches everything: a
 * typing error must not uncover what somebody wanted covered.
 *
 * @param {Element} element
 * @param {string} selector
 * @returns {boolean}
 */
export const isIn = (element, selector) =>
  attempt(() => pathOf(element).some((at) => at.matches(selector))) ?? true;

/**
 * @param {string} position As computed.
 * @returns {boolean} Whether it stays where it is while the page scrolls under it.
 */
export const isPinned = (position) => /fixed|sticky/.test(position);
