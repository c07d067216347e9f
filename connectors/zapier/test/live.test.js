'use strict';

// Every trigger, create and search against a real relay: subscribe, a signed webhook, what was delivered, unsubscribe.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const App = require('..');
const catalogue = require('../catalogue.json');
const { NONE, asZapierHandsItOver, differences, keysOf, postStandard, postStripe, runnerOf, startRelay, startTarget, until } = require('./running');

const run = runnerOf(App);
let relay, target, standard, stripe, authData;

before(async () => {
  [relay, target] = await Promise.all([startRelay(), startTarget()]);
  standard = relay.command('source', 'add', 'standard', '--name', 'Anything', '--secret', 'whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3Q=');
  stripe = relay.command('source', 'add', 'stripe', '--name', 'Stripe EU', '--secret', 'whsec_of_the_test');
  authData = { relay_url: relay.url, api_key: relay.key() };
});

after(() => Promise.all([relay && relay.stop(), target && target.stop()]));

const subscribe = (trigger, inputData = {}, at = `/${trigger.key}`) =>
  run(trigger.operation.performSubscribe, { authData, inputData, targetUrl: target.url + at });

const unsubscribe = (trigger, subscribeData) =>
  run(trigger.operation.performUnsubscribe, { authData, inputData: {}, subscribeData, targetUrl: `${target.url}/${trigger.key}` });

const post = async (path, body, key = authData.api_key) => {
  const headers = { Authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(`${relay.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
};

const hooks = async () => {
  const headers = { Authorization: `Bearer ${authData.api_key}` };
  return (await (await fetch(`${relay.url}/api/v1/hooks?limit=100`, { headers })).json()).items.map(({ id }) => id);
};

test('the connection is tested and has a label', async () => {
  const me = await run(App.authentication.test, { authData });
  assert.equal(me.product, 'relay');
  assert.ok(me.workspace_name);
  assert.equal(me.host, new URL(relay.url).host);
});

// What the relay tells of itself nobody may post.
const OWN = ['action.approval_requested', 'action.completed', 'custom', 'hook.switched_off', 'source.silent', 'unknown'];
const isOwn = ({ event_type: type }) => OWN.includes(type);

for (const { key, event_type: type, sample } of catalogue.triggers.filter((each) => !isOwn(each))) {
  test(`${key}: what is delivered, listed and shown as a sample has the same keys`, async () => {
    const trigger = App.triggers[key];
    const hook = await subscribe(trigger);
    const message = { type, timestamp: '2026-11-22T07:00:00Z', data: sample.data, customer: sample.customer };
    const taken = await postStandard(standard, `msg_${key}`, message);
    assert.equal(taken.status, 202, await taken.text());

    const delivered = await target.next(`/${key}`);
    const [event] = await run(trigger.operation.perform, asZapierHandsItOver(delivered, hook));
    const [listed] = await run(trigger.operation.performList, { authData, inputData: {}, meta: { isLoadingSample: true } });

    assert.equal(event.type, type);
    assert.deepEqual(keysOf(event), keysOf(listed));
    assert.deepEqual(differences(event, trigger.operation.outputFields), NONE);
    await unsubscribe(trigger, hook);
  });
}

for (const { key, event_type: type } of catalogue.triggers.filter(isOwn)) {
  test(`${key}: what the relay tells of itself has the keys that are declared`, async () => {
    const trigger = App.triggers[key];
    const hook = await subscribe(trigger);
    await post(`/hooks/${hook.id}/test`, {});

    const [event] = await run(trigger.operation.perform, asZapierHandsItOver(await target.next(`/${key}`), hook));

    assert.equal(event.type, type);
    assert.deepEqual(differences(event, trigger.operation.outputFields), NONE);
    await unsubscribe(trigger, hook);
  });
}

test('what the relay really tells of itself comes to its triggers, and is listed', async () => {
  const told = (key, input) => subscribe(App.triggers[key], input, `/told/${key}`);
  const keys = ['action_approval_requested', 'action_completed', 'custom', 'hook_switched_off', 'unknown'];
  const subscribed = Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await told(key)])));
  const gone = await subscribe(App.triggers.ticket_opened, {}, '/told/gone');
  target.answers['/told/gone'] = 410;

  await post('/actions/alert.raise', { key: 'disk:web03', title: 'Disk of web03 is full' });
  await post('/action-policies', { action: 'alert.raise', mode: 'always' }, relay.key('admin'));
  await post('/actions/alert.raise', { key: 'disk:web04', title: 'Disk of web04 is full' });
  await post('/events', { data: { plan: 'Business' } });
  await post(`/hooks/${gone.id}/test`, {});
  await postStripe(stripe, { id: 'evt_new_kind', object: 'event', type: 'some.new_kind', created: 1795330800, data: { object: {} } });

  for (const key of keys) {
    const { operation } = App.triggers[key];
    const delivered = await target.next(`/told/${key}`);
    const [event] = await run(operation.perform, asZapierHandsItOver(delivered, subscribed[key]));
    const [listed] = await run(operation.performList, { authData, inputData: {}, meta: { isLoadingSample: true } });
    assert.deepEqual(differences(event, operation.outputFields), NONE);
    assert.deepEqual(differences(listed, operation.outputFields), NONE);
    await unsubscribe(App.triggers[key], subscribed[key]);
  }
});

test('a webhook that Stripe signed goes all the way', async () => {
  const trigger = App.triggers.invoice_paid;
  const hook = await subscribe(trigger, { min_amount: 20, currency: 'EUR', source: stripe.id }, '/stripe');
  const invoice = {
    id: 'in_zapier', object: 'invoice', number: 'INV-9', status: 'paid', currency: 'eur', customer: 'cus_9', customer_email: 'zoe@example.com',
    total: 2400, amount_due: 2400, amount_paid: 2400, amount_remaining: 0, invoice_pdf: 'https://pay.stripe.com/invoice/9/pdf',
  };
  const event = (id, object) => ({ id, object: 'event', type: 'invoice.paid', created: 1795330800, livemode: true, data: { object } });
  assert.equal((await postStripe(stripe, event('evt_small', { ...invoice, id: 'in_small', total: 100, amount_paid: 100, amount_due: 100 }))).status, 202);
  assert.equal((await postStripe(stripe, event('evt_large', invoice))).status, 202);

  const [told] = await run(trigger.operation.perform, asZapierHandsItOver(await target.next('/stripe'), hook));

  assert.equal(told.data.invoice.number, 'INV-9');
  assert.equal(told.data.invoice.amount, 24);
  assert.match(told.invoice_pdf, /^hydrate\|\|\|.*invoicePdf/);
  const listed = await run(trigger.operation.performList, { authData, inputData: { min_amount: 20, currency: 'eur', source: stripe.id } });
  assert.deepEqual(listed.map((each) => each.data.invoice.number), ['INV-9']);
  await unsubscribe(trigger, hook);
});

test('any choice of types comes to New Event', async () => {
  const trigger = App.triggers.new_event;
  const hook = await subscribe(trigger, { event_types: ['ticket.opened', 'order.paid'] });
  for (const type of ['ticket.opened', 'order.paid']) {
    const { sample } = catalogue.triggers.find((each) => each.event_type === type);
    await postStandard(standard, `msg_any_${type}`, { type, data: sample.data, customer: sample.customer });
  }
  await target.next('/new_event', 2);
  const fields = await run((z, bundle) => trigger.operation.outputFields.at(-1)(z, bundle), { inputData: { event_types: ['ticket.opened', 'order.paid'] } });
  for (const each of target.received('/new_event')) {
    const [event] = await run(trigger.operation.perform, asZapierHandsItOver(each, hook));
    assert.deepEqual(differences(event, [...trigger.operation.outputFields, ...fields]).undeclared, []);
  }
  const told = target.received('/new_event').map((each) => JSON.parse(each.content).type);
  assert.deepEqual(told.sort(), ['order.paid', 'ticket.opened']);
  const listed = await run(trigger.operation.performList, { authData, inputData: { event_types: [] } });
  assert.equal(listed.length, 3);
  await unsubscribe(trigger, hook);
});

test('what somebody else posted to the hook is refused', async () => {
  const trigger = App.triggers.invoice_paid;
  const hook = await subscribe(trigger, {}, '/forged');
  const { sample, event_type: type } = catalogue.triggers.find((each) => each.key === 'invoice_paid');
  await postStandard(standard, 'msg_forged', { type, data: sample.data, customer: sample.customer });
  const delivered = await target.next('/forged');
  const forged = { ...delivered, content: delivered.content.replace('"livemode"', '"live_mode"') };

  await assert.rejects(run(trigger.operation.perform, asZapierHandsItOver(forged, hook)), /not signed by your relay/);
  await assert.rejects(run(trigger.operation.perform, asZapierHandsItOver(delivered, { id: hook.id })), /not signed by your relay/);
  await unsubscribe(trigger, hook);
});

test('unsubscribing removes the hook, also when it is gone already', async () => {
  const trigger = App.triggers.monitor_down;
  const hook = await subscribe(trigger, {}, '/gone');
  assert.ok((await hooks()).includes(hook.id));

  await unsubscribe(trigger, hook);
  await unsubscribe(trigger, hook);

  assert.ok(!(await hooks()).includes(hook.id));
});

test('410 from the target switches the hook off', async () => {
  const trigger = App.triggers.monitor_down;
  target.answers['/410'] = 410;
  const hook = await subscribe(trigger, {}, '/410');
  const { sample, event_type: type } = catalogue.triggers.find((each) => each.key === 'monitor_down');
  const own = { ...sample.data, alert: { ...sample.data.alert, key: 'gone' } };
  await postStandard(standard, 'msg_410', { type, data: own, customer: sample.customer });

  const headers = { Authorization: `Bearer ${authData.api_key}` };
  const status = async () => (await (await fetch(`${relay.url}/api/v1/hooks/${hook.id}`, { headers })).json()).status;
  await until(async () => (await status()) !== 'active', 'the hook is switched off');
  await unsubscribe(trigger, hook);
});

test('a key that may only read cannot subscribe, and is told why', async () => {
  const weak = { relay_url: relay.url, api_key: relay.key('events:read') };
  const asked = run(App.triggers.invoice_paid.operation.performSubscribe, { authData: weak, inputData: {}, targetUrl: `${target.url}/weak` });
  await assert.rejects(asked, /This API key may not do that/);
});

test('an address that the relay must not post to is refused with its reason', async () => {
  const asked = run(App.triggers.invoice_paid.operation.performSubscribe, { authData, inputData: {}, targetUrl: 'http://10.0.0.1/x' });
  await assert.rejects(asked, (error) => /https/.test(error.message) && error.name === 'AppError');
});

test('dropdowns list sources, hooks and events', async () => {
  const hook = await subscribe(App.triggers.invoice_paid, {}, '/listed');
  const list = (key) => run(App.triggers[key].operation.perform, { authData, meta: { page: 0 } });

  assert.deepEqual((await list('source_list')).map(({ name }) => name).sort(), ['Anything (standard)', 'Stripe EU (stripe)']);
  assert.ok((await list('hook_list')).some(({ id }) => id === hook.id));
  assert.ok((await list('event_list')).length > 50);
  assert.deepEqual(await run(App.triggers.source_list.operation.perform, { authData, meta: { page: 1 } }), []);
  await unsubscribe(App.triggers.invoice_paid, hook);
});

test('a custom event is sent once for one deduplication key', async () => {
  const create = App.creates.send_custom_event.operation.perform;
  const inputData = { data: { plan: 'Business' }, customer_email: 'zoe@example.com', customer_name: '', deduplication_key: 'zap-1' };

  const first = await run(create, { authData, inputData });
  const again = await run(create, { authData, inputData });
  const other = await run(create, { authData, inputData: { ...inputData, deduplication_key: '' } });

  assert.deepEqual(differences(first, App.creates.send_custom_event.operation.outputFields), NONE);
  assert.equal(first.id, again.id);
  assert.notEqual(first.id, other.id);
  const changed = run(create, { authData, inputData: { ...inputData, data: { plan: 'Other' } } });
  await assert.rejects(changed, (error) => error.name === 'HaltedError');
});

test('an event is replayed, and a test event is sent to a hook', async () => {
  const hook = await subscribe(App.triggers.invoice_paid, {}, '/replayed');
  const [event] = await run(App.searches.find_event.operation.perform, { authData, inputData: { type: 'invoice.paid' } });

  const { outputFields } = App.searches.find_event.operation;
  assert.deepEqual(differences(event, outputFields), NONE);

  const replayed = await run(App.creates.replay_event.operation.perform, { authData, inputData: { event_id: event.id } });
  assert.deepEqual(differences(replayed, App.creates.replay_event.operation.outputFields), NONE);
  assert.equal(replayed.id, event.id);
  assert.ok(replayed.deliveries >= 1);
  assert.equal(JSON.parse((await target.next('/replayed')).content).id, event.id);

  const sent = await run(App.creates.send_test_event.operation.perform, { authData, inputData: { hook_id: hook.id } });
  assert.deepEqual(differences(sent, App.creates.send_test_event.operation.outputFields), NONE);
  assert.equal(JSON.parse((await target.next('/replayed', 2)).content).id, sent.id);
  await unsubscribe(App.triggers.invoice_paid, hook);
});

test('an event that is not there is said so', async () => {
  const asked = run(App.creates.replay_event.operation.perform, { authData, inputData: { event_id: 'evt_none' } });
  await assert.rejects(asked, (error) => error.name === 'AppError' && /no event/.test(error.message));
});

for (const { key, kind } of catalogue.searches) {
  test(`${key}: finds what events have told, with the keys of the sample`, async () => {
    const { perform } = App.searches[key].operation;
    const asked = kind === 'customer' ? { email: 'zoe@acme-shop.example' } : { customer: 'zoe@acme-shop.example', status: '' };
    const found = await until(async () => {
      const items = await run(perform, { authData, inputData: asked });
      return items.length ? items : null;
    }, `${key} finds something`);

    assert.equal(found[0].kind, kind);
    for (const each of found) assert.deepEqual(differences(each, App.searches[key].operation.outputFields), NONE);
    assert.deepEqual(await run(perform, { authData, inputData: { id: 'nobody-knows-this' } }), []);
    await assert.rejects(run(perform, { authData, inputData: { id: '' } }), /at least one field/);
  });
}
