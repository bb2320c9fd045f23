// Everything the tracker hangs into the page goes through here, so that nothing is ever thrown into the
// page and everything can be taken away again.

/**
 * @template R
 * @param {() => R} fn
 * @returns {R | undefined} Undefined where it threw.
 */
export function attempt(fn) {
  try {
    return fn();
  } catch {
    return undefined;
  }
}

/**
 * @template {unknown[]} A
 * @template R
 * @param {(...args: A) => R} fn
 */
export const safely =
  (fn) =>
  (/** @type {A} */ ...args) =>
    attempt(() => fn(...args));

/**
 * settle: a batch is about to be cut (detail: whether everything has to be said now) ·
 * page: another page is shown (detail: how it came) · need: the server asks for layouts (detail: hashes) ·
 * leave, return: the page is hidden or closed, or seen again ·
 * stop: the recording ends.
 *
 * @typedef {'settle' | 'page' | 'need' | 'leave' | 'return' | 'stop'} Signal
 */

/** @type {Array<[Signal, (detail: any) => void]>} */
let hearers = [];
let ending = new AbortController();

/**
 * Listen in the capture phase, before the page can stop an event, and passively, because a tracker that
 * holds up scrolling is felt.
 *
 * @param {EventTarget | undefined} target
 * @param {string} types Separated by spaces.
 * @param {(event: any) => void} fn
 */
export function on(target, types, fn) {
  const options = { capture: true, passive: true, signal: ending.signal };
  for (const type of types.split(' ')) target?.addEventListener(type, safely(fn), options);
}

/**
 * @param {number} delay_ms
 * @param {() => void} fn
 * @returns {() => void} Cancels the timer.
 */
export function after(delay_ms, fn) {
  const { signal } = ending;
  const timer = setTimeout(() => signal.aborted || attempt(fn), delay_ms);
  return () => clearTimeout(timer);
}

/**
 * How the recorder and the kinds of events speak to each other without knowing each other.
 *
 * @param {Signal} signal
 * @param {(detail: any) => void} fn
 */
export function when(signal, fn) {
  hearers.push([signal, fn]);
}

/**
 * @param {Signal} signal
 * @param {unknown} [detail]
 */
export function emit(signal, detail) {
  for (const [heard, fn] of hearers) if (heard === signal) attempt(() => fn(detail));
}

/** Take away all that was started here. */
export function endAll() {
  emit('stop');
  hearers = [];
  ending.abort();
  ending = new AbortController();
}
