// Whether this browser may be recorded on this page. The order is part of the promise: who opted out is
// never asked for consent, and whose browser objects is never asked either.

import { matchesPage } from './address.js';
import { config } from './config.js';
import { consentField } from './consent.js';
import { local, OPT_OUT_KEY } from './storage.js';

/** @typedef {'' | 'opt-out' | 'excluded' | 'dnt' | 'gpc' | 'consent'} Refusal */

/** @returns {Refusal} Why not to record; empty when recording may start. */
export function refusal() {
  if (local.get(OPT_OUT_KEY)) return 'opt-out';
  if (matchesPage(location.pathname, config.excludePages)) return 'excluded';
  if (config.dnt && navigator.doNotTrack === '1') return 'dnt';
  if (config.gpc && /** @type {any} */ (navigator).globalPrivacyControl) return 'gpc';
  return consentField() === undefined ? 'consent' : '';
}
