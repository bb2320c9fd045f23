// The kinds of events and the names the settings know them by. Each starts when called and stops with all
// else that goes through `scope.js`.

import { activity } from './activity.js';
import { clicks } from './click.js';
import { isRecorded } from './config.js';
import { errors } from './errors.js';
import { inputs } from './input.js';
import { layouts } from './layout.js';
import { moves } from './move.js';
import { pageviews } from './pageview.js';
import { sizes } from './resize.js';
import { scrolls } from './scroll.js';
import { visibility } from './visibility.js';

const KINDS = {
  move: moves,
  click: clicks,
  scroll: scrolls,
  resize: sizes,
  input: inputs,
  visibility,
  error: errors,
  layout: layouts,
};

/** The frame all others stand in comes first, and whatever the settings say. */
export const recordedKinds = () => [
  activity,
  pageviews,
  ...Object.entries(KINDS).flatMap(([name, start]) => (isRecorded(name) ? start : [])),
];
