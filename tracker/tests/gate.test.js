import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { fakeStorage, settle } from './fakes.js';

const localStorage = fakeStorage();
Object.assign(globalThis, {
  localStorage,
  sessionStorage: fakeStorage(),
  location: { pathname: '/admin/x' },
});
const browser = { doNotTrack: '1', globalPrivacyControl: true };
Object.defineProperty(globalThis, 'navigator', { value: browser });
const { consentField, setConsent } = await import('../src/consent.js');
const { refusal } = await import('../src/gate.js');

beforeEach(() => {
  for (const key of Object.keys(localStorage)) delete localStorage[key];
});

test('the gate asks in the promised order', () => {
  localStorage['ust.o'] = '1';
  settle({ consent: 'api', excludePages: ['/admin/*'] });
  assert.equal(refusal(), 'opt-out');
  delete localStorage['ust.o'];
  assert.equal(refusal(), 'excluded');
  settle({ consent: 'api' });
  assert.equal(refusal(), 'dnt');
  settle({ consent: 'api', dnt: false });
  assert.equal(refusal(), 'gpc');
  settle({ consent: 'api', dnt: false, gpc: false });
  assert.equal(refusal(), 'consent');
  assert.deepEqual(Object.keys(localStorage), []);
});

test('consent travels with its token and version, and ends with either', () => {
  settle({ consent: 'banner', dnt: false, gpc: false });
  setConsent(true);
  assert.equal(refusal(), '');
  const granted = /** @type {string[]} */ (consentField());
  assert.match(granted[0], /^[\w-]{22}$/);
  assert.deepEqual(granted.slice(1), ['1', 'record']);

  setConsent(false);
  assert.equal(refusal(), 'consent');
  setConsent(true);
  settle({ consent: 'banner', dnt: false, gpc: false, consentVersion: '2' });
  assert.equal(refusal(), 'consent');
});

test('without a need for consent batches carry 0', () => {
  settle({ dnt: false, gpc: false });

  assert.equal(refusal(), '');
  assert.equal(consentField(), 0);
});
