// Web storage that cannot throw. It may be missing, forbidden or full; then values live in memory and
// end with the page.

import { attempt } from './scope.js';

/** @typedef {ReturnType<typeof createStore>} Store */

export const OPT_OUT_KEY = 'ust.o';
export const CONSENT_KEY = 'ust.c';

/** @param {() => any} open Reading `window.localStorage` itself may throw. */
export function createStore(open) {
  /** @type {Record<string, string>} A storage can be used like any object, which is what stands in for it. */
  const real = attempt(open) || {};
  let area = real;

  const store = {
    /**
     * @param {string} key
     * @returns {string}
     */
    get: (key) => attempt(() => area[key]) || '',

    /**
     * @param {string} key
     * @param {string} value
     */
    set(key, value) {
      attempt(() => {
        area[key] = value;
      });
      // Full, or forbidden since: from now on a copy in memory is the storage.
      if (store.get(key) !== value) area = { ...attempt(() => ({ ...area })), [key]: value };
    },

    /** @param {string} key */
    remove(key) {
      attempt(() => {
        delete area[key];
        delete real[key];
      });
    },

    /**
     * @param {string} prefix
     * @returns {string[]}
     */
    keys: (prefix) => (attempt(() => Object.keys(area)) || []).filter((key) => key.startsWith(prefix)),
  };
  return store;
}

export const local = createStore(() => localStorage);
export const tab = createStore(() => sessionStorage);

/** Remove all that recording left here. The visitor's own decisions stay. */
export function purge() {
  for (const store of [local, tab]) {
    for (const key of store.keys('ust.')) if (!/\.[oc]$/.test(key)) store.remove(key);
  }
}
