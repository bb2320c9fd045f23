// Pageviews and fragments.

import { recordedHash, recordedReferrer, recordedUrl } from './address.js';
import { maskedText } from './label.js';
import { push } from './recorder.js';
import { after, on, when } from './scope.js';
import { session } from './session.js';
import { view } from './view.js';

// Frameworks set the title and draw the page a moment after the address.
const SETTLED_MS = 500;
const TITLE_CHARS_MAX = 120;

export function pageviews() {
  let referrer = document.referrer;
  let finish = () => {};

  when('page', (how) => {
    const title = () => maskedText(document.title, TITLE_CHARS_MAX);
    const from = recordedReferrer(referrer);
    const url = recordedUrl();
    const entry = push('p', [session.p, how, url, title(), from, ...view()], true);
    finish = () => {
      if (!entry?.isOpen) return;
      entry.event[5] = title();
      entry.event.splice(7, 6, ...view());
      entry.isOpen = false;
    };
    after(SETTLED_MS, finish);
    referrer = location.href;
  });
  when('settle', (isAll) => isAll && finish());
  on('hashchange', () => push('h', [recordedHash(location.hash)]));
}
