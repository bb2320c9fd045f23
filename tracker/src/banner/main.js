// Consent on sites that ask for it: the banner, what the server is told, and the anonymous count before an
// answer. Served in one file with the tracker, before it, or loaded by it; nothing here is stored or sent
// before the visitor answered but that count, where the operator chose it.

import { countPageview, countThat } from './count.js';
import { hideBanner, isShown, showBanner } from './panel.js';
import { sendPending, tell } from './tell.js';

const CONSENT_KEY = 'ust.c';

/** @typedef {import('./status.js').Status} Status */
/** @typedef {Record<string, (...args: any[]) => any>} Api */

/** The session that is being recorded, and the token it is recorded under. */
let recorded = '';
let token = '';
let isPutOff = false;
let isWanted = /[?&]ust-consent\b/.test(location.search);

/**
 * @param {string} version
 * @returns {string[]} Token, version and scope, as the tracker keeps them; empty while there is no answer.
 */
function answer(version) {
  try {
    const stored = JSON.parse(localStorage.getItem(CONSENT_KEY) || '[]');
    return stored[1] === version ? stored : [];
  } catch {
    return [];
  }
}

/**
 * @param {Status} status
 * @param {boolean} isGranted Given a moment ago, in this tab.
 */
function report(status, isGranted) {
  const stored = answer(status.config.consentVersion);
  if (isGranted && stored[2]) tell(status, stored[0], { granted: 1 });
  // Also where another tab withdrew: each tab knows its own session only.
  if (recorded && status.reason === 'consent') tell(status, token, { withdrawn: recorded });
  recorded = status.recording ? status.session : '';
  token = stored[0] || '';
}

/**
 * @param {Status} status
 * @param {Api} api
 */
function ask(status, api) {
  const isAnswered = answer(status.config.consentVersion).length > 0;
  const mayAsk = status.config.consent === 'banner' && (status.reason === 'consent' || status.recording);
  if (!mayAsk || !(isWanted || (!isAnswered && !isPutOff))) return hideBanner();
  if (isShown()) return;
  showBanner(status.config, {
    answered(isGranted) {
      isWanted = false;
      countThat(isGranted ? 'banner_accepted' : 'banner_declined', status);
      api.consent(isGranted);
    },
    putOff() {
      isWanted = false;
      isPutOff = true;
    },
  });
  countThat('banner_shown', status);
}

/**
 * Hear how things are, whenever they may have changed.
 *
 * @param {Api} api
 * @param {unknown} [isGranted]
 */
function look(api, isGranted) {
  try {
    const status = /** @type {Status} */ (api.status());
    report(status, isGranted === true);
    if (status.reason === 'consent') countPageview(status);
    ask(status, api);
  } catch {
    // Whatever it is, the page must not hear of it.
  }
}

const page = /** @type {any} */ (window);
if (!page.__ust_hook) {
  page.__ust_hook = look;
  sendPending();
}
