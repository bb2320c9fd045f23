// Notices that a page without reloading became another one.

// Only where there is no Navigation API. Wrapping the page's own `history` would tell it sooner, and break
// pages that do the same.
const LOOK_EVERY_MS = 300;

/**
 * @param {() => void} changed Called whenever the address may have changed. Never throws.
 */
export function watchRoutes(changed) {
  const { navigation } = /** @type {any} */ (window);
  if (navigation) navigation.addEventListener('currententrychange', changed);
  else setInterval(changed, LOOK_EVERY_MS);
}
