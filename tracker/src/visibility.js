// Whether the page is seen, and that it was left.

import { push } from './recorder.js';
import { on, when } from './scope.js';

export function visibility() {
  when('leave', (how) => (how === 'hidden' ? push('v', [0]) : push('u', [])));
  when('return', () => push('v', [1]));
  on('focus blur', ({ target, type }) => {
    // Every field that gets the focus passes here too.
    if (target === window) push('f', [+(type === 'focus')]);
  });
}
