// Errors of the page's own scripts, without what they were about.

import { recordedReferrer } from './address.js';
import { maskedText } from './label.js';
import { push } from './recorder.js';
import { on, when } from './scope.js';

// A page broken in a loop says the same thing for ever.
const ERRORS_MAX = 10;
const MESSAGE_CHARS_MAX = 200;

export function errors() {
  /** @type {Set<string>} */
  const told = new Set();

  on('error unhandledrejection', ({ message, reason, filename = '', lineno = 0, colno = 0 }) => {
    const text = message || reason?.message || reason;
    // A picture that does not load arrives here too, without a message.
    if (!text) return;
    const fields = [maskedText(String(text), MESSAGE_CHARS_MAX), recordedReferrer(filename), lineno, colno];
    const key = fields.join();
    if (told.has(key) || told.size >= ERRORS_MAX) return;
    told.add(key);
    push('e', fields);
  });
  when('page', () => told.clear());
}
