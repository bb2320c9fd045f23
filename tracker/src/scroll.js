// Scrolling: of the page, and of boxes inside it, which is where most applications scroll.

import { push } from './recorder.js';
import { after, on, when } from './scope.js';
import { selectorOf } from './selector.js';
import { scrolled } from './view.js';

// Ten positions a second draw a smooth replay.
const GAP_MS = 100;
// More boxes moving at once are an animation.
const BOXES_MAX = 20;

export function scrolls() {
  /** @type {Map<EventTarget, () => void>} What moved, and how to record where it is. */
  const moved = new Map();

  on('scroll', ({ target }) => {
    // A field scrolls with what is typed into it: how far is nobody's business.
    if (moved.has(target) || moved.size >= BOXES_MAX || /INPUT|TEXTAREA/.test(target.tagName)) return;
    const record = () => {
      cancel();
      moved.delete(target);
      if (target === document) push('s', scrolled());
      else {
        const sides = [
          'scrollLeft',
          'scrollTop',
          'scrollWidth',
          'scrollHeight',
          'clientWidth',
          'clientHeight',
        ];
        push('S', [selectorOf(target), ...sides.map((side) => Math.round(target[side]))]);
      }
    };
    const cancel = after(GAP_MS, record);
    moved.set(target, record);
  });
  when('settle', (isAll) => isAll && moved.forEach((record) => void record()));
}
