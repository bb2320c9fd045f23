// Brings batches to the server, at least once, and knows when to wait and when to stop.

import { confirm, dequeue, heldSeqs, hold, nextBatch } from './queue.js';
import { session } from './session.js';

const RETRY_FIRST_MS = 2_000;
const RETRY_MS_MAX = 5 * 60_000;
// A server may ask for more patience than we would have, but not for ever.
const RETRY_AFTER_MS_MAX = 3_600_000;
// Browsers refuse a keepalive body over 64 KiB, all such bodies in flight counted together.
const KEEPALIVE_BYTES_MAX = 60_000;

/** @typedef {import('./queue.js').Batch} Batch */
/** @typedef {{need?: string[], miss?: number[], off?: number}} Answer */

let url = '';
let isBusy = false;
let isStopped = false;
let failures = 0;
let retryAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {number[]} Sent by earlier pages, and the server was not yet asked whether they arrived. */
let unconfirmed = [];
/** @type {(answer: Answer) => void} */
let hear;

/**
 * @param {string} endpoint
 * @param {(answer: Answer) => void} onAnswer With `off` the server wants this browser to stop.
 */
export function startTransport(endpoint, onAnswer) {
  url = endpoint;
  hear = onAnswer;
  isStopped = false;
}

export function stopTransport() {
  isStopped = true;
  clearTimeout(timer);
}

/** Ask the server about the last batches of earlier pages with whatever is sent next. */
export function askAboutHeld() {
  unconfirmed = heldSeqs();
}

/**
 * A text needs no permission asked in advance. No `sendBeacon`: it carries the site's cookies. A browser too old for `keepalive` may lose the last batch of
 * a tab that is closed, no other.
 *
 * @param {Batch} batch
 * @param {number[]} asked
 */
function post(batch, asked) {
  const body = JSON.stringify({ ...batch, n: Date.now(), u: asked });
  return fetch(url, {
    method: 'POST',
    credentials: 'omit',
    keepalive: new TextEncoder().encode(body).length < KEEPALIVE_BYTES_MAX,
    body,
  });
}

/**
 * @param {Batch} batch
 * @param {boolean} isLast
 * @returns {Promise<boolean>} Whether the next batch may follow.
 */
async function send(batch, isLast) {
  const asked = batch.s === session.i ? unconfirmed : [];
  let status = 0;
  let patience_ms = 0;
  /** @type {Answer} */
  let answer = {};
  try {
    const response = await post(batch, asked);
    status = response.status;
    // Seconds; the other form, a date, is left to clocks that agree.
    patience_ms = Number(response.headers.get('Retry-After')) * 1000 || 0;
    if (status === 200) answer = await response.json();
  } catch {
    // No status: the network failed. With one: acknowledged, and there is nothing more to learn.
  }
  if (isStopped) return false;
  if (status === 403 || status === 410) answer = { off: 1 };
  if (answer.off) {
    hear(answer);
    return false;
  }
  if (!status || status === 408 || status === 429 || status >= 500) {
    // The page is still here, so its last batch can wait with the others.
    if (isLast) confirm(batch.s, [batch.q], [batch.q]);
    const backoff_ms = RETRY_FIRST_MS * 2 ** failures++ * (0.5 + Math.random());
    const delay_ms = Math.max(Math.min(backoff_ms, RETRY_MS_MAX), Math.min(patience_ms, RETRY_AFTER_MS_MAX));
    retryAt = Date.now() + delay_ms;
    clearTimeout(timer);
    timer = setTimeout(pump, delay_ms);
    return false;
  }
  // Acknowledged, or refused for good: sending it again cannot help.
  dequeue(batch);
  if (status < 300) {
    failures = 0;
    confirm(batch.s, asked, answer.miss || []);
    if (asked === unconfirmed) unconfirmed = [];
    hear(answer);
  }
  return true;
}

/** Send what waits, one after the other. */
export async function pump() {
  if (isBusy || isStopped || Date.now() < retryAt) return;
  isBusy = true;
  let batch = nextBatch();
  while (batch && (await send(batch, false))) batch = nextBatch();
  isBusy = false;
}

/** The network is back: the whole queue goes at once. */
export function retryNow() {
  failures = retryAt = 0;
  return pump();
}

/**
 * Send a batch although the page may be gone before the answer.
 *
 * @param {Batch} batch
 */
export async function sendLast(batch) {
  hold(batch);
  if (!isStopped && (await send(batch, true))) pump();
}
