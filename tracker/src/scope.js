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

/** @type {Record<string, Array<(detail: any, at: number) => void>>} By type of event, or by signal. */
let hearers = {};
let ending = new AbortController();

/**
 * @param {string} name
 * @param {unknown} detail
 * @param {number} at
 */
function tell(name, detail, at) {
  for (const fn of hearers[name] || []) {
    // As `attempt` does, which is too dear for every move of the pointer.
    try {
      fn(detail, at);
    } catch {}
  }
}

/**
 * Listen in the capture phase, before the page can stop an event, and passively, because a tracker that
 * holds up scrolling is felt. For each type the browser is asked once, and an event asked once when it was: at
 * every move of the pointer that costs more than what is done with it.
 *
 * @param {string} types Separated by spaces.
 * @param {(event: any, at: number) => void} fn `at` is the event's own time.
 * @param {EventTarget | null} [target] The same for all that hear a type; none where it is no event of the page.
 */
export function on(types, fn, target = window) {
  const { signal } = ending;
  for (const type of types.split(' ')) {
    if (!hearers[type]) {
      hearers[type] = [];
      target?.addEventListener(type, (event) => tell(type, event, event.timeStamp), {
        capture: true,
        passive: true,
        signal,
      });
    }
    hearers[type].push(fn);
  }
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
 * settle: a batch is about to be cut (detail: whether everything has to be said now) ·
 * page: another page is shown (detail: how it came) · push: an event other than a move is about to be recorded ·
 * need: the server asks for layouts (detail: hashes) · leave, return: the page is hidden or closed, or seen
 * again · stop: the recording ends.
 *
 * @typedef {'settle' | 'page' | 'push' | 'need' | 'leave' | 'return' | 'stop'} Signal
 */

/**
 * @param {Signal} signal
 * @param {(detail: any) => void} fn
 */
export const when = (signal, fn) => on(signal, fn, null);

/**
 * @param {Signal} signal
 * @param {unknown} [detail]
 */
export const emit = (signal, detail) => tell(signal, detail, 0);

/** Take away all that was started here. */
export function endAll() {
  emit('stop');
  hearers = {};
  ending.abort();
  ending = new AbortController();
}
