'use strict';

// The app as Zapier reads it: valid, without findings, and whole. No relay is needed.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const { compileApp, validateApp } = require('zapier-platform-core/src/tools/schema');

const App = require('..');
const catalogue = require('../catalogue.json');
const { creates } = require('../lib/creates');
const { isOlder } = require('../lib/authentication');
const { isGenuine } = require('../lib/signature');
const { filled, inputOf } = require('../lib/relay');
const { shown } = require('../lib/events');
const { lint } = require('../lint');
const { NONE, differences } = require('./running');

test("Zapier's own schema finds nothing", () => {
  assert.deepEqual(validateApp(compileApp(App)), []);
});

test('our linter finds nothing', () => {
  assert.deepEqual(lint(App), []);
});

test('every event type has a trigger, those of the launch set are visible', () => {
  const types = catalogue.triggers.map((each) => each.event_type);
  assert.deepEqual(types, Object.keys(catalogue.event_types));
  assert.ok(types.includes('action.completed') && types.includes('source.silent'));
  for (const trigger of catalogue.triggers) {
    assert.equal(App.triggers[trigger.key].display.hidden, trigger.hidden);
  }
  assert.ok(catalogue.triggers.filter((each) => !each.hidden).length >= 10);
});

test('a filter is asked for only where the type has the field', () => {
  const keys = (key) => App.triggers[key].operation.inputFields.map((field) => field.key);
  assert.deepEqual(keys('domain_expiring'), ['source', 'domain', 'days_ahead']);
  assert.deepEqual(keys('invoice_overdue'), ['source', 'min_amount', 'currency', 'domain', 'days_ahead']);
  assert.deepEqual(keys('customer_created'), ['source']);
  assert.deepEqual(keys('alert_raised'), ['source', 'severity', 'domain']);
  assert.deepEqual(keys('hook_switched_off'), []);
});

for (const kind of ['triggers', 'creates', 'searches']) {
  for (const [key, { operation }] of Object.entries(App[kind])) {
    if (operation.outputFields) {
      test(`the sample of ${kind}.${key} has the keys that are declared`, () => {
        assert.deepEqual(differences(operation.sample, operation.outputFields), NONE);
      });
    }
  }
}

test('New Event and Find Event declare what the chosen types have beyond the sample', async () => {
  const keys = (step, inputData) => step.operation.outputFields.at(-1)({}, { inputData }).map(({ key }) => key);
  const monitor = keys(App.triggers.new_event, { event_types: ['monitor.down'] });
  assert.ok(monitor.includes('data__alert__key') && monitor.includes('data__monitor__name'));
  assert.ok(!monitor.includes('data__ticket__id'));
  assert.deepEqual(keys(App.searches.find_event, { type: 'monitor.down' }), monitor);
  assert.deepEqual(keys(App.searches.find_event, { type: 'invoice.paid' }), []);
  for (const entity of ['ticket', 'action', 'hook', 'unknown']) {
    assert.ok(keys(App.triggers.new_event, {}).some((key) => key.startsWith(`data__${entity}__`)), entity);
  }
});

test('what happened without an invoice has its keys too, and one that is newer than the app is left as it is', () => {
  const { sample } = catalogue.triggers.find((each) => each.event_type === 'payment.failed');
  const bare = { ...sample, customer: null, data: { ...sample.data, invoice: null } };
  const z = { dehydrateFile: () => assert.fail('there is no document') };
  const event = shown(z, bare);
  assert.deepEqual(differences(event, App.triggers.payment_failed.operation.outputFields), NONE);
  assert.equal(event.invoice_pdf, null);
  assert.deepEqual(shown(z, { ...bare, type: 'comet.seen', data: { comet: null } }).data, { comet: null });
});

test('output fields reach into nested objects and line items, with labels and types', () => {
  const fields = Object.fromEntries(App.triggers.invoice_paid.operation.outputFields.map((field) => [field.key, field]));
  assert.deepEqual(fields.data__invoice__amount, { key: 'data__invoice__amount', label: 'Invoice Amount', type: 'number' });
  assert.equal(fields['data__invoice__items[]amount'].label, 'Item Amount');
  assert.equal(fields.data__invoice__due_at.type, 'datetime');
  assert.equal(fields.invoice_pdf.type, 'file');
});

const ACTION = {
  key: 'service_suspend',
  name: 'service.suspend',
  noun: 'Hosting Service',
  label: 'Suspend Hosting Service',
  description: 'Suspends a hosting service, so that it shows nothing until it is restored.',
  hidden: false,
  fields: [{ key: 'service', label: 'Service', type: 'string', required: true, helpText: 'Which one.' }],
  output_fields: [{ key: 'service', label: 'Service', type: 'string' }],
  sample: { service: 'acmeshop' },
};

test('what moves money or removes is in the private profile alone', () => {
  const acts = ['reversible', 'money', 'destructive', 'read'].map((risk) => ({ ...ACTION, risk, key: `act_${risk}` }));
  const offered = (profile) => Object.keys(creates({ actions: acts }, profile)).filter((key) => key.startsWith('act_'));
  assert.deepEqual(offered('public'), ['act_reversible']);
  assert.deepEqual(offered('private'), ['act_reversible', 'act_money', 'act_destructive']);
});

test('an action is valid and without findings', () => {
  const app = { ...App, creates: creates({ actions: [{ ...ACTION, risk: 'reversible' }] }, 'public') };
  assert.deepEqual(validateApp(compileApp(app)), []);
  assert.deepEqual(lint(app), []);
});

// One fault for each rule: what is planted, and what the linter calls it.
const copy = () => structuredClone(JSON.parse(JSON.stringify(App)));
const planted = (change) => {
  const app = { ...App, authentication: { ...App.authentication } };
  for (const kind of ['triggers', 'creates', 'searches']) {
    app[kind] = Object.fromEntries(
      Object.entries(App[kind]).map(([key, step]) => [
        key,
        { ...step, display: { ...step.display }, operation: { ...step.operation, inputFields: [...(step.operation.inputFields || [])] } },
      ]),
    );
  }
  app.authentication.fields = App.authentication.fields.map((field) => ({ ...field }));
  change(app);
  return lint(app).map(({ rule }) => rule);
};
const field = (more) => ({ key: 'colour', label: 'Colour', type: 'string', helpText: 'Which one.', ...more });
const inTrigger = (more) => (app) => app.triggers.invoice_paid.operation.inputFields.push(field(more));
const sample = (change) => (app) => {
  app.triggers.invoice_paid.operation.sample = change(copy().triggers.invoice_paid.operation.sample);
};

const FAULTS = [
  ['D001', inTrigger({ key: 'api_token' })],
  ['D001', inTrigger({ type: 'password' })],
  ['D002', (app) => { app.authentication.fields[1].helpText = 'Your key.'; }],
  ['D003', (app) => { app.authentication.connectionLabel = ''; }],
  ['D004', inTrigger({ label: 'Invoice ID' })],
  ['D005', inTrigger({ dynamic: 'no_such_list.id.name' })],
  ['D005', inTrigger({ dynamic: 'invoice_paid.id.name' })],
  ['D006', (app) => { delete app.triggers.invoice_paid.operation.performSubscribe; }],
  ['D006', (app) => { delete app.triggers.invoice_paid.operation.performUnsubscribe; }],
  ['D007', inTrigger({ helpText: 'See `http://relay.example.com`.' })],
  ['D008', inTrigger({ helpText: 'See https://relay.example.com.' })],
  ['D008', inTrigger({ helpText: 'See [](https://relay.example.com).' })],
  ['D009', (app) => { app.searches.find_invoice.operation.inputFields = []; }],
  ['D010', sample(({ id, ...rest }) => rest)],
  ['D011', inTrigger({ helpText: 'Colour' })],
  ['D012', (app) => { delete app.triggers.invoice_paid.operation.sample; }],
  ['D012', sample(() => ({}))],
  ['D013', inTrigger({ dynamic: 'source_list.id.name', search: 'find_nothing.id' })],
  ['D014', inTrigger({ search: 'find_event.id' })],
  ['D017', (app) => { delete app.triggers.invoice_paid.operation.performList; }],
  ['D018', inTrigger({ label: 'favourite colour' })],
  ['D018', (app) => { app.searches.find_invoice.display.label = 'Invoice Search'; }],
  ['D018', (app) => { app.triggers.invoice_paid.display.label = 'invoice paid'; }],
  ['D021', (app) => { app.triggers.invoice_paid.display.description = 'When an invoice is paid in full.'; }],
  ['D021', (app) => { app.creates.replay_event.display.description = 'Send an event again to all that want it.'; }],
  ['D022', (app) => { app.creates.replay_event.operation.inputFields = []; }],
  ['D023', sample((good) => ({ ...good, occurred_at: '2026-11-22 07:00:00' }))],
  ['D024', sample((good) => ({ ...good, sequence: '1042' }))],
  ['D024', sample((good) => ({ ...good, data: { ...good.data, invoice: { ...good.data.invoice, amount: '24.00' } } }))],
  ['D026', (app) => { delete app.authentication.test; }],
  ['key', (app) => { app.triggers.invoice_paid.key = 'other'; }],
  ['order', (app) => app.creates.replay_event.operation.inputFields.push(field({ required: true }))],
  ['T004', sample(({ summary, ...rest }) => rest)],
  ['T004', sample((good) => ({ ...good, data: { ...good.data, payment: null } }))],
  ['words', (app) => { app.triggers.invoice_paid.display.description = 'Triggers when Zapier syncs an invoice.'; }],
];

for (const [rule, plant] of FAULTS) {
  test(`the linter finds ${rule} where it is planted: ${String(plant).replace(/\s+/g, ' ').slice(0, 90)}`, () => {
    const found = planted(plant);
    assert.ok(found.includes(rule), `found ${JSON.stringify(found)}`);
  });
}

test('the official vector of Standard Webhooks is genuine, and nothing that differs from it', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const headers = {
    'Http-Webhook-Id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'Http-Webhook-Timestamp': '1614265330',
    'Http-Webhook-Signature': 'v0,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const content = '{"test": 2432232314}';
  assert.equal(isGenuine({ headers, content }, secret), true);
  assert.equal(isGenuine({ headers, content: `${content} ` }, secret), false);
  assert.equal(isGenuine({ headers, content }, 'whsec_b3RoZXI='), false);
  assert.equal(isGenuine({ headers: { ...headers, 'Http-Webhook-Id': 'msg_other' }, content }, secret), false);
  assert.equal(isGenuine({ headers: { ...headers, 'Http-Webhook-Signature': 'v1,' }, content }, secret), false);
  assert.equal(isGenuine({ headers: {}, content }, secret), false);
  assert.equal(isGenuine({ headers, content }, undefined), false);
});

test('what is left empty is not sent', () => {
  assert.deepEqual(filled({ a: '', b: null, c: [], d: undefined, e: 0, f: false, g: 'x' }), { e: 0, f: false, g: 'x' });
});

const TEMPLATES = fs.readFileSync(path.join(__dirname, '..', 'templates.md'), 'utf8').split(/^## /m).slice(1);

for (const template of TEMPLATES) {
  const [title] = template.split('\n');
  test(`every step and field of ours in the template "${title}" is one of the app`, () => {
    const steps = Object.values({ ...App.triggers, ...App.searches, ...App.creates });
    const labels = new Set(steps.map(({ display }) => display.label));
    const fields = new Set(steps.flatMap(({ operation }) => (operation.outputFields || []).map(({ label }) => label)));
    for (const [, trigger, search] of template.matchAll(/relay, \*\*([^*]+)\*\*|\*\*([^*]+)\*\* \(relay\)/g)) {
      assert.ok(labels.has(trigger || search), trigger || search);
    }
    const named = [...template.replace(/\*\*[^*]+\*\*/g, '').matchAll(/\*([^*\n]+)\*/g)].map(([, name]) => name);
    assert.ok(named.length > 0);
    assert.deepEqual(named.filter((name) => !fields.has(name)), []);
  });
}

test('it asks for the Node that Zapier runs it on', () => {
  assert.equal(require('../package.json').engines.node, '>=22');
  assert.equal(require('../package-lock.json').packages[''].engines.node, '>=22');
});

test('what was mapped from a text is what its field wants, and what is none is left to the relay', () => {
  const fields = [
    { key: 'amount', type: 'number' },
    { key: 'days', type: 'integer' },
    { key: 'send', type: 'boolean' },
    { key: 'note', type: 'string' },
  ];
  assert.deepEqual(inputOf(fields, { amount: '24.10', days: ' 7 ', send: 'no', note: '42', other: 1 }), { amount: 24.1, days: 7, send: false, note: '42' });
  assert.deepEqual(inputOf(fields, { amount: 'a lot', days: '', send: 'perhaps', note: null }), { amount: 'a lot', send: 'perhaps' });
  assert.deepEqual(inputOf(fields, undefined), {});
});

test('versions are compared by their numbers', () => {
  assert.ok(isOlder('0.0.9', '0.1.0'));
  assert.ok(isOlder('0.9.9', '0.10.0'));
  assert.ok(!isOlder('0.1.0', '0.1.0'));
  assert.ok(!isOlder('1.0.0-rc1', '0.1.0'));
});
