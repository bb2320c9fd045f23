// Where it begins: find the settings, ask the gate, start, and offer `window.usertrack`.

import { recordedUrl } from './address.js';
import { besideScript, config, configure } from './config.js';
import { setConsent } from './consent.js';
import { tag, track } from './custom.js';
import { refusal } from './gate.js';
import { recordedKinds } from './kinds.js';
import { flush, showPage, startRecording, stopRecording } from './recorder.js';
import { watchRoutes } from './routes.js';
import { attempt, emit, safely } from './scope.js';
import { session } from './session.js';
import { CONSENT_KEY, local, OPT_OUT_KEY, purge } from './storage.js';
import { startTransport } from './transport.js';

/**
 * @typedef {typeof globalThis & {
 *   usertrack?: any,
 *   UST?: any,
 *   __ust_cfg?: Partial<import('./config.js').Config>,
 *   __ust_hook?: (api: Api, isGranted?: unknown) => void,
 * }} Page
 * @typedef {Record<string, (...args: any[]) => any>} Api
 */

function main() {
  const page = /** @type {Page} */ (window);
  // Only the page the visitor opened: a frame inside it belongs to somebody else.
  if (top !== self || page.usertrack?.status) return;
  // A module loader hides which element loaded this script.
  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript || document.querySelector('script[src*="tracker.js"]')
  );
  configure(page.__ust_cfg, script?.dataset || {});
  /** @param {string} name */
  const urlOf = (name) => besideScript(name, script?.src || location.origin);
  // A page drawn in advance may never be seen.
  const isAhead = /** @type {any} */ (document).prerendering;
  let reason = 'prerender';
  let isStarted = false;
  let shownUrl = '';
  let isOff = false;
  let isHookWanted = true;

  /**
   * Load what only some sites or visits need.
   *
   * @param {string} name
   */
  const load = (name) => {
    const element = document.createElement('script');
    element.onload = evaluate;
    element.src = urlOf(name);
    // There may be no head yet.
    document.documentElement.append(element);
  };

  /**
   * Start, stop or go on, as the answers to the gate's questions are now.
   *
   * @type {(isGranted?: unknown) => void}
   */
  const evaluate = safely((isGranted) => {
    const wasUrl = shownUrl;
    shownUrl = recordedUrl();
    reason = isOff ? 'off' : refusal();
    if (reason) {
      // Leaving for an excluded page keeps what was recorded before it; a withdrawn permission does not.
      if (isStarted) stopRecording(reason !== 'excluded');
      isStarted = false;
    } else if (!isStarted && attempt(() => page.UST.onTrackingStarted()) === false) {
      reason = 'page';
    } else if (!isStarted) {
      isStarted = true;
      startTransport(urlOf('i'), (answer) => {
        emit('need', answer.need);
        isOff = !!answer.off;
        if (isOff) evaluate();
      });
      startRecording(wasUrl ? 'spa' : 'load', recordedKinds(), isAhead);
    } else if (shownUrl !== wasUrl) showPage('spa');
    if (page.__ust_hook) page.__ust_hook(api, isGranted);
    else if (reason === 'consent' && isHookWanted) {
      isHookWanted = false;
      load('banner.js');
    }
  });

  /** @type {Api} */
  const api = {
    track,
    tag,
    consent(isGranted) {
      setConsent(!!isGranted);
      evaluate(!!isGranted);
    },
    optOut() {
      local.set(OPT_OUT_KEY, '1');
      evaluate();
      purge();
      // There is nothing left to consent to, and the token is a number like any other.
      local.remove(CONSENT_KEY);
    },
    optIn() {
      local.remove(OPT_OUT_KEY);
      evaluate();
    },
    status: () => ({ recording: isStarted, reason, session: session?.i, config, urlOf }),
    flush: () => isStarted && flush(),
    push: (...calls) => calls.forEach(([name, ...args]) => void api[name]?.(...args)),
  };
  for (const name in api) api[name] = safely(api[name]);

  const begin = safely(() => {
    const asked = /[?&]ust-([\w-]+)/.exec(location.search)?.[1];
    if (asked === 'opt-out') api.optOut();
    if (asked === 'opt-in') local.remove(OPT_OUT_KEY);
    // Another tab may have changed the answers, also while this page was in the back/forward cache.
    addEventListener('storage', evaluate);
    // Before the recorder hears of it.
    addEventListener('pageshow', evaluate, true);
    evaluate();
    watchRoutes(evaluate);
    const early = page.usertrack;
    page.usertrack = api;
    // For those who come from userTrack.
    page.UST = { addTag: api.tag, addEvent: api.track, ...page.UST };
    if (asked) load('info.js');
    // Last, because there may be none.
    api.push(...early);
  });

  if (isAhead) document.addEventListener('prerenderingchange', begin);
  else begin();
}

attempt(main);
