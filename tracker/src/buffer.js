// Events on their way into a batch, in the order they happened.
//
// An event may stay open while something about it is still to come: a click's reaction, a page's title.
// A batch ends before the first open event, so that nothing changes once it is in a batch and the order
// of events is the order of the batches.

/**
 * @typedef {object} Entry
 * @property {any[]} event
 * @property {boolean} isOpen
 * @property {number} chars
 * @property {unknown[]} [pg] State of the page when it happened, where a batch may begin with it.
 */

/** @type {Entry[]} */
const entries = [];

/**
 * @param {any[]} event
 * @param {boolean} isOpen
 * @param {() => unknown[]} state `pg` of a batch that begins here.
 * @returns {Entry}
 */
export function append(event, isOpen, state) {
  const pg = isOpen || !entries.length ? state() : undefined;
  const entry = { event, isOpen, chars: JSON.stringify(event).length, pg };
  entries.push(entry);
  return entry;
}

/** @returns {Entry | undefined} Only the newest run of moves may still be continued. */
export const newest = () => entries[entries.length - 1];

/** @returns {number} About how long a batch of all would be. */
export const bufferedChars = () => entries.reduce((sum, entry) => sum + entry.chars, 0);

/**
 * Take what a batch may hold.
 *
 * @param {boolean} isAll Open events too, as they are.
 * @returns {{pg: unknown[], e: any[][]} | undefined}
 */
export function take(isAll) {
  const open = isAll ? -1 : entries.findIndex((entry) => entry.isOpen);
  const taken = entries.splice(0, open < 0 ? entries.length : open);
  if (taken.length) return { pg: taken[0].pg || [], e: taken.map((entry) => entry.event) };
  return undefined;
}
