import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { fakeStorage, setClock } from './fakes.js';

const NOW = 1_795_000_000_000;
const [localStorage, sessionStorage] = [fakeStorage(), fakeStorage()];
Object.assign(globalThis, { localStorage, sessionStorage, window: globalThis });
const { enqueue, hold, nextBatch } = await import('../src/queue.js');
const life = await import('../src/session.js');
const transport = await import('../src/transport.js');

/** @type {Array<{body: any, options: any}>} */
let sent = [];
/** @type {() => Response} */
let reply = () => new Response(null, { status: 204 });
/** @type {any[]} */
let heard = [];

/** @param {number} q @param {number} [size] */
const batch = (q, size = 1) =>
  /** @type {any} */ ({
    v: 1,
    k: 'default',
    s: life.session.i,
    q,
    t: NOW,
    c: 0,
    pg: [],
    e: [['x', 1, 'n'.repeat(size), 0]],
  });
const seqs = () => sent.map(({ body }) => body.q);

globalThis.fetch = /** @type {any} */ (
  async (/** @type {string} */ _url, /** @type {any} */ options) => {
    sent.push({ body: JSON.parse(options.body), options });
    return reply();
  }
);

beforeEach(async () => {
  for (const store of [localStorage, sessionStorage]) for (const key of Object.keys(store)) delete store[key];
  setClock(NOW);
  mock.method(Math, 'random', () => 0.5);
  life.openSession();
  transport.startTransport('https://stats.example/i', (answer) => {
    heard.push(answer);
    if (answer.off) transport.stopTransport();
  });
  reply = () => new Response(null, { status: 204 });
  await transport.retryNow();
  sent = [];
  heard = [];
});

test('an acknowledged batch is gone, with no cookies and no preflight', async () => {
  enqueue(batch(0));
  enqueue(batch(1));
  await transport.pump();

  assert.deepEqual(seqs().sort(), [0, 1]);
  assert.equal(nextBatch(), undefined);
  assert.equal(sent[0].options.credentials, 'omit');
  assert.equal(typeof sent[0].options.body, 'string');
  assert.equal(sent[0].options.headers, undefined);
  assert.deepEqual([sent[0].body.n, sent[0].body.u], [NOW, []]);
});

for (const status of [408, 429, 500, 503, 507]) {
  test(`${status} keeps the batch and waits`, async () => {
    reply = () => new Response(null, { status });
    enqueue(batch(0));
    await transport.pump();
    await transport.pump();

    assert.deepEqual(seqs(), [0]);
    assert.equal(nextBatch()?.q, 0);
  });
}

test('a failed network is retried after 2 s, 4 s, 8 s and at once when it is back', async () => {
  const waits = [];
  reply = () => {
    throw new TypeError('network');
  };
  enqueue(batch(0));
  await transport.pump();
  for (const expected of [2_000, 4_000, 8_000]) {
    setClock(Date.now() + expected - 1);
    await transport.pump();
    waits.push(sent.length);
    setClock(Date.now() + 1);
    await transport.pump();
  }
  assert.deepEqual(waits, [1, 2, 3]);

  reply = () => new Response(null, { status: 204 });
  enqueue(batch(1));
  await transport.retryNow();
  assert.equal(nextBatch(), undefined);
});

test('Retry-After is honoured', async () => {
  reply = () => new Response(null, { status: 503, headers: { 'Retry-After': '120' } });
  enqueue(batch(0));
  await transport.pump();
  setClock(NOW + 119_000);
  await transport.pump();
  assert.equal(sent.length, 1);

  setClock(NOW + 120_000);
  await transport.pump();
  assert.equal(sent.length, 2);
});

test('another refusal drops that batch only', async () => {
  reply = () => new Response(null, { status: sent.length === 1 ? 400 : 204 });
  enqueue(batch(0));
  setClock(NOW + 1);
  enqueue(batch(1));
  await transport.pump();

  assert.deepEqual(seqs(), [0, 1]);
  assert.equal(nextBatch(), undefined);
});

for (const [name, answer] of /** @type {Array<[string, () => Response]>} */ ([
  ['403', () => new Response(null, { status: 403 })],
  ['410', () => new Response(null, { status: 410 })],
  ['off', () => new Response('{"off":1}', { status: 200 })],
])) {
  test(`${name} stops everything`, async () => {
    reply = answer;
    enqueue(batch(0));
    await transport.pump();
    await transport.pump();

    assert.equal(sent.length, 1);
    assert.equal(heard[0].off, 1);
  });
}

test('the last batch of the page before is asked about once and sent again when missed', async () => {
  hold(batch(0));
  transport.askAboutHeld();
  enqueue(batch(1));
  reply = () => new Response(JSON.stringify({ ok: 1, miss: sent.length === 1 ? [0] : [] }), { status: 200 });
  await transport.pump();

  assert.deepEqual(seqs(), [1, 0]);
  assert.deepEqual(sent[0].body.u, [0]);
  assert.deepEqual(sent[1].body.u, []);
  assert.deepEqual(Object.keys(sessionStorage), ['ust.s']);
});

test('a last batch that fails while the page stays joins the queue', async () => {
  reply = () => new Response(null, { status: 500 });
  await transport.sendLast(batch(0));

  assert.equal(nextBatch()?.q, 0);
  assert.deepEqual(Object.keys(sessionStorage), ['ust.s']);
});

test('keepalive ends below 64 KiB', async () => {
  enqueue(batch(0, 8_000));
  await transport.pump();
  await transport.sendLast(batch(1, 8_000));
  await transport.sendLast(batch(2, 70_000));

  assert.deepEqual(
    sent.map(({ options }) => options.keepalive),
    [true, true, false],
  );
});

test('an answer that is no JSON acknowledges all the same', async () => {
  reply = () => new Response('<html>', { status: 200 });
  enqueue(batch(0));
  await transport.pump();

  assert.equal(nextBatch(), undefined);
});
