// Drives a stock Firefox over WebDriver BiDi: start, click, close the tab, opt out. Prints one line of JSON.
//
//   node firefox.mjs FIREFOX ORIGIN

import { createRequire } from 'node:module';

const require = createRequire(new URL('../../tracker/package.json', import.meta.url));
const puppeteer = require('puppeteer-core');
const [, , executablePath, origin] = process.argv;
const TABS = 4;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
try {
  const [first] = await browser.pages();
  const tabs = [];
  // A tab that a program closes does not always get to its last words, on a busy machine least of all.
  for (let tab = 0; tab < TABS; tab++) {
    const page = await browser.newPage();
    await page.goto(`${origin}/fire`);
    await page.mouse.move(20, 20);
    await page.click('#go');
    await page.click('#name');
    await page.keyboard.type('Ada Lovelace');
    await pause(300);
    tabs.push(
      await page.evaluate(() => {
        const { recording, session } = window.usertrack.status();
        return { recording, session };
      }),
    );
    await page.close();
    await pause(500);
  }

  await first.goto(`${origin}/fire?ust-opt-out`);
  await pause(500);
  await first.click('#go');
  await pause(2500);
  await first.goto(`${origin}/fire`);
  const out = await first.evaluate(() => ({
    reason: window.usertrack.status().reason,
    keys: [Object.keys(localStorage), Object.keys(sessionStorage)],
  }));
  console.log(JSON.stringify({ tabs, ...out }));
} finally {
  await browser.close();
}
