import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besideScript, configure } from '../src/config.js';

test('attributes of the script tag only make it stricter', () => {
  assert.equal(configure({ inputs: 'mask' }, { inputs: 'plain' }).inputs, 'mask');
  assert.equal(configure({ inputs: 'off' }, { inputs: 'mask' }).inputs, 'off');
  assert.equal(configure({ inputs: 'plain' }, { inputs: 'mask' }).inputs, 'mask');
  assert.equal(configure({}, { inputs: 'off' }).inputs, 'off');
  assert.equal(configure({ consent: 'banner' }, { consent: 'off' }).consent, 'banner');
  assert.equal(configure({}, { consent: 'api' }).consent, 'api');
  assert.equal(configure({}, { site: 'blog' }).site, 'blog');
});

test('batches go beside the script, and other scripts come from there', () => {
  assert.equal(besideScript('i', 'https://stats.example/tracker.js?v=1'), 'https://stats.example/i');
  assert.equal(besideScript('c', 'https://example.com/stats/tracker.js'), 'https://example.com/stats/c');
  assert.equal(besideScript('info.js', 'https://example.com'), 'https://example.com/info.js');
});
