// The visitor's answer. It is the only thing stored about consent, and nothing is stored before it.

import { config } from './config.js';
import { randomId } from './random.js';
import { attempt } from './scope.js';
import { CONSENT_KEY, local } from './storage.js';

/** @returns {string[]} Token, version, and the scope if it was granted. Empty after the text has changed. */
function answer() {
  const stored = attempt(() => JSON.parse(local.get(CONSENT_KEY)));
  return stored?.[1] === config.consentVersion ? stored : [];
}

/**
 * @returns {0 | string[] | undefined} As each batch carries it: 0 where no consent is needed. Undefined where it
 *   is needed and not given.
 */
export const consentField = () => (config.consent === 'off' ? 0 : answer()[2] ? answer() : undefined);

/** @param {boolean} isGranted */
export function setConsent(isGranted) {
  // Who declined gets no number.
  const version = config.consentVersion;
  local.set(CONSENT_KEY, JSON.stringify([isGranted && randomId(), version, isGranted && 'record']));
}
