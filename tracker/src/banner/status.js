// What the tracker says about itself.

/**
 * @typedef {object} Status
 * @property {boolean} recording
 * @property {string} reason Why not.
 * @property {string} session
 * @property {import('../config.js').Config} config
 * @property {(name: string) => string} urlOf
 */
export {};
