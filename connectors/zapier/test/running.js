'use strict';

// A real relay, and a target that plays hooks.zapier.com, both on loopback for as long as a test runs.

const { execFileSync, spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const zapier = require('zapier-platform-core');

const ROOT = path.join(__dirname, '..', '..', '..');
const RELAY = [process.env.RELAY_BIN, path.join(ROOT, '.venv', 'bin', 'relay')].find((each) => each && fs.existsSync(each)) || 'relay';

const until = async (look, what, seconds = 60) => {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
};

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const startRelay = async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'relay-zapier-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RELAY_')));
  const env = { ...kept, RELAY_DATA_DIR: directory, RELAY_PUBLIC_URL: url, RELAY_ALLOW_PRIVATE_TARGETS: '127.0.0.1' };
  const command = (...words) => JSON.parse(execFileSync(RELAY, [...words, '--json'], { env, encoding: 'utf8' }));
  const log = fs.openSync(path.join(directory, 'log'), 'w');
  const up = spawn(RELAY, ['up', '--port', String(port), '--data-dir', directory], { env, stdio: ['ignore', log, log] });
  const ended = new Promise((resolve) => up.once('exit', resolve));
  const ready = async () => (await fetch(`${url}/readyz`).catch(() => ({ ok: false }))).ok;
  await until(ready, `the relay is ready; it said ${fs.readFileSync(path.join(directory, 'log'), 'utf8').slice(-2000)}`);
  return {
    url,
    command,
    key: (scopes) => command('key', 'add', '--name', 'Zapier', ...(scopes ? ['--scopes', scopes] : [])).key,
    stop: async () => {
      up.kill('SIGTERM');
      await ended;
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
};

// Runs what a part of the app does, in an app of that part alone: Zapier's core takes the whole app apart at each run.
const runnerOf = (App) => {
  const parts = ['triggers', 'creates', 'searches'].flatMap((kind) => Object.entries(App[kind]).map(([key, part]) => ({ kind, key, part })));
  const runners = new Map();
  const whole = zapier.createAppTester(App);
  const runner = (method) => {
    const found = parts.find(({ part }) => Object.values(part.operation).flat().includes(method));
    if (!found) return whole;
    const { kind, key, part } = found;
    const alone = { ...App, triggers: {}, creates: {}, searches: {}, [kind]: { [key]: part } };
    if (!runners.has(part)) runners.set(part, zapier.createAppTester(alone));
    return runners.get(part);
  };
  return (method, bundle) => runner(method)(method, bundle);
};

// Keeps what it is sent, by path; `answers[path]` is another status than 200.
const startTarget = async () => {
  const received = new Map();
  const answers = {};
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const content = Buffer.concat(chunks).toString();
      received.set(request.url, [...(received.get(request.url) || []), { headers: request.headers, content }]);
      response.writeHead(answers[request.url] || 200).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    answers,
    received: (at) => received.get(at) || [],
    next: async (at, count = 1) => (await until(() => (received.get(at) || []).length >= count, `${count} came to ${at}`)) && received.get(at)[count - 1],
    stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }),
  };
};

// What Zapier hands to `perform` for one request.
const asZapierHandsItOver = ({ headers, content }, subscribeData) => {
  const camel = (name) => name.split('-').map((word) => word[0].toUpperCase() + word.slice(1)).join('-');
  const handed = Object.entries(headers).map(([name, value]) => [
    ['content-type', 'content-length'].includes(name) ? camel(name) : `Http-${camel(name)}`,
    value,
  ]);
  return {
    cleanedRequest: JSON.parse(content),
    rawRequest: { method: 'POST', headers: Object.fromEntries(handed), content, querystring: '' },
    subscribeData,
  };
};

const postStripe = (source, event) => {
  const body = JSON.stringify(event);
  const stamp = Math.floor(Date.now() / 1000);
  const mac = crypto.createHmac('sha256', source.secret).update(`${stamp}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'stripe-signature': `t=${stamp},v1=${mac}` };
  return fetch(source.url, { method: 'POST', body, headers });
};

const postStandard = (source, id, message) => {
  const body = JSON.stringify(message);
  const stamp = Math.floor(Date.now() / 1000);
  const key = Buffer.from(source.secret.replace(/^whsec_/, ''), 'base64');
  const mac = crypto.createHmac('sha256', key).update(`${id}.${stamp}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(stamp),
    'webhook-signature': `v1,${mac}`,
  };
  return fetch(source.url, { method: 'POST', body, headers });
};

// Every key in a value, nested ones with dots, those of lists once.
const keysOf = (value, prefix = '') => {
  if (Array.isArray(value)) return [...new Set(value.flatMap((each) => keysOf(each, `${prefix}[]`)))].sort();
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value)
    .flatMap(([name, each]) => [`${prefix}.${name}`, ...keysOf(each, `${prefix}.${name}`)])
    .sort();
};

// The keys of a result as output fields name them: `data__invoice__items[]amount`. An empty list is `...items[]`.
const leavesOf = (value, at = '') => {
  if (Array.isArray(value)) return value.length ? [...new Set(value.flatMap((each) => leavesOf(each, `${at}[]`)))] : [`${at}[]`];
  if (value === null || typeof value !== 'object') return [at];
  return Object.entries(value).flatMap(([name, each]) => leavesOf(each, at === '' || at.endsWith('[]') ? at + name : `${at}__${name}`));
};

// What differs between a result and the output fields that its step declares. A custom event's own keys are anybody's.
const differences = (result, fields) => {
  const given = leavesOf(result).filter((key) => !/^data__custom(__|$)/.test(key));
  const declared = fields.filter((field) => typeof field === 'object').map(({ key, list }) => (list ? `${key}[]` : key));
  const isEmptyList = (key) => key.endsWith('[]') && declared.some((each) => each.startsWith(key));
  return {
    missing: declared.filter((key) => !given.includes(key) && !given.some((each) => isEmptyList(each) && key.startsWith(each))),
    undeclared: given.filter((key) => !declared.includes(key) && !isEmptyList(key)),
  };
};
const NONE = { missing: [], undeclared: [] };

module.exports = { NONE, asZapierHandsItOver, differences, keysOf, postStandard, postStripe, runnerOf, startRelay, startTarget, until };
