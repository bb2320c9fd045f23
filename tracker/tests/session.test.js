import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { cyrb53 } from '../src/layout-hash.js';
import { fakeStorage, setClock } from './fakes.js';

const MINUTE_MS = 60_000;
const NOW = 1_795_000_000_000;
const sessionStorage = fakeStorage();
Object.assign(globalThis, { localStorage: fakeStorage(), sessionStorage });
const life = await import('../src/session.js');

/** What the next page of the same tab would see: the same storage, another moment of opening. @param {number} at */
const nextPage = (at) => Object.defineProperty(performance, 'timeOrigin', { value: at, configurable: true });

beforeEach(() => {
  for (const key of Object.keys(sessionStorage)) delete sessionStorage[key];
  setClock(NOW);
  nextPage(1);
  life.openSession();
});

test('an id has 22 characters and begins with a letter or digit', () => {
  for (let i = 0; i < 500; i++) {
    life.renewSession();
    assert.match(life.session.i, /^[A-Za-z0-9][A-Za-z0-9_-]{21}$/);
  }
});

test('the next page of the tab goes on with the session', () => {
  const { i } = life.session;
  assert.deepEqual([life.count('q'), life.count('q'), life.count('p')], [0, 1, 0]);
  life.closeSession();
  nextPage(2);

  assert.equal(life.openSession(), false);
  assert.equal(life.session.i, i);
  assert.deepEqual([life.count('q'), life.count('p')], [2, 1]);
});

test('a tab copied while its page is live gets another id', () => {
  const { i } = life.session;
  nextPage(2);

  assert.equal(life.openSession(), true);
  assert.notEqual(life.session.i, i);
  assert.equal(life.session.q, 0);
});

test('a page back from the cache keeps the id although the page before it has not yet gone', () => {
  const { i } = life.session;
  nextPage(2);

  assert.equal(life.openSession(true), false);
  assert.equal(life.session.i, i);
});

test('a page that goes late neither takes a number twice nor the mark of its successor', () => {
  const first = life.count('q');
  const stored = JSON.parse(sessionStorage['ust.s']);
  sessionStorage['ust.s'] = JSON.stringify({ ...stored, q: 7, l: 2 });

  assert.equal(life.count('q'), 7);
  life.closeSession();

  assert.equal(first, 0);
  assert.equal(JSON.parse(sessionStorage['ust.s']).l, 2);
});

test('half an hour without an act ends the session and an act before that keeps it', () => {
  setClock(NOW + 29 * MINUTE_MS);
  life.keepSession();
  setClock(NOW + 59 * MINUTE_MS);
  assert.equal(life.isOver(), false);

  setClock(NOW + 60 * MINUTE_MS);
  assert.equal(life.isOver(), true);
});

test('a day ends the session whatever is done', () => {
  for (let minute = 0; minute <= 24 * 60; minute += 20) {
    setClock(NOW + minute * MINUTE_MS);
    life.keepSession();
  }
  assert.equal(life.isOver(), false);

  setClock(NOW + (24 * 60 + 1) * MINUTE_MS);
  assert.equal(life.isOver(), true);
});

test('time within a session never runs backwards', () => {
  setClock(NOW + 5_000);
  assert.equal(life.elapsed(), 5_000);

  setClock(NOW + 1_000);
  assert.equal(life.elapsed(), 5_000);
});

test('the lot that decides about sampling is the one the server draws', () => {
  const lot = cyrb53('sAbCdEfGhIjKlMnOpQrS-_') / 2 ** 53;

  assert.ok(lot > 0.92 && lot < 0.93, String(lot));
});

test('a damaged session is replaced', () => {
  for (const damaged of ['{', '5', '{"i":"x"}', '{"i":"x","t":"a","a":"b"}']) {
    sessionStorage['ust.s'] = damaged;
    life.openSession();
    assert.match(life.session.i, /^.{22}$/);
  }
});
