// The session: one tab from opening to closing. Its id lives in sessionStorage and dies with the tab.

import { randomId } from './random.js';
import { attempt } from './scope.js';
import { tab } from './storage.js';

// The usual end of a visit; also what people mean by "coming back".
const IDLE_MS_MAX = 30 * 60_000;
// A tab left open for weeks is many visits, not one.
const AGE_MS_MAX = 24 * 3_600_000;
const SESSION_KEY = 'ust.s';

/**
 * @typedef {object} State
 * @property {string} i id
 * @property {number} t start
 * @property {number} q next seq
 * @property {number} p pageview
 * @property {number} a last act of the visitor
 * @property {number} l which page of the tab is live, by when it was opened; 0 between two pages
 */

/** @type {State} */
export let session;
let elapsed_ms = 0;

/** @returns {State | undefined} */
const stored = () => attempt(() => JSON.parse(tab.get(SESSION_KEY)));
const save = () => tab.set(SESSION_KEY, JSON.stringify(session));

/** Two pages of a tab live at once for a moment: the one that goes may hear of it after the one that comes. */
function refresh() {
  const last = stored();
  if (last?.i === session.i) session = { ...last, a: session.a };
}

export function renewSession() {
  const t = Date.now();
  session = { i: randomId(), t, a: t, q: 0, p: 0, l: performance.timeOrigin };
  elapsed_ms = 0;
  save();
}

/** @returns {boolean} */
export function isOver() {
  // A clock set back is as good as one gone on. Written so that a damaged number ends the session too.
  return !(Math.abs(Date.now() - session.a) <= IDLE_MS_MAX && Date.now() - session.t <= AGE_MS_MAX);
}

/**
 * Take up the tab's session or begin one; also after the back/forward cache, because pages in between
 * have used numbers up.
 *
 * A page that starts while one of its tab is live got a copy of another tab's storage, and must not share
 * that tab's id.
 *
 * @param {boolean} [isRestored] From the back/forward cache or drawn in advance, which is never a copy.
 * @returns {boolean} Whether this tab is such a copy.
 */
export function openSession(isRestored) {
  session = stored() || /** @type {any} */ ({});
  const isClone = !isRestored && !!session.l;
  if (isClone || isOver()) renewSession();
  session.l = performance.timeOrigin;
  save();
  return isClone;
}

/** The page goes away; the tab may stay. */
export function closeSession() {
  refresh();
  if (session.l === performance.timeOrigin) session.l = 0;
  save();
}

/** The visitor did something. Not saved at once: this is called for every pointer move. */
export function keepSession() {
  session.a = Date.now();
}

/** @returns {number} ms since the start of the session; never runs backwards. */
export function elapsed() {
  elapsed_ms = Math.max(elapsed_ms, Date.now() - session.t);
  return elapsed_ms;
}

/**
 * @param {'q' | 'p'} which
 * @returns {number} The seq or pageview so far, which is one more from now on.
 */
export function count(which) {
  // Read anew and saved before it is used: no number may be given twice.
  refresh();
  const before = session[which]++;
  save();
  return before;
}
