// Addresses as far as they may be known: the path and the query keys somebody allowed.

import { config } from './config.js';

// The server keeps this much of an address; the rest would travel for nothing.
const ADDRESS_CHARS_MAX = 1024;
// A fragment names a route or an anchor; anything longer is data.
const HASH_CHARS_MAX = 64;

/** @returns {string} Path and allowed query keys. */
export function recordedUrl() {
  const query = new URLSearchParams(
    [...new URLSearchParams(location.search)].filter(
      ([key]) =>
        /^(utm_(source|medium|campaign|term|content)|ref)$/.test(key) || config.queryKeys.includes(key),
    ),
  );
  return `${location.pathname}?${query}`.replace(/\?$/, '').slice(0, ADDRESS_CHARS_MAX);
}

/**
 * Own pages with their path, foreign ones as origin only: what stands behind it is not ours to know.
 *
 * @param {string} address
 * @returns {string}
 */
export function recordedReferrer(address) {
  const [, host = '', path = ''] = /^(https?:\/\/[^/?#]+)([^?#]*)/.exec(address) || [];
  return (host + (host === location.origin ? path : '')).slice(0, ADDRESS_CHARS_MAX);
}

/**
 * The fragment as route or anchor. Logins hand tokens back as `#key=value`, so it ends where values begin.
 *
 * @param {string} hash
 * @returns {string}
 */
export const recordedHash = (hash) => hash.split(/[?&=;]/)[0].slice(0, HASH_CHARS_MAX);

/**
 * @param {string} path
 * @param {string[]} globs `*` stands for any run of characters, `/` included.
 * @returns {boolean}
 */
export const matchesPage = (path, globs) =>
  globs.some((glob) => new RegExp(`^${glob.replace(/[^\w*]/g, '\\$&').replace(/\*/g, '.*')}$`).test(path));
