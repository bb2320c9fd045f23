// How soon a click changed something: the first of a change in the document, a scroll, a selection, a
// focus, typing, a navigation.

import { after, on, when } from './scope.js';
import { elapsed } from './session.js';

// Who waits longer has given up.
const WAIT_MS = 5_000;
// Who does something else sooner may have been too quick for the page: no verdict.
const PATIENCE_MS = 2_000;

/**
 * @returns {(origin: Element, isKnowable: boolean, done: (reaction_ms: number | null) => void) => void} Waits for
 *   the reaction to a click that happened now. Where one may happen out of sight, no answer is no verdict.
 */
export function reactions() {
  /** @type {Set<(isAnswered?: unknown) => void>} */
  const pending = new Set();
  /** @type {Element | undefined} */
  let source;

  /** @param {unknown} [isAnswered] What changed: every waiting click may have been the cause. */
  const settleAll = (isAnswered) => pending.forEach((settle) => void settle(isAnswered));
  // Watching a whole document costs, so it lasts only while a click waits.
  const observer = new MutationObserver(settleAll);

  when('settle', (isAll) => isAll && settleAll(true));
  when('stop', () => observer.disconnect());
  // What follows the visitor's next act elsewhere is no answer to the click before it, and turning the
  // wheel over the same element is another act too.
  on('pointerdown keydown wheel touchmove', (event) => {
    if (event.deltaY || event.target !== source) settleAll();
  });
  on('scroll focusin blur', settleAll);
  on('selectionchange', () => getSelection()?.isCollapsed || settleAll(true));
  on('navigate', settleAll, /** @type {any} */ (window).navigation);

  return (origin, isKnowable, done) => {
    source = origin;
    const clickedAt = elapsed();
    /** @param {unknown} [isAnswered] */
    const settle = (isAnswered) => {
      const waited_ms = elapsed() - clickedAt;
      cancel();
      pending.delete(settle);
      if (!pending.size) observer.disconnect();
      done(isAnswered ? waited_ms : isKnowable && waited_ms > PATIENCE_MS ? -1 : null);
    };
    const cancel = after(WAIT_MS, settle);
    pending.add(settle);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  };
}
