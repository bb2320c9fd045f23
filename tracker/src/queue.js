// Batches the server has not acknowledged. They outlive the page in localStorage; a page's last batch
// waits in sessionStorage only, because it has most likely arrived and holds an id that must die with the tab.

import { attempt } from './scope.js';
import { session } from './session.js';
import { local, tab } from './storage.js';

// A visitor offline for a day's reading fits; a site that lost its server does not fill the visitor's disk.
const BATCHES_MAX = 50;
const CHARS_MAX = 256 * 1024;
// The server refuses older ones soon after, and nobody expects a browser to remember longer.
const AGE_MS_MAX = 24 * 3_600_000;
// Another tab sends its own batches within seconds; what is older was left by a tab that is gone.
const ORPHAN_MS = 60_000;
// One page leaves one or two; more would only lengthen every batch.
const UNCONFIRMED_MAX = 20;
const PREFIX = 'ust.q.';

/**
 * @typedef {object} Batch What never changes once it has a seq.
 * @property {1} v
 * @property {string} k
 * @property {string} s
 * @property {number} q
 * @property {number} t
 * @property {0 | string[]} c
 * @property {unknown[]} pg
 * @property {Record<string, unknown>} [m]
 * @property {unknown[][]} e
 */

const ownPrefix = () => `${PREFIX}${session.i}.`;
/** @param {Batch} batch */
const keyOf = (batch) => `${PREFIX}${batch.s}.${batch.q}`;

/**
 * @param {import('./storage.js').Store} store
 * @param {Batch} batch
 */
const write = (store, batch) => store.set(keyOf(batch), Date.now() + JSON.stringify(batch));

/**
 * @param {import('./storage.js').Store} store
 * @param {string} key
 * @returns {Batch | undefined}
 */
const read = (store, key) => attempt(() => JSON.parse(store.get(key).replace(/^\d+/, '')));

/** Keys with the time each batch was kept, oldest first, after dropping what is over a limit. */
function kept() {
  let chars = 0;
  return local
    .keys(PREFIX)
    .map((key) => ({ key, at: parseFloat(local.get(key)) }))
    .sort((a, b) => b.at - a.at)
    .filter(({ key, at }, index) => {
      chars += local.get(key).length;
      const isKept = index < BATCHES_MAX && chars <= CHARS_MAX && Date.now() - at < AGE_MS_MAX;
      if (!isKept) local.remove(key);
      return isKept;
    })
    .reverse();
}

/** @param {Batch} batch */
export function enqueue(batch) {
  write(local, batch);
  kept();
}

/**
 * The next batch to send: of this session, or left behind by a tab that is gone.
 *
 * @returns {Batch | undefined}
 */
export function nextBatch() {
  for (const { key, at } of kept()) {
    const batch = (key.startsWith(ownPrefix()) || Date.now() - at > ORPHAN_MS) && read(local, key);
    if (batch) return batch;
  }
  return undefined;
}

/** @param {Batch} batch */
export function dequeue(batch) {
  local.remove(keyOf(batch));
  tab.remove(keyOf(batch));
}

/** @param {Batch} batch */
export const hold = (batch) => write(tab, batch);

/** @returns {number[]} Seqs of last batches sent by this tab that the server has not acknowledged. */
export const heldSeqs = () =>
  tab
    .keys(ownPrefix())
    .map((key) => +key.slice(ownPrefix().length))
    .slice(-UNCONFIRMED_MAX);

/**
 * @param {string} key
 * @param {boolean} isWanted Whether it is to be sent once more.
 */
function release(key, isWanted) {
  const batch = isWanted && read(tab, key);
  if (batch) enqueue(batch);
  tab.remove(key);
}

/**
 * The server answered which of the held batches it lacks: those are sent again.
 *
 * @param {string} id
 * @param {number[]} asked
 * @param {number[]} missing
 */
export function confirm(id, asked, missing) {
  for (const seq of asked) release(`${PREFIX}${id}.${seq}`, missing.includes(seq));
}

/**
 * Last batches of sessions this tab no longer has: nobody will ask the server about them.
 *
 * @param {boolean} isClone They are copies, and the original tab will see to them.
 */
export function releaseForeign(isClone) {
  for (const key of tab.keys(PREFIX)) if (!key.startsWith(ownPrefix())) release(key, !isClone);
}
