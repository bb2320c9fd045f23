// The recorder: one session's events from the kinds to the queue, and the moments at which they go.

import { recordedUrl } from './address.js';
import { append, bufferedChars, newest, take } from './buffer.js';
import { config } from './config.js';
import { consentField } from './consent.js';
import { cyrb53 } from './layout-hash.js';
import { enqueue, releaseForeign } from './queue.js';
import { after, emit, endAll, on } from './scope.js';
import {
  closeSession,
  count,
  elapsed,
  isOver,
  keepSession,
  openSession,
  renewSession,
  session,
} from './session.js';
import { purge } from './storage.js';
import { askAboutHeld, pump, retryNow, sendLast, stopTransport } from './transport.js';
import { machine, view } from './view.js';

// Soon after the start, because many pages are left within seconds; then seldom, because radios cost power.
const FLUSH_FIRST_MS = 2_000;
const FLUSH_SECOND_MS = 3_000;
const FLUSH_EVERY_MS = 10_000;
// Leaves room for two batches within what a browser sends while a page closes.
const BATCH_CHARS_MAX = 24 * 1024;

let page = '';
let hasMachine = false;
let isRecording = false;
let isHidden = false;

/**
 * Turn the events so far into a batch.
 *
 * @param {boolean} isAll Open events too.
 * @param {boolean} [isLast] The page may be gone before the answer.
 */
function cut(isAll, isLast) {
  emit('settle', isAll);
  const taken = take(isAll);
  if (!taken) return;
  const { i, t } = session;
  /** @type {import('./queue.js').Batch} */
  const batch = { v: 1, k: config.site, s: i, q: count('q'), t, c: consentField() || 0, ...taken };
  if (!hasMachine) batch.m = machine();
  hasMachine = true;
  if (isLast) sendLast(batch);
  else enqueue(batch);
}

export function flush() {
  cut(false);
  return pump();
}

/**
 * A page load, or a new session within one.
 *
 * @param {'load' | 'spa' | 'bfcache'} how
 * @param {boolean} [isClone]
 */
function begin(how, isClone = false) {
  // The id is the lot, so that the server draws the same one.
  isRecording = cyrb53(session.i) / 2 ** 53 < config.sampleRatio;
  hasMachine = false;
  releaseForeign(isClone);
  askAboutHeld();
  showPage(how);
}

/** A new session in the same page: numbers begin again and the page is seen anew. */
function renewIfOver() {
  if (!isOver()) return;
  // Nothing more may be said in the old session, so what is open stays as it is.
  isRecording = false;
  cut(true);
  renewSession();
  begin('load');
}

/**
 * The page shown is another one.
 *
 * @param {'load' | 'spa' | 'bfcache'} how
 */
export function showPage(how) {
  emit('settle', true);
  page = recordedUrl().split('?')[0];
  count('p');
  emit('page', how);
}

/** The visitor did something: this keeps a session alive and ends one that has been idle. */
export function touch() {
  renewIfOver();
  keepSession();
}

/**
 * Record an event that happens now.
 *
 * @param {string} code
 * @param {any[]} fields
 * @param {boolean} [isOpen] More about it is to come.
 * @returns {import('./buffer.js').Entry | undefined} Nothing when it is not recorded.
 */
export function push(code, fields, isOpen = false) {
  // What a page does by itself does not begin a new session; `touch` does.
  if (!isRecording || isOver()) return undefined;
  if (code !== 'm') emit('push');
  const entry = append([code, elapsed(), ...fields], isOpen, () => [session.p, page, ...view()]);
  if (bufferedChars() > BATCH_CHARS_MAX) after(0, flush);
  return entry;
}

/** @param {'hidden' | 'pagehide'} how */
function leave(how) {
  // Closing a tab that has been hidden needs no further request: all has been sent.
  if ((isHidden && !newest()) || isOver()) return;
  isHidden = true;
  emit('leave', how);
  cut(true, true);
}

/**
 * @param {'load' | 'spa'} how
 * @param {Array<() => void>} kinds What starts each kind of events.
 * @param {boolean} isAhead The page was drawn in advance, and is shown now.
 */
export function startRecording(how, kinds, isAhead) {
  const isClone = openSession(isAhead);
  // The page before goes after this one came, and the browser no longer shows either what the other stores. It
  // may cut one batch when it is hidden and one when it goes.
  if (isAhead) {
    count('q');
    count('q');
  }
  isHidden = document.hidden;
  for (const start of kinds) start();
  begin(how, isClone);

  on('visibilitychange', () => {
    if (document.hidden) return leave('hidden');
    isHidden = false;
    touch();
    emit('return');
    pump();
  });
  on('pagehide', () => {
    leave('pagehide');
    closeSession();
    // A change of visibility follows, and all has been said.
    isRecording = false;
  });
  on('pageshow', (event) => {
    if (!event.persisted) return;
    isHidden = false;
    openSession(true);
    begin('bfcache');
  });
  on('online', retryNow);
  const tick = () => {
    flush();
    after(FLUSH_EVERY_MS, tick);
  };
  after(FLUSH_FIRST_MS, flush);
  after(FLUSH_FIRST_MS + FLUSH_SECOND_MS, tick);
}

/**
 * Stop. What was recorded so far is still sent, unless it is to be purged.
 *
 * @param {boolean} isPurged
 */
export function stopRecording(isPurged) {
  if (isPurged) stopTransport();
  cut(true, true);
  isRecording = false;
  endAll();
  closeSession();
  if (isPurged) purge();
}
