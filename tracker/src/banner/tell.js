// Tells the server what the visitor decided, and goes on trying until it has heard.

/** @typedef {import('./status.js').Status} Status */

const PENDING_KEY = 'ust.p';
const RETRY_FIRST_MS = 2_000;
const RETRY_MS_MAX = 5 * 60_000;

let failures = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * The newest decision replaces an older one that was not heard yet.
 *
 * @param {Status} status
 * @param {string} token
 * @param {{granted: 1} | {withdrawn: string}} decision With the id of the session that ends by it.
 */
export function tell({ config, urlOf }, token, decision) {
  const body = { k: config.site, token, version: config.consentVersion, scope: 'record', ...decision };
  try {
    localStorage.setItem(PENDING_KEY, JSON.stringify([urlOf('c'), body]));
  } catch {
    // Without storage there is one try.
  }
  failures = 0;
  send(urlOf('c'), body);
}

/** What an earlier page could not say. */
export function sendPending() {
  clearTimeout(timer);
  try {
    const [url, body] = JSON.parse(localStorage.getItem(PENDING_KEY) || '');
    send(url, body);
  } catch {
    // Nothing is pending.
  }
}

/**
 * @param {string} url
 * @param {Record<string, unknown>} body
 */
async function send(url, body) {
  const { status } = await fetch(url, {
    method: 'POST',
    credentials: 'omit',
    keepalive: true,
    body: JSON.stringify({ ...body, n: Date.now() }),
  }).catch(() => ({ status: 0 }));
  if (!status || status === 408 || status === 429 || status >= 500) {
    const delay_ms = Math.min(RETRY_FIRST_MS * 2 ** failures++, RETRY_MS_MAX) * (0.5 + Math.random());
    timer = setTimeout(sendPending, delay_ms);
    return;
  }
  try {
    localStorage.removeItem(PENDING_KEY);
  } catch {
    // It was never there.
  }
}

addEventListener('online', sendPending);
