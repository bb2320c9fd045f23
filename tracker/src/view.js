// What part of which page is on the screen.

/** @returns {[sx: number, sy: number]} */
export const scrolled = () => [Math.round(scrollX), Math.round(scrollY)];

/** @returns {[vw: number, vh: number, dw: number, dh: number, sx: number, sy: number]} */
export function view() {
  const { scrollWidth, scrollHeight } = document.documentElement;
  return [innerWidth, innerHeight, scrollWidth, scrollHeight, ...scrolled()];
}

/** @returns {Record<string, unknown>} What does not change while a page is open. */
export const machine = () => ({
  scr: [screen.width, screen.height],
  dpr: devicePixelRatio,
  lang: navigator.language,
  touch: +!!navigator.maxTouchPoints,
  wd: +!!navigator.webdriver,
});
