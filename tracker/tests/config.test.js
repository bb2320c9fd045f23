import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besideScript } from '../src/config.js';
import { settle } from './fakes.js';

test('attributes of the script tag only make it stricter', () => {
  assert.equal(settle({ inputs: 'mask' }, { inputs: 'plain' }).inputs, 'mask');
  assert.equal(settle({ inputs: 'off' }, { inputs: 'mask' }).inputs, 'off');
  assert.equal(settle({ inputs: 'plain' }, { inputs: 'mask' }).inputs, 'mask');
  assert.equal(settle({}, { inputs: 'off' }).inputs, 'off');
  assert.equal(settle({ consent: 'banner' }, { consent: 'off' }).consent, 'banner');
  assert.equal(settle({}, { consent: 'api' }).consent, 'api');
  assert.equal(settle({}, { site: 'blog' }).site, 'blog');
});

test('batches go beside the script, and other scripts come from there', () => {
  assert.equal(besideScript('i', 'https://stats.example/tracker.js?v=1'), 'https://stats.example/i');
  assert.equal(besideScript('c', 'https://example.com/stats/tracker.js'), 'https://example.com/stats/c');
  assert.equal(besideScript('info.js', 'https://example.com'), 'https://example.com/info.js');
});
