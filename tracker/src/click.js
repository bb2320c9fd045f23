// Clicks and taps.

import { containerField } from './container.js';
import { track } from './custom.js';
import { elementOf, isPinned, pathOf } from './element.js';
import { hovers } from './hover.js';
import { labelOf } from './label.js';
import { reactions } from './reaction.js';
import { push } from './recorder.js';
import { on } from './scope.js';
import { selectorOf } from './selector.js';
import { isScroller, targetOf } from './target.js';
import { scrolled } from './view.js';

const REACTION_FIELD = 12;
// No hand is that fast.
const PASSED_ON_MS = 10;

/**
 * @param {number} offset_px
 * @param {number} size_px
 * @returns {number}
 */
const perMille = (offset_px, size_px) =>
  Math.min(1000, Math.max(0, Math.round((1000 * offset_px) / size_px) || 0));

// Programs leave this page for others; without the Navigation API a slow page cannot be told from none.
const OUTGOING = 'navigation' in window ? 'a[href^=mailto],a[href^=tel]' : 'a';

/**
 * @param {Element} origin
 * @returns {boolean} Whether this page can see all that a click here may do.
 */
const isKnowable = (origin) => origin.getRootNode() === document && !origin.closest(OUTGOING);

export function clicks() {
  const hoverOf = hovers();
  const awaitReaction = reactions();
  let pointerType = '';
  let clickedAt = 0;

  on('pointerdown', (event) => {
    ({ pointerType } = event);
  });
  on('click auxclick', (event, at) => {
    const origin = elementOf(event);
    // A second click in the same moment is the browser or the page passing the first on: a label its field's.
    const isPassedOn = at - clickedAt < PASSED_ON_MS;
    clickedAt = at;
    if (!origin || isPassedOn) return;
    const name = origin.closest('[data-ust-track]')?.getAttribute('data-ust-track');
    if (name) track(name);

    const [target, kind] = targetOf(origin);
    const box = target.getBoundingClientRect();
    // A click from the keyboard or a script is at 0, 0, where no hand clicks: it happens in the middle.
    const isPlaced = event.clientX || event.clientY;
    const x = isPlaced ? event.clientX : box.left + box.width / 2;
    const y = isPlaced ? event.clientY : box.top + box.height / 2;
    const isKey = event.isTrusted && !event.detail && !event.button;
    const isTouch = !isKey && (event.pointerType || pointerType) === 'touch';
    const isClickable =
      /[abf]/.test(kind) || origin.closest('label') || getComputedStyle(origin).cursor === 'pointer';
    // 1 fixed, 2 untrusted, 4 touch, 8 keyboard, 16 clickable, 32 after a selection.
    const flags = [
      pathOf(target).some((around) => isPinned(getComputedStyle(around).position)),
      !event.isTrusted,
      isTouch,
      isKey,
      isClickable,
      getSelection()?.isCollapsed === false,
    ].reduce((sum, is, bit) => sum | (is ? 1 << bit : 0), 0);
    const entry = push(
      'c',
      [
        Math.round(x),
        Math.round(y),
        ...scrolled(),
        event.button,
        perMille(x - box.left, box.width),
        perMille(y - box.top, box.height),
        selectorOf(target),
        labelOf(target, kind),
        flags,
        null,
        isTouch || isKey || !event.isTrusted ? -1 : hoverOf(target),
        ...containerField(pathOf(origin).filter(isScroller)),
      ],
      // A field answers by taking the focus, before the click; a script waits for nothing.
      event.isTrusted && kind !== 'f',
    );
    if (entry?.isOpen) {
      awaitReaction(origin, !event.button && isKnowable(origin), (reaction_ms) => {
        entry.event[REACTION_FIELD] = reaction_ms;
        entry.isOpen = false;
      });
    }
  });
}
