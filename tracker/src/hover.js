// How long the pointer was on an element before it was clicked.

import { elementOf, pathOf } from './element.js';
import { on, when } from './scope.js';
import { elapsed } from './session.js';

// Crossing more elements than this between entering a target and clicking it is not hovering.
const TRAIL_MAX = 50;

/**
 * @returns {(target: Element) => number} -1 when not known.
 */
export function hovers() {
  /** @type {Array<[Element, number]>} */
  let trail = [];
  on('pointerover', (event) => {
    trail.push([/** @type {Element} */ (elementOf(event)), elapsed()]);
    trail = trail.slice(-TRAIL_MAX);
  });
  // Elements of a page that is gone must not be kept alive.
  when('page', () => {
    trail = [];
  });

  return (target) => {
    let since = elapsed() + 1;
    for (let i = trail.length; i-- && pathOf(trail[i][0]).includes(target); ) since = trail[i][1];
    return elapsed() - since;
  };
}
