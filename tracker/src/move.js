// Pointer movement as runs: a first position and then only differences, which is a third of the size.
// The first position is the first sample; each difference is to the sample before it.

import { newest } from './buffer.js';
import { containerField, scrollersAround } from './container.js';
import { elementOf } from './element.js';
import { push } from './recorder.js';
import { after, on, when } from './scope.js';
import { elapsed } from './session.js';
import { scrolled } from './view.js';

// Closer samples cannot be told apart in a replay, and cost.
const GAP_MS_MIN = 50;
// Where the pointer comes to rest matters more than any point on its way. A timer for each move would cost
// more than all else here.
const REST_MS = 100;
const GAP_PX_MIN = 4;
const SAMPLES_MAX = 200;
const SAMPLE_CHARS = 9;
// Nobody replays longer; moves are most of what a session weighs.
const AFTER_MS_MAX = 2 * 3_600_000;

export function moves() {
  /** @type {import('./buffer.js').Entry | undefined} */
  let run;
  let frame = '';
  let last = { at: 0, x: 0, y: 0 };
  let x = 0;
  let y = 0;
  let isWaiting = false;
  /** @type {Element | undefined} */
  let under;
  /** @type {Element[] | undefined} Those around `under`, once somebody asked. */
  let scrollers;

  function sample() {
    const at = elapsed();
    if (Math.hypot(x - last.x, y - last.y) < GAP_PX_MIN || at > AFTER_MS_MAX) return;
    scrollers ??= scrollersAround(under);
    const container = containerField(scrollers);
    const now = [scrolled(), container].join();
    if (run && frame === now && newest() === run && run.event[6].length < 3 * (SAMPLES_MAX - 1)) {
      run.event[6].push(at - last.at, x - last.x, y - last.y);
      run.chars += SAMPLE_CHARS;
    } else run = push('m', [...scrolled(), x, y, [], ...container]);
    frame = now;
    last = { at, x, y };
  }

  on(document, 'pointerover', (event) => {
    under = elementOf(event);
    scrollers = undefined;
  });
  on(document, 'pointermove', (event) => {
    // A finger's way is a scroll; the tap at its end is a click.
    if (event.pointerType === 'touch') return;
    x = Math.round(event.clientX);
    y = Math.round(event.clientY);
    if (elapsed() - last.at >= GAP_MS_MIN) sample();
    else if (!isWaiting) {
      isWaiting = true;
      after(REST_MS, () => {
        isWaiting = false;
        sample();
      });
    }
  });
  when('settle', () => {
    run = scrollers = undefined;
  });
}
