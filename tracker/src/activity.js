// Active time: the page is visible and focused and was touched a moment ago.

import { push, touch } from './recorder.js';
import { on, when } from './scope.js';
import { elapsed } from './session.js';

// Reading without touching anything for longer than this can no longer be told from having left.
const ATTENTION_MS = 30_000;
const TOUCH_GAP_MS = 1_000;

export function activity() {
  let active_ms = 0;
  let countedTo = 0;
  let touchedAt = 0;
  let isWatched = false;
  let heardAt = -TOUCH_GAP_MS;

  /** Count up to now; whatever follows is counted under the conditions it finds. */
  const count = () => {
    const at = elapsed();
    if (isWatched) active_ms += Math.max(0, Math.min(at, touchedAt + ATTENTION_MS) - countedTo);
    countedTo = at;
    isWatched = !document.hidden && document.hasFocus();
  };
  const touched = () => {
    count();
    touchedAt = countedTo;
  };

  on('pointermove pointerdown keydown wheel touchmove', (event, at) => {
    // This is heard for every move of the pointer; a moment's worth of them is one touch.
    if (at - heardAt < TOUCH_GAP_MS || !event.isTrusted) return;
    heardAt = at;
    touch();
    touched();
  });
  on('focus blur', count);
  when('return', touched);
  when('page', touched);
  when('settle', () => {
    count();
    if (active_ms && push('a', [active_ms])) active_ms = 0;
  });
}
