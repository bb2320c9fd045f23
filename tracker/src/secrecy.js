// Which fields are never recorded, whatever the settings say.

import { config } from './config.js';
import { isIn } from './element.js';

// Types, the browser's own hints what to fill in, and names in the languages forms are written in.
const SECRET =
  /pass|pwd|pin\b|secret|token|otp|one-time|mfa|cvv|cvc|csc|cc-|card|iban|account|ssn|social|tax|birth|geheim|kenn.?wort|senha|contrase|auth|api.?key|^hidden$|^file$/i;
// A form has a handful of passwords; a page that makes up fields without end is not remembered without end.
const REMEMBERED_MAX = 1_000;

/** @type {Set<Element | string>} Frameworks replace the element to show a password; its name stays. */
const remembered = new Set();

/** @param {Element} field */
const marksOf = (field) => [field, field.getAttribute('name') || field, field.id || field];

/**
 * Once a password, never again recorded.
 *
 * @param {Element} field
 */
export function notePassword(field) {
  for (const mark of marksOf(field)) if (remembered.size < REMEMBERED_MAX) remembered.add(mark);
}

/**
 * @param {Element} field
 * @returns {boolean}
 */
export const isSecret = (field) =>
  !field.matches('input,select,textarea') ||
  marksOf(field).some((mark) => remembered.has(mark)) ||
  ['type', 'name', 'id', 'autocomplete', 'aria-label', 'placeholder'].some((name) =>
    SECRET.test(field.getAttribute(name) || ''),
  ) ||
  isIn(field, ['[data-ust-ignore]', ...config.excludeFields].join());
