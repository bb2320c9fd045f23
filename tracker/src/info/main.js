// What a visitor, or the web master, asked for with `?ust-opt-out`, `?ust-opt-in`, `?ust-info` or `?ust-debug`.
// Loaded by the tracker only then. It stays until it is closed: nobody has to read against a clock.

import { showPanel } from './panel.js';
import { texts } from './texts.js';

/** @typedef {import('../banner/status.js').Status} Status */

/**
 * @param {Status} status
 * @returns {Promise<string>} The address as the server sees it, which is the one it would be found by.
 */
async function addressSeen({ urlOf }) {
  try {
    const answer = await fetch(urlOf('address'), { credentials: 'omit' });
    return (await answer.json()).address;
  } catch {
    return '?';
  }
}

// As they are called in usertrack.toml, and as the tracker calls them.
const SETTINGS = /** @type {const} */ ({
  site: 'site',
  consent: 'consent',
  consent_version: 'consentVersion',
  before_consent: 'beforeConsent',
  respect_dnt: 'dnt',
  respect_gpc: 'gpc',
  inputs: 'inputs',
  record: 'record',
  exclude_pages: 'excludePages',
  exclude_fields: 'excludeFields',
  mask_selectors: 'maskSelectors',
  query_keys: 'queryKeys',
  sample_ratio: 'sampleRatio',
});

/**
 * What to copy into a letter.
 *
 * @param {Status} status
 * @param {Record<string, string>} words
 */
async function about(status, words) {
  const { config, recording, session } = status;
  /** @type {Array<[string, string]>} */
  const rows = [
    [words.session, recording ? session : words.none],
    [words.address, await addressSeen(status)],
    [words.agent, navigator.userAgent],
    [words.site, `${location.host} (${config.site})`],
    [words.time, new Date().toISOString()],
  ];
  if (config.contact) rows.push([words.contact, config.contact]);
  return rows;
}

/**
 * Why recording is on or off.
 *
 * @param {Status} status
 * @param {Record<string, string>} words
 * @returns {Array<[string, string]>}
 */
function why({ config, reason, recording, session }, words) {
  const because = reason ? `: ${words[`reason:${reason}`] || reason}` : '';
  return [
    [words.answer, recording ? `${words.yes}, ${session}` : words.no + because],
    ...Object.entries(SETTINGS).map(
      ([name, key]) => /** @type {[string, string]} */ ([name, JSON.stringify(config[key] ?? null)]),
    ),
  ];
}

async function show() {
  const asked = /[?&]ust-([\w-]+)/.exec(location.search)?.[1] || '';
  const status = /** @type {Status} */ (/** @type {any} */ (window).usertrack.status());
  const words = texts();
  if (/^opt-(in|out)$/.test(asked)) showPanel(words, words[asked], []);
  else if (asked === 'info') showPanel(words, words.info, await about(status, words), words.hint);
  else if (asked === 'debug') showPanel(words, words.debug, why(status, words));
}

show().catch(() => {});
