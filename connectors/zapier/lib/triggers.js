'use strict';

// One REST hook for each event type, and one for any choice of them.

const { sampleOf, shown } = require('./events');
const { ofEvent, ofEvents } = require('./fields');
const { call, inputOf } = require('./relay');
const { isGenuine } = require('./signature');

// How a Zap subscribes, is told, and shows examples in the editor. `types` answers the event types that it wants.
const operation = ({ types, filters, inputFields, outputFields, sample }) => ({
  type: 'hook',
  inputFields,
  outputFields,
  sample: sampleOf(sample),
  performSubscribe: (z, bundle) =>
    call(z, bundle, '/hooks', {
      method: 'POST',
      body: {
        target_url: bundle.targetUrl,
        event_types: types(bundle.inputData),
        filters: inputOf(filters, bundle.inputData),
        platform: 'zapier',
      },
    }),
  performUnsubscribe: async (z, bundle) => {
    await call(z, bundle, `/hooks/${encodeURIComponent(bundle.subscribeData.id)}`, { method: 'DELETE' });
    return { id: bundle.subscribeData.id };
  },
  // A held run may be let go days later, so that the age of a signature says nothing here.
  perform: (z, bundle) => {
    if (!isGenuine(bundle.rawRequest || {}, (bundle.subscribeData || {}).secret)) {
      throw new z.errors.HaltedError(
        'This delivery is not signed by your relay, so it was not used. If you changed the secret of this hook, turn the Zap off and on again.',
      );
    }
    return [].concat(bundle.cleanedRequest).map((event) => shown(z, event));
  },
  performList: async (z, bundle) => {
    const params = { limit: 3, type: types(bundle.inputData).join(','), ...inputOf(filters, bundle.inputData) };
    const { items } = await call(z, bundle, '/events', { params });
    return items.map((event) => shown(z, event));
  },
});

const ofType = (trigger) => ({
  key: trigger.key,
  noun: trigger.noun,
  display: { label: trigger.label, description: trigger.description, hidden: trigger.hidden },
  operation: operation({
    types: () => [trigger.event_type],
    filters: trigger.filters,
    inputFields: trigger.filters,
    outputFields: ofEvent(trigger.data),
    sample: trigger.sample,
  }),
});

const typesOf = ({ event_types: chosen }) => (chosen && chosen.length ? [].concat(chosen) : ['*']);

const anyEvent = ({ event_types: choices, any_event: any }) => ({
  key: 'new_event',
  noun: 'Event',
  display: {
    label: 'New Event',
    description: 'Triggers when an event of the types that you choose is reported, such as a renewal, an invoice or an alert.',
  },
  operation: operation({
    types: typesOf,
    filters: any.filters,
    inputFields: [
      {
        key: 'event_types',
        label: 'Event Types',
        type: 'string',
        list: true,
        choices,
        helpText: 'What you want to hear of. Leave it empty for everything.',
      },
      ...any.filters,
    ],
    outputFields: ofEvents(typesOf),
    sample: any.sample,
  }),
});

const triggers = (catalogue) =>
  Object.fromEntries([anyEvent(catalogue), ...catalogue.triggers.map(ofType)].map((each) => [each.key, each]));

module.exports = { triggers };
