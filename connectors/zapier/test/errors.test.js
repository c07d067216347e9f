'use strict';

// Whatever the relay, or what is there instead of it, answers: the right class of error, and a sentence for its reader.

const assert = require('node:assert/strict');
const http = require('node:http');
const { after, before, test } = require('node:test');

const App = require('..');
const { baseUrl } = require('../lib/relay');
const { runnerOf } = require('./running');

const run = runnerOf(App);
const GOOD = { product: 'relay', version: '0.1.0', workspace_name: 'Example Hosting', host: 'relay.example.com' };
let server, url, answer, asked;

before(async () => {
  server = http.createServer((request, response) => {
    asked = request;
    const { status = 200, body = {}, headers = {} } = answer;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const says = (name, pattern) => (error) => {
  assert.equal(error.name, name, `${error.name}: ${error.message}`);
  assert.match(error.message, pattern);
  assert.ok(!error.message.includes('rk_secret'), 'the key is not in it');
  return true;
};

const connect = (relay_url) => run(App.authentication.test, { authData: { relay_url, api_key: 'rk_secret' } });
const error = (status, code, message) => ({ status, body: { error: { code, message } } });

const CONNECTIONS = [
  ['a bad key', error(401, 'unauthorized', 'no'), /does not know this API key.*relay key add/s],
  ['another product', { status: 200, body: { product: 'blog' } }, /There is no relay at 127\.0\.0\.1:\d+/],
  ['a page instead of an API', { status: 200, body: '<html>Hello</html>', headers: { 'content-type': 'text/html' } }, /There is no relay at/],
  ['nothing at that path', { status: 404, body: 'Not found' }, /There is no relay at/],
  ['a redirect', { status: 302, body: '', headers: { location: 'https://elsewhere.example/' } }, /There is no relay at|Nothing answers/],
  ['a relay that is too old', { status: 200, body: { ...GOOD, version: '0.0.9' } }, /is version 0\.0\.9.*update the relay/s],
  ['a relay that is starting', error(503, 'unavailable', 'no'), /not available right now/],
];

for (const [what, given, pattern] of CONNECTIONS) {
  test(`connecting to ${what} says so`, async () => {
    answer = given;
    await assert.rejects(connect(url), says('AppError', pattern));
  });
}

test('connecting to a port where nobody listens says so', async () => {
  await assert.rejects(connect('http://127.0.0.1:1'), says('AppError', /Nothing answers at 127\.0\.0\.1:1/));
});

test('a good relay connects, with the key in a header and nowhere else', async () => {
  answer = { status: 200, body: GOOD };
  const me = await connect(`${url}/`);
  assert.equal(me.workspace_name, 'Example Hosting');
  assert.equal(asked.headers.authorization, 'Bearer rk_secret');
  assert.equal(asked.url, '/api/v1/me');
});

const ADDRESSES = [
  ['', /must be a web address/],
  ['relay.example.com', /must be a web address/],
  ['http://relay.example.com', /must start with https/],
  ['ftp://relay.example.com', /must start with https/],
  ['https://user:pass@relay.example.com', /without a login/],
  ['https://relay.example.com/?a=b', /without a login, a question mark/],
  ['https://relay.example.com/#x', /without a login, a question mark or a #/],
];

for (const [entered, pattern] of ADDRESSES) {
  test(`the address ${JSON.stringify(entered)} is refused before anybody is asked`, async () => {
    await assert.rejects(connect(entered), says('AppError', pattern));
  });
}

test('an address may have a path, a slash at its end, or that of the API', () => {
  const z = { errors: { Error } };
  for (const entered of ['https://example.com/relay', ' https://example.com/relay/ ', 'https://example.com/relay/api/v1']) {
    assert.equal(baseUrl(z, entered), 'https://example.com/relay/api/v1');
  }
});

test('outside of tests http is refused on loopback too', () => {
  const z = { errors: { Error } };
  process.env.NODE_ENV = 'production';
  try {
    assert.throws(() => baseUrl(z, 'http://127.0.0.1:8080'), /https/);
  } finally {
    process.env.NODE_ENV = 'test';
  }
});

const CALLS = [
  [error(401, 'unauthorized', 'no'), 'ExpiredAuthError', /no longer accepts this API key.*Connect/s],
  [error(403, 'forbidden', 'It lacks hooks:write.'), 'AppError', /may not do that.*hooks:write/s],
  [error(404, 'not_found', 'There is no event with this id.'), 'AppError', /There is no event with this id/],
  [error(409, 'conflict', 'This key was used for something else.'), 'HaltedError', /used for something else/],
  [error(422, 'invalid_request', 'target_url must be an https address.'), 'AppError', /target_url must be/],
  [error(500, 'error', 'a stack trace'), 'AppError', /not available right now/],
  [{ status: 502, body: '<html>Bad gateway</html>' }, 'AppError', /not available right now/],
  [{ status: 418, body: '' }, 'AppError', /status 418/],
];

for (const [given, name, pattern] of CALLS) {
  test(`${given.status} in a step is ${name}`, async () => {
    answer = given;
    const authData = { relay_url: url, api_key: 'rk_secret' };
    const inputData = { event_id: 'evt_1' };
    await assert.rejects(run(App.creates.replay_event.operation.perform, { authData, inputData }), says(name, pattern));
  });
}

test('429 is tried again after the time that the relay asks for', async () => {
  answer = { ...error(429, 'too_many_requests', 'Slow down.'), headers: { 'retry-after': '17' } };
  const authData = { relay_url: url, api_key: 'rk_secret' };
  await assert.rejects(run(App.searches.find_event.operation.perform, { authData, inputData: {} }), (thrown) => {
    assert.equal(thrown.name, 'ThrottledError');
    assert.equal(JSON.parse(thrown.message).delay, 17);
    return true;
  });
});

test('what is still at work is asked for again, not taken as done', async () => {
  answer = error(409, 'still_working', 'The first request with this Idempotency-Key is still at work.');
  const inputData = { event_id: 'evt_1', deduplication_key: 'k' };
  const asking = run(App.creates.replay_event.operation.perform, { authData: { relay_url: url, api_key: 'rk_secret' }, inputData });
  await assert.rejects(asking, says('ThrottledError', /still at work/));
});

const KEYS = [
  ['zap-1', 'zap-1'],
  [1042, '1042'],
  ['Zoë, INV-1042', 'c44934dbc27c154ac85bcdfe65cc94d868b553b1f9fc055064164d2f34e4783d'],
  [`${'a'.repeat(255)}1`, '4ff0eefaf22edd38a1d2f00b1bd103e7c92f8640c7f058d76de4d1a57efa98c2'],
  ['', undefined],
  [null, undefined],
];

for (const [given, sent] of KEYS) {
  test(`the deduplication key ${JSON.stringify(given).slice(0, 30)} goes as a header can carry it`, async () => {
    answer = { status: 202, body: { id: 'evt_1', status: 'accepted' } };
    const inputData = { data: { a: 1 }, deduplication_key: given };
    await run(App.creates.send_custom_event.operation.perform, { authData: { relay_url: url, api_key: 'rk_secret' }, inputData });
    assert.equal(asked.headers['idempotency-key'], sent);
  });
}

test('an action that waits for approval says so in its output', async () => {
  const { creates } = require('../lib/creates');
  const action = {
    key: 'invoice_retry_payment', name: 'invoice.retry_payment', noun: 'Invoice', label: 'Retry Payment', description: 'Retries.',
    risk: 'money', hidden: false, fields: [], output_fields: [], sample: {},
  };
  const { perform } = creates({ actions: [action] }, 'private').invoice_retry_payment.operation;
  answer = { status: 202, body: { id: 'run_1', status: 'pending_approval' } };
  const inputData = { invoice: 'in_1', note: '', deduplication_key: 'k' };

  const done = await run(perform, { authData: { relay_url: url, api_key: 'rk_secret' }, inputData });

  assert.equal(done.status, 'pending_approval');
  assert.match(done.message, /waits for approval/);
  assert.equal(asked.headers['idempotency-key'], 'k');
});

const LIVE = [
  ['what is there', { status: 200, body: { id: 'run_1', status: 'succeeded', invoice_id: 'in_1' } }, ['in_1']],
  ['what is not there', error(422, 'no_such_thing', 'There is no invoice in_1.'), []],
  ['what its source knows nothing of', { status: 200, body: { id: 'run_1', status: 'succeeded', invoice_id: null, amount: null } }, []],
];

for (const [what, given, found] of LIVE) {
  test(`a live search for ${what} finds ${found.length || 'nothing'}`, async () => {
    answer = given;
    const inputData = { invoice_id: 'in_1', source: '' };
    const items = await run(App.searches.invoice_fetch.operation.perform, { authData: { relay_url: url, api_key: 'rk_secret' }, inputData });
    assert.deepEqual(items.map((each) => each.invoice_id), found);
    assert.equal(asked.url, '/api/v1/actions/invoice.fetch');
    assert.equal(asked.headers.authorization, 'Bearer rk_secret');
  });
}

const LIVE_TROUBLES = [
  ['a source that takes long', { status: 202, body: { id: 'run_1', status: 'running' } }, /takes long to answer/],
  ['a source without a key', error(422, 'source_not_ready', "The source 'Stripe EU' has no api_key."), /has no api_key/],
  ['a relay that is away', error(503, 'unavailable', 'no'), /not available right now/],
  ['a page instead of an API', { status: 502, body: '<html>', headers: { 'content-type': 'text/html' } }, /not available right now/],
];

for (const [what, given, pattern] of LIVE_TROUBLES) {
  test(`a live search of ${what} says so`, async () => {
    answer = given;
    const authData = { relay_url: url, api_key: 'rk_secret' };
    const asking = run(App.searches.invoice_fetch.operation.perform, { authData, inputData: { invoice_id: 'in_1' } });
    await assert.rejects(asking, says('AppError', pattern));
  });
}
