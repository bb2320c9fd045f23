// The counting tier: that a page was seen or the banner shown, by nobody in particular.

/** @typedef {import('./status.js').Status} Status */

let counted = '';

/**
 * @param {string} name
 * @param {Status} status
 */
export function countThat(name, { config, urlOf }) {
  if (config.beforeConsent !== 'count') return;
  const isFirst = name === 'pageview' && !counted;
  const [, host = ''] = (isFirst && /^https?:\/\/([^/?#]+)/.exec(document.referrer)) || [];
  fetch(urlOf('a'), {
    method: 'POST',
    credentials: 'omit',
    keepalive: true,
    body: JSON.stringify({
      k: config.site,
      e: name,
      p: location.pathname,
      r: host === location.host ? '' : host,
      w: innerWidth,
    }),
    // One more or less changes no picture: it is not sent again.
  }).catch(() => {});
}

/**
 * Count the page, once.
 *
 * @param {Status} status
 */
export function countPageview(status) {
  if (counted === location.pathname) return;
  countThat('pageview', status);
  counted = location.pathname;
}
