// The size of the window, and of the document where it grows while being read.

import { push } from './recorder.js';
import { after, on, when } from './scope.js';
import { view } from './view.js';

// One event when a drag pauses instead of one a frame.
const GAP_MS = 300;
// Smaller changes are a scrollbar coming and going, or a line breaking differently.
const CHANGE_RATIO_MIN = 0.01;

export function sizes() {
  let last = view();
  let cancel = () => {};

  const measure = () => {
    const size = view();
    const isOther = last.some((side, i) => i < 4 && Math.abs(size[i] - side) > side * CHANGE_RATIO_MIN);
    if (isOther && push('r', size.slice(0, 4))) last = size;
  };
  const changed = () => {
    cancel();
    cancel = after(GAP_MS, measure);
  };

  on('resize', changed);
  when('page', () => {
    last = view();
  });
  const observer = new ResizeObserver(changed);
  observer.observe(document.documentElement);
  when('stop', () => observer.disconnect());
}
