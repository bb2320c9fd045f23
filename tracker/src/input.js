// Fields being filled in: how much by default, what only where the operator chose that.

import { config } from './config.js';
import { elementOf } from './element.js';
import { isMasked } from './label.js';
import { push } from './recorder.js';
import { after, on, when } from './scope.js';
import { isSecret, notePassword } from './secrecy.js';
import { selectorOf } from './selector.js';

// A pause this long ends a word for most people.
const PAUSE_MS = 750;
// Longer texts are letters, and letters are nobody's statistics.
const VALUE_CHARS_MAX = 512;

/**
 * @param {HTMLInputElement} field
 * @param {boolean} isPlain
 * @returns {[length: number, value: string | 0]}
 */
export function measured(field, isPlain) {
  const isTicked = /checkbox|radio/.test(field.type);
  const value = isTicked ? (field.checked ? 'on' : 'off') : field.value;
  if (isPlain) return [value.length, value.slice(0, VALUE_CHARS_MAX)];
  // The length of a choice tells which it was, so masked it is always 1: touched.
  return [isTicked || field.tagName === 'SELECT' ? 1 : value.length, 0];
}

export function inputs() {
  if (config.inputs === 'off') return;
  /** @type {any} */
  let typing;
  let stopWaiting = () => {};

  function record() {
    stopWaiting();
    if (typing && !isSecret(typing)) {
      const isPlain = config.inputs === 'plain' && !isMasked(typing);
      push('i', [selectorOf(typing), ...measured(typing, isPlain)]);
    }
    typing = null;
  }

  on('pointerdown keydown focusin input', (event) => {
    const field = /** @type {HTMLInputElement} */ (elementOf(event));
    // A password made visible is still one. Whatever shows it follows a press or a key, so it is noted before.
    for (const other of [field, ...document.querySelectorAll('[type=password]')]) {
      if (/** @type {HTMLInputElement} */ (other).type === 'password') notePassword(other);
    }
    if (typing !== field) record();
    if (event.type !== 'input') return;
    typing = field;
    stopWaiting();
    stopWaiting = after(PAUSE_MS, record);
  });
  on('change focusout', record);
  when('settle', (isAll) => isAll && record());
}
