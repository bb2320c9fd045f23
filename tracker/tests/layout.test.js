import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { boxMeasure } from '../src/boxes.js';
import { layoutHash } from '../src/layout-hash.js';
import { targetOf } from '../src/target.js';
import { el, settle, showBody } from './fakes.js';

settle({});

test('the hash is the one of the published algorithm', () => {
  assert.equal(layoutHash([]), 'wvjl67o803');
  assert.equal(layoutHash([['b', 192, 48, 128, 32, 'Buy']]), layoutHash([['b', 199, 55, 121, 25, 'Other']]));
  assert.notEqual(layoutHash([['b', 192, 48, 128, 32]]), layoutHash([['b', 200, 48, 128, 32]]));
  assert.notEqual(layoutHash([['b', 0, 0, 16, 16]]), layoutHash([['a', 0, 0, 16, 16]]));
  assert.equal(layoutHash([['x', -9, -8, 1280, 90_000]]), '998lgku826');
});

test('texts do not change the hash and boxes name their scroller', () => {
  const inner = el('button', {}, 'Inside');
  const scroller = el('div', {}, inner);
  Object.assign(scroller, { scrollTop: 30, scrollHeight: 500, clientHeight: 100 });
  scroller.style = { ...scroller.style, overflow: 'auto', overflowY: 'auto' };
  scroller.rect = { left: 10, top: 100, width: 300, height: 100 };
  inner.rect = { left: 10, top: 110, width: 80, height: 20 };
  showBody(scroller);

  const boxes = boxMeasure()(Infinity) || [];

  assert.deepEqual(
    boxes.map(([kind, x, y]) => [kind, x, y]),
    [
      ['x', 0, 0],
      ['x', 10, 100],
      ['b', 10, 140],
    ],
  );
  assert.equal(boxes[2][8], 1);
  assert.equal(boxes[1][8], -1);
});

test('what is folded away is left out, and what folds it away is not', () => {
  const folded = el('details', {}, el('summary', {}, 'More'), el('p', {}, 'Folded'));
  const open = el('details', { open: '' }, el('summary', {}, 'Less'), el('p', {}, 'Unfolded'));
  showBody(folded, open);

  const boxes = boxMeasure()(Infinity) || [];

  assert.deepEqual(
    boxes.map(([, , , , , text]) => text),
    ['', 'More', 'Less', 'Unfolded'],
  );
});

test('what is hidden or too small is left out, and what is in a button is the button', () => {
  const none = el('div', {}, el('button', {}, 'Never'));
  none.style = { ...none.style, display: 'none' };
  none.rect = { left: 0, top: 0, width: 0, height: 0 };
  const tiny = el('button', {}, 'Skip');
  tiny.rect = { left: 0, top: 0, width: 1, height: 1 };
  const icon = el('svg');
  const button = el('button', { id: 'buy' }, icon, el('span', {}, 'Buy'));
  showBody(none, tiny, button);

  const boxes = boxMeasure()(Infinity) || [];

  assert.deepEqual(
    boxes.map(([kind, , , , , text]) => [kind, text]),
    [
      ['x', ''],
      ['b', 'Buy'],
    ],
  );
  assert.equal(targetOf(/** @type {any} */ (icon))[0], button);
});

test('every click has a target that the layout has', () => {
  const image = el('img', { alt: 'A lamp' });
  const word = el('b', {}, 'new');
  const link = el('a', { href: '/x' }, image, word);
  const loose = el('div');
  showBody(el('main', {}, link, loose));
  const selectors = (boxMeasure()(Infinity) || []).map((box) => box[7]);

  for (const [clicked, kind] of /** @type {Array<[any, string]>} */ ([
    [image, 'i'],
    [word, 'a'],
    [loose, 'x'],
  ])) {
    assert.equal(targetOf(clicked)[1], kind);
  }
  assert.deepEqual(selectors, [
    'body',
    'body>main:nth-of-type(1)',
    'body>main:nth-of-type(1)>a:nth-of-type(1)',
    'body>main:nth-of-type(1)>a:nth-of-type(1)>img:nth-of-type(1)',
  ]);
});

test('at most 400 boxes are measured', () => {
  mock.method(performance, 'now', () => 0);
  showBody(...Array.from({ length: 500 }, () => el('button', {}, 'x')));

  assert.equal(boxMeasure()(Infinity)?.length, 400);
});

test('a layout measured in slices says the same as one measured in one go', () => {
  let now_ms = 0;
  mock.method(performance, 'now', () => ++now_ms);
  const scroller = el('div', {}, el('button', {}, 'Inside'), el('a', { href: '/x' }, 'Link'));
  Object.assign(scroller, { scrollTop: 30, scrollHeight: 500, clientHeight: 100 });
  scroller.style = { ...scroller.style, overflow: 'auto', overflowY: 'auto' };
  scroller.rect = { left: 10, top: 100, width: 300, height: 100 };
  showBody(el('main', {}, ...Array.from({ length: 9 }, () => el('button', {}, 'x')), scroller), el('nav'));
  const whole = boxMeasure()(Infinity);

  const measure = boxMeasure();
  let slices = 0;
  let boxes;
  while (!boxes) {
    boxes = measure(now_ms + 3);
    slices++;
  }

  assert.ok(slices > 3, `${slices} slices`);
  assert.deepEqual(boxes, whole);
});
