// Inner scrollers: how far what is under the pointer has been scrolled apart from the page.

import { pathOf } from './element.js';
import { selectorOf } from './selector.js';
import { isScroller } from './target.js';

/**
 * @param {Element | undefined} element
 * @returns {Element[]} The scrollers around it, innermost first.
 */
export const scrollersAround = (element) => pathOf(element).filter((at) => isScroller(at));

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
