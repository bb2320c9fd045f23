import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { el, fakeStorage, settle, showBody } from './fakes.js';

Object.assign(globalThis, {
  localStorage: fakeStorage(),
  sessionStorage: fakeStorage(),
  location: { origin: 'https://shop.example', pathname: '/p', search: '?q=me&utm_source=x&color=red' },
});
const { labelOf, maskedText } = await import('../src/label.js');
const { isSecret, notePassword } = await import('../src/secrecy.js');
const { measured } = await import('../src/input.js');
const { matchesPage, recordedHash, recordedReferrer, recordedUrl } = await import('../src/address.js');

/** @param {any} element */
const label = (element, kind = 'b') => labelOf(element, kind);
/** @param {Record<string, string>} attributes */
const isHidden = (attributes, tag = 'input') => {
  const field = el(tag, attributes);
  showBody(field);
  return isSecret(/** @type {any} */ (field));
};

beforeEach(() => {
  settle({});
});

test('words with a digit or an @ are masked before the text is cut', () => {
  assert.equal(maskedText('  Order 1234 of bob@example.com '), 'Order x of x');
  assert.equal(maskedText('Bestellung Nummer zwölf ٣٤'), 'Bestellung Nummer zwölf ');
  assert.equal(maskedText(`${'a'.repeat(20)} ${'b'.repeat(20)}9`), `${'a'.repeat(20)} x`);
});

test('typed text never becomes a label', () => {
  const area = el('textarea', {}, 'my secret');
  const editable = el('div', { contenteditable: '' }, 'my letter');
  const button = el('button', {}, 'Send ', area, editable, el('script', {}, 'code'));
  showBody(button, el('input', { value: 'typed' }));

  assert.equal(label(button), 'Send');
  assert.equal(label(el('input', { value: 'typed' }), 'f'), '');
  assert.equal(label(editable, 'f'), '');
});

test('masked elements have no label and lend none to those around them', () => {
  const name = el('span', { 'data-ust-mask': '' }, 'Jane');
  const button = el('button', {}, 'Hello ', name);
  showBody(button, el('div', { class: 'x' }));

  assert.equal(label(button), 'Hello');
  assert.equal(label(name, 't'), '');
  settle({ maskSelectors: ['button'] });
  assert.equal(label(button), '');
});

test('a selector nobody can read masks everything', () => {
  settle({ maskSelectors: ['[[['] });
  const button = el('button', {}, 'Send');
  showBody(button);

  assert.equal(label(button), '');
  settle({ excludeFields: ['[[['] });
  assert.equal(isHidden({ name: 'city' }), true);
});

test('secret fields stay secret in every mode', () => {
  for (const attributes of [
    { type: 'password' },
    { type: 'hidden' },
    { type: 'file' },
    { autocomplete: 'cc-number' },
    { autocomplete: 'one-time-code' },
    { autocomplete: 'new-password' },
    { name: 'userPwd' },
    { id: 'cvc' },
    { 'aria-label': 'Kennwort' },
    { placeholder: 'API key' },
    { 'data-ust-ignore': '' },
  ]) {
    assert.equal(isHidden(/** @type {any} */ (attributes)), true, JSON.stringify(attributes));
  }
  assert.equal(isHidden({ contenteditable: '' }, 'div'), true);
  assert.equal(isHidden({ name: 'city' }), false);
});

test('a field that was a password once stays one, also when it is made anew under its name', () => {
  const field = el('input', { name: 'word', type: 'password' });
  showBody(field);
  notePassword(/** @type {any} */ (field));
  field.attributes.type = 'text';

  assert.equal(isSecret(/** @type {any} */ (field)), true);
  assert.equal(isHidden({ name: 'word', type: 'text' }), true);
});

test('masked inputs tell a length, masked choices nothing', () => {
  /** @type {any} */
  const text = el('input', { value: 'hello' });
  /** @type {any} */
  const box = Object.assign(el('input', { type: 'checkbox', value: 'yes' }), { checked: true });
  /** @type {any} */
  const select = el('select', { value: 'diabetes' });

  assert.deepEqual(measured(text, false), [5, 0]);
  assert.deepEqual(measured(text, true), [5, 'hello']);
  assert.deepEqual(measured(box, false), [1, 0]);
  assert.deepEqual(measured(box, true), [2, 'on']);
  assert.deepEqual(measured(select, false), [1, 0]);
});

test('addresses keep the path and allowed keys, foreign referrers the origin', () => {
  assert.equal(recordedUrl(), '/p?utm_source=x');
  settle({ queryKeys: ['color'] });
  assert.equal(recordedUrl(), '/p?utm_source=x&color=red');
  assert.equal(recordedReferrer('https://shop.example/a?b=1#c'), 'https://shop.example/a');
  assert.equal(recordedReferrer('https://mail.example/inbox?id=1'), 'https://mail.example');
  assert.equal(recordedReferrer('android-app://x'), '');
  assert.equal(recordedHash('#access_token=abc'), '#access_token');
  assert.equal(recordedHash('#/users?id=1'), '#/users');
  assert.equal(matchesPage('/admin/x/y', ['/admin/*']), true);
  assert.equal(matchesPage('/a.b', ['/a?b', '/a+b']), false);
});
