// The settings: what the server put before this script, made stricter by attributes of the script tag. The
// server says all of them; without it there are none, and then nothing is recorded.

/**
 * @typedef {object} Config
 * @property {string} site
 * @property {'off' | 'banner' | 'api'} consent
 * @property {boolean} dnt
 * @property {boolean} gpc
 * @property {'off' | 'mask' | 'plain'} inputs
 * @property {string[] | null} [record] Names of the kinds to record; without it all of them.
 * @property {string[]} excludePages Globs over the path.
 * @property {string[]} excludeFields Selectors.
 * @property {string[]} maskSelectors Selectors.
 * @property {string[]} queryKeys
 * @property {number} sampleRatio
 * @property {string} consentVersion
 * @property {Record<string, string>} [texts] Of the banner, where the operator has others than ours.
 * @property {'count'} [beforeConsent]
 * @property {string} [contact]
 */

/** @type {Config} */
export let config;

/**
 * Whoever can edit the page may record less than the operator chose, never more.
 *
 * @param {Partial<Config> | undefined} served
 * @param {Partial<Record<string, string>>} data The script's `dataset`.
 * @returns {Config}
 */
export function configure(served, data) {
  /** @type {any} */
  const settled = { ...served };
  settled.site = data.site || settled.site;
  if (settled.inputs !== 'off' && data.inputs) settled.inputs = data.inputs === 'off' ? 'off' : 'mask';
  if (settled.consent === 'off') settled.consent = data.consent || 'off';
  config = settled;
  return config;
}

/**
 * @param {string} name Of a kind, as the settings know it.
 * @returns {boolean}
 */
export const isRecorded = (name) => !config.record || config.record.includes(name);

/**
 * Where batches go and other scripts come from: beside this script, whatever prefix a proxy put before all.
 *
 * @param {string} name
 * @param {string} scriptUrl
 * @returns {string}
 */
export const besideScript = (name, scriptUrl) => new URL(name, scriptUrl).href;
