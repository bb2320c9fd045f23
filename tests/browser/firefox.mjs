// Drives a stock Firefox over WebDriver BiDi: start, click, close the tab, opt out and in. Prints one line of
// JSON for each step.
//
//   node firefox.mjs FIREFOX ORIGIN

import { createRequire } from 'node:module';

const require = createRequire(new URL('../../tracker/package.json', import.meta.url));
const puppeteer = require('puppeteer-core');
const [, , executablePath, origin] = process.argv;
const TABS = 12;
const PATIENCE_MS = 10_000;
const PATIENCE_AT_LAST_MS = 60_000;
const LOOK_EVERY_MS = 100;

/** Whether the test has seen all that a page had to say; it then serves a page that says so. */
async function isHeard(name, patience_ms) {
  const until = Date.now() + patience_ms;
  while (Date.now() < until) {
    if ((await fetch(`${origin}/heard-${name}`)).ok) return true;
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
  return false;
}

const tell = (step) => console.log(JSON.stringify(step));
const status = (page) =>
  page.evaluate(() => {
    const { recording, reason, session } = window.usertrack.status();
    return { recording, reason, session };
  });

const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
try {
  const [first] = await browser.pages();
  // A tab that a program closes does not always get to its last words, on a busy machine least of all.
  for (let tab = 0; tab < TABS; tab++) {
    const page = await browser.newPage();
    await page.goto(`${origin}/fire`);
    await page.mouse.move(20, 20);
    await page.click('#go');
    await page.click('#name');
    await page.keyboard.type('Ada Lovelace');
    tell({ tab: await status(page) });
    await page.close();
    if (await isHeard('tab', PATIENCE_MS)) break;
  }

  await first.goto(`${origin}/fire?ust-opt-out`);
  await first.click('#go');
  // A page that is left says its last words, if it has any.
  await first.goto(`${origin}/fire`);
  const keys = await first.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)]);
  tell({ out: await status(first), keys });
  await first.goto(`${origin}/fire?ust-opt-in`);
  tell({ back: await status(first) });
  await isHeard('back', PATIENCE_AT_LAST_MS);
} finally {
  await browser.close();
}
