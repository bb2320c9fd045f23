// Inner scrollers: how far what is under the pointer has been scrolled apart from the page.

import { parentOf } from './element.js';
import { selectorOf } from './selector.js';
import { isScroller } from './target.js';

/**
 * What `scrollersAround` found. Whoever asks it clears this now and then: a box may become a scroller.
 *
 * @type {Map<Element | undefined, Element[]>}
 */
export const around = new Map();

/**
 * @param {Element | undefined} element
 * @returns {Element[]} The scrollers around it, innermost first; the same list for all that stand in the same.
 */
export function scrollersAround(element) {
  let found = around.get(element);
  if (!found) {
    found = element ? scrollersAround(parentOf(element)) : [];
    if (element && isScroller(element)) found = [element, ...found];
    around.set(element, found);
  }
  return found;
}

/**
 * @param {Element[]} scrollers
 * @returns {Array<[selector: string, cx: number, cy: number]>} Empty where only the page scrolls. The offset
 *   is that of all scrollers around together, so that `x + sx + cx` is where a layout has it.
 */
export function containerField(scrollers) {
  /** @param {'scrollLeft' | 'scrollTop'} side */
  const offset = (side) => Math.round(scrollers.reduce((sum, at) => sum + at[side], 0));
  return scrollers.length ? [[selectorOf(scrollers[0]), offset('scrollLeft'), offset('scrollTop')]] : [];
}
