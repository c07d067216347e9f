'use strict';

// What a Zap can do: events of its own, replays, tests, and every action of the catalogue that may be published.

const crypto = require('node:crypto');

const { resultOf } = require('./fields');
const { call, filled, inputOf } = require('./relay');

const DEDUPLICATION = {
  key: 'deduplication_key',
  label: 'Deduplication Key',
  type: 'string',
  helpText: 'Something that is the same when this step runs again for the same thing, such as the event ID of the trigger. Then it is done once.',
};

// Zapier publishes no step that moves money, and removals do not belong into a Zap; a private app may have them.
const UNPUBLISHED = new Set(['money', 'destructive']);

// A header takes plain characters only, and the relay 255 of them: what else a user maps goes as its hash.
const asHeader = (key) => (/^[!-~]{1,255}$/.test(key) ? key : crypto.createHash('sha256').update(key).digest('hex'));

const post = (z, bundle, path, body) => {
  const { deduplication_key: key } = filled(bundle.inputData);
  return call(z, bundle, path, { method: 'POST', body, headers: key === undefined ? {} : { 'Idempotency-Key': asHeader(String(key)) } });
};

const sendEvent = {
  key: 'send_custom_event',
  noun: 'Custom Event',
  display: {
    label: 'Send Custom Event',
    description: 'Creates an event of your own, which goes to everything that listens to custom events.',
  },
  operation: {
    inputFields: [
      {
        key: 'data',
        label: 'Details',
        dict: true,
        required: true,
        helpText: 'Names and values that describe what happened. Fields whose names say that they hold a secret are removed.',
      },
      { key: 'customer_email', label: 'Customer Email', type: 'string', helpText: 'Whom it is about, if it is about a customer.' },
      { key: 'customer_name', label: 'Customer Name', type: 'string', helpText: 'The name of that customer.' },
      DEDUPLICATION,
    ],
    perform: (z, bundle) => {
      const { customer_email: email, customer_name: name, data } = filled(bundle.inputData);
      return post(z, bundle, '/events', { data: data || {}, ...(email || name ? { customer: filled({ email, name }) } : {}) });
    },
    sample: { id: 'evt_5f0c7d21e9a84b36b1d7c2f80e93a64d', status: 'accepted' },
    outputFields: [
      { key: 'id', label: 'Event ID', type: 'string' },
      { key: 'status', label: 'Status', type: 'string' },
    ],
  },
};

const replayEvent = {
  key: 'replay_event',
  noun: 'Event',
  display: {
    label: 'Replay Event',
    description: 'Creates new deliveries of an event that was reported before, under the same event ID.',
  },
  operation: {
    inputFields: [
      {
        key: 'event_id',
        label: 'Event',
        type: 'string',
        required: true,
        dynamic: 'event_list.id.name',
        search: 'find_event.id',
        helpText: 'The event to send again, to everything that wants events of its type.',
      },
      DEDUPLICATION,
    ],
    perform: async (z, bundle) => {
      const id = bundle.inputData.event_id;
      const { events, deliveries } = await post(z, bundle, `/events/${encodeURIComponent(id)}/replay`, {});
      return { id, events, deliveries: deliveries.length };
    },
    sample: { id: 'evt_5f0c7d21e9a84b36b1d7c2f80e93a64d', events: ['evt_5f0c7d21e9a84b36b1d7c2f80e93a64d'], deliveries: 2 },
    outputFields: [
      { key: 'id', label: 'Event ID', type: 'string' },
      { key: 'events', label: 'Replayed Event IDs', type: 'string', list: true },
      { key: 'deliveries', label: 'Number of Deliveries', type: 'integer' },
    ],
  },
};

const sendTest = {
  key: 'send_test_event',
  noun: 'Test Event',
  display: {
    label: 'Send Test Event',
    description: 'Creates an example event and delivers it to one hook, to see whether what follows works.',
  },
  operation: {
    inputFields: [
      {
        key: 'hook_id',
        label: 'Hook',
        type: 'string',
        required: true,
        dynamic: 'hook_list.id.name',
        helpText: 'Who gets it: one of the Zaps, scenarios and addresses that listen to your relay.',
      },
      DEDUPLICATION,
    ],
    perform: async (z, bundle) => {
      const sent = await post(z, bundle, `/hooks/${encodeURIComponent(bundle.inputData.hook_id)}/test`, {});
      return { id: sent.event_id, delivery_id: sent.delivery_id };
    },
    sample: { id: 'evt_test_5f0c7d21e9a84b36', delivery_id: 'dlv_019aa9d3b2c07f4e81d25a6c3b9e04f2' },
    outputFields: [
      { key: 'id', label: 'Event ID', type: 'string' },
      { key: 'delivery_id', label: 'Delivery ID', type: 'string' },
    ],
  },
};

// With a sentence where a person has to approve it first, also from a relay that gives none.
const outcome = (run) => ({
  ...run,
  message: run.message || (run.status === 'pending_approval' ? 'This waits for approval on the relay before it is done.' : null),
});

const ofAction = (action) => ({
  key: action.key,
  noun: action.noun,
  display: { label: action.label, description: action.description, hidden: action.hidden },
  operation: {
    inputFields: [...action.fields, DEDUPLICATION],
    perform: async (z, bundle) => {
      const input = inputOf(action.fields, bundle.inputData);
      return outcome(await post(z, bundle, `/actions/${encodeURIComponent(action.name)}`, input));
    },
    ...resultOf(action),
  },
});

const creates = (catalogue, profile) => {
  const fit = catalogue.actions.filter(({ risk }) => risk !== 'read' && (profile === 'private' || !UNPUBLISHED.has(risk)));
  return Object.fromEntries([sendEvent, replayEvent, sendTest, ...fit.map(ofAction)].map((each) => [each.key, each]));
};

module.exports = { creates };
