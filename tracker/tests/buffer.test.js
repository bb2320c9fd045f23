import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { append, newest, take } from '../src/buffer.js';

afterEach(() => take(true));

test('a batch ends before the first open event and the next begins with the state at that event', () => {
  append(['s', 1, 0, 0], false, () => ['first']);
  const click = append(['c', 2], true, () => ['at the click']);
  append(['s', 3, 0, 0], false, () => ['later']);

  assert.deepEqual(take(false), { pg: ['first'], e: [['s', 1, 0, 0]] });
  assert.equal(take(false), undefined);
  click.isOpen = false;
  assert.deepEqual(take(false), {
    pg: ['at the click'],
    e: [
      ['c', 2],
      ['s', 3, 0, 0],
    ],
  });
});

test('the last batch takes open events too', () => {
  append(['c', 2], true, () => []);

  assert.equal(take(true)?.e.length, 1);
  assert.equal(newest(), undefined);
});
