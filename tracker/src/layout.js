// Layouts: each page is named by its hash, and its boxes travel only when the server does not know them.

import { boxMeasure } from './boxes.js';
import { layoutHash } from './layout-hash.js';
import { push } from './recorder.js';
import { after, on, safely, when } from './scope.js';
import { view } from './view.js';

// By then most pages stand still.
const AFTER_MS = 1_000;
// Half a frame: nobody feels it.
const SLICE_MS = 8;
// Some thousands of elements on a slow phone; a page that takes longer has better things to do.
const SLICES_MAX = 50;
// Half of a layout before and half after a change would pass for another page, so measuring begins again
// once the page has stood still for a while. One that never does has no layout.
const TRIES_MAX = 9;
// A busy page has no idle moments; then a slice comes anyway.
const IDLE_WAIT_MS = 500;

export function layouts() {
  let hash = '';
  /** @type {import('./boxes.js').Box[]} */
  let boxes;
  let tries = 0;
  let cancel = () => {};
  /** @type {(() => void) | undefined} Set while a page is being measured. */
  let current;

  const rest = () => {
    current = undefined;
    observer.disconnect();
  };

  function measure() {
    const measureUntil = boxMeasure();
    let slices = SLICES_MAX;
    const slice = safely(() => {
      if (current !== slice) return;
      const found = measureUntil(performance.now() + SLICE_MS);
      if (!found && slices--) {
        observer.observe(document, { subtree: true, childList: true, attributes: true });
        wait();
        return;
      }
      rest();
      if (!found) return;
      boxes = found;
      hash = layoutHash(boxes);
      push('k', [hash, ...view().slice(2, 4)]);
    });
    const wait = () =>
      (window.requestIdleCallback || setTimeout)(slice, /** @type {any} */ ({ timeout: IDLE_WAIT_MS }));
    current = slice;
    wait();
  }

  const plan = () => {
    cancel();
    rest();
    if (tries++ < TRIES_MAX) cancel = after(AFTER_MS, measure);
  };
  const changed = () => current && plan();
  const observer = new MutationObserver(changed);

  const anew = () => {
    hash = '';
    tries = 0;
    plan();
  };

  when('page', anew);
  // With hash routing the page stays the same by name, but not by look.
  on('hashchange', anew);
  on('scroll resize', changed);
  when('stop', rest);
  when('need', (hashes) => {
    // Another page may be shown by now; the server asks the next visitor then.
    if (hashes?.includes(hash)) push('K', [hash, boxes]);
  });
}
