import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectorOf } from '../src/selector.js';
import { el, showBody } from './fakes.js';

/** @param {Record<string, string>} attributes */
const named = (attributes) => {
  const element = el('div', attributes);
  showBody(el('div'), element);
  return selectorOf(/** @type {any} */ (element));
};

test('a name of its own beats the way to it', () => {
  assert.equal(
    named({ 'data-ust-id': 'buy 12345', 'data-testid': 'b', id: 'c' }),
    '[data-ust-id="buy 12345"]',
  );
  assert.equal(named({ 'data-testid': 'b', id: 'c' }), '[data-testid="b"]');
  assert.equal(named({ id: 'shop-list' }), '#shop-list');
});

test('generated ids and ids that may name somebody are passed over', () => {
  for (const id of [':r1:', 'ember1234', 'user-10023', 'a@b', '3f2a9c4be1', 'x'.repeat(80), '9lives']) {
    assert.equal(named({ id }), 'body>div:nth-of-type(2)', id);
  }
});

test('the way has at most six steps and 128 characters', () => {
  let inner = el('p');
  const target = inner;
  for (let i = 0; i < 9; i++) inner = el('div', {}, inner);
  showBody(inner);
  assert.equal(selectorOf(/** @type {any} */ (target)).split('>').length, 6);

  let long = el('a-very-long-name-of-a-custom-element-that-goes-on');
  const end = long;
  for (let i = 0; i < 5; i++) long = el('a-very-long-name-of-a-custom-element-that-goes-on', {}, long);
  showBody(long);
  assert.ok(selectorOf(/** @type {any} */ (end)).length <= 128);
});

test('the way ends at the first named ancestor', () => {
  const target = el('button');
  showBody(el('div', { id: 'shop' }, el('p'), el('div', {}, el('button'), target)));

  assert.equal(selectorOf(/** @type {any} */ (target)), '#shop>div:nth-of-type(1)>button:nth-of-type(2)');
});
