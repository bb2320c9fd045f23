import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeStorage, forbiddenStorage } from './fakes.js';

Object.assign(globalThis, { localStorage: fakeStorage(), sessionStorage: fakeStorage() });
const { createStore, local, purge, tab } = await import('../src/storage.js');

for (const [name, open] of /** @type {Array<[string, () => any]>} */ ([
  ['missing', () => undefined],
  [
    'forbidden to open',
    () => {
      throw new Error('SecurityError');
    },
  ],
  ['forbidden to use', () => forbiddenStorage],
  ['full', () => fakeStorage({ isFull: true })],
])) {
  test(`storage that is ${name} is replaced by memory`, () => {
    const store = createStore(open);

    store.set('ust.a', '1');

    assert.equal(store.get('ust.a'), '1');
    assert.deepEqual(store.keys('ust.'), ['ust.a']);
    store.remove('ust.a');
    assert.equal(store.get('ust.a'), '');
  });
}

test('a purge leaves the decisions of the visitor and the data of the page', () => {
  for (const key of ['ust.o', 'ust.c', 'ust.q.x.1', 'cart']) local.set(key, '1');
  tab.set('ust.s', '{}');

  purge();

  assert.deepEqual(local.keys(''), ['ust.o', 'ust.c', 'cart']);
  assert.deepEqual(tab.keys(''), []);
});
