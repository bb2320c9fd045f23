// Names an element so that the same element has the same name in the next session.

import { pathOf } from './element.js';

const DEPTH_MAX = 6;
const CHARS_MAX = 128;

/**
 * @param {Element} element
 * @returns {string} A name by which it is known without its ancestors; empty when it has none.
 */
function ownName(element) {
  for (const attribute of ['data-ust-id', 'data-testid', 'id']) {
    const value = element.getAttribute(attribute);
    // An id made by a program changes with every build; one with a long number may name a person.
    if (value && (attribute === 'data-ust-id' || !/\d{3}|[\da-f]{8}|^(?![a-z][\w-]{0,63}$)/i.test(value))) {
      return attribute === 'id'
        ? `#${value}`
        : `[${attribute}="${value.replace(/["\\]/g, '').slice(0, 64)}"]`;
    }
  }
  return '';
}

/**
 * @param {Element} element
 * @returns {string} At most 6 steps and 128 characters.
 */
export function selectorOf(element) {
  let path = '';
  for (const at of pathOf(element).slice(0, DEPTH_MAX)) {
    const name = ownName(at);
    let step = name || at.localName;
    if (!name && at !== document.body) {
      let nth = 1;
      for (let before = at.previousElementSibling; before; before = before.previousElementSibling) {
        if (before.localName === at.localName) nth++;
      }
      step += `:nth-of-type(${nth})`;
    }
    const longer = path ? `${step}>${path}` : step;
    if (longer.length > CHARS_MAX) break;
    path = longer;
    if (name || at === document.body) break;
  }
  return path;
}
