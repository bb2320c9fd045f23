// What the page itself reports: custom events and tags.

import { isRecorded } from './config.js';
import { push } from './recorder.js';

const NAME_CHARS_MAX = 64;
// The server keeps no more, and what is longer is not about one event.
const PROPS_CHARS_MAX = 4_096;

/** @param {string} name */
const cut = (name) => String(name).slice(0, NAME_CHARS_MAX);

/**
 * @param {any} name Or, as userTrack has it, one object that says all.
 * @param {Record<string, unknown>} [props]
 */
export function track(name, props = name.action && name) {
  // A copy: the page may go on using its object.
  const text = JSON.stringify(props || 0);
  if (isRecorded('custom'))
    push('x', [cut(name.action || name), text.length > PROPS_CHARS_MAX ? 0 : JSON.parse(text)]);
}

/** @param {string} name */
export function tag(name) {
  if (isRecorded('tag')) push('g', [cut(name)]);
}
