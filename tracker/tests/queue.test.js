import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { fakeStorage, setClock } from './fakes.js';

const HOUR_MS = 3_600_000;
const NOW = 1_795_000_000_000;
const [localStorage, sessionStorage] = [fakeStorage(), fakeStorage()];
Object.assign(globalThis, { localStorage, sessionStorage });
const queue = await import('../src/queue.js');
const life = await import('../src/session.js');

/** @param {number} q @param {string} [s] @param {number} [size] */
const batch = (q, s = life.session.i, size = 1) =>
  /** @type {any} */ ({ v: 1, k: 'default', s, q, t: NOW, c: 0, pg: [], e: [['x', 1, 'n'.repeat(size), 0]] });
const OTHER = 'B'.repeat(22);

beforeEach(() => {
  for (const store of [localStorage, sessionStorage]) for (const key of Object.keys(store)) delete store[key];
  setClock(NOW);
  life.openSession();
});

test('a batch waits until it is acknowledged', () => {
  queue.enqueue(batch(0));

  assert.deepEqual(queue.nextBatch(), batch(0));
  assert.deepEqual(queue.nextBatch(), batch(0));
  queue.dequeue(batch(0));
  assert.equal(queue.nextBatch(), undefined);
});

test('the oldest batch goes first', () => {
  queue.enqueue(batch(3));
  setClock(NOW + 10);
  queue.enqueue(batch(4));

  assert.equal(queue.nextBatch()?.q, 3);
});

test('at most 50 batches are kept and the oldest are dropped', () => {
  for (let q = 0; q < 60; q++) {
    setClock(NOW + q);
    queue.enqueue(batch(q));
  }

  assert.equal(Object.keys(localStorage).filter((key) => key.startsWith('ust.q.')).length, 50);
  assert.equal(queue.nextBatch()?.q, 10);
});

test('at most 256 KiB are kept', () => {
  for (let q = 0; q < 5; q++) {
    setClock(NOW + q);
    queue.enqueue(batch(q, life.session.i, 60_000));
  }

  assert.equal(queue.nextBatch()?.q, 1);
});

test('a batch older than a day is dropped', () => {
  queue.enqueue(batch(0));
  setClock(NOW + 24 * HOUR_MS);

  assert.equal(queue.nextBatch(), undefined);
});

test('batches of another tab are left to it for a minute', () => {
  queue.enqueue(batch(0, OTHER));

  assert.equal(queue.nextBatch(), undefined);
  setClock(NOW + 61_000);
  assert.equal(queue.nextBatch()?.s, OTHER);
});

test('a held batch is sent again only when the server misses it', () => {
  queue.hold(batch(5));
  queue.hold(batch(6));
  assert.deepEqual(queue.heldSeqs(), [5, 6]);

  queue.confirm(life.session.i, [5, 6], [6]);

  assert.deepEqual(queue.heldSeqs(), []);
  assert.equal(queue.nextBatch()?.q, 6);
  queue.dequeue(batch(6));
  assert.equal(queue.nextBatch(), undefined);
});

test('held batches of a session that ended are sent, those of a cloned tab are not', () => {
  queue.hold(batch(1, OTHER));
  queue.releaseForeign(true);
  assert.deepEqual(Object.keys(localStorage), []);

  queue.hold(batch(1, OTHER));
  queue.releaseForeign(false);
  assert.deepEqual(Object.keys(localStorage), [`ust.q.${OTHER}.1`]);
});

test('a damaged entry does not stop the queue', () => {
  localStorage[`ust.q.${life.session.i}.0`] = '1795000000000{"v":';
  queue.enqueue(batch(1));

  assert.equal(queue.nextBatch()?.q, 1);
});
