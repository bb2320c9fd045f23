// Pointer movement as runs: a first position and then only differences, which is a third of the size.
// The first position is the first sample; each difference is to the sample before it.

import { newest } from './buffer.js';
import { around, containerField, scrollersAround } from './container.js';
import { elementOf } from './element.js';
import { push } from './recorder.js';
import { on, when } from './scope.js';
import { elapsed } from './session.js';
import { scrolled } from './view.js';

// Closer samples cannot be told apart in a replay, and cost. Where the pointer comes to rest matters more than
// any point on its way, so the newest position becomes a sample when something else happens or a pause follows.
const GAP_MS_MIN = 50;
const GAP_PX_MIN = 4;
const SAMPLES_MAX = 200;
const SAMPLE_CHARS = 9;
// Nobody replays longer; moves are most of what a session weighs.
const AFTER_MS_MAX = 2 * 3_600_000;

export function moves() {
  /** @type {any} */
  let run;
  /** @type {any} The last sample. */
  let last = {};
  /** @type {any} The newest move, until it is a sample. Only then is it asked where it was: that costs most. */
  let move;
  let movedAt = 0;
  let sampledAt = 0;
  /** @type {any} */
  let located;
  /** @type {any[]} What the positions of a run are relative to. */
  let frame = [];
  /** @type {Element[] | undefined} What the frame was found for; another list once anything has scrolled. */
  let under;

  function locate() {
    if (!move || located === move) return;
    located = move;
    const element = elementOf(move);
    // What scrolls inside a shadow root is not heard out here; and which element it was there is soon forgotten.
    const scrollers = scrollersAround(element);
    if (element && (scrollers !== under || element !== move.target)) {
      const found = [...scrolled(), ...containerField(scrollers)];
      under = scrollers;
      if (found.join() !== frame.join()) run = undefined;
      frame = found;
    }
  }

  function sample() {
    locate();
    // A finger's way is a scroll; the tap at its end is a click.
    if (move && move.pointerType !== 'touch') {
      // The move that begins a new session was made before it, and one that was heard late before what came since.
      const at = Math.max(newest()?.event[1] | 0, elapsed() - Math.round(performance.now() - movedAt));
      const x = Math.round(move.clientX);
      const y = Math.round(move.clientY);
      // The first is far from nowhere.
      if (at < AFTER_MS_MAX && !(Math.hypot(x - last.x, y - last.y) < GAP_PX_MIN)) {
        if (newest() === run && run?.event[6].length < 3 * (SAMPLES_MAX - 1)) {
          run.event[6].push(Math.max(0, at - last.at), x - last.x, y - last.y);
          run.chars += SAMPLE_CHARS;
        } else {
          const [sx, sy, ...container] = frame;
          run = push('m', [sx, sy, x, y, [], ...container]);
          if (run) run.event[1] = at;
        }
        last = { at, x, y };
      }
    }
    move = undefined;
    sampledAt = movedAt;
  }

  on('scroll', () => {
    locate();
    around.clear();
  });
  on('pointermove', (event, at) => {
    // It has rested where it was.
    if (at - movedAt >= GAP_MS_MIN) sample();
    move = event;
    movedAt = at;
    if (at - sampledAt >= GAP_MS_MIN) sample();
  });
  when('push', sample);
  when('settle', () => {
    sample();
    run = undefined;
    around.clear();
  });
}
