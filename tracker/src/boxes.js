// Measures what a page is made of: kinds and places of its boxes, and the first words of each.

import { isPinned } from './element.js';
import { labelOf } from './label.js';
import { selectorOf } from './selector.js';
import { enclosing, forgetKinds, isScroller, isWhole, kindWithin, remember } from './target.js';

// More boxes than this cannot be told apart in a terminal or on a picture.
const BOXES_MAX = 400;
// A smaller box cannot be seen, or is kept for screen readers only.
const SIDE_PX_MIN = 4;
const FIXED = 1;

/**
 * @typedef {[kind: string, x: number, y: number, w: number, h: number, text: string, flags: number,
 *   selector: string, container: number]} Box
 */

/**
 * Boxes in document order. Positions are document px as if no inner scroller had been scrolled; a fixed
 * box stands where it is while the page is at its top.
 *
 * @returns {(until: number) => Box[] | undefined} Goes on measuring until that moment; gives the boxes once
 *   there are all.
 */
export function boxMeasure() {
  /** @type {Box[]} */
  const boxes = [];
  /** @typedef {[element: Element, inside: import('./target.js').BoxKind, container: number, dx: number, dy: number, flags: number]} Visit */
  /** @type {Visit[]} What is still to be looked at, the next one last. */
  const todo = [[document.body, '', -1, scrollX, scrollY, 0]];

  /**
   * @param {Element} element
   * @param {import('./target.js').BoxKind} inside
   * @param {number} container Index of the box of the scroller around, or -1.
   * @param {number} dx Added to a position on the screen to get one in the document.
   * @param {number} dy
   * @param {number} flags
   */
  function visit(element, inside, container, dx, dy, flags) {
    const style = getComputedStyle(element);
    const rect = element.getBoundingClientRect();
    // Each property is looked up when it is asked for, so it is asked for where it matters only.
    // What has no size and lets nothing hang out of it hides all it holds.
    if (!(rect.width * rect.height) && (style.display === 'none' || style.overflowY !== 'visible')) return;
    const { position } = style;
    if (isPinned(position)) flags = FIXED;
    if (position === 'fixed') dx = dy = 0;
    const kind = kindWithin(element, inside);
    if (!inside) remember(element, kind);
    const [x, y, w, h] = [rect.left + dx, rect.top + dy, rect.width, rect.height].map(Math.round);
    const index = boxes.length;
    if (kind && Math.min(w, h, x + w, y + h) >= SIDE_PX_MIN && style.visibility === 'visible') {
      boxes.push([kind, x, y, w, h, labelOf(element, kind), flags, selectorOf(element), container]);
    }
    inside = enclosing(kind, inside);
    if (isWhole(inside)) return;
    if (style.overflowY !== 'visible' && isScroller(element)) {
      if (boxes[index]) container = index;
      dx += element.scrollLeft;
      dy += element.scrollTop;
    }
    const within = [...(element.shadowRoot?.children || []), ...element.children];
    // What is folded away keeps its size.
    for (const child of within.reverse())
      if (!child.matches(':not([open])>summary~*')) todo.push([child, inside, container, dx, dy, flags]);
  }

  forgetKinds();
  return (until) => {
    for (let next = todo.pop(); next; next = todo.pop()) {
      visit(...next);
      if (boxes.length >= BOXES_MAX) break;
      if (performance.now() > until && todo.length) return undefined;
    }
    return boxes;
  };
}
